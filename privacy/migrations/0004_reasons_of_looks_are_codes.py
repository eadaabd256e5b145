"""Part the reason of a look into a code, an encrypted note, and the match that opened a contact."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

import privacy.fields

CHOSEN = ("call", "asked", "vetting", "safety", "mistake", "other")
NEW_SECRET = "gave a new secret"  # noqa: S105 - a reason in words, not a secret
REASONS = (
    ("call", "to call or write to them about a match"),
    ("asked", "they asked me"),
    ("vetting", "to vet the host"),
    ("safety", "somebody may not be safe"),
    ("mistake", "to put a mistake right"),
    ("other", "another reason, written down beside"),
    ("match", "a match that both sides accepted"),
    ("new_secret", "gave a new secret"),
    ("said", "written down beside"),
)


def parted(words: str) -> tuple[str, str, UUID | None]:
    """Return the code, the note and the match of a reason stored as one text; the code `said` with a text unknown here."""
    if words == NEW_SECRET:
        return "new_secret", "", None
    reason, _colon, note = words.partition(": ")
    if reason in CHOSEN:
        return reason, note, None
    kind, _space, number = words.partition(" ")
    try:
        return ("match", "", UUID(number)) if kind == "match" else ("said", words, None)
    except ValueError:
        return "said", words, None


def joined(reason: str, note: str, match: UUID | None) -> str:
    """Return the reason as the version before stored it."""
    match reason:
        case "match":
            return f"match {match}"
        case "new_secret":
            return NEW_SECRET
        case "said":
            return note[:200]
    return f"{reason}: {note}"[:200] if note else reason


def to_codes(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Part every reason that is not a bare code."""
    for look in _looks(apps).exclude(reason__in=CHOSEN).iterator(chunk_size=1_000):
        look.reason, look.note, look.match = parted(look.reason)
        look.save(update_fields=["reason", "note", "match"])


def to_words(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Join every reason with its note."""
    for look in _looks(apps).iterator(chunk_size=1_000):
        words = joined(look.reason, look.note, look.match)
        if words != look.reason:
            look.reason = words
            look.save(update_fields=["reason"])


def _looks(apps: Apps) -> Any:
    return apps.get_model("privacy", "AccessLog").objects.order_by("pk")


GUARD_OFF = "ALTER TABLE privacy_accesslog DISABLE TRIGGER USER"
GUARD_ON = "ALTER TABLE privacy_accesslog ENABLE TRIGGER USER"


SETTLE = "SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED"
"""Check the foreign keys of the rows written so far: PostgreSQL alters no table while such checks are pending."""


class Migration(migrations.Migration):
    dependencies = [("privacy", "0003_key_rotation")]

    operations = [
        migrations.AddField("accesslog", "note", privacy.fields.EncryptedTextField(blank=True, default="")),
        migrations.AddField("accesslog", "match", models.UUIDField(blank=True, null=True)),
        # A trigger refuses changes of the log to everybody else.
        migrations.RunSQL(GUARD_OFF, GUARD_ON),
        migrations.RunSQL(SETTLE, SETTLE),
        migrations.RunPython(to_codes, to_words),
        migrations.RunSQL(SETTLE, SETTLE),
        migrations.RunSQL(GUARD_ON, GUARD_OFF),
        migrations.AlterField(
            "accesslog",
            "reason",
            models.CharField(choices=list(REASONS), max_length=12, verbose_name="reason"),
        ),
        migrations.AddConstraint(
            "accesslog",
            models.CheckConstraint(
                name="access_log_reason_known", condition=models.Q(reason__in=[code for code, _words in REASONS])
            ),
        ),
        migrations.AddConstraint(
            "accesslog",
            models.CheckConstraint(
                name="access_log_match_named",
                condition=models.Q(("match__isnull", False), ("reason", "match"))
                | (~models.Q(("reason", "match")) & models.Q(("match", None))),
            ),
        ),
    ]
