"""Headings that people write mean one column in each kind of sheet, and never one about whom a host lets in."""

from __future__ import annotations

import pytest

from matching.sheets import REQUEST_COLUMNS, SPACE_COLUMNS, read_requests
from matching.sheets.columns import POINTS
from matching.sheets.headings import COLUMNS_MEANT, column_meant
from tests.unit.sheets.sheets import find_place

KINDS = ((*SPACE_COLUMNS, *POINTS), (*REQUEST_COLUMNS, *POINTS))


@pytest.mark.parametrize("columns", KINDS)
def test_every_column_means_itself(columns: tuple[str, ...]) -> None:
    assert tuple(column_meant(f" {column.upper()} ", columns) for column in columns) == columns


@pytest.mark.parametrize("heading", COLUMNS_MEANT)
def test_a_heading_means_one_column_at_most_in_each_kind(heading: str) -> None:
    meant = COLUMNS_MEANT[heading]

    assert [sum(column in columns for column in meant) <= 1 for columns in KINDS] == [True, True]
    assert any(column in columns for columns in KINDS for column in meant)
    assert not {"who", "children", "shared", "vetted", "all_women"} & set(meant)
    for columns in KINDS:
        known = [column for column in meant if column in columns] or [heading]
        if heading not in columns:
            assert [column_meant(f"{heading.capitalize()}*:", columns)] == known or known == [heading]


def test_a_form_s_export_in_russian_with_a_title_is_read() -> None:
    data = (
        "Ответы на форму;;;;;\r\n№;Ваше имя;Город *;Сколько человек?;household/Дата приезда;Количество ночей\r\n"
        "1;Айгерим;Almaty;2;28.03.2027;3\r\n"
    ).encode("windows-1251")

    reading = read_requests(data, find_place=find_place)

    assert reading.problems == []
    assert [(row.request_id, row.name, row.people, row.nights) for row in reading.rows] == [("1", "Айгерим", 2, 3)]


def test_a_heading_that_is_unknown_stays_unknown() -> None:
    assert column_meant("Знак зодиака", SPACE_COLUMNS) == "знак зодиака"
