"""Leaving quickly by the button, with and without JavaScript, and by pressing Escape three times: no trace remains."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings as service
from django.contrib.sessions.models import Session
from django.test import Client
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from accounts.arrivals import grouped
from tests import people
from tests.browser.every_page import WithFaults, world
from tests.integration.web.walks import ask_for_shelter, title_of
from tests.people import Person
from tests.processes import wait_for

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def elsewhere(live_server: LiveServer, settings: Any) -> str:
    """A page about nothing on another origin: this machine under its other name."""
    settings.EXIT_URL = live_server.url.replace("localhost", "127.0.0.1") + "/healthz"
    assert live_server.url not in settings.EXIT_URL
    return str(settings.EXIT_URL)


@pytest.fixture
def amira() -> Person:
    person = people.amira()
    people.request(person.arrival)
    return person


@pytest.fixture(params=[True, False], ids=["script", "no-script"])
def her_page(
    request: pytest.FixtureRequest, browser: Browser, live_server: LiveServer, elsewhere: str, amira: Person
) -> Iterator[Page]:
    """Amira's case on her phone, with earlier pages before it in the history."""
    client = Client()
    client.force_login(amira.user)
    context = browser.new_context(base_url=live_server.url, locale="en", java_script_enabled=request.param)
    session = {service.SESSION_COOKIE_NAME: client.session.session_key or "", service.LANGUAGE_COOKIE_NAME: "en"}
    context.add_cookies([{"name": name, "value": value, "url": live_server.url} for name, value in session.items()])
    page = context.new_page()
    page.goto("/")
    page.get_by_role("link", name="Your case").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(f"Case {grouped(amira.user.username)}")
    yield page
    context.close()


def nothing_stays(page: Page, site: str, elsewhere: str, amira: Person) -> None:
    page.wait_for_url(elsewhere)
    wait_for(lambda: page.context.cookies(site) == [], what="forgetting every cookie")
    assert Session.objects.count() == 0
    for _step in range(3):
        page.go_back()
        assert grouped(amira.user.username) not in page.content()
        expect(page.get_by_role("link", name="Your case")).to_have_count(0)


def test_leaving_by_the_button_leaves_nothing(
    her_page: Page, live_server: LiveServer, elsewhere: str, amira: Person
) -> None:
    her_page.get_by_role("button", name="Leave quickly").click()

    nothing_stays(her_page, live_server.url, elsewhere, amira)


@pytest.mark.parametrize("her_page", [True], indirect=True, ids=["script"])
def test_leaving_by_escape_three_times_leaves_nothing(
    her_page: Page, live_server: LiveServer, elsewhere: str, amira: Person
) -> None:
    for _press in range(3):
        her_page.keyboard.press("Escape")

    nothing_stays(her_page, live_server.url, elsewhere, amira)


@pytest.mark.parametrize("her_page", [True], indirect=True, ids=["script"])
def test_escape_twice_and_something_else_leaves_the_page_as_it_is(her_page: Page) -> None:
    before = her_page.url
    for key in ("Escape", "Escape", "a", "Escape", "Escape"):
        her_page.keyboard.press(key)

    her_page.get_by_role("link", name="Shanyrak").focus()  # By now the keys would have had their effect.
    assert (her_page.url, Session.objects.count()) == (before, 1)


def test_signing_out_leaves_nothing_either(her_page: Page, amira: Person, live_server: LiveServer) -> None:
    her_page.get_by_role("button", name="Sign out").click()
    her_page.wait_for_url(live_server.url + "/")

    assert [cookie["name"] for cookie in her_page.context.cookies()] in ([], [service.CSRF_COOKIE_NAME])
    her_page.go_back()
    assert grouped(amira.user.username) not in her_page.content()


def test_number_and_secret_are_copied(browser: Browser, live_server: LiveServer) -> None:
    people.place()
    client = Client(headers={"accept-language": "en"})
    number, secret = ask_for_shelter(client)
    context = browser.new_context(base_url=live_server.url, locale="en")
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    context.add_cookies(
        [{"name": key, "value": cookie.value, "url": live_server.url} for key, cookie in client.cookies.items()]
    )
    page = context.new_page()
    page.goto("/need/done/")

    page.get_by_role("button", name="Copy").click()

    assert page.evaluate("navigator.clipboard.readText()") == f"Case number: {number}\nSecret: {secret}"
    context.close()


TELLING = re.compile(r"sleep|shelter|safe|host|place|night|need|household|danger", re.IGNORECASE)


def test_what_the_history_keeps_of_an_arrivals_pages_tells_nothing(settings: Any) -> None:
    """The title and address of every page that an arrival may open are neutral; a host's pages may say what they are."""
    settings.ROOT_URLCONF = WithFaults
    seen = world()
    titles: dict[str, str] = {}
    for stop in seen.stops:
        if stop.name.startswith(("host", "offer", "styleguide")) or stop.press:
            continue
        client = Client(headers={"accept-language": "en"}, raise_request_exception=False)
        client.cookies.load(dict(seen.cookies[stop.visitor]))
        titles[str(stop)] = title_of(client.get(stop.address))

    assert {stop: title for stop, title in titles.items() if TELLING.search(title)} == {}
    assert len(titles) > 30
