"""A host's calendar: the nights of a space in runs of equal nights, with the beds taken and free."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from matching.models import Match, Space


@dataclass(frozen=True, slots=True)
class NightRun:
    """Nights `[first_night, last_day)` on which equally many beds are taken and free."""

    first_night: date
    last_day: date
    taken: int
    free: int


def night_runs(space: Space, matches: Iterable[Match], today: date) -> list[NightRun]:
    """Return the nights in the windows of `space` from `today` on, cut where the beds taken by `matches` change.

    A space that is not shared has no bed free on a night on which a household is there.
    """
    held = list(matches)
    runs: list[NightRun] = []
    for window in space.windows.all():
        night = max(window.first_night, today)
        while night < window.last_day:
            taken = sum(match.people for match in held if match.covers(night))
            free = space.beds - taken if space.shared or not taken else 0
            after = night + timedelta(days=1)
            if runs and (runs[-1].last_day, runs[-1].taken, runs[-1].free) == (night, taken, free):
                runs[-1] = NightRun(runs[-1].first_night, after, taken, free)
            else:
                runs.append(NightRun(night, after, taken, free))
            night = after
    return runs
