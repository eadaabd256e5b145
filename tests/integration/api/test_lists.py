"""Lists: pages by cursor, filters, and as many queries for three rows as for one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries
from rest_framework.test import APIClient

from matching.states import Status
from places.models import Place
from tests import people
from tests.integration.api.conftest import Calling
from tests.people import Person

pytestmark = pytest.mark.django_db


def walk(client: APIClient, address: str) -> Iterator[list[dict[str, Any]]]:
    """Yield the rows of each page, following `next`."""
    following: str | None = address
    while following:
        page = client.get(following).json()
        yield page["results"]
        following = page["next"]


@pytest.mark.parametrize("count", [1, 3])
def test_pages_hold_every_row_once(calling: Calling, hanna: Person, count: int) -> None:
    spaces = {str(people.space(hanna.host).pk) for _ in range(count)}

    pages = list(walk(calling(hanna), "/api/v1/spaces/?page_size=2"))

    assert [len(page) for page in pages] == ([1] if count == 1 else [2, 1])
    assert {row["id"] for page in pages for row in page} == spaces


def test_pages_hold_a_thousand_rows_of_one_moment_once_each(nobody: APIClient) -> None:
    """An import or a round writes more rows of one moment than the cursor's default offset limit."""
    Place.objects.bulk_create(
        Place(geoname_id=-number, name=f"Crossing {number}", country="KZ", kind="crossing", latitude=50, longitude=50)
        for number in range(1, 1206)
    )

    ids = [row["id"] for page in walk(nobody, "/api/v1/places/?page_size=200") for row in page]

    assert sorted(ids) == sorted(Place.objects.values_list("pk", flat=True))


def test_page_is_stable_while_rows_come(calling: Calling, hanna: Person) -> None:
    client = calling(hanna)
    first, second, third = (str(people.space(hanna.host).pk) for _ in range(3))
    page = client.get("/api/v1/spaces/?page_size=2").json()

    people.space(hanna.host)
    rest = client.get(page["next"]).json()["results"]

    assert [row["id"] for row in page["results"] + rest] == [third, second, first]


QUERIES = {"spaces": 7, "requests": 6, "matches": 5, "notifications": 4, "tokens": 4}
"""Each list reads the token, notes its use, counts the throttle, and reads the rows.

Spaces and requests also read windows or matches in one query. The coordinator comes with the token; whose
lists name them is one query more.
"""


@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize("resource", sorted(QUERIES))
def test_list_costs_the_same_whatever_its_length(
    calling: Calling,
    amira: Person,
    hanna: Person,
    carla: Person,
    django_assert_num_queries: DjangoAssertNumQueries,
    resource: str,
    count: int,
) -> None:
    for _ in range(count):
        people.match_in(Status.APPROVED, people.request(amira.arrival), people.space(hanna.host))
        calling(carla)
    client = calling(amira if resource == "notifications" else carla)

    with django_assert_num_queries(QUERIES[resource]):
        response = client.get(f"/api/v1/{resource}/")

    assert len(response.json()["results"]) == {"tokens": count + 1, "notifications": 2 * count}.get(resource, count)


@pytest.mark.parametrize("count", [1, 3])
def test_matches_of_one_place_cost_the_same_whatever_their_number(
    calling: Calling, amira: Person, hanna: Person, django_assert_num_queries: DjangoAssertNumQueries, count: int
) -> None:
    local = people.carla("local", places=(people.place("Almaty"),))
    for _ in range(count):
        people.match_in(Status.APPROVED, people.request(amira.arrival), people.space(hanna.host))
    client = calling(local)

    with django_assert_num_queries(6):  # as above, and the query for her places
        response = client.get("/api/v1/matches/")

    assert [len(row["acts"]) > 0 for row in response.json()["results"]] == [True] * count


@pytest.mark.parametrize(
    ("address", "found"),
    [
        ("spaces/?status=paused", ["small"]),
        ("spaces/?beds__gte=3", ["big"]),
        ("spaces/?shared=false", ["small", "big"]),
        ("spaces/?place=0", []),
    ],
)
def test_filter_narrows_spaces(calling: Calling, hanna: Person, address: str, found: list[str]) -> None:
    client = calling(hanna)
    names = {str(people.space(hanna.host, beds=3).pk): "big", str(people.space(hanna.host, beds=1).pk): "small"}
    small = next(pk for pk, name in names.items() if name == "small")
    client.post(f"/api/v1/spaces/{small}/pause/")

    rows = client.get(f"/api/v1/{address}").json()["results"]

    assert [names[row["id"]] for row in rows] == found


def test_filter_narrows_matches_and_requests(calling: Calling, amira: Person, hanna: Person, carla: Person) -> None:
    soon, later = people.request(amira.arrival), people.request(amira.arrival, first_night=people.tonight(9))
    match = people.match_in(Status.CONFIRMED, soon, people.space(hanna.host))
    people.match_in(Status.PROPOSED, later, people.space(hanna.host))
    client = calling(carla)

    confirmed = client.get("/api/v1/matches/?status=confirmed").json()["results"]
    of_request = client.get(f"/api/v1/matches/?request={soon.pk}").json()["results"]
    late = client.get(f"/api/v1/requests/?first_night__gte={people.tonight(5)}").json()["results"]

    assert [row["id"] for row in confirmed] == [row["id"] for row in of_request] == [str(match.pk)]
    assert [row["id"] for row in late] == [str(later.pk)]


def test_filter_by_an_id_of_a_strangers_row_tells_nothing(calling: Calling, amira: Person, oskar: Person) -> None:
    hers = people.request(amira.arrival)
    client = calling(oskar)

    of_hers = client.get(f"/api/v1/matches/?request={hers.pk}")
    of_none = client.get("/api/v1/matches/?request=00000000-0000-4000-8000-000000000000")

    assert (of_hers.status_code, of_hers.json()) == (of_none.status_code, of_none.json())
    assert of_hers.json()["results"] == []


@pytest.mark.parametrize(
    ("address", "field"),
    [
        ("spaces/?stauts=paused", "stauts"),
        ("spaces/?status=away", "status"),
        ("matches/?request=7", "request"),
        ("requests/?first_night__gte=soon", "first_night__gte"),
        ("tokens/?name=x", "name"),
    ],
)
def test_wrong_filter_is_named(calling: Calling, carla: Person, address: str, field: str) -> None:
    response = calling(carla).get(f"/api/v1/{address}")

    assert (response.status_code, list(response.json()["errors"])) == (400, [field])


@pytest.mark.parametrize("name", ["Алматы", "алма-а", "ALMATY", "ალმა"])
def test_place_is_found_by_the_beginning_of_its_name_in_any_language(nobody: APIClient, name: str) -> None:
    for known in people.KNOWN:
        people.place(known)

    rows = nobody.get("/api/v1/places/", {"name": name}).json()["results"]

    assert [(row["name"], row["country"]) for row in rows] == [("Almaty", "KZ")]


def test_places_come_most_populous_first(nobody: APIClient) -> None:
    for known in people.KNOWN:
        people.place(known)

    assert [row["name"] for row in nobody.get("/api/v1/places/").json()["results"]] == ["Almaty", "Tbilisi", "Oral"]


def test_inbox_is_counted_read_and_filtered(calling: Calling, amira: Person) -> None:
    people.request(amira.arrival)
    people.request(amira.arrival, first_night=people.tonight(9))
    client = calling(amira)
    newest = client.get("/api/v1/notifications/").json()["results"][0]

    read = client.post(f"/api/v1/notifications/{newest['id']}/read/").json()
    unread = client.get("/api/v1/notifications/unread/").json()
    left = client.get("/api/v1/notifications/?unread=true").json()["results"]
    after_all = client.post("/api/v1/notifications/read/").json()

    assert newest["read_at"] is None
    assert read == newest | {"read_at": read["read_at"]}
    assert read["read_at"] is not None
    assert (unread, len(left), after_all) == ({"unread": 1}, 1, {"unread": 0})
    assert newest["id"] not in {row["id"] for row in left}
