"""The worker's door to the outbox."""

from __future__ import annotations

import random

from celery import shared_task
from django.utils import timezone

from notifications.delivering import deliver_due


@shared_task(name="notifications.deliver")
def deliver() -> None:
    """Deliver the messages that are due. Several runs side by side do no harm: `delivering.claim` shares the rows."""
    deliver_due(now=timezone.now, jitter=random.random)
