"""Columns corrected by hand, and kept as a mapping: at the desk without scripts, and by the commands."""

from __future__ import annotations

import json
from collections.abc import Callable
from io import BytesIO, StringIO
from pathlib import Path

import openpyxl
import pytest
from django.core.management import CommandError, call_command
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from matching.importing import uploads
from matching.models import ColumnMapping, SheetImport, ShelterRequest
from matching.refusals import NotYours
from privacy.fields import blind_index
from tests import people
from tests.integration.admin.test_sheets import bring, page_of, reading_english
from tests.integration.test_sheet_imports import State, worked_on
from tests.people import Person, tonight

pytestmark = pytest.mark.django_db
SignIn = Callable[[Person], Client]

HEADINGS = ["Отметка времени", "Как к вам обращаться?", "Город", "Сколько вас?", "С какого числа?", "Ночей", "Аллергии"]
MEANINGS = ["request_id", "name", "place", "people", "first_night", "nights", "+"]


def form_export(*people_asked: str) -> bytes:
    """Return a Google Form's export with a line of a title, and one household for each number of people."""
    rows = [
        f"2027-03-2{number} 10:0{number};Оскар {number};Almaty;{asked};{tonight()};3;орехи"
        for number, asked in enumerate(people_asked, start=1)
    ]
    return "\r\n".join(["Ответы на форму (1);;;;;;", ";".join(HEADINGS), *rows, ""]).encode()


@pytest.fixture(autouse=True)
def places(db: None) -> None:
    people.place("Almaty")


@pytest.fixture
def desk(carla: Person, signed_in: SignIn) -> Client:
    return reading_english(signed_in(carla))


def correct(desk: Client, sheet: SheetImport, meanings: list[str], **more: str) -> HttpResponse:
    sent = {f"c{number}": meaning for number, meaning in enumerate(meanings)}
    return desk.post(f"/admin/matching/sheetimport/{sheet.pk}/columns/", sent | more)


def brought(desk: Client, content: bytes) -> SheetImport:
    answer = bring(desk, content, "requests")
    assert answer.status_code == 302, answer.content.decode()[:500]
    return SheetImport.objects.latest("pk")


def test_unknown_headings_are_asked_corrected_kept_and_known_the_next_time(desk: Client) -> None:
    sheet = brought(desk, form_export("2", "3"))
    page = desk.get(page_of(sheet)).content.decode()
    assert sheet.state == State.ASKED
    assert all(heading in page for heading in HEADINGS)
    assert "Still needed:" in page
    assert desk.post(f"/admin/matching/sheetimport/{sheet.pk}/confirm/").status_code == 302
    sheet.refresh_from_db()
    assert sheet.state == State.ASKED

    assert correct(desk, sheet, MEANINGS, keep_as=" Form of our  hall ").status_code == 302
    worked_on()
    sheet.refresh_from_db()
    assert (sheet.state, sheet.row_count, sheet.mapping) == (State.PREVIEWED, 2, "Form of our hall")
    desk.post(f"/admin/matching/sheetimport/{sheet.pk}/confirm/")
    worked_on()
    found = ShelterRequest.objects.order_by("people")
    assert [(each.people, each.notes) for each in found] == [(2, "Аллергии: орехи"), (3, "Аллергии: орехи")]
    sheet.refresh_from_db()
    assert (sheet.columns, sheet.content) == ("", b"")

    again = brought(desk, form_export("2", "4"))
    assert (again.state, again.mapping) == (State.RECEIVED, "Form of our hall")
    worked_on()
    assert [row.foreseen for row in again.rows.all()] == ["unchanged", "changed"]
    assert "read by the kept mapping “Form of our hall”" in desk.get(page_of(again)).content.decode()


@pytest.mark.parametrize(
    ("meanings", "words"),
    [
        ([*MEANINGS[:-1], "people"], "Columns that stand twice: people."),
        (["-", *MEANINGS[1:]], "Missing columns: request_id."),
        (["", *MEANINGS[1:]], "Choose what each of these headings means, or leave it out: Отметка времени."),
        (["colour", *MEANINGS[1:]], "Choose what each of these headings means, or leave it out: Отметка времени."),
    ],
)
def test_choices_that_cannot_be_read_are_refused_in_words_and_shown_again(
    desk: Client, meanings: list[str], words: str
) -> None:
    sheet = brought(desk, form_export("2"))
    answer = correct(desk, sheet, meanings, keep_as="Hall")

    assert (answer.status_code, words in answer.content.decode()) == (422, True)
    assert (sheet.rows.count(), ColumnMapping.objects.count()) == (0, 0)


def test_a_wrong_guess_is_corrected_in_the_preview(desk: Client) -> None:
    content = f"№,Имя,Город,Человек,Дата приезда,Ночей\n1,Amira,Almaty,2,{tonight()},3\n".encode()
    sheet = brought(desk, content)
    worked_on()
    sheet.refresh_from_db()
    assert [meaning for _heading, meaning in sheet.what_means_what][1] == "name"

    correct(desk, sheet, ["request_id", "-", "place", "people", "first_night", "nights"])
    worked_on()

    sheet.refresh_from_db()
    assert (sheet.state, [row.foreseen for row in sheet.rows.all()]) == (State.PREVIEWED, ["new"])
    uploads.confirm(sheet.pk, trust_vetted=False, by=sheet.by, at=timezone.now())
    worked_on()
    assert ShelterRequest.objects.get().arrival.user.name == ""


def test_a_sheet_of_spaces_has_no_notes_to_keep_a_column_in(desk: Client, carla: Person) -> None:
    content = f"space_id,place,beds,windows,Цвет\ns1,Almaty,2,{tonight()}/{tonight(9)},red\n".encode()
    assert bring(desk, content).status_code == 302
    sheet = SheetImport.objects.get()
    assert "keep it in the notes" not in desk.get(page_of(sheet)).content.decode()

    assert correct(desk, sheet, ["space_id", "place", "beds", "windows", "+"]).status_code == 422
    assert correct(desk, sheet, ["space_id", "place", "beds", "windows", "-"]).status_code == 302


def test_a_line_with_a_contact_is_no_header(desk: Client) -> None:
    answer = bring(desk, b"Amira,+7 701 555 01 01,place\n1,2,3\n", "requests")

    assert (answer.status_code, SheetImport.objects.count()) == (422, 0)


def test_columns_of_a_sheet_that_moved_on_stay(desk: Client) -> None:
    sheet = brought(desk, form_export("2"))
    desk.post(f"/admin/matching/sheetimport/{sheet.pk}/drop/")

    assert correct(desk, sheet, MEANINGS, keep_as="Hall").status_code == 302
    sheet.refresh_from_db()
    assert (sheet.state, sheet.rows.count(), ColumnMapping.objects.count()) == (State.DROPPED, 0, 0)


def test_only_its_bringer_says_what_the_columns_are(desk: Client, signed_in: SignIn) -> None:
    sheet = brought(desk, form_export("2"))
    other = reading_english(signed_in(people.carla("colleague")))

    assert correct(other, sheet, MEANINGS).status_code in (302, 404)
    assert "Отметка времени" not in other.get(page_of(sheet)).content.decode()
    with pytest.raises(NotYours):
        uploads.correct(sheet.pk, MEANINGS, by=people.carla("third").user, at=timezone.now())


def kept(name: str = "Hall") -> ColumnMapping:
    columns = json.dumps(list(zip(HEADINGS, MEANINGS, strict=True)))
    return ColumnMapping.objects.create(
        name=name, name_index=blind_index(name), kind="requests", columns=columns, kept_at=timezone.now()
    )


def test_a_mapping_is_chosen_listed_and_removed(desk: Client, signed_in: SignIn, amira: Person) -> None:
    mapping = kept()
    content = form_export("2").replace("Аллергии".encode(), "Еда".encode())
    page = desk.get("/admin/matching/sheetimport/bring/").content.decode()
    assert "Hall (shelter requests)" in page
    assert signed_in(amira).post(f"/admin/matching/sheetimport/mappings/{mapping.pk}/remove/").status_code in (302, 404)
    assert ColumnMapping.objects.exists()

    sheet = uploads.receive(
        "requests", content, file_name="", by=people.carla("x").user, at=timezone.now(), mapping="Hall"
    )
    assert (sheet.state, sheet.what_means_what[-1]) == (State.ASKED, ("Еда", ""))

    desk.post(f"/admin/matching/sheetimport/mappings/{mapping.pk}/remove/")
    assert not ColumnMapping.objects.exists()


def test_another_kind_of_file_does_not_take_a_name_that_is_kept(desk: Client) -> None:
    kept("Hall")
    ColumnMapping.objects.filter(name="Hall").update(columns=json.dumps([["Город", "place"]]))
    sheet = brought(desk, form_export("2"))

    answer = correct(desk, sheet, MEANINGS, keep_as="Hall")

    assert (answer.status_code, "kept under this name" in answer.content.decode()) == (422, True)


def test_commands_take_a_mapping(tmp_path: Path) -> None:
    kept()
    file = tmp_path / "form.csv"
    file.write_bytes(form_export("2"))
    with pytest.raises(CommandError, match=r"No mapping is kept under this name\. Known: Hall\."):
        call_command("import_requests", str(file), mapping="Hal", stdout=StringIO(), stderr=StringIO())

    call_command("import_requests", str(file), mapping="Hall", stdout=StringIO(), stderr=StringIO())

    assert ShelterRequest.objects.get().notes == "Аллергии: орехи"


def test_refused_rows_come_back_as_a_workbook_that_finishes_the_job(desk: Client, signed_in: SignIn) -> None:
    sheet = brought(desk, form_export("2", "много", "3", "0", "-1"))
    correct(desk, sheet, MEANINGS, keep_as="Hall")
    worked_on()
    assert "Take the refused rows as a workbook" in desk.get(page_of(sheet)).content.decode()
    address = f"/admin/matching/sheetimport/{sheet.pk}/refused/"
    assert signed_in(people.carla("colleague")).get(address).status_code in (302, 404)
    taken = b"".join(desk.get(address))  # type: ignore[arg-type]
    desk.post(f"/admin/matching/sheetimport/{sheet.pk}/confirm/")
    worked_on()
    assert (ShelterRequest.objects.count(), desk.get(address).status_code) == (2, 302)

    book = openpyxl.load_workbook(BytesIO(taken))
    table = book.active
    assert [cell.value for cell in table[1]] == ["why", *HEADINGS]
    assert [row[1].value[:10] for row in table.iter_rows(min_row=2)] == ["2027-03-22", "2027-03-24", "2027-03-25"]
    assert all(row[0].value.startswith("people: Write ") for row in table.iter_rows(min_row=2))
    for line, number in enumerate((4, 5, 6), start=2):
        table.cell(line, 5).value = number
    out = BytesIO()
    book.save(out)
    again = brought(desk, out.getvalue())
    worked_on()
    desk.post(f"/admin/matching/sheetimport/{again.pk}/confirm/")
    worked_on()

    assert again.mapping == "Hall"
    assert sorted(ShelterRequest.objects.values_list("people", flat=True)) == [2, 3, 4, 5, 6]


def test_command_writes_the_refused_rows(tmp_path: Path) -> None:
    kept()
    file, refused = tmp_path / "form.csv", tmp_path / "refused.xlsx"
    file.write_bytes(form_export("2", "0"))

    call_command("import_requests", str(file), mapping="Hall", refused=refused, stdout=StringIO(), stderr=StringIO())

    table = openpyxl.load_workbook(refused).active
    assert [[cell.value for cell in row][1:3] for row in table.iter_rows(min_row=2)] == [
        ["2027-03-22 10:02", "Оскар 2"]
    ]
