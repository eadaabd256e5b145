"""The worker's acts: match open requests, plan rounds, expire overdue matches and complete stays that are over."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from accounts.refusals import Refused
from matching import queries, transitions
from matching.deadlines import local_date
from matching.models import Match, MatchingRound
from matching.table_statistics import refresh_table_statistics
from matching.worker import planning
from matching.worker.placing import Keeper, place_what_is_due


@dataclass(slots=True)
class MatchingDone:
    """The result of matching: how many matches were proposed `at_once`, and which whole rounds were finished."""

    at_once: int = 0
    rounds: list[MatchingRound] = field(default_factory=list)

    @property
    def proposals(self) -> int:
        """Return how many matches were proposed in all."""
        return self.at_once + sum(round_.proposals for round_ in self.rounds)


def match_open_requests(*, now: Callable[[], datetime], keeper: Keeper | None = None) -> MatchingDone:
    """Place what is due at once, and run whole rounds while one is due; return what was done.

    Several workers may run this at the same time: each leaves to the others what they have locked. `keeper` keeps the
    market in memory from one call to the next.
    """
    refresh_table_statistics()
    done = MatchingDone(at_once=place_what_is_due(keeper or Keeper(), now=now))
    while (opened := planning.open_round(now=now)) is not None:
        finished = planning.work_on(opened, now=now)
        if finished is None:
            break
        done.rounds.append(finished)
    return done


def begin_round(*, now: Callable[[], datetime]) -> list[int]:
    """Return the ids of the regions to plan now, of the open round or of a new round if one is due; else []."""
    refresh_table_statistics()
    opened = planning.open_round(now=now)
    return [] if opened is None else [region.pk for region in planning.regions_to_plan(opened)]


def plan_regions(region_id: int, *, now: Callable[[], datetime]) -> bool:
    """Plan the free regions of the open round that has this region; return whether that finished the round."""
    opened = MatchingRound.objects.filter(regions=region_id, finished_at=None).first()
    return opened is not None and planning.work_on(opened, now=now) is not None


# -- what runs out --------------------------------------------------------------------------------


def expire_overdue(*, at: datetime) -> int:
    """Expire matches that nobody decided or answered in time, and complete stays that are over; return how many.

    Several workers may run this at the same time: each match is one act, and the second worker's act is refused.
    """
    moved = 0
    transitions.say_neutral_words(at=at)
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
