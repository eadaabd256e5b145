"""Each kind of cell: read as meant in the usual spellings, refused with a word on what to write instead."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from matching.sheets import cells
from matching.sheets.cells import CellProblem

ALMATY = ZoneInfo("Asia/Almaty")
beds = cells.whole_number(1, 500)
latitude = cells.coordinate("latitude", 90)
moment = cells.moment(ALMATY)

WEEK = (date(2022, 9, 26), date(2022, 10, 3))
LATER = (date(2022, 10, 15), date(2022, 10, 20))


@pytest.mark.parametrize(
    ("read", "cell", "value"),
    [
        (cells.yes_no, "yes", True),
        (cells.yes_no, "ДА", True),
        (cells.yes_no, "иә", True),
        (cells.yes_no, "так", True),
        (cells.yes_no, "კი", True),
        (cells.yes_no, "1", True),
        (cells.yes_no, "No", False),
        (cells.yes_no, "нет", False),
        (cells.yes_no, "жоқ", False),
        (cells.yes_no, "ні", False),
        (cells.yes_no, "არა", False),
        (beds, "1", 1),
        (beds, "500", 500),
        (beds, "3,0", 3),
        (beds, "3.00", 3),
        (latitude, "43.2389", 43.2389),
        (latitude, "43,2389", 43.2389),
        (latitude, "-90", -90.0),
        (cells.radius, "0,5", 0.5),
        (cells.radius, "5000", 5000.0),
        (cells.urgency, "1", 1.0),
        (cells.urgency, "1.5", 1.5),
        (cells.urgency, "2,5", 2.5),
        (cells.urgency, "4.0", 4.0),
        (cells.who, "anyone", "anyone"),
        (cells.who, "Women only", "women"),
        (cells.who, "семьи", "families"),
        (cells.day, "2022-09-28", date(2022, 9, 28)),
        (cells.day, "28.09.2022", date(2022, 9, 28)),
        (cells.day, "1.9.22", date(2022, 9, 1)),
        (cells.day, "2022-09-28 00:00:00", date(2022, 9, 28)),
        (cells.day, "29.02.2024", date(2024, 2, 29)),
        (cells.windows, "2022-09-26/2022-10-03", (WEEK,)),
        (cells.windows, "26.09.2022/03.10.2022", (WEEK,)),
        (cells.windows, "26.09.2022 – 03.10.2022", (WEEK,)),
        (cells.windows, "2022-09-26 - 2022-10-03", (WEEK,)),
        (cells.windows, "2022-10-15/2022-10-20; 2022-09-26/2022-10-03;", (WEEK, LATER)),
        (cells.windows, "2022-09-26/2022-10-03\n2022-10-15/2022-10-20", (WEEK, LATER)),
        (
            cells.windows,
            "2022-09-26/2022-09-27;2022-09-27/2022-09-28",
            ((date(2022, 9, 26), date(2022, 9, 28)),),
        ),
        (moment, "2022-09-26T08:00:00Z", datetime(2022, 9, 26, 8, tzinfo=UTC)),
        (moment, "2022-09-26T08:00:00+06:00", datetime(2022, 9, 26, 8, tzinfo=timezone(timedelta(hours=6)))),
        (moment, "2022-09-26 08:00", datetime(2022, 9, 26, 8, tzinfo=ALMATY)),
        (moment, "26.09.2022 8:05", datetime(2022, 9, 26, 8, 5, tzinfo=ALMATY)),
        (moment, "26.09.2022", datetime(2022, 9, 26, tzinfo=ALMATY)),
        (cells.languages, "ru kk en", frozenset({"ru", "kk", "en"})),
        (cells.languages, "RU, kz; ua", frozenset({"ru", "kk", "uk"})),
        (cells.languages, "русский", frozenset({"ru"})),
        (cells.phone, "+77015550101", "+77015550101"),
        (cells.phone, "8 (701) 555-01-01", "+77015550101"),
        (cells.phone, "87015550101", "+77015550101"),
        (cells.phone, "7 701 555 01 01", "+77015550101"),
        (cells.phone, "+7 701 555 01 01", "+77015550101"),
        (cells.phone, "+7 916 555-03-01", "+79165550301"),
        (cells.phone, "+995 555 12 34 56", "+995555123456"),
        (cells.phone, "+49 30 901820", "+4930901820"),
        (cells.email, "Marina@Example.org", "marina@example.org"),
        (cells.telegram, "@hanna_m", "@hanna_m"),
        (cells.telegram, "hanna_m", "@hanna_m"),
        (cells.telegram, "https://t.me/hanna_m", "@hanna_m"),
        (cells.text, "ул. Абая, 10", "ул. Абая, 10"),
        (cells.text, "=cmd|' /C calc'!A0", "=cmd|' /C calc'!A0"),
    ],
)
def test_a_cell_is_read_as_meant(read: Callable[[str], Any], cell: str, value: object) -> None:
    assert read(cell) == value


DATE = "Write the date like 2022-09-28 or 28.09.2022."
MOMENT = "Write the moment like 2022-09-26T08:00:00+06:00 or 26.09.2022 08:00."
PHONE = "This is not one phone number. Write it like +7 701 555 01 01."
EMAIL = "This is not one e-mail address. Write it like name@example.org."
BEDS = "Write one whole number from 1 to 500, like 2."
WINDOW = "Write each window as first night/last day, like 2022-09-26/2022-10-10, with ; between windows."


@pytest.mark.parametrize(
    ("read", "cell", "reason"),
    [
        (cells.yes_no, "perhaps", "Write yes or no."),
        (beds, "2-3", BEDS),
        (beds, "two", BEDS),
        (beds, "2.5", BEDS),
        (beds, "1_0", BEDS),
        (beds, "9" * 5000, BEDS),
        (beds, "0", "Write a whole number from 1 to 500."),
        (beds, "-2", "Write a whole number from 1 to 500."),
        (beds, "501", "Write a whole number from 1 to 500."),
        (latitude, "95.0", "A latitude is between -90 and 90 degrees."),
        (latitude, "43°14′", "Write one number, like 43.25."),
        (latitude, "nan", "Write one number, like 43.25."),
        (latitude, "inf", "Write one number, like 43.25."),
        (latitude, "4_3", "Write one number, like 43.25."),
        (latitude, "9" * 400, "A latitude is between -90 and 90 degrees."),
        (cells.radius, "0", "Write how many km away it may be: more than 0, at most 20040."),
        (cells.radius, "-5", "Write how many km away it may be: more than 0, at most 20040."),
        (cells.radius, "20041", "Write how many km away it may be: more than 0, at most 20040."),
        (cells.urgency, "9", "Write 1, 1.5, 2.5 or 4 (4: nowhere to sleep tonight)."),
        (cells.who, "men", "Write anyone, women or families."),
        (cells.day, "2022-09-31", "There is no such day: 2022-09-31. Check the day and the month."),
        (cells.day, "31.09.2022", "There is no such day: 31.09.2022. Check the day and the month."),
        (cells.day, "03/04/2022", "03/04/2022 can be two days. Write 2022-04-03 or 2022-03-04."),
        (cells.day, "13/14/2022", "There is no such day: 13/14/2022. Check the day and the month."),
        (cells.day, "tomorrow", DATE),
        (cells.day, "44832", DATE),
        (cells.day, "0202-09-28", f"The year 202 cannot be meant. {DATE}"),
        (cells.windows, "2022-09-26", WINDOW),
        (cells.windows, "always", WINDOW),
        (cells.windows, ";", "Write at least one window, like 2022-09-26/2022-10-10."),
        (cells.windows, "2022-09-26/2022-09-31", "There is no such day: 2022-09-31. Check the day and the month."),
        (
            cells.windows,
            "2022-10-10/2022-09-26",
            "The window 2022-10-10/2022-09-26 ends before it begins: the day of leaving comes after the first night.",
        ),
        (
            cells.windows,
            "2022-09-26/2022-09-26",
            "The window 2022-09-26/2022-09-26 ends before it begins: the day of leaving comes after the first night.",
        ),
        (
            cells.windows,
            "2022-09-26/2022-10-05;2022-10-03/2022-10-10",
            "Two windows overlap around 2022-10-03. Join them into one.",
        ),
        (
            cells.windows,
            "2022-09-26/2099-01-01",
            "The window 2022-09-26/2099-01-01 is longer than three years. Write a nearer end; it can be moved later.",
        ),
        (moment, "yesterday", MOMENT),
        (moment, "26.09.2022 25:00", MOMENT),
        (
            moment,
            "0001-01-01T00:00:00Z",
            "The year 1 cannot be meant. Write the moment like 2022-09-26T08:00:00+06:00.",
        ),
        (
            cells.languages,
            "ru klingon",
            '"klingon" is no language code. Write codes of two letters with spaces, like ru kk en.',
        ),
        (cells.phone, "not a phone", PHONE),
        (cells.phone, "8,70156E+10", PHONE),
        (cells.phone, "12345", PHONE),
        (cells.phone, "+7701555010", PHONE),
        (cells.phone, "87015550101, 87015550102", PHONE),
        (cells.email, "marina", EMAIL),
        (cells.email, "a@b@c.org", EMAIL),
        (cells.email, "a@b.org, c@d.org", EMAIL),
        (cells.telegram, "+77015550101", "This is not a Telegram name. Write it like @name."),
        (cells.text, "a\x00b", "There is an unreadable sign (NUL) in this cell. Type it anew."),
        (cells.key, "k" * 101, "An identifier has at most 100 signs."),
    ],
)
def test_a_cell_that_cannot_be_meant_says_what_to_write(read: Callable[[str], Any], cell: str, reason: str) -> None:
    with pytest.raises(CellProblem) as problem:
        read(cell)

    assert str(problem.value) == reason
