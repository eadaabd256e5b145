"""Personal fields, encrypted at rest, and an index for looking them up.

Each field seals its values under a key of its own column and binds them to table and column (`privacy.ciphertext`): what
was copied into another column does not open. Renaming a table or an encrypted column therefore needs a migration that
reads under the old name and writes under the new one. The index is HMAC-SHA256 (RFC 2104) under `settings.INDEX_KEY`.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import models

from privacy import ciphertext

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper


def purpose_of(field: models.Field[Any, Any]) -> str:
    """Return the purpose for which the values of a field are sealed. It names the table and the column."""
    return f"field: {field.model._meta.db_table}.{field.column}"


class EncryptedTextField(models.TextField[str, str]):
    """A text that is readable in Python and ciphertext in PostgreSQL.

    Queries cannot filter by it, but for equality where `found_by` names the row's BlindIndexField of this text.
    """

    def __init__(self, *args: Any, found_by: str = "", **options: Any) -> None:
        self.found_by = found_by
        super().__init__(*args, **options)

    def get_prep_value(self, value: Any) -> Any:
        value = super().get_prep_value(value)
        return ciphertext.seal_text(value, purpose=purpose_of(self)) if isinstance(value, str) else value

    def from_db_value(self, value: str | None, expression: Any, connection: BaseDatabaseWrapper) -> str | None:
        """Return the text. Raises ciphertext.DoesNotOpen where it was sealed for another column or under a lost key."""
        if not value:
            return value
        if not ciphertext.is_sealed(value):
            return ciphertext.open_old(value, connection).decode()
        return ciphertext.open_text(value, purpose=purpose_of(self))

    def get_lookup(self, lookup_name: str) -> Any:
        """Allow `isnull`, and `exact` by the index: equal texts have different ciphertexts, so the rest would find nothing."""
        if lookup_name == "exact" and self.found_by:
            return _FoundByIndex
        return super().get_lookup(lookup_name) if lookup_name == "isnull" else None


class _FoundByIndex(models.Lookup[bool]):
    """Equality of an encrypted text, asked of the index that stands beside it in the row."""

    lookup_name = "exact"
    prepare_rhs = False

    def as_sql(self, compiler: Any, connection: BaseDatabaseWrapper) -> tuple[str, tuple[str | int, ...]]:
        text = self.lhs.target
        index = self.lhs.copy()
        index.target = index.output_field = text.model._meta.get_field(text.found_by)
        sql, parameters = compiler.compile(index)
        indexes = blind_indexes(str(self.rhs))
        return f"{sql} IN ({', '.join(['%s'] * len(indexes))})", (*parameters, *indexes)


class EncryptedBytesField(models.BinaryField[bytes, bytes]):
    """Bytes that are readable in Python and ciphertext in PostgreSQL. Queries cannot filter by them."""

    def get_db_prep_value(self, value: Any, connection: BaseDatabaseWrapper, prepared: bool = False) -> Any:
        if value is not None:
            value = ciphertext.seal_bytes(bytes(value), purpose=purpose_of(self))
        return super().get_db_prep_value(value, connection, prepared)

    def from_db_value(self, value: Any, expression: Any, connection: BaseDatabaseWrapper) -> bytes | None:
        """Return the bytes. Raises ciphertext.DoesNotOpen as EncryptedTextField does."""
        if not value:
            return None if value is None else b""
        token = bytes(value)
        if not ciphertext.is_sealed(token):
            return ciphertext.open_old(token, connection)
        return ciphertext.open_bytes(token, purpose=purpose_of(self))

    def get_lookup(self, lookup_name: str) -> Any:
        """Allow only `isnull`, as in EncryptedTextField."""
        return super().get_lookup(lookup_name) if lookup_name == "isnull" else None


# -- finding what is encrypted ------------------------------------------------------------------------


def index_keys() -> list[str]:
    """Return the keys of the index: the one under which is written, then the one before it, if it is still given.

    Raises ImproperlyConfigured without a key: anybody could compute an index under an empty key.
    """
    if not settings.INDEX_KEY:
        raise ImproperlyConfigured("Set SHELTER_INDEX_KEY (see .env.example).")
    return [settings.INDEX_KEY, *([settings.INDEX_KEY_BEFORE] if settings.INDEX_KEY_BEFORE else [])]


def blind_index(text: str) -> str:
    """Return 64 hexadecimal digits that are equal for equal texts and reveal nothing else; "" for "".

    Raises ImproperlyConfigured without a key.
    """
    return blind_indexes(text)[0]


def blind_indexes(text: str) -> list[str]:
    """Return every index under which `text` may stand: under the present key, and under the one before.

    A row that was written before the key changed has the second one, until `manage.py rotate_keys` has come to it. So
    whatever is looked up or compared is looked up under all of these. Raises ImproperlyConfigured without a key.
    """
    return [hmac.new(key.encode(), text.encode(), hashlib.sha256).hexdigest() if text else "" for key in index_keys()]


class BlindIndexField(models.CharField[str, str]):
    """A blind index that a new key can be given to: `text` returns, for a row, the text whose index the column keeps.

    `text` may read the row's own columns only. A hash of something that the row does not keep, such as a code, is no such
    field: it ends by itself, and is compared under both keys until then.
    """

    def __init__(self, *args: Any, text: Callable[[Any], str] | None = None, **options: Any) -> None:
        self.text = text
        super().__init__(*args, **{"max_length": 64} | options)

    def deconstruct(self) -> Any:
        """Return the column as it is in the database: a CharField, so that migrations know nothing of `text`."""
        name, _path, args, options = super().deconstruct()
        return name, "django.db.models.CharField", args, options
