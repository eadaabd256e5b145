"""That a round of matching is due: written with the change, woken after commit; and that the worker is alive."""

from __future__ import annotations

from datetime import datetime

from matching.models import Heartbeat, MatchingDue
from notifications.wakeups import wake


def due(at: datetime) -> None:
    """Note, in the caller's transaction, that something was freed or opened; a worker looks after commit."""
    MatchingDue.objects.create(at=at)
    wake("matching.match_open_requests")


def beat(name: str, *, at: datetime) -> None:
    """Note that what runs at intervals under this name ran at `at`."""
    Heartbeat.objects.update_or_create(name=name, defaults={"at": at})
