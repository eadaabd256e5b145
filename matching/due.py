"""Notes that there is something to match, written with the change itself; and heartbeats of the worker."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from matching.models import Heartbeat, MatchingDue
from notifications.wakeups import wake


def note(
    at: datetime, *, requests: Iterable[UUID | str] | None = None, spaces: Iterable[UUID | str] | None = None
) -> None:
    """Note in the caller's transaction which requests want a place and which spaces have one; a worker wakes after commit.

    `requests` and `spaces` are ids. Without either, a whole round is due.
    """
    if requests is None and spaces is None:
        rows = [MatchingDue(at=at)]
    else:
        rows = [MatchingDue(at=at, request_id=pk) for pk in requests or ()]
        rows += [MatchingDue(at=at, space_id=pk) for pk in spaces or ()]
    MatchingDue.objects.bulk_create(rows)
    wake("matching.match_open_requests")


def beat(name: str, *, at: datetime) -> None:
    """Note that the task `name`, which runs at intervals, ran at `at`."""
    Heartbeat.objects.update_or_create(name=name, defaults={"at": at})
