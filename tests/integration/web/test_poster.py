"""A sheet to hang up, in every language, and a card with a new secret for those without a phone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts import arrivals, case_secrets
from accounts.qr_codes import qr_code
from notifications.models import Notification
from tests import people
from tests.people import Person

pytestmark = pytest.mark.django_db

TITLES = {
    "ru": "Ночлег",
    "kk": "Түнейтін жер",
    "en": "A place to sleep",
    "uk": "Нічліг",
    "ka": "ღამის გასათევი",
}


@pytest.fixture(autouse=True)
def site(settings: Any) -> None:
    settings.SITE_URL = "https://shelter.example"
    settings.HELP_CONTACT = "+7 700 000 00 00"


def test_the_sheet_says_in_every_language_where_to_ask_and_names_nobody() -> None:
    amira = people.amira(name="Amira Planted")
    client = Client(headers={"accept-language": "en"})
    client.force_login(amira.user)

    page = client.get("/poster/").content.decode()

    sheet = page.partition('<div class="poster">')[2].partition("</main>")[0]
    assert [code for code in TITLES if f'<section lang="{code}">' not in sheet] == []
    assert [title for title in TITLES.values() if f"<h2>{title}</h2>" not in sheet] == []
    assert qr_code("https://shelter.example/") in sheet
    assert '<p class="poster-address">https://shelter.example/</p>' in sheet
    assert '<input id="share" value="https://shelter.example/" readonly>' in page
    assert ("Amira" in page, amira.arrival.case_number in page) == (False, False)


def test_a_printed_card_ends_the_secret_before_and_nothing_that_is_sent_carries_the_new_one(
    carla: Person, signed_in: Callable[[Person], Client]
) -> None:
    amira = people.amira(language="kk")
    before = arrivals.renew_secret(amira.arrival)
    request = people.request(amira.arrival)

    page = signed_in(carla).post(reverse("admin:matching_request_secret", args=[request.pk]), {"card": "yes"})

    card = page.content.decode().partition('<div class="poster" lang="kk">')[2]
    number, secret = (part.partition("</dd>")[0] for part in card.split("<dd>")[1:3])
    assert number == arrivals.grouped(amira.arrival.case_number)
    amira.user.refresh_from_db()
    assert (case_secrets.fits(amira.user, arrivals.plain(secret)), case_secrets.fits(amira.user, before)) == (
        True,
        False,
    )
    assert "Құпия код" in card
    assert qr_code("https://shelter.example/case/") in card
    sent = [str(told.context) for told in Notification.objects.all()]
    assert [words for words in sent if arrivals.plain(secret) in words] == []
    assert page.headers["Cache-Control"].find("no-store") >= 0


def test_oskar_gets_no_card(carla: Person, signed_in: Callable[[Person], Client]) -> None:
    request = people.request(people.amira().arrival)
    client = Client()
    client.force_login(people.oskar().user)
    hash_before = request.arrival.user.password

    answer = client.post(reverse("admin:matching_request_secret", args=[request.pk]), {"card": "yes"})

    request.arrival.user.refresh_from_db()
    assert answer.status_code in (302, 403, 404)
    assert request.arrival.user.password == hash_before
