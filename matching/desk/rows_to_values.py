"""Make the engine's needs and offers from the rows of requests and spaces that a page has loaded.

A page shows these rows as well. Rounds read whole tables in columns instead (`matching.worker.market`).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date, datetime, timedelta
from uuid import UUID

from django.db.models import Exists, OuterRef, Prefetch, QuerySet

from accounts.models import Host
from matching import engine
from matching.deadlines import local_date
from matching.models import Match, ShelterRequest, Space, SpaceWindow
from matching.sheets import fields
from matching.sheets.fields import from_details
from matching.states import HOLDS_BEDS

_wanted = from_details(fields.REQUEST)
_offered = from_details(
    [field for field in fields.SPACE if field.name != "windows"]
)  # Windows are rows of another table.


def as_need(
    request: ShelterRequest,
    run: tuple[date, date],
    *,
    declined: Collection[UUID],
    apart: Collection[UUID],
    at: datetime,
) -> engine.Need:
    """Return the engine's need for one run of nights, `[first_night, last_day)`, of a request.

    A run shorter than the shortest stay lowers the need's shortest stay to its own length.
    """
    first_night, last_day = run
    nights = (last_day - first_night).days
    whole = nights == request.nights
    return engine.Need(
        id=str(request.pk),
        days_waiting=max(0.0, (at - request.registered_at) / timedelta(days=1)),
        declined=frozenset(str(pk) for pk in declined),
        apart=frozenset(str(pk) for pk in apart),
        **_wanted(request)
        | {
            "first_night": first_night,
            "nights": nights,
            "min_nights": request.min_nights if whole else min(request.min_nights, nights),
        },
    )


def as_offer(space: Space, *, at: datetime) -> engine.Offer:
    """Return the engine's offer for a space, with the nights that its live matches hold. Load it with `offered`."""
    holding: Sequence[Match] = space.holding  # type: ignore[attr-defined]
    return engine.Offer(
        id=str(space.pk),
        windows=tuple((window.first_night, window.last_day) for window in space.windows.all()),
        vetted=space.host.status == Host.Status.VETTED,
        listed=space.status == Space.Status.LISTED,
        fresh=space.fresh_until > at,
        held=tuple(engine.Held(match.first_night, match.last_day, match.people) for match in holding),
        **_offered(space),
    )


def offered(spaces: QuerySet[Space]) -> QuerySet[Space]:
    """Return the spaces with everything that `as_offer` reads: host, windows, and live matches as `holding`."""
    live = Match.objects.filter(status__in=sorted(HOLDS_BEDS))
    return spaces.select_related("host").prefetch_related("windows", Prefetch("matches", live, to_attr="holding"))


def matchable_spaces(*, at: datetime) -> QuerySet[Space]:
    """Return the spaces that may be matched at `at`: listed, fresh, of a vetted host, with a window not yet over."""
    ahead = SpaceWindow.objects.filter(space=OuterRef("pk"), last_day__gt=local_date(at))
    return Space.objects.filter(
        Exists(ahead), status=Space.Status.LISTED, fresh_until__gt=at, host__status=Host.Status.VETTED
    ).order_by("pk")
