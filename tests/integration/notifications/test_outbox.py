"""The outbox: a message is written with the change it reports, once, to the right address, and nothing of it leaks."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, connections, transaction

from accounts.contacts import add_contact_point
from accounts.models import User
from notifications.models import ContactPoint, Delivery, Notification
from notifications.outbox import Telling, tell, tell_many, undelivered
from tests.integration.notifications.conftest import NOON

ANSWER_BY = NOON + timedelta(hours=6)


def _in_threads(*acts: Callable[[], object]) -> None:
    def run(act: Callable[[], object]) -> None:
        try:
            act()
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


# -- which person at which address ------------------------------------------------------------------


def test_tell_writes_the_notification_and_its_delivery(hanna: User) -> None:
    told = tell(
        hanna, "host_asked", at=NOON, key="asked:1", context={"match": "m1", "answer_by": ANSWER_BY.isoformat()}
    )

    notification = Notification.objects.get()
    delivery = Delivery.objects.get()
    assert told == notification
    assert (notification.recipient, notification.event, notification.language, notification.created_at) == (
        hanna,
        "host_asked",
        "en",
        NOON,
    )
    assert notification.context == {"match": "m1", "answer_by": "2022-09-26T12:00:00+00:00"}
    assert (delivery.notification, delivery.contact_point, delivery.transport, delivery.status) == (
        notification,
        hanna.contact_points.get(),
        "console",
        "waiting",
    )
    assert (delivery.urgent, delivery.attempts, delivery.next_attempt_at) == (True, 0, NOON)


def test_tell_somebody_without_any_address_leaves_it_on_their_page(amira: User) -> None:
    told = tell(amira, "arrival_confirmed", at=NOON, key="confirmed:1")

    assert list(amira.notifications.all()) == [told]
    assert Delivery.objects.count() == 0


@pytest.mark.parametrize(
    ("points", "chosen"),
    [
        ([("a@example.org", True, False), ("b@example.org", False, True)], "b@example.org"),
        ([("a@example.org", False, False), ("b@example.org", True, False)], "b@example.org"),
        ([("a@example.org", False, False), ("b@example.org", False, False)], "a@example.org"),
    ],
    ids=["preferred before verified", "verified before unverified", "else the first"],
)
def test_tell_takes_the_best_address(amira: User, points: list[tuple[str, bool, bool]], chosen: str) -> None:
    for address, verified, preferred in points:
        add_contact_point(amira, "email", address, verified_at=NOON if verified else None, preferred=preferred)

    tell(amira, "arrival_confirmed", at=NOON, key="confirmed:1")

    assert [delivery.contact_point.address for delivery in Delivery.objects.all()] == [chosen]


def test_tell_takes_the_address_it_is_given(hanna: User) -> None:
    phone = add_contact_point(hanna, "sms", "+77000000001")

    tell(hanna, "host_vetted", at=NOON, key="vetted:1", contact_point=phone)

    assert [delivery.contact_point for delivery in Delivery.objects.all()] == [phone]


@pytest.mark.parametrize(
    ("enabled", "email", "sms"),
    [
        (["console"], "console", "console"),
        (["console", "email"], "email", "console"),
        (["gateway", "email", "console"], "email", "gateway"),
        (["gateway"], "gateway", "gateway"),
    ],
)
def test_tell_sends_each_kind_of_address_by_the_transport_that_serves_it_best(
    settings: Any, hanna: User, carla: User, enabled: list[str], email: str, sms: str
) -> None:
    settings.NOTIFICATION_TRANSPORTS = enabled

    tell(hanna, "host_vetted", at=NOON, key="vetted:1")
    tell(carla, "proposals_waiting", at=NOON, key="waiting:1")

    assert list(Delivery.objects.order_by("pk").values_list("transport", flat=True)) == [email, sms]


def test_message_that_no_enabled_channel_serves_is_listed_as_undelivered(settings: Any, carla: User) -> None:
    settings.NOTIFICATION_TRANSPORTS = ["email"]

    told = tell(carla, "proposals_waiting", at=NOON, key="waiting:1")

    assert [(row.notification, row.error_class, row.error_text) for row in undelivered()] == [(told, "no_channel", "")]


# -- once -----------------------------------------------------------------------------------------


def test_tell_the_same_key_twice_is_told_once(hanna: User) -> None:
    first = tell(hanna, "host_vetted", at=NOON, key="vetted:1")
    second = tell(hanna, "host_vetted", at=NOON + timedelta(hours=1), key="vetted:1")

    assert first == second
    assert (Notification.objects.count(), Delivery.objects.count()) == (1, 1)


@pytest.mark.django_db(transaction=True)
def test_tell_the_same_key_in_two_transactions_at_once_is_told_once(hanna: User) -> None:
    together = threading.Barrier(2)

    def act() -> None:
        with transaction.atomic():
            together.wait(10)
            tell(hanna, "host_vetted", at=NOON, key="vetted:1")

    for _ in range(10):
        _in_threads(act, act)
        assert (Notification.objects.count(), Delivery.objects.count()) == (1, 1)
        Delivery.objects.all().delete()
        Notification.objects.all().delete()


def test_tell_goes_with_the_change_it_reports(hanna: User) -> None:
    def change() -> None:
        with transaction.atomic():
            tell(hanna, "host_vetted", at=NOON, key="vetted:1")
            raise RuntimeError("the change fails")

    with pytest.raises(RuntimeError):
        change()

    assert (Notification.objects.count(), Delivery.objects.count()) == (0, 0)


# -- many -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [1, 3, 50])
def test_tell_many_takes_five_queries_however_many_there_are(
    django_assert_num_queries: Any, hanna: User, carla: User, count: int
) -> None:
    tellings = [
        Telling(recipient, "proposals_waiting", f"waiting:{recipient.pk}:{number}")
        for number in range(count)
        for recipient in (hanna, carla)
    ]

    with django_assert_num_queries(5):
        told = tell_many(tellings, at=NOON)

    assert [row.key for row in told] == [telling.key for telling in tellings]
    assert Delivery.objects.count() == 2 * count


def test_tell_many_writes_only_what_is_new(hanna: User, amira: User) -> None:
    old = tell(hanna, "host_vetted", at=NOON, key="b")

    told = tell_many(
        [
            Telling(amira, "arrival_confirmed", "c"),
            Telling(hanna, "host_vetted", "b"),
            Telling(hanna, "host_confirmed", "a"),
            Telling(hanna, "host_confirmed", "a"),
        ],
        at=NOON,
    )

    assert [row.key for row in told] == ["c", "b", "a", "a"]
    assert told[1] == old
    assert (Notification.objects.count(), Delivery.objects.count()) == (3, 2)


def test_tell_many_nothing_writes_nothing(db: None) -> None:
    assert tell_many([], at=NOON) == []


# -- refusals ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("event", "arguments", "message"),
    [
        ("weather_report", {}, "There is no event 'weather_report' in notifications.events.EVENTS."),
        (
            "host_vetted",
            {"context": {"name": "Hanna"}},
            "A notification may not carry ['name']; events.CONTEXT lists the fields that it may carry.",
        ),
        ("host_asked", {"context": {"match": "m1"}}, "host_asked needs ['answer_by'] in its context."),
        ("host_asked", {"context": {"answer_by": ""}}, "host_asked needs ['answer_by'] in its context."),
        ("sign_in_code", {}, "sign_in_code needs a secret."),
        ("host_vetted", {"secret": "482177"}, "host_vetted takes no secret."),
    ],
)
def test_tell_refuses_what_does_not_fit_the_event(
    hanna: User, event: str, arguments: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError) as refusal:
        tell(hanna, event, at=NOON, key="k", **arguments)

    assert str(refusal.value) == message
    assert Notification.objects.count() == 0


# -- stored rows ------------------------------------------------------------------------------------


def _dump(table: str) -> str:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT string_agg(t::text, ' ') FROM {table} t")
        return str(cursor.fetchone()[0])


def test_tell_keeps_the_code_and_the_address_unreadable_in_the_database(hanna: User) -> None:
    tell(hanna, "sign_in_code", at=NOON, key="code:1", secret="482177", expires_at=NOON + timedelta(minutes=10))

    assert Notification.objects.get().secret == "482177"
    assert ("482177" in _dump("notifications_notification"), "hanna@" in _dump("notifications_contactpoint")) == (
        False,
        False,
    )
    assert ("sign_in_code" in _dump("notifications_notification"), "email" in _dump("notifications_contactpoint")) == (
        True,
        True,
    )


def test_tell_keeps_no_code_that_nobody_will_send(settings: Any, amira: User, carla: User) -> None:
    settings.NOTIFICATION_TRANSPORTS = ["email"]

    for person in (amira, carla):
        tell(person, "sign_in_code", at=NOON, key=f"code:{person.pk}", secret="482177")

    assert [row.secret for row in Notification.objects.all()] == ["", ""]


def test_question_expires_with_the_time_to_answer(hanna: User) -> None:
    told = tell(hanna, "host_asked", at=NOON, key="asked:1", context={"answer_by": ANSWER_BY.isoformat()})

    assert told.expires_at == ANSWER_BY


@pytest.mark.parametrize(
    "columns",
    [
        {"status": "lost"},
        {"status": "sending"},
        {"status": "waiting", "leased_until": NOON},
        {"status": "sent"},
        {"status": "waiting", "sent_at": NOON},
    ],
)
def test_the_database_refuses_a_delivery_that_cannot_be(hanna: User, columns: dict[str, Any]) -> None:
    tell(hanna, "host_vetted", at=NOON, key="vetted:1")

    with pytest.raises(IntegrityError), transaction.atomic():
        Delivery.objects.update(**columns)


def test_the_database_refuses_half_of_quiet_hours(hanna: User) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        ContactPoint.objects.update(quiet_from="22:00")
