"""The two spreadsheets volunteers already have, read into plain rows and written without formulas.

`read_spaces` and `read_requests` read SPACES.csv and REQUESTS.csv as they come (any of the usual
encodings and delimiters); `safe_cell` is the one way a cell leaves in an export. No Django, no
database, no clock.
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
