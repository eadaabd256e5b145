"""What volunteers really send: every good row gets in, every bad one with its own reason."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

from matching.sheets import RequestRow, RowProblem, SpaceRow, read_requests, read_spaces
from places.gazetteer import KnownPlace
from tests.unit.sheets.sheets import MESSY, find_place


def place(name: str) -> KnownPlace:
    known = find_place(name).one
    assert known is not None
    return known


ALMATY, ORAL = place("Almaty"), place("Oral")
ONE_WINDOW = ((date(2022, 9, 26), date(2022, 10, 10)),)


def test_read_spaces_reads_an_export_in_windows_1251_as_meant() -> None:
    reading = read_spaces(MESSY / "spaces_excel_ru.csv", find_place=find_place)

    assert reading.problems == []
    assert reading.rows == [
        SpaceRow(
            space_id="h1",
            host="Айгуль",
            phone="+77015550101",
            email="",
            telegram="",
            place=ALMATY,
            address="ул. Абая, 10",
            latitude=43.2389,
            longitude=76.8897,
            beds=3,
            shared=True,
            windows=ONE_WINDOW,
            max_nights=None,
            who="anyone",
            children=True,
            pets=False,
            smoking=False,
            step_free=False,
            languages=frozenset({"ru", "kk"}),
            vetted=True,
            line=2,
        ),
        SpaceRow(
            space_id="h2",
            host="Серик",
            phone="+77015550102",
            email="",
            telegram="",
            place=ORAL,
            address="пр. Достык 5",
            latitude=ORAL.lat,
            longitude=ORAL.lon,
            beds=2,
            shared=True,
            windows=((date(2022, 9, 26), date(2022, 10, 3)),),
            max_nights=7,
            who="anyone",
            children=True,
            pets=False,
            smoking=False,
            step_free=False,
            languages=frozenset({"ru"}),
            vetted=True,
            line=3,
        ),
        SpaceRow(
            space_id="h3",
            host="Марина",
            phone="",
            email="marina@example.org",
            telegram="",
            place=ALMATY,
            address="",
            latitude=ALMATY.lat,
            longitude=ALMATY.lon,
            beds=1,
            shared=False,
            windows=((date(2022, 9, 28), date(2022, 10, 5)),),
            max_nights=None,
            who="women",
            children=False,
            pets=True,
            smoking=False,
            step_free=False,
            languages=frozenset({"ru", "en"}),
            vetted=False,
            line=4,
        ),
    ]


def test_read_spaces_says_what_is_wrong_with_every_bad_row() -> None:
    reading = read_spaces(MESSY / "spaces_bad_rows.csv", find_place=find_place)

    assert reading.problems == [
        RowProblem(2, "beds", "0", "Write a whole number from 1 to 500."),
        RowProblem(3, "beds", "2-3", "Write one whole number from 1 to 500, like 2."),
        RowProblem(4, "phone", "not a phone", "This is not one phone number. Write it like +7 701 555 01 01."),
        RowProblem(
            5,
            "place",
            "Atlantis",
            "No place of this name is known. Check the spelling, name the nearest town, or give lat and lon.",
        ),
        RowProblem(
            6,
            "windows",
            "2022-10-10/2022-09-26",
            "The window 2022-10-10/2022-09-26 ends before it begins: the day of leaving comes after the first night.",
        ),
        RowProblem(7, "lat", "95.0", "A latitude is between -90 and 90 degrees."),
        RowProblem(
            8,
            "windows",
            "2022-09-26/2022-10-05;2022-10-03/2022-10-10",
            "Two windows overlap around 2022-10-03. Join them into one.",
        ),
        RowProblem(9, "shared", "perhaps", "Write yes or no."),
        RowProblem(10, "who", "men", "Write anyone, women or families."),
        RowProblem(11, "space_id", "b1", "Line 2 has the same identifier. Give every row its own."),
        RowProblem(
            15,
            "",
            "b14,Too,few,columns",
            "This row has 4 cells where the header has 20. "
            "Write every cell, also the empty ones, and put quotation marks around a cell with a delimiter in it.",
        ),
    ]


def test_read_spaces_lets_every_good_row_between_bad_ones_in() -> None:
    reading = read_spaces(MESSY / "spaces_bad_rows.csv", find_place=find_place)

    assert [(row.line, row.space_id, row.host, row.place, row.beds, row.who) for row in reading.rows] == [
        (12, "b11", "Good One", ALMATY, 2, "anyone"),
        (13, "b12", "=cmd|' /C calc'!A0", ALMATY, 2, "anyone"),
        (14, "b13", "Good Two", ALMATY, 4, "families"),
    ]


def test_read_requests_says_what_is_wrong_with_every_bad_row() -> None:
    reading = read_requests(MESSY / "requests_bad_rows.csv", find_place=find_place)

    assert reading.problems == [
        RowProblem(3, "first_night", "2022-09-31", "There is no such day: 2022-09-31. Check the day and the month."),
        RowProblem(4, "children", "3", "There are more children than people. Count the children among the people."),
        RowProblem(6, "radius_km", "-5", "Write how many km away it may be: more than 0, at most 20040."),
        RowProblem(7, "nights", "0", "Write a whole number from 1 to 730."),
        RowProblem(8, "min_nights", "9", "The shortest stay that helps is longer than the whole stay of 7 nights."),
        RowProblem(
            9,
            "women_only",
            "yes",
            "Only a household of women can ask for a women-only space: write yes in all_women, or no here.",
        ),
        RowProblem(
            10,
            "languages",
            "klingon",
            '"klingon" is no language code. Write codes of two letters with spaces, like ru kk en.',
        ),
        RowProblem(11, "urgency", "9", "Write 1, 1.5, 2.5 or 4 (4: nowhere to sleep tonight)."),
    ]


def test_read_requests_lets_every_good_row_in_and_a_child_alone_is_one() -> None:
    reading = read_requests(MESSY / "requests_bad_rows.csv", find_place=find_place)

    assert [row.request_id for row in reading.rows] == ["q1", "q4", "q11"]
    assert reading.rows[0] == RequestRow(
        request_id="q1",
        name="Artem",
        phone="+79165550301",
        email="",
        telegram="",
        place=ALMATY,
        latitude=ALMATY.lat,
        longitude=ALMATY.lon,
        radius_km=20.0,
        people=3,
        children=0,
        all_women=False,
        composition="mixed",
        first_night=date(2022, 9, 27),
        nights=7,
        min_nights=7,
        pets=False,
        step_free=False,
        women_only=False,
        smoking=None,
        languages=frozenset({"ru"}),
        language_required=False,
        urgency=4.0,
        registered_at=datetime(2022, 9, 26, 8, tzinfo=timezone(timedelta(hours=6))),
        may_move=False,
        may_split=False,
        notes="three of us at the station",
        line=2,
    )
    assert [(row.people, row.children, row.urgency) for row in reading.rows[1:]] == [(1, 1, 2.5), (1, 0, 1.0)]
    assert reading.rows[2].place == ORAL
    assert reading.rows[2].registered_at == datetime(2022, 9, 26, 8, tzinfo=UTC)
