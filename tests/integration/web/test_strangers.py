"""Oskar has a case and a space of his own, and finds nothing of other people's."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import pytest
from django.http import HttpResponse
from django.test import Client
from django.urls import get_resolver
from django.utils import timezone

from accounts import tokens
from accounts.models import AccessToken, SignIn
from matching import apart, intake, transitions
from matching.models import Match, MatchEvent, MustNotMeet, Space, WaitingChange
from matching.states import Status
from notifications.models import Notification
from privacy.models import AccessLog
from tests import people
from tests.people import Person

pytestmark = pytest.mark.django_db


@dataclass(frozen=True)
class Things:
    """A match of Amira's and Hanna's, and every row around it that has an address."""

    match: Match
    change: WaitingChange
    arrival_note: Notification
    host_note: Notification
    told_by_amira: Match
    told_by_hanna: Match


@pytest.fixture
def things(amira: Person, hanna: Person) -> Things:
    match = people.match_in(Status.CONFIRMED, people.request(amira.arrival), people.space(hanna.host))
    asked, first = amira.user.notifications.filter(event="arrival_asked").get(), hanna.user.notifications.first()
    # A report parts an arrival and a host for good: each side reports about somebody else.
    told = [
        people.match_since_yesterday(Status.COMPLETED, arrival, host, nights=1)
        for arrival, host in (
            (amira.arrival, people.hanna(contact="berta@example.org").host),
            (people.amira().arrival, hanna.host),
        )
    ]
    for reported, side in zip(told, (amira, hanna), strict=True):
        transitions.report_not_safe(reported.pk, by=side.user, at=timezone.now())
    details = replace(intake.details_of_space(match.space), beds=match.space.beds + 1)
    _space, change = intake.change_space(match.space_id, details, by=hanna.user, at=timezone.now())
    assert change is not None
    return Things(
        match=match, change=change, arrival_note=asked, host_note=first, told_by_amira=told[0], told_by_hanna=told[1]
    )


ADDRESSES: dict[str, Callable[[Things], str]] = {
    "case_contact": lambda it: f"/case/match/{it.match.pk}/contact/",
    "case_act": lambda it: f"/case/match/{it.match.pk}/check_in/",
    "case_safety": lambda it: f"/case/match/{it.told_by_amira.pk}/safety/",
    "case_stay": lambda it: f"/case/match/{it.match.pk}/stay.ics",
    "case_dates": lambda it: f"/case/request/{it.match.request_id}/dates/",
    "case_withdraw": lambda it: f"/case/request/{it.match.request_id}/withdraw/",
    "case_read": lambda it: f"/case/message/{it.arrival_note.pk}/read/",
    "host_contact": lambda it: f"/host/match/{it.match.pk}/contact/",
    "host_act": lambda it: f"/host/match/{it.match.pk}/check_in/",
    "host_safety": lambda it: f"/host/match/{it.told_by_hanna.pk}/safety/",
    "host_stay": lambda it: f"/host/match/{it.match.pk}/stay.ics",
    "host_space": lambda it: f"/host/space/{it.match.space_id}/",
    "host_space_change": lambda it: f"/host/space/{it.match.space_id}/change/beds/",
    "host_space_nights": lambda it: f"/host/space/{it.match.space_id}/nights/",
    "host_space_take_back": lambda it: f"/host/space/{it.match.space_id}/waits/{it.change.pk}/take-back/",
    "host_space_act": lambda it: f"/host/space/{it.match.space_id}/withdraw/",
    "host_read": lambda it: f"/host/message/{it.host_note.pk}/read/",
    "apart_take_back": lambda it: f"/not-to-meet/{_entry_of(it).pk}/take-back/",
    "end_session": lambda it: f"/signed-in/session/{_session_of(it).pk}/end/",
    "end_token": lambda it: f"/signed-in/token/{_token_of(it).pk}/end/",
}
OF_AMIRA = {name for name in ADDRESSES if name.startswith(("apart", "case", "end"))}
ONLY_READ = {"case_stay", "host_space", "host_stay"}
ONLY_POSTED = {"case_read", "host_read", "host_space_take_back", "end_session", "end_token", "apart_take_back"}


def _entry_of(it: Things) -> MustNotMeet:
    """Return an entry of Amira's list."""
    user = it.match.request.arrival.user
    return apart.list_of(user).first() or apart.name(user, "olga@example.org", by=user, at=it.match.created_at)


def _session_of(it: Things) -> SignIn:
    """Return a session of Amira's on another device."""
    user, now = it.match.request.arrival.user, it.match.created_at
    return SignIn.objects.create(
        user=user, way="case", version=user.sign_in_version, session_key="x", began_at=now, seen_at=now
    )


def _token_of(it: Things) -> AccessToken:
    user, now = it.match.request.arrival.user, it.match.created_at
    return tokens.issue(user, name="hers", scope="read", days=1, at=now)[0]


def method_of(name: str) -> str:
    return "get" if name in ONLY_READ else "post"


def test_every_address_with_an_argument_is_in_this_table() -> None:
    web = get_resolver("matching.web.urls")
    with_ids = {pattern.name for pattern in web.url_patterns if "_id>" in str(pattern.pattern)}

    assert with_ids == set(ADDRESSES)


def state() -> tuple[object, ...]:
    return (
        sorted(Match.objects.values_list("pk", "status", "version")),
        sorted(Space.objects.values_list("pk", "status", "version")),
        sorted(Notification.objects.exclude(read_at=None).values_list("pk", flat=True)),
        SignIn.objects.exclude(revoked_at=None).count() + AccessToken.objects.exclude(revoked_at=None).count(),
        MatchEvent.objects.count(),
        MustNotMeet.objects.exclude(taken_back_at=None).count(),
        AccessLog.objects.count(),
    )


def answers(things: Things, client_of: Callable[[str], Client], *methods: str) -> dict[str, HttpResponse]:
    """Return what each address answers to the browser that `client_of` gives it; each call finds the same rows.

    The key is the method and the address's name. Without `methods`, each address is called as its own page calls it.
    """
    found = {}
    for name in sorted(ADDRESSES):
        client = client_of(name)
        for method in methods or (method_of(name),):
            with people.undone(client):
                address, before = ADDRESSES[name](things), state()
                answer = getattr(client, method)(address, {"reason": "other"})
                found[f"{method} {name}"] = answer
                answer.changed = state() != before  # type: ignore[attr-defined]
    return found


def told(found: dict[str, HttpResponse]) -> dict[str, tuple[int, bool]]:
    """Return each answer's status, and whether the call changed anything."""
    return {call: (answer.status_code, answer.changed) for call, answer in found.items()}  # type: ignore[attr-defined]


def test_outsider_finds_nothing(oskar: Person, things: Things) -> None:
    browser = people.client_of(oskar)

    found = told(answers(things, lambda name: browser, "get", "post"))

    only = {"get": ONLY_POSTED, "post": ONLY_READ}
    assert found == {
        f"{method} {name}": (405 if name in only[method] else 404, False)
        for name in ADDRESSES
        for method in ("get", "post")
    }


def test_other_side_finds_nothing_at_the_wrong_door(amira: Person, hanna: Person, things: Things) -> None:
    amiras, hannas = people.client_of(amira), people.client_of(hanna)

    found = told(answers(things, lambda name: hannas if name in OF_AMIRA else amiras))

    assert found == {f"{method_of(name)} {name}": (404, False) for name in ADDRESSES}


def test_coordinator_finds_nothing_on_pages_of_hosts_and_arrivals(carla: Person, things: Things) -> None:
    browser = Client()
    browser.force_login(carla.user)

    found = told(answers(things, lambda name: browser))

    assert found == {f"{method_of(name)} {name}": (404, False) for name in ADDRESSES}


def test_visitor_without_a_session_is_asked_to_sign_in(client: Client, things: Things) -> None:
    found = answers(things, lambda name: client)

    onward = {call: (answer.headers["Location"], answer.changed) for call, answer in found.items()}  # type: ignore[attr-defined]
    assert onward == {
        f"{method_of(name)} {name}": ("/case/" if name in OF_AMIRA else "/host/sign-in/", False) for name in ADDRESSES
    }


def test_the_right_person_is_let_in(amira: Person, hanna: Person, things: Things) -> None:
    """The positive control of the tests above: at the same addresses the right person is let in."""
    amiras, hannas = people.client_of(amira), people.client_of(hanna)

    found = answers(things, lambda name: amiras if name in OF_AMIRA else hannas)

    expected = {
        "case_contact": 200,
        "case_dates": 422,
        "case_stay": 200,
        "host_contact": 200,
        "host_space": 200,
        "host_space_act": 409,
        "host_space_change": 422,
        "host_space_nights": 422,
        "host_stay": 200,
    }
    assert {call: answer.status_code for call, answer in found.items()} == {
        f"{method_of(name)} {name}": expected.get(name, 302) for name in ADDRESSES
    }


def test_outsider_sees_only_his_own_pages(client: Client, oskar: Person, things: Things) -> None:
    client.force_login(oskar.user)

    case, host = client.get("/case/").context, client.get("/host/").context

    assert [card.request.arrival for card in case["cards"]] == [oskar.user.arrival]
    assert [card.live for card in case["cards"]] == [[]]
    assert [card.space.host for card in host["spaces"]] == [oskar.user.host]
    assert (host["waiting"], host["live"], host["stays"], host["ended"]) == ([], [], [], [])


def test_an_arrival_is_no_host_and_a_host_no_arrival(client: Client, amira: Person, hanna: Person) -> None:
    client.force_login(amira.user)
    assert client.get("/host/").status_code == 404
