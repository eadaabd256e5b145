"""Waking a worker after commit. A wake-up that is lost costs time until the next sweep, never the work."""

from __future__ import annotations

import logging
import time

from celery import current_app
from django.db import transaction

log = logging.getLogger(__name__)

QUIET_AFTER_FAILURE_SECONDS = 5.0
"""After Redis failed, this process does not try again for so long: the sweep re-drives everything."""

_failed_at = float("-inf")


def wake(task_name: str, **ids: int | str) -> None:
    """Send the Celery task `task_name` with `ids` once the present transaction has committed (at once outside one).

    Never raises and never waits long: a refused broker costs nothing, a frozen one about a second, once.
    Several equal wake-ups of one transaction are sent once.
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
    except Exception as error:  # Whatever the broker's library raises: nothing may reach the person asking.
        _failed_at = time.monotonic()
        log.warning("no wake-up for %s (%s); the sweep will do it", task_name, error.__class__.__name__)
