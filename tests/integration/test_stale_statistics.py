"""The night of a long sheet: PostgreSQL knew the tables as they were, and still compares no row with all pairs of others."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from matching import transitions
from matching.importing.row_by_row import RowOutcome, take_in_requests, take_in_spaces
from matching.models import Match
from matching.states import Status
from matching.table_statistics import refresh_table_statistics
from matching.worker import matchmaking
from tests import people
from tests.integration.test_imports import request_rows, space_rows
from tests.people import Person

pytestmark = pytest.mark.django_db

ROWS = 60


def as_after_a_quiet_week() -> None:
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


def size(table: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(f'SELECT count(*) FROM "{table}"')
        return max(ROWS, int(cursor.fetchone()[0]))  # A row that has served its purpose may be gone.


def batched(rows: list[dict[str, str]]) -> Iterator[list[dict[str, str]]]:
    """Yield a third of the rows at a time, with the tables counted anew before each, as the worker takes in a sheet."""
    for start in range(0, ROWS, ROWS // 3):
        refresh_table_statistics()
        yield rows[start : start + ROWS // 3]


def spaces_come(carla: Person) -> int:
    wanted = [{"space_id": f"s{n}", "host": f"Hanna {n}", "phone": f"+7701555{n:04}"} for n in range(ROWS)]
    new = 0
    for batch in batched(wanted):
        rows = space_rows(*(each | {"vetted": "yes", "beds": "3"} for each in batch))
        done = take_in_spaces(rows, by=carla.user, at=timezone.now(), trust_vetted=True)
        new += done.outcomes[RowOutcome.NEW]
    return new


def requests_come(carla: Person) -> int:
    wanted = [{"request_id": f"r{n}", "name": f"Amira {n}", "phone": f"+7701556{n:04}"} for n in range(ROWS)]
    new = 0
    for batch in batched(wanted):
        rows = request_rows(*(each | {"people": "3"} for each in batch))
        new += take_in_requests(rows, by=carla.user, at=timezone.now()).outcomes[RowOutcome.NEW]
    return new


def worker_matches(carla: Person) -> int:
    matchmaking.match_open_requests(now=timezone.now)
    return Match.objects.filter(status=Status.PROPOSED).count()


def queue_is_read(carla: Person) -> int:
    desk = people.desk_client(carla)
    return sum(len(desk.get("/admin/matching/match/queue/").context["cards"]) for _time in range(3))


def all_are_approved(carla: Person) -> int:
    refresh_table_statistics()  # As the worker does, a minute after its round at the latest.
    for match in Match.objects.filter(status=Status.PROPOSED):
        transitions.approve(match.pk, by=carla.user, at=timezone.now())
    return Match.objects.filter(status=Status.APPROVED).count()


def believed(table: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT reltuples FROM pg_class WHERE relname = %s", [table])
        return int(cursor.fetchone()[0])


STEPS = (spaces_come, requests_come, worker_matches, queue_is_read, all_are_approved)


def test_no_row_is_compared_with_all_pairs_of_others(carla: Person) -> None:
    """A table may be read once or a few times for each row that comes; a bad join reads it once for each pair of rows."""
    people.place("Almaty")
    people.place("Oral")
    as_after_a_quiet_week()
    too_many: dict[str, Any] = {}
    before: dict[str, int] = {}

    for step in STEPS:
        assert step(carla) == ROWS
        now = rows_read()
        read = {table: number - before.get(table, 0) for table, number in now.items()}
        before = now
        if much := {table: number for table, number in read.items() if number > 10 * ROWS * size(table)}:
            too_many[step.__name__] = much

    assert too_many == {}


@pytest.mark.parametrize("counts", [matchmaking.match_open_requests, matchmaking.begin_round])
def test_tables_are_counted_anew_before_they_are_joined(carla: Person, counts: Callable[..., object]) -> None:
    people.place("Almaty")
    people.place("Oral")
    requests_come(carla)
    as_after_a_quiet_week()
    assert believed("accounts_arrival") == 0

    counts(now=timezone.now)

    assert (believed("accounts_arrival"), believed("matching_shelterrequest")) == (ROWS, ROWS)
