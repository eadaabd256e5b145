"""Decision 0072 at every endpoint of the API: to whom stands on their lists, Amira and Hanna are not there.

Generated from the rows of `test_access`: a named coordinator is answered as a coordinator of another place is.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from matching import apart
from matching.states import Status
from tests import people
from tests.integration.api.conftest import Calling
from tests.integration.api.test_access import CALLERS, ROWS, Row, Things, answered
from tests.integration.api.test_access import frozen as frozen
from tests.integration.api.test_access import status as status
from tests.integration.api.test_access import things as things
from tests.people import Person

pytestmark = [pytest.mark.django_db, pytest.mark.once]

NAMED = "+77015550199"
WHO: dict[str, tuple[str, ...]] = {"named": (NAMED,), "other": ()}


@pytest.fixture
def clients(things: Things, amira: Person, hanna: Person, calling: Calling) -> dict[str, APIClient]:
    """Return a client of a coordinator on both lists, and of one on none; both coordinate every place."""
    named, other = (people.on_call(people.carla(name), *contacts) for name, contacts in WHO.items())
    for person in (amira, hanna):
        apart.name(person.user, NAMED, by=person.user, at=timezone.now())
    return {"named": calling(named), "other": calling(other)}


def expected(row: Row) -> tuple[int, int]:
    return row.answers[CALLERS.index("elsewhere")], row.answers[CALLERS.index("carla")]


@pytest.mark.parametrize(("status", "frozen"), sorted({(row.status, row.frozen) for row in ROWS}))
def test_named_coordinator_is_answered_as_one_of_another_place(
    status: Status, frozen: bool, things: Things, clients: dict[str, APIClient]
) -> None:
    rows = [row for row in ROWS if (row.status, row.frozen) == (status, frozen)]

    found = [(str(row), *answered(row, things, clients)) for row in rows]

    assert [(told, answers) for told, answers, _, _ in found] == [(str(row), expected(row)) for row in rows]
    assert [(told, changed) for told, _, _, changed in found if changed] == []


def test_lists_of_a_named_coordinator_are_empty(things: Things, clients: dict[str, APIClient]) -> None:
    def listed(client: APIClient) -> dict[str, list[Any]]:
        names = ("spaces", "requests", "matches")
        return {name: json.loads(client.get(f"/api/v1/{name}/").content)["results"] for name in names}

    assert listed(clients["named"]) == {"spaces": [], "requests": [], "matches": []}
    assert {name: len(rows) for name, rows in listed(clients["other"]).items()} == dict.fromkeys(
        ("spaces", "requests", "matches"), 1
    )
