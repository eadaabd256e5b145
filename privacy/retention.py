"""What is kept for how long: each app registers its clocks beside its own rows, and one act runs them all.

An app's clocks stand in its `retention.py`, which is imported at set-up:

    @kept_for(timedelta(days=30), "old_letters")
    def _forget_letters(before: datetime) -> int:
        return Letter.objects.filter(at__lt=before).delete()[0]

A row for each clock stands in docs/running.md; a test compares the two.
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
"""Erases whatever was last needed before a moment; returns how many rows. It runs in a transaction, and may run twice."""


@dataclass(frozen=True, slots=True)
class Clock:
    """Rows of one kind, how long they are kept after they were last needed, and what erases them."""

    name: str
    length: Callable[[], timedelta]
    forget: Forget


_clocks: dict[str, Clock] = {}


def kept_for(length: timedelta | Callable[[], timedelta], name: str) -> Callable[[Forget], Forget]:
    """Register the decorated function as the clock `name`.

    A `length` that a setting or a rule decides is given as a function, and asked at each run. A length of nothing is
    for rows that carry their own end. Raises ValueError where another clock has the name.
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
    """Run every clock, each in a transaction of its own; return by clock how many rows were erased.

    A clock that fails is logged and missing from the answer. It stops no other, and the next run tries it again.
    """
    erased = {}
    for clock in clocks().values():
        try:
            with transaction.atomic():
                erased[clock.name] = clock.forget(at - clock.length())
        except Exception:
            log.exception("The clock %s failed; it is tried again at the next run.", clock.name)
    return erased
