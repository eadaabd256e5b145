"""The worker's door to signing in."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from accounts import signing_in


@shared_task(name="accounts.answer_code_requests")
def answer_code_requests() -> None:
    """Send the codes that hosts have asked for. Several runs side by side share the requests."""
    signing_in.answer_code_requests(at=timezone.now())
