"""What PostgreSQL believes about the sizes of tables, brought up to date before many rows are joined."""

from __future__ import annotations

from django.db import connection

OUTGROWN = """
    SELECT pg_class.relname
    FROM pg_class
    LEFT JOIN pg_stat_user_tables AS seen ON seen.relid = pg_class.oid
    WHERE pg_class.relkind = 'r'
      AND pg_class.relnamespace = current_schema()::regnamespace
      AND (
        pg_class.reltuples = 0 AND pg_relation_size(pg_class.oid) > 0
        OR seen.n_mod_since_analyze > 50 + pg_class.reltuples
      )
    ORDER BY pg_class.relname
"""


def refresh_table_statistics() -> list[str]:
    """Let PostgreSQL count anew the tables that have more than doubled since it last did; return their names.

    A vacuum of a quiet week leaves "this table is empty". PostgreSQL corrects that by itself within a minute or so. A long
    sheet comes within a second, and until then a join may read a whole table for each pair of rows.
    A table that somebody else vacuums or analyses at this moment is left to them.
    """
    with connection.cursor() as cursor:
        cursor.execute(OUTGROWN)
        tables = [name for (name,) in cursor.fetchall()]
        if tables:
            cursor.execute(f"ANALYZE (SKIP_LOCKED) {', '.join(map(connection.ops.quote_name, tables))}")
    return tables
