"""Every error is problem+json (RFC 9457): what happened, and what to do about it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from rest_framework.test import APIClient

from accounts.models import Throttle
from matching.models import ShelterRequest, Space
from matching.states import Status
from tests import people
from tests.integration.api.conftest import Calling, request_body, space_body
from tests.people import Person

pytestmark = pytest.mark.django_db


def test_problem_says_what_happened_and_what_to_do(calling: Calling, amira: Person, hanna: Person) -> None:
    match = people.match_in(Status.APPROVED, people.request(amira.arrival), people.space(hanna.host))
    client = calling(amira)
    client.post(f"/api/v1/matches/{match.pk}/accept/")

    response = client.post(f"/api/v1/matches/{match.pk}/accept/")

    assert response.headers["Content-Type"] == "application/problem+json"
    assert response.json() == {
        "type": "about:blank",
        "title": "Conflict",
        "status": 409,
        "detail": "You have accepted already.",
        "code": "already_answered",
    }


def test_problem_is_in_the_language_asked_for(calling: Calling, amira: Person) -> None:
    asked = people.request(amira.arrival)

    response = calling(amira).get(f"/api/v1/requests/{asked.pk}/candidates/", headers={"accept-language": "ru"})

    assert (response.json()["code"], response.headers["Content-Language"]) == ("not_yours", "ru")


@pytest.mark.parametrize(
    ("method", "address", "status", "code"),
    [
        ("get", "/api/v1/spaces/", 401, "not_authenticated"),
        ("get", "/api/v1/nothing/at/all", 404, "not_found"),
        ("post", "/api/v1/spaces", 404, "not_found"),
        ("get", "/api/v1/places/999/", 404, "not_found"),
        ("get", "/api/v1/places/99999999999999999999999/", 404, "not_found"),
        ("get", "/api/v1/places/?cursor=rubbish", 404, "not_found"),
        ("delete", "/api/v1/places/", 405, "method_not_allowed"),
        ("put", "/api/v1/places/", 405, "method_not_allowed"),
    ],
)
def test_call_that_leads_nowhere_is_a_problem(
    nobody: APIClient, method: str, address: str, status: int, code: str
) -> None:
    response = getattr(nobody, method)(address)

    assert response.headers["Content-Type"] == "application/problem+json"
    assert (response.status_code, response.json()["status"], response.json()["code"]) == (status, status, code)


def test_unknown_caller_is_told_how_to_authenticate(nobody: APIClient) -> None:
    assert nobody.get("/api/v1/spaces/").headers["WWW-Authenticate"] == 'Bearer realm="Shanyrak"'


@pytest.mark.parametrize(
    ("body", "content_type", "status", "code"),
    [
        ("{not json", "application/json", 400, "parse_error"),
        ('{"people": NaN}', "application/json", 400, "parse_error"),
        ("[]", "application/json", 400, "invalid"),
        ("people=2", "application/x-www-form-urlencoded", 415, "unsupported_media_type"),
    ],
)
def test_unreadable_body_is_a_problem(nobody: APIClient, body: str, content_type: str, status: int, code: str) -> None:
    response = nobody.generic("POST", "/api/v1/requests/", body, content_type=content_type)

    assert (response.status_code, response.json()["code"]) == (status, code)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"people": None}, "people"),
        ({"people": "two"}, "people"),
        ({"poeple": 3}, "poeple"),
        ({"place": "Atlantis"}, "place"),
        ({"place": ""}, "place"),
        ({"place": "", "latitude": 43.2}, "longitude"),
        ({"latitude": 91, "longitude": 0}, "latitude"),
        ({"first_night": "tomorrow"}, "first_night"),
        ({"first_night": str(people.tonight(-1))}, "first_night"),
        ({"languages": ["Klingon"]}, "languages"),
        ({"first_night": "9999-12-31"}, "first_night"),
        ({"urgency": "9"}, "urgency"),
        ({"smoking": "maybe"}, "smoking"),
        ({"children_ages": [18]}, "children_ages"),
        ({"notes": "x" * 2001}, "notes"),
        ({"notes": "a\x00b"}, "notes"),
    ],
)
def test_wrong_field_of_a_request_is_named(nobody: APIClient, change: dict[str, Any], field: str) -> None:
    response = nobody.post("/api/v1/requests/", request_body(**change), format="json")

    assert (response.status_code, response.json()["code"], list(response.json()["errors"])) == (400, "invalid", [field])
    assert ShelterRequest.objects.count() == 0


@pytest.mark.parametrize(
    "change",
    [
        {"people": 0},
        {"people": 10**30},
        {"children": 3},
        {"nights": 0},
        {"nights": 731},
        {"min_nights": 6},
        {"radius_km": 0},
        {"women_only": True},
        {"first_night": str(people.tonight(731))},
    ],
)
def test_request_that_makes_no_sense_is_refused_in_words(nobody: APIClient, change: dict[str, Any]) -> None:
    response = nobody.post("/api/v1/requests/", request_body(**change), format="json")

    assert (response.status_code, response.json()["code"]) == (400, "incomplete")
    assert ShelterRequest.objects.count() == 0


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"beds": 0}, 400, "incomplete"),
        ({"beds": 10**30}, 400, "incomplete"),
        ({"max_nights": 0}, 400, "incomplete"),
        ({"max_nights": 10**30}, 400, "invalid"),
        ({"windows": []}, 400, "invalid"),
        ({"windows": [{"first_night": "2026-01-02", "last_day": "2026-01-01"}]}, 400, "incomplete"),
        ({"windows": [{"first_night": "2026-01-02", "until": "2026-01-03"}]}, 400, "invalid"),
        ({"who": "nobody"}, 400, "invalid"),
    ],
)
def test_offer_that_makes_no_sense_is_refused(
    calling: Calling, hanna: Person, change: dict[str, Any], status: int, code: str
) -> None:
    response = calling(hanna).post("/api/v1/spaces/", space_body(**change), format="json")

    assert (response.status_code, response.json()["code"]) == (status, code)
    assert Space.objects.count() == 0


def test_number_too_large_for_a_float_is_refused(nobody: APIClient) -> None:
    """Python reads `1e400` as infinity, which JSON cannot hold, so no answer could be written."""
    body = json.dumps(request_body()).replace("}", ', "radius_km": 1e400}')

    response = nobody.generic("POST", "/api/v1/requests/", body, content_type="application/json")

    assert (response.status_code, list(response.json()["errors"])) == (400, ["radius_km"])


def test_pair_that_a_rule_forbids_is_refused_with_the_rule(
    calling: Calling, amira: Person, hanna: Person, carla: Person
) -> None:
    asked, offered = people.request(amira.arrival, people=4), people.space(hanna.host, beds=3)

    response = calling(carla).post(
        "/api/v1/matches/", {"request": str(asked.pk), "space": str(offered.pk)}, format="json"
    )

    assert (response.status_code, response.json()["code"]) == (409, "rule_forbids")
    assert "bed" in response.json()["detail"]


def test_too_many_calls_are_told_when_to_come_back(nobody: APIClient) -> None:
    for _ in range(120):
        assert nobody.get("/api/v1/places/999/").status_code == 404

    refused = nobody.get("/api/v1/places/999/")
    elsewhere = nobody.get("/api/v1/places/999/", REMOTE_ADDR="198.51.100.7")

    assert (refused.status_code, refused.json()["code"]) == (429, "throttled")
    assert 1 <= int(refused.headers["Retry-After"]) <= 60
    assert elsewhere.status_code == 404


def test_too_many_cases_from_one_source_are_told_when_to_come_back(nobody: APIClient) -> None:
    nobody.post("/api/v1/requests/", request_body(), format="json")
    Throttle.objects.filter(key__startswith="need:").update(count=300)

    refused = nobody.post("/api/v1/requests/", request_body(), format="json")

    assert (refused.status_code, refused.json()["code"]) == (429, "too_many_tries")
    assert 3500 <= int(refused.headers["Retry-After"]) <= 3600
    assert ShelterRequest.objects.count() == 1
