"""A coordinator adds a passkey and signs in with it, in a real Chromium with a virtual authenticator."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from accounts import second_factor
from accounts.models import Authenticator, Passkey, SignIn
from tests import people
from tests.people import PASSWORD, Person

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def desk(browser: Browser, live_server: LiveServer, settings: Any) -> Iterator[Page]:
    """A page in English with scripts, and a virtual authenticator that has a PIN and says yes."""
    settings.SITE_URL = live_server.url
    context = browser.new_context(base_url=live_server.url, locale="en-GB")
    page = context.new_page()
    faults: list[str] = []
    page.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
    tools = context.new_cdp_session(page)
    tools.send("WebAuthn.enable")
    tools.send(
        "WebAuthn.addVirtualAuthenticator",
        {
            "options": {
                "protocol": "ctap2",
                "transport": "internal",
                "hasResidentKey": True,
                "hasUserVerification": True,
                "isUserVerified": True,
                "automaticPresenceSimulation": True,
            }
        },
    )
    yield page
    context.close()
    assert faults == []


def with_both_factors(page: Page, person: Person) -> None:
    page.goto("/admin/login/")
    page.fill("[name=username]", person.user.username)
    page.fill("[name=password]", PASSWORD)
    page.click("[type=submit]")
    page.fill("[name=code]", second_factor.digits_now(people.authenticator(person).secret, at=timezone.now()))
    page.click("[type=submit]")


def add_passkey(page: Page, person: Person) -> None:
    with_both_factors(page, person)
    page.goto("/admin/keys/")
    Authenticator.objects.update(last_step=-1)  # The same six digits once more, instead of waiting for new ones.
    page.fill("[name=code]", second_factor.digits_now(people.authenticator(person).secret, at=timezone.now()))
    page.click("button[value=passkey]")
    page.fill("[name=name]", "my phone")
    page.click("#passkey button")
    expect(page.get_by_text("The passkey is added.")).to_be_visible()


def sign_out(page: Page) -> None:
    page.context.clear_cookies()


def test_coordinator_adds_a_passkey_and_signs_in_with_it(desk: Page) -> None:
    carla = people.carla()
    people.authenticator(carla)
    add_passkey(desk, carla)
    sign_out(desk)

    desk.goto("/admin/login/?next=/admin/keys/")
    desk.click("text=Sign in with a passkey")
    desk.click("[type=submit]")

    expect(desk.locator("h1", has_text="My second factor")).to_be_visible()
    assert SignIn.objects.order_by("pk").last().way == "passkey"
    assert (Passkey.objects.get().name, Passkey.objects.get().used_at is not None) == ("my phone", True)


def test_removed_passkey_opens_nothing(desk: Page) -> None:
    carla = people.carla()
    people.authenticator(carla)
    add_passkey(desk, carla)
    desk.get_by_role("button", name="Remove the passkey my phone").click()
    expect(desk.get_by_text("The passkey is removed.")).to_be_visible()
    sign_out(desk)

    desk.goto("/admin/login/passkey/")
    desk.click("[type=submit]")

    expect(desk.get_by_text("This passkey is not valid here.")).to_be_visible()
    desk.goto("/admin/keys/")
    expect(desk.locator("[name=password]")).to_be_visible()


def test_device_without_a_passkey_says_so_and_the_password_is_there(desk: Page) -> None:
    desk.goto("/admin/login/passkey/")
    desk.click("[type=submit]")

    expect(desk.locator("#passkey-failed")).to_be_visible()
    desk.click("text=Sign in with my password")
    expect(desk.locator("[name=password]")).to_be_visible()
