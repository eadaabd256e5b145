"""The worker's doors: each asks the clock and makes one call. A task may run twice, or in two workers at the same time."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from deployment.rules import read_once
from matching import intake
from matching.desk import auto_approval, call_list, decisions
from matching.importing import undoing, uploads
from matching.worker import matchmaking
from matching.worker.placing import Keeper, place_what_is_due
from notifications.wakeups import wake
from privacy import retention

KEEPER = Keeper()
"""The market in this process' memory, from one wake-up to the next."""


@shared_task(name="matching.match_open_requests")
@read_once()
def match_open_requests() -> None:
    """Place what is due at once; where a whole round is due, wake those who plan its regions."""
    place_what_is_due(KEEPER, now=timezone.now)
    for region_id in matchmaking.begin_round(now=timezone.now):
        wake("matching.plan_region", region=region_id)
    # While nobody waits: so that the first who does need not wait for the whole market to be read.
    KEEPER.board(at=timezone.now())


@shared_task(name="matching.plan_region")
@read_once()
def plan_region(region: int) -> None:
    """Plan a region of the open round, and whichever others nobody is at."""
    if matchmaking.plan_regions(region, now=timezone.now):
        wake("matching.match_open_requests")


@shared_task(name="matching.approve_by_policy")
@read_once()
def approve_by_policy() -> None:
    """Approve what the deployment's policy lets through; nothing unless a lead switched it on."""
    auto_approval.approve_what_may_be(at=timezone.now())


@shared_task(name="matching.expire_overdue")
@read_once()
def expire_overdue() -> None:
    """Expire what is overdue, complete the stays that are over."""
    matchmaking.expire_overdue(at=timezone.now())


@shared_task(name="matching.ask_if_still_available")
@read_once()
def ask_if_still_available() -> None:
    """Ask the hosts whose word on a space runs out."""
    intake.ask_if_still_available(at=timezone.now())


@shared_task(name="matching.carry_out_decisions")
@read_once()
def carry_out_decisions() -> None:
    """Carry out the coordinators' decisions that nobody undid in time."""
    decisions.carry_out_due(at=timezone.now())


@shared_task(name="matching.ask_for_rechecks")
@read_once()
def ask_for_rechecks() -> None:
    """Say to hosts and coordinators which checks run out soon."""
    call_list.ask_for_rechecks(at=timezone.now())


@shared_task(name="matching.work_on_sheets")
@read_once()
def work_on_sheets() -> None:
    """Look through the sheets that were brought, take in those confirmed, undo those to be undone."""
    uploads.work_on_sheets(now=timezone.now)
    undoing.work_on_undoing(now=timezone.now)


@shared_task(name="matching.apply_retention")
def apply_retention() -> None:
    """Erase whatever any app keeps for so long and no longer."""
    retention.forget_what_is_old(at=timezone.now())
