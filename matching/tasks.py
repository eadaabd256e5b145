"""The worker's doors. Each may run twice or side by side, and asks the clock for everybody below."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from matching import intake, matchmaking


@shared_task(name="matching.match_open_requests")
def match_open_requests() -> None:
    """Place what is open as proposals, while a round is due."""
    matchmaking.match_open_requests(now=timezone.now)


@shared_task(name="matching.expire_overdue")
def expire_overdue() -> None:
    """Expire what is overdue, complete the stays that are over."""
    matchmaking.expire_overdue(at=timezone.now())


@shared_task(name="matching.ask_if_still_available")
def ask_if_still_available() -> None:
    """Ask the hosts whose word on a space runs out."""
    intake.ask_if_still_available(at=timezone.now())
