"""Seals: short texts that travel through a browser and come back, readable by the service only, for a limited time.

A seal has a key of its own for each purpose, derived from the master keys by HKDF (RFC 5869). So the service never
decrypts anything that came from a browser under the key of a database field, and a seal made for one purpose does not
open for another. Each seal is a Fernet token (https://github.com/fernet/spec), whose timestamp gives it an age.
"""

from __future__ import annotations

import base64
import functools
from datetime import timedelta

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured


@functools.cache
def _cipher(master_keys: tuple[str, ...], purpose: str) -> MultiFernet:
    if not master_keys:
        raise ImproperlyConfigured("Set SHELTER_FIELD_KEYS to at least one Fernet key (see .env.example).")
    return MultiFernet([Fernet(_derived(key, purpose)) for key in master_keys])


def _derived(master_key: str, purpose: str) -> bytes:
    """Return a Fernet key for `purpose`, derived from a master key; `info` names the purpose, as RFC 5869 asks."""
    derive = HKDF(algorithm=SHA256(), length=32, salt=None, info=f"shanyrak seal: {purpose}".encode())
    return base64.urlsafe_b64encode(derive.derive(base64.urlsafe_b64decode(master_key)))


def seal(text: str, *, purpose: str) -> str:
    """Return `text` sealed for `purpose`; "" for "". Raises ImproperlyConfigured without a key."""
    return _cipher(tuple(settings.FIELD_KEYS), purpose).encrypt(text.encode()).decode() if text else ""


def unseal(token: str, *, purpose: str, within: timedelta) -> str:
    """Return the text of a seal; "" for anything else: another purpose, an older seal, another key, no seal at all."""
    try:
        age = int(within.total_seconds())
        return _cipher(tuple(settings.FIELD_KEYS), purpose).decrypt(token.encode(), ttl=age).decode() if token else ""
    except (InvalidToken, UnicodeError):
        return ""
