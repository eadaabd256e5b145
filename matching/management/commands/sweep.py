"""Do once, here and now, everything the worker does at intervals: for cron, or while Redis is away."""

from __future__ import annotations

import random
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from deployment.rules import read_once
from matching import auto_approval, calls, decisions, intake, matchmaking, sheet_imports, sheet_undoing
from notifications.delivering import deliver_due


class Command(BaseCommand):
    help = (
        "Carry out decisions, take in sheets, match, approve by policy, expire what is overdue, ask hosts, "
        "ask for checks that run out, deliver messages. Safe beside running workers."
    )

    @read_once()
    def handle(self, *args: Any, **options: Any) -> None:
        decided = decisions.carry_out_due(at=timezone.now())
        expired = matchmaking.expire_overdue(at=timezone.now())
        while sheet_imports.work_on_sheets(now=timezone.now) or sheet_undoing.work_on_undoing(now=timezone.now):
            pass
        sheet_imports.forget_what_is_old(at=timezone.now())
        matched = matchmaking.match_open_requests(now=timezone.now)
        by_policy = auto_approval.approve_what_may_be(at=timezone.now())
        asked = intake.ask_if_still_available(at=timezone.now())
        rechecks = calls.ask_for_rechecks(at=timezone.now())
        sent = deliver_due(now=timezone.now, jitter=random.random)
        self.stdout.write(
            f"{decided} decisions carried out, {expired} ended, {matched.proposals} proposed, "
            f"{by_policy} approved by policy, {asked} hosts asked, {rechecks} checks asked for, {sent} messages sent."
        )
