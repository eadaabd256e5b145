"""Requests keep what the household said about who they are; `manage.py risk_tiers` says which matches change tier."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0007_changes_are_codes'),
        ('matching', '0013_limits_are_numbers'),
        ('places', '0003_names_at_the_desk'),
    ]

    operations = [
        migrations.AddField(
            model_name='shelterrequest',
            name='composition',
            field=models.CharField(blank=True, choices=[('', 'not asked'), ('women', 'only women, or women with children'), ('mixed', 'men, or men and women'), ('unsaid', 'would rather not say')], db_default='', default='', max_length=6, verbose_name='who they are'),
        ),
        # Whether anybody asked the others is not known: they stay empty, and count as vulnerable for up to two people.
        migrations.RunSQL(
            "UPDATE matching_shelterrequest SET composition = 'women' WHERE all_women", migrations.RunSQL.noop
        ),
        migrations.AddConstraint(
            model_name='shelterrequest',
            constraint=models.CheckConstraint(condition=models.Q(('composition__in', ['', 'women', 'mixed', 'unsaid'])), name='request_composition_known'),
        ),
        migrations.AddConstraint(
            model_name='shelterrequest',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('all_women', True), ('composition', 'women')), models.Q(('all_women', False), models.Q(('composition', 'women'), _negated=True)), _connector='OR'), name='request_women_are_women'),
        ),
    ]
