"""Personal fields, encrypted at rest, with an index for looking them up.

The fields are encrypted with Fernet (AES-128-CBC with HMAC-SHA256, from `cryptography`). The first of
`settings.FIELD_KEYS` encrypts; every one of them decrypts. To rotate the keys, put a new key in front and save the
rows again. The index is HMAC-SHA256 (RFC 2104) under `settings.INDEX_KEY`.
"""

from __future__ import annotations

import functools
import hashlib
import hmac
from typing import TYPE_CHECKING, Any

from cryptography.fernet import Fernet, MultiFernet
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import models

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper


@functools.cache
def _cipher(keys: tuple[str, ...]) -> MultiFernet:
    if not keys:
        raise ImproperlyConfigured("Set SHELTER_FIELD_KEYS to at least one Fernet key (see .env.example).")
    return MultiFernet([Fernet(key) for key in keys])


def encrypt(text: str) -> str:
    """Return `text` encrypted under the first key; "" for "". Raises ImproperlyConfigured without a key."""
    return _cipher(tuple(settings.FIELD_KEYS)).encrypt(text.encode()).decode() if text else ""


def decrypt(token: str) -> str:
    """Return the text of `token`; "" for "". Raises cryptography.fernet.InvalidToken if no key fits."""
    return _cipher(tuple(settings.FIELD_KEYS)).decrypt(token.encode()).decode() if token else ""


def encrypt_bytes(data: bytes) -> bytes:
    """Return `data` encrypted under the first key; b"" for b"". Raises ImproperlyConfigured without a key."""
    return _cipher(tuple(settings.FIELD_KEYS)).encrypt(data) if data else b""


def decrypt_bytes(token: bytes) -> bytes:
    """Return the bytes of `token`; b"" for b"". Raises cryptography.fernet.InvalidToken if no key fits."""
    return _cipher(tuple(settings.FIELD_KEYS)).decrypt(token) if token else b""


def blind_index(text: str) -> str:
    """Return 64 hexadecimal digits that are equal for equal texts and reveal nothing else; "" for "".

    Raises ImproperlyConfigured without a key: anybody could compute an index under an empty key.
    """
    if not settings.INDEX_KEY:
        raise ImproperlyConfigured("Set SHELTER_INDEX_KEY (see .env.example).")
    return hmac.new(settings.INDEX_KEY.encode(), text.encode(), hashlib.sha256).hexdigest() if text else ""


class EncryptedTextField(models.TextField[str, str]):
    """A text that is readable in Python and ciphertext in PostgreSQL. Queries cannot filter by it."""

    def get_prep_value(self, value: Any) -> Any:
        value = super().get_prep_value(value)
        return encrypt(value) if isinstance(value, str) else value

    def from_db_value(self, value: str | None, expression: Any, connection: BaseDatabaseWrapper) -> str | None:
        return decrypt(value) if value is not None else None

    def get_lookup(self, lookup_name: str) -> Any:
        """Allow `isnull` only: equal texts have different ciphertexts, so any other look-up would find nothing."""
        return super().get_lookup(lookup_name) if lookup_name == "isnull" else None


class EncryptedBytesField(models.BinaryField[bytes, bytes]):
    """Bytes that are readable in Python and ciphertext in PostgreSQL. Queries cannot filter by them."""

    def get_db_prep_value(self, value: Any, connection: BaseDatabaseWrapper, prepared: bool = False) -> Any:
        return super().get_db_prep_value(
            encrypt_bytes(bytes(value)) if value is not None else None, connection, prepared
        )

    def from_db_value(self, value: Any, expression: Any, connection: BaseDatabaseWrapper) -> bytes | None:
        return decrypt_bytes(bytes(value)) if value is not None else None

    def get_lookup(self, lookup_name: str) -> Any:
        """Allow only `isnull`, as in EncryptedTextField."""
        return super().get_lookup(lookup_name) if lookup_name == "isnull" else None
