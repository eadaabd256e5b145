"""`make run`, started, stopped and killed: from a folder with a space in its name, and with its port taken."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
import psycopg
import pytest

from tests.processes import ROOT, free_port, wait_for

OURS = ("postgres", "redis-server", "gunicorn", "celery")


def env_of(folder: Path) -> dict[str, str]:
    """Return an environment for `make run` as users have it: no servers of this test run, and no DEBUG."""
    given = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "REDIS_URL", "DEBUG")}
    return {**given, "SHELTER_STATE_DIR": str(folder)}


def managed(folder: Path, *words: str) -> str:
    """Run a command of manage.py on the data in `folder`; return its output."""
    command = [sys.executable, "-m", "shelter.running", "manage", *words]
    done = subprocess.run(command, env=env_of(folder), cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout


class Service:
    """A supervisor in the foreground, as in a person's terminal."""

    def __init__(self, folder: Path, port: int) -> None:
        self.log = folder.parent / "up.log"
        self.log.touch()
        self._began = self.log.stat().st_size
        with self.log.open("ab") as out:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "shelter.running", "up"],
                env={**env_of(folder), "PORT": str(port)},
                cwd=ROOT,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def told(self) -> str:
        return self.log.read_text()[self._began :]

    def site(self) -> str:
        """Return the address that the supervisor prints once the site is up."""

        def up() -> re.Match[str] | None:
            assert self.process.poll() is None, self.told()
            return re.search(r"Shanyrak is up: (\S+)", self.told())

        wait_for(up, seconds=180, what="the start")
        found = up()
        assert found
        return found[1]

    def ends_by(self, number: signal.Signals) -> int:
        self.process.send_signal(number)
        return self.process.wait(60)


@pytest.fixture
def folder() -> Iterator[Path]:
    """A state folder with a space in its name.

    It does not lie below pytest's own folder, because another run of pytest closes that folder to other users, and for
    root PostgreSQL runs as another user.
    """
    parent = Path(tempfile.mkdtemp(prefix="shanyrak-run-"))
    parent.chmod(0o755)
    folder = parent / "her own folder"
    folder.mkdir()
    yield folder
    shutil.rmtree(parent)


@contextmanager
def taken(port: int) -> Iterator[None]:
    with socket.socket() as other:
        other.bind(("127.0.0.1", port))
        other.listen()
        yield


def left_running(folder: Path) -> list[list[str]]:
    """Return the command line of each of our processes that has to do with `folder`."""
    found = []
    for one in Path("/proc").iterdir():
        if one.name.isdigit():
            try:
                words = (one / "cmdline").read_bytes().decode(errors="replace").split("\0")
                about = " ".join(words) + (one / "environ").read_bytes().decode(errors="replace")
            except OSError:
                continue
            if str(folder) in about and any(name in word for word in words for name in OURS):
                found.append(words)
    return found


def matches_in(folder: Path) -> int:
    """Return how many matches the running service's database holds."""
    (sockets,) = {words[words.index("-k") + 1] for words in left_running(folder) if "-k" in words}
    with psycopg.connect(host=sockets, user="shanyrak", dbname="shanyrak") as connection:
        row = connection.execute("SELECT count(*) FROM matching_match").fetchone()
    assert row
    return int(row[0])


def test_run_starts_stops_and_recovers_with_its_data(folder: Path) -> None:
    port = free_port()
    with ExitStack() as stack:
        stack.enter_context(taken(port))
        first = Service(folder, port)
        stack.callback(first.process.kill)

        site = first.site()

        assert f"port {port} is taken by another program" in first.told()
        assert site != f"http://127.0.0.1:{port}"
        assert httpx.get(site, follow_redirects=True).status_code == 200
        assert httpx.get(f"{site}/readyz").status_code == 200
        assert [word for word in ("carla", "hanna@example.org", "1000 2000") if word not in first.told()] == []
        wait_for(lambda: matches_in(folder) > 100, seconds=120, what="the worker's proposals for the demo")

        assert first.ends_by(signal.SIGINT) == 0
        assert left_running(folder) == []

    second = Service(folder, port)
    try:
        assert second.site() == f"http://127.0.0.1:{port}"
        kept = matches_in(folder)
        assert kept > 100

        second.ends_by(signal.SIGKILL)
        wait_for(lambda: left_running(folder) == [], what="the end of what the killed supervisor started")
    finally:
        second.process.kill()

    third = Service(folder, port)
    try:
        assert httpx.get(third.site(), follow_redirects=True).status_code == 200
        assert matches_in(folder) >= kept

        other = Service(folder, free_port())
        assert other.process.wait(30) == 1
        assert f"already runs from this folder (process {third.process.pid})" in third.told()
        assert managed(folder, "load_demo") == "The demo is loaded already; nothing was changed.\n"

        assert third.ends_by(signal.SIGTERM) == 0
        assert left_running(folder) == []
        assert managed(folder, "load_demo") == "The demo is loaded already; nothing was changed.\n"
        assert left_running(folder) == []
    finally:
        third.process.kill()


DRILL = """
import os
import sys
from pathlib import Path
from tests import processes

folder = Path(sys.argv[1])
serve = ("gunicorn", "--bind", f"unix:{folder}/web", "shelter.wsgi")
with processes.running(*serve, log=folder / "log", env={**os.environ}) as web:
    (folder / "web.pid").write_text(str(web.pid))
    web.wait()
"""


@pytest.mark.parametrize("ignored", [False, True])
def test_command_beside_servers_ends_with_them_even_in_a_scripts_background(tmp_path: Path, ignored: bool) -> None:
    def as_a_script_does() -> None:
        # A shell without job control makes a command that it starts with `&` ignore Ctrl-C.
        signal.signal(signal.SIGINT, signal.SIG_IGN if ignored else signal.SIG_DFL)

    env = {**env_of(tmp_path), "DEBUG": "yes"}
    command = [sys.executable, "-m", "shelter.running", "with", sys.executable, "-c", DRILL, str(tmp_path)]
    beside = subprocess.Popen(command, cwd=ROOT, env=env, preexec_fn=as_a_script_does)
    wait_for((tmp_path / "web.pid").exists, what="the start")
    web = int((tmp_path / "web.pid").read_text())

    beside.send_signal(signal.SIGTERM)

    assert beside.wait(60) != 0
    with pytest.raises(ProcessLookupError):
        os.kill(web, 0)
