"""Make a copy of the database, keep the younger ones, and restore one into an empty database.

A copy is two files: `shanyrak-20261130T030000Z.dump.age`, and `….manifest.age`, which is written last: without it there is none.
Beside them lies the register of erasures (`privacy.erasures`), written with each copy and, more often, alone.
"""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import Any, NamedTuple

import pyrage
from django.core.management import call_command
from django.db import connection, transaction
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder

from privacy import erasures, retention
from privacy.erasures import Entry
from shelter.backups import fingerprints, programs, sealing
from shelter.backups.sealing import Counted, NotOurs
from shelter.backups.stores import CopyStore

FORMAT = 1
STAY_ALWAYS = 3
"""Copies that stay however old they are: where backups have failed for weeks, the last good ones are all there is."""
DUMP, MANIFEST, REGISTER = ".dump.age", ".manifest.age", ".erasures.age"
NAME_OF_FILE = re.compile(r"^shanyrak-(\d{8}T\d{6}Z)(\.\w+\.age)$")
MOMENT = "%Y%m%dT%H%M%SZ"


class CannotRestore(Exception):
    """The copy cannot be restored here and now; the message says why, and what to do."""


class BackedUp(NamedTuple):
    """What a backup did."""

    name: str
    bytes: int
    rows: int
    removed: int
    """Files of older copies that were removed."""


class Restored(NamedTuple):
    """What a restore did."""

    name: str
    rows: int
    erased: int
    """Rows that were erased again, by the register and by the clocks."""
    failed: list[Entry]
    """Erasures that could not be carried out again."""


# -- making ---------------------------------------------------------------------------------------


def make(store: CopyStore, *, to: list[pyrage.x25519.Recipient], keep: timedelta, at: datetime) -> BackedUp:
    """Write one copy as of now, and the register of erasures; then remove the copies older than `keep`.

    pg_dump and the fingerprint see the same snapshot. The dump goes into the store as it is made, and never lies on a disk here.
    Raises programs.Failed, stores.NoStore, sealing.CannotSeal. A copy that failed leaves no file behind.
    """
    name = f"shanyrak-{at.astimezone(UTC).strftime(MOMENT)}"
    with transaction.atomic(durable=True), connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        cursor.execute("SELECT pg_export_snapshot()")
        snapshot = cursor.fetchone()[0]
        with store.writing(name + DUMP) as sink, programs.dumping(snapshot) as dump:
            counted = Counted(sink)
            sealing.encrypt(dump, counted, to)
        said: dict[str, Any] = {
            "format": FORMAT,
            "name": name,
            "at": at.isoformat(),
            "bytes": counted.bytes,
            "sha256": counted.sha256,
            "postgres": fingerprints.version_of_server(),
            "migrations": sorted(f"{app}.{migration}" for app, migration in _applied()),
            **fingerprints.fingerprint(),
        }
    with store.writing(name + MANIFEST) as sink:
        sealing.small(sink, sealing.signed(said), to)
    write_register(store, to=to, at=at)
    return BackedUp(name, counted.bytes, _rows(said), prune(store, keep=keep, at=at))


def write_register(store: CopyStore, *, to: list[pyrage.x25519.Recipient], at: datetime) -> int:
    """Write the register of erasures into the store; return the number of its lines. Takes a second, so it can be done often."""
    lines = [[entry.kind, entry.subject, entry.at.isoformat()] for entry in erasures.register()]
    name = f"shanyrak-{at.astimezone(UTC).strftime(MOMENT)}{REGISTER}"
    with store.writing(name) as sink:
        sealing.small(sink, sealing.signed({"format": FORMAT, "name": name, "erasures": lines}), to)
    return len(lines)


def prune(store: CopyStore, *, keep: timedelta, at: datetime) -> int:
    """Remove copies and registers older than `keep`, but for the newest few of each; return how many files went.

    A dump without a manifest, which a killed backup leaves, goes after a day. Files with other names are left alone.
    """
    ages: dict[str, dict[str, datetime]] = {}
    for name in store.names():
        if named := NAME_OF_FILE.match(name):
            ages.setdefault(named[2], {})[name] = _moment(name)
    complete = set(copies(store))
    gone = []
    for kind, files in ages.items():
        newest = sorted(files, key=files.__getitem__, reverse=True)
        if kind == DUMP:
            newest = [name for name in newest if name.removesuffix(DUMP) in complete]
        for name, moment in files.items():
            unfinished = kind == DUMP and name.removesuffix(DUMP) not in complete
            old = moment < at - keep and name not in newest[:STAY_ALWAYS]
            if (moment < at - timedelta(days=1)) if unfinished else old:
                gone.append(name)
    # The manifest goes first: what is left without it is no copy.
    for name in sorted(gone, key=lambda each: not each.endswith(MANIFEST)):
        store.remove(name)
    return len(gone)


def copies(store: CopyStore) -> list[str]:
    """Return the names of the complete copies, oldest first."""
    names = set(store.names())
    return sorted(
        name.removesuffix(MANIFEST)
        for name in names
        if name.endswith(MANIFEST) and name.removesuffix(MANIFEST) + DUMP in names
    )


def has_younger(store: CopyStore, age: timedelta, *, at: datetime) -> bool:
    """Return whether there is a complete copy younger than `age`. Ten minutes are forgiven: no two runs take equally long."""
    complete = copies(store)
    return bool(complete) and _moment(complete[-1]) > at - age + timedelta(minutes=10)


def _moment(name: str) -> datetime:
    """Return the moment in the name of a copy or of one of its files."""
    return datetime.strptime(name.partition(".")[0].removeprefix("shanyrak-"), MOMENT).replace(tzinfo=UTC)


# -- restoring ------------------------------------------------------------------------------------


def restore(store: CopyStore, name: str, *, by: list[pyrage.x25519.Identity], at: datetime) -> Restored:
    """Restore a copy (or, with `name` "", the newest) into this database, which must be empty.

    The copy's origin and checksum are proven before the first row is written, and the restored rows are counted and compared
    with the manifest. Then the migrations that are younger than the copy run, the erasures that are younger are
    carried out again, and the clocks run. Raises CannotRestore, NotOurs, programs.Failed, stores.NoStore.
    """
    complete = copies(store)
    name = name or (complete[-1] if complete else "")
    if name not in complete:
        raise CannotRestore(f"There is no copy {name} there." if name else "There is no copy there.")
    said = _manifest(store, name, by)
    if unknown := sorted(set(said["migrations"]) - _known()):
        raise CannotRestore(
            f"The copy is of a newer version of the service, which has {unknown[0]}. Install that version first."
        )
    if not fingerprints.is_empty():
        raise CannotRestore("This database is not empty. Make a new one, and name it in DATABASE_URL.")
    registered = list(_registered(store, by))
    with tempfile.TemporaryFile() as encrypted:  # It stays encrypted on this disk, and has no name there.
        counted = Counted(encrypted)
        store.read_into(name + DUMP, counted)
        if (counted.bytes, counted.sha256) != (said["bytes"], said["sha256"]):
            raise NotOurs(f"{name}{DUMP} is not the file that the manifest describes.")
        encrypted.seek(0)
        with programs.restoring() as sink:
            sealing.decrypt(encrypted, sink, by)
    connection.close()
    if found := fingerprints.differences(said, fingerprints.fingerprint()):
        raise CannotRestore(f"The database differs from what the copy was made of: {'; '.join(found)}. Do not use it.")
    call_command("migrate", interactive=False, verbosity=0)
    erased, failed = erasures.erase_again(registered, since=datetime.fromisoformat(said["at"]), at=at)
    erased += sum(retention.forget_what_is_old(at=at).values())
    return Restored(name, _rows(said), erased, failed)


def _manifest(store: CopyStore, name: str, by: list[pyrage.x25519.Identity]) -> dict[str, Any]:
    said = _document(store, name + MANIFEST, by)
    if said.get("name") != name:
        raise NotOurs(f"The manifest of {name} belongs to another copy.")
    return said


def _registered(store: CopyStore, by: list[pyrage.x25519.Identity]) -> Iterable[Entry]:
    """Yield the lines of every register in the store: after a restore, a younger one may lack lines of an older one."""
    for name in store.names():
        if name.endswith(REGISTER):
            said = _document(store, name, by)
            if said.get("name") != name:
                raise NotOurs(f"The register {name} belongs to another moment.")
            for kind, subject, moment in said["erasures"]:
                yield Entry(kind, subject, datetime.fromisoformat(moment))


def _document(store: CopyStore, name: str, by: list[pyrage.x25519.Identity]) -> dict[str, Any]:
    out = BytesIO()
    store.read_into(name, out)
    said = sealing.verified(sealing.opened(out.getvalue(), by))
    if said.get("format") != FORMAT:
        raise CannotRestore(
            f"{name} was written by another version of the service: its format is {json.dumps(said.get('format'))}."
        )
    return said


def _rows(said: dict[str, Any]) -> int:
    return sum(rows for rows, _checksum in said["tables"].values())


def _applied() -> set[tuple[str, str]]:
    return set(MigrationRecorder(connection).applied_migrations())


def _known() -> set[str]:
    """Return the migrations of this version of the service, and those that they replace."""
    known = MigrationLoader(None).disk_migrations
    replaced = {name for migration in known.values() for name in migration.replaces}
    return {f"{app}.{name}" for app, name in {*known, *replaced}}
