"""A point in one cell: the heading says which number comes first, and what is no point is told."""

from __future__ import annotations

import csv
from io import StringIO

import pytest

from matching.sheets import HeaderProblem, read_requests
from tests.unit.sheets.sheets import find_place

LAT_FIRST = [
    "lat,lon",
    "Latitude, Longitude",
    "Широта, долгота",
    "широта/долгота",
    "geopoint",
    "Ендік, бойлық",
    "განედი, გრძედი",
]
LON_FIRST = ["lon,lat", "Longitude, Latitude", "Долгота, широта", "lng, lat", "Довгота, широта"]
SEPARATED = ["{}, {}", "{},{}", "{};{}", "{} {}", "({}, {})", "{} {} 0 4.5", " {} ,  {} "]


def read(heading: str, cell: str, **more: str) -> tuple[list[tuple[float | None, float | None]], list[tuple[str, str]]]:
    """Return the points that were read, and the column and the cell of each problem."""
    row = {"request_id": "r1", "people": "2", "first_night": "2027-09-28", "nights": "7", heading: cell} | more
    out = StringIO(newline="")
    csv.writer(out).writerows([row.keys(), row.values()])
    found = read_requests(out.getvalue().encode(), find_place=find_place)
    points = [(each.latitude, each.longitude) for each in found.rows]
    return points, [(each.column, each.value) for each in found.problems]


@pytest.mark.parametrize("separated", SEPARATED)
@pytest.mark.parametrize("heading", [*LAT_FIRST, *LON_FIRST])
def test_heading_says_which_number_comes_first(heading: str, separated: str) -> None:
    first, second = ("43.25", "76.91") if heading in LAT_FIRST else ("76.91", "43.25")

    assert read(heading, separated.format(first, second)) == ([(43.25, 76.91)], [])


@pytest.mark.parametrize("separated", ["{}; {}", "{} {}", "{}, {}"])
def test_numbers_may_have_a_comma(separated: str) -> None:
    assert read("lat,lon", separated.format("43,25", "76,91")) == ([(43.25, 76.91)], [])


@pytest.mark.parametrize(
    ("cell", "told"),
    [
        ("Almaty", ("lat", "Almaty")),
        ("43.25", ("lon", "")),
        ("43,25,76,91,7", ("lat", "43,25,76,91,7")),
        ("https://maps.example.org/?q=1", ("lat", "https://maps.example.org/?q=1")),
    ],
)
def test_what_is_no_point_is_told(cell: str, told: tuple[str, str]) -> None:
    points, problems = read("lat,lon", cell)

    assert (points, problems[0]) == ([], told)


def test_point_far_from_its_town_is_told() -> None:
    points, problems = read("lon,lat", "43.25, 76.91", place="Almaty")  # the numbers the other way round

    assert (points, [column for column, _cell in problems]) == ([], ["lat"])


@pytest.mark.parametrize("heading", ["Location", "Координаты", "GPS"])
def test_heading_that_does_not_say_the_order_is_asked_for(heading: str) -> None:
    with pytest.raises(HeaderProblem):
        read(heading, "43.25, 76.91")


def test_two_columns_and_one_for_the_same_point_are_refused() -> None:
    with pytest.raises(HeaderProblem):
        read("lat,lon", "43.25, 76.91", lat="43.25", lon="76.91")
