"""Move the reasons of changes of settings and places into erasable rows; name the codes of an incident's log."""

from __future__ import annotations

from typing import Any

import django.db.models.deletion
from django.db import migrations, models

from privacy.migrations._moving_words import InApp, moving, rewritten, unguarded

OFF, ON = unguarded("deployment_settingchange", "places_placechange")
LINES = (("deployment", "settingchange"), ("places", "placechange"))


def remark_column() -> models.Field[Any, Any]:
    return models.OneToOneField(
        blank=True,
        null=True,
        on_delete=django.db.models.deletion.PROTECT,
        related_name="+",
        to="privacy.remark",
    )


OUTCOMES = (
    ("safe", "everybody is safe, and it can stay as it is"),
    ("moved", "somebody has gone to another place"),
    ("handed_on", "police, doctors or another service have taken over"),
    ("not_reached", "nobody could be reached"),
    ("mistake", "it was reported by mistake"),
)


class Migration(migrations.Migration):
    dependencies = [
        ("matching", "0021_remarks"),
        ("deployment", "0002_names_at_the_desk"),
        ("places", "0003_names_at_the_desk"),
    ]

    operations = [
        *(InApp(app, migrations.AddField(line, "remark", remark_column())) for app, line in LINES),
        # Going back, each line must have a reason again; one that was erased is then the empty text.
        *(
            InApp(app, migrations.AlterField(line, "reason", models.CharField(default="", max_length=200)))
            for app, line in LINES
        ),
        OFF,
        moving(("deployment.SettingChange", "reason", 200), ("places.PlaceChange", "reason", 200)),
        ON,
        *(InApp(app, migrations.RemoveField(line, "reason")) for app, line in LINES),
        rewritten(*(f"{app}_{line}" for app, line in LINES)),
        migrations.AlterField(
            "incidentevent", "code", models.CharField(blank=True, choices=list(OUTCOMES), max_length=12)
        ),
    ]
