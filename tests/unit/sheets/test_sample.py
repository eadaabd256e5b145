"""The sample week: made by its script, good in every row, and at home on any day."""

from __future__ import annotations

from datetime import date, timedelta

from matching.sheets import read_requests, read_spaces
from matching.sheets.sample import REFERENCE_DATE, SAMPLE_DATA, shifted_to
from sample_data.make_sample import make
from tests.unit.sheets.sheets import find_place


def test_the_sample_files_are_what_their_script_makes() -> None:
    spaces, requests = make()

    assert (SAMPLE_DATA / "SPACES.csv").read_text(encoding="utf-8") == spaces
    assert (SAMPLE_DATA / "REQUESTS.csv").read_text(encoding="utf-8") == requests


def test_every_row_of_the_sample_is_good() -> None:
    spaces = read_spaces(SAMPLE_DATA / "SPACES.csv", find_place=find_place)
    requests = read_requests(SAMPLE_DATA / "REQUESTS.csv", find_place=find_place)

    assert (len(spaces.rows), spaces.problems) == (180, [])
    assert (len(requests.rows), requests.problems) == (300, [])
    assert [row.request_id for row in requests.rows if row.children == row.people] == ["sample-r150"]


def test_shifted_to_moves_every_date_by_the_same_days() -> None:
    then = shifted_to(REFERENCE_DATE, find_place=find_place)
    now = shifted_to(date(2026, 3, 1), find_place=find_place)

    days = date(2026, 3, 1) - REFERENCE_DATE
    for before, after in zip(then[0], now[0], strict=True):
        assert after.windows == tuple((first + days, last + days) for first, last in before.windows)
        assert (after.space_id, after.latitude, after.beds) == (before.space_id, before.latitude, before.beds)
    for asked, moved in zip(then[1], now[1], strict=True):
        assert moved.first_night - asked.first_night == days
        assert asked.registered_at is not None
        assert moved.registered_at == asked.registered_at + days
    assert {row.first_night >= date(2026, 3, 1) for row in now[1]} == {True}
    assert max(row.first_night for row in now[1]) == date(2026, 3, 1) + timedelta(days=13)
