"""A host's calendar: the nights of a month in weeks, each with its state in a word."""

from __future__ import annotations

import calendar
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from django.utils import formats
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from matching.models import Match, Space
from matching.states import Status

MONTHS_AHEAD = 24


class NightState(StrEnum):
    """The state of a night as its host sees it. Hosts do not see proposals, so nights held by a proposal look free."""

    NOT_OFFERED = "none"
    FREE = "free"
    PART = "part"
    HELD = "held"
    TAKEN = "taken"


@dataclass(frozen=True, slots=True)
class NightShown:
    """One night: `people` are there or expected, and `free` beds are left. `over`: the night is before today."""

    day: date
    kind: NightState
    people: int
    free: int
    over: bool

    @property
    def words(self) -> str:
        match self.kind:
            case NightState.NOT_OFFERED:
                return _("not offered")
            case NightState.FREE:
                return _("free")
            case NightState.HELD:
                return _("held")
            case NightState.TAKEN:
                return _("taken")
            case NightState.PART:
                return ngettext("%(free)s free", "%(free)s free", self.free) % {"free": self.free}


WeekShown = Sequence[NightShown | None]


@dataclass(frozen=True, slots=True)
class Month:
    """A month in weeks of seven days. None stands for a day of another month.

    `weekdays` are (short, full) names. `before` and `after` name the neighbouring months as addresses do (2022-09), or
    are "" if that month is not shown.
    """

    first: date
    weekdays: Sequence[tuple[str, str]]
    weeks: Sequence[WeekShown]
    before: str
    after: str


def first_night_to_come(space: Space, today: date) -> date:
    """Return the first night from today on that the space offers, or today. Prefetch the space's windows."""
    nights = [max(window.first_night, today) for window in space.windows.all() if window.last_day > today]
    return min(nights, default=today)


def read_month(text: str, today: date, *, first_open: date | None = None) -> date:
    """Return the first day of the month that `text` names (2022-09).

    Where it names none, that is the month of `first_open`, so that no calendar opens on a month without a night; and this
    month where the one named is not shown.
    """
    this = today.replace(day=1)
    if not text and first_open is not None:
        return min(first_open.replace(day=1), _shifted(this, MONTHS_AHEAD))
    try:
        year, month = map(int, text.split("-"))
        wanted = date(year, month, 1)
    except ValueError:
        return this
    return wanted if this <= wanted <= _shifted(this, MONTHS_AHEAD) else this


def month_of(space: Space, matches: Iterable[Match], first: date, today: date) -> Month:
    """Return the month that begins on `first`, with the beds that `matches` hold. Prefetch the space's windows."""
    held, this = list(matches), today.replace(day=1)
    first_weekday = (int(formats.get_format("FIRST_DAY_OF_WEEK")) - 1) % 7
    weeks = calendar.Calendar(first_weekday).monthdatescalendar(first.year, first.month)
    return Month(
        first=first,
        weekdays=[
            (formats.date_format(day, "D"), formats.date_format(day, "l"))  # Any week has the weekdays' names.
            for day in weeks[0]
        ],
        weeks=[
            [_night(space, held, day, today) if day.month == first.month else None for day in week] for week in weeks
        ],
        before=f"{_shifted(first, -1):%Y-%m}" if first > this else "",
        after=f"{_shifted(first, 1):%Y-%m}" if first < _shifted(this, MONTHS_AHEAD) else "",
    )


def _night(space: Space, held: Sequence[Match], day: date, today: date) -> NightShown:
    here = [match for match in held if match.covers(day)]
    people = sum(match.people for match in here)
    offered = any(window.first_night <= day < window.last_day for window in space.windows.all())
    free = space.beds - people if offered and (space.shared or not people) else 0
    return NightShown(day, _kind(here, free, offered=offered), people, free, over=day < today)


def _kind(here: Sequence[Match], free: int, *, offered: bool) -> NightState:
    if not here:
        return NightState.FREE if offered else NightState.NOT_OFFERED
    if free:
        return NightState.PART
    return NightState.HELD if any(match.status == Status.APPROVED for match in here) else NightState.TAKEN


def _shifted(first: date, months: int) -> date:
    number = first.year * 12 + first.month - 1 + months
    return date(number // 12, number % 12 + 1, 1)
