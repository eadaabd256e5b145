"""The outbox: what is to be told is a row, written in the transaction of the change it reports.

Two words that are easily mixed up: a contact point's *channel* is the kind of its address (e-mail, SMS,
Telegram); a delivery's *transport* is the module of `notifications.channels` that sends it. Which
transports exist for a kind is `TRANSPORTS_FOR`; which of them are switched on, `settings.NOTIFICATION_CHANNELS`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet

from notifications.events import CONTEXT, EVENTS
from notifications.models import NO_CHANNEL, ContactPoint, Delivery, Notification
from notifications.wakeups import wake

# The transports that serve a kind of address, best first; `console` serves any and is for trying things out.
TRANSPORTS_FOR = {
    ContactPoint.Channel.EMAIL: ("email", "gateway", "console"),
    ContactPoint.Channel.SMS: ("gateway", "console"),
    ContactPoint.Channel.TELEGRAM: ("gateway", "console"),
}


class Recipient(Protocol):
    """Whoever can be told something: a user of the project, of whom this app knows only this."""

    pk: Any
    language: str


@dataclass(frozen=True, slots=True)
class Telling:
    """One thing to tell one person; the arguments of `tell`."""

    recipient: Recipient
    event: str
    key: str
    context: Mapping[str, Any] = field(default_factory=dict)
    contact_point: ContactPoint | None = None
    secret: str = ""
    expires_at: datetime | None = None


def tell(
    recipient: Recipient,
    event: str,
    *,
    at: datetime,
    key: str,
    context: Mapping[str, Any] | None = None,
    contact_point: ContactPoint | None = None,
    secret: str = "",
    expires_at: datetime | None = None,
) -> Notification:
    """Write a notification and, where the recipient can be reached, its delivery; the same `key` twice is one.

    `context` holds only what is nobody's secret (the fields of `events.CONTEXT`); a one-time code goes
    into `secret`, which is encrypted, and emptied after sending. Without `contact_point` the preferred one
    is taken, else a verified one, else the first. A person without any reads it on their page. After
    `expires_at` (for an event that asks: the `answer_by` of the context) it is not told any more.

    Raises ValueError for an event that is not in the table, or a context that is not the event's.
    """
    telling = Telling(
        recipient=recipient,
        event=event,
        key=key,
        context=context or {},
        contact_point=contact_point,
        secret=secret,
        expires_at=expires_at,
    )
    return tell_many([telling], at=at)[0]


def tell_many(tellings: Sequence[Telling], *, at: datetime) -> list[Notification]:
    """Do what `tell` does for each, in the same handful of queries however many there are.

    Returns the notification of each telling, in their order. Raises ValueError as `tell` does, before
    anything is written.
    """
    for telling in tellings:
        _check(telling)
    rows = {row.key: row for row in Notification.objects.filter(key__in={telling.key for telling in tellings})}
    # In the order of their keys: two transactions with the same keys wait for one another, and not in a circle.
    new = {telling.key: telling for telling in sorted(tellings, key=lambda each: each.key) if telling.key not in rows}
    if new:
        rows |= _write(new, at=at)
    return [rows[telling.key] for telling in tellings]


def take_back(recipient: Recipient) -> int:
    """Forget what was to be told to this person and of which nothing has gone out yet; return how many notifications."""
    deliveries = Delivery.objects.select_for_update().filter(notification__recipient=recipient.pk)
    gone = {row.notification_id for row in deliveries if row.attempts or row.status == Delivery.Status.SENDING}
    unsaid = Notification.objects.filter(recipient=recipient.pk).exclude(pk__in=gone)
    ids = list(unsaid.values_list("pk", flat=True))
    Delivery.objects.filter(notification__in=ids).delete()
    Notification.objects.filter(pk__in=ids).delete()
    return len(ids)


def undelivered() -> QuerySet[Delivery]:
    """Return the deliveries that failed for good, newest first: a coordinator finds another way."""
    failed = Delivery.objects.filter(status=Delivery.Status.FAILED)
    return failed.select_related("notification__recipient", "contact_point").order_by("-pk")


def transport_for(point: ContactPoint) -> str:
    """Return the enabled transport that serves this kind of address best, or "" when none does."""
    enabled = settings.NOTIFICATION_CHANNELS
    return next((name for name in TRANSPORTS_FOR[ContactPoint.Channel(point.channel)] if name in enabled), "")


def _check(telling: Telling) -> None:
    if telling.event not in EVENTS:
        raise ValueError(f"There is no event {telling.event!r} in notifications.events.EVENTS.")
    event = EVENTS[telling.event]
    if unknown := sorted(set(telling.context) - CONTEXT):
        raise ValueError(f"A notification may not carry {unknown}; what it may is events.CONTEXT.")
    if missing := [name for name in event.needs if not telling.context.get(name)]:
        raise ValueError(f"{telling.event} needs {missing} in its context.")
    if event.carries_code != bool(telling.secret):
        raise ValueError(f"{telling.event} {'needs a' if event.carries_code else 'takes no'} secret.")


def _write(new: Mapping[str, Telling], *, at: datetime) -> dict[str, Notification]:
    points = _contact_points(new.values())
    transports = {key: transport_for(point) for key, point in points.items()}
    with transaction.atomic(savepoint=False):
        Notification.objects.bulk_create(
            [
                Notification(
                    recipient_id=telling.recipient.pk,
                    event=telling.event,
                    language=telling.recipient.language,
                    context=dict(telling.context),
                    # A code that nobody will send is not kept.
                    secret=telling.secret if transports.get(key) else "",
                    key=key,
                    created_at=at,
                    expires_at=_expires_at(telling),
                )
                for key, telling in new.items()
            ],
            ignore_conflicts=True,  # Somebody else may have told it a moment ago.
        )
        rows = {row.key: row for row in Notification.objects.filter(key__in=new)}
        Delivery.objects.bulk_create(
            [_delivery(rows[key], points[key], transports[key], at) for key in new if key in points],
            ignore_conflicts=True,
        )
    if any(transports.values()):
        wake("notifications.deliver")
    return rows


def _delivery(notification: Notification, point: ContactPoint, transport: str, at: datetime) -> Delivery:
    delivery = Delivery(
        notification=notification,
        contact_point=point,
        transport=transport,
        urgent=EVENTS[notification.event].urgent,
        next_attempt_at=at,
    )
    if not transport:
        # A row nevertheless, so that a coordinator sees who could not be told.
        delivery.status = Delivery.Status.FAILED
        delivery.error_class = Delivery.ErrorClass.PERMANENT
        delivery.error_text = f"{NO_CHANNEL} {point.channel}"
    return delivery


def _expires_at(telling: Telling) -> datetime | None:
    if telling.expires_at is None and EVENTS[telling.event].asks:
        return datetime.fromisoformat(telling.context["answer_by"])
    return telling.expires_at


def _contact_points(tellings: Iterable[Telling]) -> dict[str, ContactPoint]:
    """Return where each telling goes, by its key; a telling to somebody who cannot be reached is left out."""
    tellings = list(tellings)
    people = {telling.recipient.pk for telling in tellings if telling.contact_point is None}
    best: dict[Any, ContactPoint] = {}
    for point in ContactPoint.objects.filter(user_id__in=people).defer("address") if people else ():
        best[point.user_id] = min(point, best.get(point.user_id, point), key=_worse)
    chosen = {telling.key: telling.contact_point or best.get(telling.recipient.pk) for telling in tellings}
    return {key: point for key, point in chosen.items() if point is not None}


def _worse(point: ContactPoint) -> tuple[bool, bool, int]:
    return not point.preferred, point.verified_at is None, point.pk
