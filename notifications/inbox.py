"""The inbox on a person's page and in the API: their notifications, read and unread."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from django.db.models import QuerySet

from notifications.events import EVENTS_WITH_A_CODE
from notifications.models import Notification

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser


def inbox(user: AbstractBaseUser) -> QuerySet[Notification]:
    """Return the notifications of `user`, newest first, without one-time codes."""
    return Notification.objects.filter(recipient_id=user.pk).exclude(event__in=EVENTS_WITH_A_CODE)


def unread_count(user: AbstractBaseUser) -> int:
    """Return the number of notifications that `user` has not read."""
    return inbox(user).filter(read_at=None).count()


def mark_read(notification_id: int, *, by: AbstractBaseUser, at: datetime) -> Notification:
    """Note that `by` has read one of their notifications. A second call keeps the first moment.

    Raises Notification.DoesNotExist if the notification is not in their inbox.
    """
    inbox(by).filter(pk=notification_id, read_at=None).update(read_at=at)
    return inbox(by).get(pk=notification_id)


def mark_answered(match_id: UUID, *, by: AbstractBaseUser, at: datetime) -> int:
    """Note that `by` has read the questions about a match that they have answered; return the number that was unread."""
    asked = inbox(by).filter(read_at=None, event__in=("host_asked", "arrival_asked"), context__match=str(match_id))
    return asked.update(read_at=at)


def mark_all_read(*, by: AbstractBaseUser, at: datetime) -> int:
    """Note that `by` has read everything in their inbox; return the number that was unread."""
    return inbox(by).filter(read_at=None).update(read_at=at)
