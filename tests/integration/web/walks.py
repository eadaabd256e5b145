"""Walk through the pages as a person does, and read them."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from accounts.signing_in import answer_code_requests
from matching.web.need_forms import NEED_QUESTIONS
from matching.web.offer_forms import OFFER_QUESTIONS
from notifications.models import Notification
from tests.people import place, tonight

NEED_ANSWERS: dict[str, dict[str, Any]] = {
    "people": {"adults": "2", "children": "1"},
    "children": {"ages": "7"},
    "needs": {"household": "mixed", "needs": ["step_free"], "smoking": "no"},
    "where": {"place": "Алматы", "radius_km": "20"},
    "when": {"start": "tonight", "date": "", "nights": "5"},
    "stay": {"min_nights": "2", "may_move": "on"},
    "languages": {"languages": ["ru", "kk"]},
    "reach": {"contact": "", "name": "", "notes": "We travel with a pram."},
}


def offer_answers() -> dict[str, dict[str, Any]]:
    """Return a host's answers; the nights depend on the day."""
    return {
        "where": {"place": "Алма-Ата"},
        "address": {"address": "Abay Avenue 10, flat 5"},
        "beds": {"beds": "4"},
        "shared": {"shared": "yes"},
        "nights": {"first_1": tonight().isoformat(), "last_1": tonight(10).isoformat()},
        "longest": {"max_nights": "7"},
        "who": {"who": "anyone"},
        "house": {"house": ["children", "pets"]},
        "languages": {"languages": ["ru", "en"]},
        "you": {"name": "Hanna Musterfrau", "contact": "hanna@example.org"},
    }


def answer_need(client: Client, **changes: dict[str, Any]) -> HttpResponse:
    """Answer every question to an arrival; return the last page."""
    return _answer(client, "need", NEED_QUESTIONS, NEED_ANSWERS | changes)


def answer_offer(client: Client, **changes: dict[str, Any]) -> HttpResponse:
    """Answer every question to a host; return the last page."""
    return _answer(client, "offer", OFFER_QUESTIONS, offer_answers() | changes)


def _answer(client: Client, name: str, flow: Any, answers: dict[str, dict[str, Any]]) -> HttpResponse:
    place()
    response = client.get(f"/{name}/{flow.questions[0].name}/", follow=True)
    for _each in flow.questions:
        here = response.request["PATH_INFO"]
        if here.endswith("/check/"):
            break
        response = client.post(here, answers[here.split("/")[2]], follow=True)
    return response


def send(client: Client, response: HttpResponse, **typed: str) -> HttpResponse:
    """Press the button of a check page."""
    return client.post(response.request["PATH_INFO"], {"token": token_of(response)} | typed, follow=True)


def ask_for_shelter(client: Client, **changes: dict[str, Any]) -> tuple[str, str]:
    """Walk an arrival's whole way; return the case number and the secret that the last page shows."""
    done = send(client, answer_need(client, **changes))
    number, secret = re.findall(r"<dd>([\d ]+)</dd>", text_of(done))
    return number, secret


def token_of(response: HttpResponse) -> str:
    match = re.search(r'name="token" value="([^"]+)"', response.content.decode())
    assert match, "this page has no token"
    return match[1]


def text_of(response: HttpResponse) -> str:
    """Return the page as text with one space for each run of whitespace, as a browser shows it."""
    return re.sub(r"\s+", " ", unescape(response.content.decode()))


def title_of(response: HttpResponse) -> str:
    return unescape(re.search(r"<title>(.*?)</title>", response.content.decode(), re.S)[1].strip())  # type: ignore[index]


def problems_of(response: HttpResponse) -> list[tuple[str, str]]:
    """Return (link, words) of each line under "There is a problem"; a problem of the whole page has an empty link."""
    summary = re.search(r'<section class="problem".*?</section>', response.content.decode(), re.S)
    lines = re.findall(r"<li>(.*?)</li>", summary[0], re.S) if summary else []
    found = []
    for line in lines:
        link = re.search(r'href="#([^"]+)"', line)
        found.append((link[1] if link else "", unescape(re.sub(r"<[^>]+>", "", line)).strip()))
    return found


def latest_code(user_pk: int) -> str:
    """Return the digits of the latest one-time code, from the outbox, after the worker has answered requests for codes."""
    answer_code_requests(at=timezone.now())
    return Notification.objects.filter(event="sign_in_code", recipient=user_pk).latest("pk").secret
