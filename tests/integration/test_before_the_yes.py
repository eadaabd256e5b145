"""Before a host's yes nothing singles out a lone woman or a minor: every door's answer is the same, whoever comes."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.urls import get_resolver
from django.utils import timezone
from rest_framework.test import APIClient

from accounts import tokens
from matching.api import match_serializers
from matching.models import Match, MatchEvent
from matching.states import Act, Role, Status
from notifications import taps
from notifications.models import Notification
from notifications.texts import render
from tests import people
from tests.people import Person

pytestmark = pytest.mark.django_db

HOUSEHOLDS: dict[int, dict[str, dict[str, Any]]] = {
    1: {
        "a man": {"composition": "mixed"},
        "a woman": {"composition": "women", "all_women": True},
        "would rather not say": {"composition": "unsaid"},
        "nobody asked": {"composition": ""},
        "a child alone": {"composition": "mixed", "children": 1, "children_ages": [15]},
        "a girl alone": {"composition": "women", "all_women": True, "children": 1},
    },
    3: {
        "men and women": {"composition": "mixed"},
        "women": {"composition": "women", "all_women": True},
        "a child with two": {"composition": "mixed", "children": 1, "children_ages": [4]},
        "a woman with children": {"composition": "women", "all_women": True, "children": 2, "children_ages": [3, 11]},
        "children alone": {"composition": "unsaid", "children": 3},
    },
}
"""By the number of people: households that differ in nothing that a host needs to know before the yes."""

PLAIN_ONE = {"composition": "mixed", "all_women": False, "children": 0, "children_ages": []}


# -- the doors through which a host sees something of a household ------------------------------------


def page(match: Match) -> bytes:
    return host_client(match).get("/host/").content


def act_page(match: Match) -> bytes:
    return b"".join(host_client(match).get(f"/host/match/{match.pk}/{act}/").content for act in ("accept", "decline"))


def tap_page(match: Match) -> bytes:
    asked = Notification.objects.get(event="host_asked", context__match=str(match.pk))
    return Client().get(f"/t/{taps.token_of(asked)}/").content


def safety_page(match: Match) -> bytes:
    answer = host_client(match).get(f"/host/match/{match.pk}/safety/")
    return f"{answer.status_code}".encode() + answer.content


def contact_page(match: Match) -> bytes:
    answer = host_client(match).get(f"/host/match/{match.pk}/contact/")
    return f"{answer.status_code}".encode() + answer.content


def calendar_file(match: Match) -> bytes:
    answer = host_client(match).get(f"/host/match/{match.pk}/stay.ics")
    return f"{answer.status_code}".encode()


def messages(match: Match) -> bytes:
    told = Notification.objects.filter(recipient=match.space.host.user).order_by("pk")
    return repr([(each.event, render(each.event, "en", each.context)) for each in told]).encode()


def api(path: str) -> Callable[[Match], bytes]:
    def call(match: Match) -> bytes:
        _row, token = tokens.issue(match.space.host.user, name="test", scope="read", days=1, at=timezone.now())
        answer = APIClient(headers={"authorization": f"Bearer {token}"}).get(f"/api/v1/{path.format(match.pk)}")
        return repr((answer.status_code, answer.headers.get("ETag", "") != "")).encode() + answer.content

    return call


DOORS: dict[str, Callable[[Match], bytes]] = {
    "the host's page": page,
    "the page of an act": act_page,
    "the one-tap page": tap_page,
    "the page of the contact": contact_page,
    "the page of whoever does not feel safe": safety_page,
    "the calendar file": calendar_file,
    "the messages": messages,
    "API: the match": api("matches/{}/"),
    "API: the matches": api("matches/"),
    "API: the history": api("matches/{}/history/"),
    "API: the messages": api("notifications/"),
    "API: the spaces": api("spaces/"),
    "API: the requests": api("requests/"),
}


def host_client(match: Match) -> Client:
    client = Client(headers={"accept-language": "en"})
    client.force_login(match.space.host.user)
    return client


CHANGING = re.compile(rb'(name="csrfmiddlewaretoken" value=")[^"]*|(nonce=")[^"]*')


def answers(match: Match) -> dict[str, bytes]:
    return {name: CHANGING.sub(rb"\1\2", door(match)) for name, door in DOORS.items()}


# -- the same match with other people ---------------------------------------------------------------


def approved(host: Person, number: int) -> Match:
    asked = people.request(people.amira().arrival, people=number)
    return people.match_in(Status.APPROVED, asked, people.space(host.host))


def become(match: Match, household: dict[str, Any]) -> None:
    """Let other people come by the same match, as if they had asked for it; a high risk has a first approval as well."""
    said = PLAIN_ONE | household
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE matching_shelterrequest SET composition = %s, all_women = %s, children = %s, children_ages = %s"
            " WHERE id = %s",
            [said["composition"], said["all_women"], said["children"], said["children_ages"], match.request_id],
        )
        high = said != PLAIN_ONE
        cursor.execute(
            "UPDATE matching_match SET high_risk = %s, also_approved_by_id = %s, version = %s, risks = %s WHERE id = %s",
            [
                high,
                people.carla("second").user.pk if high else None,
                3 if high else 2,
                '["x"]' if high else "[]",
                match.pk,
            ],
        )
    first = {"from_status": "approved", "to_status": "approved", "role": Role.COORDINATOR, "at": match.created_at}
    if high and not match.events.filter(act=Act.FIRST_APPROVAL).exists():
        MatchEvent.objects.bulk_create([MatchEvent(match=match, act=Act.FIRST_APPROVAL, **first)])


def differing(match: Match, number: int) -> list[tuple[str, str]]:
    """Return (household, door) for each answer that differs from the one about the first household."""
    found, plain = [], {}
    for name, household in HOUSEHOLDS[number].items():
        become(match, household)
        told = answers(Match.objects.get(pk=match.pk))
        plain = plain or told
        found += [(name, door) for door in DOORS if told[door] != plain[door]]
    return found


@pytest.mark.parametrize("number", HOUSEHOLDS)
def test_every_door_answers_the_same_whoever_comes(hanna: Person, number: int) -> None:
    assert differing(approved(hanna, number), number) == []


def test_without_the_guard_the_api_tells_a_woman_from_a_man(hanna: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(match_serializers, "WHO_COMES", ())

    assert ("a woman", "API: the match") in differing(approved(hanna, 1), 1)


def test_etag_does_not_count_the_approvals(hanna: Person) -> None:
    match = approved(hanna, 1)
    _row, token = tokens.issue(hanna.user, name="test", scope="read", days=1, at=timezone.now())
    seen = APIClient(headers={"authorization": f"Bearer {token}"}).get(f"/api/v1/matches/{match.pk}/").headers["ETag"]

    assert re.fullmatch(r'"[0-9a-f]{24}"', seen)


def test_who_comes_is_shown_once_both_have_said_yes(hanna: Person) -> None:
    asked = people.request(people.amira().arrival, people=3, all_women=True, children=2, children_ages=(3, 11))
    match = people.match_in(Status.CONFIRMED, asked, people.space(hanna.host))

    shown = page(match).decode()
    told = api("matches/{}/")(match).decode()

    assert all(words in shown for words in ("Only women, or women with children", "3, 11"))
    assert '"children":2,"children_ages":[3,11],"all_women":true' in told


def addresses_of_hosts() -> Iterator[str]:
    for pattern in get_resolver("matching.web.urls").url_patterns:
        if "host/match/" in str(pattern.pattern) or str(pattern.pattern).startswith("t/"):
            yield str(pattern.name)


def test_every_address_about_a_match_is_among_the_doors() -> None:
    """A new page about a match needs a door above."""
    assert sorted(addresses_of_hosts()) == ["host_act", "host_contact", "host_safety", "host_stay", "tap", "tap_act"]
