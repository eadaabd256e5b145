"""Take the service's own words out of the errors of deliveries: classes and names of exceptions stay, and provider's words."""

from __future__ import annotations

from django.db import migrations, models

TO_CODES = r"""
    UPDATE notifications_delivery SET error_text = ''
     WHERE error_class = 'timeout'
       AND error_text IN ('the gateway did not answer in time', 'the SMTP server did not answer in time');
    UPDATE notifications_delivery SET error_class = 'lost', error_text = ''
     WHERE error_class = 'unknown' AND error_text = 'no worker lived through an attempt';
    UPDATE notifications_delivery SET error_text = substring(error_text FROM '[0-9]+')
     WHERE error_text ~ '^(SMTP -?[0-9]+|recipient refused \([0-9]+\))$';
    UPDATE notifications_delivery SET exception = left(error_text, 60), error_text = ''
     WHERE error_class IN ('unknown', 'server') AND error_text ~ '^[A-Za-z_]+$';
"""
TO_SENTENCES = """
    UPDATE notifications_delivery SET error_class = 'unknown', error_text = 'no worker lived through an attempt'
     WHERE error_class = 'lost';
    UPDATE notifications_delivery SET error_text = exception WHERE exception <> '' AND error_text = '';
"""


class Migration(migrations.Migration):
    dependencies = [("notifications", "0005_own_errors_are_classes")]

    operations = [
        migrations.AddField(
            "delivery",
            "exception",
            models.CharField(blank=True, max_length=60, verbose_name="name of the error in the program"),
        ),
        migrations.AlterField(
            "delivery",
            "error_class",
            models.CharField(
                blank=True,
                choices=[
                    ("", "nothing"),
                    ("timeout", "no answer in time"),
                    ("rate_limited", "too many messages at once"),
                    ("server", "a fault of the provider"),
                    ("permanent", "the address does not work"),
                    ("unknown", "not known"),
                    ("expired", "too late to be told"),
                    ("no_channel", "no way to reach this address is switched on"),
                    ("lost", "every try of the service broke off before its end"),
                ],
                max_length=12,
                verbose_name="what went wrong",
            ),
        ),
        migrations.RunSQL(TO_CODES, TO_SENTENCES),
    ]
