"""Do once, here and now, everything the worker does at intervals: for cron, or while Redis is away."""

from __future__ import annotations

import random
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from matching import intake, matchmaking
from notifications.delivering import deliver_due


class Command(BaseCommand):
    help = "Match open requests, expire what is overdue, ask hosts, deliver messages. Safe beside running workers."

    def handle(self, *args: Any, **options: Any) -> None:
        expired = matchmaking.expire_overdue(at=timezone.now())
        rounds = matchmaking.match_open_requests(now=timezone.now)
        asked = intake.ask_if_still_available(at=timezone.now())
        sent = deliver_due(now=timezone.now, jitter=random.random)
        proposals = sum(done.proposals for done in rounds)
        self.stdout.write(f"{expired} ended, {proposals} proposed, {asked} hosts asked, {sent} messages sent.")
