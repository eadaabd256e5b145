"""The figures of the dashboard: who has nowhere to sleep, what waits for coordinators, and whether the worker runs.

Every figure covers only the places that the coordinator sees, and each function takes a few queries, however many rows
there are. Whether the worker runs is read from PostgreSQL alone, because Redis itself may be down.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from statistics import median

from django.conf import settings
from django.db.models import Count, DateField, ExpressionWrapper, F, Min, Q, Sum
from django.db.models.functions import TruncDate

from accounts.models import Host, User
from matching import paging, queries
from matching.deadlines import local_date
from matching.models import (
    Claim,
    Heartbeat,
    Incident,
    Match,
    MatchEvent,
    MatchingDue,
    MatchingPrice,
    MatchingRound,
    Space,
    SpaceWindow,
)
from matching.states import HOLDS_BEDS, Act, Status
from notifications.models import Delivery
from places.models import Place

ROUND_OVERDUE = timedelta(minutes=15)
"""A worker that runs opens a round every ten minutes. `/readyz` uses the same limit."""

DUE_OVERDUE = timedelta(minutes=5)
DELIVERY_OVERDUE = timedelta(minutes=5)
DAYS_BACK = 14
NIGHTS_AHEAD = 14


# -- nowhere to sleep -----------------------------------------------------------------------------


@dataclass(slots=True)
class NightCount:
    """People of one place who ask for one night, by the stage of their match."""

    place: Place | None
    asked: int = 0
    proposed: int = 0
    approved: int = 0
    agreed: int = 0
    over: int = 0

    @property
    def nowhere(self) -> int:
        """The number of people without any match for the night."""
        return max(0, self.asked - self.proposed - self.approved - self.agreed - self.over)


STAGE = {
    Status.PROPOSED: "proposed",
    Status.APPROVED: "approved",
    Status.CONFIRMED: "agreed",
    Status.CHECKED_IN: "agreed",
    Status.COMPLETED: "over",
    Status.NO_SHOW: "over",
}


def sleeping(user: User, night: date) -> list[NightCount]:
    """Return the count for `night` of each place that `user` sees, most people with nowhere first. Takes three queries."""
    last_day = ExpressionWrapper(F("first_night") + F("nights"), output_field=DateField())
    wanting = queries.requests_visible_to(user).annotate(over=last_day)
    wanting = wanting.filter(withdrawn_at=None, first_night__lte=night, over__gt=night)
    found: dict[int | None, NightCount] = defaultdict(lambda: NightCount(None))
    for place_id, people in wanting.order_by().values_list("place").annotate(people=Sum("people")):
        found[place_id].asked = people
    held = Match.objects.filter(
        request__in=wanting.values("pk"), status__in=list(STAGE), first_night__lte=night, last_day__gt=night
    )
    for place_id, status, people in held.order_by().values_list("request__place", "status").annotate(sum=Sum("people")):
        stage = STAGE[Status(status)]
        setattr(found[place_id], stage, getattr(found[place_id], stage) + people)
    for place in Place.objects.filter(pk__in=[pk for pk in found if pk]):
        found[place.pk].place = place
    return sorted(found.values(), key=lambda each: (-each.nowhere, -each.asked, str(each.place)))


# -- what waits -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Todo:
    """Numbers of the things that wait for a coordinator."""

    proposals: int
    proposals_tonight: int
    proposals_overdue: int
    answers_overdue: int
    frozen: int
    no_shows: int
    stale_spaces: int
    unvetted_hosts: int
    undelivered: int
    alone: int
    handed_over: int


def todo(user: User, at: datetime) -> Todo:
    """Return the numbers of things that wait for `user`. Takes six queries."""
    today = local_date(at)
    proposed, approved = Q(status=Status.PROPOSED), Q(status=Status.APPROVED)
    soon = Q(due_at__lte=at + timedelta(hours=1))
    matches: dict[str, int] = queries.matches_at_desk_of(user).aggregate(
        proposals=Count("request", filter=proposed, distinct=True),
        proposals_tonight=Count("request", filter=proposed & Q(first_night__lte=today), distinct=True),
        proposals_overdue=Count("pk", filter=proposed & soon),
        answers_overdue=Count("pk", filter=approved & Q(due_at__lte=at)),
        frozen=Count("pk", filter=Q(frozen_at__isnull=False, status__in=sorted(HOLDS_BEDS))),
        no_shows=Count("pk", filter=Q(status=Status.NO_SHOW, first_night__gte=today - timedelta(days=1))),
    )
    stale = queries.spaces_visible_to(user).filter(status=Space.Status.LISTED, fresh_until__lte=at)
    alone = queries.open_requests(today).filter(queries.for_people_only())
    return Todo(
        **matches,
        stale_spaces=stale.filter(host__status=Host.Status.VETTED).count(),
        unvetted_hosts=queries.hosts_visible_to(user).filter(status=Host.Status.UNVETTED).count(),
        undelivered=queries.undelivered_to_people_of(user).count(),
        alone=alone.filter(pk__in=queries.requests_visible_to(user).values("pk")).count(),
        handed_over=Claim.objects.filter(by=user, handed_over_by__isnull=False, until__gt=at).count(),
    )


# -- faults ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Fault:
    """A part of the service that should run and does not, and since when (None: it never ran)."""

    what: str
    since: datetime | None


def faults(at: datetime) -> list[Fault]:
    """Return the faults there are at `at`. Takes about ten queries.

    worker: no round began for a quarter of an hour, or a due row has waited for more than five minutes. sweep: decisions
    were not carried out for ten times SWEEP_SECONDS. messages: a message has been due for more than five minutes and was
    never tried. rota: nobody who can be reached is on call at this hour, or nobody for the place of a live match.
    """
    found = []
    latest = MatchingRound.objects.first()
    due = MatchingDue.objects.aggregate(since=Min("at"))["since"]
    if latest is None or at - latest.started_at > ROUND_OVERDUE:
        found.append(Fault("worker", latest.started_at if latest else None))
    elif due is not None and at - due > DUE_OVERDUE:
        found.append(Fault("worker", due))
    beat = Heartbeat.objects.filter(name="carry_out_decisions").first()
    if beat is None or at - beat.at > timedelta(seconds=10 * max(10, settings.SWEEP_SECONDS)):
        found.append(Fault("sweep", beat.at if beat else None))
    stuck = Delivery.objects.filter(
        status__in=[Delivery.Status.WAITING, Delivery.Status.SENDING],
        attempts=0,
        next_attempt_at__lte=at - DELIVERY_OVERDUE,
    ).aggregate(since=Min("next_attempt_at"))["since"]
    if stuck is not None:
        found.append(Fault("messages", stuck))
    if paging.places_without_anybody(at=at) != set():
        found.append(Fault("rota", at))
    return found


def incidents_open(user: User) -> list[Incident]:
    """Return the open incidents that `user` may see, those that nobody has acknowledged first. Takes one query."""
    seen = queries.incidents_visible_to(user).filter(closed_at=None).select_related("acknowledged_by")
    return sorted(seen, key=lambda incident: (incident.acknowledged_at is not None, incident.opened_at))


# -- charts ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Day:
    """One past day: people who asked, people placed (match confirmed), and the median hours from request to confirmation."""

    day: date
    asked: int
    placed: int
    hours: float | None


@dataclass(frozen=True, slots=True)
class Occupancy:
    """One coming night: the beds of listed spaces of vetted hosts, free or not, and the people who hold beds there."""

    night: date
    beds: int
    held: int

    @property
    def share(self) -> float:
        return self.held / self.beds if self.beds else 0.0


def days_behind(user: User, at: datetime) -> list[Day]:
    """Return the last DAYS_BACK days, today included. Takes two queries."""
    today = local_date(at)
    first = today - timedelta(days=DAYS_BACK - 1)
    days = [first + timedelta(days=number) for number in range(DAYS_BACK)]
    registered = queries.requests_visible_to(user).annotate(day=TruncDate("registered_at")).filter(day__gte=first)
    asked = dict(registered.order_by().values_list("day").annotate(people=Sum("people")))
    placed: dict[date, int] = defaultdict(int)
    hours: dict[date, list[float]] = defaultdict(list)
    confirmed = MatchEvent.objects.filter(
        act=Act.CONFIRM, match__request__in=queries.requests_visible_to(user).values("pk")
    ).annotate(day=TruncDate("at"))
    for day, moment, registered_at, people in confirmed.filter(day__gte=first).values_list(
        "day", "at", "match__request__registered_at", "match__people"
    ):
        placed[day] += people
        hours[day].append((moment - registered_at) / timedelta(hours=1))
    return [Day(day, asked.get(day, 0), placed[day], median(hours[day]) if hours[day] else None) for day in days]


def nights_ahead(user: User, at: datetime) -> list[Occupancy]:
    """Return the next NIGHTS_AHEAD nights, tonight included. Takes two queries."""
    first = local_date(at)
    end = first + timedelta(days=NIGHTS_AHEAD)
    spaces = queries.spaces_visible_to(user).filter(status=Space.Status.LISTED, host__status=Host.Status.VETTED)
    windows = SpaceWindow.objects.filter(space__in=spaces.values("pk"), first_night__lt=end, last_day__gt=first)
    beds = list(windows.order_by().values_list("first_night", "last_day").annotate(sum=Sum("space__beds")))
    holding = Match.objects.filter(
        space__in=spaces.values("pk"), status__in=sorted(HOLDS_BEDS), first_night__lt=end, last_day__gt=first
    )
    held = list(holding.order_by().values_list("first_night", "last_day").annotate(sum=Sum("people")))
    nights = [first + timedelta(days=number) for number in range(NIGHTS_AHEAD)]
    return [Occupancy(night, _on(night, beds), _on(night, held)) for night in nights]


def _on(night: date, runs: Iterable[tuple[date, date, int]]) -> int:
    """Return the sum of the counts of those runs (first night, last day, count) that contain `night`."""
    return sum(count for first, last, count in runs if first <= night < last)


# -- where one more bed helps most ----------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Wanted:
    """A place where one more bed of a `kind` (a name of `engine.advice.KINDS`) would help this week.

    `worth` is the sum of the bed's prices, in units of the objective, over the `nights` that have a price.
    """

    place: Place
    worth: float
    nights: int
    kind: str


def beds_wanted(user: User, at: datetime, *, limit: int = 10) -> list[Wanted]:
    """Return where one more bed helps most in the next seven nights, the highest worth first. Takes two queries.

    The worth comes from the prices of the last round.
    """
    today = local_date(at)
    seen = queries.places_visible_to(user)
    priced = MatchingPrice.objects.filter(
        place__in=seen.order_by().values("pk"), night__gte=today, night__lt=today + timedelta(days=7), price__gt=0
    )
    worth = priced.order_by().values("place", "kind").annotate(worth=Sum("price"), nights=Count("pk"))
    rows = list(worth.order_by("-worth", "place__name", "kind")[:limit])
    places = Place.objects.in_bulk([row["place"] for row in rows]) if rows else {}
    return [Wanted(places[row["place"]], row["worth"], row["nights"], row["kind"]) for row in rows]
