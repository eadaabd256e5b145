"""Delivering the messages of the outbox: claim rows under a lease, commit, call the provider, record the outcome.

1. Claim some due rows with FOR UPDATE SKIP LOCKED and a lease, and commit. Several workers share the work, and
   nothing slow happens inside a transaction.
2. Send the messages side by side, each with its idempotency key. Renew the lease of a slow one, because the lease
   shows that the worker is alive, not that the provider is fast.
3. Record each outcome, but only if this worker still holds the lease. If a worker is killed before, the lease of the
   row runs out and another worker sends the message again under the same key. So every message is sent at least once,
   and reaches people exactly once if the provider knows idempotency keys.
"""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from notifications import taps
from notifications.channels import TRANSPORTS, DeliveryFailed, Message, Sent
from notifications.events import EVENTS, EVENTS_WITH_A_CODE
from notifications.models import ContactPoint, Delivery, Notification
from notifications.outbox import transport_for
from notifications.texts import render
from notifications.wakeups import wake

log = logging.getLogger(__name__)

Now = Callable[[], datetime]
Jitter = Callable[[], float]
"""Returns a number from 0 to 1."""

SIDE_BY_SIDE = 8
LONGEST_RUN = timedelta(seconds=30)
"""Longest run of one task, so that a backlog does not keep a worker from other work. The next wake-up continues."""

MOST_ATTEMPTS = 20
FIRST_BACKOFF_SECONDS = 5.0
LONGEST_BACKOFF_SECONDS = 3600.0
"""These three let a message survive a provider that is down for a night (about eight hours)."""
LONGEST_RETRY_AFTER_SECONDS = 86_400.0


@dataclass(frozen=True, slots=True)
class Later:
    """The message waits: the person has quiet hours until `until`."""

    until: datetime


@dataclass(frozen=True, slots=True)
class TooLate:
    """The message is dropped: it is no use to the person any more."""


SendingOutcome = Sent | DeliveryFailed | Later | TooLate


def deliver_due(*, now: Now, jitter: Jitter) -> int:
    """Deliver until nothing is due, or for about LONGEST_RUN; return the number of messages sent."""
    enough, sent = now() + LONGEST_RUN, 0
    limited: set[str] = set()
    with ThreadPoolExecutor(SIDE_BY_SIDE) as threads:
        while now() < enough and (claimed := claim(at=now(), without=limited)):
            for delivery, outcome in _outcomes(claimed, threads, now=now):
                recorded = record(delivery, outcome, at=now(), jitter=jitter)
                sent += recorded and isinstance(outcome, Sent)
                if isinstance(outcome, DeliveryFailed) and outcome.error_class == "rate_limited":
                    limited.add(delivery.transport)  # Leave that provider alone for the rest of this run.
    return sent


def claim(*, at: datetime, limit: int = SIDE_BY_SIDE, without: Iterable[str] = ()) -> list[Delivery]:
    """Take up to `limit` due deliveries under a lease, urgent ones first.

    Deliveries that wait are due, and so are those whose lease has run out. `without` names transports to leave out.
    """
    until = at + timedelta(seconds=settings.LEASE_SECONDS)
    due = Delivery.objects.filter(
        status__in=[Delivery.Status.WAITING, Delivery.Status.SENDING], next_attempt_at__lte=at
    )
    with transaction.atomic():
        # Do not load addresses and texts here: one that no key can decrypt would stop all the others.
        rows = list(
            due.exclude(transport__in=without)
            .select_for_update(skip_locked=True)
            .order_by("-urgent", "next_attempt_at")[:limit]
        )
        Delivery.objects.filter(pk__in=[row.pk for row in rows]).update(
            status=Delivery.Status.SENDING, leased_until=until, next_attempt_at=until, attempts=F("attempts") + 1
        )
    for row in rows:
        row.status, row.leased_until, row.next_attempt_at = Delivery.Status.SENDING, until, until
        row.attempts += 1
    return rows


def _outcomes(claimed: Iterable[Delivery], threads: Executor, *, now: Now) -> Iterator[tuple[Delivery, SendingOutcome]]:
    """Send the claimed deliveries side by side; yield each with its outcome as soon as the outcome is known."""
    sending: dict[Future[SendingOutcome], Delivery] = {}
    for delivery in claimed:
        prepared = _prepare(delivery, at=now())
        if isinstance(prepared, Message):
            sending[threads.submit(_send, delivery.transport, prepared)] = delivery
        else:
            yield delivery, prepared
    third = timedelta(seconds=settings.LEASE_SECONDS / 3)
    renew_at = now() + third
    while sending:
        done, _ = wait(sending, timeout=third.total_seconds(), return_when=FIRST_COMPLETED)
        for future in done:
            yield sending.pop(future), future.result()
        if sending and now() >= renew_at:
            _renew(sending.values(), at=now())
            renew_at = now() + third


def _prepare(delivery: Delivery, *, at: datetime) -> Message | SendingOutcome:
    """Return the message to send, or the outcome if there is nothing to send."""
    if delivery.attempts > MOST_ATTEMPTS:
        return DeliveryFailed("lost")
    try:
        notification, point = delivery.notification, delivery.contact_point
        event = EVENTS[notification.event]
        if notification.expires_at is not None and notification.expires_at <= at:
            return TooLate()
        if event.carries_code and not notification.secret:
            return TooLate()
        if not event.urgent and (until := end_of_quiet(point, at)):
            return Later(until)
        context = notification.context | {"code": notification.secret}
        one_tap = taps.link_to(notification) if event.asks else ""
        text = render(notification.event, notification.language, context, one_tap=one_tap)
        return Message(
            channel=point.channel,
            address=point.address,
            subject=text.subject,
            body=text.body,
            sms=text.sms,
            idempotency_key=delivery.idempotency_key,
        )
    except Exception as error:
        return _unforeseen(error)


def _send(transport: str, message: Message) -> SendingOutcome:
    try:
        return TRANSPORTS[transport](message)
    except DeliveryFailed as failure:
        return failure
    except Exception as error:
        return _unforeseen(error)


def _unforeseen(error: Exception) -> DeliveryFailed:
    # Log the place of the error without its text, which may repeat an address.
    log.error(
        "delivery failed with %s\n%s",
        error.__class__.__name__,
        "".join(traceback.format_tb(error.__traceback__)),
    )
    return DeliveryFailed("unknown", exception=error.__class__.__name__)


def end_of_quiet(point: ContactPoint, at: datetime) -> datetime | None:
    """Return the end of the person's quiet hours if `at` lies in them, else None. Quiet hours are in TIME_ZONE."""
    start, end = point.quiet_from, point.quiet_until
    if start is None or end is None:
        return None
    local = timezone.localtime(at, timezone.get_default_timezone())
    clock = local.time()
    if start <= end:
        quiet, days = start <= clock < end, 0
    else:  # over midnight
        quiet, days = clock >= start or clock < end, int(clock >= start)
    return datetime.combine(local.date() + timedelta(days=days), end, tzinfo=local.tzinfo) if quiet else None


def record(delivery: Delivery, outcome: SendingOutcome, *, at: datetime, jitter: Jitter) -> bool:
    """Write the outcome of a claimed delivery if this worker still holds its lease; return whether it does."""
    match outcome:
        case Sent(provider_id):
            return _write(
                delivery,
                status=Delivery.Status.SENT,
                sent_at=at,
                provider_id=provider_id,
                error_class="",
                error_text="",
                exception="",
            )
        case Later(until):
            return _write(
                delivery, status=Delivery.Status.WAITING, next_attempt_at=until, attempts=delivery.attempts - 1
            )
        case TooLate():
            return _write(
                delivery,
                status=Delivery.Status.FAILED,
                error_class=Delivery.ErrorClass.EXPIRED,
                error_text="",
                exception="",
            )
        case DeliveryFailed(error_class=error_class, answer=answer, exception=exception, retry_after=retry_after):
            final = error_class == "permanent" or delivery.attempts >= MOST_ATTEMPTS
            return _write(
                delivery,
                status=Delivery.Status.FAILED if final else Delivery.Status.WAITING,
                error_class=error_class,
                error_text=answer[:500],
                exception=exception[:60],
                next_attempt_at=_next_attempt_at(delivery, retry_after, at=at, jitter=jitter),
            )


def _next_attempt_at(delivery: Delivery, retry_after: float | None, *, at: datetime, jitter: Jitter) -> datetime:
    then = at + timedelta(seconds=backoff(delivery.attempts, retry_after, jitter()))
    expires_at = Notification.objects.values_list("expires_at", flat=True).get(pk=delivery.notification_id)
    # Try no later than the message expires: that try fails, and a coordinator soon sees that nobody was told.
    return then if expires_at is None else max(at, min(then, expires_at))


def backoff(attempts: int, retry_after: float | None, jitter: float) -> float:
    """Return the seconds to wait after `attempts` attempts.

    The wait doubles from FIRST_BACKOFF_SECONDS to LONGEST_BACKOFF_SECONDS, and `jitter` (0 to 1) spreads its second
    half. It is at least the provider's `retry_after` in seconds, of which at most a day counts.
    """
    longest = min(LONGEST_BACKOFF_SECONDS, FIRST_BACKOFF_SECONDS * 2 ** (attempts - 1))
    asked = min(retry_after or 0.0, LONGEST_RETRY_AFTER_SECONDS)
    return asked + jitter if asked > longest else max(asked, longest * (0.5 + 0.5 * jitter))


def try_again(delivery_id: int, *, at: datetime) -> bool:
    """Put a failed delivery back into the queue.

    Returns False if the delivery has not failed, or if no enabled channel serves its address.
    """
    point = ContactPoint.objects.defer("address").filter(deliveries=delivery_id).first()
    transport = transport_for(point) if point else ""
    if not transport:
        return False
    again = Delivery.objects.filter(pk=delivery_id, status=Delivery.Status.FAILED).update(
        status=Delivery.Status.WAITING, transport=transport, attempts=0, next_attempt_at=at
    )
    if again:
        wake("notifications.deliver")
    return bool(again)


def _ours(delivery: Delivery) -> QuerySet[Delivery]:
    return Delivery.objects.filter(pk=delivery.pk, status=Delivery.Status.SENDING, leased_until=delivery.leased_until)


def _renew(deliveries: Iterable[Delivery], *, at: datetime) -> None:
    until = at + timedelta(seconds=settings.LEASE_SECONDS)
    for delivery in deliveries:
        if _ours(delivery).update(leased_until=until, next_attempt_at=until):
            delivery.leased_until = delivery.next_attempt_at = until


def _write(delivery: Delivery, **columns: object) -> bool:
    with transaction.atomic():
        written = _ours(delivery).update(leased_until=None, **columns)
        if written and columns["status"] in (Delivery.Status.SENT, Delivery.Status.FAILED):
            _forget_code(delivery.notification_id)
    if not written:
        log.warning("delivery %s was taken over by another worker", delivery.pk)
    return bool(written)


def _forget_code(notification_id: int) -> None:
    outstanding = [Delivery.Status.WAITING, Delivery.Status.SENDING]
    code = Notification.objects.filter(pk=notification_id, event__in=EVENTS_WITH_A_CODE)
    code.exclude(deliveries__status__in=outstanding).update(secret="")
