"""The advisory locks of PostgreSQL that the service takes, each under a number of its own.

PostgreSQL knows an advisory lock by its number only, so two uses of one number would wait for each other. Every number
stands here, and only here. See PostgreSQL's documentation, "Advisory Locks".
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from enum import IntEnum, unique

from django.db import connection


@unique
class Lock(IntEnum):
    """What is locked. Some locks take a second number, which says which of many."""

    RULES = 5_140_301
    """Leads change rules one at a time: of two at once, the second is told of the first."""

    ROUND = 7_306_001
    """One worker opens a round, whatever the number of workers."""

    PLANNER = 7_306_002
    """Workers that plan; the second number is one of as many seats as may plan at the same time."""

    REGION = 7_306_003
    """One worker plans a region; the second number is the region."""

    PLACING = 7_306_004
    """One worker places at once: two would look for the same beds."""

    IMPORT = 7_306_005
    """One import looks up and writes a batch at a time, so that two of the same sheet agree."""

    FORM = 7_306_006
    """One sending of a form at a time; the second number is made from the form's key."""


@contextmanager
def held(lock: Lock, which: int | None = None) -> Iterator[bool]:
    """Hold a lock while the block runs; yield False at once when another session has it."""
    key = [int(lock)] if which is None else [int(lock), which]
    marks = ", ".join(["%s"] * len(key))
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT pg_try_advisory_lock({marks})", key)
        (mine,) = cursor.fetchone()
    try:
        yield mine
    finally:
        if mine:
            with connection.cursor() as cursor:
                cursor.execute(f"SELECT pg_advisory_unlock({marks})", key)


def hold_until_commit(lock: Lock, which: str | None = None) -> None:
    """Wait for a lock and hold it until the present transaction ends; `which` is any text, such as a form's key."""
    with connection.cursor() as cursor:
        if which is None:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [int(lock)])
        else:
            cursor.execute("SELECT pg_advisory_xact_lock(%s, hashtext(%s))", [int(lock), which])
