"""Encrypt what providers call a message: some repeat the address in it."""

from __future__ import annotations

from django.db import migrations

import privacy.fields
from privacy.migrations._sealing_columns import seal


class Migration(migrations.Migration):
    dependencies = [("notifications", "0007_contacts_proved")]

    operations = [
        migrations.AlterField(
            "delivery",
            "provider_id",
            privacy.fields.EncryptedTextField(
                blank=True, default="", help_text="As the provider says it, who may repeat the address."
            ),
        ),
        seal("notifications_delivery", "provider_id"),
    ]
