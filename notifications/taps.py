"""One-tap links: a signed address in a message that answers what it asks, once, until the answer is due.

The address holds a row's number and a signature over it, nothing of a person; whether it was used stands in the row.
Whoever has the link can give this one answer and see nothing else, so it is as good as the message it stands in.
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
    """Return the token that stands for `notification` in an address."""
    return _signer().sign(str(notification.pk))


def link_to(notification: Notification) -> str:
    """Return the whole address."""
    return f"{settings.SITE_URL}/t/{token_of(notification)}/"


def find(token: str) -> Notification | None:
    """Return the notification a token stands for, used or not, expired or not; None for one that is not ours."""
    try:
        pk = int(_signer().unsign(token))
    except (BadSignature, ValueError):
        return None
    return Notification.objects.select_related("recipient").filter(pk=pk, event__in=ASKING).first()


def is_over(notification: Notification, *, at: datetime) -> bool:
    """Return whether the time to answer has run out."""
    return notification.expires_at is None or notification.expires_at <= at


def use(notification: Notification, *, at: datetime) -> bool:
    """Use the link, in the transaction of the act it is for; False when it was used before or its time is over."""
    unused = Notification.objects.filter(pk=notification.pk, tapped_at=None, expires_at__gt=at)
    return bool(unused.update(tapped_at=at))
