"""PostgreSQL's advisory locks that the service takes, each with its own number.

PostgreSQL knows an advisory lock only by its number, so two uses of one number would wait for each other. For that
reason every number stands here and nowhere else. See PostgreSQL's documentation, "Advisory Locks".
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from enum import IntEnum, unique

from django.db import connection


@unique
class Lock(IntEnum):
    """The locks. Some take a second number, so that there is one lock for each region, seat or form."""

    RULES = 5_140_301
    """One lead changes the rules at a time. A second lead then learns that the rules have changed."""

    ROUND = 7_306_001
    """One worker opens a round at a time."""

    PLANNER = 7_306_002
    """Limits how many workers plan at once: the second number is a seat, and each planning worker holds one seat."""

    REGION = 7_306_003
    """One worker plans a region at a time; the second number is the region."""

    PLACING = 7_306_004
    """One worker at a time places the requests and spaces that are due (`worker.placing`): two would take the same beds."""

    IMPORT = 7_306_005
    """One import looks up and writes a batch at a time, so that two imports of one sheet do not write rows twice."""

    MEETING = 7_306_007
    """Shared by all who write matches; alone, by whoever adds a person whom somebody must not meet (`models.meeting`)."""

    FORM = 7_306_006
    """One form sent twice is handled one time after the other; the second number is a hash of the form's key."""


@contextmanager
def held(lock: Lock, which: int | None = None) -> Iterator[bool]:
    """Hold a lock while the block runs and yield True; yield False without waiting if another session holds it."""
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
    """Wait for a lock and hold it until the transaction ends. `which` is any text, such as a form's key.

    Two texts with the same hash share a lock, which costs a wait and nothing else.
    """
    with connection.cursor() as cursor:
        if which is None:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [int(lock)])
        else:
            cursor.execute("SELECT pg_advisory_xact_lock(%s, hashtext(%s))", [int(lock), which])


def taken_in_triggers(lock: Lock, *, shared: bool = False) -> str:
    """Return the statement by which a trigger waits for a lock and holds it until the transaction ends.

    Sessions that take it `shared` do not wait for each other, only for a session that takes it alone.
    """
    return f"PERFORM pg_advisory_xact_lock{'_shared' if shared else ''}({int(lock)});"
