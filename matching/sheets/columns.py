"""The columns of the two spreadsheets: how each is read, and what an empty cell means. docs/sheets.md tells people."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, tzinfo
from typing import Any, NamedTuple

from matching.limits import DEFAULT_RADIUS_KM, LONGEST_LIMIT, LONGEST_STAY, MOST_BEDS, MOST_PEOPLE
from matching.sheets import cells


class Column(NamedTuple):
    """`read` takes a cell that is not empty; an empty one means `default`, or where `needed` says why, a problem."""

    read: Callable[[str], Any]
    default: Any = None
    needed: str = ""


Columns = dict[str, Column]

_CONTACTS: Columns = {
    "phone": Column(cells.phone, ""),
    "email": Column(cells.email, ""),
    "telegram": Column(cells.telegram, ""),
}
_WHERE: Columns = {
    "place": Column(cells.text, ""),
    "lat": Column(cells.coordinate("latitude", 90)),
    "lon": Column(cells.coordinate("longitude", 180)),
}

SPACE: Columns = {
    "space_id": Column(cells.key, needed="Give every space an identifier that stays the same, like s1."),
    "host": Column(cells.text, ""),
    "phone": _CONTACTS["phone"],
    "email": _CONTACTS["email"],
    "telegram": _CONTACTS["telegram"],
    "place": _WHERE["place"],
    "address": Column(cells.text, ""),
    "lat": _WHERE["lat"],
    "lon": _WHERE["lon"],
    "beds": Column(cells.whole_number(1, MOST_BEDS), needed="Say how many people can sleep here."),
    "shared": Column(cells.yes_no, False),
    "windows": Column(cells.windows, needed="Say when the space is free, like 2022-09-26/2022-10-10."),
    "max_nights": Column(cells.whole_number(1, LONGEST_LIMIT)),
    "who": Column(cells.who, "anyone"),
    "children": Column(cells.yes_no, True),
    "pets": Column(cells.yes_no, False),
    "smoking": Column(cells.yes_no, False),
    "step_free": Column(cells.yes_no, False),
    "languages": Column(cells.languages, frozenset()),
    "vetted": Column(cells.yes_no, False),
}


def request(zone: tzinfo) -> Columns:
    """Return the columns of REQUESTS.csv; a moment without an offset is in `zone`."""
    return {
        "request_id": Column(cells.key, needed="Give every request an identifier that stays the same, like r1."),
        "name": Column(cells.text, ""),
        **_CONTACTS,
        **_WHERE,
        "radius_km": Column(cells.radius, DEFAULT_RADIUS_KM),
        "people": Column(cells.whole_number(1, MOST_PEOPLE), needed="Say how many people need a place to sleep."),
        "children": Column(cells.whole_number(0, MOST_PEOPLE), 0),
        "all_women": Column(cells.yes_no, False),
        "first_night": Column(cells.day, needed="Say from which night, like 2022-09-28."),
        "nights": Column(cells.whole_number(1, LONGEST_STAY), needed="Say for how many nights."),
        "min_nights": Column(cells.whole_number(1, LONGEST_STAY)),
        "pets": Column(cells.yes_no, False),
        "step_free": Column(cells.yes_no, False),
        "women_only": Column(cells.yes_no, False),
        "smoking": Column(cells.yes_no),
        "languages": Column(cells.languages, frozenset()),
        "language_required": Column(cells.yes_no, False),
        "urgency": Column(cells.urgency, 1.0),
        "registered_at": Column(cells.moment(zone)),
        "may_move": Column(cells.yes_no, False),
        "may_split": Column(cells.yes_no, False),
        "notes": Column(cells.text, ""),
    }


SPACE_COLUMNS = tuple(SPACE)
"""The header of SPACES.csv."""

REQUEST_COLUMNS = tuple(request(UTC))
"""The header of REQUESTS.csv."""
