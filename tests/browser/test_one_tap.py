"""Hanna answers from the message: a preview that fetches the link shows only the question, and her tap answers once."""

from __future__ import annotations

import httpx
import pytest
from django.conf import settings
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from matching.models import Match
from matching.states import Status
from notifications import taps
from tests import people

pytestmark = pytest.mark.django_db(transaction=True)


def test_host_answers_from_the_message_once(page: Page, live_server: LiveServer) -> None:
    hanna = people.hanna()
    match = people.match_in(Status.APPROVED, people.request(people.amira().arrival), people.space(hanna.host))
    link = taps.link_to(hanna.user.notifications.get(event="host_asked")).removeprefix(settings.SITE_URL)
    for _preview in range(3):
        assert httpx.get(live_server.url + link).status_code == httpx.head(live_server.url + link).status_code == 200
    assert match.events.filter(by=hanna.user).count() == 0

    page.goto(link)
    expect(page.get_by_role("heading", level=1)).to_have_text("Your answer")
    page.get_by_role("link", name="Decline").click()
    page.get_by_label("They are too many").check()
    page.get_by_role("button", name="Decline").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Your answer is noted")
    page.goto(link)
    expect(page.get_by_role("heading", level=1)).to_have_text("Your answer is noted")
    assert page.get_by_role("button", name="Accept").count() == 0

    event = match.events.last()
    assert (event.act, event.by, event.reason) == ("decline", hanna.user, "too_many_people")
    assert Match.objects.get().status == Status.DECLINED
    page.goto("/host/")
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in as a host")
