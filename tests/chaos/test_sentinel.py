"""Names, phones, e-mail addresses, homes, notes, IP addresses and browsers that occur nowhere else go through every door and
every failure of a whole service of its own. Afterwards nothing that it has left behind holds any of them in plain text.

`tests/sentinel` has the words, the service, the drive and the places.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.processes import ROOT
from tests.sentinel import words
from tests.sentinel.left import name_of, text_columns
from tests.sentinel.places import PLACES, data_of

A_CODE, A_HASH, BRIEF = "a code or numbers of the service's own", "a hash or an index", "emptied as soon as it is used"
OF_A_TOWN = "from the gazetteer, whose names the drive does not load"
NEVER_FILLED: dict[str, str] = {
    "accounts_coderequest.address": BRIEF,
    "accounts_coderequest.channel": BRIEF,
    "accounts_recoverycode.code_hash": A_HASH,
    "auth_group.name": "nobody makes a group: rights come from the row of a coordinator",
    "matching_flag.source": A_HASH,
    "matching_matchevent.numbers": A_CODE,
    "matching_matchingprice.kind": A_CODE,
    "matching_matchingregion.requests": A_CODE,
    "matching_matchingregion.spaces": A_CODE,
    "matching_waitingchange.outcome": A_CODE,
    "notifications_contactcheck.code_hash": A_HASH,
    "notifications_notification.secret": BRIEF,
    "places_place.name_ka": OF_A_TOWN,
    "places_place.name_kk": OF_A_TOWN,
    "places_place.name_ru": OF_A_TOWN,
    "places_place.name_uk": OF_A_TOWN,
    "places_place.region": OF_A_TOWN,
    "privacy_keyrotation.cursor": A_CODE,
    "privacy_keyrotation.key_id": A_CODE,
}
"""Columns that the drive leaves empty, each with the reason."""

NO_PERSON_TYPES: dict[str, str] = {
    "accounts_authenticator.secret": "random",
    "accounts_coderequest.address": BRIEF,
    "accounts_hostevidence.picture": "a picture that is written anew, without the words in it",
    "matching_keptdraft.content": "the drive keeps a draft, and does not get as far as a name in it",
    "matching_oncallshift.hours": A_CODE,
    "matching_sheetimportrow.changes": "leaves out what is personal",
    "notifications_notification.secret": BRIEF,
}
"""Encrypted columns that hold no word of any person, each with the reason."""

OF_PYTHON = ("ctypes/util.py", "multiprocessing/util.py", "billiard/heap.py")
"""They look for libraries, and share memory between processes; nothing of a request is in their files."""


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """What a service has left behind after the whole drive."""
    if left := os.environ.get("SENTINEL_LEFT_IN"):  # `python -m tests.sentinel.drive FOLDER` was typed before
        yield Path(left)
        return
    made = Path(tempfile.mkdtemp(prefix="shanyrak-sentinel-"))
    made.chmod(0o755)
    try:
        done = subprocess.run(
            [sys.executable, "-m", "tests.sentinel.drive", str(made)],
            cwd=ROOT,
            env={name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG", "VIRTUAL_ENV")},
            capture_output=True,
            text=True,
            timeout=900,
        )
        assert done.returncode == 0, (done.stdout + done.stderr)[-6000:]
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)


@pytest.mark.parametrize("place", PLACES)
def test_nothing_is_left_in_plain_text(place: str, folder: Path) -> None:
    assert list(PLACES[place](folder)) == []


def test_drive_has_filled_every_column_that_can_hold_words(folder: Path) -> None:
    """A new column fails here until the drive writes into it, and the tests above search what it wrote."""
    assert set(json.loads((folder / "facts.json").read_text())["empty"]) - set(NEVER_FILLED) == set()


def test_every_encrypted_column_held_a_sentinel(folder: Path) -> None:
    assert set(json.loads((folder / "facts.json").read_text())["without a sentinel"]) - set(NO_PERSON_TYPES) == set()


def test_no_user_name_tells_who_somebody_is(folder: Path) -> None:
    assert json.loads((folder / "facts.json").read_text())["names taken"] == []


def test_no_process_writes_a_file_on_a_disk(folder: Path) -> None:
    """Sheets and exports pass through files without a name, in memory. Beat keeps its timetable."""
    lines = [line.split("\t") for line in (folder / "written").read_text().splitlines()]
    found = {
        (path, by) for path, by in lines if path.startswith(str(folder)) and not Path(path).name.startswith("beat")
    }
    assert {(path, by) for path, by in found if not by.rpartition(":")[0].endswith(OF_PYTHON)} == set()


def test_exceptions_name_columns_that_exist() -> None:
    assert {*NEVER_FILLED, *NO_PERSON_TYPES} <= {name_of(field) for field in text_columns()}


# -- the negative control ------------------------------------------------------------------------------------------


PLANTED = {
    "tables": "dump/auth_group",
    "WAL": "postgres/{data}/pg_wal/000000010000000000000099",
    "data directory": "postgres/{data}/base/99",
    "log of PostgreSQL": "postgres.log",
    "Redis, every command that writes": "redis/appendonlydir/appendonly.aof.9.incr.aof",
    "Redis, as it is": "redis-now",
    "logs": "logs/web.log",
    "messages to providers": "providers/gateway",
    "files": "tmp/upload",
}


@pytest.mark.parametrize("kind", words.WORDS)
@pytest.mark.parametrize("place", PLACES)
def test_sentinel_that_lies_there_is_found(place: str, kind: str, folder: Path, tmp_path: Path) -> None:
    """The negative control: one that is planted is found, in every place, in every form."""
    there = tmp_path / PLANTED[place].format(data=data_of(folder).name)
    for name in ("tmp", "static", "redis", "logs", "providers", "dump", f"postgres/{data_of(folder).name}/pg_wal"):
        (tmp_path / name).mkdir(parents=True, exist_ok=True)
    there.parent.mkdir(parents=True, exist_ok=True)
    planted = {needle for word in words.WORDS[kind] for needle in words.forms(word).values()}
    there.write_bytes(b"\n".join(b"\x00\x01 before " + needle + b" after \xff" for needle in sorted(planted)))

    found = [each.removeprefix(f"{there.name}: ").partition(": b")[0] for each in PLACES[place](tmp_path)]

    assert {words.needles()[needle] for needle in planted} - set(found) == set()
