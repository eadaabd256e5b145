"""How a kernel is compiled: once, into a cache on disk, and without holding Python's lock while it runs."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Any, TypeVar

import numba

Kernel = TypeVar("Kernel", bound=Callable[..., Any])

PARTS = 4
"""Parts into which work is cut that adds up floating-point numbers: fixed, so that the sums do not depend on the machine."""


def kernel(function: Kernel) -> Kernel:
    """Compile `function` on its first call."""
    compiled: Kernel = numba.njit(cache=True, nogil=True, error_model="numpy")(function)
    return compiled


class Crew:
    """Threads that run kernels side by side; with one core, or for little work, the caller's own thread does it all."""

    def __init__(self, *, alone: bool) -> None:
        cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
        self._pool = None if alone or cores == 1 else ThreadPoolExecutor(min(cores, PARTS))

    def run(self, function: Callable[..., Any], arguments: Iterable[Sequence[Any]]) -> list[Any]:
        """Call `function` with each of the arguments; return the results in their order."""
        if self._pool is None:
            return [function(*each) for each in arguments]
        return [done.result() for done in [self._pool.submit(function, *each) for each in arguments]]

    def close(self) -> None:
        if self._pool is not None:
            self._pool.shutdown()


def pieces(count: int, parts: int) -> list[tuple[int, int]]:
    """Cut `range(count)` into `parts` runs of about equal length."""
    edges = [count * part // parts for part in range(parts + 1)]
    return [(first, last) for first, last in pairwise(edges) if last > first]
