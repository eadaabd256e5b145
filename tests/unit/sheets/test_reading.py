"""Sheets as a whole: encodings, delimiters, headers, quotes, defaults, and rows that contradict themselves."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matching.sheets import (
    REQUEST_COLUMNS,
    SPACE_COLUMNS,
    HeaderProblem,
    RowProblem,
    read_requests,
    read_spaces,
)
from tests.unit.sheets.sheets import find_place, requests_sheet, spaces_sheet

NAMES = "Айгуль Сәуле"


def problems_of_spaces(*changes: dict[str, str]) -> list[tuple[str, str]]:
    reading = read_spaces(spaces_sheet(*changes), find_place=find_place)
    return [(problem.column, problem.reason) for problem in reading.problems]


def problems_of_requests(*changes: dict[str, str]) -> list[tuple[str, str]]:
    reading = read_requests(requests_sheet(*changes), find_place=find_place)
    return [(problem.column, problem.reason) for problem in reading.problems]


def header_problem(data: bytes) -> str:
    with pytest.raises(HeaderProblem) as problem:
        read_spaces(data, find_place=find_place)
    return str(problem.value)


# -- columns --------------------------------------------------------------------------------------


def test_the_columns_are_those_of_the_design() -> None:
    assert ", ".join(SPACE_COLUMNS) == (
        "space_id, host, phone, email, telegram, place, address, lat, lon, beds, shared, windows, max_nights, who, "
        "children, pets, smoking, step_free, languages, vetted"
    )
    assert ", ".join(REQUEST_COLUMNS) == (
        "request_id, name, phone, email, telegram, place, lat, lon, radius_km, people, children, all_women, first_night, "
        "nights, min_nights, pets, step_free, women_only, smoking, languages, language_required, urgency, registered_at, "
        "may_move, may_split, notes"
    )


# -- encodings and delimiters ---------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("line_end", ["\r\n", "\n", "\r"])
def test_read_spaces_takes_every_usual_encoding_delimiter_and_line_end(
    encoding: str, delimiter: str, line_end: str
) -> None:
    text = spaces_sheet({"host": NAMES}, {"space_id": "s2"}, delimiter=delimiter).decode()

    reading = read_spaces(text.replace("\r\n", line_end).encode(encoding), find_place=find_place)

    assert reading.problems == []
    assert [(row.space_id, row.host, row.line) for row in reading.rows] == [("s1", NAMES, 2), ("s2", "Aset", 3)]


def test_read_spaces_takes_windows_1251() -> None:
    data = spaces_sheet({"host": "Айгуль"}, delimiter=";").decode().encode("windows-1251")

    assert [row.host for row in read_spaces(data, find_place=find_place).rows] == ["Айгуль"]


def test_read_spaces_takes_a_path_as_well(tmp_path: Path) -> None:
    file = tmp_path / "SPACES.csv"
    file.write_bytes(spaces_sheet({}))

    by_path = read_spaces(file, find_place=find_place)
    by_name = read_spaces(str(file), find_place=find_place)

    assert by_path == by_name == read_spaces(spaces_sheet({}), find_place=find_place)


def test_read_spaces_skips_blank_lines_and_the_line_about_the_delimiter() -> None:
    data = b"sep=;\r\n\r\n" + spaces_sheet({}, {"space_id": "s2"}, delimiter=";").replace(b"\r\n", b"\r\n;;;\r\n\r\n")

    reading = read_spaces(data, find_place=find_place)

    assert reading.problems == []
    assert [(row.space_id, row.line) for row in reading.rows] == [("s1", 6), ("s2", 9)]


# -- headers --------------------------------------------------------------------------------------

EXPECTED = f"The columns of SPACES.csv are {', '.join(SPACE_COLUMNS)}."


def test_a_header_may_be_in_another_order_and_in_capitals_and_leave_out_what_has_a_default() -> None:
    data = b" Windows ,BEDS,place,space_id,,\n2022-09-26/2022-10-10,2,Almaty,s1,,\n"

    reading = read_spaces(data, find_place=find_place)

    assert reading.problems == []
    row = reading.rows[0]
    assert (row.space_id, row.host, row.who, row.children, row.vetted) == ("s1", "", "anyone", True, None)


def test_a_header_is_refused_with_the_names_of_all_columns_that_are_amiss() -> None:
    assert header_problem(b"space_id,bedz,place,place,stars\n") == (
        "Unknown columns: bedz, stars. Columns that stand twice: place. Missing columns: beds, windows. " + EXPECTED
    )


def test_a_header_without_any_place_is_refused() -> None:
    assert header_problem(b"space_id,beds,windows,lat\n") == ("Missing columns: place (or lat and lon). " + EXPECTED)


def test_an_empty_name_in_the_header_is_refused() -> None:
    assert header_problem(b"space_id,,beds,windows,place\n") == "Unknown columns: (empty). " + EXPECTED


def test_the_other_sheet_is_refused() -> None:
    assert header_problem(requests_sheet({})).startswith(
        "Unknown columns: request_id, name, radius_km, people, all_women, first_night, nights, min_nights, "
    )


@pytest.mark.parametrize("data", [b"", b"\n\r\n", b"\xef\xbb\xbf", b",,,\n"])
def test_an_empty_file_is_refused(data: bytes) -> None:
    assert header_problem(data) == "The file is empty. Its first line must name the columns."


@pytest.mark.parametrize("data", [b"PK\x03\x04rest of a workbook", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"])
def test_a_workbook_that_cannot_be_read_is_refused_with_a_word_on_how_to_save_it(data: bytes) -> None:
    assert header_problem(data) == (
        "This workbook cannot be read: it is damaged, of an old kind, or locked by a password. "
        "Save it anew as XLSX, ODS or CSV, without a password."
    )


def test_bytes_that_are_no_text_are_refused() -> None:
    assert header_problem(b"\xff\xfe\x00\xd8") == (
        "The letters of this file cannot be read in any usual encoding. Save it anew as CSV UTF-8."
    )


def test_a_file_that_is_not_there_is_an_os_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_spaces(tmp_path / "none.csv", find_place=find_place)


# -- rows -----------------------------------------------------------------------------------------


def test_every_error_of_a_row_is_told_in_the_order_of_the_columns() -> None:
    reading = read_requests(
        requests_sheet({"nights": "x", "phone": "y", "people": "", "lat": "91", "place": "Nowhere"}),
        find_place=find_place,
    )

    assert reading.rows == []
    assert reading.problems == [
        RowProblem(2, "phone", "y", "This is not one phone number. Write it like +7 701 555 01 01."),
        RowProblem(2, "lat", "91", "A latitude is between -90 and 90 degrees."),
        RowProblem(2, "people", "", "Say how many people need a place to sleep."),
        RowProblem(2, "nights", "x", "Write one whole number from 1 to 730, like 2."),
    ]


def test_a_row_needs_what_has_no_default() -> None:
    assert problems_of_spaces({"space_id": "", "beds": "", "windows": "", "place": ""}) == [
        ("space_id", "Give every space an identifier that stays the same, like s1."),
        ("place", "Say where: name a place, or give lat and lon."),
        ("beds", "Say how many people can sleep here."),
        ("windows", "Say when the space is free, like 2022-09-26/2022-10-10."),
    ]


def test_the_defaults_of_a_request() -> None:
    row = read_requests(requests_sheet({}), find_place=find_place).rows[0]

    assert (row.radius_km, row.children, row.min_nights, row.smoking, row.urgency, row.registered_at) == (
        50.0,
        0,
        7,
        None,
        1.0,
        None,
    )
    assert (row.all_women, row.pets, row.step_free, row.women_only, row.language_required) == (False,) * 5
    assert (row.may_move, row.may_split, row.languages, row.notes) == (False, False, frozenset(), "")


@pytest.mark.parametrize(("cell", "smoking"), [("yes", True), ("no", False), ("", None)])
def test_smoking_of_a_request_has_three_answers(cell: str, smoking: bool | None) -> None:
    assert read_requests(requests_sheet({"smoking": cell}), find_place=find_place).rows[0].smoking is smoking


def test_a_moment_without_offset_is_in_the_zone_of_the_reader() -> None:
    zone = ZoneInfo("Asia/Almaty")

    reading = read_requests(requests_sheet({"registered_at": "2022-09-26 08:00"}), find_place=find_place, zone=zone)

    assert reading.rows[0].registered_at == datetime(2022, 9, 26, 8, tzinfo=zone)


def test_a_required_language_must_be_named() -> None:
    assert problems_of_requests({"language_required": "yes"}) == [
        ("language_required", "Name the language in the column languages, or write no here.")
    ]
    assert problems_of_requests({"language_required": "yes", "languages": "ru"}) == []


def test_the_same_identifier_twice_is_a_problem_at_the_second_even_when_the_first_is_bad() -> None:
    reading = read_spaces(spaces_sheet({"beds": "0"}, {}, {"space_id": "s2"}), find_place=find_place)

    assert [(problem.line, problem.column) for problem in reading.problems] == [(2, "beds"), (3, "space_id")]
    assert [row.space_id for row in reading.rows] == ["s2"]


def test_a_comma_without_quotes_is_told_and_swallows_no_other_row() -> None:
    data = spaces_sheet({"address": "X"}, {"space_id": "s2"}).replace(b"X", b"Abay Avenue, 10")

    reading = read_spaces(data, find_place=find_place)

    wanted = len(SPACE_COLUMNS)
    assert [(problem.line, problem.column, problem.reason) for problem in reading.problems] == [
        (
            2,
            "",
            f"This row has {wanted + 1} cells where the header has {wanted}. Write every cell, also the empty ones, "
            "and put quotation marks around a cell with a delimiter in it.",
        )
    ]
    assert [row.space_id for row in reading.rows] == ["s2"]


@pytest.mark.parametrize("after", [0, 3, 200])
def test_a_quotation_mark_too_many_swallows_no_other_row(after: int) -> None:
    others = [{"space_id": f"t{number}"} for number in range(after)]
    data = spaces_sheet({"host": "X"}, *others).replace(b"X", b'"Aset')

    reading = read_spaces(data, find_place=find_place)

    assert [problem.line for problem in reading.problems] == [2]
    assert [row.space_id for row in reading.rows] == [other["space_id"] for other in others]


def test_a_quotation_mark_too_many_in_a_long_file_swallows_no_other_row() -> None:
    others = [{"space_id": f"t{number}", "address": "a" * 100} for number in range(2000)]
    data = spaces_sheet({"host": "X"}, *others).replace(b"X", b'"Aset')

    reading = read_spaces(data, find_place=find_place)

    assert [problem.line for problem in reading.problems] == [2]
    assert len(reading.rows) == 2000


def test_a_cell_of_two_hundred_thousand_signs_is_told_and_swallows_no_other_row() -> None:
    reading = read_spaces(spaces_sheet({"host": "a" * 200_000}, {"space_id": "s2"}), find_place=find_place)

    assert [problem.line for problem in reading.problems] == [2]
    assert [row.space_id for row in reading.rows] == ["s2"]


def test_a_cell_may_have_several_lines() -> None:
    reading = read_requests(
        requests_sheet({"notes": 'two\nlines, and a "quote"'}, {"request_id": "r2"}), find_place=find_place
    )

    assert reading.problems == []
    assert [(row.notes, row.line) for row in reading.rows] == [('two\nlines, and a "quote"', 2), ("", 4)]


# -- where ----------------------------------------------------------------------------------------


def test_a_point_is_enough_and_needs_no_name() -> None:
    row = read_spaces(spaces_sheet({"place": "", "lat": "43.2", "lon": "76,9"}), find_place=find_place).rows[0]

    assert (row.place, row.latitude, row.longitude) == (None, 43.2, 76.9)


def test_a_point_makes_an_unknown_name_harmless() -> None:
    row = read_spaces(spaces_sheet({"place": "Дача", "lat": "43.2", "lon": "76.9"}), find_place=find_place).rows[0]

    assert (row.place, row.latitude) == (None, 43.2)


def test_a_point_says_which_of_several_places_of_a_name_is_meant() -> None:
    near = {"place": "Aksu", "lat": "52.04", "lon": "76.93"}
    far = {"space_id": "s2", "place": "Aksu", "lat": "42.42", "lon": "69.83"}

    rows = read_spaces(spaces_sheet(near, far), find_place=find_place).rows

    assert [(row.place.name, row.place.region) for row in rows if row.place] == [("Aksu", "KZ.11"), ("Aksu", "KZ.10")]


def test_half_a_point_is_a_problem() -> None:
    reason = "Give both lat and lon, or leave both empty."

    assert problems_of_spaces({"lat": "43.2"}) == [("lon", reason)]
    assert problems_of_spaces({"lon": "76.9"}) == [("lat", reason)]


def test_a_swapped_point_is_a_problem() -> None:
    assert problems_of_spaces({"lat": "76.9", "lon": "43.25"}) == [
        ("lat", "lat and lon are swapped: Almaty lies at 43.25249, 76.9115.")
    ]


# -- anything at all ------------------------------------------------------------------------------


def words_for(data: bytes) -> list[str]:
    """Return everything the reader has to say against a file in which no row can be good."""
    try:
        reading = read_spaces(data, find_place=find_place)
    except HeaderProblem as problem:
        return [str(problem)]
    assert reading.rows == []
    return [problem.reason for problem in reading.problems]


@given(st.binary())
def test_any_bytes_are_refused_in_words(data: bytes) -> None:
    assert all(words_for(data))


@given(st.binary())
def test_any_bytes_after_a_good_header_are_refused_in_words(data: bytes) -> None:
    assert all(words_for(",".join(SPACE_COLUMNS).encode() + b"\n" + data))


@given(st.dictionaries(st.sampled_from(REQUEST_COLUMNS), st.text(max_size=40), min_size=1))
def test_any_cells_are_read_or_refused_in_words(cells: dict[str, str]) -> None:
    reading = read_requests(requests_sheet(cells), find_place=find_place)

    assert len(reading.rows) == (0 if reading.problems else 1)
    assert all(problem.reason for problem in reading.problems)
