"""pg_dump and pg_restore, on the database of the settings. Neither gets a password on its command line."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from django.conf import settings
from django.db import connection

from shelter.backups import fingerprints
from shelter.running import programs


class Failed(Exception):
    """A program of PostgreSQL is missing or failed; the message has its last words."""


def found(name: str) -> Path:
    """Return a program at least as new as the server: an older pg_dump refuses to read it. Raises Failed."""
    server = fingerprints.version_of_server() // 10_000
    folders = [path for pattern in programs.DISTRIBUTIONS for path in Path("/").glob(pattern[1:])]
    with contextlib.suppress(programs.NotHere):
        folders.insert(0, programs.postgres().folder)
    if on_path := shutil.which(name):
        folders.append(Path(on_path).parent)
    for folder in folders:
        if (folder / name).exists() and programs.major(folder / name) >= server:
            return folder / name
    raise Failed(
        f"There is no {name} of PostgreSQL {server} here. Install it (Debian: apt-get install postgresql-client-{server})."
    )


def surroundings() -> dict[str, str]:
    """Return the environment that leads libpq to the database of the settings."""
    given = settings.DATABASES["default"]
    options = given.get("OPTIONS", {})
    wanted = {
        "PGHOST": given["HOST"],
        "PGPORT": given["PORT"],
        "PGUSER": given["USER"],
        "PGPASSWORD": given["PASSWORD"],
        "PGDATABASE": connection.settings_dict["NAME"],
        **{f"PG{name.upper()}": options.get(name, "") for name in settings.TLS_PARAMETERS},
    }
    kept = {name: value for name in ("PATH", "HOME", "PGSSLROOTCERT") if (value := os.environ.get(name))}
    return kept | {name: str(value) for name, value in wanted.items() if value} | {"LC_ALL": "C.UTF-8"}


@contextlib.contextmanager
def dumping(snapshot: str) -> Iterator[IO[bytes]]:
    """Yield the bytes of pg_dump, compressed in its own format, as of an exported snapshot. Raises Failed at the end."""
    words = [str(found("pg_dump")), "--format", "custom", "--no-owner", "--no-privileges", "--snapshot", snapshot]
    with _running(words, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        yield process.stdout


@contextlib.contextmanager
def restoring() -> Iterator[IO[bytes]]:
    """Yield where the bytes of a dump go. It is one transaction: where it fails, the database stays empty. Raises Failed."""
    words = [str(found("pg_restore")), "--no-owner", "--no-privileges", "--single-transaction", "--exit-on-error"]
    with _running([*words, "--dbname", connection.settings_dict["NAME"]], stdin=subprocess.PIPE) as process:
        assert process.stdin is not None
        try:
            yield process.stdin
        except BrokenPipeError:  # pg_restore has ended early, and its own words say why.
            return
        with contextlib.suppress(BrokenPipeError):
            process.stdin.close()


@contextlib.contextmanager
def _running(words: list[str], **pipes: int) -> Iterator[subprocess.Popen[bytes]]:
    with tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(words, env=surroundings(), stderr=errors, **pipes)  # type: ignore[call-overload]  # noqa: S603
        try:
            yield process
            status = process.wait()
        except BaseException:
            process.kill()
            process.wait()
            raise
        if status:
            errors.seek(0)
            said = errors.read().decode(errors="replace").strip().splitlines() or ["It said nothing."]
            raise Failed(f"{Path(words[0]).name} failed: {said[-1]}")
