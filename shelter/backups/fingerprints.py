"""What a database holds, in numbers: rows and a checksum of each table, and how many triggers and constraints guard them.

Two databases with the same fingerprint hold the same rows under the same guards.
"""

from __future__ import annotations

from typing import Any

from django.db import connection, transaction
from psycopg import sql

EVERY_TABLE = """
    SELECT c.oid::regclass::text, n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p') ORDER BY c.relname"""
GUARDS = """
    SELECT (SELECT count(*) FROM pg_trigger WHERE NOT tgisinternal AND tgenabled <> 'D'),
        (SELECT count(*) FROM pg_constraint k JOIN pg_namespace n ON n.oid = k.connamespace
            WHERE n.nspname = 'public' AND convalidated),
        (SELECT count(*) FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_namespace n ON n.oid = c.relnamespace
            WHERE n.nspname = 'public' AND indisvalid)"""
WRITTEN_ALIKE = (
    "TimeZone = 'UTC'",
    "DateStyle = 'ISO'",
    "IntervalStyle = 'postgres'",
    "extra_float_digits = 1",
    "bytea_output = 'hex'",
)
"""How values are written as text, which a checksum is taken of, whatever the server's own settings are."""
ANYTHING = """
    SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname NOT LIKE 'pg\\_%' AND c.relkind <> 'i'"""


def version_of_server() -> int:
    """Return the version of the server as a number: 180004 is 18.4."""
    with connection.cursor() as cursor:
        cursor.execute("SHOW server_version_num")
        return int(cursor.fetchone()[0])


def is_empty() -> bool:
    """Return whether the database holds no table, view or sequence at all."""
    with connection.cursor() as cursor:
        cursor.execute(ANYTHING)
        found: int = cursor.fetchone()[0]
    return not found


def fingerprint() -> dict[str, Any]:
    """Return `tables` (name → rows and checksum) and `guards` (enabled triggers, valid constraints, valid indexes).

    A checksum is the exclusive or of the first 64 bits of the MD5 of each row as text, so that the order of rows does not
    count. It finds what was lost, not what a forger changed: the copy's own HMAC does that. Call it inside a transaction for the
    numbers of one moment.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        for setting in WRITTEN_ALIKE:
            cursor.execute(f"SET LOCAL {setting}")
        cursor.execute(EVERY_TABLE)
        tables = {}
        for name, schema, table in cursor.fetchall():
            cursor.execute(
                sql.SQL(
                    "SELECT count(*), coalesce(bit_xor(('x' || substr(md5(t::text), 1, 16))::bit(64))::text, '') FROM {} t"
                ).format(sql.Identifier(schema, table))
            )
            tables[name] = list(cursor.fetchone())
        cursor.execute(GUARDS)
        return {"tables": tables, "guards": list(cursor.fetchone())}


def differences(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    """Return in plain words how two fingerprints differ; nothing where they are equal."""
    found = []
    for table in sorted({*before["tables"], *after["tables"]}):
        was, now = before["tables"].get(table), after["tables"].get(table)
        if was is None or now is None:
            found.append(f"the table {table} is {'new' if was is None else 'missing'}")
        elif was[0] != now[0]:
            found.append(f"{table} has {now[0]} rows, and had {was[0]}")
        elif was[1] != now[1]:
            found.append(f"a row of {table} differs")
    for what, was, now in zip(("triggers", "constraints", "indexes"), before["guards"], after["guards"], strict=True):
        if was != now:
            found.append(f"there are {now} {what}, and were {was}")
    return found
