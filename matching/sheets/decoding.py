"""Turn the bytes of a file into records of cells, whatever its encoding, delimiter and quotes."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from io import StringIO
from itertools import islice
from os import PathLike
from pathlib import Path

from matching.sheets.encodings import NoText, is_guessed, text_of
from matching.sheets.headings import Layout
from matching.sheets.rows import HeaderProblem
from matching.sheets.sentences import Sentence
from matching.sheets.workbooks import MOST_TABLE_COLUMNS, NoWorkbook, Table, WorkbookTooLarge, WorkbookTooWide, tables

Source = str | PathLike[str] | bytes

DELIMITERS = (",", ";", "\t")

EMPTY = Sentence("empty_file")

_PACKED, _LOCKED = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"
"""How XLSX and ODS begin, and how old workbooks and those with a password do."""

_SERIAL = re.compile(r"\d{5}")
FIRST_SERIAL, LAST_SERIAL = 36_526, 73_415
"""The first day of 2000 and the last of 2100 as spreadsheet programs count them."""

DAY_COLUMNS = frozenset({"first_night", "registered_at"})

TITLE_LINES = 20
"""Lines in which the header is looked for."""


@dataclass(frozen=True, slots=True)
class Record:
    """One row of the file: the number and text of its first line, and its cells (None: its quotes do not pair)."""

    line: int
    text: str
    cells: list[str] | None


def records_of(source: Source, layout: Layout) -> Iterator[Record]:
    """Yield the header and every row of a file given as path or bytes: a workbook, or a text as `records` reads it.

    Raises HeaderProblem if the file is neither, OSError if it cannot be opened.
    """
    data = source if isinstance(source, bytes) else Path(source).read_bytes()
    if data.startswith(_PACKED):
        return _table_records(_best_table(_tables(data), layout), layout)
    return records(decode(data), layout)


def decode(data: bytes) -> str:
    """Return the text of these bytes, in any encoding of `matching.sheets.encodings`. Raises HeaderProblem."""
    if data.startswith(_LOCKED):
        raise HeaderProblem(Sentence("workbook"))
    try:
        return text_of(data)
    except NoText:
        raise HeaderProblem(Sentence("unreadable_letters")) from None


def text_in(data: bytes) -> str:
    """Return all the text of a file, that of every table of a workbook; "" if it cannot be read."""
    try:
        if data.startswith(_PACKED):
            return "\n".join(",".join(cells) for table in _tables(data) for _line, cells in table.rows)
        return decode(data)
    except HeaderProblem:
        return ""


def first_lines(data: bytes) -> Iterator[list[str]]:
    """Yield the cells of the first lines of a file or of each of its tables; of a text, as each delimiter divides them."""
    if data.startswith(_PACKED):
        for table in _tables(data):
            yield from (cells for _line, cells in table.rows[:TITLE_LINES])
        return
    lines = StringIO(decode(data), newline="")
    for delimiter in DELIMITERS:
        lines.seek(0)
        reader = csv.reader(lines, delimiter=delimiter)
        for _each in range(TITLE_LINES):
            cells = _next(reader)
            if not cells:
                continue
            while cells and not cells[-1].strip():
                cells.pop()
            yield cells


def guessed_lines(data: bytes, count: int) -> list[str]:
    """Return the first lines with letters outside ASCII, if their encoding was guessed; else none."""
    if data.startswith(_PACKED) or not is_guessed(data):
        return []
    return [line.strip() for line in text_in(data).splitlines() if not line.isascii()][:count]


def _tables(data: bytes) -> list[Table]:
    try:
        return tables(data)
    except NoWorkbook:
        raise HeaderProblem(Sentence("workbook")) from None
    except WorkbookTooLarge:
        raise HeaderProblem(Sentence("workbook_too_large")) from None
    except WorkbookTooWide:
        raise HeaderProblem(Sentence("workbook_too_wide", most=MOST_TABLE_COLUMNS)) from None


def _best_table(found: list[Table], layout: Layout) -> Table:
    """Return the table with the most known columns. Raises HeaderProblem if two have as many, or all are empty."""
    ranked = sorted(found, key=lambda table: _best(table.rows, layout)[0], reverse=True)
    ranked = [table for table in ranked if table.rows]
    if not ranked:
        raise HeaderProblem(EMPTY)
    most = _best(ranked[0].rows, layout)[0]
    alike = [table.title for table in ranked if _best(table.rows, layout)[0] == most]
    if most and len(alike) > 1:
        raise HeaderProblem(Sentence("several_tables", tables=", ".join(alike)))
    return ranked[0] if most else next(table for table in found if table.rows)


def _best(rows: list[tuple[int, list[str]]], layout: Layout) -> tuple[int, int]:
    """Return how many known columns the header has, and where it is: below lines of a title that have fewer."""
    counts = [_known_cells(cells, layout) for _line, cells in rows[:TITLE_LINES]]
    most = max(counts, default=0)
    return most, counts.index(most) if most > 1 else 0


def _table_records(table: Table, layout: Layout) -> Iterator[Record]:
    _most, at = _best(table.rows, layout)
    (line, header), *rows = table.rows[at:]
    days = {place for place, name in enumerate(layout.meanings(header)) if name in DAY_COLUMNS}
    width = len(header)
    yield Record(line, "", header)
    for number, cells in rows:
        shown = [_day(cell) if place in days else cell for place, cell in enumerate(cells)]
        yield Record(number, "\t".join(cell[:100] for cell in cells if cell), shown + [""] * (width - len(shown)))


def _day(cell: str) -> str:
    """Return the day of a serial number: a date whose cell lost its format."""
    if _SERIAL.fullmatch(cell) and FIRST_SERIAL <= int(cell) <= LAST_SERIAL:
        return (date(1899, 12, 30) + timedelta(days=int(cell))).isoformat()
    return cell


def records(text: str, layout: Layout) -> Iterator[Record]:
    """Yield the header and then every row that is not blank. Raises HeaderProblem if there is no header.

    The delimiter is that which finds most columns of the `layout` in the header. Nameless columns at its end are dropped with
    their empty cells. If a row over several lines does not fit the header, it has a quotation mark too many. It is then
    returned without cells, and reading goes on at its second line, so that the slip hides no good row.
    """
    lines = list(StringIO(text, newline=""))
    position = _header_at(lines, layout)
    delimiter = max(DELIMITERS, key=lambda sign: _known_columns(lines[position], sign, layout))

    def feed() -> Iterator[str]:
        nonlocal position
        while position < len(lines):
            position += 1
            yield lines[position - 1]

    reader = csv.reader(feed(), delimiter=delimiter)
    start, header = position, _next(reader) or []
    width = max((at for at, name in enumerate(header, start=1) if name.strip()), default=0)
    if not width:
        raise HeaderProblem(EMPTY)
    yield Record(start + 1, lines[start].strip(), header[:width])
    while position < len(lines):
        start, cells = position, _next(reader)
        if cells is not None:
            if not any(map(str.strip, cells)):
                continue
            if len(cells) == len(header) and not any(map(str.strip, cells[width:])):
                cells = cells[:width]
        if cells is None or (position - start > 1 and len(cells) != width):
            position, cells = start + 1, None
            reader = csv.reader(feed(), delimiter=delimiter)
        yield Record(start + 1, lines[start].strip(), cells)


def _next(reader: Iterator[list[str]]) -> list[str] | None:
    """Return the cells of the next row. Return None for a cell of more than 131,072 signs, which is an open quote."""
    try:
        return next(reader, None)
    except csv.Error:
        return None


def _header_at(lines: list[str], layout: Layout) -> int:
    """Return where the header is: the line with the most known columns, below lines of a title that have fewer."""
    first = 1 if lines and lines[0].lower().startswith("sep=") else 0  # Excel writes such a line about the delimiter.
    filled = (at for at in range(first, len(lines)) if lines[at].strip(" \t\r\n,;"))
    counts = {
        at: max(_known_columns(lines[at], sign, layout) for sign in DELIMITERS) for at in islice(filled, TITLE_LINES)
    }
    if not counts:
        raise HeaderProblem(EMPTY)
    best = max(counts, key=lambda at: counts[at])
    return best if counts[best] > 1 else next(iter(counts))


def _known_columns(header: str, delimiter: str, layout: Layout) -> int:
    cells = _next(csv.reader([header], delimiter=delimiter)) if header.strip() else []
    return _known_cells(cells or [], layout)


def _known_cells(cells: list[str], layout: Layout) -> int:
    return layout.count(cells)
