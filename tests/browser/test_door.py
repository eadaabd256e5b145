"""The coordinators' door with the keyboard alone, at two widths and under axe: first sign-in, later ones, a lost phone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.utils import timezone
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from accounts import second_factor
from accounts.models import Authenticator
from deployment import rules
from tests import people
from tests.browser.desk_pages import wrong
from tests.people import PASSWORD, Person

pytestmark = pytest.mark.django_db(transaction=True)
Look = Callable[[Page, str], None]


@pytest.fixture
def look(pictures: Path) -> Look:
    """Take a picture of a page and check that the page fits the width."""

    def here(page: Page, name: str) -> None:
        size = page.viewport_size
        assert size is not None
        page.screenshot(path=pictures / f"door-{name}-{size['width']}.png", full_page=True)
        assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]

    return here


def type_(page: Page, *keys: str) -> None:
    """Press the named keys, and type every other word letter by letter."""
    for key in keys:
        if key in ("Tab", "Enter", "Space"):
            page.keyboard.press(key)
        else:
            page.keyboard.type(key)


def password(page: Page) -> None:
    """Type Carla's name and password into the first step, where the focus already is."""
    expect(page.get_by_label("Username")).to_be_focused()
    type_(page, "carla", "Tab", PASSWORD, "Enter")


def tab_to(page: Page, name: str) -> None:
    """Press Tab until the element of this name has the focus, as a person without a mouse does."""
    for _press in range(80):
        page.keyboard.press("Tab")
        focused = page.locator(":focus")
        if focused.count() and (
            focused.get_attribute("name") == name
            or focused.inner_text().strip().lower() == name.lower()  # The styles may show the text in capitals.
            or focused.get_attribute("value") == name
        ):
            return
    raise AssertionError(f"Tab does not reach {name}")


def test_first_sign_in_with_the_keyboard_sets_up_the_second_factor(page: Page, look: Look) -> None:
    people.carla()

    page.goto("/admin/matching/match/")
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")
    look(page, "1-password")
    password(page)

    expect(page.get_by_role("heading", level=1)).to_have_text("Set up your second factor")
    expect(page.get_by_role("img", name="QR code")).to_be_visible()
    look(page, "2-set-up")
    tab_to(page, "code")
    type_(page, "000000", "Enter")
    expect(page.get_by_role("alert")).to_contain_text("This code is not valid.")
    look(page, "3-wrong-code")
    secret = page.locator("#secret").inner_text().replace(" ", "")
    tab_to(page, "code")
    type_(page, second_factor.digits_now(secret, at=timezone.now()), "Enter")

    expect(page.get_by_role("heading", level=1)).to_have_text("Write down your recovery codes")
    expect(page.locator(".sh-codes li")).to_have_count(10)
    look(page, "4-recovery-codes")
    tab_to(page, "I have written them down: go on")
    type_(page, "Enter")
    expect(page).to_have_url(f"{page.url.split('/admin')[0]}/admin/matching/match/")


def test_further_sign_in_and_sign_out_with_the_keyboard(page: Page, look: Look) -> None:
    carla = people.carla()
    secret = people.authenticator(carla).secret

    page.goto("/admin/keys/")
    password(page)
    expect(page.get_by_role("heading", level=1)).to_have_text("Second step")
    look(page, "5-code")
    expect(page.get_by_label("The six digits in your app")).to_be_focused()
    type_(page, second_factor.digits_now(secret, at=timezone.now()), "Enter")

    expect(page.get_by_role("heading", level=1)).to_have_text("My second factor")
    look(page, "6-keys")
    tab_to(page, "Log out")
    type_(page, "Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("A place to sleep")
    page.goto("/admin/")
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")


def test_lost_phone_with_the_keyboard(page: Page) -> None:
    carla = people.carla()
    people.authenticator(carla)
    code = second_factor.make_recovery_codes(carla.user, at=timezone.now())[0]

    page.goto("/admin/keys/")
    password(page)
    expect(page.get_by_label("The six digits in your app")).to_be_focused()
    tab_to(page, "I do not have my phone: use a recovery code")
    type_(page, "Enter")
    expect(page.get_by_label("A recovery code")).to_be_focused()
    type_(page, code, "Enter")

    expect(page.get_by_text("9 recovery codes are left.")).to_be_visible()


def signed_in(page: Page, live_server: LiveServer, person: Person) -> None:
    value = people.desk_client(person).cookies[settings.SESSION_COOKIE_NAME].value
    page.context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": value, "url": live_server.url}])


def test_lead_changes_a_setting_with_the_keyboard(page: Page, live_server: LiveServer, look: Look) -> None:
    signed_in(page, live_server, people.lena())

    page.goto("/admin/deployment/settingchange/settings/")
    look(page, "7-settings")
    tab_to(page, "fresh_days")
    page.keyboard.press("Control+A")
    type_(page, "3")
    tab_to(page, "reason")
    type_(page, "we call everybody anyway", "Enter")
    expect(page.get_by_role("alert").nth(1)).to_contain_text("time to answer must be shorter")
    look(page, "8-settings-wrong")
    tab_to(page, "fresh_days")
    page.keyboard.press("Control+A")
    type_(page, "9", "Enter")

    expect(page.get_by_text("Changed: Days until a host is asked")).to_be_visible()
    assert rules.current().fresh_days == 9


def test_lead_names_a_coordinator_and_looks_at_the_audit(page: Page, live_server: LiveServer, look: Look) -> None:
    signed_in(page, live_server, people.lena())
    people.place("Oral")

    page.goto("/admin/accounts/coordinator/add/")
    look(page, "9-name")
    page.get_by_label("User name").fill("nina")
    page.get_by_label("Or these places, one a line").fill("Орал")
    page.get_by_label("Their own phone or e-mail").fill("nina@example.org")
    page.get_by_role("button", name="Name this coordinator").click()
    expect(page.get_by_text("The invitation is on its way.")).to_be_visible()
    look(page, "10-named")
    page.goto("/admin/accounts/coordinatorevent/")
    look(page, "11-audit")
    expect(page.get_by_text("coordinator: Oral")).to_be_visible()


# -- axe ------------------------------------------------------------------------------------------


@pytest.fixture(params=["light", "dark"])
def looked_at(request: pytest.FixtureRequest, browser: Browser, live_server: LiveServer) -> Any:
    """Return a page on which axe may run its script."""
    context = browser.new_context(
        viewport={"width": 360, "height": 740},
        base_url=live_server.url,
        locale="en-GB",
        color_scheme=request.param,
        bypass_csp=True,
    )
    yield context.new_page()
    context.close()


def test_door_has_nothing_wrong(looked_at: Page) -> None:
    people.carla()
    found = {}

    looked_at.goto("/admin/login/")
    found["password"] = wrong(looked_at)
    type_(looked_at, "carla", "Tab", "wrong", "Enter")
    expect(looked_at.get_by_role("alert")).to_be_visible()
    found["wrong password"] = wrong(looked_at)
    looked_at.get_by_label("Password").fill(PASSWORD)
    looked_at.get_by_role("button", name="Continue").click()
    expect(looked_at.get_by_role("heading", level=1)).to_have_text("Set up your second factor")
    found["set up"] = wrong(looked_at)
    digits = second_factor.digits_now(Authenticator.objects.get().secret, at=timezone.now())
    looked_at.get_by_label("The six digits in your app").fill(digits)
    looked_at.get_by_role("button", name="Continue").click()
    expect(looked_at.get_by_role("heading", level=1)).to_have_text("Write down your recovery codes")
    found["recovery codes"] = wrong(looked_at)
    looked_at.context.clear_cookies()
    looked_at.goto("/admin/login/")
    password(looked_at)
    expect(looked_at.get_by_role("heading", level=1)).to_have_text("Second step")
    found["code"] = wrong(looked_at)

    assert found == {page: [] for page in ("password", "wrong password", "set up", "recovery codes", "code")}


@pytest.mark.parametrize(
    "address",
    [
        "/admin/keys/",
        "/admin/deployment/settingchange/settings/",
        "/admin/accounts/coordinator/add/",
        "/admin/accounts/coordinator/{carla}/change/",
    ],
)
def test_own_pages_have_nothing_wrong(looked_at: Page, live_server: LiveServer, address: str) -> None:
    signed_in(looked_at, live_server, people.lena())
    answer = looked_at.goto(address.replace("{carla}", str(people.carla().user.coordinator.pk)))

    assert answer is not None
    assert (answer.status, wrong(looked_at)) == (200, [])
