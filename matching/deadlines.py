"""How long people have to decide and to answer: shorter for tonight, longer for next week."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from django.utils import timezone

from deployment import rules


def local_date(at: datetime) -> date:
    """Return the date in the deployment's time zone at the moment `at`: the day that tonight's night is named after."""
    return timezone.localtime(at).date()


def due_at(first_night: date, at: datetime) -> datetime:
    """Return until when a match beginning on `first_night` waits for the next decision or answer.

    The deployment's rule `answer_hours` lists (at most so many days ahead, hours), in rising order.
    """
    tiers = rules.current().answer_hours
    days_ahead = (first_night - local_date(at)).days
    hours = next((hours for days, hours in tiers if days_ahead <= days), tiers[-1][1])
    return at + timedelta(hours=hours)
