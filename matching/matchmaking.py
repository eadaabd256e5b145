"""What the worker does, and what coordinators do by hand, from what is open to what is proposed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from uuid import UUID

from accounts.models import User
from accounts.refusals import Refused
from matching import engine, planning, queries, transitions
from matching.deadlines import local_date
from matching.loading import part_of_market, some_requests_of_market
from matching.models import Match, MatchingRound, ShelterRequest
from matching.placing import Keeper, place_what_is_due
from matching.reason_words import in_words
from matching.refusals import NotYours, RuleForbids
from matching.transitions import Proposal


@dataclass(slots=True)
class Matched:
    """What came of matching: matches proposed at once, and the whole rounds that were finished."""

    at_once: int = 0
    rounds: list[MatchingRound] = field(default_factory=list)

    @property
    def proposals(self) -> int:
        """Return how many matches were proposed in all."""
        return self.at_once + sum(round_.proposals for round_ in self.rounds)


def match_open_requests(*, now: Callable[[], datetime], keeper: Keeper | None = None) -> Matched:
    """Place what is due at once, and run whole rounds while one is due; return what was done.

    Safe to run twice and side by side: what another worker is at is left to it. `keeper` keeps the market in
    memory from one call to the next.
    """
    done = Matched(at_once=place_what_is_due(keeper or Keeper(), now=now))
    while (opened := planning.open_round(now=now)) is not None:
        finished = planning.work_on(opened, now=now)
        if finished is None:
            break
        done.rounds.append(finished)
    return done


def begin_round(*, now: Callable[[], datetime]) -> list[int]:
    """Return the ids of the regions that wait to be planned: of the round that is open, or of a new one that is due."""
    opened = planning.open_round(now=now)
    return [] if opened is None else [region.pk for region in planning.regions_to_plan(opened)]


def plan_regions(region_id: int, *, now: Callable[[], datetime]) -> bool:
    """Plan this region and whichever others of its round nobody is at; return whether that finished the round."""
    opened = MatchingRound.objects.filter(regions=region_id, finished_at=None).first()
    return opened is not None and planning.work_on(opened, now=now) is not None


# -- by hand --------------------------------------------------------------------------------------


def propose_by_hand(
    request_id: UUID, space_id: UUID, *, by: User, at: datetime, run: tuple[date, date] | None = None
) -> Match:
    """Propose a pair that a coordinator chose, for `run` or the next nights wanted, cut by the space's window.

    Raises RuleForbids with every hard rule in the way, in words, and whatever `transitions.propose` raises.
    Children alone are placed only like this.
    """
    market = part_of_market(at, requests=[str(request_id)], spaces=[str(space_id)])
    request, space = market.requests[str(request_id)], market.spaces[str(space_id)]
    runs = queries.runs_wanted(request, market.spent(request.pk), local_date(at))
    wanted = run or (runs[0] if runs else (request.first_night, request.last_day))
    need = market.need(request.pk, wanted)
    placement = engine.place_one(need, [market.offer(space.pk)])
    if isinstance(placement, engine.Unplaced):
        raise RuleForbids("; ".join(in_words(placement.reasons)))
    leg = placement.legs[0]
    proposal = Proposal(
        request=request,
        space=space,
        first_night=leg.first_night,
        last_day=leg.last_day,
        people=leg.people,
        leg=market.free_legs(request.pk, 1)[0],
        score=placement.score,
        reasons=placement.reasons,
    )
    return transitions.propose(proposal, by=by, at=at)


def candidates_for(request_id: UUID, *, by: User, at: datetime, limit: int = 20) -> list[engine.Placement]:
    """Return the spaces possible for the next nights a request wants, best first. Raises NotYours for a non-coordinator."""
    request = ShelterRequest.objects.only("place_id").get(pk=request_id)
    if not queries.covers(by, request.place_id):
        raise NotYours
    market = some_requests_of_market(at, [str(request_id)])
    runs = queries.runs_wanted(market.requests[str(request_id)], market.spent(str(request_id)), local_date(at))
    if not runs:
        return []
    return engine.candidates(market.need(str(request_id), runs[0]), market.offers(), limit=limit)


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
