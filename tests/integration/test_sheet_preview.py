"""The preview of a long sheet: it goes batch by batch, foresees what one single batch would, and stops nobody in between."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from matching.importing import uploads
from matching.importing.row_by_row import take_in_spaces
from matching.models import SheetImport, Space
from tests import people
from tests.integration.test_imports import space_rows
from tests.integration.test_sheet_imports import brought, of_spaces, rows, worked_on
from tests.people import Person

State = SheetImport.State


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[int, int], None]]:
    """Set how many rows make a batch, and how many batches a turn."""

    def set_(size: int, batches: int) -> None:
        monkeypatch.setattr(uploads, "ROWS_A_TRANSACTION", size)
        monkeypatch.setattr(uploads, "BATCHES_AT_ONCE", batches)

    return set_


@pytest.mark.django_db
def test_preview_goes_on_where_it_stopped(carla: Person, small: Callable[[int, int], None]) -> None:
    people.place("Almaty")
    small(2, 1)
    found = brought(of_spaces(*({"space_id": f"s{n}", "phone": f"+7701555010{n}"} for n in range(5))), carla)

    progress = []
    for _turn in range(4):
        left = uploads.work_on_sheets(now=timezone.now)
        found.refresh_from_db()
        progress.append((left, found.rows.exclude(foreseen="").count(), found.state))

    assert progress == [
        (True, 2, State.RECEIVED),
        (True, 4, State.RECEIVED),
        (True, 5, State.RECEIVED),
        (False, 5, State.PREVIEWED),
    ]
    assert Space.objects.count() == 0


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("batches", [1, 2])
def test_space_of_an_earlier_batch_is_free_while_the_next_is_looked_through(
    carla: Person, small: Callable[[int, int], None], batches: int
) -> None:
    """Hanna's space is in the first batch: her own yes does not wait for the rest of the sheet."""
    people.place("Almaty")
    take_in_spaces(space_rows({"space_id": "s0", "phone": "+77015550100"}), by=carla.user, at=timezone.now())
    small(1, batches)
    wanted = [{"space_id": f"s{n}", "phone": f"+7701555010{n}", "beds": "3"} for n in range(2)]
    found = brought(of_spaces(*wanted), carla)
    other = connection.copy()
    free: list[bool] = []

    def now() -> Any:
        with other.cursor() as cursor:
            cursor.execute("SELECT external_id FROM matching_space FOR UPDATE SKIP LOCKED")
            free.append(len(cursor.fetchall()) == 1)
        return timezone.now()

    try:
        worked = uploads.look_through(found.pk, now=now)
        while worked:
            worked = uploads.look_through(found.pk, now=now)
    finally:
        other.close()

    assert free == [True, True]
    assert rows(found, "foreseen") == [(2, "changed"), (3, "new")]


@pytest.mark.django_db
def test_rows_of_one_person_by_two_contacts_are_looked_through_together(
    carla: Person, small: Callable[[int, int], None]
) -> None:
    people.place("Almaty")
    both = {"phone": "+77015550100", "email": "hanna@example.org"}
    take_in_spaces(space_rows({"space_id": "s0"} | both), by=carla.user, at=timezone.now())
    small(1, 1)
    same = {"address": "Abay 1"}
    found = brought(
        of_spaces(
            {"space_id": "s1", "phone": both["phone"]} | same,
            {"space_id": "s2", "phone": "", "email": both["email"]} | same,
        ),
        carla,
    )

    worked_on()

    assert rows(found, "foreseen") == [(2, "new"), (3, "refused")]


# -- a preview in batches foresees what a preview in one batch does ---------------------------------

CONTACTS = [f"+7701555020{n}" for n in range(4)]
ROW = st.fixed_dictionaries(
    {
        "space_id": st.sampled_from(["a", "b", "c", "007", "7", "7.0"]),
        "host": st.sampled_from(["Hanna", "Bibigul"]),
        "phone": st.sampled_from(["", *CONTACTS]),
        "email": st.sampled_from(["", "hanna@example.org", "bibigul@example.org"]),
        "beds": st.sampled_from(["1", "2"]),
        "address": st.sampled_from(["", "Abay 1"]),
        "vetted": st.sampled_from(["", "yes", "no"]),
    }
)


class TestInBatches(TestCase):
    """Sheets whose rows share keys, contacts and hosts with each other and with what is stored."""

    @settings(max_examples=10)
    @given(stored=st.lists(ROW, max_size=3), written=st.lists(ROW, min_size=2, max_size=7))
    def test_foresees_what_one_batch_does(self, stored: list[dict[str, str]], written: list[dict[str, str]]) -> None:
        people.place("Almaty")
        carla = people.carla()
        take_in_spaces(space_rows(*stored), by=carla.user, at=timezone.now())
        seen = []
        for size in (1000, 1):
            with pytest.MonkeyPatch.context() as patch, transaction.atomic():
                patch.setattr(uploads, "ROWS_A_TRANSACTION", size)
                found = brought(of_spaces(*written), carla)
                worked_on()
                seen.append([rows(found, column) for column in ("foreseen", "what_is_wrong", "what_changes")])

        assert seen[0] == seen[1]
