"""A creating POST that is sent again with its Idempotency-Key makes one row and gets the same answer."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
import time_machine
from django.db import connection
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.models import AccessToken, Arrival
from matching.models import IdempotencyKey, Match, ShelterRequest, Space
from matching.states import Status
from tests import people
from tests.integration.api.conftest import Calling, request_body, space_body
from tests.integration.web.walks import latest_code
from tests.people import Person

SPACES, REQUESTS, MATCHES, TOKENS = (f"/api/v1/{name}/" for name in ("spaces", "requests", "matches", "tokens"))


@pytest.mark.django_db
def test_same_key_and_body_get_the_same_answer(calling: Calling, hanna: Person) -> None:
    client = calling(hanna)

    first = client.post(SPACES, space_body(), format="json", headers={"idempotency-key": "k1"})
    again = client.post(SPACES, space_body(), format="json", headers={"idempotency-key": "k1"})

    assert (first.status_code, again.status_code, again.json()) == (201, 201, first.json())
    assert (again.headers["ETag"], again.headers["Idempotent-Replay"]) == (first.headers["ETag"], "true")
    assert "Idempotent-Replay" not in first.headers
    assert Space.objects.count() == 1


@pytest.mark.django_db
def test_without_a_key_two_calls_make_two(calling: Calling, hanna: Person) -> None:
    client = calling(hanna)

    client.post(SPACES, space_body(), format="json")
    client.post(SPACES, space_body(), format="json")

    assert Space.objects.count() == 2


@pytest.mark.django_db
def test_same_key_with_another_body_is_refused(calling: Calling, hanna: Person) -> None:
    client = calling(hanna)
    client.post(SPACES, space_body(beds=3), format="json", headers={"idempotency-key": "k1"})

    other = client.post(SPACES, space_body(beds=4), format="json", headers={"idempotency-key": "k1"})

    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    assert list(Space.objects.values_list("beds", flat=True)) == [3]


@pytest.mark.django_db
def test_a_key_belongs_to_its_user(calling: Calling, hanna: Person, oskar: Person) -> None:
    calling(hanna).post(SPACES, space_body(), format="json", headers={"idempotency-key": "k1"})

    other = calling(oskar).post(SPACES, space_body(), format="json", headers={"idempotency-key": "k1"})

    assert other.status_code == 201
    assert Space.objects.get(pk=other.json()["id"]).host == oskar.host


@pytest.mark.django_db
def test_a_refused_call_may_be_tried_again(calling: Calling, hanna: Person) -> None:
    client = calling(hanna)
    refused = client.post(SPACES, space_body(beds=0), format="json", headers={"idempotency-key": "k1"})

    again = client.post(SPACES, space_body(beds=1), format="json", headers={"idempotency-key": "k1"})

    assert (refused.status_code, again.status_code) == (400, 201)


@pytest.mark.django_db
def test_a_day_later_the_key_is_free_and_the_answer_forgotten(nobody: APIClient) -> None:
    key = {"idempotency-key": str(uuid4())}
    with time_machine.travel(timezone.now() - timedelta(hours=25), tick=False):
        body = request_body(first_night=str(people.tonight(2)))
        first = nobody.post(REQUESTS, body, format="json", headers=key)

    again = nobody.post(REQUESTS, body, format="json", headers=key)

    assert first.json()["case_number"] != again.json()["case_number"]
    assert IdempotencyKey.objects.count() == 1


@pytest.mark.django_db
def test_a_case_is_opened_once_wherever_the_second_call_comes_from(nobody: APIClient) -> None:
    """The phone lost its network, and calls again from another address."""
    key = {"idempotency-key": str(uuid4())}

    first = nobody.post(REQUESTS, request_body(), format="json", headers=key, REMOTE_ADDR="198.51.100.1")
    again = nobody.post(REQUESTS, request_body(), format="json", headers=key, REMOTE_ADDR="203.0.113.9")

    assert again.json() == first.json()
    assert (Arrival.objects.count(), ShelterRequest.objects.count()) == (1, 1)


@pytest.mark.django_db
def test_a_stranger_must_send_a_key_that_is_hard_to_guess(nobody: APIClient) -> None:
    response = nobody.post(REQUESTS, request_body(), format="json", headers={"idempotency-key": "1"})

    assert (response.status_code, list(response.json()["errors"])) == (400, ["Idempotency-Key"])
    assert ShelterRequest.objects.count() == 0


@pytest.mark.django_db
def test_the_kept_answer_of_a_case_cannot_be_read_in_the_database(nobody: APIClient) -> None:
    key = str(uuid4())
    case = nobody.post(REQUESTS, request_body(), format="json", headers={"idempotency-key": key}).json()

    with connection.cursor() as cursor:
        cursor.execute("SELECT answer FROM matching_idempotencykey")
        [(stored,)] = cursor.fetchall()

    assert case["secret"] in IdempotencyKey.objects.get().answer
    assert case["secret"] not in stored


@pytest.mark.django_db
def test_a_token_is_given_once_for_one_code(nobody: APIClient, hanna: Person) -> None:
    """The answer to a sign-in by code was lost: the code is used up, but with its key the same answer comes again."""
    nobody.post(f"{TOKENS}code/", {"contact": hanna.contact}, format="json")
    code = latest_code(hanna.user.pk)
    body = {"name": "phone", "contact": hanna.contact, "code": code}
    key = {"idempotency-key": str(uuid4())}

    first = nobody.post(TOKENS, body, format="json", headers=key)
    again = nobody.post(TOKENS, body, format="json", headers=key)
    without_key = nobody.post(TOKENS, body, format="json")

    assert (first.status_code, again.json()) == (201, first.json())
    assert (without_key.status_code, without_key.json()["code"]) == (403, "wrong_code")
    assert AccessToken.objects.filter(user=hanna.user).count() == 1


def _at_once(clients: list[APIClient], address: str, body: dict[str, Any], headers: dict[str, str]) -> list[Any]:
    """Post from all clients at the same moment, each on its own connection; return the answers."""
    together = threading.Barrier(len(clients))

    def post(client: APIClient) -> Any:
        try:
            together.wait(timeout=30)
            return client.post(address, body, format="json", headers=headers)
        finally:
            connection.close()

    with ThreadPoolExecutor(len(clients)) as pool:
        return list(pool.map(post, clients))


@pytest.mark.django_db(transaction=True)
def test_parallel_calls_with_one_key_make_one_row(calling: Calling, hanna: Person) -> None:
    clients = [calling(hanna) for _ in range(6)]

    answers = _at_once(clients, SPACES, space_body(), {"idempotency-key": "k1"})

    assert [answer.status_code for answer in answers] == [201] * 6
    assert {answer.json()["id"] for answer in answers} == {str(Space.objects.get().pk)}


@pytest.mark.django_db(transaction=True)
def test_parallel_calls_without_a_key_make_as_many_rows(calling: Calling, hanna: Person) -> None:
    """The negative control: without the key each call makes a row."""
    clients = [calling(hanna) for _ in range(6)]

    _at_once(clients, SPACES, space_body(), {})

    assert Space.objects.count() == 6


@pytest.mark.django_db(transaction=True)
def test_parallel_proposals_with_one_key_are_one_match(
    calling: Calling, amira: Person, hanna: Person, carla: Person
) -> None:
    pair = {"request": str(people.request(amira.arrival).pk), "space": str(people.space(hanna.host).pk)}

    answers = _at_once([calling(carla) for _ in range(4)], MATCHES, pair, {"idempotency-key": "k1"})

    assert [answer.status_code for answer in answers] == [201] * 4
    assert Match.objects.get().status == Status.PROPOSED
