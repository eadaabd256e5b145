"""Delivery over a real HTTP gateway that takes, fails, stalls, refuses, limits and cuts off."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.db import connection
from django.test import override_settings

from accounts.models import User
from notifications import delivering
from notifications.channels import Sent
from notifications.delivering import MOST_ATTEMPTS, claim, deliver_due, record, try_again
from notifications.models import ContactPoint, Delivery, Notification
from notifications.outbox import tell, undelivered
from tests.integration.notifications.conftest import NOON
from tests.standins.gateway import TOKEN, Answer, Gateway, broken, cut, dripping, rate_limited, refused, stalled


def deliver(at: datetime = NOON) -> int:
    """Deliver what is due at this moment, with back-off but without jitter."""
    return deliver_due(now=lambda: at, jitter=lambda: 0.0)


def row() -> Delivery:
    return Delivery.objects.get()


# -- taken ----------------------------------------------------------------------------------------


def test_deliver_posts_the_message_with_its_key(gateway: Gateway, hanna: User) -> None:
    tell(hanna, "host_vetted", at=NOON, key="vetted:1")

    assert deliver() == 1

    key = str(row().idempotency_key)
    request = gateway.requests[0]
    assert (request.key, request.authorization) == (key, f"Bearer {TOKEN}")
    assert {name: value for name, value in request.body.items() if name != "text"} == {
        "channel": "email",
        "to": "hanna@example.org",
        "subject": "All checks are done. Thank you! From now on we may ask you.",
        "idempotency_key": key,
    }
    assert request.body["text"].startswith("All checks are done. Thank you! From now on we may send you questions;")
    assert (row().status, row().sent_at, row().provider_id, row().attempts) == (
        "sent",
        NOON,
        f"message-{key[:8]}",
        1,
    )


def test_deliver_sends_a_phone_the_short_text_only(gateway: Gateway, carla: User) -> None:
    tell(carla, "proposals_waiting", at=NOON, key="waiting:1")

    deliver()

    assert [(request.body["to"], request.body["text"]) for request in gateway.requests] == [
        ("+77001234567", "Proposals are waiting for your decision.")
    ]


def test_deliver_again_sends_nothing_twice(gateway: Gateway, hanna: User) -> None:
    tell(hanna, "host_vetted", at=NOON, key="vetted:1")

    assert [deliver(), deliver(), deliver(NOON + timedelta(days=1))] == [1, 0, 0]
    assert len(gateway.requests) == 1


def test_deliver_goes_on_until_nothing_is_due(gateway: Gateway, hanna: User) -> None:
    for number in range(2 * delivering.SIDE_BY_SIDE + 1):
        tell(hanna, "host_confirmed", at=NOON, key=f"confirmed:{number}")

    assert deliver() == 2 * delivering.SIDE_BY_SIDE + 1
    assert len(gateway.taken) == len(gateway.requests) == 2 * delivering.SIDE_BY_SIDE + 1


def test_deliver_keeps_no_id_of_an_answer_that_never_ends(gateway: Gateway, hanna: User) -> None:
    gateway.will_answer(dripping())
    tell(hanna, "host_vetted", at=NOON, key="vetted:1")

    deliver()

    assert (row().status, row().provider_id) == ("sent", "")


@pytest.mark.parametrize(
    ("body", "provider_id"),
    [({"id": 17}, "17"), ({"id": "a\0b"}, "ab"), ({"id": None}, ""), ({"id": ["x"]}, ""), ({}, "")],
)
def test_deliver_keeps_the_id_a_provider_gives(
    gateway: Gateway, hanna: User, body: dict[str, Any], provider_id: str
) -> None:
    gateway.will_answer(Answer(202, body=body, takes=False))
    tell(hanna, "host_vetted", at=NOON, key="vetted:1")

    deliver()

    assert (row().status, row().provider_id) == ("sent", provider_id)


# -- failures -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "error_class", "answered", "wait_seconds"),
    [
        (broken(500), "server", ("500", ""), 2.5),
        (broken(503), "server", ("503", ""), 2.5),
        (stalled(), "timeout", ("", ""), 2.5),
        (Answer(408, takes=False), "timeout", ("408", ""), 2.5),
        (rate_limited("120"), "rate_limited", ("429", ""), 120.0),
        (rate_limited(None), "rate_limited", ("429", ""), 2.5),
        (cut(), "unknown", ("", "RemoteProtocolError"), 2.5),
        (Answer(401, takes=False), "unknown", ("401", ""), 2.5),
        (Answer(302, takes=False), "unknown", ("302", ""), 2.5),
    ],
    ids=lambda value: (
        getattr(value, "status", None) and f"{value.status}{'-stalls' * value.stalls}{'-cut' * value.cuts}"
    ),
)
def test_deliver_tries_again_after_a_failure_that_may_pass(
    gateway: Gateway, hanna: User, answer: Answer, error_class: str, answered: tuple[str, str], wait_seconds: float
) -> None:
    gateway.will_answer(answer)
    tell(hanna, "host_vetted", at=NOON, key="vetted:1")

    assert deliver() == 0
    failed = row()
    too_soon = deliver(NOON + timedelta(seconds=wait_seconds - 0.1))
    in_time = deliver(NOON + timedelta(seconds=wait_seconds))

    assert (failed.status, failed.error_class, (failed.error_text, failed.exception)) == (
        *("waiting", error_class, answered),
    )
    assert failed.next_attempt_at == NOON + timedelta(seconds=wait_seconds)
    assert (too_soon, in_time) == (0, 1)
    assert (row().status, row().attempts, row().error_class, row().error_text, row().exception) == (
        "sent",
        2,
        "",
        "",
        "",
    )
    assert len({request.key for request in gateway.requests}) == 1
    assert len(gateway.taken) == 1


@pytest.mark.parametrize("status", [400, 410, 413, 415, 422])
def test_deliver_never_tries_again_after_a_permanent_failure(gateway: Gateway, hanna: User, status: int) -> None:
    gateway.will_answer(refused(status))
    tell(hanna, "host_vetted", at=NOON, key="vetted:1")

    deliver()
    deliver(NOON + timedelta(days=30))

    assert [(failed.error_class, failed.error_text) for failed in undelivered()] == [("permanent", str(status))]
    assert len(gateway.requests) == 1


@pytest.mark.parametrize("answer", [stalled(takes=True), cut(takes=True)], ids=["stalled", "cut"])
def test_deliver_again_after_a_lost_answer_is_counted_once(gateway: Gateway, hanna: User, answer: Answer) -> None:
    gateway.will_answer(answer)
    tell(hanna, "host_vetted", at=NOON, key="vetted:1")

    deliver()
    deliver(NOON + timedelta(seconds=10))

    assert row().status == "sent"
    assert (len(gateway.requests), len(gateway.taken), gateway.conflicts) == (2, 1, [])


def test_deliver_gives_up_after_the_last_attempt(gateway: Gateway, hanna: User) -> None:
    gateway.always_answers(broken())
    tell(hanna, "host_vetted", at=NOON, key="vetted:1")

    for day in range(MOST_ATTEMPTS + 5):
        deliver(NOON + timedelta(days=day))

    assert (row().status, row().error_class, row().attempts) == ("failed", "server", MOST_ATTEMPTS)
    assert len(gateway.requests) == MOST_ATTEMPTS


def test_deliver_gives_up_a_message_that_kills_every_worker(gateway: Gateway, hanna: User) -> None:
    tell(hanna, "host_vetted", at=NOON, key="vetted:1")
    for day in range(MOST_ATTEMPTS):
        assert len(claim(at=NOON + timedelta(days=day))) == 1  # and the worker dies

    deliver(NOON + timedelta(days=MOST_ATTEMPTS))

    assert (row().status, row().error_class, row().error_text) == ("failed", "lost", "")
    assert gateway.requests == []


def test_deliver_keeps_no_answer_of_the_provider_that_may_repeat_an_address(gateway: Gateway, carla: User) -> None:
    gateway.will_answer(refused(400, message="no such number: +77001234567"))
    tell(carla, "proposals_waiting", at=NOON, key="waiting:1")

    deliver()

    assert row().error_text == "400"


def test_deliver_pauses_a_provider_that_limits_its_rate(gateway: Gateway, hanna: User) -> None:
    gateway.always_answers(rate_limited("60"))
    for number in range(5 * delivering.SIDE_BY_SIDE):
        tell(hanna, "host_confirmed", at=NOON, key=f"confirmed:{number}")

    deliver()

    assert len(gateway.requests) == delivering.SIDE_BY_SIDE
    assert Delivery.objects.filter(status="waiting", attempts=0).count() == 4 * delivering.SIDE_BY_SIDE


def test_deliver_skips_an_address_that_no_key_opens(
    gateway: Gateway, hanna: User, carla: User, caplog: pytest.LogCaptureFixture
) -> None:
    tell(hanna, "host_vetted", at=NOON, key="vetted:1")
    told = tell(carla, "proposals_waiting", at=NOON, key="waiting:1")
    field = ContactPoint._meta.get_field("address")
    with override_settings(FIELD_KEYS=[Fernet.generate_key().decode()]):
        lost_key = field.get_prep_value("hanna@example.org")
    with connection.cursor() as cursor:
        cursor.execute("UPDATE notifications_contactpoint SET address = %s WHERE user_id = %s", [lost_key, hanna.pk])

    assert deliver() == 1

    assert told.deliveries.get().status == "sent"
    unopened = Delivery.objects.exclude(notification=told).get()
    assert (unopened.status, unopened.error_class, unopened.error_text) == ("waiting", "unknown", "")
    assert unopened.exception == "DoesNotOpen"
    assert "hanna@example.org" not in caplog.text


# -- when -----------------------------------------------------------------------------------------


def test_claim_takes_the_urgent_first(gateway: Gateway, hanna: User) -> None:
    tell(hanna, "host_vetted", at=NOON - timedelta(hours=1), key="vetted:1")
    code = tell(hanna, "sign_in_code", at=NOON, key="code:1", secret="482177")

    assert [claimed.notification for claimed in claim(at=NOON, limit=1)] == [code]


def test_deliver_waits_for_the_end_of_quiet_hours(gateway: Gateway, hanna: User) -> None:
    ContactPoint.objects.update(quiet_from=time(22), quiet_until=time(7))
    midnight, morning = datetime(2022, 9, 26, 18, tzinfo=UTC), datetime(2022, 9, 27, 1, tzinfo=UTC)
    tell(hanna, "host_vetted", at=midnight, key="vetted:1")

    at_night = deliver(midnight)
    waiting = row()
    in_the_morning = deliver(morning)

    assert (waiting.status, waiting.attempts, waiting.next_attempt_at) == ("waiting", 0, morning)
    assert (at_night, in_the_morning) == (0, 1)


def test_deliver_wakes_people_for_what_is_urgent(gateway: Gateway, hanna: User) -> None:
    ContactPoint.objects.update(quiet_from=time(22), quiet_until=time(7))
    midnight = datetime(2022, 9, 26, 18, tzinfo=UTC)
    tell(hanna, "host_cancelled", at=midnight, key="cancelled:1")

    assert deliver(midnight) == 1


def test_deliver_does_not_ask_after_the_time_to_answer_is_over(gateway: Gateway, hanna: User) -> None:
    answer_by = NOON + timedelta(hours=3)
    tell(hanna, "host_asked", at=NOON, key="asked:1", context={"answer_by": answer_by.isoformat()})

    deliver(answer_by)

    assert [(failed.error_class, failed.error_text) for failed in undelivered()] == [("expired", "")]
    assert gateway.requests == []


def test_deliver_waits_no_longer_than_the_time_to_answer(gateway: Gateway, hanna: User) -> None:
    gateway.will_answer(rate_limited("36000"))
    answer_by = NOON + timedelta(hours=3)
    tell(hanna, "host_asked", at=NOON, key="asked:1", context={"answer_by": answer_by.isoformat()})

    deliver()

    assert row().next_attempt_at == answer_by


# -- sign-in codes --------------------------------------------------------------------------------


def tell_code(person: User) -> Notification:
    return tell(person, "sign_in_code", at=NOON, key="code:1", secret="482177", expires_at=NOON + timedelta(minutes=10))


def test_deliver_sends_a_code_and_forgets_it(gateway: Gateway, hanna: User) -> None:
    tell_code(hanna)

    deliver()

    assert gateway.requests[0].body["text"].startswith("482177 is your code.")
    assert Notification.objects.get().secret == ""


def test_deliver_keeps_a_code_that_is_still_to_be_sent(gateway: Gateway, hanna: User) -> None:
    gateway.will_answer(broken())
    tell_code(hanna)

    deliver()

    assert Notification.objects.get().secret == "482177"


def test_deliver_sends_no_code_that_is_too_old_and_forgets_it(gateway: Gateway, hanna: User) -> None:
    tell_code(hanna)

    deliver(NOON + timedelta(minutes=10))

    assert (row().status, row().error_class, Notification.objects.get().secret) == ("failed", "expired", "")
    assert gateway.requests == []


def test_deliver_forgets_a_code_that_can_never_be_sent(gateway: Gateway, hanna: User) -> None:
    gateway.will_answer(refused())
    tell_code(hanna)

    deliver()
    again = try_again(row().pk, at=NOON)
    deliver()

    assert (again, Notification.objects.get().secret, row().error_class) == (True, "", "expired")
    assert len(gateway.requests) == 1


# -- the lease ------------------------------------------------------------------------------------


def test_claim_leaves_deliveries_that_another_worker_holds(settings: Any, gateway: Gateway, hanna: User) -> None:
    settings.LEASE_SECONDS = 60
    tell(hanna, "host_vetted", at=NOON, key="vetted:1")

    first = claim(at=NOON)
    second = claim(at=NOON + timedelta(seconds=59))
    after = claim(at=NOON + timedelta(seconds=60))

    assert ([len(rows) for rows in (first, second, after)], row().attempts) == ([1, 0, 1], 2)


def test_record_writes_nothing_when_another_worker_holds_the_lease(
    settings: Any, gateway: Gateway, hanna: User
) -> None:
    settings.LEASE_SECONDS = 60
    tell(hanna, "host_vetted", at=NOON, key="vetted:1")
    slow = claim(at=NOON)[0]
    quick = claim(at=NOON + timedelta(seconds=61))[0]

    late = record(slow, Sent("late"), at=NOON + timedelta(seconds=62), jitter=lambda: 0.0)
    held = row()
    own = record(quick, Sent("own"), at=NOON + timedelta(seconds=63), jitter=lambda: 0.0)

    assert (late, held.status, held.leased_until) == (False, "sending", quick.leased_until)
    assert (own, row().status, row().provider_id) == (True, "sent", "own")


# -- again by hand --------------------------------------------------------------------------------


def test_try_again_sends_a_failed_delivery_under_its_key(gateway: Gateway, hanna: User) -> None:
    gateway.will_answer(refused())
    tell(hanna, "host_vetted", at=NOON, key="vetted:1")
    deliver()
    failed = row()

    assert try_again(failed.pk, at=NOON)
    deliver()

    assert (row().status, row().attempts) == ("sent", 1)
    assert list(gateway.taken) == [str(failed.idempotency_key)]


def test_try_again_leaves_a_delivery_alone_that_did_not_fail(gateway: Gateway, hanna: User) -> None:
    tell(hanna, "host_vetted", at=NOON, key="vetted:1")
    deliver()

    assert not try_again(row().pk, at=NOON)
    assert row().status == "sent"


def test_try_again_takes_a_channel_that_was_switched_on_meanwhile(settings: Any, gateway: Gateway, carla: User) -> None:
    settings.NOTIFICATION_TRANSPORTS = ["email"]
    tell(carla, "proposals_waiting", at=NOON, key="waiting:1")
    without = try_again(row().pk, at=NOON)
    settings.NOTIFICATION_TRANSPORTS = ["gateway"]

    assert (without, try_again(row().pk, at=NOON), deliver()) == (False, True, 1)
