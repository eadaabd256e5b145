"""Personal fields, encrypted at rest, with an index to look them up by.

Encryption is Fernet (AES-128-CBC with HMAC-SHA256, from `cryptography`), with the keys of
`settings.FIELD_KEYS`: the first one encrypts, all of them decrypt. To rotate a key, put the new one in front and save
the rows again. The index is HMAC-SHA256 under `settings.INDEX_KEY`.
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
    """Return `text` encrypted under the newest key; empty stays empty."""
    return _cipher(tuple(settings.FIELD_KEYS)).encrypt(text.encode()).decode() if text else ""


def decrypt(token: str) -> str:
    """Return the text of `token`; raises cryptography.fernet.InvalidToken when no key fits."""
    return _cipher(tuple(settings.FIELD_KEYS)).decrypt(token.encode()).decode() if token else ""


def encrypt_bytes(data: bytes) -> bytes:
    """Return `data` encrypted under the newest key; empty stays empty."""
    return _cipher(tuple(settings.FIELD_KEYS)).encrypt(data) if data else b""


def decrypt_bytes(token: bytes) -> bytes:
    """Return the bytes of `token`; raises cryptography.fernet.InvalidToken when no key fits."""
    return _cipher(tuple(settings.FIELD_KEYS)).decrypt(token) if token else b""


def blind_index(text: str) -> str:
    """Return 64 hexadecimal digits that are equal for equal texts and tell nothing else; "" for "".

    Raises ImproperlyConfigured without a key: under an empty one anybody could compute the index.
    """
    if not settings.INDEX_KEY:
        raise ImproperlyConfigured("Set SHELTER_INDEX_KEY (see .env.example).")
    return hmac.new(settings.INDEX_KEY.encode(), text.encode(), hashlib.sha256).hexdigest() if text else ""


class EncryptedTextField(models.TextField[str, str]):
    """A text that is readable in Python and ciphertext in PostgreSQL; it cannot be filtered by."""

    def get_prep_value(self, value: Any) -> Any:
        value = super().get_prep_value(value)
        return encrypt(value) if isinstance(value, str) else value

    def from_db_value(self, value: str | None, expression: Any, connection: BaseDatabaseWrapper) -> str | None:
        return decrypt(value) if value is not None else None

    def get_lookup(self, lookup_name: str) -> Any:
        """Allow only `isnull`: ciphertext of equal texts differs, so any other lookup would silently find nothing."""
        return super().get_lookup(lookup_name) if lookup_name == "isnull" else None


class EncryptedBytesField(models.BinaryField[bytes, bytes]):
    """Bytes that are readable in Python and ciphertext in PostgreSQL; they cannot be filtered by."""

    def get_db_prep_value(self, value: Any, connection: BaseDatabaseWrapper, prepared: bool = False) -> Any:
        return super().get_db_prep_value(
            encrypt_bytes(bytes(value)) if value is not None else None, connection, prepared
        )

    def from_db_value(self, value: Any, expression: Any, connection: BaseDatabaseWrapper) -> bytes | None:
        return decrypt_bytes(bytes(value)) if value is not None else None

    def get_lookup(self, lookup_name: str) -> Any:
        """Allow only `isnull`, as in EncryptedTextField."""
        return super().get_lookup(lookup_name) if lookup_name == "isnull" else None
