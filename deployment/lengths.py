"""For how many days rows of each kind are kept: the defaults, and the bounds within which leads may change them.

A clock that is not here has a length that follows from what its rows are for, such as a code that ends after minutes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import NamedTuple

from django.conf import settings


class Days(NamedTuple):
    """The default number of days, and the bounds."""

    default: int
    least: int
    most: int


YEAR = 365

LENGTHS: Mapping[str, Days] = {
    "ended_cases": Days(YEAR, 30, 10 * YEAR),
    "hosts_gone": Days(2 * YEAR, 90, 10 * YEAR),
    "coordinators_gone": Days(YEAR, 30, 10 * YEAR),
    "unsent_answers": Days(30, 1, YEAR),
    "evidence": Days(90, 7, 2 * YEAR),
    "words_of_matches": Days(180, 30, 5 * YEAR),
    "words_beside_histories": Days(YEAR, 30, 5 * YEAR),
    "texts_of_incidents": Days(90, 30, 2 * YEAR),
    "incidents": Days(5 * YEAR, YEAR, 10 * YEAR),
    "kept_apart": Days(10 * YEAR, YEAR, 100 * YEAR),
    "looks": Days(2 * YEAR, 180, 10 * YEAR),
    "old_messages": Days(90, 7, 2 * YEAR),
    "answers_of_providers": Days(14, 1, 90),
    "old_sign_ins": Days(90, 7, 2 * YEAR),
    "old_tokens": Days(90, 1, 2 * YEAR),
    "old_invitations": Days(90, 7, 2 * YEAR),
    "imports_before_and_after": Days(30, 1, 90),
    "old_sheets": Days(YEAR, 30, 5 * YEAR),
    "changes_decided_on": Days(30, 7, YEAR),
    "flags_looked_at": Days(90, 7, 2 * YEAR),
    "hours_on_call": Days(90, 30, 2 * YEAR),
    "rounds": Days(90, 7, 2 * YEAR),
}


def defaults() -> dict[str, int]:
    """Return the days of a deployment that has changed none of them, by clock."""
    days = {name: length.default for name, length in LENGTHS.items()}
    return days | {"unsent_answers": settings.DRAFT_DAYS}


def days_of(name: str) -> Callable[[], timedelta]:
    """Return a function that returns the present length of a clock, for `privacy.retention.kept_for`."""
    from deployment import rules  # rules stand on this module

    assert name in LENGTHS
    return lambda: timedelta(days=rules.current().kept_days[name])
