"""The way back from an upgrade, by the letter of docs/running.md: its commands for PostgreSQL, on a real server."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from shelter.running.postgres import EmbeddedPostgres
from tests.unit.documents import ROOT

RUNNING = (ROOT / "docs" / "running.md").read_text()
IN_POSTGRES = "docker compose exec -T postgres "


def commands_under(beginning: str, end: str) -> list[str]:
    """Return the commands that the part of the document runs in the container of PostgreSQL."""
    part = RUNNING.split(beginning, 1)[1].split(end, 1)[0]
    return re.findall(rf"^ +{re.escape(IN_POSTGRES)}(.*)$", part, re.M)


@pytest.fixture
def postgres() -> Iterator[EmbeddedPostgres]:
    folder = Path(tempfile.mkdtemp(prefix="shanyrak-upgrade-"))
    folder.chmod(0o755)
    server = EmbeddedPostgres(folder, for_tests=True)
    try:
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


def run(command: str, server: EmbeddedPostgres, folder: Path) -> None:
    """Run a command as the container would: its programs, its user, its socket."""
    sockets = psycopg.conninfo.conninfo_to_dict(server.url)["host"]
    env = {"PATH": f"{server._bin}:/usr/bin:/bin", "PGHOST": str(sockets)}
    done = subprocess.run(["/bin/sh", "-euc", command], cwd=folder, env=env, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr


def rows(server: EmbeddedPostgres) -> list[tuple[int, str]]:
    with psycopg.connect(server.url) as connection:
        return connection.execute("SELECT id, name FROM household ORDER BY id").fetchall()


def test_dump_and_way_back_bring_the_database_as_it_was_before_the_upgrade(
    postgres: EmbeddedPostgres, tmp_path: Path
) -> None:
    (dump,) = commands_under("3. Keep a copy of the database", "4. Check")
    back = commands_under("**Going back**", "**A new major version")
    with psycopg.connect(postgres.url, autocommit=True) as connection:
        connection.execute("CREATE TABLE household (id int PRIMARY KEY, name text NOT NULL)")
        connection.execute("INSERT INTO household VALUES (1, 'Amira')")
    run(dump, postgres, tmp_path)
    with psycopg.connect(postgres.url, autocommit=True) as upgraded:
        upgraded.execute("ALTER TABLE household ADD COLUMN place text")
        upgraded.execute("INSERT INTO household VALUES (2, 'Oskar', 'Almaty')")

        for command in back:  # With a connection still open, as a web process has one.
            run(command, postgres, tmp_path)

    assert [command.split()[0] for command in back] == ["dropdb", "createdb", "pg_restore"]
    assert rows(postgres) == [(1, "Amira")]
