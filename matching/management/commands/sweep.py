"""Do once everything that the worker does at intervals: for cron, or while Redis is down."""

from __future__ import annotations

import random
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from accounts.signing_in import answer_code_requests
from deployment.rules import read_once
from matching import apart, intake, paging
from matching.desk import auto_approval, call_list, decisions
from matching.importing import undoing, uploads
from matching.worker import matchmaking
from notifications.delivering import deliver_due
from privacy import retention


class Command(BaseCommand):
    help = (
        "Page whoever is on call, carry out decisions, take in sheets, match, approve by policy, expire what is overdue, "
        "ask hosts, ask for checks that run out, deliver messages, erase what has been kept long enough. "
        "Safe beside running workers."
    )

    @read_once()
    def handle(self, *args: Any, **options: Any) -> None:
        paged = paging.page_what_is_due(at=timezone.now())
        paging.page_empty_hour(at=timezone.now())
        decided = decisions.carry_out_due(at=timezone.now())
        expired = apart.settle(at=timezone.now())
        expired += matchmaking.expire_overdue(at=timezone.now())
        while uploads.work_on_sheets(now=timezone.now) or undoing.work_on_undoing(now=timezone.now):
            pass
        matched = matchmaking.match_open_requests(now=timezone.now)
        by_policy = auto_approval.approve_what_may_be(at=timezone.now())
        asked = intake.ask_if_still_available(at=timezone.now())
        rechecks = call_list.ask_for_rechecks(at=timezone.now())
        erased = retention.forget_what_is_old(at=timezone.now())
        answer_code_requests(at=timezone.now())
        sent = deliver_due(now=timezone.now, jitter=random.random)
        self.stdout.write(
            f"{paged} steps paged, {decided} decisions carried out, {expired} ended, {matched.proposals} proposed, "
            f"{by_policy} approved by policy, {asked} hosts asked, {rechecks} checks asked for, {sent} messages sent, "
            f"{sum(erased.values())} rows erased."
        )
