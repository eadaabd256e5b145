"""Writing cells that a spreadsheet program must show and never run."""

from __future__ import annotations

import re

# Excel and LibreOffice run a cell that begins so, also after white space, and its full-width form.
_FORMULA = re.compile(r"'*\s*[=+\-@\uff1d\uff0b\uff0d\uff20]|'*[\t\r\n]")


def safe_cell(value: object) -> str:
    """Return `value` as the text of a CSV cell that no spreadsheet program takes for a formula.

    A text that would be one gets an apostrophe in front, which the programs show as text and
    `plain_text` takes away again. Numbers stay numbers (-5 is not a formula), None is empty.
    """
    if value is None:
        return ""
    if isinstance(value, (int, float)):
        return str(value)
    text = str(value)
    return "'" + text if _FORMULA.match(text) else text


def plain_text(cell: str) -> str:
    """Return the text that `safe_cell` made this cell of."""
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell) else cell
