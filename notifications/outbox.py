"""The outbox: each message is a row, written in the transaction of the change that it reports.

Two words are easily mixed up. The *channel* of a contact point is the kind of its address (e-mail, SMS, Telegram). The
*transport* of a delivery is the module of `notifications.channels` that sends it. `TRANSPORTS_FOR` lists the
transports for each channel, and `settings.NOTIFICATION_TRANSPORTS` the transports that are switched on.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet

from notifications.events import CONTEXT, EVENTS
from notifications.models import ContactPoint, Delivery, Notification
from notifications.wakeups import wake

# The transports for each kind of address, best first. `console` serves every kind and is for trials.
TRANSPORTS_FOR = {
    ContactPoint.Channel.EMAIL: ("email", "gateway", "console"),
    ContactPoint.Channel.SMS: ("gateway", "console"),
    ContactPoint.Channel.TELEGRAM: ("gateway", "console"),
}


class Recipient(Protocol):
    """The part of a user that this app needs: an id and a language."""

    pk: Any
    language: str


@dataclass(frozen=True, slots=True)
class Telling:
    """One thing to tell one person: the arguments of `tell`."""

    recipient: Recipient
    event: str
    key: str
    context: Mapping[str, Any] = field(default_factory=dict)
    contact_point: ContactPoint | None = None
    secret: str = ""
    expires_at: datetime | None = None
    everywhere: Sequence[ContactPoint] | None = None
    """For a page: these contact points, all at once, instead of the best one. None are the person's inbox alone."""


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
    """Write a notification, and its delivery if the recipient can be reached; return the notification.

    A second call with the same `key` writes nothing. `context` holds fields of `events.CONTEXT` only, none of them
    personal. A one-time code goes into `secret`, which is encrypted, and emptied after sending. Without
    `contact_point`, the message goes to the preferred contact point, else to a verified one, else to the first. A
    person without a contact point reads it on their page. After `expires_at` (for an event that asks: `answer_by` of
    the context) the message is not sent.

    Raises ValueError for an event that is not in the table, or a context that does not fit the event.
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
    """Tell each telling as `tell` does, with the same few queries for any number of tellings.

    Returns the notifications in the order of the tellings. Raises ValueError as `tell` does, before any row is
    written.
    """
    for telling in tellings:
        _check(telling)
    rows = {row.key: row for row in Notification.objects.filter(key__in={telling.key for telling in tellings})}
    # Write in the order of the keys, so that two transactions with the same keys cannot deadlock.
    new = {telling.key: telling for telling in sorted(tellings, key=lambda each: each.key) if telling.key not in rows}
    if new:
        rows |= _write(new, at=at)
    return [rows[telling.key] for telling in tellings]


def take_back(recipient: Recipient) -> int:
    """Delete the notifications to this person that no provider was given yet; return their number."""
    deliveries = Delivery.objects.select_for_update().filter(notification__recipient=recipient.pk)
    gone = {row.notification_id for row in deliveries if row.attempts or row.status == Delivery.Status.SENDING}
    unsaid = Notification.objects.filter(recipient=recipient.pk).exclude(pk__in=gone)
    ids = list(unsaid.values_list("pk", flat=True))
    Delivery.objects.filter(notification__in=ids).delete()
    Notification.objects.filter(pk__in=ids).delete()
    return len(ids)


def undelivered() -> QuerySet[Delivery]:
    """Return the deliveries that failed for good, newest first, so that a coordinator can find another way."""
    failed = Delivery.objects.filter(status=Delivery.Status.FAILED)
    return failed.select_related("notification__recipient", "contact_point").order_by("-pk")


def transport_for(point: ContactPoint) -> str:
    """Return the best enabled transport for this kind of address, or "" if there is none."""
    enabled = settings.NOTIFICATION_TRANSPORTS
    return next((name for name in TRANSPORTS_FOR[ContactPoint.Channel(point.channel)] if name in enabled), "")


def _check(telling: Telling) -> None:
    if telling.event not in EVENTS:
        raise ValueError(f"There is no event {telling.event!r} in notifications.events.EVENTS.")
    event = EVENTS[telling.event]
    if unknown := sorted(set(telling.context) - CONTEXT):
        raise ValueError(f"A notification may not carry {unknown}; events.CONTEXT lists the fields that it may carry.")
    if missing := [name for name in event.needs if not telling.context.get(name)]:
        raise ValueError(f"{telling.event} needs {missing} in its context.")
    if event.carries_code != bool(telling.secret):
        raise ValueError(f"{telling.event} {'needs a' if event.carries_code else 'takes no'} secret.")


def _write(new: Mapping[str, Telling], *, at: datetime) -> dict[str, Notification]:
    points = _contact_points(new)
    sent = {key for key, each in points.items() if any(transport_for(point) for point in each)}
    with transaction.atomic(savepoint=False):
        Notification.objects.bulk_create(
            [
                Notification(
                    recipient_id=telling.recipient.pk,
                    event=telling.event,
                    language=telling.recipient.language,
                    context=dict(telling.context),
                    # Do not store a code that nobody will send.
                    secret=telling.secret if key in sent else "",
                    key=key,
                    created_at=at,
                    expires_at=_expires_at(telling),
                )
                for key, telling in new.items()
            ],
            ignore_conflicts=True,  # Another transaction may have written it a moment ago.
        )
        rows = {row.key: row for row in Notification.objects.filter(key__in=new)}
        Delivery.objects.bulk_create(
            [_delivery(rows[key], point, transport_for(point), at) for key in new for point in points[key]],
            ignore_conflicts=True,
        )
    if sent:
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
        # Write a failed row, so that a coordinator sees that this person could not be told.
        delivery.status = Delivery.Status.FAILED
        delivery.error_class = Delivery.ErrorClass.NO_CHANNEL
    return delivery


def _expires_at(telling: Telling) -> datetime | None:
    if telling.expires_at is None and EVENTS[telling.event].asks:
        return datetime.fromisoformat(telling.context["answer_by"])
    return telling.expires_at


def _contact_points(tellings: Mapping[str, Telling]) -> dict[str, list[ContactPoint]]:
    """Return the contact points of each telling by its key: none for people without one."""
    choosing = {
        each.recipient.pk for each in tellings.values() if each.contact_point is None and each.everywhere is None
    }
    best: dict[Any, ContactPoint] = {}
    for point in _known_to_reach(choosing):
        best[point.user_id] = min(point, best.get(point.user_id, point), key=_worse)
    chosen: dict[str, list[ContactPoint]] = {}
    for key, telling in tellings.items():
        one = telling.contact_point or best.get(telling.recipient.pk)
        chosen[key] = list(telling.everywhere) if telling.everywhere is not None else [one] if one else []
    return chosen


def _known_to_reach(people: Collection[Any]) -> Iterable[ContactPoint]:
    """Return the contact points of these people, without those to which only a code was sent."""
    points = ContactPoint.objects.filter(user_id__in=people, check_pending=None).defer("address")
    return points if people else ()


def _worse(point: ContactPoint) -> tuple[bool, bool, int]:
    return not point.preferred, point.verified_at is None, point.pk
