"""Where copies lie: in a folder, or in any store that speaks the protocol of S3. Both by obstore, behind the same four acts."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Protocol

import obstore
from django.conf import settings
from obstore.store import LocalStore, S3Store

PART = 10 * 1024 * 1024
"""Bytes that are sent at once. S3 takes parts of at least 5 MiB and at most 10,000 of them, so a copy may have 100 GB."""


class NoStore(Exception):
    """The address of the store cannot be read, or the store does not answer; the message says which."""


class Sink(Protocol):
    """Where bytes go, one after the other."""

    def write(self, data: bytes, /) -> int: ...


class CopyStore:
    """The copies at one address. Every method raises NoStore where the store refuses or does not answer."""

    def __init__(self, address: str) -> None:
        """`address` is the path of a folder, which is made, or `s3://bucket` or `s3://bucket/prefix`."""
        if not address:
            raise NoStore("Say where copies go: set SHELTER_BACKUP_TO, or give --to or --from.")
        with _as_no_store():
            if address.startswith("s3://"):
                given = {name: value for name, value in settings.BACKUP_S3.items() if value}
                plain = given.get("endpoint", "").startswith("http://")
                options = {"allow_http": True} if plain else {}
                self._store: LocalStore | S3Store = S3Store.from_url(address, config=given, client_options=options)  # type: ignore[arg-type]
            else:
                folder = Path(address)
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                self._store = LocalStore(prefix=folder)

    def names(self) -> list[str]:
        """Return the names of all files, sorted."""
        with _as_no_store():
            return sorted(found["path"] for batch in obstore.list(self._store) for found in batch)

    @contextlib.contextmanager
    def writing(self, name: str) -> Iterator[Sink]:
        """Yield a sink for the bytes of a file. Where the block raises, the file is removed again."""
        try:
            with _as_no_store(), obstore.open_writer(self._store, name, buffer_size=PART) as sink:
                yield sink
        except BaseException:
            with contextlib.suppress(NoStore):
                self.remove(name)
            raise

    def read_into(self, name: str, sink: Sink | IO[bytes]) -> None:
        """Write the bytes of a file into `sink`, piece by piece."""
        with _as_no_store():
            for piece in obstore.get(self._store, name):
                sink.write(bytes(piece))

    def remove(self, name: str) -> None:
        """Remove a file; one that is not there is no fault."""
        with _as_no_store(), contextlib.suppress(FileNotFoundError):
            obstore.delete(self._store, name)


@contextlib.contextmanager
def _as_no_store() -> Iterator[None]:
    try:
        yield
    except (OSError, ValueError, obstore.exceptions.BaseError) as problem:
        # Only the first line: the rest is the library's own source.
        raise NoStore(str(problem).strip().partition("\n")[0]) from problem
