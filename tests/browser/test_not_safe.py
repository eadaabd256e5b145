"""Somebody does not feel safe: the whole path in a real browser, on both sides and at the desk, with a real gateway."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from matching.models import Incident, Match
from matching.states import Status
from notifications.delivering import deliver_due
from tests import people
from tests.browser.desk_pages import Opening
from tests.people import Person
from tests.standins.gateway import Gateway

pytestmark = pytest.mark.django_db(transaction=True)

HELP = "+7 700 000 00 00"
CARLAS = "+77015550202"


@pytest.fixture(autouse=True)
def _a_deployment(settings: Any) -> None:
    settings.HELP_CONTACT, settings.EMERGENCY_CONTACTS = HELP, ["+7 700 000 00 01"]


def deliver() -> None:
    deliver_due(now=timezone.now, jitter=lambda: 0.0)


def sent_to(address: str, gateway: Gateway) -> list[str]:
    return [message["text"] for message in gateway.taken.values() if message["to"] == address]


def signed_in(page: Page, person: Person, site: str) -> None:
    client = Client()
    client.force_login(person.user)
    session = client.cookies[settings.SESSION_COOKIE_NAME]
    page.context.add_cookies([{"name": session.key, "value": session.value, "url": site}])


def says(page: Page, *sentences: str) -> None:
    for sentence in sentences:
        expect(page.locator("main")).to_contain_text(re.compile(sentence))


def proves_a_contact(desk: Page, gateway: Gateway) -> None:
    """Add a phone at the desk and prove it by the code that arrives there."""
    desk.goto("/admin/matching/incident/contacts/")
    says(desk, "You have no contact: nobody can call you")
    desk.get_by_label("Phone number or e-mail address").fill("+7 701 555 02 02")
    desk.get_by_role("button", name="Add it and send a code there").click()
    deliver()
    (code,) = re.findall(r"^\d{6}", sent_to(CARLAS, gateway)[-1])
    desk.get_by_label("Code").fill(code)
    desk.get_by_role("button", name="Prove it").click()
    says(desk, "proved on")


def puts_on_the_rota(desk: Page, name: str) -> None:
    desk.goto("/admin/matching/incident/rota/")
    desk.get_by_label("Coordinator", exact=True).select_option(label=name)
    for day in ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"):
        desk.get_by_label(day).check()
    desk.get_by_label("From", exact=True).fill("00:00")
    desk.get_by_label("Until").fill("00:00")
    desk.get_by_role("button", name="Put on the rota").click()
    says(desk, "on call now")


@pytest.mark.parametrize("side", ["arrival", "host"])
def test_report_is_paged_acknowledged_and_closed_by_two(
    page: Page,
    live_server: LiveServer,
    opening: Opening,
    gateway: Gateway,
    carla: Person,
    pictures: Path,
    side: str,
) -> None:
    amira, hanna, lena = people.amira(), people.hanna(), people.lena()
    match = people.match_in(Status.CHECKED_IN, people.request(amira.arrival), people.space(hanna.host))
    reporter, home = (amira, "/case/") if side == "arrival" else (hanna, "/host/")
    desk, lead = opening(carla, scripts=False), opening(lena, scripts=False)
    proves_a_contact(desk, gateway)
    puts_on_the_rota(lead, "carla")
    signed_in(page, reporter, live_server.url)

    page.goto(home)
    page.get_by_role("button", name="I do not feel safe").click()

    expect(page.get_by_role("heading", level=1)).to_have_text("You do not feel safe")
    says(
        page,
        "call 112",
        HELP.replace("+", r"\+").replace(" ", r"\s"),
        "Those on call are being told now",
        "Nobody has answered yet. Call",
    )
    deliver()
    assert sent_to(CARLAS, gateway)[1:] == ["URGENT: somebody does not feel safe. Please look now."]
    page.get_by_role("link", name="Look again").click()
    says(page, "Our message to those on call went out on", "Nobody has answered yet. Call")
    page.get_by_label("A number or a place").fill("+7 702 333 44 55")
    page.get_by_label("What happened?").fill("Somebody shouts at me.")
    page.get_by_role("button", name="Tell the coordinators").click()
    says(page, "Nobody has answered yet. Call")
    page.screenshot(path=pictures / f"not-safe-{side}-{page.viewport_size['width']}.png")  # type: ignore[index]

    desk.goto("/admin/")
    says(desk, "Somebody does not feel safe", "Nobody has acknowledged yet")
    desk.get_by_role("button", name="I look after it").click()
    says(desk, "Acknowledged on .* by carla")
    page.goto(page.url)
    says(page, "A coordinator acknowledged it on", "Nobody has promised to call you")
    desk.get_by_role("button", name="Show where to reach them").click()
    says(desk, r"\+7 702 333 44 55", "Somebody shouts at me")
    desk.get_by_label(f"I will call: {side}").check()
    desk.get_by_role("button", name="Promise it").click()
    page.goto(page.url)
    says(page, "They will call you")

    for who in (desk, lead):
        who.goto(f"/admin/matching/incident/{Incident.objects.get().pk}/change/")
        who.get_by_label("How did it end?").select_option("safe")
        who.get_by_role("button", name="Close it").click()
    says(lead, "Closed on .* by carla and lena")
    page.goto(page.url)
    says(page, "Two coordinators closed this on")

    other = hanna if side == "arrival" else amira
    signed_in(page, other, live_server.url)
    page.goto("/host/" if side == "arrival" else "/case/")
    assert page.get_by_text("do not feel safe").count() == page.get_by_role("button", name="I do not feel safe").count()
    assert Match.objects.get(pk=match.pk).frozen_at is not None
