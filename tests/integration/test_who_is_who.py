"""Who a row means: a contact joins rows to one host only if names and checks agree, and a key finds its row however written."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone

from accounts.models import Host
from matching.importing.row_by_row import ContactOfAnother, KeyOfSeveral, ListedAlready, take_in_spaces
from matching.models import Space
from matching.refusal_words import words_of
from matching.sheets import SPACE_COLUMNS, read_spaces
from matching.sheets.rows import RowProblem
from places.queries import heard
from privacy.fields import blind_index
from tests import people
from tests.integration.test_imports import SPACE, sheet
from tests.people import Person, tonight

pytestmark = pytest.mark.django_db

VOLUNTEER = "+77015550199"


@pytest.fixture(autouse=True)
def _almaty() -> None:
    people.place("Almaty")


def brought(carla: Person, *changes: dict[str, str]) -> list[tuple[int, str, str]]:
    """Take in a sheet with Carla vouching for its column `vetted`; return line, column and code of each problem."""
    windows = {"windows": f"{tonight()}/{tonight(30)}"}
    content = sheet(SPACE_COLUMNS, [SPACE | windows | each for each in changes])
    read = read_spaces(content, find_place=heard)
    done = take_in_spaces(read.rows, by=carla.user, at=timezone.now(), trust_vetted=True)
    return [(problem.line, problem.column, code_of(problem)) for problem in [*read.problems, *done.problems]]


def code_of(problem: RowProblem) -> str:
    reason: Any = problem.reason
    return str(reason.code)


def hosts() -> list[tuple[str, str, list[str]]]:
    """Return name, status and keys of spaces of every host."""
    return sorted(
        (host.user.name, str(host.status), sorted(space.external_id or "" for space in host.spaces.all()))
        for host in Host.objects.all()
    )


ONE = {"space_id": "a", "host": "Hanna", "phone": VOLUNTEER, "address": "Abay 1"}
OTHER = {"space_id": "b", "host": "Bibigul", "phone": VOLUNTEER, "address": "Abay 2"}


def test_one_name_with_one_contact_is_one_host_with_several_spaces(carla: Person) -> None:
    assert brought(carla, ONE | {"vetted": "yes"}, ONE | {"space_id": "b", "address": "Abay 2", "vetted": "yes"}) == []
    assert hosts() == [("Hanna", "vetted", ["a", "b"])]


@pytest.mark.parametrize("vetted", [("yes", "no"), ("no", "yes"), ("", "")])
def test_two_names_with_one_contact_are_told_and_joined_to_nobody(carla: Person, vetted: tuple[str, str]) -> None:
    one, other = ONE | {"vetted": vetted[0]}, OTHER | {"vetted": vetted[1]}

    assert brought(carla, one, other) == [(2, "phone", "other_name"), (3, "phone", "other_name")]
    assert hosts() == []


@pytest.mark.parametrize("vetted", [("yes", "no"), ("no", "yes")])
def test_two_answers_about_the_checks_of_one_contact_are_told(carla: Person, vetted: tuple[str, str]) -> None:
    one, other = ONE | {"vetted": vetted[0]}, ONE | {"space_id": "b", "address": "Abay 2", "vetted": vetted[1]}

    assert brought(carla, one, other) == [(2, "phone", "other_vetted"), (3, "phone", "other_vetted")]
    assert hosts() == []


def test_contact_of_a_known_host_joins_no_other_name(carla: Person) -> None:
    brought(carla, ONE | {"vetted": "yes"})

    assert brought(carla, OTHER) == [(2, "", "contact_of_another")]
    assert brought(carla, OTHER | {"host": "Hanna", "vetted": "no"}) == [(2, "", "contact_of_another")]
    assert hosts() == [("Hanna", "vetted", ["a"])]


def test_new_key_for_the_same_address_and_beds_is_told(carla: Person) -> None:
    brought(carla, ONE)

    assert brought(carla, ONE | {"space_id": "again", "address": "abay  1"}) == [(2, "", "listed_already")]
    assert brought(carla, ONE | {"space_id": "room", "address": "Abay 1, second room"}) == []
    assert hosts() == [("Hanna", "unvetted", ["a", "room"])]


@pytest.mark.parametrize("written", ["0071", "71", "00071", "71.0", "\u200b0071"])
def test_key_that_a_program_rewrote_finds_its_row(carla: Person, written: str) -> None:
    brought(carla, ONE | {"space_id": "0071", "beds": "2"})

    assert brought(carla, ONE | {"space_id": written, "beds": "3"}) == []
    assert [(space.external_id, space.beds) for space in Space.objects.all()] == [("0071", 3)]


def test_two_forms_of_one_key_in_one_sheet_are_told(carla: Person) -> None:
    again = ONE | {"space_id": "71", "address": "Abay 2"}

    assert brought(carla, ONE | {"space_id": "0071"}, again) == [(3, "space_id", "same_identifier")]


def test_refusals_say_what_to_do() -> None:
    assert words_of(ContactOfAnother()).startswith("A host with another name is reached by this contact.")
    assert "as 0071" in words_of(ListedAlready(key="0071"))


def test_key_that_may_mean_two_rows_is_told_and_changes_neither(carla: Person) -> None:
    brought(carla, ONE | {"space_id": "071"})
    Space.objects.update(beds=1)
    other = people.space(people.hanna(name="Bibigul", contact="b@example.org").host)
    other.external_id, other.external_index = "0071", blind_index("0071")
    other.save()

    assert brought(carla, ONE | {"space_id": "71", "beds": "9"}) == [(2, "", "key_of_several")]
    assert sorted(Space.objects.values_list("beds", flat=True)) == [1, 3]
    assert brought(carla, ONE | {"space_id": "071", "beds": "9"}) == []
    assert sorted(Space.objects.values_list("beds", flat=True)) == [3, 9]
    assert words_of(KeyOfSeveral(keys="0071, 071")).startswith("Several rows may be meant by this key: 0071, 071.")
