"""The inbox on a person's page and in the API: what was told, and whether it was read."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.db.models import QuerySet

from notifications.events import CODES
from notifications.models import Notification

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser


def inbox(user: AbstractBaseUser) -> QuerySet[Notification]:
    """Return what was told to `user`, newest first; one-time codes never appear here."""
    return Notification.objects.filter(recipient_id=user.pk).exclude(event__in=CODES)


def unread_count(user: AbstractBaseUser) -> int:
    """Return how many notifications `user` has not read yet."""
    return inbox(user).filter(read_at=None).count()


def mark_read(notification_id: int, *, by: AbstractBaseUser, at: datetime) -> Notification:
    """Note that `by` has read one of their own notifications; the first time counts.

    Raises Notification.DoesNotExist for another person's.
    """
    inbox(by).filter(pk=notification_id, read_at=None).update(read_at=at)
    return inbox(by).get(pk=notification_id)


def mark_all_read(*, by: AbstractBaseUser, at: datetime) -> int:
    """Note that `by` has read everything that is in their inbox now; return how many were unread."""
    return inbox(by).filter(read_at=None).update(read_at=at)
