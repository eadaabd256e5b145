"""That a round of matching is due: written with the change, woken after commit."""

from __future__ import annotations

from datetime import datetime

from matching.models import MatchingDue
from notifications.wakeups import wake


def due(at: datetime) -> None:
    """Note, in the caller's transaction, that something was freed or opened; a worker looks after commit."""
    MatchingDue.objects.create(at=at)
    wake("matching.match_open_requests")
