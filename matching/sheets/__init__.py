"""The two spreadsheets that volunteers already have: read into plain rows, and written without formulas.

`read_spaces` and `read_requests` read SPACES.csv and REQUESTS.csv in any of the usual encodings
and with any of the usual delimiters. Every cell of an export goes through `safe_cell`. No Django, no database, no clock.
"""

from matching.sheets.columns import REQUEST_COLUMNS, SPACE_COLUMNS
from matching.sheets.reading import read_requests, read_spaces
from matching.sheets.rows import (
    HeaderProblem,
    Reading,
    RequestRow,
    RowProblem,
    SpaceRow,
)
from matching.sheets.writing import safe_cell

__all__ = [
    "REQUEST_COLUMNS",
    "SPACE_COLUMNS",
    "HeaderProblem",
    "Reading",
    "RequestRow",
    "RowProblem",
    "SpaceRow",
    "read_requests",
    "read_spaces",
    "safe_cell",
]
