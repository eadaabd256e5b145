"""Steps of migrations that seal a column of plain text where it stands, and open it again on the way back."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.operations.base import Operation

from privacy import ciphertext
from privacy.fields import blind_index

AT_ONCE = 1_000
SETTLE = "SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED"
"""Check the foreign keys of the rows written so far: PostgreSQL alters no table while such checks are pending."""


def seal(table: str, column: str) -> Operation:
    """Return the step that seals every value of a column. The column is a text already; a value that is sealed stays."""
    purpose = f"field: {table}.{column}"
    return migrations.RunPython(
        _each(table, column, lambda text: None if ciphertext.is_sealed(text) else ciphertext.seal_text(text, purpose=purpose)),
        _each(table, column, lambda text: ciphertext.open_text(text, purpose=purpose) if ciphertext.is_sealed(text) else None),
    )


def index(table: str, column: str, of: str) -> Operation:
    """Return the step that fills `column` with the blind index of the plain text in the column `of`."""
    return migrations.RunPython(_each(table, of, blind_index, into=column), migrations.RunPython.noop)


def guards_off(table: str) -> list[Operation]:
    """Return the steps that switch the triggers of a table off; `guards_on` switches them on again."""
    off, on = _guards(table)
    return [migrations.RunSQL(SETTLE, SETTLE), migrations.RunSQL(off, on)]


def guards_on(table: str) -> list[Operation]:
    off, on = _guards(table)
    return [migrations.RunSQL(SETTLE, SETTLE), migrations.RunSQL(on, off)]


def _guards(table: str) -> tuple[str, str]:
    return f'ALTER TABLE "{table}" DISABLE TRIGGER USER', f'ALTER TABLE "{table}" ENABLE TRIGGER USER'


def _each(
    table: str, column: str, to: Callable[[str], str | None], *, into: str = ""
) -> Callable[[Apps, BaseDatabaseSchemaEditor], None]:
    """Return a function that writes `to(text)` for every text of a column that is not empty, unless it is None."""

    def write(_apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
        with schema_editor.connection.cursor() as cursor:
            for rows in _batches(schema_editor, table, column):
                anew = [(written, pk) for pk, text in rows if (written := to(text)) is not None]
                cursor.executemany(f'UPDATE "{table}" SET "{into or column}" = %s WHERE id = %s', anew)  # noqa: S608

    return write


def _batches(schema_editor: BaseDatabaseSchemaEditor, table: str, column: str) -> Iterator[list[tuple[object, str]]]:
    last: object = None
    with schema_editor.connection.cursor() as cursor:
        while True:
            after = "AND id > %s" if last is not None else ""
            cursor.execute(
                f'SELECT id, "{column}" FROM "{table}" WHERE "{column}" <> \'\' {after} ORDER BY id LIMIT {AT_ONCE}',  # noqa: S608
                [last] if last is not None else [],
            )
            rows = cursor.fetchall()
            if not rows:
                return
            yield rows
            last = rows[-1][0]
