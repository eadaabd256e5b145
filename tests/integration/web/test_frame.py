"""What is around every page: languages, headers, leaving, and the pages for when something is wrong."""

from __future__ import annotations

import re

import pytest
from django.conf import settings
from django.core.exceptions import SuspiciousOperation
from django.http import HttpRequest, HttpResponse
from django.test import Client, override_settings
from django.urls import path

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
    assert re.findall(r"<script|<style|\sstyle=|\son[a-z]+=", page) == []
    assert "default-src 'none'" in response.headers["Content-Security-Policy"]
    assert "unsafe" not in response.headers["Content-Security-Policy"]
    assert response.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("address", PAGES)
def test_page_has_the_exit_and_a_way_around_the_frame(client: Client, address: str) -> None:
    page = text_of(client.get(address))

    assert f'href="{settings.EXIT_URL}" rel="noreferrer noopener"' in page
    assert 'class="skip" href="#main"' in page


def test_chosen_language_is_remembered_on_the_device(client: Client) -> None:
    response = client.post("/i18n/setlang/", {"language": "kk", "next": "/need/"}, follow=True)

    assert response.request["PATH_INFO"] == "/need/"
    assert re.search(r'<html lang="(..)"', text_of(client.get("/")))[1] == "kk"  # type: ignore[index]


def test_chosen_language_follows_a_signed_in_person(client: Client, amira: Person) -> None:
    client.force_login(amira.user)

    client.post("/i18n/setlang/", {"language": "ka", "next": "/case/"})

    assert User.objects.get(pk=amira.user.pk).language == "ka"


@pytest.mark.parametrize("language", ["", "xx", "de"])
def test_language_that_is_not_spoken_changes_nothing(client: Client, amira: Person, language: str) -> None:
    client.force_login(amira.user)

    client.post("/i18n/setlang/", {"language": language, "next": "/"})

    assert User.objects.get(pk=amira.user.pk).language == "en"


def test_language_is_chosen_by_post_and_leads_nowhere_else(client: Client) -> None:
    assert client.get("/i18n/setlang/").status_code == 405
    response = client.post("/i18n/setlang/", {"language": "en", "next": "https://elsewhere.example/"})
    assert response.headers["Location"] == "/"


def test_sign_out_ends_the_session_and_clears_the_browser(client: Client, amira: Person) -> None:
    client.force_login(amira.user)
    assert client.get("/sign-out/").status_code == 405

    response = client.post("/sign-out/")

    assert response.headers["Clear-Site-Data"] == '"cache", "cookies", "storage"'
    assert title_of(client.get("/case/")) == "Open your case – Shanyrak"


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


def _suspicious(request: HttpRequest) -> HttpResponse:
    raise SuspiciousOperation("on purpose")


def _throttled(request: HttpRequest) -> HttpResponse:
    raise TooManyTries(retry_after=60)


def _refused(request: HttpRequest) -> HttpResponse:
    raise NoRoomLeft


class _WithFaults:
    urlpatterns = [
        path("broken", _broken),
        path("suspicious", _suspicious),
        path("throttled", _throttled),
        path("refused", _refused),
        *urls.urlpatterns,
    ]


@override_settings(ROOT_URLCONF=_WithFaults)
def test_fault_of_ours_has_a_page_that_needs_nothing(client: Client) -> None:
    client.raise_request_exception = False

    response = client.get("/broken")

    assert (response.status_code, title_of(response)) == (500, "Something went wrong on our side – Shanyrak")


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


@override_settings(ROOT_URLCONF=_WithFaults)
def test_refusal_that_no_page_expected_has_a_page_in_words(client: Client) -> None:
    response = client.get("/refused")

    assert (response.status_code, title_of(response)) == (409, "Error: This is not possible – Shanyrak")
    assert problems_of(response) == [
        ("", "There is no room left in this space on these nights. Choose another space or other nights.")
    ]
