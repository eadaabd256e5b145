"""The queue of proposals that coordinators decide: one card for each household, by first night and urgency.

A card shows all proposed legs of a household, and one decision covers them. A page of cards takes a fixed number of
queries, however many cards it has and however many proposals wait.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from django.db.models import BooleanField, Count, Exists, ExpressionWrapper, Min, OuterRef, Q, QuerySet, Window

from accounts.models import User
from matching import queries
from matching.deadlines import local_date
from matching.models import Claim, DeskNote, Match, PendingDecision, ShelterRequest
from matching.risks import RISKS
from matching.states import Status
from places.models import Place

NIGHT_CHOICES = ("tonight", "tomorrow", "week", "later")
WHOSE = ("free", "mine", "second")
HIGH, LOW = "high", "low"

Counts = Mapping[str, int]


class Position(NamedTuple):
    """Where a card stands in the order. The next page begins after it, whatever is decided in the meantime."""

    first_night: date
    urgency: str
    registered_at: datetime
    pk: UUID

    def __str__(self) -> str:
        return f"{self.first_night}~{self.urgency}~{self.registered_at.isoformat()}~{self.pk}"


def position(text: str) -> Position | None:
    """Return the position that `text`, a part of a URL, describes; None where it describes none."""
    try:
        first_night, urgency, registered_at, pk = text.split("~")
        # In a URL, a space may stand for a plus sign.
        moment = datetime.fromisoformat(registered_at.replace(" ", "+"))
        return Position(date.fromisoformat(first_night), urgency, moment, UUID(pk)) if moment.tzinfo else None
    except ValueError:
        return None


def position_of(match: Match) -> Position:
    """Return where the card that begins with this match stands."""
    return Position(match.first_night, match.request.urgency, match.request.registered_at, match.pk)


@dataclass(frozen=True, slots=True)
class Filters:
    """The filters of the queue. Without any filter, the queue shows all cards that the coordinator can decide now."""

    place: int | None = None
    night: str = ""
    risk: str = ""
    urgency: str = ""
    whose: str = ""


@dataclass(frozen=True, slots=True)
class Card:
    """One household's proposals. `host_records` (by host id) and `arrival_record` count earlier matches by their status."""

    request: ShelterRequest
    legs: list[Match]
    claim: Claim | None
    notes: list[DeskNote]
    arrival_record: Counts
    host_records: Mapping[int, Counts]

    @property
    def head(self) -> Match:
        return self.legs[0]

    @property
    def seen(self) -> dict[UUID, int]:
        """The ids of the legs with their versions, as a decision names them."""
        return {leg.pk: leg.version for leg in self.legs}

    @property
    def risks(self) -> list[str]:
        """The risks of all legs together, in the order of `risks.RISKS`."""
        found = {risk for leg in self.legs for risk in leg.risks}
        return [risk for risk in RISKS if risk in found]

    @property
    def high_risk(self) -> bool:
        return any(leg.high_risk for leg in self.legs)

    @property
    def approved_once_by(self) -> User | None:
        """The coordinator who gave the first of two approvals to a high-risk leg, or None."""
        return next((leg.approved_by for leg in self.legs if leg.high_risk and leg.approved_by), None)


@dataclass(frozen=True, slots=True)
class Waiting:
    """The figures above the queue: how many households wait in all, by kind, and in each place (by its id)."""

    all: int = 0
    tonight: int = 0
    two_people: int = 0
    mine: int = 0
    second: int = 0
    in_place: Mapping[int, int] = field(default_factory=dict)


# -- which cards ----------------------------------------------------------------------------------


def waiting_heads(user: User) -> QuerySet[Match]:
    """Return the first proposed leg of each household that `user` may see and that nobody has decided on yet."""
    proposed = queries.proposals_visible_to(user)
    # Count only visible legs as earlier: a leg in another coordinator's place, or of a host who must not meet `user`, hides
    # no visible one.
    earlier = proposed.filter(request=OuterRef("request"), leg__lt=OuterRef("leg"))
    # Test `leg=1` first: hardly any household has a second leg, so the subquery is rarely run.
    first = Q(leg=1) | ~Exists(earlier)
    # Use a plain list of ids, which PostgreSQL reads once. A join would read it again for each match that waits.
    decided = PendingDecision.objects.filter(refusal="").values("match")
    return proposed.filter(first, ~Q(pk__in=decided))


def chosen(user: User, filters: Filters, at: datetime) -> QuerySet[Match]:
    """Return the heads that pass `filters`, in no order."""
    heads, today = waiting_heads(user), local_date(at)
    if filters.place is not None:
        heads = heads.filter(Q(request__place=filters.place) | Q(space__place=filters.place))
    nights = {
        "tonight": Q(first_night__lte=today),
        "tomorrow": Q(first_night=today + timedelta(days=1)),
        "week": Q(first_night__lte=today + timedelta(days=7)),
        "later": Q(first_night__gt=today + timedelta(days=7)),
    }
    heads = heads.filter(nights.get(filters.night, Q()))
    if filters.urgency:
        heads = heads.filter(request__urgency=filters.urgency)
    if filters.risk:
        legs = Match.objects.filter(request=OuterRef("request"), status=Status.PROPOSED)
        if filters.risk in (HIGH, LOW):
            risky = Exists(legs.filter(high_risk=True))
            heads = heads.filter(risky if filters.risk == HIGH else ~risky)
        else:
            heads = heads.filter(Exists(legs.filter(risks__contains=[filters.risk])))
    return heads.filter(_whose(user, at).get(filters.whose, ~_seconded(user)))


def _seconded(user: User) -> Q:
    """Return the condition for matches that `user` has approved and that need the approval of a second person."""
    return Q(high_risk=True, approved_by=user)


def _whose(user: User, at: datetime) -> dict[str, Q]:
    held = Q(request__claim__until__gt=at)
    return {
        "mine": held & Q(request__claim__by=user),
        "free": ~_seconded(user) & unclaimed(at),
        "second": _seconded(user),
    }


ORDER = ("first_night", "-request__urgency", "request__registered_at", "pk")
REVERSED = ("-first_night", "request__urgency", "-request__registered_at", "-pk")


def in_order(heads: QuerySet[Match]) -> QuerySet[Match]:
    """Return the heads by first night, then the more urgent first, then those that have waited longest."""
    return heads.order_by(*ORDER)


def page(
    heads: QuerySet[Match], *, size: int, after: Position | None = None, before: Position | None = None
) -> tuple[list[Match], bool, bool]:
    """Return one page of heads in order, whether there is a page before it, and whether there is a page after it.

    Read only the columns of a head that `position_of` needs; `cards` reads the others.
    """
    heads = heads.select_related("request").only("first_night", "request__urgency", "request__registered_at")
    if before is not None:
        found = list(heads.filter(_before(before)).order_by(*REVERSED)[: size + 1])
        return found[:size][::-1], len(found) > size, True
    found = list(in_order(heads.filter(_after(after) if after else Q()))[: size + 1])
    return found[:size], after is not None, len(found) > size


def _after(at: Position) -> Q:
    same_night = Q(first_night=at.first_night)
    same = same_night & Q(request__urgency=at.urgency)
    return Q(first_night__gte=at.first_night) & (
        Q(first_night__gt=at.first_night)
        | same_night & Q(request__urgency__lt=at.urgency)
        | same & Q(request__registered_at__gt=at.registered_at)
        | same & Q(request__registered_at=at.registered_at, pk__gt=at.pk)
    )


def _before(at: Position) -> Q:
    same_night = Q(first_night=at.first_night)
    same = same_night & Q(request__urgency=at.urgency)
    return Q(first_night__lte=at.first_night) & (
        Q(first_night__lt=at.first_night)
        | same_night & Q(request__urgency__gt=at.urgency)
        | same & Q(request__registered_at__lt=at.registered_at)
        | same & Q(request__registered_at=at.registered_at, pk__lt=at.pk)
    )


# -- what a card shows ----------------------------------------------------------------------------


def cards(heads: Collection[Match], at: datetime, *, by: User) -> list[Card]:
    """Return a card for each head, in their order, with all that a decision needs. Takes five queries.

    A leg with a host who must not meet `by` is not shown; a decision on the household is refused, and another coordinator's.
    """
    ids = [head.request_id for head in heads]
    legs = queries.with_everyone(Match.objects.filter(queries.not_closed(by), request__in=ids, status=Status.PROPOSED))
    of_request: dict[UUID, list[Match]] = defaultdict(list)
    for leg in legs.select_related("request__claim__by", "request__claim__handed_over_by").order_by("leg"):
        of_request[leg.request_id].append(leg)
    notes: dict[UUID, list[DeskNote]] = defaultdict(list)
    for note in DeskNote.objects.filter(request__in=ids).select_related("by", "whom", "remark"):
        notes[note.request_id].append(note)
    requests = [of_request[pk][0].request for pk in ids if pk in of_request]
    hosts = _ended("space__host", {leg.space.host_id for each in of_request.values() for leg in each})
    arrivals = _ended("request__arrival", {request.arrival_id for request in requests})
    return [
        Card(
            request=request,
            legs=of_request[request.pk],
            claim=_live_claim(request, at),
            notes=notes[request.pk],
            arrival_record=arrivals.get(request.arrival_id, {}),
            host_records={leg.space.host_id: hosts.get(leg.space.host_id, {}) for leg in of_request[request.pk]},
        )
        for request in requests
    ]


def card_of(request_id: UUID, user: User, at: datetime) -> Card | None:
    """Return the card of one household, decided on or not; None where `user` may see no proposal of it."""
    visible = queries.matches_visible_to(user).filter(status=Status.PROPOSED, request=request_id).order_by("leg")[:1]
    found = cards(list(visible), at, by=user)
    return found[0] if found else None


def _live_claim(request: ShelterRequest, at: datetime) -> Claim | None:
    claim = getattr(request, "claim", None)
    return claim if claim is not None and claim.until > at else None


ENDED = (Status.COMPLETED, Status.BROKEN_OFF, Status.NO_SHOW, Status.CANCELLED, Status.DECLINED, Status.EXPIRED)


def _ended(whose: str, ids: Collection[int]) -> dict[int, dict[str, int]]:
    """Return, for each id of a host or arrival, the number of earlier matches by the status in which they ended.

    Matches that were never approved are not counted: neither side knew of them.
    """
    ended = Match.objects.filter(**{f"{whose}__in": ids}, status__in=ENDED, approved_by__isnull=False)
    counts: dict[int, dict[str, int]] = defaultdict(dict)
    for pk, status, count in ended.order_by().values_list(whose, "status").annotate(count=Count("pk")):
        counts[pk][status] = count
    return counts


# -- the figures above ----------------------------------------------------------------------------


def waiting(user: User, at: datetime) -> Waiting:
    """Return how many households wait for a decision, in all and in each place. Takes one query."""
    heads, today = waiting_heads(user), local_date(at)
    whose = _whose(user, at)
    decidable = ~_seconded(user)
    rows = (
        heads.order_by()
        .values_list("request__place")
        .annotate(
            all=Count("pk", filter=decidable),
            tonight=Count("pk", filter=decidable & Q(first_night__lte=today)),
            two_people=Count("pk", filter=decidable & Q(high_risk=True)),
            mine=Count("pk", filter=whose["mine"]),
            second=Count("pk", filter=whose["second"]),
        )
    )
    counted = list(rows)
    in_place = {row[0]: row[1] for row in counted if row[0] is not None and row[1]}
    figures = ("all", "tonight", "two_people", "mine", "second")
    sums = {name: sum(row[column] for row in counted) for column, name in enumerate(figures, start=1)}
    return Waiting(**sums, in_place=in_place)


def places_to_filter_by(waiting: Waiting) -> list[tuple[int, str, int]]:
    """Return id, name and number of waiting households of each place, in the order of the names. Takes one query.

    `waiting` does not join the names: PostgreSQL would then sort all matches that wait by the place's name.
    """
    named = sorted((place.called, place.pk) for place in Place.objects.filter(pk__in=waiting.in_place))
    return [(pk, name, waiting.in_place[pk]) for name, pk in named]


@dataclass(frozen=True, slots=True)
class Pending:
    """A coordinator's decisions that have not gone out: one row for each household.

    `rows` are the first of them, `all` is their number, and `due_at` is when the first one goes out (None: none will).
    """

    rows: Sequence[PendingDecision]
    all: int = 0
    due_at: datetime | None = None

    @property
    def latest(self) -> UUID | None:
        """The bundle of the latest decision that can be undone, or None."""
        return next((row.bundle for row in self.rows if not row.refusal), None)


def pending(user: User, *, limit: int) -> Pending:
    """Return the decisions of `user` that have not gone out: those refused first, then the latest. Takes one query."""
    earlier_leg = PendingDecision.objects.filter(bundle=OuterRef("bundle"), pk__lt=OuterRef("pk"))
    rows = (
        PendingDecision.objects.filter(~Exists(earlier_leg), by=user)
        .annotate(
            waits=ExpressionWrapper(Q(refusal=""), output_field=BooleanField()),
            all=Window(Count("pk")),
            first_due=Window(Min("due_at", filter=Q(refusal=""))),
        )
        .select_related("match__request__place", "match__space__place")
    )
    shown = list(rows.order_by("waits", "-decided_at", "-pk")[:limit])
    return Pending(shown, shown[0].all, shown[0].first_due) if shown else Pending([])


def bulk(user: User, filters: Filters, at: datetime, *, limit: int) -> QuerySet[Match]:
    """Return the heads, in order and at most `limit`, that a bulk decision with these filters would cover.

    Leave out households that another coordinator has claimed.
    """
    free_or_mine = unclaimed(at) | Q(request__claim__by=user)
    return in_order(chosen(user, filters, at).filter(free_or_mine))[:limit]


def unclaimed(at: datetime) -> Q:
    """Return the condition for heads of households that nobody has claimed."""
    return Q(request__claim=None) | Q(request__claim__until__lte=at)


def colleagues(request: ShelterRequest, user: User) -> QuerySet[User]:
    """Return the other coordinators a household can be handed over to."""
    return queries.coordinators_for([request.place_id]).exclude(pk=user.pk).order_by("username")
