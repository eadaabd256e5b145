"""Turn the sentences that the service itself stored as errors of deliveries into classes; the desk words a class."""

from django.db import migrations, models

TO_CLASSES = """
    UPDATE notifications_delivery SET error_class = 'no_channel', error_text = ''
     WHERE error_class = 'permanent' AND error_text LIKE 'no enabled channel serves %';
    UPDATE notifications_delivery SET error_text = ''
     WHERE error_class = 'expired' AND error_text = 'too late to be told';
"""
TO_SENTENCES = """
    UPDATE notifications_delivery SET error_class = 'permanent', error_text = 'no enabled channel serves ' || point.channel
      FROM notifications_contactpoint point
     WHERE error_class = 'no_channel' AND point.id = contact_point_id;
    UPDATE notifications_delivery SET error_text = 'too late to be told'
     WHERE error_class = 'expired' AND error_text = '';
"""


class Migration(migrations.Migration):

    dependencies = [
        ('notifications', '0004_names_at_the_desk'),
    ]

    operations = [
        migrations.AlterField(
            model_name='delivery',
            name='error_class',
            field=models.CharField(blank=True, choices=[('', 'nothing'), ('timeout', 'no answer in time'), ('rate_limited', 'too many messages at once'), ('server', 'a fault of the provider'), ('permanent', 'the address does not work'), ('unknown', 'not known'), ('expired', 'too late to be told'), ('no_channel', 'no way to reach this address is switched on')], max_length=12, verbose_name='what went wrong'),
        ),
        migrations.RunSQL(TO_CLASSES, TO_SENTENCES),
    ]
