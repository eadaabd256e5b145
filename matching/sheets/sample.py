"""The sample week (`sample_data/`) with its dates moved to any day, for the demo and for trials."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

from matching.sheets.consistency import FindPlace
from matching.sheets.reading import read_requests, read_spaces
from matching.sheets.rows import RequestRow, SpaceRow

SAMPLE_DATA = Path(__file__).parents[2] / "sample_data"

REFERENCE_DATE = date(2022, 9, 26)
"""The Monday on which the sample week begins. The unmoved files are matched with `--now 2022-09-26T00:00:00Z`."""


def shifted_to(today: date, *, find_place: FindPlace) -> tuple[list[SpaceRow], list[RequestRow]]:
    """Return the spaces and shelter requests of the sample week as if it began on `today`."""
    days = today - REFERENCE_DATE
    spaces = read_spaces(SAMPLE_DATA / "SPACES.csv", find_place=find_place).rows
    requests = read_requests(SAMPLE_DATA / "REQUESTS.csv", find_place=find_place).rows
    return [_moved_space(space, days) for space in spaces], [_moved_request(request, days) for request in requests]


def _moved_space(space: SpaceRow, days: timedelta) -> SpaceRow:
    return replace(space, windows=tuple((first + days, last + days) for first, last in space.windows))


def _moved_request(request: RequestRow, days: timedelta) -> RequestRow:
    since = request.registered_at
    return replace(request, first_night=request.first_night + days, registered_at=since + days if since else None)
