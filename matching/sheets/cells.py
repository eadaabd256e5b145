"""Read one cell as it was meant, or say what to write instead.

Every reader takes the text of a cell, which is not empty and has no white space around it, and raises `CellProblem` with
a sentence. Dates and lists are cached, because a sheet of 100,000 rows repeats them.
"""

from __future__ import annotations

import functools
import itertools
import re
from collections.abc import Callable
from datetime import date, datetime, tzinfo
from typing import Any, NoReturn

import phonenumbers

from matching.sheets.languages import COMMONLY_MEANT, LANGUAGE_CODES
from matching.sheets.sentences import Sentence
from places.names import HOME_REGION

Window = tuple[date, date]

LONGEST_WINDOW = 1_100
"""Nights: three years. A longer window is a slip, or a promise that nobody can keep."""

FURTHEST_KM = 20_040
"""Half of the Earth's circumference: no radius can be longer."""

_YES = ("yes", "y", "true", "1", "да", "д", "иә", "ия", "так", "კი")
_NO = ("no", "n", "false", "0", "нет", "н", "жоқ", "жок", "ні", "არა")
_YES_NO = dict.fromkeys(_YES, True) | dict.fromkeys(_NO, False)

_WHO = {
    **dict.fromkeys(("anyone", "any", "все", "всех", "любой", "любые", "кто угодно", "кез келген"), "anyone"),
    **dict.fromkeys(("women", "women only", "женщины", "женщин", "только женщины", "әйелдер"), "women"),
    **dict.fromkeys(("families", "family", "семьи", "семья", "только семьи", "отбасылар"), "families"),
}

_ISO_DAY = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})")
_DOTTED_DAY = re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4}|\d{2})")
_MIDNIGHT = re.compile(r"[ T]00?:00(:00)?$")
_DOTTED_MOMENT = re.compile(r"(\d{1,2}\.\d{1,2}\.\d{2,4})[ ,]+(\d{1,2}):(\d{2})(?::(\d{2}))?")
_BETWEEN_WINDOWS = re.compile(r"\s*[;\n]\s*")
_BETWEEN_DAYS = re.compile(r"\s*/\s*|\s*[–—]\s*|\s+-\s+")
_WHOLE = re.compile(r"[+-]?\d{1,9}(?:[.,]0+)?")
_DECIMAL = re.compile(r"[+-]?\d+(?:[.,]\d+)?")
_CANONICAL_PHONE = re.compile(r"\+7\d{10}")
_EMAIL = re.compile(r"[^@\s,;<>()]+@[^@\s,;<>().]+(?:\.[^@\s,;<>().]+)+")
_TELEGRAM = re.compile(r"(?:https?://)?(?:t\.me/|telegram\.me/)?@?([A-Za-z][A-Za-z0-9_]{3,31})/?")


class CellProblem(ValueError):
    """The cell cannot be read; the `sentence` says what to write instead."""

    def __init__(self, code: str, **values: Any) -> None:
        self.sentence = Sentence(code, **values)
        super().__init__(self.sentence)


def yes_no(cell: str) -> bool:
    """Return whether the cell says yes, in any of the service's languages."""
    found = _YES_NO.get(cell)
    if found is None:
        found = _YES_NO.get(cell.casefold())
    if found is None:
        raise CellProblem("yes_or_no")
    return found


def whole_number(smallest: int, greatest: int) -> Callable[[str], int]:
    """Return a reader of whole numbers within these bounds, both included."""

    @functools.lru_cache(maxsize=4096)
    def read(cell: str) -> int:
        if not _WHOLE.fullmatch(cell):
            raise CellProblem(
                "one_whole_number",
                smallest=smallest,
                greatest=greatest,
                example=max(smallest, 2),
            )
        number = int(re.split("[.,]", cell)[0])
        if not smallest <= number <= greatest:
            raise CellProblem("whole_number", smallest=smallest, greatest=greatest)
        return number

    return read


def decimal(cell: str) -> float:
    """Return a number with a decimal point or comma."""
    if not _DECIMAL.fullmatch(cell):
        raise CellProblem("one_number")
    return float(cell.replace(",", "."))


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
    """Return a day written as 2022-09-28 or 28.09.2022. A midnight after it, which some programs export, is dropped."""
    text = _MIDNIGHT.sub("", cell)
    if match := _ISO_DAY.fullmatch(text):
        year, month, number = (int(part) for part in match.groups())
    elif match := _DOTTED_DAY.fullmatch(text):
        number, month, year = (int(part) for part in match.groups())
        year += 2000 if year < 100 else 0
    else:
        raise CellProblem("date")
    if not 2000 <= year <= 2100:
        raise CellProblem("year_of_date", year=year)
    try:
        return date(year, month, number)
    except ValueError:
        raise CellProblem("no_such_day", day=text) from None


@functools.lru_cache(maxsize=65536)
def windows(cell: str) -> tuple[Window, ...]:
    """Return windows of nights in order, written as 2022-09-26/2022-10-10;2022-10-15/2022-10-20, half-open."""
    found: list[Window] = []
    for part in filter(None, _BETWEEN_WINDOWS.split(cell)):
        ends = _BETWEEN_DAYS.split(part)
        if len(ends) != 2:
            raise CellProblem("window")
        first, last = day(ends[0].strip()), day(ends[1].strip())
        if last <= first:
            raise CellProblem(
                "window_backwards",
                window=part,
            )
        if (last - first).days > LONGEST_WINDOW:
            raise CellProblem(
                "window_too_long",
                window=part,
            )
        found.append((first, last))
    if not found:
        raise CellProblem("no_window")
    found.sort()
    for (_, end), (begin, _) in itertools.pairwise(found):
        if begin < end:
            raise CellProblem("windows_overlap", day=begin.isoformat())
    return tuple(found)


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


def phone(cell: str) -> str:
    """Return a phone number in E.164. A number without a country counts as one of Kazakhstan (8 701 ... as +7 701 ...)."""
    if _CANONICAL_PHONE.fullmatch(cell):
        return cell
    if any(map(str.isalpha, cell)):
        _no_phone()
    try:
        number = phonenumbers.parse(cell, HOME_REGION)
    except phonenumbers.NumberParseException:
        _no_phone()
    if phonenumbers.is_possible_number_with_reason(number) != phonenumbers.ValidationResult.IS_POSSIBLE:
        _no_phone()
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _no_phone() -> NoReturn:
    raise CellProblem("phone")


def email(cell: str) -> str:
    """Return an e-mail address in lower case."""
    if not _EMAIL.fullmatch(cell):
        raise CellProblem("email")
    return cell.lower()


def telegram(cell: str) -> str:
    """Return a Telegram name as "@name", from @name, name or t.me/name."""
    match = _TELEGRAM.fullmatch(cell)
    if not match:
        raise CellProblem("telegram")
    return "@" + match[1]


def key(cell: str) -> str:
    """Return the identifier of a row."""
    if len(cell) > 100:
        raise CellProblem("long_identifier")
    return text(cell)


def text(cell: str) -> str:
    """Return a text unchanged. Raises CellProblem only for signs that the database cannot store."""
    if "\x00" in cell:
        raise CellProblem("unreadable_sign")
    return cell
