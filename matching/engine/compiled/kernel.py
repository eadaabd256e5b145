"""How a kernel is compiled and run: compiled once into a cache on disk, run without Python's global lock."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from typing import Any, TypeVar

import numba

Kernel = TypeVar("Kernel", bound=Callable[..., Any])

PARTS = 4
"""Work that adds up floating-point numbers is cut into so many parts: a fixed number, so that no sum depends on the machine."""


def forget_kernels_of_other_sources(sources: Path, cache: Path) -> None:
    """Delete the compiled kernels in `cache` unless they were compiled from the Python files in `sources` as they are now.

    numba compares only the file of a kernel with its cache. It would go on using machine code into which an older kernel
    or constant of another file was compiled, and would fail on a class that has moved. A cache that cannot be written is left.
    """
    digest = sha256(b"".join(file.read_bytes() for file in sorted(sources.rglob("*.py")))).hexdigest()
    stamp = cache / "kernels.sha256"
    with suppress(OSError):
        if stamp.exists() and stamp.read_text() == digest:
            return
        for compiled in cache.glob("*.nb[ic]"):
            compiled.unlink(missing_ok=True)
        cache.mkdir(exist_ok=True)
        stamp.write_text(digest)


# Runs before any kernel is defined, as every file of kernels imports this one first.
forget_kernels_of_other_sources(Path(__file__).parents[1], Path(__file__).parent / "__pycache__")


def kernel(function: Kernel) -> Kernel:
    """Compile `function` on its first call with arguments of some types, and read it from the cache ever after.

    A division by 0 gives inf or nan as in numpy, and nothing checks the bounds of an array.
    """
    compiled: Kernel = numba.njit(cache=True, nogil=True, error_model="numpy")(function)
    return compiled


class Crew:
    """Threads that run kernels side by side. With one core, or `alone`, the thread of the caller does all the work."""

    def __init__(self, *, alone: bool) -> None:
        cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
        self._pool = None if alone or cores == 1 else ThreadPoolExecutor(min(cores, PARTS))

    def run(self, function: Callable[..., Any], arguments: Iterable[Sequence[Any]]) -> list[Any]:
        """Call `function` with each of the arguments; return the results in their order."""
        if self._pool is None:
            return [function(*each) for each in arguments]
        return [done.result() for done in [self._pool.submit(function, *each) for each in arguments]]

    def close(self) -> None:
        """End the threads; they have nothing left to do."""
        if self._pool is not None:
            self._pool.shutdown()


def pieces(count: int, parts: int) -> list[tuple[int, int]]:
    """Cut `range(count)` into at most `parts` runs of about equal length; return the first and the end of each."""
    edges = [count * part // parts for part in range(parts + 1)]
    return [(first, last) for first, last in pairwise(edges) if last > first]
