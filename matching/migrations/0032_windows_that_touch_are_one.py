"""Make windows of a space that touch one window, as every door does since: one stay may use both."""

from django.db import migrations

JOIN = """
    DO $$
    DECLARE
        run record;
    BEGIN
        -- A window begins a run where the window before it does not end on its first night.
        FOR run IN
            SELECT space_id, (array_agg(id ORDER BY first_night))[1] AS kept, max(last_day) AS until, array_agg(id) AS all_of_it
              FROM (SELECT *, count(*) FILTER (WHERE begins) OVER (PARTITION BY space_id ORDER BY first_night) AS number
                      FROM (SELECT *, lag(last_day) OVER (PARTITION BY space_id ORDER BY first_night)
                                      IS DISTINCT FROM first_night AS begins
                              FROM matching_spacewindow) AS marked) AS numbered
             GROUP BY space_id, number HAVING count(*) > 1
        LOOP
            -- The window grows before the others go: the database refuses a moment at which a promised night has none.
            UPDATE matching_spacewindow SET last_day = run.until WHERE id = run.kept;
            DELETE FROM matching_spacewindow WHERE id = ANY (run.all_of_it) AND id <> run.kept;
        END LOOP;
    END
    $$
"""


class Migration(migrations.Migration):
    dependencies = [
        ("matching", "0031_pairs_are_looked_for_where_there_are_any"),
    ]

    operations = [
        migrations.RunSQL(JOIN, migrations.RunSQL.noop),
    ]
