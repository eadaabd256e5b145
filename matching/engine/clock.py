"""Time, in the one place of the engine where it is looked at: how long phases take, and when a limit is near."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import perf_counter


class Clock:
    """How much is left of `limit` seconds, counted from now on (None: no limit); nothing once `stop` says yes."""

    def __init__(self, limit: float | None, stop: Callable[[], bool] | None) -> None:
        self._until = float("inf") if limit is None else limit
        self._began = perf_counter()
        self._stop = stop
        self._kept_back = 0.0
        self.seconds: dict[str, float] = {}
        """What each phase took."""

    def keep_back(self, seconds: float) -> None:
        """Keep so much of the limit for what comes after the plan proper: reasons, advice, writing."""
        self._kept_back = seconds

    def left(self, share: float) -> float:
        """Return the seconds until this share of what is not kept back is over; infinite without limit, 0 when it is."""
        if self._stop is not None and self._stop():
            return 0.0
        return max(0.0, share * (self._until - self._kept_back) - (perf_counter() - self._began))

    def over(self, share_kept: float) -> bool:
        """Return whether only this share of what was kept back is left. Who stops by hand still gets the reasons."""
        return perf_counter() - self._began > self._until - share_kept * self._kept_back

    @contextmanager
    def timed(self, phase: str) -> Iterator[None]:
        """Add the seconds that the block takes to those of the phase."""
        began = perf_counter()
        yield
        self.seconds[phase] = self.seconds.get(phase, 0.0) + perf_counter() - began
