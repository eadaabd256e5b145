"""A coordinator's own contacts: nothing but a code goes there before it is proved, and nothing after it is taken away."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts import desk_contacts
from accounts.contacts import UnreadableContact
from accounts.desk_contacts import ContactThere, NoWayToReach
from accounts.refusals import TooManyTries, WrongCode
from matching import rota
from notifications.models import ContactPoint, Delivery, Notification
from notifications.outbox import tell
from privacy.retention import forget_what_is_old
from tests.people import Person

pytestmark = pytest.mark.django_db
PHONE = "+7 701 555 02 02"


@pytest.fixture(autouse=True)
def at(settings: Any) -> datetime:
    settings.NOTIFICATION_TRANSPORTS = ["gateway"]
    return timezone.now()


def code() -> str:
    return Notification.objects.filter(event="contact_code").latest("pk").secret


def reached(person: Person) -> int:
    return len(rota.contacts_to_page([person.user]).get(person.user.pk, []))


def test_contact_is_told_nothing_but_its_code_until_it_is_proved(carla: Person, at: datetime) -> None:
    point = desk_contacts.add(carla.user, PHONE, at=at)
    tell(carla.user, "proposals_waiting", at=at, key="before")

    assert list(point.deliveries.values_list("notification__event", flat=True)) == ["contact_code"]
    assert reached(carla) == 0
    desk_contacts.prove(carla.user, point.pk, code(), at=at)
    tell(carla.user, "proposals_waiting", at=at, key="after")

    assert reached(carla) == 1
    assert point.deliveries.count() == 2
    with pytest.raises(ContactThere):
        desk_contacts.add(carla.user, PHONE, at=at)


def test_wrong_code_old_code_and_the_code_of_another_prove_nothing(carla: Person, lena: Person, at: datetime) -> None:
    point = desk_contacts.add(carla.user, PHONE, at=at)
    right = code()
    wrong = "000000" if right != "000000" else "111111"

    tries: list[tuple[Person, str, datetime]] = [
        (lena, right, at),
        (carla, right, at + timedelta(minutes=11)),
        *[(carla, wrong, at)] * desk_contacts.PROVING_TRIES,
        (carla, right, at),
    ]
    for who, digits, moment in tries:
        with pytest.raises(WrongCode):
            desk_contacts.prove(who.user, point.pk, digits, at=moment)

    desk_contacts.add(carla.user, PHONE, at=at)
    assert desk_contacts.prove(carla.user, point.pk, code(), at=at).verified_at == at


def test_unreadable_unreachable_and_too_many_are_refused(carla: Person, at: datetime, settings: Any) -> None:
    with pytest.raises(UnreadableContact):
        desk_contacts.add(carla.user, "my phone", at=at)
    for _try in range(5):
        desk_contacts.add(carla.user, PHONE, at=at)
    with pytest.raises(TooManyTries):
        desk_contacts.add(carla.user, PHONE, at=at)
    settings.NOTIFICATION_TRANSPORTS = ["email"]
    with pytest.raises(NoWayToReach):
        desk_contacts.add(carla.user, PHONE, at=at)


def test_contact_that_is_taken_away_is_erased_and_gets_nothing_more(carla: Person, at: datetime) -> None:
    points = [desk_contacts.add(carla.user, f"{PHONE[:-1]}{digit}", at=at) for digit in (3, 4)]
    for point in points:
        tell(carla.user, "contact_code", at=at, key=f"x{point.pk}", contact_point=point, secret="123456")
        desk_contacts.remove(carla.user, point.pk, at=at)

    assert desk_contacts.contacts_of(carla.user) == []
    assert [row.address for row in ContactPoint.objects.order_by("pk")] == [f"gone-{point.pk}" for point in points]
    assert set(Delivery.objects.values_list("status", "error_class")) == {("failed", "expired")}
    tell(carla.user, "proposals_waiting", at=at, key="after")
    assert not Delivery.objects.filter(notification__key="after").exists()
    again = desk_contacts.add(carla.user, f"{PHONE[:-1]}3", at=at)
    assert again.pk not in {point.pk for point in points}


@pytest.mark.parametrize(("hours", "left"), [(23, 1), (25, 0)])
def test_contact_that_nobody_proved_is_erased_after_a_day(carla: Person, at: datetime, hours: int, left: int) -> None:
    desk_contacts.add(carla.user, PHONE, at=at)

    forget_what_is_old(at=at + timedelta(hours=hours))

    assert len(desk_contacts.contacts_of(carla.user)) == left
