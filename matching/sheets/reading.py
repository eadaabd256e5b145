"""Read the two spreadsheets: the header, and every row with all its problems."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, tzinfo
from itertools import zip_longest
from operator import attrgetter
from types import MappingProxyType
from typing import TypeVar

from matching.sheets import columns
from matching.sheets.cells import CellProblem
from matching.sheets.columns import POINTS, SheetColumns
from matching.sheets.consistency import FindPlace, Problems, Values, disputed_contacts, settle_request, settle_space
from matching.sheets.decoding import Record, Source, records_of
from matching.sheets.headings import IGNORE, NOTE, WHY, Layout, labels
from matching.sheets.rows import HeaderProblem, Reading, RequestRow, RowProblem, SpaceRow
from matching.sheets.sentences import Sentence
from matching.sheets.writing import plain_text
from reading.keys import unwritten

Row = TypeVar("Row", SpaceRow, RequestRow)

Chosen = Mapping[str, str]
"""For the label of a heading, the column that it means, IGNORE or NOTE."""

NOTHING_CHOSEN: Chosen = MappingProxyType({})

SHOWN_SIGNS = 60
"""Characters shown of a row that cannot be divided into cells."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """One kind of sheet: its name, its columns (the first is the key), and the rule about several cells together."""

    name: str
    columns: SheetColumns
    settle: Callable[[Values, FindPlace], Problems]


def read_spaces(source: Source, *, find_place: FindPlace, chosen: Chosen = NOTHING_CHOSEN) -> Reading[SpaceRow]:
    """Read SPACES.csv, or a workbook, from a path or from bytes. Rows that dispute a contact are refused.

    `find_place` returns the place of a name; `chosen` says what headings mean, and the others are guessed. Raises
    HeaderProblem if the file as a whole cannot be read, OSError if it cannot be opened. The problems of single rows are in
    the result.
    """
    read = _read(source, Sheet("SPACES.csv", columns.SPACE_SHEET, settle_space), SpaceRow, find_place, chosen)
    disputed = disputed_contacts(read.rows)
    lines = {problem.line for problem in disputed}
    return Reading(
        [row for row in read.rows if row.line not in lines],
        sorted([*read.problems, *disputed], key=attrgetter("line")),
        read.taken,
        read.headings,
    )


def read_requests(
    source: Source, *, find_place: FindPlace, zone: tzinfo = UTC, chosen: Chosen = NOTHING_CHOSEN
) -> Reading[RequestRow]:
    """Read REQUESTS.csv from a path or from bytes; a `registered_at` without an offset is in `zone`.

    For the other arguments and the errors see `read_spaces`.
    """
    sheet = Sheet("REQUESTS.csv", columns.request(zone), settle_request)
    return _read(source, sheet, RequestRow, find_place, chosen)


def _read(source: Source, sheet: Sheet, row: type[Row], find_place: FindPlace, chosen: Chosen) -> Reading[Row]:
    layout = Layout(sheet.columns, chosen)
    found = records_of(source, layout)
    header = next(found)
    names = _column_names(header, sheet, layout)
    find_place = functools.cache(find_place)
    # A group of a form before the name, which anybody may have written, is left out.
    headings = [cell.rsplit("/", 1)[-1].strip() for cell in header.cells or []]
    taken = [(cell, name) for cell, name in zip(headings, names, strict=True) if cell.lower() != name]
    taken = [(cell, name) for cell, name in taken if name in sheet.columns or name in POINTS]
    titles = labels(header.cells or [])
    reading: Reading[Row] = Reading([], [], taken, list(zip(titles, names, strict=True)))
    noted = [(place, title) for place, (title, name) in enumerate(reading.headings) if name == NOTE]
    key = next(iter(sheet.columns))
    renamed = [(name, column.name) for name, column in sheet.columns.items() if column.name not in ("", name)]
    absent = _absent(names, sheet.columns)
    optional = [
        (name, column.name or name) for name, column in sheet.columns.items() if name in names and not column.needed
    ]
    alike: dict[frozenset[str], frozenset[str]] = {}  # Most rows leave the same cells empty: one set in memory for all.
    line_of: dict[str, int] = {}
    for record in found:
        if record.cells is None or not _fits(record.cells, names, sheet.columns):
            reading.problems.append(_no_fit(record, len(names)))
            continue
        # Spreadsheet programs leave out or add empty cells at the end of a row.
        written = dict(zip_longest(names, map(str.strip, record.cells[: len(names)]), fillvalue=""))
        for name in POINTS:
            if written.get(name):
                written |= _two_numbers(name, written[name])
        values, problems = _read_cells(written, sheet.columns)
        if noted:
            _keep_notes(values, noted, record.cells)
        problems += sheet.settle(values, find_place)
        if key in values:
            first = line_of.setdefault(unwritten(values[key]), record.line)
            if first != record.line:
                problems.append((key, Sentence("same_identifier", line=first)))
        if problems and len(record.cells) > len(names):  # A cell with a delimiter and no quotation marks around it.
            reading.problems.append(_no_fit(record, len(names)))
        elif problems:
            reading.problems.extend(_in_order(problems, record.line, written, sheet.columns))
        else:
            values |= {name: values.pop(column) for column, name in renamed}
            empty = frozenset(field for name, field in optional if not written[name])
            empty = alike.setdefault(empty, empty)
            reading.rows.append(row(**values, line=record.line, absent=absent, empty=empty))
    return reading


def _read_cells(written: dict[str, str], known: SheetColumns) -> tuple[Values, Problems]:
    """Return the value of every cell that can be read, and the problems of the other cells."""
    values: Values = {}
    problems: Problems = []
    for name, column in known.items():
        cell = written.get(name)
        try:
            if cell:
                values[name] = column.read(plain_text(cell) if cell[0] == "'" else cell)
            elif column.needed:
                problems.append((name, column.needed))
            else:
                values[name] = column.default
        except CellProblem as problem:
            problems.append((name, problem.sentence))
    return values, problems


def _two_numbers(name: str, cell: str) -> dict[str, str]:
    """Return the cells `lat` and `lon` of a point in one cell, as two cells would have them.

    The height and the accuracy behind it, which KoBoToolbox writes, are left out. What is no point is read as a latitude, and
    so is told.
    """
    parts = [part for part in re.split(r"[;\s]+|,\s+", cell.strip("()[] ")) if part]
    if len(parts) == 1:
        parts = cell.strip("()[] ").split(",")
    if len(parts) not in (2, 3, 4):
        return {"lat": cell, "lon": ""}
    return dict(zip(POINTS[name], (part.strip(", ") for part in parts), strict=False))


def as_written(source: Source, layout: Layout, lines: Collection[int]) -> tuple[list[str], dict[int, list[str]]]:
    """Return the headings of a file and the cells of these lines as they were written, without a column of reasons."""
    found = records_of(source, layout)
    header = next(found).cells or []
    start = 1 if header and header[0].strip().lower() in WHY.values() else 0
    rows = {
        each.line: [each.text] if each.cells is None else each.cells[start:] for each in found if each.line in lines
    }
    return header[start:], rows


def _keep_notes(values: Values, noted: list[tuple[int, str]], cells: list[str]) -> None:
    """Add the cells of columns that are kept as notes, each behind its heading, to the notes of the row."""
    said = [f"{title}: {cells[place].strip()}" for place, title in noted if place < len(cells) and cells[place].strip()]
    if "notes" in values:
        values["notes"] = "\n".join([values["notes"], *said] if values["notes"] else said).replace("\0", "")


def _in_order(problems: Problems, line: int, written: dict[str, str], known: SheetColumns) -> list[RowProblem]:
    place_of = {name: place for place, name in enumerate(known)}
    return [
        RowProblem(line, column, written.get(column, ""), reason)
        for column, reason in sorted(problems, key=lambda problem: place_of[problem[0]])
    ]


def _absent(names: list[str], known: SheetColumns) -> frozenset[str]:
    """Return the fields whose columns the file lacks. A place and its point are one: the header has the name or both."""
    there = {*names, "place", "lat", "lon"} | ({"notes"} if NOTE in names else set())
    return frozenset(column.name or name for name, column in known.items() if name not in there)


def _fits(cells: list[str], names: list[str], known: SheetColumns) -> bool:
    """Return whether only empty cells are missing at the end of the row, or too many there."""
    return not any(cell.strip() for cell in cells[len(names) :]) and not any(
        name in known and known[name].needed for name in names[len(cells) :]
    )


def _no_fit(record: Record, width: int) -> RowProblem:
    """Return the problem of a row that cannot be divided into the cells of the header."""
    unclosed = record.cells is None
    why = Sentence("open_quote") if unclosed else Sentence("cells", cells=len(record.cells or []), width=width)
    return RowProblem(record.line, "", record.text[:SHOWN_SIGNS], why)


def _column_names(header: Record, sheet: Sheet, layout: Layout) -> list[str]:
    """Return what each heading of the file means. Raises HeaderProblem that names every wrong or missing column."""
    names = layout.meanings(header.cells or [])
    means = [each for name in names for each in POINTS.get(name, (name,))]
    unknown = [name or "(empty)" for name in means if name not in sheet.columns and name not in (IGNORE, NOTE)]
    twice = [name for name in dict.fromkeys(means) if means.count(name) > 1 and name in sheet.columns]
    missing = [name for name, column in sheet.columns.items() if column.needed and name not in names]
    if "place" not in names and not {"lat", "lon"} <= set(means):
        missing.append("place (or lat and lon)")
    amiss = []
    if unknown:
        amiss.append(Sentence("unknown_columns", columns=", ".join(unknown)))
    if twice:
        amiss.append(Sentence("columns_twice", columns=", ".join(twice)))
    if missing:
        amiss.append(Sentence("missing_columns", columns=", ".join(missing)))
    if amiss:
        known = Sentence("columns", sheet=sheet.name, columns=", ".join(sheet.columns))
        raise HeaderProblem(*amiss, known, headings=list(zip(labels(header.cells or []), names, strict=True)))
    return names
