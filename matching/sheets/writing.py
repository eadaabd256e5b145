"""Write cells that a spreadsheet program shows and never runs."""

from __future__ import annotations

import re

# Excel and LibreOffice run a cell that begins with one of these signs, also after white space or in full width.
_FORMULA = re.compile(r"'*\s*[=+\-@\uff1d\uff0b\uff0d\uff20]|'*[\t\r\n]")


def safe_cell(value: object) -> str:
    """Return `value` as the text of a CSV cell that no spreadsheet program takes for a formula.

    A text that looks like a formula gets an apostrophe in front: programs then show the text, and `plain_text` removes
    the apostrophe. Numbers stay numbers (-5 is not a formula); None gives an empty cell.
    """
    if value is None:
        return ""
    if isinstance(value, (int, float)):
        return str(value)
    text = str(value)
    return "'" + text if _FORMULA.match(text) else text


def plain_text(cell: str) -> str:
    """Return the text from which `safe_cell` made this cell."""
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell) else cell


def there_and_back(text: str) -> str:
    """Return the text that is read from the cell which `safe_cell` writes for `text`: a cell has no white space around it."""
    return plain_text(safe_cell(text).strip())
