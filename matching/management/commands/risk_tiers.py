"""Print the table of risks, and how many live matches are in another tier than the one noted with them."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from deployment import rules
from matching.deadlines import local_date
from matching.desk.tiers import changed_tiers, tiers

TWO_APPROVALS, ONE_APPROVAL = "two coordinators", "one coordinator"


class Command(BaseCommand):
    help = "Print which risks need two coordinators, and how many live matches change tier by today's table."

    def handle(self, *args: Any, **options: Any) -> None:
        for tier in tiers(rules.current()):
            self.stdout.write(f"{tier.risk:20} {tier.about:10} {tier.approvals or '-'}")
        changed = changed_tiers(local_date(timezone.now()))
        for each in changed:
            was, now = (TWO_APPROVALS if high else ONE_APPROVAL for high in (each.noted_high, each.is_high))
            self.stdout.write(f"{each.matches} {each.status}: noted as {was}, now {now}")
        self.stdout.write(f"{sum(each.matches for each in changed)} live matches are in another tier than noted.")
