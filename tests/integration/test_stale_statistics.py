"""The night of a long sheet: PostgreSQL knows the tables as they were, and still compares no row with all pairs of others."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from matching.importing.row_by_row import RowOutcome, take_in_requests, take_in_spaces
from tests import people
from tests.integration.test_imports import request_rows, space_rows
from tests.people import Person

pytestmark = pytest.mark.django_db

ROWS = 60


def as_after_an_emptied_night() -> None:
    """Let PostgreSQL believe that every table is empty, though its file is long: so a vacuum leaves them in a quiet week."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE pg_class SET reltuples = 0, relpages = 4"
            " WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
        )


def rows_read() -> dict[str, int]:
    """Return how many rows this transaction has read from each table in whole scans."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT relname, seq_tup_read FROM pg_stat_xact_user_tables WHERE seq_tup_read > 0")
        return dict(cursor.fetchall())


def of_spaces(carla: Person) -> Any:
    wanted = [{"space_id": f"s{n}", "host": f"Hanna {n}", "phone": f"+7701555{n:04}"} for n in range(ROWS)]
    return take_in_spaces(space_rows(*wanted), by=carla.user, at=timezone.now())


def of_requests(carla: Person) -> Any:
    wanted = [{"request_id": f"r{n}", "name": f"Amira {n}", "phone": f"+7701556{n:04}"} for n in range(ROWS)]
    return take_in_requests(request_rows(*wanted), by=carla.user, at=timezone.now())


@pytest.mark.parametrize("take_in", [of_spaces, of_requests])
def test_no_row_is_compared_with_all_pairs_of_others(carla: Person, take_in: Any) -> None:
    people.place("Almaty")
    people.place("Oral")
    as_after_an_emptied_night()

    imported = take_in(carla)

    assert imported.outcomes[RowOutcome.NEW] == ROWS
    assert {table: read for table, read in rows_read().items() if read > 3 * ROWS**2} == {}
