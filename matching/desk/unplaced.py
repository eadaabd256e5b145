"""The unplaced requests, what stands in their way, and the smallest change that would place each.

All of it is as the last round of matching stored it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db.models import Count, Q, QuerySet

from accounts.models import User
from matching import queries
from matching.deadlines import local_date
from matching.engine.reasons import ADVICE, Code, Reason, reason_in
from matching.models import ShelterRequest
from places.models import Place

ALONE, NOT_YET, NOTHING = "alone", "not_yet", "nothing"

UNPLACED_KINDS = (*(code.value for code in ADVICE), ALONE, NOTHING, NOT_YET)
"""The kinds of open request: by the change that would place it, and those that no change is advised for."""


@dataclass(frozen=True, slots=True)
class Change:
    """One change that would place a request: the engine's advice, and what the request would then say."""

    reason: Reason
    radius_km: float | None = None
    nights: int | None = None
    first_night: date | None = None

    @property
    def kind(self) -> str:
        return self.reason.code.value

    @property
    def key(self) -> str:
        """Return the change as a form sends it back, for example "farther:40.0"; how many spaces are free is left out."""
        asked = (self.radius_km, self.nights, self.first_night)
        return ":".join([self.kind, *(str(one) for one in asked if one is not None)])


@dataclass(frozen=True, slots=True)
class UnplacedRequest:
    """A request that is open, what stands in the way, and what would help, the smallest change of each kind."""

    request: ShelterRequest
    runs: list[tuple[date, date]]
    obstacles: list[Reason]
    changes: list[Change]

    @property
    def people(self) -> int:
        return self.request.people


def changes_in(stored: Iterable[Any]) -> list[Change]:
    """Return the changes among a request's stored reasons; the other reasons say what stands in the way."""
    return [_change(reason) for reason in map(reason_in, stored) if reason.code in ADVICE]


def _change(reason: Reason) -> Change:
    named: dict[str, Any] = {name: number for name, number in reason.named.items() if name != "count"}
    return Change(reason, **named)


def unplaced_requests(
    user: User, at: datetime, *, place: int | None = None, kind: str = ""
) -> QuerySet[ShelterRequest]:
    """Return the open requests that `user` may see and that are of this `kind`, the most pressing first."""
    rows = queries.open_requests(local_date(at)).filter(pk__in=queries.requests_visible_to(user).values("pk"))
    if place is not None:
        rows = rows.filter(place=place)
    rows = rows.filter(_of_kind(kind))
    return rows.select_related("arrival__user", "place").order_by("first_night", "-urgency", "registered_at", "pk")


def _of_kind(kind: str) -> Q:
    alone = queries.for_people_only()
    not_yet = Q(left_over_reasons=[]) & ~alone
    match kind:
        case "alone":
            return alone
        case "not_yet":
            return not_yet
        case "nothing":
            advised = Q()
            for code in ADVICE:
                advised |= _advised(code)
            return ~advised & ~alone & ~not_yet
    return _advised(Code(kind)) if kind in ADVICE else Q()


def _advised(code: Code) -> Q:
    return Q(left_over_reasons__contains=[{"code": code.value}])


def explained(rows: Sequence[ShelterRequest], at: datetime) -> list[UnplacedRequest]:
    """Return each request with its nights still wanted, its obstacles and its changes (prefetch `matches`)."""
    return [
        UnplacedRequest(
            request=request,
            runs=queries.uncovered(request, local_date(at)),
            obstacles=[each for each in map(reason_in, request.left_over_reasons) if each.code not in ADVICE],
            changes=changes_in(request.left_over_reasons),
        )
        for request in rows
    ]


def places(user: User, at: datetime) -> list[tuple[int, str, int]]:
    """Return (id, name, number of open requests) of each place that has some, by name, in two queries."""
    counted = unplaced_requests(user, at).order_by().values_list("place").annotate(count=Count("pk"))
    counts: dict[int | None, int] = dict(counted)
    named = sorted((place.called, place.pk) for place in Place.objects.filter(pk__in=[pk for pk in counts if pk]))
    return [(pk, name, counts[pk]) for name, pk in named]
