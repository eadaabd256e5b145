"""Whoever accepts, opens the contact and cancels again and again is flagged; many requests from one address are slowed."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.refusals import TooManyTries
from matching import disclosure, flags, intake, transitions
from matching.models import Flag, Match
from matching.states import Status
from notifications.models import Notification
from privacy.retention import forget_what_is_old
from tests import people
from tests.people import Person

pytestmark = pytest.mark.django_db


def cancelled(side: str, host: Person, arrival: Person, *, opened: bool = True, at: Any = None) -> Match:
    """Return a match that this side accepted, opened (or not) and cancelled."""
    match = people.match_in(Status.CONFIRMED, people.request(arrival.arrival), people.space(host.host))
    by, now = (host if side == "host" else arrival).user, at or timezone.now()
    if opened:
        disclosure.open_contact(match.pk, by=by, at=now)
    return transitions.cancel(match.pk, by=by, at=now, reason="other")


def found() -> list[tuple[str, int | None, int]]:
    return list(Flag.objects.order_by("pk").values_list("kind", "about", "times"))


@pytest.mark.parametrize("side", ["host", "arrival"])
def test_third_match_that_is_opened_and_cancelled_raises_a_flag(
    side: str, hanna: Person, amira: Person, carla: Person
) -> None:
    about = (hanna if side == "host" else amira).user
    cancelled(side, hanna, amira)
    cancelled(side, hanna, amira)
    assert found() == []

    cancelled(side, hanna, amira)

    assert found() == [("looked_cancelled", about.pk, 3)]
    assert Notification.objects.filter(event="flag_raised", recipient=carla.user).count() == 1
    cancelled(side, hanna, amira)
    assert found() == [("looked_cancelled", about.pk, 4)]


@pytest.mark.parametrize("side", ["host", "arrival"])
def test_cancelling_without_a_look_raises_none(side: str, hanna: Person, amira: Person) -> None:
    for opened in (True, True, False, False):
        cancelled(side, hanna, amira, opened=opened)

    assert found() == []


def test_without_the_count_nobody_hears_of_it(hanna: Person, amira: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flags, "AGAIN", 100)
    for _time in range(4):
        cancelled("host", hanna, amira)

    assert found() == []


def test_what_is_long_ago_does_not_count(hanna: Person, amira: Person) -> None:
    long_ago = timezone.now() - flags.LATELY - timedelta(days=1)
    for at in (long_ago, long_ago, None):
        cancelled("host", hanna, amira, at=at)

    assert found() == []


def test_flag_is_looked_at_once_and_erased_later(hanna: Person, amira: Person, carla: Person) -> None:
    for _time in range(3):
        cancelled("host", hanna, amira)
    flag, now = Flag.objects.get(), timezone.now()
    elsewhere = people.carla("elsewhere", places=(people.place("Oral"),))

    assert [flags.look_at(flag.pk, by=who.user, at=now) for who in (elsewhere, carla, carla)] == [0, 1, 0]
    assert forget_what_is_old(at=now + timedelta(days=89))["flags_looked_at"] == 0
    assert forget_what_is_old(at=now + timedelta(days=91))["flags_looked_at"] == 1


# -- many requests from one address -----------------------------------------------------------------


def test_requests_from_one_source_are_slowed_to_so_many_a_minute() -> None:
    now = timezone.now()
    for _time in range(20):
        intake.count_asking("192.0.2.1", at=now)

    with pytest.raises(TooManyTries) as refused:
        intake.count_asking("192.0.2.1", at=now)
    intake.count_asking("192.0.2.2", at=now)  # Another address waits for nobody.
    intake.count_asking("192.0.2.1", at=now + timedelta(seconds=61))

    assert refused.value.retry_after <= 60


def test_many_requests_from_one_source_are_flagged_once(carla: Person) -> None:
    begin = timezone.now()
    for number in range(62):
        intake.count_asking("192.0.2.1", at=begin + timedelta(seconds=10 * number))

    assert found() == [("many_requests", None, 2)]
    assert Notification.objects.filter(event="flag_raised", recipient=carla.user).count() == 1
    assert "192.0.2.1" not in Flag.objects.get().source
