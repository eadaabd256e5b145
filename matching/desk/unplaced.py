"""Who is left over, and the smallest change that would place them, as the last round of matching said it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from types import MappingProxyType

from django.db.models import Count, F, Q, QuerySet, TextField
from django.db.models.functions import Cast

from accounts.models import User
from matching import queries
from matching.deadlines import local_date
from matching.models import ShelterRequest
from places.models import Place

FARTHER, SHORTER, OTHER_DATES, MOVE, SPLIT = "farther", "shorter", "other_dates", "move", "split"
ALONE, NOT_YET, NOTHING = "alone", "not_yet", "nothing"

ADVICE: Mapping[str, str] = MappingProxyType(
    {
        FARTHER: r"\d+ free within ([\d.]+) km",
        SHORTER: r"\d+ free for (\d+) nights?",
        OTHER_DATES: r"\d+ free from (\d{4}-\d\d-\d\d)",
        MOVE: r"possible with a move between two spaces",
        SPLIT: r"possible when split over two neighbouring spaces",
    }
)
"""How `engine.reasons` words each kind of change, with what it would have to be."""

KINDS = (*ADVICE, ALONE, NOTHING, NOT_YET)


@dataclass(frozen=True, slots=True)
class Change:
    """One change that would place a request: its kind, the engine's words, and what the request would say then."""

    kind: str
    words: str
    radius_km: float | None = None
    nights: int | None = None
    first_night: date | None = None


@dataclass(frozen=True, slots=True)
class LeftOver:
    """A request that is open, what stands in the way, and what would help, the smallest change of each kind."""

    request: ShelterRequest
    runs: list[tuple[date, date]]
    obstacles: list[str]
    changes: list[Change]

    @property
    def people(self) -> int:
        return self.request.people


def change_in(reason: str) -> Change | None:
    """Return the change that one reason of the engine advises, or None where it says what stands in the way."""
    for kind, pattern in ADVICE.items():
        if found := re.fullmatch(pattern, reason):
            match kind:
                case "farther":
                    return Change(kind, reason, radius_km=float(found[1]))
                case "shorter":
                    return Change(kind, reason, nights=int(found[1]))
                case "other_dates":
                    return Change(kind, reason, first_night=date.fromisoformat(found[1]))
            return Change(kind, reason)
    return None


def left_over(user: User, at: datetime, *, place: int | None = None, kind: str = "") -> QuerySet[ShelterRequest]:
    """Return the open requests `user` may see, in the order they matter, that one `kind` of change would place."""
    rows = queries.open_requests(local_date(at)).filter(pk__in=queries.requests_visible_to(user).values("pk"))
    if place is not None:
        rows = rows.filter(place=place)
    if kind:
        rows = rows.annotate(said=Cast("left_over_reasons", TextField())).filter(_of_kind(kind))
    return rows.select_related("arrival__user", "place").order_by("first_night", "-urgency", "registered_at", "pk")


def _of_kind(kind: str) -> Q:
    alone = Q(children=F("people"))
    not_yet = Q(left_over_reasons=[]) & ~alone
    advised = Q()
    for pattern in ADVICE.values():
        advised |= Q(said__regex=f'"{pattern}"')
    match kind:
        case "alone":
            return alone
        case "not_yet":
            return not_yet
        case "nothing":
            return ~advised & ~alone & ~not_yet
    return Q(said__regex=f'"{ADVICE[kind]}"') if kind in ADVICE else Q()


def explained(rows: Sequence[ShelterRequest], at: datetime) -> list[LeftOver]:
    """Return each request with its nights still wanted and its reasons taken apart (prefetch `matches`)."""
    found = []
    for request in rows:
        changes = [(reason, change_in(reason)) for reason in request.left_over_reasons]
        found.append(
            LeftOver(
                request=request,
                runs=queries.uncovered(request, local_date(at)),
                obstacles=[reason for reason, change in changes if change is None],
                changes=[change for _reason, change in changes if change is not None],
            )
        )
    return found


def places(user: User, at: datetime) -> list[tuple[int, str, int]]:
    """Return the places with open requests, by name, with how many: two queries."""
    counted = left_over(user, at).order_by().values_list("place").annotate(count=Count("pk"))
    counts: dict[int | None, int] = dict(counted)
    names = Place.objects.filter(pk__in=[pk for pk in counts if pk]).order_by("name").values_list("pk", "name")
    return [(pk, name, counts[pk]) for pk, name in names]
