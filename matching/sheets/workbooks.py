"""Read the tables of a workbook (XLSX or ODS) as the text that the same cells would have in a CSV file.

A workbook is a packed file from anybody. Its unpacked size is counted before anything is parsed, rows are read one by
one, and only the values that the program kept are read: no formula is computed and no link is followed.
"""

from __future__ import annotations

import warnings
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from io import BytesIO
from itertools import islice
from typing import Any
from xml.etree.ElementTree import Element, ParseError

import openpyxl
from defusedxml.ElementTree import iterparse
from openpyxl.utils.escape import unescape

MOST_UNPACKED = 128 * 1024 * 1024
"""Bytes of all parts of a workbook together, and signs of all cells of a table: one text may stand in many cells."""

MOST_PARTS = 2_000
MOST_TABLE_ROWS = 200_000
"""Rows of one table up to its last row with a value."""

MOST_TABLE_COLUMNS = 256

_OFFICE = "{urn:oasis:names:tc:opendocument:xmlns:office:1.0}"
_TABLE = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
_TEXT = "{urn:oasis:names:tc:opendocument:xmlns:text:1.0}"
_STYLE = "{urn:oasis:names:tc:opendocument:xmlns:style:1.0}"
_BLANK_ROWS_IN_TURN = 5_000
_CHUNK = 1 << 20


class NoWorkbook(ValueError):
    """The file is no workbook that can be read."""


class WorkbookTooLarge(ValueError):
    """The workbook unpacks to more than the service reads."""


class WorkbookTooWide(ValueError):
    """A row has a value beyond the last column that the service reads."""


@dataclass(frozen=True, slots=True)
class Table:
    """One visible sheet of a workbook: its title and its rows, with the row's number beside its cells."""

    title: str
    rows: list[tuple[int, list[str]]]


def tables(data: bytes) -> list[Table]:
    """Return the visible tables of a workbook, without empty rows. Raises NoWorkbook, WorkbookTooLarge, WorkbookTooWide."""
    try:
        names = _measured(data)
        if "content.xml" in names:
            return list(_opendocument(data))
        if "xl/workbook.xml" in names:
            return list(_office_open(data))
    except (WorkbookTooLarge, WorkbookTooWide):
        raise
    # A damaged workbook breaks its readers in many ways, and all of them mean the same to its bringer.
    except (zipfile.BadZipFile, zlib.error, ParseError, NotImplementedError, OSError) as broken:
        raise NoWorkbook from broken
    except (ValueError, KeyError, TypeError, AttributeError, IndexError, EOFError, RuntimeError) as broken:
        raise NoWorkbook from broken
    raise NoWorkbook


def _measured(data: bytes) -> set[str]:
    """Return the names of the parts, after unpacking each once: the size in a packed file's list may lie."""
    with zipfile.ZipFile(BytesIO(data)) as packed:
        parts, size = packed.infolist(), 0
        if len(parts) > MOST_PARTS:
            raise WorkbookTooLarge
        for part in parts:
            declared = part.file_size
            size += declared
            if size > MOST_UNPACKED:
                raise WorkbookTooLarge
            unpacked = 0
            part.file_size = MOST_UNPACKED + 1
            with packed.open(part) as stream:
                while chunk := stream.read(_CHUNK):
                    unpacked += len(chunk)
                    if unpacked > declared:
                        raise WorkbookTooLarge
        return {part.filename for part in parts}


def _table(title: str, rows: Iterable[tuple[int, list[str]]]) -> Table:
    kept: list[tuple[int, list[str]]] = []
    signs = 0
    for number, cells in rows:
        if number > MOST_TABLE_ROWS and any(cells):
            raise WorkbookTooLarge
        if len(cells) > MOST_TABLE_COLUMNS:
            raise WorkbookTooWide
        signs += sum(map(len, cells))
        if signs > MOST_UNPACKED:
            raise WorkbookTooLarge
        if any(cells):
            kept.append((number, cells))
        elif number > MOST_TABLE_ROWS or number - (kept[-1][0] if kept else 0) > _BLANK_ROWS_IN_TURN:
            break
    return Table(title, kept)


# -- XLSX -----------------------------------------------------------------------------------------


def _office_open(data: bytes) -> Iterator[Table]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # openpyxl warns of styles and extensions that it leaves out.
        book = openpyxl.load_workbook(BytesIO(data), read_only=True, data_only=True, keep_links=False)
        for sheet in book.worksheets:
            if sheet.sheet_state == "visible":
                sheet.reset_dimensions()  # The size that a program wrote may be wrong.
                rows = sheet.iter_rows(values_only=True, max_col=MOST_TABLE_COLUMNS + 1)
                yield _table(sheet.title, ((at, _texts(row)) for at, row in enumerate(rows, start=1)))
        book.close()


def _texts(row: Iterable[Any]) -> list[str]:
    # XLSX writes signs that XML cannot hold as codes, such as _x000D_ at the end of a line; openpyxl leaves them.
    cells = [as_typed(unescape(value) if isinstance(value, str) and "_x" in value else value) for value in row]
    while cells and not cells[-1]:
        cells.pop()
    return cells


def as_typed(value: Any) -> str:
    """Return the text that a person would have typed for this value of a cell."""
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case float() if value.is_integer():
            return str(int(value))
        case datetime():
            return value.date().isoformat() if value.time() == time() else value.isoformat(sep=" ", timespec="seconds")
        case date() | time():
            return value.isoformat()
        case timedelta():
            return str(value)
        case _:
            return str(value).replace("\r\n", "\n").strip()


# -- ODS ------------------------------------------------------------------------------------------


def _opendocument(data: bytes) -> Iterator[Table]:
    with zipfile.ZipFile(BytesIO(data)) as packed:
        if b"encryption-data" in packed.read("META-INF/manifest.xml"):
            raise NoWorkbook
        hidden: set[str] = set()
        with packed.open("content.xml") as content:
            for _event, element in iterparse(content):
                if element.tag == f"{_STYLE}style":
                    properties = element.find(f"{_STYLE}table-properties")
                    if properties is not None and properties.get(f"{_TABLE}display") == "false":
                        hidden.add(element.get(f"{_STYLE}name", ""))
                elif element.tag == f"{_TABLE}table":
                    if element.get(f"{_TABLE}style-name") not in hidden:
                        yield _table(element.get(f"{_TABLE}name", ""), _rows_of(element))
                    element.clear()


def _rows_of(table: Element) -> Iterator[tuple[int, list[str]]]:
    number = 0
    for row in table.iter(f"{_TABLE}table-row"):
        cells = list(islice(_cells_of(row), MOST_TABLE_COLUMNS + 1))
        while cells and not cells[-1]:
            cells.pop()
        times = int(row.get(f"{_TABLE}number-rows-repeated", "1"))
        if not cells:  # A million empty rows close the table of a whole sheet.
            number += times
            continue
        if number + times > MOST_TABLE_ROWS:
            raise WorkbookTooLarge
        for _ in range(times):
            number += 1
            yield number, cells


def _cells_of(row: Element) -> Iterator[str]:
    for cell in row:
        if cell.tag in (f"{_TABLE}table-cell", f"{_TABLE}covered-table-cell"):
            text = _ods_text(cell)
            times = int(cell.get(f"{_TABLE}number-columns-repeated", "1"))
            for _ in range(min(times, MOST_TABLE_COLUMNS + 1)):
                yield text


def _ods_text(cell: Element) -> str:
    match cell.get(f"{_OFFICE}value-type"):
        case "float" | "currency" | "percentage":
            return as_typed(float(cell.get(f"{_OFFICE}value", "nan")))
        case "boolean":
            return "yes" if cell.get(f"{_OFFICE}boolean-value") == "true" else "no"
        case "date":
            return as_typed(datetime.fromisoformat(cell.get(f"{_OFFICE}date-value", "")[:19]))
        case _:
            return "\n".join("".join(part.itertext()) for part in cell.findall(f"{_TEXT}p")).strip()
