"""That there is something to match: written with the change, woken after commit; and that the worker is alive."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from matching.models import Heartbeat, MatchingDue
from notifications.wakeups import wake


def note(
    at: datetime, *, requests: Iterable[UUID | str] | None = None, spaces: Iterable[UUID | str] | None = None
) -> None:
    """Note, in the caller's transaction, what wants a place or has something free; a worker looks after commit.

    Without either argument a whole round is due.
    """
    if requests is None and spaces is None:
        rows = [MatchingDue(at=at)]
    else:
        rows = [MatchingDue(at=at, request_id=pk) for pk in requests or ()]
        rows += [MatchingDue(at=at, space_id=pk) for pk in spaces or ()]
    MatchingDue.objects.bulk_create(rows)
    wake("matching.match_open_requests")


def beat(name: str, *, at: datetime) -> None:
    """Note that what runs at intervals under this name ran at `at`."""
    Heartbeat.objects.update_or_create(name=name, defaults={"at": at})
