"""The folder of a trial's data: one for each checkout, outside of it. A trial of root keeps it outside of any home folder."""

from __future__ import annotations

import base64
import fcntl
import hashlib
import json
import os
import secrets
import tempfile
from pathlib import Path
from typing import IO

CHECKOUT = Path(__file__).resolve().parent.parent.parent
LONGEST_SOCKET_PATH = 100  # The system allows 107 bytes; PostgreSQL appends the socket's name.


class AlreadyRunning(Exception):
    """Another supervisor of this checkout is at work."""


def state_dir() -> Path:
    """Return the folder of this checkout's trial, and make it: SHELTER_STATE_DIR, or a folder named by the checkout's path."""
    if chosen := os.environ.get("SHELTER_STATE_DIR"):
        folder = Path(chosen)
    else:
        name = hashlib.sha256(str(CHECKOUT).encode()).hexdigest()[:12]
        home = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
        # Root's servers run as an unprivileged user, who may not enter root's home.
        folder = (Path("/var/lib/shanyrak") if os.geteuid() == 0 else Path(home) / "shanyrak") / name
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def socket_dir(folder: Path, owner: int) -> Path:
    """Return a private folder for sockets, `folder`/run, or one below the temporary folder when that path is too long."""
    place = folder / "run"
    if len(str(place)) + len("/.s.PGSQL.5432") > LONGEST_SOCKET_PATH or " " in str(place):
        name = hashlib.sha256(str(folder).encode()).hexdigest()[:12]
        place = Path(tempfile.gettempdir()) / f"shanyrak-{os.geteuid()}-{name}"
    place.mkdir(mode=0o700, parents=True, exist_ok=True)
    if place.stat().st_uid not in (os.geteuid(), owner):
        raise PermissionError(
            f"{place} belongs to somebody else. Remove it, or set SHELTER_STATE_DIR to a shorter path."
        )
    place.chmod(0o700)
    if owner != os.geteuid():
        os.chown(place, owner, -1)
    return place


def lock(folder: Path) -> IO[str]:
    """Take the folder for this process until it ends. Raises AlreadyRunning with the id of the process that has it."""
    handle = (folder / "lock").open("a+")
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        handle.seek(0)
        raise AlreadyRunning(handle.read().strip()) from None
    handle.seek(0)
    handle.truncate()
    handle.write(str(os.getpid()))
    handle.flush()
    return handle


def keys(folder: Path) -> dict[str, str]:
    """Return the secrets of this trial. They are made once, and only their owner can read them."""
    path = folder / "keys.json"
    if not path.exists():
        made = {
            "SECRET_KEY": secrets.token_urlsafe(48),
            "SHELTER_FIELD_KEYS": base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
            "SHELTER_INDEX_KEY": secrets.token_urlsafe(32),
        }
        fresh = path.with_suffix(".new")
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as out:
            json.dump(made, out)
        fresh.rename(path)
    kept: dict[str, str] = json.loads(path.read_text())
    return kept
