"""Real processes of the service on the test's own database: a Celery worker, or one piece of Python.

They see only committed rows, so a test that starts one needs `django_db(transaction=True)`.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import IO, Self
from urllib.parse import quote

from django.conf import settings
from django.db import connection

ROOT = Path(__file__).resolve().parents[2]
SAFETY_SECONDS = 60.0


def environment(**changes: str) -> dict[str, str]:
    """Return the environment in which a process of the service works on this test's database and Redis."""
    base = connection.settings_dict
    user = quote(base["USER"], safe="")
    password = f":{quote(base['PASSWORD'], safe='')}" if base["PASSWORD"] else ""
    host = quote(base["HOST"], safe="")
    port = f":{base['PORT']}" if base["PORT"] else ""
    own = {
        "DATABASE_URL": f"postgres://{user}{password}@{host}{port}/{quote(base['NAME'], safe='')}",
        "REDIS_URL": settings.REDIS_URL,
        "PYTHONUNBUFFERED": "1",
    }
    return os.environ | own | changes


def run_python(code: str, env: Mapping[str, str], *, timeout: float = SAFETY_SECONDS) -> str:
    """Run `code` with Django set up in its own process; return its output. Fails if the process fails."""
    return subprocess.run(
        [sys.executable, "-c", f"import django; django.setup()\n{code}"],
        cwd=ROOT,
        env={"DJANGO_SETTINGS_MODULE": "shelter.settings", **env},
        timeout=timeout,
        check=True,
        capture_output=True,
        text=True,
    ).stdout


class Worker:
    """A context manager: a Celery worker with one pool process, ready on entry; on exit no process is left running."""

    def __init__(self, env: Mapping[str, str]) -> None:
        self._env = dict(env)
        self._folder = tempfile.TemporaryDirectory()
        self._log = Path(self._folder.name) / "worker.log"

    def log(self) -> str:
        """Return the worker's log so far."""
        return self._log.read_text()

    def kill(self) -> None:
        """Kill the worker and its pool at once, as a power failure does."""
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def __enter__(self) -> Self:
        with self._log.open("w") as log:
            self._process = self._start(log)
        until = time.monotonic() + SAFETY_SECONDS
        while " ready." not in self.log():
            assert self._process.poll() is None, f"the worker ended:\n{self.log()}"
            assert time.monotonic() < until, f"the worker is not ready:\n{self.log()}"
            time.sleep(0.1)
        return self

    def _start(self, log: IO[str]) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [
                *(sys.executable, "-m", "celery", "-A", "shelter", "worker"),
                *("--pool", "prefork", "--concurrency", "1", "--loglevel", "INFO"),
                *("--without-gossip", "--without-mingle", "--without-heartbeat"),
            ],
            cwd=ROOT,
            env=self._env,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(20)
            except subprocess.TimeoutExpired:
                self.kill()
        self._folder.cleanup()
