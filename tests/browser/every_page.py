"""Every page of the service with a visitor who may see it, for the tests that look at all pages.

A test compares the list with the addresses of `matching.web.urls`, and fails if a page is missing here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal

from django.conf import settings
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.test import Client
from django.urls import path
from playwright.sync_api import Browser, BrowserContext, Page, expect

from accounts.refusals import TooManyTries
from matching.intake import ask_if_still_available, pause_space
from matching.models import Space
from matching.refusals import NoRoomLeft
from matching.states import Status
from matching.transitions import report_not_safe
from matching.web.need_forms import NEED_QUESTIONS
from matching.web.offer_forms import OFFER_QUESTIONS
from matching.web.styleguide import components
from notifications import taps
from shelter import faults, urls
from tests import people
from tests.integration.web.walks import answer_need, answer_offer, ask_for_shelter, send
from tests.people import Person

LANGUAGES = [code for code, _name in settings.LANGUAGES]
Scheme = Literal["light", "dark"]

LOOKED_AT_NOWHERE = {
    "sign_out": "POST only: leads to the first page",
    "choose_language": "POST only: leads back",
    "leave": "POST only: leads away",
    "need_picture": "a picture",
    "case_stay": "a calendar file",
    "host_stay": "a calendar file",
    "case_read": "POST only: leads back",
    "host_read": "POST only: leads back",
    "my_file": "a file",
    "end_session": "POST only: leads back",
    "apart_take_back": "POST only: leads back",
    "end_token": "POST only: leads back",
    "host_space_take_back": "POST only: leads back",
    "offer_code_again": "leads to where the code is entered",
}
"""The names of the addresses that show no page of their own, each with the reason."""


MY_DATA = {"my_data": "", "my_data_erase": "erase/"}


@dataclass(frozen=True, slots=True)
class Stop:
    """One page: the name of its address, the address, the visitor, and whether the page's button is pressed first."""

    name: str
    address: str
    visitor: str = "stranger"
    press: bool = False
    status: int = 200

    def __str__(self) -> str:
        return f"{self.visitor} {self.address}{' pressed' if self.press else ''}"


@dataclass(frozen=True)
class World:
    """The cookies of each visitor's browser, and the pages."""

    cookies: Mapping[str, Mapping[str, str]]
    stops: tuple[Stop, ...]


def world() -> World:
    """Make all people and rows that the pages need. Needs the database and the addresses of `WithFaults`."""
    people.place()
    visitors = {name: Client(headers={"accept-language": "en"}) for name in ("asking", "asked", "keeping", "offering")}
    answer_need(visitors["asking"])
    ask_for_shelter(visitors["asked"])
    answer_need(visitors["keeping"])
    visitors["keeping"].post("/need/keep/")
    send(visitors["offering"], answer_offer(visitors["offering"]))

    hanna, amira, berta = people.hanna(contact="+7 701 555 01 01"), people.amira(), people.amira(name="Berta")
    space = people.space(hanna.host, beds=6, shared=True)
    confirmed = people.match_in(Status.CONFIRMED, people.request(amira.arrival), space)
    ended = people.match_in(Status.COMPLETED, people.request(amira.arrival, first_night=people.tonight(9)), space)
    approved = people.match_in(Status.APPROVED, people.request(berta.arrival, people=1, nights=3), space)
    asked = people.request(people.amira(name="Cora").arrival, first_night=people.tonight(40))
    paused, stale = people.space(hanna.host), people.space(hanna.host)
    pause_space(paused.pk, by=hanna.user, at=people.timezone.now())
    soon = people.timezone.now() + timedelta(days=1)
    Space.objects.filter(pk=stale.pk).update(fresh_until=soon)
    ask_if_still_available(at=people.timezone.now())
    for name, person in {"amira": amira, "berta": berta, "hanna": hanna, "cora": Person(asked.arrival.user)}.items():
        visitors[name] = Client()
        visitors[name].force_login(person.user)
    visitors["signing"] = Client()
    visitors["signing"].post("/host/sign-in/", {"contact": hanna.contact})

    taps_of = {
        "asked": _link(berta, "arrival_asked"),
        "host_asked": _link(hanna, "host_asked"),
        "still": _link(hanna, "still_available"),
    }
    # A report parts an arrival and a host for good: each side reports about somebody else.
    later = people.tonight(12)
    of_amira = people.match_in(
        Status.COMPLETED,
        people.request(amira.arrival, first_night=later),
        people.space(people.hanna(contact="dora@example.org").host),
    )
    of_hanna = people.match_in(Status.COMPLETED, people.request(people.amira().arrival, first_night=later), space)
    for reported, side in ((of_amira, amira), (of_hanna, hanna)):
        report_not_safe(reported.pk, by=side.user, at=people.timezone.now())
    case, host = f"/case/match/{confirmed.pk}", f"/host/match/{confirmed.pk}"
    stops = [
        Stop("home", "/"),
        Stop("need_start", "/need/"),
        Stop("need_start", "/need/", "asking"),
        *(Stop("need", f"/need/{question.name}/", "asking") for question in NEED_QUESTIONS.questions),
        Stop("need", "/need/people/", press=True, status=422),
        Stop("need_check", "/need/check/", "asking"),
        Stop("need_keep", "/need/keep/", "asking"),
        Stop("need_keep", "/need/keep/", "keeping"),
        Stop("need_done", "/need/done/", "asked"),
        Stop("case", "/case/"),
        Stop("case", "/case/", press=True, status=422),
        Stop("case", "/case/", "amira"),
        Stop("case", "/case/", "berta"),
        Stop("case", "/case/", "cora"),
        Stop("case_act", f"{case}/cancel/", "amira"),
        Stop("case_act", f"{case}/cancel/", "amira", press=True, status=422),
        Stop("case_act", f"/case/match/{approved.pk}/decline/", "berta"),
        Stop("case_act", f"{case}/not_safe/", "amira"),
        Stop("poster", "/poster/"),
        Stop("trust", "/trust/"),
        Stop("signed_in", "/signed-in/", "amira"),
        Stop("signed_in", "/signed-in/", "hanna"),
        *(Stop(name, f"/my-data/{end}", who) for name, end in MY_DATA.items() for who in ("amira", "hanna", "cora")),
        Stop("my_data_erase", "/my-data/erase/", "cora", press=True, status=422),
        Stop("apart", "/not-to-meet/", "amira"),
        Stop("apart", "/not-to-meet/", "hanna", press=True, status=422),
        Stop("case_safety", f"/case/match/{of_amira.pk}/safety/", "amira"),
        Stop("host_safety", f"/host/match/{of_hanna.pk}/safety/", "hanna"),
        Stop("case_contact", f"{case}/contact/", "amira"),
        Stop("case_contact", f"{case}/contact/", "amira", press=True),
        Stop("case_dates", f"/case/request/{asked.pk}/dates/", "cora"),
        Stop("case_withdraw", f"/case/request/{asked.pk}/withdraw/", "cora"),
        Stop("offer_start", "/offer/"),
        *(Stop("offer", f"/offer/{question.name}/", "offering") for question in OFFER_QUESTIONS.questions),
        Stop("offer", "/offer/where/", press=True, status=422),
        Stop("offer_check", "/offer/check/", "offering"),
        Stop("offer_code", "/offer/code/", "offering"),
        Stop("offer_code", "/offer/code/", "offering", press=True, status=422),
        Stop("host_sign_in", "/host/sign-in/"),
        Stop("host_sign_in", "/host/sign-in/", press=True, status=422),
        Stop("host_code", "/host/code/", "signing"),
        Stop("host", "/host/", "hanna"),
        Stop("host_act", f"{host}/no_show/", "hanna"),
        Stop("host_act", f"{host}/cancel/", "hanna"),
        Stop("host_contact", f"{host}/contact/", "hanna"),
        Stop("host_contact", f"{host}/contact/", "hanna", press=True),
        Stop("host_space", f"/host/space/{space.pk}/", "hanna"),
        Stop("host_space_nights", f"/host/space/{space.pk}/nights/", "hanna"),
        Stop("host_space_change", f"/host/space/{space.pk}/change/beds/", "hanna"),
        Stop("host_space_act", f"/host/space/{space.pk}/withdraw/", "hanna"),
        Stop("tap", taps_of["asked"]),
        Stop("tap", taps_of["host_asked"]),
        Stop("tap", taps_of["still"]),
        Stop("tap", _link(amira, "arrival_asked"), status=410),
        Stop("tap_act", taps_of["asked"] + "decline/"),
        Stop("tap_act", taps_of["asked"] + "decline/", press=True, status=422),
        *(Stop("fault", f"/fault/{name}", status=status) for name, status in FAULTS.items()),
        Stop("fault", "/nothing/", status=404),
        Stop("styleguide", "/styleguide/"),
    ]
    assert ended.status == Status.COMPLETED
    cookies = {name: {key: morsel.value for key, morsel in client.cookies.items()} for name, client in visitors.items()}
    return World(cookies | {"stranger": {}}, tuple(stops))


def _link(person: Person, event: str) -> str:
    """Return the one-tap link in the newest message of this kind to `person`."""
    return taps.link_to(person.user.notifications.filter(event=event).latest("pk")).removeprefix(settings.SITE_URL)


# -- pages for when something is wrong ------------------------------------------------------------

FAULTS = {"400": 400, "403": 403, "403_csrf": 403, "429": 429, "409": 409, "500": 500, "503": 503, "leave": 200}


def _fault(request: HttpRequest, name: str) -> HttpResponse:
    match name:
        case "400":
            raise SuspiciousOperation("on purpose")
        case "403":
            raise PermissionDenied
        case "429":
            raise TooManyTries(retry_after=150)
        case "409":
            raise NoRoomLeft
        case "500":
            return faults.server_error(request)
        case "503":
            return faults.unavailable(request)
        case "403_csrf":
            return render(request, "403_csrf.html", status=403)
        case _:
            return render(request, "leave.html")


class WithFaults:
    """The addresses of the service, some more that fail on purpose, and the styleguide as in development."""

    urlpatterns = [path("fault/<str:name>", _fault), path("styleguide/", components), *urls.urlpatterns]
    handler500 = urls.handler500


# -- looking --------------------------------------------------------------------------------------


@contextmanager
def browsers(browser: Browser, site: str, seen: World, language: str, **options: Any) -> Iterator[dict[str, Page]]:
    """Yield a page for each visitor, in this language, as wide as a small phone unless `options` give another width."""
    options = {"viewport": {"width": 360, "height": 740}, "locale": language, **options}
    contexts: list[BrowserContext] = []
    pages: dict[str, Page] = {}
    try:
        for visitor, cookies in seen.cookies.items():
            context = browser.new_context(base_url=site, **options)
            contexts.append(context)
            everything = {**cookies, settings.LANGUAGE_COOKIE_NAME: language}
            context.add_cookies([{"name": name, "value": value, "url": site} for name, value in everything.items()])
            pages[visitor] = context.new_page()
        yield pages
    finally:
        for context in contexts:
            context.close()


def open_stop(page: Page, stop: Stop) -> None:
    """Go to the page, press its button where the stop says so, and check that the intended page is shown."""
    answer = page.goto(stop.address)
    if stop.press:
        with page.expect_navigation() as pressed:
            page.locator("main form button:not([type=button])").first.click()
        answer = pressed.value
    assert answer is not None
    arrived = (answer.status, page.url.removeprefix(page.evaluate("location.origin")))
    assert arrived == (stop.status, stop.address), f"{stop} leads to {arrived}"
    # Chromium gives `autofocus` the focus with the first picture of a page, which may be after the page has loaded.
    # A wait inside the page would evaluate text there, which the page's own policy forbids; this one asks from outside.
    if page.locator("[autofocus]").count():
        expect(page.locator("[autofocus]").first).to_be_focused()
