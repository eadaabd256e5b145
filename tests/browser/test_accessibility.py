"""What axe finds wrong with the pages (WCAG 2.2 A and AA), in light and dark: nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from django.test import Client
from playwright.sync_api import Browser, Page
from pytest_django.live_server_helper import LiveServer

from matching.states import Status
from tests import people

pytestmark = pytest.mark.django_db(transaction=True)
RULES = {"runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}}


@pytest.fixture(params=["light", "dark"])
def scheme(request: pytest.FixtureRequest) -> Literal["light", "dark"]:
    return request.param  # type: ignore[no-any-return]


@pytest.fixture
def looked_at(browser: Browser, live_server: LiveServer, scheme: Literal["light", "dark"]) -> Iterator[Page]:
    """A page on which axe may run its script; nothing of ours needs one."""
    context = browser.new_context(
        viewport={"width": 360, "height": 740},
        base_url=live_server.url,
        locale="en-GB",
        color_scheme=scheme,
        bypass_csp=True,
    )
    yield context.new_page()
    context.close()


def wrong(page: Page) -> list[Any]:
    found = Axe().run(page, options=RULES).response["violations"]
    return [(each["id"], [node["html"] for node in each["nodes"]]) for each in found]


def sign_in(page: Page, live_server: LiveServer, person: people.Person) -> None:
    client = Client()
    client.force_login(person.user)
    cookie = client.cookies[settings.SESSION_COOKIE_NAME]
    page.context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": live_server.url}])


@pytest.mark.parametrize(
    "address", ["/", "/need/", "/need/people/", "/case/", "/offer/where/", "/host/sign-in/", "/nothing/"]
)
def test_open_page_has_nothing_wrong(looked_at: Page, address: str) -> None:
    looked_at.goto(address)

    assert wrong(looked_at) == []


def test_page_with_a_problem_has_nothing_wrong(looked_at: Page) -> None:
    looked_at.goto("/need/people/")
    looked_at.get_by_role("button", name="Continue").click()

    assert looked_at.get_by_role("alert").count() == 1
    assert wrong(looked_at) == []


def test_page_of_either_side_has_nothing_wrong(looked_at: Page, live_server: LiveServer) -> None:
    amira, hanna = people.amira(), people.hanna()
    match = people.match_in(Status.CONFIRMED, people.request(amira.arrival), people.space(hanna.host))

    found = {}
    for person, addresses in (
        (amira, ["/case/", f"/case/match/{match.pk}/cancel/", f"/case/match/{match.pk}/contact/"]),
        (
            hanna,
            [
                "/host/",
                f"/host/match/{match.pk}/no_show/",
                f"/host/space/{match.space_id}/pause/",
                f"/host/space/{match.space_id}/nights/",
            ],
        ),
    ):
        sign_in(looked_at, live_server, person)
        for address in addresses:
            answer = looked_at.goto(address)
            assert answer is not None
            found[address] = (answer.status, wrong(looked_at))

    assert set(map(str, found.values())) == {"(200, [])"}


def test_axe_finds_what_is_wrong(looked_at: Page) -> None:
    """The negative control: with a field's label taken away there is something to find."""
    looked_at.goto("/need/people/")
    looked_at.evaluate("document.querySelector('label[for=id_adults]').remove()")

    assert [rule for rule, _nodes in wrong(looked_at)] == ["label"]
