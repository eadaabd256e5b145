"""How long rows are kept. A clock erases rows of one kind; each app registers its clocks, and one act runs them all.

An app's clocks stand in its `retention.py`, which Django's set-up imports:

    @kept_for(timedelta(days=30), "old_letters")
    def _forget_letters(before: datetime) -> int:
        return Letter.objects.filter(at__lt=before).delete()[0]

The table in docs/running.md has a row for each clock; a test compares the table with the clocks.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType

from django.db import transaction

log = logging.getLogger(__name__)

Forget = Callable[[datetime], int]
"""Erases the rows last needed before a moment; returns their number. It runs in a transaction, and may run twice."""


@dataclass(frozen=True, slots=True)
class Clock:
    """The length of time for which rows of one kind are kept after their last use, and the function that erases them."""

    name: str
    length: Callable[[], timedelta]
    forget: Forget


_clocks: dict[str, Clock] = {}


def kept_for(length: timedelta | Callable[[], timedelta], name: str) -> Callable[[Forget], Forget]:
    """Register the decorated function as the clock `name`.

    Give `length` as a function if a setting or a rule decides it: each run calls the function. Rows that carry their
    own end take `timedelta(0)`. The decorator raises ValueError if another clock has the name.
    """

    def register(forget: Forget) -> Forget:
        if name in _clocks:
            raise ValueError(f"There is a clock called {name} already.")
        _clocks[name] = Clock(name, length if callable(length) else lambda: length, forget)
        return forget

    return register


def clocks() -> Mapping[str, Clock]:
    """Return every clock of every app, by name."""
    return MappingProxyType(_clocks)


def forget_what_is_old(*, at: datetime) -> dict[str, int]:
    """Run every clock, each in its own transaction; return the number of erased rows by clock.

    A clock that fails is logged and left out of the answer. The other clocks still run, and the next run tries the
    failed one again.
    """
    erased = {}
    for clock in clocks().values():
        try:
            with transaction.atomic():
                erased[clock.name] = clock.forget(at - clock.length())
        except Exception:
            log.exception("The clock %s failed; it is tried again at the next run.", clock.name)
    return erased
