"""How long sessions are kept, and contacts that nobody proved."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.contrib.sessions.models import Session

from accounts import desk_contacts
from notifications.models import ContactPoint
from privacy.retention import kept_for


@kept_for(timedelta(0), "ended_sessions")
def _forget_sessions(before: datetime) -> int:
    """Erase the sessions that expired before `before`, with the half-finished answers to questions that they hold."""
    return Session.objects.filter(expire_date__lt=before).delete()[0]


@kept_for(timedelta(days=1), "contacts_not_proved")
def _forget_contacts(before: datetime) -> int:
    """Erase the contacts that a coordinator added and did not prove with the code."""
    waiting = ContactPoint.objects.filter(check_pending__sent_at__lt=before).select_related("user")
    points = list(waiting.exclude(address_index__startswith=desk_contacts.REMOVED))
    for point in points:
        desk_contacts.remove(point.user, point.pk, at=before)
    return len(points)
