"""Real processes of the service for tests: gunicorn and Celery workers on the test's own database."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from django.conf import settings
from django.db import connection

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent


def database_url() -> str:
    """Return the URL of the database that this test writes to."""
    params = connection.settings_dict
    user = quote(params["USER"], safe="") + (f":{quote(params['PASSWORD'], safe='')}" if params["PASSWORD"] else "")
    return f"postgres://{user}@/{params['NAME']}?host={quote(params['HOST'], safe='')}&port={params['PORT'] or 5432}"


def environment(**more: str) -> dict[str, str]:
    """Return the environment of a service process that shares the test's database, broker and keys."""
    return {
        **os.environ,
        "DATABASE_URL": database_url(),
        "REDIS_URL": settings.REDIS_URL,
        "DEBUG": "yes",
        "SHELTER_HTTPS": "no",
        "PYTHONUNBUFFERED": "1",
        **more,
    }


def free_port() -> int:
    """Return a port on which nothing listens; no two processes of pytest-xdist get the same port."""
    process = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    processes = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    while True:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = int(probe.getsockname()[1])
        # Halve the port first: Linux prefers ports of one parity, so `port % processes` would starve some processes.
        if port // 2 % processes == process:
            return port


def wait_for(true: Callable[[], object], *, seconds: float = 60.0, what: str = "it") -> None:
    """Wait until `true()`; the time-out only ends a broken build."""
    deadline = time.monotonic() + seconds
    while not true():
        if time.monotonic() > deadline:
            raise AssertionError(f"{what} did not happen within {seconds:.0f} s")
        time.sleep(0.05)


def sessions_waiting() -> int:
    """Return how many sessions of this database wait for a lock; each also holds locks on the tables that it reads."""
    with connection.cursor() as cursor:
        # Not pg_stat_activity: within a transaction it keeps showing the sessions of the first look.
        cursor.execute(
            "SELECT count(DISTINCT waits.pid) FROM pg_locks waits JOIN pg_locks held USING (pid)"
            " JOIN pg_database ON oid = held.database WHERE NOT waits.granted AND datname = current_database()"
        )
        return int(cursor.fetchone()[0])


@contextmanager
def running(*command: str, log: Path, env: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """Run a command of the virtual environment with its output in `log`; at the end stop it and all its children."""
    with log.open("ab") as out:
        process = subprocess.Popen(
            [sys.executable, str(BIN / command[0]), *command[1:]],
            env=env,
            cwd=ROOT,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, 9)
            process.wait()


@contextmanager
def web(log: Path, *, workers: int = 2, threads: int = 25, **env: str) -> Iterator[str]:
    """Run gunicorn; yield its address."""
    port = free_port()
    settings_of = environment(
        PORT=str(port),
        WEB_WORKERS=str(workers),
        WEB_THREADS=str(threads),
        SHELTER_SITE_URL=f"http://127.0.0.1:{port}",
        **env,
    )
    with running(
        "gunicorn", "--config", "shelter/gunicorn_conf.py", "shelter.wsgi", log=log, env=settings_of
    ) as process:

        def answers() -> bool:
            assert process.poll() is None, log.read_text()
            with socket.socket() as probe:
                return probe.connect_ex(("127.0.0.1", port)) == 0

        wait_for(answers, what="gunicorn")
        yield f"http://127.0.0.1:{port}"


@contextmanager
def worker(log: Path, *, concurrency: int = 2, **env: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run a Celery worker; it is ready once this yields."""
    command = ("celery", "--app", "shelter", "worker", "--loglevel", "INFO", "--concurrency", str(concurrency))
    began = log.stat().st_size if log.exists() else 0
    with running(*command, log=log, env=environment(**env)) as process:
        wait_for(lambda: "ready." in log.read_text()[began:], what=f"the worker ({log})")
        yield process
