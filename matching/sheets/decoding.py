"""Turn the bytes of a file into records of cells, whatever its encoding, delimiter and quotes."""

from __future__ import annotations

import codecs
import csv
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from io import StringIO
from os import PathLike
from pathlib import Path

from matching.sheets.rows import HeaderProblem
from matching.sheets.sentences import Sentence

Source = str | PathLike[str] | bytes

DELIMITERS = (",", ";", "\t")

EMPTY = Sentence("empty_file")

_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_WORKBOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")


@dataclass(frozen=True, slots=True)
class Record:
    """One row of the file: the number and text of its first line, and its cells (None: its quotes do not pair)."""

    line: int
    text: str
    cells: list[str] | None


def decode(source: Source) -> str:
    """Return the text of a file given as path or bytes: UTF-8 or UTF-16 (with or without a mark), or Windows-1251.

    Raises HeaderProblem if the bytes are no text, OSError if the file cannot be opened.
    """
    data = source if isinstance(source, bytes) else Path(source).read_bytes()
    if data.startswith(_WORKBOOKS):
        raise HeaderProblem(Sentence("workbook"))
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return _strictly(data[len(mark) :], encoding)
    # The header is in plain Latin letters, so in UTF-16 every other byte is zero.
    if data[1:40:2].count(0) > 10:
        return _strictly(data, "utf-16-le")
    if data[0:40:2].count(0) > 10:
        return _strictly(data, "utf-16-be")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return _strictly(data, "windows-1251")


def _strictly(data: bytes, encoding: str) -> str:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError:
        raise HeaderProblem(Sentence("unreadable_letters")) from None


def records(text: str, known: Collection[str]) -> Iterator[Record]:
    """Yield the header and then every row that is not blank. Raises HeaderProblem if there is no header.

    The delimiter is that which finds most `known` columns in the header. Nameless columns at its end are dropped with
    their empty cells. If a row over several lines does not fit the header, it has a quotation mark too many. It is then
    returned without cells, and reading goes on at its second line, so that the slip hides no good row.
    """
    lines = list(StringIO(text, newline=""))
    position = _header_at(lines)
    delimiter = max(DELIMITERS, key=lambda sign: _known_columns(lines[position], sign, known))

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
        return next(reader)
    except csv.Error:
        return None


def _header_at(lines: list[str]) -> int:
    first = 1 if lines and lines[0].lower().startswith("sep=") else 0  # Excel writes such a line about the delimiter.
    for at in range(first, len(lines)):
        if lines[at].strip(" \t\r\n,;"):
            return at
    raise HeaderProblem(EMPTY)


def _known_columns(header: str, delimiter: str, known: Collection[str]) -> int:
    return sum(cell.strip().lower() in known for cell in next(csv.reader([header], delimiter=delimiter), []))
