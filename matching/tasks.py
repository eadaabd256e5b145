"""The Celery tasks of matching: each takes the time and makes one call. Every task may run twice, or in two workers at once."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from deployment.rules import read_once
from matching import apart, intake, paging
from matching.desk import auto_approval, call_list, decisions
from matching.importing import undoing, uploads
from matching.worker import matchmaking
from matching.worker.placing import Keeper, place_what_is_due
from notifications.wakeups import wake
from privacy import retention

KEEPER = Keeper()
"""Keeps the market in the memory of this process from one wake-up to the next."""


@shared_task(name="matching.match_open_requests")
@read_once()
def match_open_requests() -> None:
    """Place what is due at once. If a whole round is due, wake the workers that plan its regions."""
    place_what_is_due(KEEPER, now=timezone.now)
    for region_id in matchmaking.begin_round(now=timezone.now):
        wake("matching.plan_region", region=region_id)
    # Load the market now, while nobody waits: otherwise the next request would wait until all of it is read.
    KEEPER.board(at=timezone.now())


@shared_task(name="matching.plan_region")
@read_once()
def plan_region(region: int) -> None:
    """Plan the free regions of the open round that has this region; wake the placer if that finished the round."""
    if matchmaking.plan_regions(region, now=timezone.now):
        wake("matching.match_open_requests")


@shared_task(name="matching.approve_by_policy")
@read_once()
def approve_by_policy() -> None:
    """Approve the proposals that the deployment's policy allows; none unless a lead coordinator switched that on."""
    auto_approval.approve_what_may_be(at=timezone.now())


@shared_task(name="matching.expire_overdue")
@read_once()
def expire_overdue() -> None:
    """Expire overdue matches and complete stays that are over."""
    matchmaking.expire_overdue(at=timezone.now())


@shared_task(name="matching.settle_lists")
@read_once()
def settle_lists() -> None:
    """Settle what the lists of people not to be met mean for the matches there are."""
    apart.settle(at=timezone.now())


@shared_task(name="matching.ask_if_still_available")
@read_once()
def ask_if_still_available() -> None:
    """Ask hosts whether a space still stands when its confirmation runs out soon."""
    intake.ask_if_still_available(at=timezone.now())


@shared_task(name="matching.carry_out_decisions")
@read_once()
def carry_out_decisions() -> None:
    """Carry out the coordinators' decisions that nobody undid in time."""
    decisions.carry_out_due(at=timezone.now())


@shared_task(name="matching.page_incidents")
@read_once()
def page_incidents() -> None:
    """Page the next step of every incident that nobody has acknowledged in time; say that nobody is on call."""
    paging.page_what_is_due(at=timezone.now())
    paging.page_empty_hour(at=timezone.now())


@shared_task(name="matching.ask_for_rechecks")
@read_once()
def ask_for_rechecks() -> None:
    """Tell hosts and coordinators which checks run out soon."""
    call_list.ask_for_rechecks(at=timezone.now())


@shared_task(name="matching.work_on_sheets")
@read_once()
def work_on_sheets() -> None:
    """Preview sheets that were brought, take in those that are confirmed, and undo those that are to be undone."""
    uploads.work_on_sheets(now=timezone.now)
    undoing.work_on_undoing(now=timezone.now)


@shared_task(name="matching.apply_retention")
def apply_retention() -> None:
    """Erase the rows of every app that have been kept for as long as the app allows."""
    retention.forget_what_is_old(at=timezone.now())
