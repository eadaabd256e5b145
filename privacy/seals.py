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

from privacy import keys


@functools.cache
def _cipher(master_keys: tuple[str, ...], purpose: str) -> MultiFernet:
    made = (keys.derived(key, f"seal: {purpose}") for key in master_keys)
    return MultiFernet([Fernet(base64.urlsafe_b64encode(key)) for key in made])


def seal(text: str, *, purpose: str) -> str:
    """Return `text` sealed for `purpose`; "" for "". Raises ImproperlyConfigured without a key."""
    return _cipher(keys.master_keys(), purpose).encrypt(text.encode()).decode() if text else ""


def unseal(token: str, *, purpose: str, within: timedelta) -> str:
    """Return the text of a seal; "" for anything else: another purpose, an older seal, another key, no seal at all."""
    try:
        age = int(within.total_seconds())
        return _cipher(keys.master_keys(), purpose).decrypt(token.encode(), ttl=age).decode() if token else ""
    except (InvalidToken, UnicodeError):
        return ""
