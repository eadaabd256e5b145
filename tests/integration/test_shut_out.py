"""Strangers who try shut nobody out, and a hall behind one address is no stranger."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from accounts import devices, signing_in, throttles
from accounts.devices import DEVICE_COOKIE
from accounts.models import OneTimeCode, Throttle
from accounts.refusals import TooManyTries, WrongCode
from accounts.signing_in import (
    CODE_TRIES,
    CODE_TRIES_OF_ALL,
    SECRET_TRIES,
    WrongSecret,
    answer_code_requests,
    send_code,
    sign_in_by_code,
    sign_in_to_case,
)
from accounts.sources import counted
from accounts.throttles import CODE_SECONDS, CODES, TRIES_OF_ONE, Budget
from tests import people
from tests.people import Person

pytestmark = pytest.mark.django_db

STRANGER, HOME = "203.0.113.5", "198.51.100.7"


def wrong_secrets(person: Person, times: int, source: str = STRANGER) -> None:
    for _try in range(times):
        with pytest.raises((WrongSecret, TooManyTries)):
            sign_in_to_case(person.user.username, "0" * 12, source=source, at=timezone.now())


def wrong_codes(person: Person, times: int, source: str = STRANGER) -> None:
    for _try in range(times):
        with pytest.raises((WrongCode, TooManyTries)):
            sign_in_by_code(person.contact, "x", source=source, at=timezone.now())


def sent_codes(person: Person) -> list[str]:
    """Return the codes that were sent, the oldest first, after the worker has answered requests for codes."""
    answer_code_requests(at=timezone.now())
    return [note.secret for note in person.user.notifications.filter(event="sign_in_code").order_by("pk")]


# -- arrivals -------------------------------------------------------------------------------------


@pytest.mark.parametrize("source", [STRANGER, HOME], ids=["the same address", "another address"])
def test_ten_wrong_secrets_of_a_stranger_shut_nobody_out(amira: Person, source: str) -> None:
    wrong_secrets(amira, 10)

    assert sign_in_to_case(amira.user.username, amira.secret, source=source, at=timezone.now()) == amira.user


def test_stranger_who_goes_on_is_stopped_and_others_are_not(amira: Person) -> None:
    wrong_secrets(amira, SECRET_TRIES)
    right = {"case_number": amira.user.username, "secret": amira.secret}

    with pytest.raises(TooManyTries) as refused:
        sign_in_to_case(**right, source=STRANGER, at=timezone.now())

    assert 0 < refused.value.retry_after <= 900
    assert sign_in_to_case(**right, source=HOME, at=timezone.now()) == amira.user


def test_device_that_signed_in_before_keeps_a_way_in(amira: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    """Strangers of many addresses have used up every try; a device of her own still comes in, another does not."""
    phone, other = Client(), Client()
    right = {"case_number": amira.user.username, "secret": amira.secret}
    phone.post("/case/", right)
    monkeypatch.setattr(signing_in, "SECRET_TRIES_OF_ALL", 10)
    wrong_secrets(amira, 10)

    answers = [browser.post("/case/", right).status_code for browser in (phone, other)]

    assert answers == [302, 429]


def test_device_pays_from_its_own_tries_and_only_for_the_accounts_it_knows(amira: Person) -> None:
    phone = Client()
    phone.post("/case/", {"case_number": amira.user.username, "secret": amira.secret})
    cookie = phone.cookies[DEVICE_COOKIE]
    at = timezone.now()

    def tries(account: str, device: str) -> tuple[Budget, ...]:
        return devices.budgets(device, account, Budget("own", "x", 1, 1), (Budget("all", "x", 1, 1),))

    known = signing_in.case_account(amira.user.username)
    assert [each.what for each in tries(known, cookie.value)] == ["own-device"]
    assert [each.what for each in tries("case:1", cookie.value)] == ["all"]
    assert [each.what for each in tries(known, cookie.value[:-4] + "AAAA")] == ["all"]
    assert (cookie["httponly"], cookie["samesite"], amira.user.username in cookie.value) == (True, "Lax", False)
    for _try in range(TRIES_OF_ONE):
        phone.post("/case/", {"case_number": amira.user.username, "secret": "0" * 12})
    refused = phone.post("/case/", {"case_number": amira.user.username, "secret": amira.secret})
    assert refused.status_code == 429
    assert sign_in_to_case(amira.user.username, amira.secret, source="127.0.0.1", at=at) == amira.user


@pytest.mark.parametrize("way_out", ["/sign-out/", "/leave/"])
def test_way_out_makes_the_browser_forget_the_device(amira: Person, way_out: str) -> None:
    phone = Client()
    phone.post("/case/", {"case_number": amira.user.username, "secret": amira.secret})

    assert phone.post(way_out)["Clear-Site-Data"] == '"cache", "cookies", "storage"'


# -- hosts ----------------------------------------------------------------------------------------


def test_six_requests_for_codes_do_not_shut_out_a_host(hanna: Person) -> None:
    """At every moment of an hour of such requests, the host has a code that is valid or gets one."""
    began, refused = timezone.now(), 0
    for minute in range(60):
        at = began + timedelta(minutes=minute)
        try:
            send_code(hanna.contact, source=STRANGER, at=at)
        except TooManyTries:
            refused += 1
        answer_code_requests(at=at)
        assert OneTimeCode.objects.filter(user=hanna.user, expires_at__gt=at).exists(), minute
    assert (refused, OneTimeCode.objects.count()) == (60 - 6 * CODES, 6 * CODES)


@pytest.mark.parametrize("which", range(CODES))
def test_each_of_several_codes_is_valid(hanna: Person, which: int) -> None:
    for _code in range(CODES):
        send_code(hanna.contact, source=HOME, at=timezone.now())

    code = sent_codes(hanna)[which]

    assert sign_in_by_code(hanna.contact, code, source=HOME, at=timezone.now()) == hanna.user
    with pytest.raises(WrongCode):
        sign_in_by_code(hanna.contact, code, source=HOME, at=timezone.now())


def test_code_opens_only_the_contact_that_it_was_sent_to(hanna: Person) -> None:
    people.add_contact_point(hanna.user, "email", "second@example.org")
    send_code(hanna.contact, source=HOME, at=timezone.now())

    with pytest.raises(WrongCode):
        sign_in_by_code("second@example.org", sent_codes(hanna)[0], source=HOME, at=timezone.now())


def test_ten_wrong_codes_of_a_stranger_do_not_shut_out_a_host(hanna: Person) -> None:
    wrong_codes(hanna, CODE_TRIES + 1)
    send_code(hanna.contact, source=HOME, at=timezone.now())

    assert sign_in_by_code(hanna.contact, sent_codes(hanna)[0], source=HOME, at=timezone.now()) == hanna.user


def test_wrong_codes_are_counted_over_all_codes_and_sources_of_a_contact(hanna: Person) -> None:
    for number in range(CODE_TRIES_OF_ALL // CODE_TRIES):
        wrong_codes(hanna, CODE_TRIES, source=f"203.0.113.{number}")
        send_code(hanna.contact, source=HOME, at=timezone.now())

    with pytest.raises(TooManyTries):
        sign_in_by_code(hanna.contact, sent_codes(hanna)[0], source=HOME, at=timezone.now())


def test_device_of_a_host_gets_a_code_and_comes_in_whatever_strangers_did(hanna: Person) -> None:
    phone = Client()
    phone.post("/host/sign-in/", {"contact": hanna.contact})
    phone.post("/host/code/", {"code": sent_codes(hanna)[-1]})
    for number in range(CODE_TRIES_OF_ALL // CODE_TRIES):
        wrong_codes(hanna, CODE_TRIES, source=f"203.0.113.{number}")
    for _code in range(CODES - 1):  # Her phone has asked once, before it was known.
        send_code(hanna.contact, source=STRANGER, at=timezone.now())
    with pytest.raises(TooManyTries):
        send_code(hanna.contact, source=STRANGER, at=timezone.now())

    phone.post("/host/sign-in/", {"contact": hanna.contact})
    answer = phone.post("/host/code/", {"code": sent_codes(hanna)[-1]})

    assert answer["Location"] == "/host/"


# -- coordinators ---------------------------------------------------------------------------------


def test_ten_wrong_passwords_of_a_stranger_do_not_shut_out_a_coordinator(carla: Person) -> None:
    def door(source: str, password: str) -> int:
        browser = Client(REMOTE_ADDR=source)
        return browser.post("/admin/login/", {"username": "carla", "password": password}).status_code

    strangers = [door(STRANGER, "wrong") for _try in range(TRIES_OF_ONE + 1)]

    assert (door(STRANGER, people.PASSWORD), door(HOME, people.PASSWORD)) == (200, 302)
    assert set(strangers) == {200}


# -- what is counted ------------------------------------------------------------------------------


def signed_in_by(person: Person, source: str) -> Callable[[], Any]:
    return lambda: sign_in_to_case(person.user.username, person.secret, source=source, at=timezone.now())


def test_hall_behind_one_address_signs_in(amira: Person) -> None:
    for _person in range(500):
        signed_in_by(amira, "192.0.2.1")()

    assert set(Throttle.objects.values_list("count", flat=True)) == {0}


def test_hall_is_shut_out_where_right_tries_stay_counted(amira: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    """The negative control: without giving back, a hall uses up what failures may use up."""
    monkeypatch.setattr(throttles, "give_back", lambda paid: None)

    for _person in range(signing_in.SECRET_TRIES):
        signed_in_by(amira, "192.0.2.1")()
    with pytest.raises(TooManyTries):
        signed_in_by(amira, "192.0.2.1")()


def test_refused_try_leaves_the_other_budgets_as_they_were() -> None:
    at = timezone.now()
    small, large = Budget("small", "x", 1, 60), Budget("large", "x", 9, 60)
    throttles.pay(small, at=at)

    with pytest.raises(TooManyTries):
        throttles.pay(large, small, at=at)

    assert dict(Throttle.objects.values_list("key", "count")) == {small.key: 1, large.key: 0}


def test_try_of_an_earlier_window_is_not_given_back_in_a_later_one() -> None:
    at, budget = timezone.now(), Budget("x", "x", 1, 60)
    paid = throttles.pay(budget, at=at)
    throttles.pay(budget, at=at + timedelta(seconds=61))

    throttles.give_back(paid)

    assert Throttle.objects.get().count == 1


@pytest.mark.parametrize(
    ("address", "source"),
    [
        ("203.0.113.5", "203.0.113.5"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::1", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::1", "2001:db8:1:3::/64"),
        ("::ffff:203.0.113.5", "203.0.113.5"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", ""),
        ("unix", "unix"),
    ],
)
def test_source_is_an_ipv4_address_or_an_ipv6_network(address: str, source: str) -> None:
    assert counted(address) == source


def test_addresses_of_one_ipv6_line_share_their_tries(amira: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signing_in, "SECRET_TRIES", 3)
    wrong = {"case_number": amira.user.username, "secret": "0" * 12}

    here = [Client(REMOTE_ADDR=f"2001:db8::{number}").post("/case/", wrong).status_code for number in range(1, 5)]
    there = Client(REMOTE_ADDR="2001:db8:0:1::1").post("/case/", wrong).status_code

    assert (here, there) == ([422, 422, 422, 429], 422)


def test_codes_end_when_their_requests_are_forgotten(hanna: Person) -> None:
    """CODE_SECONDS is both, so that a host who is refused a code always has one."""
    now = timezone.now()
    with time_machine.travel(now, tick=False):
        send_code(hanna.contact, source=HOME, at=now)
    code = sent_codes(hanna)[0]

    with pytest.raises(WrongCode):
        sign_in_by_code(hanna.contact, code, source=HOME, at=now + timedelta(seconds=CODE_SECONDS))
