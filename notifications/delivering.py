"""Delivering what the outbox holds: claim under a lease, commit, call the provider, record.

1. Claim some due rows with FOR UPDATE SKIP LOCKED and a lease, and commit: several workers share the
   work, and nothing slow happens inside a transaction.
2. Send them side by side, each with its idempotency key, and renew the lease of those that take long: it
   says that a worker is alive, not that a provider is quick.
3. Record each outcome, only if the lease is still ours. A worker killed before that leaves a row whose
   lease runs out; it is sent again under the same key: at least once, and once for a provider that knows keys.
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
from notifications.events import CODES, EVENTS
from notifications.models import TOO_LATE, ContactPoint, Delivery, Notification
from notifications.outbox import transport_for
from notifications.texts import render
from notifications.wakeups import wake

log = logging.getLogger(__name__)

Now = Callable[[], datetime]
Jitter = Callable[[], float]
"""Returns a number from 0 to 1."""

SIDE_BY_SIDE = 8
LONGEST_RUN = timedelta(seconds=30)
"""A backlog must not keep a worker from everything else; the next wake-up goes on."""

MOST_ATTEMPTS = 20
FIRST_BACKOFF_SECONDS = 5.0
LONGEST_BACKOFF_SECONDS = 3600.0
"""With the two above, a message outlives a provider that is down for a night (about eight hours)."""
LONGEST_RETRY_AFTER_SECONDS = 86_400.0


@dataclass(frozen=True, slots=True)
class Later:
    """Not now: the person has quiet hours until then."""

    until: datetime


@dataclass(frozen=True, slots=True)
class TooLate:
    """The notification is not worth telling any more."""


Outcome = Sent | DeliveryFailed | Later | TooLate


def deliver_due(*, now: Now, jitter: Jitter) -> int:
    """Deliver until nothing is due, or for about LONGEST_RUN; return how many were sent."""
    enough, sent = now() + LONGEST_RUN, 0
    limited: set[str] = set()
    with ThreadPoolExecutor(SIDE_BY_SIDE) as threads:
        while now() < enough and (claimed := claim(at=now(), without=limited)):
            for delivery, outcome in _outcomes(claimed, threads, now=now):
                recorded = record(delivery, outcome, at=now(), jitter=jitter)
                sent += recorded and isinstance(outcome, Sent)
                if isinstance(outcome, DeliveryFailed) and outcome.error_class == "rate_limited":
                    limited.add(delivery.transport)  # The rest of this run leaves that provider alone.
    return sent


def claim(*, at: datetime, limit: int = SIDE_BY_SIDE, without: Iterable[str] = ()) -> list[Delivery]:
    """Take up to `limit` due deliveries under a lease, urgent ones first: new ones, and those whose lease ran out."""
    until = at + timedelta(seconds=settings.LEASE_SECONDS)
    due = Delivery.objects.filter(
        status__in=[Delivery.Status.WAITING, Delivery.Status.SENDING], next_attempt_at__lte=at
    )
    with transaction.atomic():
        # Without the address and the text: one that no key can decrypt must not stop the others.
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


def _outcomes(claimed: Iterable[Delivery], threads: Executor, *, now: Now) -> Iterator[tuple[Delivery, Outcome]]:
    """Send the claimed deliveries side by side; yield each with what came of it, as soon as it is known."""
    sending: dict[Future[Outcome], Delivery] = {}
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


def _prepare(delivery: Delivery, *, at: datetime) -> Message | Outcome:
    """Return the message to send, or why there is none."""
    if delivery.attempts > MOST_ATTEMPTS:
        return DeliveryFailed("unknown", "no worker lived through an attempt")
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


def _send(transport: str, message: Message) -> Outcome:
    try:
        return TRANSPORTS[transport](message)
    except DeliveryFailed as failure:
        return failure
    except Exception as error:
        return _unforeseen(error)


def _unforeseen(error: Exception) -> DeliveryFailed:
    # Where it happened, but not the error's own words: they may repeat an address.
    log.error(
        "delivery failed with %s\n%s",
        error.__class__.__name__,
        "".join(traceback.format_tb(error.__traceback__)),
    )
    return DeliveryFailed("unknown", error.__class__.__name__)


def end_of_quiet(point: ContactPoint, at: datetime) -> datetime | None:
    """Return when the person's quiet hours end if `at` lies in them, else None. They are hours of TIME_ZONE."""
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


def record(delivery: Delivery, outcome: Outcome, *, at: datetime, jitter: Jitter) -> bool:
    """Write what came of a claimed delivery if its lease is still ours; return whether it was."""
    match outcome:
        case Sent(provider_id):
            return _write(
                delivery,
                status=Delivery.Status.SENT,
                sent_at=at,
                provider_id=provider_id,
                error_class="",
                error_text="",
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
                error_text=TOO_LATE,
            )
        case DeliveryFailed(error_class=error_class, retry_after=retry_after):
            final = error_class == "permanent" or delivery.attempts >= MOST_ATTEMPTS
            return _write(
                delivery,
                status=Delivery.Status.FAILED if final else Delivery.Status.WAITING,
                error_class=error_class,
                error_text=str(outcome)[:500],
                next_attempt_at=_next_attempt_at(delivery, retry_after, at=at, jitter=jitter),
            )


def _next_attempt_at(delivery: Delivery, retry_after: float | None, *, at: datetime, jitter: Jitter) -> datetime:
    then = at + timedelta(seconds=backoff(delivery.attempts, retry_after, jitter()))
    expires_at = Notification.objects.values_list("expires_at", flat=True).get(pk=delivery.notification_id)
    # No later than it expires, so that a coordinator soon sees what could not be told.
    return then if expires_at is None else max(at, min(then, expires_at))


def backoff(attempts: int, retry_after: float | None, jitter: float) -> float:
    """Return the seconds to wait after so many attempts.

    It doubles from FIRST_ to LONGEST_BACKOFF_SECONDS, the last half of it spread by `jitter` (0 to 1); never
    less than the provider asked for in `retry_after`, as long as that is at most a day.
    """
    longest = min(LONGEST_BACKOFF_SECONDS, FIRST_BACKOFF_SECONDS * 2 ** (attempts - 1))
    asked = min(retry_after or 0.0, LONGEST_RETRY_AFTER_SECONDS)
    return asked + jitter if asked > longest else max(asked, longest * (0.5 + 0.5 * jitter))


def try_again(delivery_id: int, *, at: datetime) -> bool:
    """Put a failed delivery back into the queue; return whether it was a failed one that some channel can send."""
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
    code = Notification.objects.filter(pk=notification_id, event__in=CODES)
    code.exclude(deliveries__status__in=outstanding).update(secret="")
