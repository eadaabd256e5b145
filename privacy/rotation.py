"""Changing keys: every sealed value is written anew under the newest master key, every index under the newest index key.

All of it may be stopped at any moment and run again, twice, or beside the running service. Rows are done in batches, each in
a short transaction. The values themselves say which of them are still to be done; indexes do not, so `KeyRotation` keeps
how far the work has come. A row that another transaction holds is left for the next pass.

The words beside histories can only be erased by everybody else. Here such a guard is passed by in one statement, which writes
an encrypted column and nothing else, for the length of one short transaction.
"""

from __future__ import annotations

import hashlib
import hmac
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pgtrigger
from django.apps import apps
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.db import IntegrityError, connection, models, transaction

from privacy import ciphertext, keys, sessions
from privacy.ciphertext import DoesNotOpen
from privacy.fields import BlindIndexField, EncryptedBytesField, EncryptedTextField, blind_index, index_keys, purpose_of
from privacy.models import KeyRotation

TEXTS_AT_ONCE = 500
FILES_AT_ONCE = 8
"""Files may have ten megabytes each, so few of them are in memory at a time."""

ModelField = models.Field[Any, Any]


@dataclass(frozen=True, slots=True)
class RotationStep:
    """After a batch: the name of what is written anew, the rows written so far, the rows there were to write."""

    what: str
    written: int
    of: int


Watch = Callable[[RotationStep], None]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one column: the rows written, and the rows left: busy, or open under no key that is given."""

    what: str
    written: int
    left: int


# -- what there is ----------------------------------------------------------------------------------


SEALED = (EncryptedTextField, EncryptedBytesField)


def encrypted_fields() -> list[ModelField]:
    """Return every field of every model that keeps ciphertext, once for each column."""
    return _fields_of_kind(SEALED)


def index_fields() -> list[ModelField]:
    """Return every field of every model that keeps a blind index of its own row's columns."""
    return _fields_of_kind((BlindIndexField,))


def _fields_of_kind(kinds: tuple[type[ModelField], ...]) -> list[ModelField]:
    found = {
        name_of(field): field
        for model in apps.get_models()
        for field in model._meta.local_concrete_fields
        if isinstance(field, kinds)
    }
    return [found[name] for name in sorted(found)]


def _names_of(field: ModelField) -> tuple[str, str, str]:
    """Return the names of the table, the column and the primary key's column."""
    meta = field.model._meta
    assert meta.pk is not None
    assert field.column is not None
    assert meta.pk.column is not None
    return meta.db_table, field.column, meta.pk.column


def name_of(field: ModelField) -> str:
    """Return the table and the column of a field, as the operator reads them."""
    return f"{field.model._meta.db_table}.{field.column}"


# -- sealing anew -------------------------------------------------------------------------------------


def seal_anew(
    *, now: Callable[[], datetime], watch: Watch = lambda _step: None, at_once: int | None = None
) -> list[Outcome]:
    """Write every value that is not sealed under the newest key anew, columns first, then sessions.

    When nothing is left in the old format, that format is refused from then on. `at_once` is the number of rows in a
    batch. Raises ImproperlyConfigured without a key.
    """
    reader = _Reader(old_format=not ciphertext.old_format_has_ended(connection))
    outcomes = [_column_anew(field, reader, watch, at_once) for field in encrypted_fields()]
    outcomes.append(_sessions_anew(reader, watch, at_once or TEXTS_AT_ONCE))
    if not any(outcome.left for outcome in outcomes):
        with transaction.atomic():
            row, _new = KeyRotation.objects.select_for_update().get_or_create(what=ciphertext.OLD_FORMAT)
            if row.ended_at is None:
                row.key_id, row.ended_at = keys.newest_id(), now()
                row.save(update_fields=["key_id", "ended_at"])
    return outcomes


@dataclass(frozen=True, slots=True)
class _Reader:
    """Opens values in the present format, and in the old one while the database may have such values."""

    old_format: bool

    def text(self, token: str, purpose: str) -> str:
        if self.old_format and not ciphertext.is_sealed(token):
            return ciphertext.old_opened(token).decode()
        return ciphertext.open_text(token, purpose=purpose)

    def data(self, token: bytes, purpose: str) -> bytes:
        if self.old_format and not ciphertext.is_sealed(token):
            return ciphertext.old_opened(token)
        return ciphertext.open_bytes(token, purpose=purpose)


def _column_anew(field: ModelField, reader: _Reader, watch: Watch, at_once: int | None) -> Outcome:
    column = _Column(field, reader)
    written, of = 0, column.left()
    size = at_once or (FILES_AT_ONCE if column.holds_files else TEXTS_AT_ONCE)
    while True:
        before, after = written, None
        while (batch := column.write_batch(after, size)).last is not None:
            written, after = written + batch.written, batch.last
            watch(RotationStep(name_of(field), written, max(of, written)))
        if written == before:
            return Outcome(name_of(field), written, column.left())


@dataclass(frozen=True, slots=True)
class _Batch:
    written: int
    last: Any


class _Column:
    """One encrypted column: the SQL that finds what is not sealed under the newest key, and writes it anew."""

    def __init__(self, field: ModelField, reader: _Reader) -> None:
        self.field, self.reader = field, reader
        self.holds_files = isinstance(field, EncryptedBytesField)
        quote = connection.ops.quote_name
        self.table, self.column, self.pk = (quote(name) for name in _names_of(field))
        self.pk_type = field.model._meta.pk.db_type(connection)
        self.head: str | bytes
        if self.holds_files:
            self.kind, self.head = "bytea", ciphertext.head_of_bytes()
            self.old = f"{self.column} <> ''::bytea AND substr({self.column}, 1, {len(self.head)}) <> %(head)s"
        else:
            self.kind, self.head = "text", ciphertext.head_of_texts()
            self.old = f"{self.column} <> '' AND NOT starts_with({self.column}, %(head)s)"

    def left(self) -> int:
        """Return the number of rows that are not sealed under the newest key."""
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT count(*) FROM {self.table} WHERE {self.old}", {"head": self.head})
            return int(cursor.fetchone()[0])

    def write_batch(self, after: Any, size: int) -> _Batch:
        """Write the next rows after this primary key (None: the first ones); `last` is None where there are none."""
        further = "" if after is None else f"AND {self.pk} > %(after)s"
        read = f"""
            SELECT {self.pk}, {self.column} FROM {self.table} WHERE {self.old} {further}
             ORDER BY {self.pk} LIMIT %(size)s FOR NO KEY UPDATE SKIP LOCKED
        """
        write = f"""
            UPDATE {self.table} AS kept SET {self.column} = given.sealed
              FROM unnest(%s::{self.pk_type}[], %s::{self.kind}[]) AS given (pk, sealed)
             WHERE kept.{self.pk} = given.pk
        """
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(read, {"head": self.head, "after": after, "size": size})
            rows = cursor.fetchall()
            sealed = dict(self._sealed(rows))
            if sealed:
                with _past_the_guards_of(self.field.model):
                    cursor.execute(write, [list(sealed), list(sealed.values())])
        return _Batch(len(sealed), rows[-1][0] if rows else None)

    def _sealed(self, rows: list[tuple[Any, Any]]) -> Iterator[tuple[Any, Any]]:
        purpose = purpose_of(self.field)
        for pk, value in rows:
            try:
                if self.holds_files:
                    yield pk, ciphertext.seal_bytes(self.reader.data(bytes(value), purpose), purpose=purpose)
                else:
                    yield pk, ciphertext.seal_text(self.reader.text(value, purpose), purpose=purpose)
            except DoesNotOpen:
                continue


def _past_the_guards_of(model: type[models.Model]) -> AbstractContextManager[None]:
    """Pass by the triggers of one table in the statements of the block, until its transaction ends.

    Each such statement writes one column, and no meaning changes.
    """
    own = [f"{model._meta.label}:{trigger.name}" for guarded, trigger in pgtrigger.registered() if guarded is model]
    return pgtrigger.ignore(*own) if own else nullcontext()


SESSIONS = "sessions"


def _sessions_anew(reader: _Reader, watch: Watch, size: int) -> Outcome:
    """Seal anew what sessions keep (`privacy.sessions`)."""
    written, left, done, after = 0, 0, 0, ""
    of = Session.objects.count()
    while True:
        with transaction.atomic():
            rows = list(Session.objects.filter(pk__gt=after).order_by("pk").select_for_update(no_key=True)[:size])
            for row in rows:
                now_sealed, not_opened = _session_anew(SessionStore().decode(row.session_data), reader)
                left += not_opened
                if now_sealed is not None:
                    row.session_data = SessionStore().encode(now_sealed)
                    row.save(update_fields=["session_data"])
                    written += 1
        if not rows:
            return Outcome(SESSIONS, written, left)
        done, after = done + len(rows), rows[-1].pk
        watch(RotationStep(SESSIONS, done, max(of, done)))


def _session_anew(content: dict[str, Any], reader: _Reader) -> tuple[dict[str, Any] | None, int]:
    """Return the content with its sealed texts sealed anew, None where nothing changes; and how many did not open."""
    anew, not_opened = dict(content), 0
    for key, value in content.items():
        if not isinstance(value, str) or value.startswith(ciphertext.head_of_texts()):
            continue
        purpose = sessions.purpose_of(key)
        try:
            if ciphertext.is_sealed(value) or value.startswith(OLD_TOKEN):
                anew[key] = ciphertext.seal_text(reader.text(value, purpose), purpose=purpose)
        except DoesNotOpen:
            not_opened += 1
    return (anew if anew != content else None), not_opened


OLD_TOKEN = "gAAAAA"  # noqa: S105 - no password: the beginning of every Fernet token of this century


# -- a new key of the index -----------------------------------------------------------------------------


def index_anew(
    *, watch: Watch = lambda _step: None, now: Callable[[], datetime], at_once: int = TEXTS_AT_ONCE
) -> list[Outcome]:
    """Compute every blind index under the newest index key. A run that was stopped goes on after its last batch.

    Raises ImproperlyConfigured without a key.
    """
    return [_index_column_anew(field, now, watch, at_once) for field in index_fields()]


def _index_column_anew(field: ModelField, now: Callable[[], datetime], watch: Watch, size: int) -> Outcome:
    what, of = f"index {name_of(field)}", field.model._default_manager.count()
    _begin(what)
    done, written, left = 0, 0, 0
    while True:
        with transaction.atomic():
            # The row is locked for the batch, so that two commands side by side share the work.
            progress = KeyRotation.objects.select_for_update().get(what=what)
            rows = [] if progress.ended_at else _rows_after(field, progress.cursor, size)
            changed, not_written = _write_indexes(field, rows)
            if rows:
                progress.cursor, progress.left = str(rows[-1].pk), progress.left + not_written
            elif progress.ended_at is None:
                progress.cursor, progress.left, progress.ended_at = "", 0, None if progress.left else now()
            progress.save(update_fields=["cursor", "left", "ended_at"])
        done, written, left = done + len(rows), written + changed, left + not_written
        if not rows:
            return Outcome(what, written, left)
        watch(RotationStep(what, done, max(of, done)))


def _begin(what: str) -> None:
    """Begin anew where the last run has ended, or was for another key; else go on."""
    key_id = index_key_id()
    with transaction.atomic():
        row, _new = KeyRotation.objects.select_for_update().get_or_create(what=what, defaults={"key_id": key_id})
        if row.ended_at is not None or row.key_id != key_id:
            row.key_id, row.cursor, row.left, row.ended_at = key_id, "", 0, None
            row.save(update_fields=["key_id", "cursor", "left", "ended_at"])


def index_key_id() -> str:
    """Return an id of the newest index key: eight hexadecimal digits that reveal nothing of it."""
    return hmac.new(index_keys()[0].encode(), b"shanyrak key id", hashlib.sha256).hexdigest()[:8]


def index_has_ended() -> bool:
    """Return whether every column of indexes was written under the present index key."""
    ended = KeyRotation.objects.filter(key_id=index_key_id(), ended_at__isnull=False)
    return {f"index {name_of(field)}" for field in index_fields()} <= set(ended.values_list("what", flat=True))


def _rows_after(field: ModelField, cursor: str, size: int) -> list[models.Model]:
    model = field.model
    rows = model._default_manager.select_for_update(no_key=True, of=("self",)).order_by("pk")
    batch = (rows.filter(pk__gt=cursor) if cursor else rows)[:size]
    try:
        return list(batch)
    except DoesNotOpen:  # One row among them: open each by itself, when its index is computed.
        return list(batch.defer(*(each.name for each in model._meta.local_concrete_fields if isinstance(each, SEALED))))


def _write_indexes(field: ModelField, rows: list[models.Model]) -> tuple[int, int]:
    """Write the indexes of locked rows that are not up to date; return how many, and how many could not be written."""
    assert isinstance(field, BlindIndexField)
    assert field.text is not None
    written = left = 0
    for row in rows:
        try:
            index = blind_index(field.text(row))
        except DoesNotOpen:
            left += 1
            continue
        if index == getattr(row, field.attname):
            continue
        try:
            with transaction.atomic(), _past_the_guards_of(field.model):
                field.model._default_manager.filter(pk=row.pk).update(**{field.attname: index})
            written += 1
        except IntegrityError:  # The row was written down twice, under both keys: a person must look at the two.
            left += 1
    return written, left


# -- which keys are still needed --------------------------------------------------------------------------


KeysHeld = Callable[[], Counter[str]]
"""Returns the number of values of one kind by the id of the master key that they need."""

_holders: dict[str, KeysHeld] = {}


def holds_keys(name: str) -> Callable[[KeysHeld], KeysHeld]:
    """Register the decorated function: values called `name` that are no column of ciphertext need a master key too."""

    def register(held: KeysHeld) -> KeysHeld:
        _holders[name] = held
        return held

    return register


def held_by_key() -> dict[str, Counter[str]]:
    """Return how many values need each master key: by key id, then by column or kind. The id "" is the old format."""
    found: dict[str, Counter[str]] = {}
    for field in encrypted_fields():
        for key_id, number in _ids_in(field):
            found.setdefault(key_id, Counter())[name_of(field)] += number
    for name, held in _holders.items():
        for key_id, number in held().items():
            found.setdefault(key_id, Counter())[name] += number
    return found


def _ids_in(field: ModelField) -> list[tuple[str, int]]:
    quote = connection.ops.quote_name
    table, column, _pk = (quote(name) for name in _names_of(field))
    if isinstance(field, EncryptedBytesField):
        new, key_id, empty = (
            f"substr({column}, 1, 2) = 's1'::bytea",
            f"encode(substr({column}, 3, 4), 'hex')",
            "''::bytea",
        )
    else:
        new, key_id, empty = f"starts_with({column}, 's1.')", f"split_part({column}, '.', 2)", "''"
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT CASE WHEN {new} THEN {key_id} ELSE '' END AS key_id, count(*) FROM {table}"
            f" WHERE {column} <> {empty} GROUP BY 1"
        )
        return [(key_id, int(number)) for key_id, number in cursor.fetchall()]
