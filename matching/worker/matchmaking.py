"""What the worker does: match what is open, plan rounds, and end what has run out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from accounts.refusals import Refused
from matching import queries, transitions
from matching.deadlines import local_date
from matching.models import Match, MatchingRound
from matching.worker import planning
from matching.worker.placing import Keeper, place_what_is_due


@dataclass(slots=True)
class MatchingDone:
    """What came of matching: matches proposed at once, and the whole rounds that were finished."""

    at_once: int = 0
    rounds: list[MatchingRound] = field(default_factory=list)

    @property
    def proposals(self) -> int:
        """Return how many matches were proposed in all."""
        return self.at_once + sum(round_.proposals for round_ in self.rounds)


def match_open_requests(*, now: Callable[[], datetime], keeper: Keeper | None = None) -> MatchingDone:
    """Place what is due at once, and run whole rounds while one is due; return what was done.

    Safe to run twice and side by side: what another worker is at is left to it. `keeper` keeps the market in
    memory from one call to the next.
    """
    done = MatchingDone(at_once=place_what_is_due(keeper or Keeper(), now=now))
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
