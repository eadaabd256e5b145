"""A sheet that real workers work on: woken by the desk, side by side, and killed in the middle."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
from django.db import connection
from django.utils import timezone

from matching.importing import undoing, uploads
from matching.importing.row_by_row import take_in_spaces
from matching.models import SheetImport, Space, SpaceWindow
from notifications.wakeups import wake
from tests import people, processes
from tests.integration.test_imports import space_rows
from tests.integration.test_sheet_imports import brought, of_spaces, rows
from tests.people import Person
from tests.processes import wait_for

pytestmark = pytest.mark.django_db(transaction=True)
State = SheetImport.State

ROWS = tuple({"space_id": f"s{n}", "phone": f"+7701555{n:04}", "beds": "3"} for n in range(250))
"""Enough rows for three batches of the worker."""


@pytest.fixture
def carla(transactional_db: None) -> Person:
    people.place("Almaty")
    return people.carla()


def is_(sheet: SheetImport, state: str) -> bool:
    return SheetImport.objects.filter(pk=sheet.pk, state=state).exists()


def test_sheet_is_looked_through_taken_in_and_undone_by_workers_side_by_side(carla: Person, tmp_path: Path) -> None:
    with processes.worker(tmp_path / "one.log"), processes.worker(tmp_path / "two.log"):
        sheet = brought(of_spaces(*ROWS[:110]), carla)
        wake("matching.work_on_sheets")
        wait_for(lambda: is_(sheet, State.PREVIEWED), what="the preview")
        assert Space.objects.count() == 0

        uploads.confirm(sheet.pk, trust_vetted=False, by=carla.user, at=timezone.now())
        wake("matching.work_on_sheets")
        wait_for(lambda: is_(sheet, State.DONE), what="the end of the import")
        assert rows(sheet, "outcome") == [(line, "new") for line in range(2, 112)]
        assert (Space.objects.count(), SpaceWindow.objects.count()) == (110, 110)

        undoing.undo(sheet.pk, by=carla.user, at=timezone.now())
        wake("matching.work_on_sheets")
        wait_for(lambda: is_(sheet, State.UNDONE), what="the end of the undo")

    assert Space.objects.count() == 0
    assert "ERROR" not in (tmp_path / "one.log").read_text() + (tmp_path / "two.log").read_text()


def test_worker_killed_in_the_middle_of_a_sheet_loses_and_doubles_nothing(carla: Person, tmp_path: Path) -> None:
    take_in_spaces(space_rows({"space_id": "s150", "phone": "+77015550150"}), by=carla.user, at=timezone.now())
    sheet = brought(of_spaces(*ROWS), carla)
    while uploads.look_through(sheet.pk, now=timezone.now):
        pass
    # Another session locks a space of the second batch, so the worker stops there and waits.
    other = connection.copy()
    try:
        other.set_autocommit(False)
        with other.cursor() as cursor:
            cursor.execute("SELECT id FROM matching_space FOR UPDATE")
        with processes.worker(tmp_path / "killed.log") as victim:
            uploads.confirm(sheet.pk, trust_vetted=False, by=carla.user, at=timezone.now())
            wait_for(_somebody_waits_for_the_space, what="the worker in the middle of the sheet")
            os.killpg(victim.pid, signal.SIGKILL)
            victim.wait()
    finally:
        other.close()
    assert (sheet.rows.exclude(outcome="").count(), Space.objects.count()) == (100, 101)

    with processes.worker(tmp_path / "next.log"):
        wake("matching.work_on_sheets")  # Beat sends this task at its interval.
        wait_for(lambda: is_(sheet, State.DONE), what="the rest of the sheet")

    assert rows(sheet, "outcome") == rows(sheet, "foreseen")
    assert (Space.objects.count(), SpaceWindow.objects.count()) == (250, 250)


def _somebody_waits_for_the_space() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
            " AND wait_event_type = 'Lock' AND query LIKE '%%matching_space%%'"
        )
        (waiting,) = cursor.fetchone()
    return bool(waiting)
