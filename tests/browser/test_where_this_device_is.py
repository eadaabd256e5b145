"""The button that takes the place where the device is: whatever the device answers, the question leads on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from tests import people

pytestmark = pytest.mark.django_db(transaction=True)

BUTTON = "Take the place where this device is"
NEAR_ALMATY = {"latitude": 43.2501, "longitude": 76.9002}
AT_SEA = {"latitude": 0.0, "longitude": 0.0}

Opened = Callable[..., Page]


def of_an_arrival(page: Page) -> str:
    page.goto("/need/people/")
    page.get_by_label("Adults").fill("1")
    go_on(page)
    page.get_by_label("Men, or men and women").check()
    page.get_by_label("It does not matter").check()
    go_on(page)
    expect(page.get_by_role("heading", level=1)).to_have_text("Where do you need it?")
    return "When do you need it, and for how long?"


def of_a_host(page: Page) -> str:
    page.goto("/offer/where/")
    expect(page.get_by_role("heading", level=1)).to_have_text("Where is the space?")
    return "What is the exact address?"


def go_on(page: Page) -> None:
    page.get_by_role("button", name="Continue").click()


@pytest.fixture
def opened(browser: Browser, live_server: LiveServer) -> Iterator[Opened]:
    contexts = []
    people.place()
    people.place("Oral")

    def open_(**options: Any) -> Page:
        context = browser.new_context(
            viewport={"width": 360, "height": 740}, base_url=live_server.url, locale="en-GB", **options
        )
        contexts.append(context)
        return context.new_page()

    yield open_
    for context in contexts:
        context.close()


DOORS = pytest.mark.parametrize("door", [of_an_arrival, of_a_host])


@DOORS
def test_device_that_answers_answers_the_question(opened: Opened, door: Callable[[Page], str]) -> None:
    page = opened(geolocation=NEAR_ALMATY, permissions=["geolocation"])
    follows = door(page)

    page.get_by_role("button", name=BUTTON).click()

    expect(page.get_by_role("heading", level=1)).to_have_text(follows)


@DOORS
def test_device_far_from_every_place_is_asked_for_the_nearest(opened: Opened, door: Callable[[Page], str]) -> None:
    page = opened(geolocation=AT_SEA, permissions=["geolocation"])
    follows = door(page)

    page.get_by_role("button", name=BUTTON).click()

    expect(page.get_by_role("alert")).to_contain_text("There is no place that we know near you.")
    page.get_by_label("Almaty").check()
    go_on(page)
    expect(page.get_by_role("heading", level=1)).to_have_text(follows)


@DOORS
def test_device_that_may_not_say_where_it_is_leaves_the_name_to_be_written(
    opened: Opened, door: Callable[[Page], str]
) -> None:
    page = opened(permissions=[])
    follows = door(page)

    page.get_by_role("button", name=BUTTON).click()

    expect(page.get_by_role("button", name="This device did not say where it is.")).to_be_disabled()
    page.get_by_label("City, town or border crossing").fill("алматы")
    go_on(page)
    expect(page.get_by_role("heading", level=1)).to_have_text(follows)


@pytest.mark.parametrize("lacks", ["scripts", "a way to say where it is"])
@DOORS
def test_device_that_cannot_say_where_it_is_shows_no_button(
    opened: Opened, door: Callable[[Page], str], lacks: str
) -> None:
    page = opened(java_script_enabled=lacks != "scripts", geolocation=NEAR_ALMATY, permissions=["geolocation"])
    if lacks != "scripts":
        page.add_init_script("delete Navigator.prototype.geolocation")
    follows = door(page)

    expect(page.get_by_role("button", name=BUTTON)).to_be_hidden()
    page.get_by_label("City, town or border crossing").fill("алматы")
    go_on(page)
    expect(page.get_by_role("heading", level=1)).to_have_text(follows)
