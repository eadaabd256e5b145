"""Read and write many rows as plain tuples: one statement for a table, without an ORM object for each row.

The database's triggers, constraints and defaults apply as for any other write.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from django.db import connection, models

from privacy.fields import EncryptedBytesField, EncryptedTextField

ROWS_AT_ONCE = 5_000
ENCRYPTED = (EncryptedTextField, EncryptedBytesField)


def read(sql: str, params: Mapping[str, Any] | None = None) -> Iterator[tuple[Any, ...]]:
    """Yield the rows of a query as tuples, fetched ROWS_AT_ONCE at a time."""
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        while rows := cursor.fetchmany(ROWS_AT_ONCE):
            yield from rows


def copy_in(model: type[models.Model], columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Write rows of `model` by one COPY. A column that is not named gets the database's default, or NULL.

    The plain values of encrypted columns are sealed for their columns on the way. Raises django.db.IntegrityError when the
    database refuses a row; then no row is written.
    """
    fields = {field.column: field for field in model._meta.concrete_fields}
    sealed = {at: fields[name] for at, name in enumerate(columns) if isinstance(fields[name], ENCRYPTED)}
    if sealed:
        rows = (
            [sealed[at].get_db_prep_save(value, connection) if at in sealed else value for at, value in enumerate(row)]
            for row in rows
        )
    with connection.cursor() as cursor:
        _copy(cursor, model._meta.db_table, columns, rows)


def with_rows(sql: str, columns: Mapping[str, str], rows: Iterable[Sequence[Any]]) -> int:
    """Run `sql`, which may read `rows` from a temporary table `given`; return how many rows `sql` changed.

    `columns` maps the name of each column of `given` to its SQL type. Call it inside a transaction.
    """
    quote = connection.ops.quote_name
    typed = ", ".join(f"{quote(name)} {kind}" for name, kind in columns.items())
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE TEMPORARY TABLE given ({typed}) ON COMMIT DROP")
        _copy(cursor, "given", list(columns), rows)
        cursor.execute(sql)
        changed: int = cursor.rowcount
        cursor.execute("DROP TABLE given")
    return changed


def _copy(cursor: Any, table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    quote = connection.ops.quote_name
    names = ", ".join(quote(column) for column in columns)
    # Build all rows before COPY begins: a row that queries the database on this connection during COPY would hang.
    ready = list(rows)
    # Django's cursor offers `copy`, but translates errors only of its own methods.
    with connection.wrap_database_errors, cursor.copy(f"COPY {quote(table)} ({names}) FROM STDIN") as copy:
        for row in ready:
            copy.write_row(row)
