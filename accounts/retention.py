"""What is kept for how long of people's sessions."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.contrib.sessions.models import Session

from privacy.retention import kept_for


@kept_for(timedelta(0), "ended_sessions")
def _forget_sessions(before: datetime) -> int:
    """Erase the sessions that ended, with the answers to questions that lie in them."""
    return Session.objects.filter(expire_date__lt=before).delete()[0]
