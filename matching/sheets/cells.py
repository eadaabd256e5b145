"""Read one cell as it was meant, or say what to write instead.

Every reader takes the text of a cell, which is not empty and has no white space around it, and raises `CellProblem` with
a sentence. Dates and lists are cached, because a sheet of 100,000 rows repeats them.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterable
from datetime import date, datetime, tzinfo
from typing import Any

from matching.limits import LONGEST_WINDOW
from matching.sheets.languages import COMMONLY_MEANT, LANGUAGE_CODES
from matching.sheets.sentences import Sentence
from reading import contacts, keys
from reading.signs import Unreadable, plain

Window = tuple[date, date]

FURTHEST_KM = 20_040
"""Half of the Earth's circumference: no radius can be longer."""

_YES = ("yes", "y", "true", "1", "1.0", "да", "д", "истина", "иә", "ия", "ақиқат", "так", "істина", "კი", "ჭეშმარიტი")
_NO = ("no", "n", "false", "0", "0.0", "нет", "н", "ложь", "жоқ", "жок", "жалған", "ні", "хибність", "არა", "მცდარი")
_YES_NO = dict.fromkeys(_YES, True) | dict.fromkeys(_NO, False)

_WHO = {
    **dict.fromkeys(("anyone", "any", "все", "всех", "любой", "любые", "кто угодно", "кез келген"), "anyone"),
    **dict.fromkeys(("women", "women only", "женщины", "женщин", "только женщины", "әйелдер"), "women"),
    **dict.fromkeys(("families", "family", "семьи", "семья", "только семьи", "отбасылар"), "families"),
}

_ISO_DAY = re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})")
_DOTTED_DAY = re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4}|\d{2})")
_SLASHED_DAY = re.compile(r"(\d{1,2})[/-](\d{1,2})[/-](\d{4}|\d{2})")
_MIDNIGHT = re.compile(r"[ T,]+0?0:00(:00(\.0+)?)?\s?(Z|[+-]00:?00)?$", re.IGNORECASE)
_DOTTED_MOMENT = re.compile(r"(\d{1,2}\.\d{1,2}\.\d{2,4})[ ,]+(\d{1,2}):(\d{2})(?::(\d{2}))?")
_BETWEEN_WINDOWS = re.compile(r"\s*[;\n]\s*|\s*,\s*(?=\d)")
_ONE_DAY = r"(\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}(?:[ T]0?0:00(?::00)?(?:\.0+)?Z?)?)"
_WINDOW = re.compile(rf"{_ONE_DAY}\s*(?:/|-|–|—|\.\.|по|до|to|until|till)\s*{_ONE_DAY}", re.IGNORECASE)
_UNITS = (
    "night nights day days people person persons bed beds place places "
    "ночь ночи ночей день дня дней сутки суток человек человека чел людей место места мест кровать кровати "
    "түн күн адам орын төсек ніч ночі днів дні доба діб людина людини людей осіб місце місця місць ღამე დღე ადამიანი კაცი ადგილი"
)
_WHOLE = re.compile(rf"([+-]?\d{{1,9}})(?:[.,]0+)?(?:\s*(?:{'|'.join(_UNITS.split())})\.?)?")
_DECIMAL = re.compile(r"[+-]?\d+(?:[.,]\d+)?")


class CellProblem(ValueError):
    """The cell cannot be read; the `sentence` says what to write instead."""

    def __init__(self, code: str, **values: Any) -> None:
        self.sentence = Sentence(code, **values)
        super().__init__(self.sentence)


def yes_no(cell: str) -> bool:
    """Return whether the cell says yes, in any of the service's languages."""
    found = _YES_NO.get(cell)
    if found is None:
        found = _YES_NO.get(plain(cell).casefold().rstrip("."))
    if found is None:
        raise CellProblem("yes_or_no")
    return found


def whole_number(smallest: int, greatest: int) -> Callable[[str], int]:
    """Return a reader of whole numbers within these bounds, both included."""

    @functools.lru_cache(maxsize=4096)
    def read(cell: str) -> int:
        match = _WHOLE.fullmatch(plain(cell).casefold())
        if not match:
            raise CellProblem(
                "one_whole_number",
                smallest=smallest,
                greatest=greatest,
                example=max(smallest, 2),
            )
        number = int(match[1])
        if not smallest <= number <= greatest:
            raise CellProblem("whole_number", smallest=smallest, greatest=greatest)
        return number

    return read


def decimal(cell: str) -> float:
    """Return a number with a decimal point or comma."""
    written = plain(cell)
    if not _DECIMAL.fullmatch(written):
        raise CellProblem("one_number")
    return float(written.replace(",", "."))


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


@functools.lru_cache(maxsize=4096)
def day(cell: str) -> date:
    """Return a day, written with the year first, or with the day first and dots, or with slashes where only one day fits.

    2022-09-28, 28.09.2022 and 28/09/2022 are one day. 03/04/2022 is the third of April to some and the fourth of March to
    others, so the problem asks. A midnight after the day, which some programs export, is dropped.
    """
    text = _MIDNIGHT.sub("", plain(cell))
    if match := _ISO_DAY.fullmatch(text):
        year, month, number = (int(part) for part in match.groups())
    elif match := _DOTTED_DAY.fullmatch(text):
        number, month, year = (int(part) for part in match.groups())
    elif match := _SLASHED_DAY.fullmatch(text):
        number, month, year = (int(part) for part in match.groups())
        if number <= 12 and month <= 12 and number != month:
            year += 2000 if year < 100 else 0
            raise CellProblem(
                "which_day", day=text, one=f"{year}-{month:02}-{number:02}", other=f"{year}-{number:02}-{month:02}"
            )
        if month > 12:
            number, month = month, number
    else:
        raise CellProblem("date")
    year += 2000 if year < 100 else 0
    if not 2000 <= year <= 2100:
        raise CellProblem("year_of_date", year=year)
    try:
        return date(year, month, number)
    except ValueError:
        raise CellProblem("no_such_day", day=text) from None


@functools.lru_cache(maxsize=65536)
def windows(cell: str) -> tuple[Window, ...]:
    """Return windows of nights in order, written as 2022-09-26/2022-10-10;2022-10-15/2022-10-20, half-open.

    Windows that touch are one: one stay may use both.
    """
    found: list[Window] = []
    for part in filter(None, _BETWEEN_WINDOWS.split(cell.strip())):
        ends = _WINDOW.fullmatch(plain(part))
        if not ends:
            raise CellProblem("window")
        first, last = day(ends[1]), day(ends[2])
        if last <= first:
            raise CellProblem(
                "window_backwards",
                window=part,
            )
        found.append((first, last))
    if not found:
        raise CellProblem("no_window")
    joined = join_touching(found)
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
    if match := _DOTTED_MOMENT.fullmatch(cell):
        hour, minute, second = (int(part or 0) for part in match.groups()[1:])
        if hour < 24 and minute < 60 and second < 60:
            return datetime.combine(day(match[1]), datetime.min.time()).replace(hour=hour, minute=minute, second=second)
    elif _DOTTED_DAY.fullmatch(cell):
        return datetime.combine(day(cell), datetime.min.time())
    raise CellProblem("moment")


@functools.lru_cache(maxsize=4096)
def languages(cell: str) -> frozenset[str]:
    """Return ISO 639-1 codes, written with spaces or commas between them."""
    found = set()
    for word in re.split(r"[\s,;/+]+", cell.casefold()):
        code = COMMONLY_MEANT.get(word, word)
        if code in LANGUAGE_CODES:
            found.add(code)
        elif word:
            raise CellProblem("language", word=word)
    return frozenset(found)


def _written_alike(read: Callable[[str], str]) -> Callable[[str], str]:
    """Return a reader of cells from a reader of texts that every door shares (`reading`)."""

    @functools.wraps(read)
    def of_cell(cell: str) -> str:
        try:
            return read(cell)
        except Unreadable as unreadable:
            raise CellProblem(unreadable.code) from None

    return of_cell


phone, email, telegram = map(_written_alike, (contacts.phone, contacts.email, contacts.telegram))


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
