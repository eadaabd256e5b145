"""Move what people typed beside lines of history into erasable rows: of matches, of notes, and of verdicts on duplicates."""

from __future__ import annotations

from typing import Any

import django.db.models.deletion
from django.db import migrations, models

from privacy.migrations._moving_words import moving, rewritten, unguarded

LINES = ("matching_matchevent", "matching_desknote", "matching_pairverdict")
OFF, ON = unguarded(*LINES)


def remark_column() -> models.Field[Any, Any]:
    return models.OneToOneField(
        blank=True,
        null=True,
        on_delete=django.db.models.deletion.PROTECT,
        related_name="+",
        to="privacy.remark",
    )


class Migration(migrations.Migration):
    dependencies = [
        ("matching", "0020_incidents_of_earlier_reports"),
        ("accounts", "0019_remarks"),
    ]

    operations = [
        *(migrations.AddField(line, "remark", remark_column()) for line in ("matchevent", "desknote", "pairverdict")),
        OFF,
        moving(
            ("matching.MatchEvent", "note", None),
            ("matching.DeskNote", "text", None),
            ("matching.PairVerdict", "reason", 200),
        ),
        ON,
        migrations.RemoveField("matchevent", "note"),
        migrations.RemoveField("desknote", "text"),
        migrations.RemoveField("pairverdict", "reason"),
        rewritten(*LINES),
    ]
