"""Encrypt the keys of sheets, which people make up, and keep an index to find them; keep an index of idempotency keys only."""

from __future__ import annotations

from django.db import migrations, models
from django.db.migrations.operations.base import Operation

import privacy.fields
from privacy.migrations._sealing_columns import guards_off, guards_on, index, seal

HELP = "Finds a row by its key, which people make up: it may be a name or a phone number."


def keys_of(model: str, sheet_key: str) -> list[Operation]:
    table = f"matching_{model}"
    return [
        migrations.AddField(
            model,
            "external_index",
            models.CharField(blank=True, db_default="", default="", help_text=HELP, max_length=64),
        ),
        migrations.AlterField(
            model,
            "external_id",
            privacy.fields.EncryptedTextField(
                blank=True, help_text=f"Its {sheet_key} in an imported spreadsheet.", null=True
            ),
        ),
        # Neither a match nor the market changes by it.
        *guards_off(table),
        index(table, "external_index", "external_id"),
        seal(table, "external_id"),
        *guards_on(table),
    ]


class Migration(migrations.Migration):
    dependencies = [("matching", "0029_new_spaces_wait"), ("privacy", "0004_reasons_of_looks_are_codes")]

    operations = [
        *keys_of("space", "space_id"),
        *keys_of("shelterrequest", "request_id"),
        migrations.AddConstraint(
            "space",
            models.UniqueConstraint(
                name="space_key_once", fields=["external_index"], condition=~models.Q(external_index="")
            ),
        ),
        migrations.AddConstraint(
            "shelterrequest",
            models.UniqueConstraint(
                name="request_key_once", fields=["external_index"], condition=~models.Q(external_index="")
            ),
        ),
        migrations.AlterField("sheetimportrow", "key", privacy.fields.EncryptedTextField(blank=True, default="")),
        seal("matching_sheetimportrow", "key"),
        # No way leads back from an index to a key; a call that is repeated after going back is done again.
        index("matching_idempotencykey", "key", "key"),
        migrations.AlterField(
            "idempotencykey",
            "key",
            models.CharField(help_text="An index of what the caller sent, which may be anything.", max_length=64),
        ),
    ]
