"""The inbox on a person's page: their messages in the language of the page."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import get_language

from accounts.models import User
from notifications import inbox
from notifications.models import Notification
from notifications.texts import render

LINES_SHOWN = 20


@dataclass(frozen=True, slots=True)
class InboxLine:
    notification: Notification
    words: str

    @property
    def is_new(self) -> bool:
        """Return whether it still asks for a look: nobody has read it, nor answered it by its link."""
        return self.notification.read_at is None and self.notification.tapped_at is None


def lines(user: User) -> list[InboxLine]:
    """Return the latest messages to `user` in words, newest first."""
    language = get_language() or user.language
    return [
        InboxLine(notification, render(notification.event, language, notification.context).subject)
        for notification in inbox.inbox(user)[:LINES_SHOWN]
    ]


def read(request: HttpRequest, user: User, notification_id: int, home: str) -> HttpResponse:
    """Note that one message was read, and lead `home`. Raises Http404 for another person's message."""
    try:
        inbox.mark_read(notification_id, by=user, at=timezone.now())
    except Notification.DoesNotExist:
        raise Http404 from None
    return redirect(home)
