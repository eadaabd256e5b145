"""Days and windows of nights as people and programs write them."""

from __future__ import annotations

import functools
import re
from datetime import date, timedelta

from reading.signs import Unreadable, plain

HALF_A_YEAR = timedelta(days=183)

EARLIEST_YEAR, LATEST_YEAR = 2000, 2100

_NAMES = """
jan янв січ қаң იან
feb фев лют ақп თებ
mar мар бер нау მარ
apr апр кві сәу აპრ
may май мая тра мам მაი
jun июн чер мау ივნ
jul июл лип шіл ივლ
aug авг сер там აგვ
sep сен вер қыр სექ
oct окт жов қаз ოქტ
nov ноя лис қар ნოე
dec дек гру жел დეკ
"""
_MONTHS = {stem: month for month, stems in enumerate(_NAMES.split("\n")[1:-1], start=1) for stem in stems.split()}
"""The number of the month by the first three letters of its name, in five languages."""

_YEAR_WORD = r"(?:\s*(?:года|год|роки|року|рік|жылы|жыл|წელი|წ|г|р|ж)\.?)?"
_ISO_DAY = re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})")
_DAY_FIRST = re.compile(rf"(\d{{1,2}})([./ -]) ?(\d{{1,2}})(?:\2 ?(\d{{4}}|\d{{2}})|\.?){_YEAR_WORD}", re.IGNORECASE)
_NAMED = re.compile(rf"(\d{{1,2}})[. -]*([^\W\d_]+)\.?[, -]{{0,2}}(\d{{4}}){_YEAR_WORD}", re.IGNORECASE)
_NAME_FIRST = re.compile(r"([^\W\d_]+)\.? (\d{1,2}),? (\d{4})")
_MIDNIGHT = re.compile(r"[ T,]+0?0:00(:00(\.0+)?)?\s?(Z|[+-]00:?00)?$", re.IGNORECASE)
_BETWEEN_WINDOWS = re.compile(r"\s*[;\n]\s*|\s*,\s*(?=\d)")
_ONE_DAY = r"(\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}(?:[ T]0?0:00(?::00)?(?:\.0+)?Z?)?)"
_WINDOW = re.compile(rf"{_ONE_DAY}\s*(?:/|-|–|—|\.\.|по|до|to|until|till)\s*{_ONE_DAY}", re.IGNORECASE)


def day(text: str, *, today: date | None = None) -> date:
    """Return the one day that `text` can mean.

    2022-09-28, 28.09.2022, 28/09/22 and "28 September 2022" are one day. 03/04/2022 is the third of April to some and the
    fourth of March to others, so the error asks. A midnight after the day, which some programs export, is dropped.

    A day without a year needs `today`: it is in this year, or in the next if it is over by more than half a year.
    Raises Unreadable: "date", "which_day" (day, one, other), "year_of_date" (year), "no_such_day" (day).
    """
    written = _MIDNIGHT.sub("", plain(text))
    if iso := _ISO_DAY.fullmatch(written):
        return _checked(int(iso[1]), int(iso[2]), int(iso[3]), written)
    if (named := _NAMED.fullmatch(written)) and (month := _MONTHS.get(named[2][:3].casefold())):
        return _checked(int(named[3]), month, int(named[1]), written)
    if (named := _NAME_FIRST.fullmatch(written)) and (month := _MONTHS.get(named[1][:3].casefold())):
        return _checked(int(named[3]), month, int(named[2]), written)
    found = _DAY_FIRST.fullmatch(written)
    if found is None or (found[4] is None and today is None):
        raise Unreadable("date")
    number, month = int(found[1]), int(found[3])
    if found[4] is None:
        return _without_year(number, month, today or date.max, written)
    year = int(found[4]) + (2000 if len(found[4]) == 2 else 0)
    if found[2] in "/-":  # Where these signs are usual, some write the day first and some the month.
        if number <= 12 and month <= 12 and number != month:
            one, other = f"{year}-{month:02}-{number:02}", f"{year}-{number:02}-{month:02}"
            raise Unreadable("which_day", day=written, one=one, other=other)
        if month > 12:
            number, month = month, number
    return _checked(year, month, number, written)


def _without_year(number: int, month: int, today: date, written: str) -> date:
    for year in range(today.year, today.year + 9):  # 29 February is in one of eight years at least.
        try:
            found = date(year, month, number)
        except ValueError:
            continue
        if today - found <= HALF_A_YEAR:
            return found
    raise Unreadable("no_such_day", day=written)


def _checked(year: int, month: int, number: int, written: str) -> date:
    if not EARLIEST_YEAR <= year <= LATEST_YEAR:
        raise Unreadable("year_of_date", year=year)
    try:
        return date(year, month, number)
    except ValueError:
        raise Unreadable("no_such_day", day=written) from None


_cached_day = functools.lru_cache(maxsize=4096)(day)


def windows(text: str) -> list[tuple[date, date]]:
    """Return the windows in the order of `text`: 2022-09-26/2022-10-10;2022-10-15/2022-10-20, each half-open.

    Raises Unreadable: "window", "window_backwards" (window), "no_window", and those of `day`.
    """
    found: list[tuple[date, date]] = []
    for part in filter(None, _BETWEEN_WINDOWS.split(text.strip())):
        ends = _WINDOW.fullmatch(plain(part))
        if not ends:
            raise Unreadable("window")
        first, last = _cached_day(ends[1]), _cached_day(ends[2])
        if last <= first:
            raise Unreadable("window_backwards", window=part)
        found.append((first, last))
    if not found:
        raise Unreadable("no_window")
    return found
