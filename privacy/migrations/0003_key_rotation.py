from django.conf import settings
from django.db import migrations, models
from django.utils import timezone

OLD_FORMAT = "old format"


def note_a_new_database(apps, schema_editor):
    """Refuse the old format from the start where nobody is written down yet: a new database holds nothing in it."""
    if not apps.get_model(settings.AUTH_USER_MODEL).objects.exists():
        apps.get_model("privacy", "KeyRotation").objects.create(what=OLD_FORMAT, ended_at=timezone.now())


class Migration(migrations.Migration):

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ('privacy', '0002_names_at_the_desk'),
    ]

    operations = [
        migrations.CreateModel(
            name='KeyRotation',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('what', models.CharField(max_length=150, unique=True)),
                ('key_id', models.CharField(blank=True, default='', max_length=8)),
                ('cursor', models.CharField(blank=True, default='', max_length=100)),
                ('left', models.PositiveIntegerField(default=0, help_text='Rows before the cursor that could not be written.')),
                ('ended_at', models.DateTimeField(blank=True, null=True)),
            ],
            options={
                'verbose_name': 'change of a key',
                'verbose_name_plural': 'changes of keys',
            },
        ),
        migrations.RunPython(note_a_new_database, migrations.RunPython.noop),
    ]
