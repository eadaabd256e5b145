"""The master keys, and the key of each purpose that is derived from them.

A master key encrypts nothing itself. Each purpose (a column of the database, a kind of seal, the hashes of case secrets)
has a key of its own, derived by HKDF with SHA-256 (RFC 5869), whose `info` names the purpose. A key id is derived in the
same way, so that a value says under which master key it was written and tells nothing about that key.
"""

from __future__ import annotations

import base64
import functools

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

KEY_BYTES = 32
ID_BYTES = 4


def master_keys() -> tuple[str, ...]:
    """Return the master keys, newest first, in URL-safe base64. Raises ImproperlyConfigured if there is none."""
    if not settings.FIELD_KEYS:
        raise ImproperlyConfigured("Set SHELTER_FIELD_KEYS to at least one key (see .env.example).")
    return tuple(settings.FIELD_KEYS)


@functools.cache
def derived(master_key: str, purpose: str, length: int = KEY_BYTES) -> bytes:
    """Return `length` bytes that are derived from a master key for one purpose."""
    derive = HKDF(algorithm=SHA256(), length=length, salt=None, info=f"shanyrak {purpose}".encode())
    return derive.derive(base64.urlsafe_b64decode(master_key))


@functools.cache
def id_of(master_key: str) -> str:
    """Return the id of a master key: eight hexadecimal digits."""
    return derived(master_key, "key id", ID_BYTES).hex()


def newest_id() -> str:
    """Return the id of the key under which values are written now."""
    return id_of(master_keys()[0])
