"""Tokens: the ways to a first token, the limits of its scope, and its end."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
import time_machine
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.arrivals import renew_secret
from accounts.models import AccessToken
from matching.models import Space
from tests import people
from tests.integration.api.conftest import Calling, space_body
from tests.integration.web.walks import latest_code
from tests.people import Person

pytestmark = pytest.mark.django_db

TOKENS = "/api/v1/tokens/"


def _with(token: str) -> APIClient:
    return APIClient(headers={"authorization": f"Bearer {token}", "accept-language": "en"})


def _proof(amira: Person, **changes: Any) -> dict[str, Any]:
    return {"name": "phone", "case_number": amira.user.username, "secret": amira.secret} | changes


def test_arrival_gets_a_token_by_case_number_and_secret(nobody: APIClient, amira: Person) -> None:
    asked = people.request(amira.arrival)

    given = nobody.post(TOKENS, _proof(amira), format="json")

    assert (given.status_code, given.json()["scope"]) == (201, "read")
    rows = _with(given.json()["token"]).get("/api/v1/requests/").json()["results"]
    assert [row["id"] for row in rows] == [str(asked.pk)]


def test_host_gets_a_token_by_a_code_sent_to_them(nobody: APIClient, hanna: Person) -> None:
    sent = nobody.post(f"{TOKENS}code/", {"contact": hanna.contact}, format="json")
    code = latest_code(hanna.user.pk)

    given = nobody.post(
        TOKENS, {"name": "phone", "scope": "write", "contact": hanna.contact, "code": code}, format="json"
    )

    assert (sent.status_code, given.status_code) == (202, 201)
    assert _with(given.json()["token"]).post("/api/v1/spaces/", space_body(), format="json").status_code == 201


def test_asking_for_a_code_gets_the_same_answer_for_known_and_unknown_contacts(
    nobody: APIClient, hanna: Person
) -> None:
    known = nobody.post(f"{TOKENS}code/", {"contact": hanna.contact}, format="json")
    unknown = nobody.post(f"{TOKENS}code/", {"contact": "nobody@example.org"}, format="json")

    assert (known.status_code, known.content) == (unknown.status_code, unknown.content)


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"secret": "0000 0000 0000"}, 403, "wrong_secret"),
        ({"case_number": "0000 0000"}, 403, "wrong_secret"),
        ({"scope": "everything"}, 400, "invalid"),
        ({"days": 366}, 400, "invalid"),
        ({"name": ""}, 400, "invalid"),
    ],
)
def test_wrong_proof_gets_no_token(
    nobody: APIClient, amira: Person, change: dict[str, Any], status: int, code: str
) -> None:
    given = nobody.post(TOKENS, _proof(amira, **change), format="json")

    assert (given.status_code, given.json()["code"]) == (status, code)
    assert AccessToken.objects.count() == 0


def test_guessing_is_stopped_even_with_a_new_key_each_time(
    nobody: APIClient, amira: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The tries are counted outside the transaction that a wrong secret rolls back."""
    monkeypatch.setattr("accounts.signing_in.SECRET_TRIES", 10)
    answers = [
        nobody.post(
            TOKENS,
            _proof(amira, secret=f"{number:012}"),
            format="json",
            headers={"idempotency-key": str(uuid4())},
        )
        for number in range(11)
    ]

    assert [answer.status_code for answer in answers] == [403] * 10 + [429]
    assert int(answers[-1].headers["Retry-After"]) > 0
    assert nobody.post(TOKENS, _proof(amira), format="json").status_code == 429


def test_token_of_scope_read_changes_nothing(calling: Calling, hanna: Person) -> None:
    space = people.space(hanna.host)
    client = calling(hanna, scope="read")

    answers = [
        client.get(f"/api/v1/spaces/{space.pk}/"),
        client.post(f"/api/v1/spaces/{space.pk}/pause/"),
        client.put(f"/api/v1/spaces/{space.pk}/", space_body(beds=9), format="json"),
        client.post("/api/v1/spaces/", space_body(), format="json"),
        client.post(TOKENS, {"name": "more", "scope": "write"}, format="json"),
        client.post("/api/v1/notifications/read/"),
    ]

    assert [answer.status_code for answer in answers] == [200, 403, 403, 403, 403, 403]
    assert answers[1].json()["detail"] == 'This token may only read. Make one with the scope "write".'
    in_russian = client.post(f"/api/v1/spaces/{space.pk}/pause/", headers={"accept-language": "ru"})
    assert in_russian.json()["detail"] == "Этот токен даёт только читать. Создайте токен с областью «write»."
    assert list(Space.objects.values_list("beds", "status")) == [(3, "listed")]


def test_token_ends_after_its_days(nobody: APIClient, amira: Person) -> None:
    token = nobody.post(TOKENS, _proof(amira, days=2), format="json").json()["token"]

    with time_machine.travel(timezone.now() + timedelta(days=2, seconds=1), tick=False):
        late = _with(token).get(TOKENS)
    in_time = _with(token).get(TOKENS)

    assert (late.status_code, late.json()["code"], in_time.status_code) == (401, "authentication_failed", 200)


def test_revoked_token_opens_nothing(nobody: APIClient, amira: Person) -> None:
    given = nobody.post(TOKENS, _proof(amira, scope="write"), format="json").json()
    client = _with(given["token"])

    revoked = client.delete(f"{TOKENS}{given['id']}/")

    assert (revoked.status_code, client.get(TOKENS).status_code) == (204, 401)


@pytest.mark.parametrize("header", ["Bearer", "Bearer shk_wrong", "Bearer a b", "bearer \xff"])
def test_wrong_token_is_refused_even_where_none_is_needed(header: str, db: None) -> None:
    response = APIClient(headers={"authorization": header}).get("/api/v1/places/")

    assert (response.status_code, response.json()["code"]) == (401, "authentication_failed")


def test_token_of_a_person_who_has_left_opens_nothing(calling: Calling, carla: Person) -> None:
    client = calling(carla)
    carla.user.is_active = False
    carla.user.save()

    assert client.get("/api/v1/requests/").status_code == 401


def test_token_is_shown_once_and_kept_as_a_hash(calling: Calling, amira: Person) -> None:
    client = calling(amira)

    given = client.post(TOKENS, {"name": "second"}, format="json").json()
    listed = client.get(TOKENS).json()["results"]

    assert [row["name"] for row in listed] == ["second", "test"]
    assert given["token"] not in str(listed)
    assert given["token"] not in str(list(AccessToken.objects.values()))


def test_session_changes_things_only_with_its_csrf_token(hanna: Person) -> None:
    client = APIClient(enforce_csrf_checks=True, headers={"accept-language": "en"})
    client.force_login(hanna.user)
    client.cookies["csrftoken"] = token = "c" * 32
    address = f"/api/v1/spaces/{people.space(hanna.host).pk}/"

    without = client.post(f"{address}pause/")
    looked = client.get(address)
    with_it = client.post(f"{address}pause/", headers={"x-csrftoken": token})

    assert (without.status_code, without.json()["code"]) == (403, "permission_denied")
    assert [looked.json()["status"], with_it.json()["status"]] == ["listed", "paused"]


# -- what comes from what -------------------------------------------------------------------------


@pytest.mark.parametrize("signed_in_by", ["token", "session"])
def test_signed_in_caller_gets_no_token_for_a_wrong_proof(
    calling: Calling, amira: Person, oskar: Person, signed_in_by: str
) -> None:
    client = calling(oskar)
    if signed_in_by == "session":
        client = APIClient(headers={"accept-language": "en"})
        client.force_login(oskar.user)
    before = AccessToken.objects.count()

    answers = [
        client.post(TOKENS, proof, format="json")
        for proof in (
            _proof(amira, secret="0000 0000 0000"),
            {"name": "phone", "case_number": amira.user.username},
            {"name": "phone", "secret": amira.secret},
            _proof(amira, code="123456"),
        )
    ]

    assert [answer.status_code for answer in answers] == [403, 400, 400, 400]
    assert AccessToken.objects.count() == before


def test_right_proof_of_a_signed_in_caller_is_for_whom_it_proves(
    calling: Calling, amira: Person, oskar: Person
) -> None:
    asked = people.request(amira.arrival)

    given = calling(oskar).post(TOKENS, _proof(amira), format="json").json()

    rows = _with(given["token"]).get("/api/v1/requests/").json()["results"]
    assert [row["id"] for row in rows] == [str(asked.pk)]
    assert AccessToken.objects.get(pk=given["id"]).ancestors == []


def test_token_ends_with_the_token_that_made_it(nobody: APIClient, amira: Person) -> None:
    parent = nobody.post(TOKENS, _proof(amira, scope="write", days=2), format="json").json()

    child = _with(parent["token"]).post(TOKENS, {"name": "child", "days": 365}, format="json").json()

    assert child["expires_at"] == parent["expires_at"]


@pytest.mark.parametrize("by", ["this", "id"])
def test_token_of_scope_read_revokes_itself_and_nothing_else(
    calling: Calling, nobody: APIClient, amira: Person, by: str
) -> None:
    given = nobody.post(TOKENS, _proof(amira), format="json").json()
    other = nobody.post(TOKENS, _proof(amira), format="json").json()
    client = _with(given["token"])

    refused = client.delete(f"{TOKENS}{other['id']}/")
    itself = client.delete(f"{TOKENS}{'this' if by == 'this' else given['id']}/")

    assert (refused.status_code, itself.status_code) == (403, 204)
    assert [_with(each["token"]).get(TOKENS).status_code for each in (given, other)] == [401, 200]


def test_this_names_no_token_where_a_session_calls(amira: Person) -> None:
    client = APIClient()
    client.force_login(amira.user)

    assert client.delete(f"{TOKENS}this/").status_code == 404


def test_list_says_which_tokens_are_valid(calling: Calling, nobody: APIClient, amira: Person) -> None:
    revoked = nobody.post(TOKENS, _proof(amira, name="revoked"), format="json").json()
    nobody.post(TOKENS, _proof(amira, name="of the old secret"), format="json")
    _with(revoked["token"]).delete(f"{TOKENS}this/")
    amira.user.refresh_from_db()
    renew_secret(amira.user.arrival)
    amira.user.refresh_from_db()

    listed = calling(amira).get(TOKENS).json()["results"]

    assert {row["name"]: row["valid"] for row in listed} == {
        "revoked": False,
        "of the old secret": False,
        "test": True,
    }


def test_lead_ends_sessions_and_tokens_of_others_and_nobody_else_does(
    calling: Calling, amira: Person, carla: Person, lena: Person
) -> None:
    browser = APIClient()
    browser.force_login(amira.user)
    hers = calling(amira)
    number = amira.user.username

    hidden = [calling(carla).get(f"/api/v1/{kind}/?of={number}").status_code for kind in ("sessions", "tokens")]
    lead = calling(lena)
    session, token = (lead.get(f"/api/v1/{kind}/?of={number}").json()["results"] for kind in ("sessions", "tokens"))
    ended = [
        lead.delete(f"/api/v1/sessions/{session[0]['id']}/").status_code,
        lead.delete(f"{TOKENS}{token[0]['id']}/").status_code,
    ]

    assert (hidden, len(session), len(token), ended) == ([404, 404], 1, 1, [204, 204])
    assert (browser.get(TOKENS).status_code, hers.get(TOKENS).status_code) == (401, 401)
    assert list(amira.user.coordinator_events.values_list("what", "by__username")) == [("sessions_ended", "lena")] * 2
