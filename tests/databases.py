"""The test database: migrated once for all processes and phases that use one server, and emptied quickly."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.apps import apps
from django.conf import settings
from django.db import connection, transaction
from django.test import TransactionTestCase

MAY_BE_KEPT = "SHELTER_TEST_TEMPLATE"
"""Set where the server is thrown away after the tests, or the caller drops the template: it may then stay there."""
BEING_MADE = 7_306_900
"""The advisory lock of the process that makes the template; the others wait for it."""


def use_template() -> None:
    """Have Django copy the test database of this process from a template, which the first process makes by the migrations.

    Running all migrations takes ten seconds of a processor, and a copy takes a tenth of a second.
    """
    if not os.environ.get(MAY_BE_KEPT):
        return
    name = f"{connection.creation._get_test_db_name().partition('_gw')[0]}_made_{digest_of_sources()}"
    with connection.creation._nodb_cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [BEING_MADE])
        try:
            cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name])
            if cursor.fetchone() is None:
                with migrated() as made:
                    cursor.execute(f'ALTER DATABASE "{made}" RENAME TO "{name}"')
        finally:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [BEING_MADE])
    # Looking for migrations that are still to be run would take as long as running them. So the copy is only looked through
    # for tables that a model lacks: there is none.
    connection.settings_dict["TEST"] |= {"TEMPLATE": name, "MIGRATE": False}


@contextmanager
def migrated() -> Iterator[str]:
    """Make a test database as Django does, and yield its name; nobody is connected to it."""
    own = connection.settings_dict["NAME"]
    try:
        made = connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
        connection.close()
        yield made
    finally:
        connection.close()
        settings.DATABASES[connection.alias]["NAME"] = connection.settings_dict["NAME"] = own


def digest_of_sources() -> str:
    """Return a digest of every source of our apps, so that a changed migration, guard or model never meets an old template."""
    root, digest = Path(settings.BASE_DIR), hashlib.sha256()
    for app in apps.get_app_configs():
        if Path(app.path).is_relative_to(root) and ".venv" not in Path(app.path).parts:
            for file in sorted(Path(app.path).rglob("*.py")):
                digest.update(str(file.relative_to(root)).encode() + file.read_bytes())
    return digest.hexdigest()[:12]


# -- emptying it after a test that commits ----------------------------------------------------------

KEPT = ("django_content_type", "auth_permission")
"""What Django writes again after each flush: the same rows as before. They stay, unless a test changed them."""


_as_written_by_django: list[Any] = []
"""The state of KEPT after Django's latest flush in this process."""


def emptied(case: TransactionTestCase, flush: Callable[[TransactionTestCase], None]) -> None:
    """Delete the rows of those tables that have any. Django's `flush` truncates all tables and writes all permissions anew."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('is_superuser')")
        superuser = cursor.fetchone() == ("on",)
        if superuser and case.available_apps is None and state_of_kept(cursor) == _as_written_by_django:
            every = tables()
            with transaction.atomic():
                # A process that a test killed may still be writing: wait for its end, as TRUNCATE does.
                cursor.execute(f"LOCK TABLE {', '.join(every)} IN EXCLUSIVE MODE")
                cursor.execute(with_rows(every))
                full = [name for (name,) in cursor.fetchall()]
                # As for a replica: no trigger and no foreign key looks at these deletions, just as with TRUNCATE.
                cursor.execute("SET LOCAL session_replication_role = replica")
                for table in full:
                    cursor.execute(f"DELETE FROM {table}")
        else:
            flush(case)
            _as_written_by_django[:] = state_of_kept(cursor)


def tables() -> list[str]:
    """Return the tables that Django would empty, without those of KEPT. A test of a migration may have added or dropped some."""
    every = connection.introspection.django_table_names(only_existing=True, include_views=False)
    return sorted(set(every) - set(KEPT))


def with_rows(tables: list[str]) -> str:
    """Return the query for the names of these tables that have rows."""
    each = "SELECT '{0}' WHERE EXISTS (SELECT 1 FROM {0})"
    return " UNION ALL ".join(each.format(table) for table in tables)


def state_of_kept(cursor: Any) -> list[Any]:
    each = "SELECT md5(string_agg(t::text, ' ' ORDER BY t::text)) FROM {} t"
    cursor.execute(" UNION ALL ".join(each.format(table) for table in KEPT))
    return cursor.fetchall()
