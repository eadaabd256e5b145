"""What migrations need to move free text from a line of history into an erasable row beside it, and back.

It has a leading underscore, so that Django does not take it for a migration. Like a migration, it keeps to the schema of its time.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from typing import Any

from django.apps.registry import Apps
from django.db import connection, migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.operations.base import Operation
from django.db.models.functions import Length

from privacy.ciphertext import DoesNotOpen

AT_ONCE = 1_000
"""Lines in a batch, so that the memory does not grow with the table."""

SETTLE = "SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED"
"""Check the foreign keys of the rows written so far: PostgreSQL alters no table while such checks are pending."""


class InApp(Operation):
    """An operation on a model of another app. The app whose migration holds it depends on that app.

    The remarks and all lines beside which they stand change in one step: no version has a line whose words are in both places.
    """

    def __init__(self, app: str, operation: Operation) -> None:
        self.app, self.operation = app, operation
        self.atomic, self.reversible = operation.atomic, operation.reversible
        self.reduces_to_sql = operation.reduces_to_sql

    def state_forwards(self, app_label: str, state: Any) -> None:
        self.operation.state_forwards(self.app, state)

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        self.operation.database_forwards(self.app, schema_editor, from_state, to_state)

    def database_backwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        self.operation.database_backwards(self.app, schema_editor, from_state, to_state)

    def describe(self) -> str:
        return f"{self.operation.describe()} (of {self.app})"

    def references_model(self, name: str, app_label: str) -> bool:
        return True


def unguarded(*tables: str) -> tuple[migrations.RunSQL, migrations.RunSQL]:
    """Return the operations that let a migration change lines of history, and that close them again."""
    off = "".join(f"ALTER TABLE {table} DISABLE TRIGGER USER;" for table in tables)
    on = off.replace("DISABLE", "ENABLE")
    return migrations.RunSQL(f"{SETTLE}; {off}", f"{SETTLE}; {on}"), migrations.RunSQL(
        f"{SETTLE}; {on}", f"{SETTLE}; {off}"
    )


def rewritten(*tables: str) -> migrations.RunSQL:
    """Return the operation that writes these tables anew, in one new file each.

    PostgreSQL leaves the content of a column that was taken out, and of rows that were changed, in the table's old file.
    """
    anew = "".join(f"CLUSTER {table} USING {table}_pkey; ALTER TABLE {table} SET WITHOUT CLUSTER;" for table in tables)
    return migrations.RunSQL(f"{SETTLE}; {anew}", migrations.RunSQL.noop)


def move_out(apps: Apps, model: str, column: str, *, at: str = "at") -> int:
    """Move the words of one column of every line into a remark beside it; return how many lines had words.

    Raises RuntimeError, and moves nothing, where the words of a line open under no key that is given.
    """
    lines = apps.get_model(model)._default_manager
    with_words = lines.filter(remark=None).annotate(size=Length(column)).filter(size__gt=0)
    return give_remarks(apps, model, lambda rows: _opened(rows, model, column, at), with_words)


def give_remarks(apps: Apps, model: str, read: Callable[[Any], list[tuple[Any, str, Any]]], rows: Any) -> int:
    """Write a remark for each of `rows`, in batches; `read` returns (primary key, words, moment) for a query of rows."""
    remarks, table, moved = apps.get_model("privacy", "Remark")._default_manager, rows.model._meta.db_table, 0
    for batch in _batches(rows):
        found = read(batch)
        made = remarks.bulk_create([remarks.model(text=words, written_at=at) for _pk, words, at in found])
        with connection.cursor() as cursor:
            cursor.execute(
                f"UPDATE {table} AS line SET remark_id = given.remark"
                " FROM unnest(%s::bigint[], %s::bigint[]) AS given (line, remark) WHERE line.id = given.line",
                [[pk for pk, _words, _at in found], [remark.pk for remark in made]],
            )
        moved += len(found)
    _tell(f"{model}: the words of {moved} lines moved beside them", moved)
    return moved


def move_in(apps: Apps, model: str, column: str, *, longest: int | None = None) -> int:
    """Move every remark of a table back into the column of its line, and delete it; return how many lines had one.

    Erased words stay erased. `longest` is the number of characters that the column holds.
    """
    lines, moved = apps.get_model(model)._default_manager, 0
    remarks = apps.get_model("privacy", "Remark")._default_manager
    for batch in _batches(lines.filter(remark__isnull=False)):
        found = list(batch.select_related("remark"))
        gone = [line.remark_id for line in found]
        for line in found:
            setattr(line, column, line.remark.text[:longest])
            line.remark = None
        lines.bulk_update(found, [column, "remark"])
        remarks.filter(pk__in=gone).delete()
        moved += len(found)
    _tell(f"{model}: the words of {moved} lines moved back", moved)
    return moved


def _batches(rows: Any) -> Iterator[Any]:
    """Yield the rows in order, some at a time, as queries."""
    after = None
    while True:
        further = rows if after is None else rows.filter(pk__gt=after)
        ids = list(further.order_by("pk").values_list("pk", flat=True)[:AT_ONCE])
        if not ids:
            return
        yield rows.model._default_manager.filter(pk__in=ids).order_by("pk")
        after = ids[-1]


def _opened(rows: Any, model: str, column: str, at: str) -> list[tuple[Any, str, Any]]:
    try:
        return list(rows.values_list("pk", column, at))
    except DoesNotOpen:
        closed = [pk for pk in rows.values_list("pk", flat=True) if not _opens(rows.filter(pk=pk), column)]
    raise RuntimeError(
        f"{model}: the column {column} of the rows {closed} opens under no key of SHELTER_FIELD_KEYS. Nothing is changed. "
        "Give the key under which they were written, and migrate again."
    )


def _opens(row: Any, column: str) -> bool:
    try:
        list(row.values_list(column))
    except DoesNotOpen:
        return False
    return True


def _tell(words: str, moved: int) -> None:
    if moved:
        sys.stdout.write(f"\n    {words}")


Move = Callable[[Apps, BaseDatabaseSchemaEditor], None]


def moving(*columns: tuple[str, str, int | None]) -> migrations.RunPython:
    """Return the operation that moves these columns, each as (model, column, characters that it held), out and back in."""

    def out(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
        for model, column, _longest in columns:
            move_out(apps, model, column)

    def back(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
        for model, column, longest in columns:
            move_in(apps, model, column, longest=longest)

    return migrations.RunPython(out, back)
