"""Small sheets for the tests: a good row with some cells changed, as the text of a file."""

from __future__ import annotations

import csv
from io import StringIO
from pathlib import Path

from matching.sheets import REQUEST_COLUMNS, SPACE_COLUMNS
from places.hearing import heard_in_files as find_place

MESSY = Path(__file__).parents[2] / "data" / "messy"

SPACE = {"space_id": "s1", "host": "Aset", "place": "Almaty", "beds": "2", "windows": "2022-09-26/2022-10-10"}
REQUEST = {"request_id": "r1", "place": "Oral", "people": "2", "first_night": "2022-09-28", "nights": "7"}


def spaces_sheet(*changes: dict[str, str], delimiter: str = ",") -> bytes:
    """Return SPACES.csv with one good row for each of `changes`, those cells changed."""
    return _sheet(SPACE_COLUMNS, [SPACE | change for change in changes], delimiter)


def requests_sheet(*changes: dict[str, str], delimiter: str = ",") -> bytes:
    """Return REQUESTS.csv with one good row for each of `changes`, those cells changed."""
    return _sheet(REQUEST_COLUMNS, [REQUEST | change for change in changes], delimiter)


def _sheet(columns: tuple[str, ...], rows: list[dict[str, str]], delimiter: str) -> bytes:
    out = StringIO(newline="")
    writer = csv.DictWriter(out, columns, delimiter=delimiter)
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode()


__all__ = ["MESSY", "find_place", "requests_sheet", "spaces_sheet"]
