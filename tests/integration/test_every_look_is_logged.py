"""Wherever the desk or the API shows a coordinator, lead or auditor what is personal of somebody else, there is a line.

The pages are found by following every link from the first page, and by posting every form that opens personal fields; the
endpoints come from the API's own resolver. What is personal is planted, so that it can be found wherever it shows.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.utils import timezone

from accounts import vetting
from accounts.contacts import add_contact_point
from matching import transitions
from matching.desk import claims
from matching.models import Match
from matching.states import Status
from privacy.models import AccessLog
from tests import people
from tests.people import Person, tonight

pytestmark = pytest.mark.django_db

PLANTED = re.compile(r"(Amira|Hanna)Planted\w+|(amira|hanna)planted[\w.@]+")
LINK = re.compile(r'(?:href|action)="(/admin/[^"#]*)"')
NOT_FOLLOWED = re.compile(r"/logout/|/jsi18n/|/export/|/password_change/|/keys/")
MOST_OF_A_KIND = 3
"""Pages of one pattern that are looked at: the lists of one model with other filters show the same rows."""


@dataclass
class World:
    """Amira and Hanna with a confirmed match and a proposal; everything that is personal of them says whose it is."""

    match: Match
    proposal: Match
    shown: dict[str, list[str]] = field(default_factory=dict)
    """Address → what it showed without a line in the log."""


@pytest.fixture
def world(carla: Person, lena: Person) -> World:
    at = timezone.now()
    amira = people.amira(name="AmiraPlantedName", contact="amiraplanted@example.org")
    hanna = people.hanna(name="HannaPlantedName", contact="hannaplanted@example.org", coordinator=carla)
    add_contact_point(hanna.user, "telegram", "hannaplantedtelegram")
    space = people.space(hanna.host, address="HannaPlantedStreet 1", directions="HannaPlantedDoor")
    asked = people.request(amira.arrival, notes="AmiraPlantedNotes")
    match = people.match_in(Status.CONFIRMED, asked, space)
    transitions.report_not_safe(match.pk, by=amira.user, at=at, note="AmiraPlantedFear")
    vetting.note_call(hanna.host, "reached", by=carla.user, at=at, note="HannaPlantedCall")
    vetting.record_check(hanna.host, "reference", by=carla.user, at=at, note="HannaPlantedCheck")
    other = people.amira(name="AmiraPlantedToo", contact="amiraplantedtoo@example.org")
    proposal = people.proposed(
        people.request(other.arrival, notes="AmiraPlantedMore", first_night=tonight(10)), people.space(hanna.host)
    )
    claims.write_note(proposal.request_id, "AmiraPlantedDesk", by=lena.user, at=at)
    return World(match, proposal)


def looked_at(browser: Client, by: Person, address: str, world: World, **posted: Any) -> str:
    """Open an address; note in `world` what it shows without a line about that person. Return the page."""
    before = set(AccessLog.objects.filter(by=by.user).values_list("pk", flat=True))
    answer = browser.post(address, posted) if posted else browser.get(address)
    body = b"".join(answer) if answer.streaming else answer.content
    page = body.decode(errors="replace")
    found = sorted({found[0] for found in PLANTED.finditer(page)})
    if found:
        lines = AccessLog.objects.filter(by=by.user).exclude(pk__in=before)
        about = {name.lower()[:5] for name in lines.values_list("about__name", flat=True) if name}
        without = [each for each in found if each.lower()[:5] not in about]
        if without:
            world.shown[address] = without
    return page


def crawled(browser: Client, by: Person, world: World) -> set[str]:
    """Follow every link of the desk from its first page; return the addresses that were opened."""
    waiting, seen, kinds = ["/admin/"], {"/admin/"}, dict[str, int]()
    while waiting:
        address = waiting.pop()
        page = looked_at(browser, by, address, world)
        for link in LINK.findall(page):
            link = link.replace("&amp;", "&")
            kind = re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}|\d+|\?.*", "*", link)
            if link in seen or NOT_FOLLOWED.search(link) or kinds.get(kind, 0) >= MOST_OF_A_KIND:
                continue
            kinds[kind] = kinds.get(kind, 0) + 1
            seen.add(link)
            waiting.append(link)
    return seen


def opening(world: World) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield every form that opens personal fields, with everything ticked."""
    look = {"why": "asked", "field": ["name", "contact", "notes", "address"]}
    yield reverse("admin:matching_match_open", args=[world.match.pk]), look
    yield reverse("admin:matching_request_open", args=[world.match.request_id]), look
    yield reverse("admin:matching_space_open", args=[world.match.space_id]), look
    yield reverse("admin:accounts_host_open", args=[world.match.space.host_id]), look
    yield reverse("admin:matching_sheet_export_personal"), {"kind": "spaces", "form": "csv", "why": "asked"}
    yield reverse("admin:matching_sheet_export_personal"), {"kind": "requests", "form": "csv", "why": "asked"}


def endpoints(patterns: list[URLPattern | URLResolver], before: str = "") -> Iterator[str]:
    for each in patterns:
        if isinstance(each, URLResolver):
            yield from endpoints(each.url_patterns, before + str(each.pattern))
        else:
            yield before + str(each.pattern)


@pytest.mark.parametrize("who", ["carla", "lena", "adil"])
def test_no_page_of_the_desk_shows_what_is_personal_without_a_line(
    request: pytest.FixtureRequest, world: World, who: str
) -> None:
    person: Person = request.getfixturevalue(who)
    browser = people.desk_client(person)

    opened = crawled(browser, person, world)

    assert world.shown == {}
    assert len(opened) > 30


def test_every_form_that_opens_personal_fields_shows_them_with_a_line(world: World, lena: Person) -> None:
    browser = people.desk_client(lena)
    shown = "".join(looked_at(browser, lena, address, world, **posted) for address, posted in opening(world))

    assert world.shown == {}
    # All that is planted is shown by one of them: the test sees what there is.
    assert {found[0] for found in PLANTED.finditer(shown)} >= {
        "AmiraPlantedName", "AmiraPlantedNotes", "amiraplanted@example.org",
        "HannaPlantedName", "HannaPlantedStreet", "HannaPlantedDoor", "hannaplanted@example.org",
        "hannaplantedtelegram", "HannaPlantedCall", "HannaPlantedCheck",
    }  # fmt: skip


@pytest.mark.parametrize("who", ["carla", "lena", "adil"])
def test_no_endpoint_shows_what_is_personal_without_a_line(
    request: pytest.FixtureRequest, world: World, who: str
) -> None:
    person: Person = request.getfixturevalue(who)
    browser = people.desk_client(person)
    ids = {
        "places": people.place().pk,
        "spaces": world.match.space_id,
        "requests": world.match.request_id,
        "matches": world.match.pk,
    }
    tried = []
    for route in sorted(set(endpoints(get_resolver("matching.api.urls").url_patterns))):
        clean = re.sub(r"[\^$]|\\Z|\\", "", re.sub(r"\(\?P<\w+>[^)]*\)|<[^>]+>", "ID", route))
        if "format" in clean or clean.endswith(".ID/?"):
            continue
        address = "/api/v1/" + clean.replace("ID", str(ids.get(clean.partition("/")[0], 1)))
        tried.append(address)
        looked_at(browser, person, address, world)

    assert world.shown == {}
    assert len(tried) > 15


def test_field_that_a_page_shows_without_a_line_is_found(
    world: World, carla: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control: a look that is not logged."""
    monkeypatch.setattr("matching.disclosure.look", lambda *args, **more: None)
    browser = people.desk_client(carla)

    forms = list(opening(world))[1:4]
    for address, posted in forms:
        looked_at(browser, carla, address, world, **posted)

    assert set(world.shown) == {address for address, _posted in forms}
