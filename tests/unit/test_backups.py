"""The parts of a backup that need no database: stores, keys and seals, and which copies are kept."""

from __future__ import annotations

import base64
import io
import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from shelter.backups import copies, sealing
from shelter.backups.fingerprints import differences
from shelter.backups.sealing import CannotSeal, Counted, NotOurs
from shelter.backups.stores import PART, CopyStore, NoStore
from tests.standins import s3

OLD, NEW = (base64.urlsafe_b64encode(bytes([each]) * 32).decode() for each in (1, 2))
"""Master keys."""
NOW = datetime(2026, 11, 30, 3, tzinfo=UTC)


@pytest.fixture
def folder(tmp_path: Path) -> str:
    return str(tmp_path / "copies")


@pytest.fixture
def bucket(settings: Any) -> Iterator[s3.Bucket]:
    with s3.bucket() as server:
        settings.BACKUP_S3 = {
            "endpoint": server.address,
            "region": "here",
            "access_key_id": s3.KEY_ID,
            "secret_access_key": s3.KEY,
        }
        yield server


@pytest.fixture(params=["folder", "bucket", "prefix"])
def store(request: pytest.FixtureRequest, folder: str) -> CopyStore:
    """A store of each kind."""
    if request.param == "folder":
        return CopyStore(folder)
    request.getfixturevalue("bucket")
    return CopyStore(f"s3://{s3.BUCKET}" + ("/of/us" if request.param == "prefix" else ""))


def content(store: CopyStore, name: str) -> bytes:
    out = io.BytesIO()
    store.read_into(name, out)
    return out.getvalue()


# -- stores ---------------------------------------------------------------------------------------


def test_file_is_written_listed_read_and_removed(store: CopyStore) -> None:
    with store.writing("b.age") as sink:
        sink.write(b"one, ")
        sink.write(b"two")
    with store.writing("a.age") as sink:
        sink.write(b"")

    assert store.names() == ["a.age", "b.age"]
    assert (content(store, "b.age"), content(store, "a.age")) == (b"one, two", b"")
    store.remove("b.age")
    store.remove("b.age")
    assert store.names() == ["a.age"]


def test_file_whose_writing_fails_is_not_there(store: CopyStore) -> None:
    def write_half() -> None:
        with store.writing("half.age") as sink:
            sink.write(b"half")
            raise RuntimeError("The dump broke off.")

    with pytest.raises(RuntimeError):
        write_half()

    assert store.names() == []


def test_large_file_is_sent_in_parts(bucket: s3.Bucket) -> None:
    large = os.urandom(2 * PART + 17)
    store = CopyStore(f"s3://{s3.BUCKET}/of/us")

    with store.writing("large.age") as sink:
        for at in range(0, len(large), 65_536):
            sink.write(large[at : at + 65_536])

    assert bucket.parts_sent == 3
    assert content(store, "large.age") == large
    assert list(bucket.objects) == ["of/us/large.age"]


def test_store_that_refuses_is_told_in_one_line(bucket: s3.Bucket) -> None:
    bucket.failing = True
    with pytest.raises(NoStore) as told, CopyStore(f"s3://{s3.BUCKET}").writing("a.age") as sink:
        sink.write(b"one")

    assert "\n" not in str(told.value)
    assert s3.KEY not in str(told.value)


def test_file_that_is_not_there_is_told(store: CopyStore) -> None:
    with pytest.raises(NoStore):
        content(store, "nothing.age")


def test_folder_of_copies_is_closed_to_others(folder: str) -> None:
    CopyStore(folder)

    assert Path(folder).stat().st_mode & 0o777 == 0o700


# -- keys and seals --------------------------------------------------------------------------------


def test_new_key_opens_what_its_public_key_encrypted_and_only_its_owner_can_read_it(tmp_path: Path) -> None:
    public = sealing.new_key(tmp_path / "key")
    out = io.BytesIO()

    sealing.encrypt(io.BytesIO(b"a dump"), Counted(out), sealing.recipients([public]))

    assert sealing.opened(out.getvalue(), sealing.identities(tmp_path / "key")) == b"a dump"
    assert (tmp_path / "key").stat().st_mode & 0o777 == 0o600
    with pytest.raises(CannotSeal, match="File exists"):  # A key is never overwritten.
        sealing.new_key(tmp_path / "key")


def test_another_key_opens_nothing_and_a_changed_file_neither(tmp_path: Path) -> None:
    public = sealing.new_key(tmp_path / "ours")
    sealing.new_key(tmp_path / "other")
    out = io.BytesIO()
    sealing.encrypt(io.BytesIO(b"a dump"), Counted(out), sealing.recipients([public]))
    changed = out.getvalue()[:-1] + bytes([out.getvalue()[-1] ^ 1])

    for document, key in ((out.getvalue(), "other"), (changed, "ours")):
        with pytest.raises(NotOurs):
            sealing.opened(document, sealing.identities(tmp_path / key))


@pytest.mark.parametrize("keys", [[], ["age1nonsense"], ["AGE-SECRET-KEY-1"]])
def test_backup_without_a_public_key_is_refused(keys: list[str]) -> None:
    with pytest.raises(CannotSeal, match="SHELTER_BACKUP_RECIPIENTS"):
        sealing.recipients(keys)


@pytest.mark.parametrize("text", ["", "# only a comment\n", "age1nonsense\n"])
def test_file_without_a_private_key_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "key").write_text(text)

    with pytest.raises(CannotSeal, match="private key"):
        sealing.identities(tmp_path / "key")


def test_manifest_is_believed_under_any_key_of_the_fields_and_under_no_other(settings: Any) -> None:
    settings.FIELD_KEYS = [OLD]
    document = sealing.signed({"name": "a", "sha256": "b"})

    settings.FIELD_KEYS = [NEW, OLD]
    assert sealing.verified(document) == {"name": "a", "sha256": "b"}
    settings.FIELD_KEYS = [NEW]
    with pytest.raises(NotOurs):
        sealing.verified(document)


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace(b"sha256", b"sha257"),
        lambda text: b"{}",
        lambda text: b"no JSON",
        lambda text: text[:-3],
    ],
)
def test_changed_manifest_is_not_believed(settings: Any, change: Callable[[bytes], bytes]) -> None:
    settings.FIELD_KEYS = [NEW]

    with pytest.raises(NotOurs):
        sealing.verified(change(sealing.signed({"name": "a", "sha256": "b"})))


# -- what is kept ----------------------------------------------------------------------------------


def named(days: int, kind: str = "") -> str:
    return f"shanyrak-{(NOW - timedelta(days=days)).strftime(copies.MOMENT)}{kind}"


def filled(folder: str, *names: str) -> CopyStore:
    store = CopyStore(folder)
    for name in names:
        with store.writing(name) as sink:
            sink.write(b"x")
    return store


def whole(*days: int) -> list[str]:
    """Return the names of the files of complete copies of so many days ago."""
    return [named(each, kind) for each in days for kind in (copies.DUMP, copies.MANIFEST, copies.REGISTER)]


def test_copies_older_than_the_days_go_with_all_their_files(folder: str) -> None:
    store = filled(folder, *whole(0, 1, 2), *whole(30, 31, 90), "notes.txt")

    assert copies.prune(store, keep=timedelta(days=30), at=NOW) == 6
    assert store.names() == sorted([*whole(0, 1, 2, 30), "notes.txt"])


def test_last_three_copies_stay_however_old_they_are(folder: str) -> None:
    store = filled(folder, *whole(100, 101, 102, 103))

    copies.prune(store, keep=timedelta(days=30), at=NOW)

    assert copies.copies(store) == [named(102), named(101), named(100)]


def test_dump_without_a_manifest_is_no_copy_keeps_no_place_and_goes_after_a_day(folder: str) -> None:
    store = filled(folder, *whole(100, 101, 102), named(0, copies.DUMP), named(2, copies.DUMP), named(99, copies.DUMP))

    copies.prune(store, keep=timedelta(days=30), at=NOW)

    assert copies.copies(store) == [named(102), named(101), named(100)]
    assert store.names() == sorted([*whole(100, 101, 102), named(0, copies.DUMP)])


@pytest.mark.parametrize(
    ("days", "every", "younger"), [((), 24, False), ((1,), 24, False), ((0,), 24, True), ((3, 1), 48, True)]
)
def test_copy_is_due_once_the_newest_is_old_enough(
    folder: str, days: tuple[int, ...], every: int, younger: bool
) -> None:
    """The quarter of an hour in which cron comes is not added each day."""
    store = filled(folder, *whole(*days), named(0, copies.DUMP))
    at = NOW + timedelta(seconds=5)

    assert copies.has_younger(store, timedelta(hours=every), at=at) is younger
    assert copies.has_younger(store, timedelta(hours=every), at=at - timedelta(minutes=9)) is younger


# -- comparing -------------------------------------------------------------------------------------

PRINT = {"tables": {"a": [2, "01"], "b": [0, ""]}, "guards": [3, 4, 5]}


@pytest.mark.parametrize(
    ("after", "found"),
    [
        (PRINT, []),
        ({**PRINT, "tables": {"a": [1, "01"], "b": [0, ""]}}, ["a has 1 rows, and had 2"]),
        ({**PRINT, "tables": {"a": [2, "11"], "b": [0, ""]}}, ["a row of a differs"]),
        ({**PRINT, "tables": {"a": [2, "01"]}}, ["the table b is missing"]),
        ({**PRINT, "tables": {**PRINT["tables"], "c": [0, ""]}}, ["the table c is new"]),  # type: ignore[dict-item]
        ({**PRINT, "guards": [2, 4, 5]}, ["there are 2 triggers, and were 3"]),
    ],
)
def test_every_difference_is_told(after: dict[str, Any], found: list[str]) -> None:
    assert differences(PRINT, after) == found
