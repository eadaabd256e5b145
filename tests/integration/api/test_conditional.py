"""ETag and If-Match (RFC 9110): a change of a row that has changed in the meantime is refused with 412."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection
from rest_framework.test import APIClient

from matching.models import Match, Space
from matching.states import Status
from tests import people
from tests.integration.api.conftest import Calling, request_body, space_body
from tests.people import Person


@pytest.mark.django_db
def test_change_with_the_etag_seen_is_made_and_gives_a_new_one(calling: Calling, hanna: Person) -> None:
    client, space = calling(hanna), people.space(hanna.host)
    seen = client.get(f"/api/v1/spaces/{space.pk}/").headers["ETag"]

    changed = client.put(f"/api/v1/spaces/{space.pk}/", space_body(beds=2), format="json", headers={"if-match": seen})

    assert (changed.status_code, changed.json()["beds"]) == (200, 2)
    assert changed.headers["ETag"] != seen


@pytest.mark.django_db
def test_change_with_an_old_etag_is_refused(calling: Calling, hanna: Person) -> None:
    client, space = calling(hanna), people.space(hanna.host)
    seen = client.get(f"/api/v1/spaces/{space.pk}/").headers["ETag"]
    client.post(f"/api/v1/spaces/{space.pk}/pause/")

    changed = client.put(f"/api/v1/spaces/{space.pk}/", space_body(beds=5), format="json", headers={"if-match": seen})

    assert (changed.status_code, changed.json()["code"]) == (412, "stale")
    assert Space.objects.get(pk=space.pk).beds == 3


@pytest.mark.django_db
@pytest.mark.parametrize("if_match", ["*", "{}", '"7", {}'])
def test_change_with_any_etag_that_fits_is_made(calling: Calling, hanna: Person, if_match: str) -> None:
    space = people.space(hanna.host)
    seen = calling(hanna).get(f"/api/v1/spaces/{space.pk}/").headers["ETag"]

    paused = calling(hanna).post(f"/api/v1/spaces/{space.pk}/pause/", headers={"if-match": if_match.format(seen)})

    assert (paused.status_code, paused.json()["status"]) == (200, "paused")


@pytest.mark.django_db
def test_move_with_an_old_etag_is_refused(calling: Calling, amira: Person, hanna: Person) -> None:
    match = people.match_in(Status.APPROVED, people.request(amira.arrival), people.space(hanna.host))
    seen = calling(hanna).get(f"/api/v1/matches/{match.pk}/").headers["ETag"]
    calling(amira).post(f"/api/v1/matches/{match.pk}/accept/")

    answer = calling(hanna).post(
        f"/api/v1/matches/{match.pk}/decline/", {"reason": "not_now"}, format="json", headers={"if-match": seen}
    )

    assert answer.status_code == 412
    assert Match.objects.get(pk=match.pk).status == Status.APPROVED


@pytest.mark.django_db
@pytest.mark.parametrize("act", ["change", "withdraw"])
def test_request_with_an_old_etag_is_left_alone(calling: Calling, amira: Person, act: str) -> None:
    client, asked = calling(amira), people.request(amira.arrival)
    address = f"/api/v1/requests/{asked.pk}/"
    seen = client.get(address).headers["ETag"]
    client.put(address, request_body(people=3), format="json")

    if act == "change":
        answer = client.put(address, request_body(people=4), format="json", headers={"if-match": seen})
    else:
        answer = client.post(f"{address}withdraw/", headers={"if-match": seen})

    assert answer.status_code == 412
    asked.refresh_from_db()
    assert (asked.people, asked.withdrawn_at) == (3, None)


def _two_changes_at_once(clients: list[APIClient], address: str, headers: dict[str, str]) -> list[int]:
    together = threading.Barrier(len(clients))

    def change(number: int) -> int:
        try:
            together.wait(timeout=30)
            body = space_body(beds=10 + number)
            return clients[number].put(address, body, format="json", headers=headers).status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(len(clients)) as pool:
        return sorted(pool.map(change, range(len(clients))))


@pytest.mark.django_db(transaction=True)
def test_of_parallel_changes_with_one_etag_exactly_one_is_made(calling: Calling, hanna: Person) -> None:
    space = people.space(hanna.host)
    clients = [calling(hanna) for _ in range(4)]
    seen = clients[0].get(f"/api/v1/spaces/{space.pk}/").headers["ETag"]

    answers = _two_changes_at_once(clients, f"/api/v1/spaces/{space.pk}/", {"if-match": seen})

    assert answers == [200, 412, 412, 412]
    assert Space.objects.get(pk=space.pk).version == 2


@pytest.mark.django_db(transaction=True)
def test_of_parallel_changes_without_an_etag_all_are_made(calling: Calling, hanna: Person) -> None:
    """The negative control of the test above."""
    space = people.space(hanna.host)
    clients = [calling(hanna) for _ in range(4)]

    answers = _two_changes_at_once(clients, f"/api/v1/spaces/{space.pk}/", {})

    assert answers == [200, 200, 200, 200]
    assert Space.objects.get(pk=space.pk).version == 5
