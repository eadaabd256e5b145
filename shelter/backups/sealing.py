"""Encrypt a copy to public keys, and prove that this deployment made it.

Encryption is the age format, version 1 (https://age-encryption.org/v1): X25519 and ChaCha20-Poly1305, in chunks of 64 KiB. The
service holds public keys only, so whoever takes the machine over cannot read old copies. Anybody can encrypt to a public
key, so each copy has a manifest with an HMAC-SHA256 under a key that is derived from a master key for this purpose: a copy that
somebody else has put into the store is not restored.
"""

from __future__ import annotations

import hashlib
import hmac
import io
import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import IO, Any

import pyrage
from django.conf import settings

from privacy import keys as master
from shelter.backups.stores import Sink

MANIFEST_PURPOSE = "manifest of a backup"


class CannotSeal(Exception):
    """A key is missing or is none; the message says which."""


class NotOurs(Exception):
    """A copy, or a part of one, that no key opens, that this deployment did not make, or that was changed since."""


class Counted:
    """A sink that counts the bytes going through it and takes their SHA-256."""

    def __init__(self, sink: Sink | IO[bytes]) -> None:
        self._sink = sink
        self._sha256 = hashlib.sha256()
        self.bytes = 0

    def write(self, data: bytes) -> int:
        data = bytes(data)
        self._sink.write(data)
        self._sha256.update(data)
        self.bytes += len(data)
        return len(data)

    def flush(self) -> None:
        """There is nothing to do: the file is complete only once it is closed."""

    @property
    def sha256(self) -> str:
        return self._sha256.hexdigest()


def recipients(keys: Iterable[str]) -> list[pyrage.x25519.Recipient]:
    """Return the public keys `age1…` to encrypt to. Raises CannotSeal."""
    try:
        found = [pyrage.x25519.Recipient.from_str(key) for key in keys]
    except pyrage.RecipientError as problem:
        raise CannotSeal(
            "SHELTER_BACKUP_RECIPIENTS has a key that is none: a public key begins with age1."
        ) from problem
    if not found:
        raise CannotSeal("Set SHELTER_BACKUP_RECIPIENTS to a public key. `manage.py backup --new-key FILE` makes one.")
    return found


def new_key(file: Path) -> str:
    """Write a new private key to a file that only its owner can read; return its public key. Raises CannotSeal."""
    identity = pyrage.x25519.Identity.generate()
    try:
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
            out.write(f"# public key: {identity.to_public()}\n{identity}\n")
    except OSError as problem:
        raise CannotSeal(f"{file}: {problem.strerror}.") from problem
    return str(identity.to_public())


def identities(file: Path) -> list[pyrage.x25519.Identity]:
    """Return the private keys in a file as `age-keygen` writes it: one a line, comments behind `#`. Raises CannotSeal."""
    try:
        lines = [line.strip() for line in file.read_text(encoding="utf-8").splitlines()]
        found = [pyrage.x25519.Identity.from_str(line) for line in lines if line and not line.startswith("#")]
    except OSError as problem:
        raise CannotSeal(f"{file}: {problem.strerror}.") from problem
    except (UnicodeDecodeError, pyrage.IdentityError) as problem:
        raise CannotSeal(f"{file} holds a line that is no private key: one begins with AGE-SECRET-KEY-1.") from problem
    if not found:
        raise CannotSeal(f"{file} holds no private key.")
    return found


def encrypt(source: IO[bytes], sink: Counted, to: list[pyrage.x25519.Recipient]) -> None:
    """Encrypt everything that can be read from `source` into `sink`."""
    pyrage.encrypt_io(source, sink, to)


def decrypt(source: IO[bytes], sink: Sink | IO[bytes], by: list[pyrage.x25519.Identity]) -> None:
    """Decrypt `source` into `sink`; nothing of a chunk that was changed comes out. Raises NotOurs."""
    try:
        pyrage.decrypt_io(source, sink, by)
    except (pyrage.DecryptError, OSError) as problem:
        # The library says so of a changed chunk by an OSError without a number; one with a number is the sink's own.
        if isinstance(problem, OSError) and problem.errno is not None:
            raise
        raise NotOurs("This key opens no such copy, or the copy was changed.") from problem


def signed(said: dict[str, Any]) -> bytes:
    """Return a manifest with its HMAC, under the newest master key. Raises CannotSeal."""
    if not settings.FIELD_KEYS:
        raise CannotSeal("Set SHELTER_FIELD_KEYS.")
    text = json.dumps(said, sort_keys=True)
    return json.dumps({"said": text, "mac": _mac(settings.FIELD_KEYS[0], text)}).encode()


def verified(document: bytes) -> dict[str, Any]:
    """Return what a signed manifest says, if any master key made its HMAC. Raises NotOurs."""
    try:
        envelope = json.loads(document)
        text, mac = str(envelope["said"]), str(envelope["mac"])
    except (ValueError, KeyError, TypeError) as problem:
        raise NotOurs("The manifest cannot be read.") from problem
    # Every key is compared, so that the time does not tell which one it was.
    if not any([hmac.compare_digest(_mac(key, text), mac) for key in settings.FIELD_KEYS]):  # noqa: C419
        raise NotOurs("The manifest was not made under these SHELTER_FIELD_KEYS, or was changed since.")
    said: dict[str, Any] = json.loads(text)
    return said


def _mac(key: str, text: str) -> str:
    return hmac.new(master.derived(key, MANIFEST_PURPOSE), text.encode(), hashlib.sha256).hexdigest()


def small(sink: Sink, document: bytes, to: list[pyrage.x25519.Recipient]) -> None:
    """Encrypt a document that fits into memory into `sink`."""
    encrypt(io.BytesIO(document), Counted(sink), to)


def opened(document: bytes, by: list[pyrage.x25519.Identity]) -> bytes:
    """Return a document that fits into memory, decrypted. Raises NotOurs."""
    out = io.BytesIO()
    decrypt(io.BytesIO(document), out, by)
    return out.getvalue()
