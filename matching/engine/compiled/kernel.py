"""Compile kernels once, into a cache on disk, and run them without Python's global lock."""

from __future__ import annotations

import ast
import os
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from typing import Any, TypeVar

import numba

from places import earth

Kernel = TypeVar("Kernel", bound=Callable[..., Any])

PARTS = 4
"""Work that adds up floating-point numbers is cut into this fixed number of parts, so that no sum depends on the machine."""


def forget_kernels_of_other_sources(sources: Iterable[Path], cache: Path) -> None:
    """Delete the compiled kernels in `cache` unless they were compiled from the code of these source files.

    numba compares only the file of a kernel with its cache. It would go on using machine code into which an older kernel
    or constant of another file was compiled, and would fail on a class that has moved. Comments and docstrings do not
    count. A cache that cannot be written is left as it is.
    """
    texts = [file.read_bytes() for file in sorted(sources)]
    text = sha256(b"".join(texts)).hexdigest()
    stamp = cache / "kernels.sha256"
    with suppress(OSError):
        known = stamp.read_text().split() if stamp.exists() else []
        if text in known:
            return
        # Comparing the code takes 0.1 s, so do it only if the file's text has changed.
        code = sha256("".join(map(_code_of, texts)).encode()).hexdigest()
        if code not in known:
            for compiled in cache.glob("*.nb[ic]"):
                compiled.unlink(missing_ok=True)
        cache.mkdir(exist_ok=True)
        stamp.write_text(f"{text} {code}")


def _code_of(source: bytes) -> str:
    """Return the code of a source file without its comments and docstrings."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
            node.body = [part for part in node.body if not _is_docstring(part)]
    return ast.dump(tree)


def _is_docstring(part: ast.stmt) -> bool:
    return isinstance(part, ast.Expr) and isinstance(part.value, ast.Constant) and isinstance(part.value.value, str)


HERE = Path(__file__).parent
SOURCES = [*HERE.glob("*.py"), HERE.parent / "objective.py", HERE.parent / "reasons.py", Path(earth.__file__)]
"""The files from which kernels take code or constants."""

# Call it before any kernel is defined: every file of kernels imports this file first.
forget_kernels_of_other_sources(SOURCES, HERE / "__pycache__")


def kernel(function: Kernel) -> Kernel:
    """Compile `function` on its first call with arguments of some types, and read it from the cache afterwards.

    A division by 0 gives inf or nan as in numpy, and bounds of arrays are not checked.
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
        """End the threads once their work is done."""
        if self._pool is not None:
            self._pool.shutdown()


def pieces(count: int, parts: int) -> list[tuple[int, int]]:
    """Cut `range(count)` into at most `parts` runs of about equal length; return the first and the end of each."""
    edges = [count * part // parts for part in range(parts + 1)]
    return [(first, last) for first, last in pairwise(edges) if last > first]
