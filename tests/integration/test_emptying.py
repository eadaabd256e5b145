"""After a test that commits, the database is as empty as Django leaves it, though only tables with rows are looked at."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import TransactionTestCase

from matching.states import Status
from tests import databases, people

pytestmark = pytest.mark.django_db(transaction=True)
FLUSH = TransactionTestCase._fixture_teardown
"""Django's own: the fixture that replaces it starts after this file was read."""


class Case(TransactionTestCase):
    """What pytest-django makes for a test."""


def counts() -> dict[str, int]:
    with connection.cursor() as cursor:
        tables = connection.introspection.django_table_names(only_existing=True, include_views=False)
        cursor.execute(" UNION ALL ".join(f"SELECT '{table}', count(*) FROM \"{table}\"" for table in tables))
        return dict(cursor.fetchall())


def world() -> None:
    people.match_in(Status.COMPLETED, people.request(people.amira().arrival), people.space(people.hanna().host))
    people.on_call(people.carla())


def test_no_row_is_left_and_no_guard_is_off() -> None:
    calls: list[Any] = []
    databases.emptied(Case(), FLUSH)
    by_django = counts()
    world()
    full = {table for table, count in counts().items() if count != by_django[table]}

    databases.emptied(Case(), calls.append)

    assert len(full) > 15
    assert {"matching_matchevent", "accounts_user", "notifications_delivery"} <= full
    assert (counts(), calls) == (by_django, [])
    assert {table for table, count in by_django.items() if count} == set(databases.KEPT)
    # The guards work again.
    world()
    with connection.cursor() as cursor, pytest.raises(Exception, match="append_only"):
        cursor.execute("DELETE FROM matching_matchevent")


def test_changed_permission_is_written_anew_by_django() -> None:
    databases.emptied(Case(), FLUSH)
    before = Permission.objects.count()
    Permission.objects.first().delete()
    calls: list[Any] = []

    databases.emptied(Case(), lambda case: (calls.append(case), FLUSH(case)))

    assert len(calls) == 1
    assert Permission.objects.count() == before
