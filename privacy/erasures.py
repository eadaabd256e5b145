"""What was erased stays erased after a restore: a register of erasures, and the acts that carry each out again.

A copy of the database may be older than an erasure. So each act that erases notes itself in its own transaction:

    erasures.note("letter", letter.pk, at=at)

and an app's `erasures.py`, which Django's set-up imports, says how to do it again:

    @again("letter")
    def _erase_letter(subject: str, at: datetime) -> bool:
        return Letter.objects.filter(pk=subject).delete()[0] > 0

`subject` is the id of a row and tells nothing about anybody. `manage.py backup` writes the register beside the copies, and
`manage.py restore` carries out everything in it that is younger than the copy. What clocks erase needs no line: they run again.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import NamedTuple

from django.db import transaction

from privacy.models import Erasure, Remark

log = logging.getLogger(__name__)

Again = Callable[[str, datetime], bool]
"""Erases a subject at a moment; returns whether there was something to erase. It runs in a transaction, and may run twice."""


class Entry(NamedTuple):
    """One line of the register."""

    kind: str
    subject: str
    at: datetime


_acts: dict[str, Again] = {}


def again(kind: str) -> Callable[[Again], Again]:
    """Register the decorated function for erasures of one kind. Raises ValueError if there is one."""

    def register(act: Again) -> Again:
        if kind in _acts:
            raise ValueError(f"There is an act for {kind} already.")
        _acts[kind] = act
        return act

    return register


def acts() -> Mapping[str, Again]:
    """Return the acts of every app, by the kind of erasure."""
    return MappingProxyType(_acts)


def note(kind: str, subject: object, *, at: datetime) -> None:
    """Write one line into the register, within the transaction of the act that erases."""
    Erasure.objects.create(kind=kind, subject=str(subject), at=at)


def register() -> list[Entry]:
    """Return the whole register of this database, oldest first."""
    return [Entry(*row) for row in Erasure.objects.order_by("at", "pk").values_list("kind", "subject", "at")]


def erase_again(entries: Iterable[Entry], *, since: datetime, at: datetime) -> tuple[int, list[Entry]]:
    """Carry out the erasures from `since` on, each in its own transaction, and keep the lines that the database lacks.

    Older ones are left alone: a database of that moment shows them already, and an id may since belong to another row.
    Returns the number of rows that were there to erase, and the lines whose erasure failed; each failure is in the log.
    """
    known = set(register())
    done, failed = 0, []
    for entry in sorted(set(entries), key=lambda each: each.at):
        if entry.at < since:
            continue
        try:
            with transaction.atomic():
                done += _acts[entry.kind](entry.subject, at)
                if entry not in known:
                    Erasure.objects.create(kind=entry.kind, subject=entry.subject, at=entry.at)
        except Exception:
            log.exception("An erasure of the kind %s could not be carried out again.", entry.kind)
            failed.append(entry)
    return done, failed


@again("remark")
def _erase_remark(subject: str, at: datetime) -> bool:
    """Erase the words beside a line of history; the line stays."""
    return Remark.objects.filter(pk=subject, erased_at=None).update(text="", erased_at=at) > 0
