"""From rows to the engine and back: what is open goes in as plain values, what comes out is proposed."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from django.db import connection
from django.db.models import Exists, OuterRef, Prefetch, QuerySet

from accounts.models import Host, User
from accounts.refusals import Refused
from matching import engine, intake, queries, transitions
from matching.deadlines import local_date
from matching.models import Match, MatchingDue, MatchingRound, ShelterRequest, Space, SpaceWindow
from matching.refusals import NotYours, RuleForbids
from matching.states import HOLDS_BEDS, Status
from matching.transitions import Proposal

log = logging.getLogger(__name__)

ROUND_LOCK = 7_306_001
"""Key of the advisory lock that lets one round of matching run at a time, whatever the number of workers."""

FULL_ROUND_EVERY = timedelta(minutes=10)
"""Days pass and offers go stale without a row being written; a round runs this often even so."""

PROPOSALS_AT_ONCE = 100


# -- rows to values -------------------------------------------------------------------------------


def as_need(
    request: ShelterRequest, run: tuple[date, date], *, declined: Collection[UUID], at: datetime
) -> engine.Need:
    """Return the engine's need for one run of nights of a request.

    A run shorter than the request (nights already spent) may be as short as it is.
    """
    first_night, last_day = run
    nights = (last_day - first_night).days
    whole = nights == request.nights
    return engine.Need(
        id=str(request.pk),
        lat=request.latitude,
        lon=request.longitude,
        radius_km=request.radius_km,
        people=request.people,
        children=request.children,
        all_women=request.all_women,
        first_night=first_night,
        nights=nights,
        min_nights=request.min_nights if whole else min(request.min_nights, nights),
        pets=request.pets,
        step_free=request.step_free,
        women_only=request.women_only,
        smoking={"yes": True, "no": False}.get(request.smoking),
        languages=frozenset(request.languages),
        language_required=request.language_required,
        urgency=float(request.urgency),
        days_waiting=max(0.0, (at - request.registered_at) / timedelta(days=1)),
        may_move=request.may_move,
        may_split=request.may_split,
        declined=frozenset(str(pk) for pk in declined),
    )


def as_offer(space: Space, *, at: datetime) -> engine.Offer:
    """Return the engine's offer for a space, with the nights its live matches hold (prefetch `holding`, `windows`)."""
    holding: Sequence[Match] = space.holding  # type: ignore[attr-defined]
    return engine.Offer(
        id=str(space.pk),
        lat=space.latitude,
        lon=space.longitude,
        beds=space.beds,
        shared=space.shared,
        windows=tuple((window.first_night, window.last_day) for window in space.windows.all()),
        max_nights=space.max_nights,
        who=space.who,
        children=space.children,
        pets=space.pets,
        smoking=space.smoking,
        step_free=space.step_free,
        languages=frozenset(space.languages),
        vetted=space.host.status == Host.Status.VETTED,
        listed=space.status == Space.Status.LISTED,
        fresh=space.fresh_until > at,
        held=tuple(engine.Held(match.first_night, match.last_day, match.people) for match in holding),
    )


def offered(spaces: QuerySet[Space]) -> QuerySet[Space]:
    """Load spaces with everything `as_offer` reads."""
    live = Match.objects.filter(status__in=sorted(HOLDS_BEDS))
    return spaces.select_related("host").prefetch_related("windows", Prefetch("matches", live, to_attr="holding"))


def matchable_spaces(*, at: datetime) -> QuerySet[Space]:
    """Return the spaces that may be matched at `at`: listed, fresh, of a vetted host, with a window not yet over."""
    ahead = SpaceWindow.objects.filter(space=OuterRef("pk"), last_day__gt=local_date(at))
    return Space.objects.filter(
        Exists(ahead), status=Space.Status.LISTED, fresh_until__gt=at, host__status=Host.Status.VETTED
    ).order_by("pk")


@dataclass(frozen=True, slots=True)
class Market:
    """What a round looks at: the needs with the request behind each, and the offers with the space behind each."""

    needs: list[engine.Need]
    offers: list[engine.Offer]
    requests: dict[str, ShelterRequest]
    spaces: dict[str, Space]


def load_market(*, at: datetime) -> Market:
    """Load every need the worker may place and every space that can be matched at `at`."""
    today = local_date(at)
    spaces = {str(space.pk): space for space in offered(matchable_spaces(at=at))}

    declined: dict[UUID, set[UUID]] = defaultdict(set)
    for request_id, space_id in queries.declined_pairs().values_list("request_id", "space_id"):
        declined[request_id].add(space_id)

    needs, requests = [], {}
    for request in queries.live_requests(today).prefetch_related("matches").order_by("registered_at", "pk"):
        run = next_run(request, today)
        if run is not None:
            requests[str(request.pk)] = request
            needs.append(as_need(request, run, declined=declined[request.pk], at=at))
    return Market(needs, [as_offer(space, at=at) for space in spaces.values()], requests, spaces)


def next_run(request: ShelterRequest, today: date) -> tuple[date, date] | None:
    """Return the run of nights the worker should place now, or None.

    Children alone are the coordinators' (never the worker's). What is left of a request whose other
    nights are held is placed only where the household agreed to move, or where a stay was broken off.
    """
    if request.is_minor_alone:
        return None
    runs = queries.uncovered(request, today)
    if not runs:
        return None
    matches = request.matches.all()
    partly_held = any(match.status in queries.SPENT for match in matches)
    broken_off = any(match.status == Status.BROKEN_OFF for match in matches)
    if partly_held and not (request.may_move or broken_off):
        return None
    return runs[0]


# -- a round --------------------------------------------------------------------------------------


@contextmanager
def _only_one_round() -> Iterator[bool]:
    """Hold the advisory lock of the round; yields False at once when another worker has it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [ROUND_LOCK])
        (mine,) = cursor.fetchone()
        try:
            yield mine
        finally:
            if mine:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [ROUND_LOCK])


def match_open_requests(*, now: Callable[[], datetime]) -> list[MatchingRound]:
    """Run rounds of matching while one is due; return what each did (nothing when another worker is at it).

    Safe to run twice and side by side. Due rows are looked at once more after the lock is given back,
    so that one written meanwhile, whose wake-up found the lock taken, does not wait for the sweep.
    """
    done: list[MatchingRound] = []
    while _is_due(now()):
        with _only_one_round() as mine:
            if not mine:
                return done
            while _is_due(now()):
                done.append(_round(at=now(), now=now))
    return done


def _is_due(at: datetime) -> bool:
    if MatchingDue.objects.exists():
        return True
    latest = MatchingRound.objects.first()
    return latest is None or at - latest.started_at >= FULL_ROUND_EVERY


def _round(*, at: datetime, now: Callable[[], datetime]) -> MatchingRound:
    # Seen before the market is loaded: whatever these rows announced is committed, hence loaded.
    seen = list(MatchingDue.objects.values_list("pk", flat=True))
    market = load_market(at=at)
    plan = engine.plan(market.needs, market.offers)
    written = write_proposals(market, plan.placements, at=at)
    intake.note_left_over(
        {UUID(left.need_id): left.reasons for left in plan.unplaced}
        | {UUID(placed.need_id): () for placed in plan.placements}
    )
    MatchingDue.objects.filter(pk__in=seen).delete()
    return MatchingRound.objects.create(
        started_at=at,
        finished_at=now(),
        needs=len(market.needs),
        offers=len(market.offers),
        proposals=written,
        left_over=len(plan.unplaced),
    )


def write_proposals(market: Market, placements: Sequence[engine.Placement], *, at: datetime) -> int:
    """Write the plan's placements as proposals; return how many matches were written.

    In short transactions. What changed since the market was loaded makes the database refuse; then
    each placement of that chunk is tried by itself, and the refused one waits for the next round.
    """
    written = 0
    for start in range(0, len(placements), PROPOSALS_AT_ONCE):
        chunk = [_proposals(market, placement) for placement in placements[start : start + PROPOSALS_AT_ONCE]]
        try:
            written += len(transitions.propose_many([leg for legs in chunk for leg in legs], at=at))
        except Refused:
            for legs in chunk:
                try:
                    written += len(transitions.propose_many(legs, at=at))
                except Refused as refusal:
                    log.info("request %s is left for the next round: %s", legs[0].request.pk, refusal.code)
    return written


def _proposals(market: Market, placement: engine.Placement) -> list[Proposal]:
    request = market.requests[placement.need_id]
    taken = {match.leg for match in request.matches.all() if match.holds_beds}
    free_legs = (leg for leg in range(1, len(taken) + len(placement.legs) + 1) if leg not in taken)
    return [
        Proposal(
            request=request,
            space=market.spaces[leg.offer_id],
            first_night=leg.first_night,
            last_day=leg.last_day,
            people=leg.people,
            leg=number,
            score=placement.score,
            reasons=placement.reasons,
        )
        for leg, number in zip(placement.legs, free_legs, strict=False)
    ]


# -- by hand --------------------------------------------------------------------------------------


def propose_by_hand(
    request_id: UUID, space_id: UUID, *, by: User, at: datetime, run: tuple[date, date] | None = None
) -> Match:
    """Propose a pair that a coordinator chose, for `run` or the next nights wanted, cut by the space's window.

    Raises RuleForbids with every hard rule in the way, in words, and whatever `transitions.propose` raises.
    Children alone are placed only like this.
    """
    request = ShelterRequest.objects.select_related("arrival__user", "place").get(pk=request_id)
    space = offered(Space.objects.select_related("host__user", "place")).get(pk=space_id)
    runs = queries.uncovered(request, local_date(at))
    wanted = run or (runs[0] if runs else (request.first_night, request.last_day))
    declined = queries.declined_pairs([request.pk]).values_list("space_id", flat=True)
    need = as_need(request, wanted, declined=set(declined), at=at)
    placement = engine.place_one(need, [as_offer(space, at=at)])
    if isinstance(placement, engine.Unplaced):
        raise RuleForbids("; ".join(placement.reasons))
    leg = placement.legs[0]
    proposal = Proposal(
        request=request,
        space=space,
        first_night=leg.first_night,
        last_day=leg.last_day,
        people=leg.people,
        leg=queries.next_leg(request),
        score=placement.score,
        reasons=placement.reasons,
    )
    return transitions.propose(proposal, by=by, at=at)


def candidates_for(request_id: UUID, *, by: User, at: datetime, limit: int = 20) -> list[engine.Placement]:
    """Return the spaces possible for the next nights a request wants, best first. Raises NotYours for a non-coordinator."""
    request = ShelterRequest.objects.select_related("arrival__user").get(pk=request_id)
    if not queries.covers(by, request.place_id):
        raise NotYours
    runs = queries.uncovered(request, local_date(at))
    if not runs:
        return []
    declined = queries.declined_pairs([request.pk]).values_list("space_id", flat=True)
    need = as_need(request, runs[0], declined=set(declined), at=at)
    spaces = offered(matchable_spaces(at=at))
    return engine.candidates(need, [as_offer(space, at=at) for space in spaces], limit=limit)


# -- what runs out --------------------------------------------------------------------------------


def expire_overdue(*, at: datetime) -> int:
    """Expire what nobody decided or answered in time and complete the stays that are over; return how many.

    Safe side by side: each is one act, and whoever comes second finds that it has moved on.
    """
    moved = 0
    for match_id in list(queries.overdue(at).values_list("pk", flat=True)):
        moved += _tried(lambda pk=match_id: transitions.expire(pk, at=at))  # type: ignore[misc]
    for match_id in list(queries.stays_over(local_date(at)).values_list("pk", flat=True)):
        moved += _tried(lambda pk=match_id: transitions.complete(pk, by=None, at=at))  # type: ignore[misc]
    return moved


def _tried(act: Callable[[], Match]) -> bool:
    try:
        act()
    except Refused:
        return False
    return True
