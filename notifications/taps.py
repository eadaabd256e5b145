"""One-tap links: a signed address that answers the question of a message, once, until the answer is due.

The address holds a row's id and a signature over it, and no personal data. The row says whether the link was used.
A person with the link can give this one answer and see nothing else, so the link is as secret as its message.
"""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.core.signing import BadSignature, Signer

from notifications.events import EVENTS
from notifications.models import Notification

ASKING = frozenset(name for name, event in EVENTS.items() if event.asks)
"""The events whose message carries a link."""


def _signer() -> Signer:
    return Signer(salt="notifications.taps", sep=".")


def token_of(notification: Notification) -> str:
    """Return the signed id of `notification`, for use in an address."""
    return _signer().sign(str(notification.pk))


def link_to(notification: Notification) -> str:
    """Return the one-tap address of `notification`, with scheme and host."""
    return f"{settings.SITE_URL}/t/{token_of(notification)}/"


def find(token: str) -> Notification | None:
    """Return the notification of a token, even if it is used or expired; None if its signature is not ours."""
    try:
        pk = int(_signer().unsign(token))
    except (BadSignature, ValueError):
        return None
    return Notification.objects.select_related("recipient").filter(pk=pk, event__in=ASKING).first()


def is_over(notification: Notification, *, at: datetime) -> bool:
    """Return whether the time to answer is over."""
    return notification.expires_at is None or notification.expires_at <= at


def use(notification: Notification, *, at: datetime) -> bool:
    """Mark the link as used; return False if it was used before or its time is over.

    The caller does the act of the link in the same transaction.
    """
    unused = Notification.objects.filter(pk=notification.pk, tapped_at=None, expires_at__gt=at)
    return bool(unused.update(tapped_at=at))
