"""Names, addresses, notes and reasons are shown only to the people they are meant for."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.models import Arrival, Coordinator
from matching import transitions
from matching.models import Match, ShelterRequest, Space
from matching.states import Status
from privacy.models import AccessLog
from tests import people
from tests.integration.api.conftest import Calling, request_body, space_body
from tests.people import Person

pytestmark = pytest.mark.django_db

ADDRESS, NOTES = "Abay Avenue 10, flat 5", "Grandmother snores."
NAMES = ("Amira", "Hanna", "hanna@example.org", ADDRESS, NOTES)
PATHS = ("spaces", "requests", "matches", "notifications", "tokens")


@pytest.fixture
def match(amira: Person, hanna: Person) -> Match:
    return people.match_in(
        Status.CONFIRMED, people.request(amira.arrival, notes=NOTES), people.space(hanna.host, address=ADDRESS)
    )


def everything(client: APIClient, match: Match) -> str:
    """Return everything that this caller can read without opening the contact."""
    one = [f"spaces/{match.space_id}", f"requests/{match.request_id}", f"matches/{match.pk}"]
    addresses = [*PATHS, *one, f"matches/{match.pk}/history", f"requests/{match.request_id}/candidates"]
    return json.dumps([client.get(f"/api/v1/{address}/").json() for address in addresses], ensure_ascii=False)


@pytest.mark.parametrize(
    ("caller", "own"),
    [("amira", {NOTES}), ("hanna", {ADDRESS}), ("carla", set()), ("oskar", set())],
)
def test_reading_shows_nothing_personal_of_others(
    calling: Calling, match: Match, request: pytest.FixtureRequest, caller: str, own: set[str]
) -> None:
    text = everything(calling(request.getfixturevalue(caller)), match)

    assert {word for word in NAMES if word in text} == own


def test_contact_shows_each_side_the_other_and_is_logged(
    calling: Calling, match: Match, amira: Person, hanna: Person
) -> None:
    address = f"/api/v1/matches/{match.pk}/contact/"

    to_amira = calling(amira).post(address).json()
    to_hanna = calling(hanna).post(address).json()

    points = [{"channel": "email", "address": "hanna@example.org"}]
    assert to_amira == {"name": "Hanna Musterfrau", "contact_points": points, "address": ADDRESS, "directions": ""}
    assert to_hanna == {"name": "Amira Testova", "contact_points": [], "address": "", "directions": ""}
    looks = AccessLog.objects.order_by("pk").values_list("by", "about", "fields")
    assert list(looks) == [
        (amira.user.pk, hanna.user.pk, "name contact address"),
        (hanna.user.pk, amira.user.pk, "name contact"),
    ]


def test_only_the_desk_sees_score_reasons_and_risks(
    calling: Calling, match: Match, amira: Person, hanna: Person, carla: Person
) -> None:
    desks = [calling(person).get(f"/api/v1/matches/{match.pk}/").json()["desk"] for person in (amira, hanna, carla)]

    assert desks[:2] == [None, None]
    assert desks[2] == {
        "score": 1.0,
        "reasons": [
            {"code": "distance", "numbers": {"km": 0.0}, "words": "0.0 km"},
            {"code": "common_language", "numbers": {"languages": ["ru"]}, "words": "common language: ru"},
        ],
        "risks": match.risks,
        "high_risk": match.high_risk,
        "approved_once": True,
    }


def test_coordinator_who_is_the_host_sees_the_match_as_its_host(calling: Calling, amira: Person) -> None:
    both = people.hanna()
    user = both.user
    space = people.space(both.host)
    Coordinator.objects.create(user=user, all_places=True)
    match = people.match_in(Status.APPROVED, people.request(amira.arrival), space)

    assert calling(both).get(f"/api/v1/matches/{match.pk}/").json()["desk"] is None


def test_match_says_what_each_side_needs_to_answer(calling: Calling, amira: Person, hanna: Person) -> None:
    asked = people.request(amira.arrival, people=3, children=1, children_ages=(4,))
    match = people.match_in(Status.APPROVED, asked, people.space(hanna.host, pets=True))

    row = calling(hanna).get(f"/api/v1/matches/{match.pk}/").json()

    assert row["household"] == {
        "children": None,  # Who comes is shown once both have said yes: see test_before_the_yes.py.
        "children_ages": None,
        "all_women": None,
        "pets": False,
        "step_free": False,
        "smoking": "",
        "languages": ["ru"],
    }
    assert (row["offered"]["place"], row["offered"]["pets"], row["people"]) == ("Almaty", True, 3)
    assert row["acts"] == ["accept", "decline", "cancel", "not-safe"]


def test_each_act_offered_is_an_address(calling: Calling, amira: Person, hanna: Person) -> None:
    client, match = calling(hanna), people.match_since_yesterday(Status.CONFIRMED, amira.arrival, hanna.host)

    acts = client.get(f"/api/v1/matches/{match.pk}/").json()["acts"]

    assert acts == ["cancel", "check-in", "no-show", "not-safe"]
    assert [client.get(f"/api/v1/matches/{match.pk}/{act}/").status_code for act in acts] == [405] * 4


def test_history_does_not_say_who_felt_unsafe(
    calling: Calling, match: Match, amira: Person, hanna: Person, carla: Person
) -> None:
    transitions.report_not_safe(match.pk, by=amira.user, at=timezone.now())
    people.agreed_to_go_on(match)
    transitions.unfreeze(match.pk, by=carla.user, at=timezone.now())
    transitions.cancel(match.pk, by=amira.user, at=timezone.now(), reason="other")

    def told(person: Person) -> list[tuple[str, str, str]]:
        rows: list[dict[str, Any]] = calling(person).get(f"/api/v1/matches/{match.pk}/history/").json()
        return [(row["act"], row["role"], row["reason"]) for row in rows][-3:]

    assert told(carla) == [
        ("freeze", "arrival", "not_safe"),
        ("unfreeze", "coordinator", ""),
        ("cancel", "arrival", "other"),
    ]
    assert told(amira) == [("confirm", "worker", ""), *[row for row in told(carla) if row[1] == "arrival"]]
    assert told(hanna)[-2:] == [("confirm", "worker", ""), ("cancel", "arrival", "")]


def test_coordinator_changes_a_space_and_the_address_they_never_saw_stays(
    calling: Calling, hanna: Person, carla: Person
) -> None:
    space = people.space(hanna.host)
    body = {name: value for name, value in space_body(beds=2).items() if name != "address"}

    changed = calling(carla).put(f"/api/v1/spaces/{space.pk}/", body, format="json")

    assert (changed.json()["beds"], changed.json()["address"]) == (2, "")
    assert Space.objects.get(pk=space.pk).address == ADDRESS


def test_coordinator_changes_a_request_and_the_notes_they_never_saw_stay(
    calling: Calling, amira: Person, carla: Person
) -> None:
    asked = people.request(amira.arrival, notes=NOTES)

    changed = calling(carla).put(f"/api/v1/requests/{asked.pk}/", request_body(people=3), format="json")

    assert (changed.json()["people"], changed.json()["notes"]) == (3, "")
    assert ShelterRequest.objects.get(pk=asked.pk).notes == NOTES


def test_owner_can_empty_what_they_wrote(calling: Calling) -> None:
    hanna = people.hanna(vetted=False)  # Once somebody has looked at her, another address waits.
    space = people.space(hanna.host)

    calling(hanna).put(f"/api/v1/spaces/{space.pk}/", space_body(address=""), format="json")

    assert Space.objects.get(pk=space.pk).address == ""


def test_stranger_opens_a_case_and_signs_in_with_the_secret_from_the_answer(nobody: APIClient) -> None:
    case = nobody.post("/api/v1/requests/", request_body(notes=NOTES), format="json").json()

    proof = {"name": "phone", "case_number": case["case_number"], "secret": case["secret"]}
    token = nobody.post("/api/v1/tokens/", proof, format="json").json()["token"]
    own = APIClient(headers={"authorization": f"Bearer {token}"}).get("/api/v1/requests/").json()["results"]

    assert [(row["id"], row["notes"], row["state"]) for row in own] == [(case["request"]["id"], NOTES, "open")]
    assert (Arrival.objects.count(), ShelterRequest.objects.get().people) == (1, 2)


def test_answers_are_kept_by_no_cache(calling: Calling, match: Match, amira: Person) -> None:
    assert calling(amira).get(f"/api/v1/matches/{match.pk}/").headers["Cache-Control"] == "no-store"
