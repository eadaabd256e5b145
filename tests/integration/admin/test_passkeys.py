"""Passkeys without a browser: where they are offered, and what is refused. `tests/browser/test_passkeys.py` signs in."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from accounts import passkeys
from accounts.models import Passkey, User
from tests import people
from tests.people import Person

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def domain(settings: Any) -> None:
    settings.SITE_URL = "https://somewhere.example"


@pytest.mark.parametrize(
    ("address", "possible"),
    [
        ("https://somewhere.example", True),
        ("http://localhost:8000", True),
        ("http://somewhere.example", False),
        ("https://192.0.2.7", False),
        ("http://127.0.0.1:8000", False),
        ("https://[2001:db8::1]", False),
    ],
)
def test_passkeys_are_offered_where_there_is_a_domain(settings: Any, address: str, possible: bool) -> None:
    settings.SITE_URL = address
    page = Client(headers={"accept-language": "en"})

    offered = "Sign in with a passkey" in page.get("/admin/login/").content.decode()

    assert (passkeys.possible(), offered) == (possible, possible)
    assert page.get("/admin/login/passkey/").status_code == (200 if possible else 404)


@pytest.mark.parametrize(
    "answer", ["", "no json", "{}", json.dumps({"id": "eHg", "rawId": "eHg", "type": "public-key"})]
)
def test_answer_that_no_passkey_gave_opens_nothing(carla: Person, answer: str) -> None:
    browser = Client()
    browser.get("/admin/login/passkey/")

    page = browser.post("/admin/login/passkey/", {"answer": answer})

    assert (page.status_code, browser.get("/admin/").status_code) == (200, 302)


def test_challenge_is_used_once_and_for_ten_minutes() -> None:
    browser = Client()
    browser.get("/admin/login/passkey/")
    first = browser.session["passkey_challenge"]
    browser.post("/admin/login/passkey/", {"answer": "x"})

    assert browser.session["passkey_challenge"] != first


def test_passkey_is_added_only_after_a_code_of_the_present_factor(
    carla: Person, signed_in: Callable[[Person], Client]
) -> None:
    browser = signed_in(carla)

    assert browser.get("/admin/keys/passkey/").headers["Location"] == "/admin/keys/"
    session = browser.session
    session["adding_passkey"] = timezone.now().timestamp()
    session.save()
    assert browser.get("/admin/keys/passkey/").status_code == 200
    with time_machine.travel(timezone.now() + timedelta(minutes=11)):
        assert browser.get("/admin/keys/passkey/").headers["Location"] == "/admin/keys/"


def passkey_of(person: Person) -> Passkey:
    return Passkey.objects.create(
        user=person.user, name="phone", credential_id=b"x", public_key=b"x", created_at=timezone.now()
    )


def test_nobody_removes_a_passkey_of_somebody_else(
    carla: Person, lena: Person, signed_in: Callable[[Person], Client]
) -> None:
    hers = passkey_of(carla)

    signed_in(lena).post(f"/admin/keys/passkey/{hers.pk}/remove/")

    assert Passkey.objects.count() == 1


def test_removing_a_passkey_ends_the_other_sessions_and_not_this_one(
    carla: Person, signed_in: Callable[[Person], Client]
) -> None:
    hers = passkey_of(carla)
    here, elsewhere = signed_in(carla), signed_in(carla)

    here.post(f"/admin/keys/passkey/{hers.pk}/remove/")

    assert (here.get("/admin/").status_code, elsewhere.get("/admin/").status_code) == (200, 302)
    assert User.objects.get(pk=carla.user.pk).sign_in_version == 1
    assert not Passkey.objects.exists()


def test_options_name_nobody() -> None:
    options, _challenge = passkeys.options_to_sign_in()

    assert json.loads(options).get("allowCredentials", []) == []
    assert people.User.objects.count() == 0


def test_own_new_password_ends_the_other_sessions_and_not_this_one(
    carla: Person, signed_in: Callable[[Person], Client]
) -> None:
    here, elsewhere = signed_in(carla), signed_in(carla)
    new = "a quite different horse"

    answer = here.post(
        "/admin/password_change/",
        {"old_password": people.PASSWORD, "new_password1": new, "new_password2": new},
        follow=True,
    )

    assert (answer.status_code, answer.request["PATH_INFO"]) == (200, "/admin/password_change/done/")
    assert (here.get("/admin/").status_code, elsewhere.get("/admin/").status_code) == (200, 302)
