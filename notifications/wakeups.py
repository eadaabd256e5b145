"""Waking a worker after a commit. If a wake-up is lost, the work waits for the next sweep, but is not lost."""

from __future__ import annotations

import logging
import time

from celery import current_app
from django.db import transaction

log = logging.getLogger(__name__)

QUIET_AFTER_FAILURE_SECONDS = 5.0
"""Seconds without wake-ups from this process after Redis failed. The sweep finds the work meanwhile."""

_failed_at = float("-inf")


def wake(task_name: str, **ids: int | str) -> None:
    """Send the Celery task `task_name` with `ids` after the transaction has committed; outside a transaction, at once.

    Equal wake-ups of one transaction are sent once. Never raises and hardly waits: a broker that refuses costs
    nothing, and a frozen one about a second, once in QUIET_AFTER_FAILURE_SECONDS.
    """
    connection = transaction.get_connection()
    wakes = (task_name, *sorted(ids.items()))
    if any(getattr(entry[1], "wakes", None) == wakes for entry in connection.run_on_commit):
        return

    def send() -> None:
        _send(task_name, ids)

    send.wakes = wakes  # type: ignore[attr-defined]
    transaction.on_commit(send, robust=True)


def _send(task_name: str, ids: dict[str, int | str]) -> None:
    global _failed_at
    if time.monotonic() - _failed_at < QUIET_AFTER_FAILURE_SECONDS:
        return
    try:
        current_app.send_task(task_name, kwargs=ids, retry=False, ignore_result=True)
    except Exception as error:  # No error of the broker's library may reach the person whose act this is.
        _failed_at = time.monotonic()
        log.warning("no wake-up for %s (%s); the sweep will do it", task_name, error.__class__.__name__)
