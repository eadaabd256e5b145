from django.db import migrations, models

ERASE = """
    UPDATE accounts_hostevidence SET picture = '', removed_at = now()
     WHERE kind = 'identity_seen' AND removed_at IS NULL
"""


class Migration(migrations.Migration):
    """Erase the pictures of identity documents, of which hosts read that no copy is kept; refuse new ones."""

    dependencies = [
        ('accounts', '0010_several_codes'),
    ]

    operations = [
        migrations.RunSQL(ERASE, migrations.RunSQL.noop),
        migrations.AddConstraint(
            model_name='hostevidence',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('kind', 'identity_seen'), _negated=True), ('removed_at__isnull', False), _connector='OR'), name='host_evidence_no_document'),
        ),
    ]
