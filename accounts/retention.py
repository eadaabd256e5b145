"""How long sessions are kept."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.contrib.sessions.models import Session

from privacy.retention import kept_for


@kept_for(timedelta(0), "ended_sessions")
def _forget_sessions(before: datetime) -> int:
    """Erase the sessions that expired before `before`, with the half-finished answers to questions that they hold."""
    return Session.objects.filter(expire_date__lt=before).delete()[0]
