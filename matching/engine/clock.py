"""The only place of the engine that looks at the time: how long phases take, and when a limit is near."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import perf_counter


class TimeLeft:
    """What is left of `limit` seconds, counted from now on (None: no limit). Nothing is left once `stop` returns True."""

    def __init__(self, limit: float | None, stop: Callable[[], bool] | None) -> None:
        self._until = float("inf") if limit is None else limit
        self._began = perf_counter()
        self._stop = stop
        self._kept_back = 0.0
        self.seconds: dict[str, float] = {}
        """Seconds by phase, so far."""

    def keep_back(self, seconds: float) -> None:
        """Reserve this much of the limit for what comes after the plan proper: reasons, advice, writing."""
        self._kept_back = seconds

    def left(self, share: float) -> float:
        """Return the seconds until this share of the limit, less what is kept back, is over; inf without a limit, 0 when over."""
        if self._stop is not None and self._stop():
            return 0.0
        return max(0.0, share * (self._until - self._kept_back) - (perf_counter() - self._began))

    def over(self, share_kept: float) -> bool:
        """Return whether only this share of what was kept back is left. After a stop by hand the reasons are still sought."""
        return perf_counter() - self._began > self._until - share_kept * self._kept_back

    @contextmanager
    def timed(self, phase: str) -> Iterator[None]:
        """Add the seconds that the block takes to those of the phase."""
        began = perf_counter()
        yield
        self.seconds[phase] = self.seconds.get(phase, 0.0) + perf_counter() - began
