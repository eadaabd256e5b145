"""Deadlines to decide and to answer: the sooner the first night, the shorter the time."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from django.conf import settings
from django.utils import timezone

from deployment import rules

TIME_TO_TAKE_BACK = timedelta(hours=1)
"""How long what was said about the first evening can be taken back."""


def local_date(at: datetime) -> date:
    """Return the date in the deployment's time zone at the moment `at`. Tonight's night has this date."""
    return timezone.localtime(at).date()


def evening_of(first_night: date) -> datetime:
    """Return the moment on the first evening after which a household that has not come may be said not to come."""
    return timezone.make_aware(datetime.combine(first_night, time(settings.EVENING_HOUR)))


def answer_by(first_night: date, at: datetime) -> datetime:
    """Return the moment until which a match that begins on `first_night` waits for the next decision or answer.

    The deployment's rule `answer_hours` is a list of (most days ahead, hours) in rising order. The first pair that covers
    `first_night` applies, or else the last pair.
    """
    tiers = rules.current().answer_hours
    days_ahead = (first_night - local_date(at)).days
    hours = next((hours for days, hours in tiers if days_ahead <= days), tiers[-1][1])
    return at + timedelta(hours=hours)
