"""Where a service may leave what it was told: each place in the folder of the drive, and the search of it."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.sentinel import words


def in_text(*files: Path) -> Iterator[str]:
    """Search files of text, the digits of the phone in any writing too."""
    for file in files:
        for what in words.found_in(file.read_bytes(), text=True, context=60):
            yield f"{file.name}: {what}"


def in_files(*folders: Path) -> Iterator[str]:
    """Search every file below these folders for every needle, by grep: they hold tens of megabytes."""
    with tempfile.NamedTemporaryFile() as needles:
        needles.write(b"\n".join(words.needles()))
        needles.flush()
        done = subprocess.run(
            [
                "grep",
                "--recursive",
                "--with-filename",
                "--text",
                "--ignore-case",
                "--only-matching",
                "--fixed-strings",
                "-f",
                needles.name,
            ]
            + [str(folder) for folder in folders],
            env={"LC_ALL": "C", "PATH": "/usr/bin:/bin"},
            capture_output=True,
            check=False,
        )
    assert done.returncode in (0, 1), done.stderr
    for line in sorted(set(done.stdout.splitlines())):
        file, _colon, needle = line.partition(b":")
        yield f"{Path(file.decode()).name}: {words.needles().get(needle.lower(), needle)}"


def data_of(folder: Path) -> Path:
    """Return the folder of the cluster."""
    (found,) = (folder / "postgres").glob("data*")
    return found


PLACES: dict[str, Callable[[Path], Iterator[str]]] = {
    "tables": lambda folder: in_text(*sorted((folder / "dump").iterdir())),
    "WAL": lambda folder: in_files(data_of(folder) / "pg_wal"),
    "data directory": lambda folder: in_files(*(each for each in data_of(folder).iterdir() if each.name != "pg_wal")),
    "log of PostgreSQL": lambda folder: in_text(folder / "postgres.log"),
    "Redis, every command that writes": lambda folder: in_files(folder / "redis"),
    "Redis, as it is": lambda folder: in_files(folder / "redis-now"),
    "logs": lambda folder: in_text(*sorted((folder / "logs").iterdir())),
    "messages to providers": lambda folder: in_text(*sorted((folder / "providers").iterdir())),
    "files": lambda folder: in_files(folder / "tmp", folder / "static", *folder.glob("beat*")),
}
