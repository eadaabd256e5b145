"""The columns of the two spreadsheets: the reader and the default of each. docs/sheets.md describes them to people."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, tzinfo
from typing import Any, NamedTuple

from matching.sheets import cells, fields
from matching.sheets.fields import Field
from matching.sheets.sentences import Sentence


class Column(NamedTuple):
    """`read` takes a cell that is not empty. An empty cell means `default`; if `needed` says what to write, it is a problem.

    `name` is the name of the value in the row that is read, if it differs from the column's.
    """

    read: Callable[[str], Any]
    default: Any = None
    needed: str = ""
    name: str = ""


SheetColumns = dict[str, Column]

CONTACTS = {"sms": "phone", "email": "email", "telegram": "telegram"}
"""The column for each kind of address (`notifications.models.ContactPoint.Channel`)."""

_CONTACTS: SheetColumns = {
    "phone": Column(cells.phone, ""),
    "email": Column(cells.email, ""),
    "telegram": Column(cells.telegram, ""),
}


def _declared(those: Sequence[Field]) -> SheetColumns:
    """Return the columns of those fields that the sheets have, in their order."""
    return {
        field.column: Column(field.kind.read, field.empty, field.needed, field.name) for field in those if field.column
    }


SPACE_SHEET: SheetColumns = {
    "space_id": Column(cells.key, needed=Sentence("space_identifier")),
    "host": Column(cells.text, ""),
    **_CONTACTS,
    **_declared(fields.SPACE),
    "vetted": Column(cells.yes_no, None),
}


def request(zone: tzinfo) -> SheetColumns:
    """Return the columns of REQUESTS.csv; a moment without an offset is in `zone`."""
    columns = {
        "request_id": Column(cells.key, needed=Sentence("request_identifier")),
        "name": Column(cells.text, ""),
        **_CONTACTS,
    }
    for name, column in _declared(fields.REQUEST).items():
        # An empty cell is no answer, which `consistency.settle_request` tells from a no.
        columns[name] = column._replace(default=None) if name == "all_women" else column
        if name == "urgency":  # This column is no field of the request, because its owner cannot change it.
            columns["registered_at"] = Column(cells.moment(zone))
    return columns


POINTS = {"lat,lon": ("lat", "lon"), "lon,lat": ("lon", "lat")}
"""Columns with a point in one cell, and the columns of its two numbers. No export has them."""

SPACE_COLUMNS = tuple(SPACE_SHEET)
"""The header of SPACES.csv."""

REQUEST_COLUMNS = tuple(request(UTC))
"""The header of REQUESTS.csv."""

PERSONAL = frozenset(
    {"host", "name", *CONTACTS.values()}
    | {field.column for field in (*fields.SPACE, *fields.REQUEST) if field.personal} - {""}
)
"""The columns that identify a person or tell how to find them."""
