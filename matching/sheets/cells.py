"""Read one cell as it was meant, or say what to write instead.

Every reader takes the text of a cell, which is not empty and has no white space around it, and raises `CellProblem` with
a sentence. Dates and lists are cached, because a sheet of 100,000 rows repeats them.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterable
from datetime import date, datetime, tzinfo
from typing import Any, TypeVar

import reading.languages
from matching.limits import LONGEST_WINDOW
from matching.sheets.sentences import Sentence
from reading import answers, contacts, dates, keys, numbers
from reading.signs import Unreadable

Window = tuple[date, date]
Written = TypeVar("Written")

FURTHEST_KM = 20_040
"""Half of the Earth's circumference: no radius can be longer."""

_WHO = {
    **dict.fromkeys(("anyone", "any", "все", "всех", "любой", "любые", "кто угодно", "кез келген"), "anyone"),
    **dict.fromkeys(("women", "women only", "женщины", "женщин", "только женщины", "әйелдер"), "women"),
    **dict.fromkeys(("families", "family", "семьи", "семья", "только семьи", "отбасылар"), "families"),
}

_DOTTED_MOMENT = re.compile(r"(\d{1,2}\.\d{1,2}\.\d{2,4})(?:[ ,]+(\d{1,2}):(\d{2})(?::(\d{2}))?)?")


class CellProblem(ValueError):
    """The cell cannot be read; the `sentence` says what to write instead."""

    def __init__(self, code: str, **values: Any) -> None:
        self.sentence = Sentence(code, **values)
        super().__init__(self.sentence)


def _written_alike(read: Callable[[str], Written]) -> Callable[[str], Written]:
    """Return a reader of cells from a reader of texts that every door shares (`reading`)."""

    @functools.wraps(read)
    def of_cell(cell: str) -> Written:
        try:
            return read(cell)
        except Unreadable as unreadable:
            raise CellProblem(unreadable.code, **unreadable.values) from None

    return of_cell


phone, email, telegram = map(_written_alike, (contacts.phone, contacts.email, contacts.telegram))
yes_no, decimal = _written_alike(answers.yes_no), _written_alike(numbers.decimal)
day = functools.lru_cache(maxsize=4096)(_written_alike(dates.day))
languages = functools.lru_cache(maxsize=4096)(_written_alike(reading.languages.languages))
_written_windows = _written_alike(dates.windows)


def whole_number(smallest: int, greatest: int) -> Callable[[str], int]:
    """Return a reader of whole numbers within these bounds, both included."""

    @functools.lru_cache(maxsize=4096)
    def read(cell: str) -> int:
        try:
            number = numbers.whole(cell)
        except Unreadable:
            values = {"smallest": smallest, "greatest": greatest, "example": max(smallest, 2)}
            raise CellProblem("one_whole_number", **values) from None
        if not smallest <= number <= greatest:
            raise CellProblem("whole_number", smallest=smallest, greatest=greatest)
        return number

    return read


def coordinate(name: str, limit: float) -> Callable[[str], float]:
    """Return a reader of degrees from -`limit` to `limit`; `name` is latitude or longitude."""

    def read(cell: str) -> float:
        degrees = decimal(cell)
        if not -limit <= degrees <= limit:
            raise CellProblem(name)
        return degrees

    return read


def radius(cell: str) -> float:
    """Return a distance in km, more than 0."""
    km = decimal(cell)
    if not 0 < km <= FURTHEST_KM:
        raise CellProblem("radius", most=FURTHEST_KM)
    return km


def urgency(cell: str) -> float:
    """Return one of the four weights of urgency."""
    known = {"1": 1.0, "1.5": 1.5, "2.5": 2.5, "4": 4.0}
    found = known.get(cell) or known.get(cell.replace(",", ".").removesuffix(".0"))
    if found is None:
        raise CellProblem("urgency")
    return found


def who(cell: str) -> str:
    """Return anyone, women or families."""
    found = _WHO.get(" ".join(cell.casefold().split()))
    if found is None:
        raise CellProblem("who")
    return found


@functools.lru_cache(maxsize=65536)
def windows(cell: str) -> tuple[Window, ...]:
    """Return windows of nights in order, written as 2022-09-26/2022-10-10;2022-10-15/2022-10-20, half-open.

    Windows that touch are one: one stay may use both.
    """
    joined = join_touching(_written_windows(cell))
    for first, last in joined:
        if (last - first).days > LONGEST_WINDOW:
            raise CellProblem("window_too_long", window=f"{first}/{last}")
    return joined


def join_touching(windows: Iterable[Window]) -> tuple[Window, ...]:
    """Return the windows in order, with those that touch made one. Raises CellProblem if two overlap."""
    joined: list[Window] = []
    for first, last in sorted(windows):
        if joined and first < joined[-1][1]:
            raise CellProblem("windows_overlap", day=first.isoformat())
        if joined and first == joined[-1][1]:
            joined[-1] = (joined[-1][0], last)
        else:
            joined.append((first, last))
    return tuple(joined)


def moment(zone: tzinfo) -> Callable[[str], datetime]:
    """Return a reader of moments in ISO 8601 or as 26.09.2022 08:00. A moment without an offset is in `zone`."""

    @functools.lru_cache(maxsize=65536)
    def read(cell: str) -> datetime:
        try:
            found = datetime.fromisoformat(cell)
        except ValueError:
            found = _dotted_moment(cell)
        if not 2000 <= found.year <= 2100:
            raise CellProblem("year_of_moment", year=found.year)
        return found if found.tzinfo else found.replace(tzinfo=zone)

    return read


def _dotted_moment(cell: str) -> datetime:
    match = _DOTTED_MOMENT.fullmatch(cell)
    hour, minute, second = (int(part or 0) for part in match.groups()[1:]) if match else (24, 0, 0)
    if match is None or not (hour < 24 and minute < 60 and second < 60):
        raise CellProblem("moment")
    return datetime.combine(day(match[1]), datetime.min.time()).replace(hour=hour, minute=minute, second=second)


def key(cell: str) -> str:
    """Return the identifier of a row, without invisible signs."""
    if len(cell) > 100:
        raise CellProblem("long_identifier")
    return keys.key(text(cell))


def text(cell: str) -> str:
    """Return a text unchanged. Raises CellProblem only for signs that the database cannot store."""
    if "\x00" in cell:
        raise CellProblem("unreadable_sign")
    return cell
