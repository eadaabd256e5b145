"""The commands read workbooks as volunteers keep them: titles above the header, a hidden column, one bad row."""

from __future__ import annotations

import csv
import json
import zipfile
from collections.abc import Callable
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from django.core.management import CommandError, call_command

from matching.models import ShelterRequest, Space
from tests import people
from tests.people import tonight
from tests.unit.sheets.test_workbooks import by_hand_ods, by_openpyxl

Rows = list[list[Any]]
TITLE: Rows = [["Our week in Almaty"], [], ["who", None, "where and when"]]
HIDDEN = 3
"""The place of the column that is hidden in every workbook here, counted from 1: `beds` of a space, `people` of a request."""


def xlsx(rows: Rows) -> bytes:
    book = openpyxl.load_workbook(BytesIO(by_openpyxl([["Notes"], ["call Serik"]], rows)))
    book.worksheets[1].column_dimensions["ABCDEFGH"[HIDDEN - 1]].hidden = True
    out = BytesIO()
    book.save(out)
    return out.getvalue()


def ods(rows: Rows) -> bytes:
    """Return a workbook as `by_hand_ods` writes it, with the columns described and one of them hidden."""
    seen = f'<table:table-column table:number-columns-repeated="{HIDDEN - 1}"/>'
    hidden = '<table:table-column table:visibility="collapse"/>'
    out = BytesIO()
    with (
        zipfile.ZipFile(BytesIO(by_hand_ods([["Notes"], ["call Serik"]], rows))) as plain,
        zipfile.ZipFile(out, "w") as packed,
    ):
        for name in plain.namelist():
            text = plain.read(name).decode()
            packed.writestr(name, text.replace('table:name="t1">', f'table:name="t1">{seen}{hidden}'))
    assert hidden in zipfile.ZipFile(out).read("content.xml").decode()
    return out.getvalue()


workbooks = pytest.mark.parametrize(("write", "ending"), [(xlsx, "xlsx"), (ods, "ods")], ids=["xlsx", "ods"])
Writer = Callable[[Rows], bytes]


def spaces_of(place: str, *, beds: tuple[object, ...] = (2, 3, "many")) -> Rows:
    header = ["space_id", "host", "beds", "place", "phone", "windows", "vetted", "languages"]
    windows = f"{tonight()}/{tonight(30)}"
    return [
        *TITLE,
        header,
        [71.0, "Hanna", beds[0], place, 77015550101.0, windows, True, "ru"],
        ["s2", "Oskar", beds[1], place, "+7 701 555 01 02", windows, False, "ru"],
        ["s3", "Carla", beds[2], place, "+7 701 555 01 03", windows, True, "ru"],
    ]


def requests_of(place: str) -> Rows:
    return [
        *TITLE,
        ["request_id", "name", "people", "place", "first_night", "nights", "languages"],
        [9.0, "Amira", 2.0, place, tonight(), "7 дней", "ru"],
        ["r2", "Bota", "many", place, tonight(), 4, "ru"],
    ]


def run(command: str, *arguments: object) -> tuple[str, str]:
    out, err = StringIO(), StringIO()
    call_command(command, *map(str, arguments), stdout=out, stderr=err)
    return out.getvalue().strip(), err.getvalue()


def told(err: str) -> list[list[str]]:
    """Return line, column and value of every row that the command lists as bad."""
    rows = [[cell.strip() for cell in line.split("│")[1:-1]] for line in err.splitlines() if "│" in line]
    return [row[:3] for row in rows if row[0]]


@pytest.mark.django_db
@workbooks
def test_import_spaces_reads_a_workbook(write: Writer, ending: str, tmp_path: Path) -> None:
    people.place("Almaty")
    file = tmp_path / f"hosts.{ending}"
    file.write_bytes(write(spaces_of("Almaty")))

    out, err = run("import_spaces", file)

    assert out == "2 new, 0 changed, 0 unchanged, 1 not taken in."
    assert told(err) == [["7", "beds", "many"]]
    assert sorted(Space.objects.values_list("external_id", "beds")) == [("71", 2), ("s2", 3)]
    assert run("import_spaces", file)[0] == "0 new, 0 changed, 2 unchanged, 1 not taken in."


@pytest.mark.django_db
@workbooks
def test_import_requests_reads_a_workbook(write: Writer, ending: str, tmp_path: Path) -> None:
    people.place("Almaty")
    file = tmp_path / f"arrivals.{ending}"
    file.write_bytes(write(requests_of("Almaty")))

    out, err = run("import_requests", file)

    assert out == "1 new, 0 changed, 0 unchanged, 1 not taken in."
    assert told(err) == [["6", "people", "many"]]
    assert [*ShelterRequest.objects.values_list("external_id", "people", "nights")] == [("9", 2, 7)]
    assert run("import_requests", file)[0] == "0 new, 0 changed, 1 unchanged, 1 not taken in."


@workbooks
def test_match_files_reads_workbooks_and_says_what_it_skipped(write: Writer, ending: str, tmp_path: Path) -> None:
    spaces, requests = tmp_path / f"hosts.{ending}", tmp_path / f"arrivals.{ending}"
    spaces.write_bytes(write(spaces_of("Almaty")))
    requests.write_bytes(write(requests_of("Almaty")))
    out, summary = tmp_path / "MATCHES.csv", tmp_path / "SUMMARY.json"

    _, err = run("match_files", spaces, requests, f"--out={out}", f"--json={summary}")

    with out.open(encoding="utf-8", newline="") as lines:
        legs = [(leg["request_id"], leg["space_id"], leg["people"]) for leg in csv.DictReader(lines)]
    assert legs == [("9", "71", "2")]
    assert json.loads(summary.read_text(encoding="utf-8"))["households_asked"] == 1
    assert f"{spaces}, line 7, column beds: 'many': " in err
    assert f"{requests}, line 6, column people: 'many': " in err
    assert f"{spaces}: 1 row is not used, because the column vetted does not say yes: s2." in err


@pytest.mark.django_db
@workbooks
def test_without_the_hidden_column_nothing_gets_in(write: Writer, ending: str, tmp_path: Path) -> None:
    """A negative control: the beds above came from the hidden column and from nowhere else."""
    people.place("Almaty")
    file = tmp_path / f"hosts.{ending}"
    file.write_bytes(write(spaces_of("Almaty", beds=(None, None, None))))

    with pytest.raises(CommandError, match=r"No row got in\."):
        run("import_spaces", file)

    assert not Space.objects.exists()
