"""The coordinators' door: both factors, in the right order, each code once, and no way in without them."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.auth import SESSION_KEY
from django.test import Client
from django.utils import timezone

from accounts import second_factor
from accounts.models import Authenticator, CoordinatorEvent, RecoveryCode
from tests import people
from tests.people import PASSWORD, Person

SignIn = Callable[[Person], Client]
LOGIN, CODE, SET_UP = "/admin/login/", "/admin/login/code/", "/admin/login/set-up/"


def digits_of(person: Person) -> str:
    return second_factor.digits_now(people.authenticator(person).secret, at=timezone.now())


def with_password(person: Person, **more: str) -> Client:
    client = Client(headers={"accept-language": "en"})
    client.post(LOGIN, {"username": person.user.username, "password": PASSWORD, **more})
    return client


def is_in(client: Client) -> bool:
    return client.get("/admin/").status_code == 200


def said(page: Any) -> list[str]:
    return [" ".join(each.split()) for each in re.findall(r'role="alert">([^<]*)<', page.content.decode())]


# -- the first sign-in ----------------------------------------------------------------------------


def test_first_sign_in_sets_up_the_second_factor(carla: Person) -> None:
    client = with_password(carla, next="/admin/matching/match/queue/")

    page = client.get(CODE, follow=True)
    assert page.request["PATH_INFO"] == SET_UP
    secret = Authenticator.objects.get().secret
    assert page.context["secret"].replace(" ", "") == secret
    assert "<svg" in page.content.decode()
    assert "data:" not in page.content.decode()
    done = client.post(SET_UP, {"code": second_factor.digits_now(secret, at=timezone.now())})

    assert (len(done.context["codes"]), done.context["onward"]) == (10, "/admin/matching/match/queue/")
    assert is_in(client)
    assert list(CoordinatorEvent.objects.order_by("id").values_list("what", flat=True)) == [
        "second_factor_set_up",
        "signed_in",
    ]


def test_setting_up_shows_the_same_secret_until_it_is_done(carla: Person) -> None:
    client = with_password(carla)

    first = client.get(SET_UP).context["secret"]
    wrong = client.post(SET_UP, {"code": "000000"})

    assert (wrong.context["secret"], Authenticator.objects.count()) == (first, 1)
    assert said(wrong) == [str(second_factor.WrongSecondFactor.message)]
    assert not is_in(client)


def test_set_up_is_closed_to_a_person_with_a_second_factor_who_gave_only_the_password(carla: Person) -> None:
    people.authenticator(carla)
    client = with_password(carla)

    answer = client.get(SET_UP)

    assert (answer.status_code, answer["Location"]) == (302, CODE)
    client.post(SET_UP, {"code": "000000"})
    assert Authenticator.objects.count() == 1


# -- later sign-ins -------------------------------------------------------------------------------


def test_sign_in_takes_the_current_digits_and_leads_to_the_wanted_page(carla: Person) -> None:
    people.authenticator(carla)
    client = with_password(carla, next="/admin/matching/space/")

    answer = client.post(CODE, {"code": digits_of(carla)})

    assert (answer.status_code, answer["Location"]) == (302, "/admin/matching/space/")
    assert is_in(client)


@pytest.mark.parametrize("target", ["https://evil.example/admin/", "//evil.example/admin/", "/case/", "javascript:1"])
def test_sign_in_leads_nowhere_else(carla: Person, target: str) -> None:
    people.authenticator(carla)
    client = with_password(carla, next=target)

    assert client.post(CODE, {"code": digits_of(carla)})["Location"] == "/admin/"


@pytest.mark.parametrize("code", ["", "000000", "12345", "abcdef", "1234567", "１２３４５６"])
def test_sign_in_without_the_right_digits_opens_nothing(carla: Person, code: str) -> None:
    people.authenticator(carla)
    client = with_password(carla)

    answer = client.post(CODE, {"code": code})

    assert answer.status_code == 200
    assert len(said(answer)) == 1
    assert not is_in(client)


@pytest.mark.parametrize(("seconds", "opens"), [(-61, False), (-30, True), (0, True), (30, True), (61, False)])
def test_clock_of_the_phone_may_be_half_a_minute_off(carla: Person, seconds: int, opens: bool) -> None:
    secret = people.authenticator(carla).secret
    middle_of_a_step = timezone.now().replace(second=15, microsecond=0)

    with time_machine.travel(middle_of_a_step, tick=False):
        client = with_password(carla)
        there = middle_of_a_step + timedelta(seconds=seconds)
        client.post(CODE, {"code": second_factor.digits_now(secret, at=there)})

        assert is_in(client) == opens


def test_the_same_digits_open_once(carla: Person) -> None:
    people.authenticator(carla)
    with time_machine.travel(timezone.now(), tick=False):
        digits = digits_of(carla)
        with_password(carla).post(CODE, {"code": digits})
        second = with_password(carla)

        second.post(CODE, {"code": digits})

        assert not is_in(second)


def test_tries_of_digits_are_counted(carla: Person) -> None:
    people.authenticator(carla)
    client = with_password(carla)
    for _try in range(10):
        client.post(CODE, {"code": "000000"})

    answer = client.post(CODE, {"code": digits_of(carla)})

    assert said(answer) == ["Too many tries. Wait a few minutes and try again."]
    assert not is_in(client)


def test_tries_of_passwords_are_counted(carla: Person) -> None:
    people.authenticator(carla)
    client = Client(headers={"accept-language": "en"})
    for _try in range(10):
        client.post(LOGIN, {"username": "carla", "password": "wrong"})

    answer = client.post(LOGIN, {"username": "carla", "password": PASSWORD})

    assert said(answer) == ["Too many tries. Wait a few minutes and try again."]


def test_a_wrong_password_keeps_the_name_and_says_what_to_do(carla: Person) -> None:
    answer = Client(headers={"accept-language": "en"}).post(LOGIN, {"username": "carla", "password": "wrong"})

    assert 'value="carla"' in answer.content.decode()
    assert said(answer) == [
        "Please enter the correct username and password for a staff account. Note that both fields may be case-sensitive."
    ]


def test_an_arrival_cannot_sign_in_here(amira: Person) -> None:
    client = Client()

    client.post(LOGIN, {"username": amira.user.username, "password": amira.secret})

    assert client.get(CODE)["Location"] == LOGIN
    assert SESSION_KEY not in client.session


def test_a_right_password_waits_ten_minutes(carla: Person) -> None:
    people.authenticator(carla)
    now = timezone.now()
    with time_machine.travel(now, tick=False):
        client = with_password(carla)
    with time_machine.travel(now + timedelta(minutes=10, seconds=1), tick=False):
        answer = client.post(CODE, {"code": digits_of(carla)})

        assert answer["Location"] == LOGIN
        assert not is_in(client)


def test_sign_in_ends_whatever_session_was_there(carla: Person, hanna: Person, signed_in: SignIn) -> None:
    people.authenticator(carla)
    client = signed_in(hanna)
    client.post(LOGIN, {"username": "carla", "password": PASSWORD})

    assert SESSION_KEY not in client.session


# -- recovery codes on paper -----------------------------------------------------------------------


def with_paper(person: Person) -> list[str]:
    people.authenticator(person)
    return second_factor.make_recovery_codes(person.user, at=timezone.now())


def test_recovery_code_opens_once(carla: Person) -> None:
    code = with_paper(carla)[3]

    first, second = with_password(carla), with_password(carla)
    first.post(f"{CODE}?recovery", {"code": code.upper()})
    second.post(f"{CODE}?recovery", {"code": code})

    assert (is_in(first), is_in(second)) == (True, False)
    assert second_factor.unused_recovery_codes(carla.user) == 9


def test_recovery_code_of_somebody_else_opens_nothing(carla: Person, lena: Person) -> None:
    with_paper(carla)
    code = with_paper(lena)[0]
    client = with_password(carla)

    client.post(f"{CODE}?recovery", {"code": code})

    assert not is_in(client)


def test_recovery_codes_and_secrets_are_not_readable_in_the_database(carla: Person) -> None:
    from django.db import connection

    codes = with_paper(carla)
    secret = people.authenticator(carla).secret
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT string_agg(a::text, ' ') || (SELECT string_agg(r::text, ' ') FROM accounts_recoverycode r)"
            " FROM accounts_authenticator a"
        )
        dump = cursor.fetchone()[0]

    assert [text for text in (secret, codes[0], codes[0].replace("-", "")) if text in dump] == []


# -- the person's own codes and phone ---------------------------------------------------------------


def test_new_recovery_codes_need_a_code_and_end_the_old_ones(carla: Person, signed_in: SignIn) -> None:
    old = with_paper(carla)[0]
    client = signed_in(carla)

    client.post("/admin/keys/", {"act": "codes", "code": "000000"})
    assert RecoveryCode.objects.count() == 10
    page = client.post("/admin/keys/", {"act": "codes", "code": digits_of(carla)})

    assert len(page.context["codes"]) == 10
    again = with_password(carla)
    again.post(f"{CODE}?recovery", {"code": old})
    assert not is_in(again)


def test_moving_to_another_phone_ends_the_old_one(carla: Person, signed_in: SignIn) -> None:
    old = people.authenticator(carla)
    client = signed_in(carla)

    assert client.get("/admin/keys/new/")["Location"] == "/admin/keys/"
    answer = client.post("/admin/keys/", {"act": "move", "code": digits_of(carla)})
    assert answer["Location"] == "/admin/keys/new/"
    secret = client.get("/admin/keys/new/").context["secret"].replace(" ", "")
    client.post("/admin/keys/new/", {"code": second_factor.digits_now(secret, at=timezone.now())})

    new = second_factor.authenticator_of(carla.user)
    assert new is not None
    assert (new.pk != old.pk, new.secret, is_in(client)) == (True, secret, True)


# -- how a session ends ---------------------------------------------------------------------------


@pytest.mark.parametrize(("minutes", "open_"), [(29, True), (31, False)])
def test_session_ends_without_a_click(carla: Person, minutes: int, open_: bool, settings: Any) -> None:
    settings.IDLE_MINUTES = 30
    now = timezone.now()
    with time_machine.travel(now, tick=False):
        client = people.desk_client(carla)
    with time_machine.travel(now + timedelta(minutes=minutes), tick=False):
        answer = client.get("/admin/", follow=True, headers={"accept-language": "en"})

    assert (answer.request["PATH_INFO"] == "/admin/") == open_
    assert ("because nobody used this page" in answer.content.decode()) == (not open_)


def test_session_goes_on_with_clicks_but_not_for_ever(carla: Person, settings: Any) -> None:
    settings.IDLE_MINUTES, settings.SESSION_HOURS = 30, 2
    now = timezone.now()
    with time_machine.travel(now, tick=False):
        client = people.desk_client(carla)
    opened = []
    for minutes in (25, 50, 75, 100, 119, 121):
        with time_machine.travel(now + timedelta(minutes=minutes), tick=False):
            opened.append(is_in(client))

    assert opened == [True, True, True, True, True, False]


def test_session_of_an_arrival_does_not_end_without_a_click(amira: Person, signed_in: SignIn) -> None:
    client = signed_in(amira)
    with time_machine.travel(timezone.now() + timedelta(hours=13), tick=False):
        assert client.get("/case/").context["is_arrival"]


def test_session_ends_when_the_second_factor_is_taken_away_or_the_person_leaves(
    carla: Person, lena: Person, signed_in: SignIn
) -> None:
    from accounts import coordinators, invitations

    client, now = signed_in(carla), timezone.now()
    assert is_in(client)

    invitations.reset_sign_in(
        carla.user.coordinator.pk, by=lena.user, at=now, reason="lost her phone", contact="carla@example.org"
    )
    assert not is_in(client)
    client = signed_in(carla)
    coordinators.send_away(carla.user.coordinator.pk, by=lena.user, at=now, reason="moved away")
    assert not is_in(client)
