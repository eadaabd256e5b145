"""The format of what is encrypted for the database, and the old format, which is read until every row is sealed anew.

A sealed value is AES-256-GCM (NIST SP 800-38D) with a random nonce of 96 bits. As a text it reads

    s1.KEYID.BASE64URL(nonce, ciphertext, tag)

and as bytes `s1`, four bytes of key id, nonce, ciphertext, tag. The key is derived from a master key for the purpose,
such as the column that keeps the value (`privacy.keys`). Purpose, version and key id are the associated data, so a value
that was moved to another column, or whose head was changed, does not open. docs/decisions/0053-keys.md gives the reasons.
"""

from __future__ import annotations

import base64
import binascii
import functools
import os

from cryptography.exceptions import InvalidTag
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.db.backends.base.base import BaseDatabaseWrapper

from privacy import keys

VERSION = "s1"
_VERSION = VERSION.encode()
NONCE_BYTES = 12
_BOX = len(_VERSION) + keys.ID_BYTES
"""Where the nonce begins in sealed bytes."""


class DoesNotOpen(Exception):
    """The value opens under no key that this service has, for this purpose. It says nothing of the value."""


# -- sealing and opening ----------------------------------------------------------------------------


def seal_text(text: str, *, purpose: str) -> str:
    """Return `text` sealed under the newest key; "" for "". Raises ImproperlyConfigured without a key."""
    if not text:
        return ""
    box = _shut(text.encode(), purpose)
    return f"{head_of_texts()}{base64.urlsafe_b64encode(box).decode()}"


def open_text(token: str, *, purpose: str) -> str:
    """Return the text of a sealed value; "" for "". Raises DoesNotOpen."""
    if not token:
        return ""
    try:
        _version, key_id, box = token.split(".")
        return _opened(base64.b64decode(box, altchars=b"-_", validate=True), key_id, purpose).decode()
    except (ValueError, binascii.Error) as broken:
        raise DoesNotOpen from broken


def seal_bytes(data: bytes, *, purpose: str) -> bytes:
    """Return `data` sealed under the newest key; b"" for b"". Raises ImproperlyConfigured without a key."""
    return head_of_bytes() + _shut(data, purpose) if data else b""


def open_bytes(token: bytes, *, purpose: str) -> bytes:
    """Return the bytes of a sealed value; b"" for b"". Raises DoesNotOpen."""
    return _opened(token[_BOX:], token[len(_VERSION) : _BOX].hex(), purpose) if token else b""


def head_of_texts() -> str:
    """Return the beginning of every text that is sealed under the newest key."""
    return f"{VERSION}.{keys.newest_id()}."


def head_of_bytes() -> bytes:
    """Return the beginning of all bytes that are sealed under the newest key."""
    return _VERSION + bytes.fromhex(keys.newest_id())


def is_sealed(token: str | bytes) -> bool:
    """Return whether a value has the present format. A token of the old format begins with `gAAAAA`."""
    return token.startswith(f"{VERSION}.") if isinstance(token, str) else token.startswith(_VERSION)


def _shut(data: bytes, purpose: str) -> bytes:
    key_id = keys.newest_id()
    nonce = os.urandom(NONCE_BYTES)
    return nonce + _ciphers(keys.master_keys(), purpose)[key_id].encrypt(nonce, data, _bound_to(key_id, purpose))


def _opened(box: bytes, key_id: str, purpose: str) -> bytes:
    cipher = _ciphers(keys.master_keys(), purpose).get(key_id)
    if cipher is None or len(box) < NONCE_BYTES:
        raise DoesNotOpen
    try:
        return cipher.decrypt(box[:NONCE_BYTES], box[NONCE_BYTES:], _bound_to(key_id, purpose))
    except InvalidTag:
        raise DoesNotOpen from None


def _bound_to(key_id: str, purpose: str) -> bytes:
    return f"{VERSION}.{key_id}.{purpose}".encode()


@functools.cache
def _ciphers(master_keys: tuple[str, ...], purpose: str) -> dict[str, AESGCM]:
    return {keys.id_of(key): AESGCM(keys.derived(key, purpose)) for key in reversed(master_keys)}


# -- the old format: one Fernet key for every column --------------------------------------------------

OLD_FORMAT = "old format"
"""The name of the row of `KeyRotation` that says when no value in the old format was left."""


def open_old(token: str | bytes, connection: BaseDatabaseWrapper) -> bytes:
    """Return what a value in the old format holds, while the database may have such values. Raises DoesNotOpen.

    Only values from a column of the database may be given. The state is read each time: after the rows are sealed anew
    no column has such a value, so nobody asks.
    """
    if old_format_has_ended(connection):
        raise DoesNotOpen
    return old_opened(token)


def old_opened(token: str | bytes) -> bytes:
    """Return what a value in the old format holds, whatever the state of the database. Raises DoesNotOpen."""
    try:
        return MultiFernet([Fernet(key) for key in keys.master_keys()]).decrypt(token)
    except InvalidToken:
        raise DoesNotOpen from None


def old_format_has_ended(connection: BaseDatabaseWrapper) -> bool:
    """Return whether every value was found sealed in the present format. Before the migration that asks, none was."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass('privacy_keyrotation') IS NOT NULL")
        if not cursor.fetchone()[0]:
            return False
        cursor.execute(
            "SELECT EXISTS (SELECT FROM privacy_keyrotation WHERE what = %s AND ended_at IS NOT NULL)", [OLD_FORMAT]
        )
        return bool(cursor.fetchone()[0])
