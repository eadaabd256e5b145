"""The test database: migrated once for all processes and phases that use one server, and emptied quickly."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.apps import apps
from django.conf import settings
from django.db import connection

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
    connection.settings_dict["TEST"]["TEMPLATE"] = name


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
