"""The frame of every page: languages, headers, leaving, and the pages for faults."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.contrib.sessions.models import Session
from django.core.exceptions import SuspiciousOperation
from django.db import OperationalError
from django.http import HttpRequest, HttpResponse
from django.test import Client, override_settings
from django.urls import path

from accounts.devices import DEVICE_COOKIE
from accounts.models import User
from accounts.refusals import TooManyTries
from matching.refusals import NoRoomLeft
from shelter import urls
from tests import people
from tests.integration.web.walks import problems_of, text_of, title_of
from tests.people import Person

pytestmark = pytest.mark.django_db
PAGES = ["/", "/need/", "/need/people/", "/case/", "/offer/", "/offer/where/", "/host/sign-in/"]


def test_first_page_has_two_choices(client: Client) -> None:
    links = re.findall(r'class="button button-big" href="([^"]+)"', text_of(client.get("/")))

    assert links == ["/need/", "/offer/"]


@pytest.mark.parametrize("address", PAGES)
def test_page_asks_nothing_of_third_parties_and_runs_nothing_inline(client: Client, address: str) -> None:
    response = client.get(address)

    page = text_of(response)
    fetched = re.findall(r'<(?:script|img|iframe|link|source|object)[^>]+(?:src|href)="([^"]+)"', page)
    assert [link for link in fetched if not link.startswith(settings.STATIC_URL)] == []
    assert re.findall(r"<script(?![^>]+src=)|<style|\sstyle=|\son[a-z]+=", page) == []
    assert "default-src 'none'" in response.headers["Content-Security-Policy"]
    assert "unsafe" not in response.headers["Content-Security-Policy"]
    assert response.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("address", PAGES)
def test_page_has_the_exit_and_a_way_around_the_frame(client: Client, address: str) -> None:
    page = text_of(client.get(address))

    assert re.findall(r'<form class="leave" method="post" action="([^"]+)" data-to="([^"]+)"', page) == [
        ("/leave/", settings.EXIT_URL)
    ]
    assert 'class="skip" href="#main"' in page


def language_of(response: HttpResponse) -> str:
    return re.search(r'<html lang="(..)"', text_of(response))[1]  # type: ignore[index]


@pytest.mark.parametrize("address", PAGES)
def test_page_offers_every_language_by_its_own_name(client: Client, address: str) -> None:
    offered = re.findall(
        r'<button name="language" value="(..)"[^>]*> ?([^<]+?) ?</button>', text_of(client.get(address))
    )

    assert offered == settings.LANGUAGES


def test_language_of_an_account_is_used_on_another_phone(amira: Person) -> None:
    User.objects.filter(pk=amira.user.pk).update(language="ka")
    phone = Client(headers={"accept-language": "fr"})  # None of ours: a browser that asks for one of ours keeps it.
    assert language_of(phone.get("/case/")) == "en"

    phone.post("/case/", {"case_number": amira.user.username, "secret": amira.secret})

    assert (phone.cookies[settings.LANGUAGE_COOKIE_NAME].value, language_of(phone.get("/case/"))) == ("ka", "ka")


def test_language_chosen_on_the_phone_wins_over_that_of_the_account(client: Client, amira: Person) -> None:
    client.post("/i18n/setlang/", {"language": "uk", "next": "/case/"})

    client.post("/case/", {"case_number": amira.user.username, "secret": amira.secret})

    assert (language_of(client.get("/case/")), User.objects.get(pk=amira.user.pk).language) == ("uk", "en")


def test_chosen_language_is_remembered_on_the_device(client: Client) -> None:
    response = client.post("/i18n/setlang/", {"language": "kk", "next": "/need/"}, follow=True)

    assert response.request["PATH_INFO"] == "/need/"
    assert language_of(client.get("/")) == "kk"
    cookie = client.cookies[settings.LANGUAGE_COOKIE_NAME]
    assert (cookie["max-age"], cookie["httponly"], cookie["samesite"]) == (365 * 24 * 3600, True, "Lax")


def test_every_cookie_is_out_of_the_reach_of_scripts_and_of_other_sites(client: Client, amira: Person) -> None:
    client.post("/i18n/setlang/", {"language": "kk", "next": "/case/"})
    client.get("/case/")
    client.post("/case/", {"case_number": amira.user.username, "secret": amira.secret})

    names = {settings.SESSION_COOKIE_NAME, settings.CSRF_COOKIE_NAME, settings.LANGUAGE_COOKIE_NAME, DEVICE_COOKIE}
    assert {name: (cookie["httponly"], cookie["samesite"]) for name, cookie in client.cookies.items()} == dict.fromkeys(
        names, (True, "Lax")
    )


def test_chosen_language_follows_a_signed_in_person(client: Client, amira: Person) -> None:
    client.force_login(amira.user)

    client.post("/i18n/setlang/", {"language": "ka", "next": "/case/"})

    assert User.objects.get(pk=amira.user.pk).language == "ka"


@pytest.mark.parametrize("language", ["", "xx", "de"])
def test_language_that_is_not_offered_changes_nothing(client: Client, amira: Person, language: str) -> None:
    client.force_login(amira.user)

    client.post("/i18n/setlang/", {"language": language, "next": "/"})

    assert User.objects.get(pk=amira.user.pk).language == "en"


def test_language_is_chosen_by_post_and_leads_nowhere_else(client: Client) -> None:
    assert client.get("/i18n/setlang/").status_code == 405
    response = client.post("/i18n/setlang/", {"language": "en", "next": "https://elsewhere.example/"})
    assert response.headers["Location"] == "/"


@pytest.mark.parametrize(
    ("contact", "shown"),
    [
        ("+7 727 000 00 00", '<a href="tel:+77270000000">+7\xa0727\xa0000\xa000\xa000</a>'),
        ("8 (727) 000-00-00", '<a href="tel:87270000000">8\xa0(727)\xa0000-00-00</a>'),
        ("the desk at the station", "the desk at the station"),
        ("t.me/<desk>", "t.me/&lt;desk&gt;"),
    ],
)
@pytest.mark.parametrize("address", ["/need/", "/closed"])
def test_coordinators_are_one_tap_away(
    client: Client, settings: Any, tmp_path: Path, address: str, contact: str, shown: str
) -> None:
    settings.HELP_CONTACT, settings.MAINTENANCE_FILE = contact, str(tmp_path / "closed")
    if address == "/closed":
        (tmp_path / "closed").touch()

    assert f"<p>The coordinators: {shown}</p>" in client.get(address).content.decode()


def test_sign_out_ends_the_session_and_clears_the_browser(client: Client, amira: Person) -> None:
    client.force_login(amira.user)
    assert client.get("/sign-out/").status_code == 405

    response = client.post("/sign-out/")

    assert response.headers["Clear-Site-Data"] == '"cache", "cookies", "storage"'
    assert title_of(client.get("/case/")) == "Open your case – Shanyrak"


def test_leaving_ends_the_session_clears_the_browser_and_leads_away(client: Client, amira: Person) -> None:
    client.force_login(amira.user)
    assert client.get("/leave/").status_code == 405

    response = client.post("/leave/")

    assert response.headers["Clear-Site-Data"] == '"cache", "cookies", "storage"'
    assert response.headers["Refresh"] == f"0; url={settings.EXIT_URL}"
    assert Session.objects.count() == 0
    assert title_of(client.get("/case/")) == "Open your case – Shanyrak"


def test_leaving_needs_no_token(amira: Person) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(amira.user)

    assert browser.post("/leave/").status_code == 200
    assert Session.objects.count() == 0


def test_leaving_that_another_site_asks_for_ends_nothing(client: Client) -> None:
    """A request from another site carries no cookie of ours (SameSite)."""
    response = client.post("/leave/", headers={"origin": "https://elsewhere.example"})

    assert "Clear-Site-Data" not in response.headers
    assert response.headers["Refresh"] == f"0; url={settings.EXIT_URL}"


def test_post_without_a_token_is_refused_in_words(hanna: Person) -> None:
    browser = Client(enforce_csrf_checks=True, headers={"accept-language": "en"})
    browser.force_login(hanna.user)
    space = people.space(hanna.host)

    response = browser.post(f"/host/space/{space.pk}/pause/")

    assert (response.status_code, title_of(response)) == (403, "This page was open too long – Shanyrak")


def test_unknown_address_has_a_page(client: Client) -> None:
    response = client.get("/nothing/")

    assert (response.status_code, title_of(response)) == (404, "There is nothing here – Shanyrak")


def _broken(request: HttpRequest) -> HttpResponse:
    raise RuntimeError("on purpose")


def _database_away(request: HttpRequest) -> HttpResponse:
    raise OperationalError("on purpose")


def _suspicious(request: HttpRequest) -> HttpResponse:
    raise SuspiciousOperation("on purpose")


def _throttled(request: HttpRequest) -> HttpResponse:
    raise TooManyTries(retry_after=60)


def _refused(request: HttpRequest) -> HttpResponse:
    raise NoRoomLeft


class _WithFaults:
    urlpatterns = [
        path("broken", _broken),
        path("away", _database_away),
        path("api/away", _database_away),
        path("suspicious", _suspicious),
        path("throttled", _throttled),
        path("refused", _refused),
        *urls.urlpatterns,
    ]
    handler500 = urls.handler500


@override_settings(ROOT_URLCONF=_WithFaults)
def test_fault_of_ours_has_a_page_that_needs_nothing(client: Client) -> None:
    client.raise_request_exception = False

    response = client.get("/broken")

    assert (response.status_code, title_of(response)) == (500, "Something went wrong on our side – Shanyrak")


@override_settings(ROOT_URLCONF=_WithFaults)
def test_page_without_the_database_says_when_to_try_again(client: Client) -> None:
    client.raise_request_exception = False

    response = client.get("/away")

    assert (response.status_code, response.headers["Retry-After"]) == (503, "60")
    assert title_of(response) == "We are back soon – Shanyrak"
    assert f'data-to="{settings.EXIT_URL}"' in text_of(response)


@override_settings(ROOT_URLCONF=_WithFaults)
def test_api_without_the_database_answers_with_a_problem(client: Client) -> None:
    client.raise_request_exception = False

    response = client.get("/api/away")

    assert (response.status_code, response.headers["Content-Type"]) == (503, "application/problem+json")
    assert response.json() == {
        "type": "about:blank",
        "title": "We are back soon",
        "status": 503,
        "detail": "Nothing was taken in, or all of it. Send it again with the same Idempotency-Key.",
        "code": "unavailable",
    }


def test_maintenance_closes_every_page_but_the_health_checks(client: Client, settings: Any, tmp_path: Path) -> None:
    settings.MAINTENANCE_FILE = str(tmp_path / "closed")
    assert client.get("/need/").status_code == 200
    (tmp_path / "closed").touch()

    response = client.get("/need/", headers={"accept-language": "en"})

    assert (response.status_code, response.headers["Retry-After"]) == (503, "60")
    assert (response.headers["Cache-Control"], title_of(response)) == ("no-store", "We are back soon – Shanyrak")
    assert client.post("/api/v1/requests/").json()["code"] == "unavailable"
    assert client.get("/healthz").status_code == 200


def test_maintenance_asks_nothing_of_the_database(
    client: Client, amira: Person, settings: Any, tmp_path: Path, django_assert_num_queries: Any
) -> None:
    client.force_login(amira.user)
    settings.MAINTENANCE_FILE = str(tmp_path)

    with django_assert_num_queries(0):
        client.get("/case/")


def test_page_is_compressed_and_its_length_tells_little(client: Client) -> None:
    """Equal pages have different lengths, so guessing a page's content from its length needs far more pages (BREACH)."""
    pages = [client.get("/need/", headers={"accept-encoding": "gzip"}) for _each in range(20)]

    assert {page.headers["Content-Encoding"] for page in pages} == {"gzip"}
    assert len({len(page.content) for page in pages}) > 5
    assert len(pages[0].content) < len(client.get("/need/").content) * 0.6


def test_api_is_not_compressed(client: Client) -> None:
    response = client.get("/api/v1/schema/", headers={"accept-encoding": "gzip"})

    assert (response.status_code, response.headers.get("Content-Encoding")) == (200, None)


def test_styleguide_is_there_in_development_only(client: Client, settings: Any) -> None:
    assert client.get("/styleguide/").status_code == 404

    settings.DEBUG = True

    assert title_of(client.get("/styleguide/")) == "Styleguide – Shanyrak"


@override_settings(ROOT_URLCONF=_WithFaults)
def test_unreadable_request_has_a_page(client: Client) -> None:
    response = client.get("/suspicious")

    assert (response.status_code, title_of(response)) == (400, "We could not read this – Shanyrak")


@override_settings(ROOT_URLCONF=_WithFaults)
def test_throttled_request_has_a_page_that_says_when(client: Client) -> None:
    response = client.get("/throttled")

    assert (response.status_code, response.headers["Retry-After"]) == (429, "60")
    assert title_of(response) == "Error: Too many tries – Shanyrak"
    assert problems_of(response) == []
    assert "Wait 1 minute, then try again." in text_of(response)


@override_settings(ROOT_URLCONF=_WithFaults)
def test_refusal_that_its_page_does_not_handle_has_a_page_in_words(client: Client) -> None:
    response = client.get("/refused")

    assert (response.status_code, title_of(response)) == (409, "Error: This is not possible – Shanyrak")
    assert problems_of(response) == [
        ("", "There is no room left in this space on these nights. Choose another space or other nights.")
    ]
