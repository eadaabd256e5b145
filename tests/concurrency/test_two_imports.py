"""Two coordinators import the same sheet at the same moment: every row is taken in once, and nobody is told of a problem.

The negative control switches the lock off: in the same race one of them is told that rows were refused.
"""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest
from django.db import connection
from django.utils import timezone

from accounts.models import Host
from matching.importing import row_by_row
from matching.importing.row_by_row import Imported, RowOutcome, take_in_spaces
from matching.models import Space
from matching.sheets import SPACE_COLUMNS, SpaceRow, read_spaces
from places.hearing import heard_in_files as find_place
from tests import people
from tests.people import tonight

pytestmark = pytest.mark.django_db(transaction=True)

ROWS = 30
LOOKED_SECONDS = 3.0
"""How long one import waits for the other to look as well; with the lock on, this always times out."""


def rows() -> list[SpaceRow]:
    lines = [",".join(SPACE_COLUMNS)]
    lines += [
        f"s{number},Hanna,+770155501{number:02},,,Almaty,,,,2,no,{tonight()}/{tonight(9)},,,,,,,,"
        for number in range(ROWS)
    ]
    return read_spaces("\n".join(lines).encode(), find_place=find_place).rows


@pytest.fixture
def looked_before_written(monkeypatch: pytest.MonkeyPatch) -> None:
    """Force the worst order: each import writes only after the other has looked up the known rows."""
    both_looked = threading.Barrier(2)
    look = row_by_row.spaces_called

    def look_and_wait(keys: list[str]) -> dict[str, Space]:
        known = look(keys)
        with suppress(threading.BrokenBarrierError):
            both_looked.wait(LOOKED_SECONDS)
        return known

    monkeypatch.setattr(row_by_row, "spaces_called", look_and_wait)


def import_twice_at_once() -> list[Imported]:
    people.place("Almaty")
    sheet = rows()

    def take_in(_number: int) -> Imported:
        try:
            return take_in_spaces(sheet, by=None, at=timezone.now())
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as threads:
        return list(threads.map(take_in, range(2)))


def test_two_imports_at_once_take_every_row_in_once(looked_before_written: None) -> None:
    both = import_twice_at_once()

    assert sorted(each.outcomes[RowOutcome.NEW] for each in both) == [0, ROWS]
    assert sorted(each.outcomes[RowOutcome.UNCHANGED] for each in both) == [0, ROWS]
    assert [each.problems for each in both] == [[], []]
    assert (Space.objects.count(), Host.objects.count()) == (ROWS, ROWS)


def test_without_the_lock_one_of_two_imports_is_told_of_problems(
    looked_before_written: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(row_by_row, "wait_for_other_imports", lambda: None)
    # The other import always comes here, so wait for it however busy the machine is.
    monkeypatch.setitem(globals(), "LOOKED_SECONDS", 60.0)

    both = import_twice_at_once()

    assert sorted(len(each.problems) for each in both) == [0, ROWS]
    assert Space.objects.count() == ROWS
