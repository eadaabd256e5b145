"""The page of one's sessions and tokens: what it shows, and ending each of them."""

from __future__ import annotations

import pytest
from django.test import Client
from django.utils import timezone

from accounts import tokens
from accounts.models import SignIn
from tests import people
from tests.people import Person

pytestmark = pytest.mark.django_db


def _phone(person: Person) -> Client:
    client = Client(headers={"accept-language": "en"})
    client.force_login(person.user)
    return client


@pytest.mark.parametrize("who", ["amira", "hanna"])
def test_page_shows_this_device_the_others_and_the_programs(who: str) -> None:
    person = people.amira() if who == "amira" else people.hanna()
    phone, _tablet = _phone(person), _phone(person)
    tokens.issue(person.user, name="helper", scope="read", days=3, at=timezone.now())

    page = phone.get("/signed-in/").content.decode()

    seen = [page.count(words) for words in ("This device", "Another device", "A program: helper")]
    assert (seen, "/signed-in/" in phone.get("/case/" if who == "amira" else "/host/").content.decode()) == (
        [1, 1, 1],
        True,
    )


def test_ended_session_and_token_open_nothing_and_leave_the_page(amira: Person) -> None:
    phone, tablet = _phone(amira), _phone(amira)
    row, token = tokens.issue(amira.user, name="helper", scope="read", days=3, at=timezone.now())
    other = SignIn.objects.get(session_key=tablet.session.session_key)

    phone.post(f"/signed-in/session/{other.pk}/end/")
    phone.post(f"/signed-in/token/{row.pk}/end/")
    page = phone.get("/signed-in/").content.decode()

    assert "Another device" not in page
    assert "A program" not in page
    assert tablet.get("/signed-in/").status_code == 302
    assert tokens.find(token, at=timezone.now()) is None


def test_ending_this_session_is_signing_out(amira: Person) -> None:
    phone = _phone(amira)

    answer = phone.post(f"/signed-in/session/{SignIn.objects.get().pk}/end/")

    assert (answer["Location"], answer["Clear-Site-Data"]) == ("/", '"cache", "cookies", "storage"')
    assert phone.get("/signed-in/").status_code == 302


def test_signing_out_leaves_the_session_off_the_page(amira: Person) -> None:
    phone, tablet = _phone(amira), _phone(amira)
    tablet.post("/sign-out/")

    assert "Another device" not in phone.get("/signed-in/").content.decode()
