"""Workbooks of openpyxl and XlsxWriter, and an ODS, mean what the same table means as CSV; what is too large is refused."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime
from io import BytesIO
from typing import Any

import openpyxl
import pytest
import xlsxwriter

from matching.sheets import HeaderProblem, read_requests, read_spaces
from matching.sheets import workbooks as limits
from matching.sheets.decoding import text_in
from matching.sheets.workbooks import as_typed
from tests.unit.sheets.sheets import find_place

Rows = list[list[Any]]

SPACES: Rows = [
    ["space_id", "host", "phone", "place", "beds", "windows", "shared", "pets"],
    [71, "Айгерим", 77000000902.0, "Almaty", 2.0, "2027-03-01/2027-03-20", True, False],
    ["s2", "Қайрат", None, "Oral", 3, "2027-03-01/2027-03-20"],
]
SPACES_AS_CSV = (
    "space_id,host,phone,place,beds,windows,shared,pets\n"
    "71,Айгерим,77000000902,Almaty,2,2027-03-01/2027-03-20,yes,no\n"
    "s2,Қайрат,,Oral,3,2027-03-01/2027-03-20,,\n"
).encode()


def by_openpyxl(*sheets: Rows) -> bytes:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for rows in sheets:
        sheet = book.create_sheet()
        for row in rows:
            sheet.append(row)
    out = BytesIO()
    book.save(out)
    return out.getvalue()


def by_xlsxwriter(*sheets: Rows) -> bytes:
    out = BytesIO()
    with xlsxwriter.Workbook(out, {"default_date_format": "dd.mm.yyyy"}) as book:
        for rows in sheets:
            sheet = book.add_worksheet()
            for at, row in enumerate(rows):
                sheet.write_row(at, 0, row)
    return out.getvalue()


def _ods_cell(value: Any) -> str:
    match value:
        case None:
            return "<table:table-cell/>"
        case bool():
            return f'<table:table-cell office:value-type="boolean" office:boolean-value="{str(value).lower()}"/>'
        case int() | float():
            return f'<table:table-cell office:value-type="float" office:value="{value}"/>'
        case date():
            return f'<table:table-cell office:value-type="date" office:date-value="{value.isoformat()}"/>'
    return f'<table:table-cell office:value-type="string"><text:p>{value}</text:p></table:table-cell>'


def by_hand_ods(*sheets: Rows) -> bytes:
    """Return an ODS as LibreOffice writes it, with the empty rest of the sheet after the rows."""
    names = "".join(
        f' xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"' for name in ("office", "table", "text")
    )
    cells = '<table:table-cell table:number-columns-repeated="16384"/>'
    rest = f'<table:table-row table:number-rows-repeated="1048000">{cells}</table:table-row>'
    tables = "".join(
        f'<table:table table:name="t{at}">'
        + "".join(f"<table:table-row>{''.join(map(_ods_cell, row))}</table:table-row>" for row in rows)
        + f"{rest}</table:table>"
        for at, rows in enumerate(sheets)
    )
    out = BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        packed.writestr("META-INF/manifest.xml", "<manifest/>")
        packed.writestr("content.xml", f"<office:document-content{names}>{tables}</office:document-content>")
    return out.getvalue()


Writer = Callable[..., bytes]
writers = pytest.mark.parametrize("write", [by_openpyxl, by_xlsxwriter, by_hand_ods])


def problem(data: bytes) -> str:
    with pytest.raises(HeaderProblem) as caught:
        read_spaces(data, find_place=find_place)
    return str(caught.value)


@writers
def test_a_workbook_means_what_its_csv_means(write: Writer) -> None:
    assert read_spaces(write(SPACES), find_place=find_place) == read_spaces(SPACES_AS_CSV, find_place=find_place)


@writers
def test_title_lines_and_other_sheets_are_passed_over(write: Writer) -> None:
    title: Rows = [["Our hosts in March"], [], ["who", None, "where and when"]]

    reading = read_spaces(write([["Notes"], ["call Serik"]], [*title, *SPACES]), find_place=find_place)

    meant = read_spaces(SPACES_AS_CSV, find_place=find_place)
    assert (reading.problems, reading.rows) == ([], [replace(row, line=row.line + 3) for row in meant.rows])


@writers
def test_two_sheets_alike_are_asked_about(write: Writer) -> None:
    assert problem(write(SPACES, SPACES)).startswith("Several sheets of this workbook look alike: ")


@writers
@pytest.mark.parametrize("day", [date(2027, 3, 28), 46474, "28.03.2027", "28/03/2027"])
def test_a_day_is_read_as_a_date_as_a_number_and_as_a_text(write: Writer, day: Any) -> None:
    header = ["request_id", "place", "people", "first_night", "nights"]

    reading = read_requests(write([header, ["r1", "Oral", 2, day, 7]]), find_place=find_place)

    assert [row.first_night for row in reading.rows] == [date(2027, 3, 28)]


def test_a_hidden_sheet_is_not_read() -> None:
    book = openpyxl.load_workbook(BytesIO(by_openpyxl(SPACES, SPACES)))
    book.worksheets[0].sheet_state = "hidden"
    out = BytesIO()
    book.save(out)

    assert len(read_spaces(out.getvalue(), find_place=find_place).rows) == 2


def test_a_hidden_column_is_read_and_a_formula_is_its_kept_value() -> None:
    out = BytesIO()
    with xlsxwriter.Workbook(out) as book:
        sheet = book.add_worksheet()
        for at, row in enumerate(SPACES):
            sheet.write_row(at, 0, row)
        sheet.write_formula(1, 4, "=1+6", None, 7)
        sheet.set_column(4, 4, None, None, {"hidden": True})

    assert [row.beds for row in read_spaces(out.getvalue(), find_place=find_place).rows] == [7, 3]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""), (True, "yes"), (False, "no"), (2.5, "2.5"), (3072.0, "3072"), (" a ", "a"),
        (datetime.fromisoformat("2027-03-28"), "2027-03-28"),
        (datetime.fromisoformat("2027-03-28T08:05"), "2027-03-28 08:05:00"),
    ],
)  # fmt: skip
def test_a_value_is_what_a_person_would_type(value: Any, text: str) -> None:
    assert as_typed(value) == text


TOO_LARGE = "This workbook is too large when it is unpacked. Cut it into several."


@writers
def test_a_packed_bomb_is_refused_before_it_is_parsed(write: Writer, monkeypatch: pytest.MonkeyPatch) -> None:
    data = BytesIO(write(SPACES))
    with zipfile.ZipFile(data, "a", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("xl/media/zeros.bin", bytes(2_000_000))
    monkeypatch.setattr(limits, "MOST_UNPACKED", 1_000_000)

    assert problem(data.getvalue()) == TOO_LARGE


@writers
def test_a_size_that_lies_is_found(write: Writer) -> None:
    data = BytesIO(write(SPACES))
    with zipfile.ZipFile(data, "a", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("xl/media/zeros.bin", bytes(2_000_000))
        packed.getinfo("xl/media/zeros.bin").file_size = 10

    assert problem(data.getvalue()) == TOO_LARGE


@writers
def test_a_table_with_too_many_rows_is_refused(write: Writer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MOST_TABLE_ROWS", 2)

    assert problem(write(SPACES)) == TOO_LARGE


def test_a_far_cell_costs_nothing() -> None:
    book = openpyxl.load_workbook(BytesIO(by_openpyxl(SPACES)))
    book.worksheets[0]["XFD1048576"] = "far"
    out = BytesIO()
    book.save(out)

    assert len(read_spaces(out.getvalue(), find_place=find_place).rows) == 2


@writers
@pytest.mark.parametrize("share", [0.3, 0.6, 0.9])
def test_half_a_workbook_is_refused(write: Writer, share: float) -> None:
    data = write(SPACES)

    assert problem(data[: int(len(data) * share)]).startswith("This workbook cannot be read:")


@writers
def test_a_search_of_a_workbook_s_text_finds_whoever_stands_in_it(write: Writer) -> None:
    text = text_in(write([["Notes"]], SPACES))

    assert [mark in text for mark in ("Қайрат", "77000000902", "Amira")] == [True, True, False]


@pytest.mark.parametrize("write", [by_openpyxl, by_xlsxwriter, by_hand_ods])
def test_columns_beyond_the_last_that_is_read_are_told(write: Callable[..., bytes]) -> None:
    wide = [SPACES[0] + [None] * (limits.MOST_TABLE_COLUMNS - len(SPACES[0])) + ["beyond"], *SPACES[1:]]

    with pytest.raises(HeaderProblem, match=r"more than 256 columns"):
        read_spaces(write(wide), find_place=find_place)


ENTITIES = '<!DOCTYPE x [<!ENTITY a "{}"><!ENTITY b "&a;&a;&a;&a;"><!ENTITY f SYSTEM "file:///etc/hostname">]>'


@pytest.mark.parametrize("part", ["xl/worksheets/sheet1.xml", "xl/sharedStrings.xml", "xl/workbook.xml", "content.xml"])
@pytest.mark.parametrize("entity", ["&b;", "&f;"])
def test_workbook_with_entities_of_its_own_is_no_workbook(part: str, entity: str) -> None:
    """Neither a text that grows as it is read nor a file of this machine comes out of a workbook."""
    data = by_hand_ods(SPACES) if part == "content.xml" else by_xlsxwriter(SPACES)

    assert limits.tables(_with(data, part, b"<!-- nothing -->", b"space_id"))  # the negative control
    with pytest.raises(limits.NoWorkbook):
        limits.tables(_with(data, part, ENTITIES.format("x" * 100).encode(), entity.encode()))


def _with(data: bytes, part: str, declared: bytes, word: bytes) -> bytes:
    """Return the workbook with something declared at the head of this part, and `word` in place of its first heading."""
    out = BytesIO()
    with zipfile.ZipFile(BytesIO(data)) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            text = old.read(name)
            if name == part:
                head, end, rest = text.rpartition(b"?>") if b"?>" in text else (b"", b"", text)
                text = head + end + declared + rest.replace(b"space_id", word, 1)
            new.writestr(name, text)
    return out.getvalue()
