"""How long people have to decide and to answer: shorter for tonight, longer for next week."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from django.conf import settings
from django.utils import timezone


def local_date(at: datetime) -> date:
    """Return the date in the deployment's time zone at the moment `at`: the day that tonight's night is named after."""
    return timezone.localtime(at).date()


def due_at(first_night: date, at: datetime) -> datetime:
    """Return until when a match beginning on `first_night` waits for the next decision or answer.

    `settings.ANSWER_HOURS` lists (at most so many days ahead, hours), in rising order.
    """
    days_ahead = (first_night - local_date(at)).days
    hours = next((hours for days, hours in settings.ANSWER_HOURS if days_ahead <= days), settings.ANSWER_HOURS[-1][1])
    return at + timedelta(hours=hours)
