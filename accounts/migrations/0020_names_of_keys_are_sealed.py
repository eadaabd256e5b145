"""Encrypt the names that people give to their tokens and passkeys."""

from __future__ import annotations

from django.db import migrations

import privacy.fields
from privacy.migrations._sealing_columns import guards_off, guards_on, seal


class Migration(migrations.Migration):
    dependencies = [("accounts", "0016_erased_persons"), ("privacy", "0004_reasons_of_looks_are_codes")]

    operations = [
        migrations.AlterField(
            "accesstoken", "name", privacy.fields.EncryptedTextField(help_text="As its owner called it.")
        ),
        *guards_off("accounts_accesstoken"),
        seal("accounts_accesstoken", "name"),
        *guards_on("accounts_accesstoken"),
        migrations.AlterField(
            "passkey", "name", privacy.fields.EncryptedTextField(help_text="As its owner called it.")
        ),
        *guards_off("accounts_passkey"),
        seal("accounts_passkey", "name"),
        *guards_on("accounts_passkey"),
    ]
