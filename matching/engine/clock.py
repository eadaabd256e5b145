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
        self.seconds: dict[str, float] = {}
        """What each phase took."""

    def left(self, share: float) -> float:
        """Return the seconds until this share of the limit is over; infinite without limit, 0 when it is over."""
        if self._stop is not None and self._stop():
            return 0.0
        return max(0.0, share * self._until - (perf_counter() - self._began))

    @contextmanager
    def timed(self, phase: str) -> Iterator[None]:
        """Add the seconds that the block takes to those of the phase."""
        began = perf_counter()
        yield
        self.seconds[phase] = self.seconds.get(phase, 0.0) + perf_counter() - began
