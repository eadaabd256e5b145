"""The sheets' pages: upload, preview, confirm and follow; what each page says, and to whom."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from io import StringIO
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from accounts.models import Host
from matching.importing import undoing
from matching.models import SheetImport, Space
from matching.queries import called
from matching.refusals import NotYours
from privacy import retention
from tests import people
from tests.integration.test_sheet_imports import of_spaces, previewed, rows, taken_in, worked_on
from tests.people import Person

pytestmark = pytest.mark.django_db
SignIn = Callable[[Person], Client]
BRING = "/admin/matching/sheetimport/bring/"
LIST = "/admin/matching/sheetimport/"
State = SheetImport.State


@pytest.fixture(autouse=True)
def places(db: None) -> None:
    people.place("Almaty")
    people.place("Oral")


@pytest.fixture
def desk(carla: Person, signed_in: SignIn) -> Client:
    return reading_english(signed_in(carla))


def reading_english(browser: Client) -> Client:
    browser.defaults["HTTP_ACCEPT_LANGUAGE"] = "en"
    return browser


def page_of(sheet: SheetImport) -> str:
    return f"/admin/matching/sheetimport/{sheet.pk}/change/"


def bring(desk: Client, content: bytes, kind: str = "spaces") -> HttpResponse:
    return desk.post(BRING, {"kind": kind, "file": SimpleUploadedFile("week.csv", content, "text/csv")})


def counts(page: HttpResponse) -> dict[str, int]:
    return {value: count for value, _words, count in page.context["counts"] if count}


def test_sheet_is_brought_previewed_confirmed_and_followed(desk: Client) -> None:
    answer = bring(desk, of_spaces({}, {"space_id": "s2", "beds": "many"}))

    sheet = SheetImport.objects.get()
    assert (answer.status_code, answer["Location"]) == (302, page_of(sheet))
    waiting = desk.get(page_of(sheet))
    assert (waiting["Refresh"], "1 of 2 rows." in waiting.content.decode()) == ("3", True)
    assert desk.get(page_of(sheet) + "?follow=no").has_header("Refresh") is False

    worked_on()
    preview = desk.get(page_of(sheet))
    assert counts(preview) == {"new": 1, "refused": 1}
    assert ("Nothing has been taken in yet" in preview.content.decode(), Space.objects.count()) == (True, 0)
    assert "Write one whole number from 1 to 500" in preview.content.decode()
    assert preview.has_header("Refresh") is False

    desk.post(f"/admin/matching/sheetimport/{sheet.pk}/confirm/")
    running = desk.get(page_of(sheet))
    assert (running["Refresh"], running.context["done"], "1 of 2 rows" in running.content.decode()) == ("3", 1, True)

    worked_on()
    done = desk.get(page_of(sheet))
    assert (counts(done), Space.objects.count(), done.has_header("Refresh")) == ({"new": 1, "refused": 1}, 1, False)


def test_hosts_are_vetted_only_when_the_box_is_ticked(desk: Client, carla: Person) -> None:
    sheet = previewed(of_spaces({"vetted": "yes"}), carla)
    assert desk.get(page_of(sheet)).context["to_vouch"] == 1

    desk.post(f"/admin/matching/sheetimport/{sheet.pk}/confirm/", {"trust_vetted": "yes"})
    worked_on()

    assert Host.objects.get().status == Host.Status.VETTED
    assert "1 host was vetted on the word of carla" in desk.get(page_of(sheet)).content.decode()


def test_unwanted_sheet_is_dropped(desk: Client, carla: Person) -> None:
    sheet = previewed(of_spaces({}), carla)

    answer = desk.post(f"/admin/matching/sheetimport/{sheet.pk}/drop/", follow=True)

    sheet.refresh_from_db()
    assert (sheet.state, sheet.rows.count()) == (State.DROPPED, 0)
    assert "its contents are forgotten" in answer.content.decode()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"colour,size\nred,9\n", "Unknown columns: colour, size."),
        (b"", "The file is empty."),
        (b"PK\x03\x04", "This workbook cannot be read:"),
    ],
)
def test_file_that_cannot_be_read_says_so(desk: Client, content: bytes, words: str) -> None:
    answer = bring(desk, content)

    assert (answer.status_code, words in answer.content.decode(), SheetImport.objects.count()) == (422, True, 0)


def test_form_without_answers_says_what_is_missing(desk: Client) -> None:
    answer = desk.post(BRING, {})

    text = answer.content.decode()
    assert (answer.status_code, "Choose the file." in text, "Choose which of the two" in text) == (422, True, True)


def test_rows_are_filtered_by_their_outcome(desk: Client, carla: Person) -> None:
    sheet = previewed(
        of_spaces({}, {"space_id": "s2", "beds": "many"}, {"space_id": "s3", "phone": "+77015550103"}), carla
    )

    lines = {
        show: [each["row"].line for each in desk.get(f"{page_of(sheet)}?show={show}").context["rows"]]
        for show in ("", "new", "refused", "odd")
    }

    assert lines == {"": [2, 3, 4], "new": [2, 4], "refused": [3], "odd": [2, 3, 4]}


def test_no_page_shows_personal_fields(desk: Client, carla: Person) -> None:
    taken_in(of_spaces({"host": "Hanna Musterfrau", "address": "Abay Avenue 10"}), carla)
    changed = previewed(
        of_spaces(
            {"host": "Hanna Neu", "address": "Abay Avenue 12", "email": "neu@example.org", "phone": "+77015550199"}
        ),
        carla,
    )

    text = desk.get(page_of(changed)).content.decode()

    assert text.count("changes (personal, not shown)") == 3
    assert [word for word in ("Hanna", "Abay", "neu@", "5550101", "5550199") if word in text] == []


def test_list_holds_the_coordinators_own_sheets_and_those_of_their_places(carla: Person, signed_in: SignIn) -> None:
    here = people.carla("here", places=(people.place("Almaty"),))
    own, carlas = previewed(of_spaces({}), here), previewed(of_spaces({"space_id": "s2"}), carla)

    def seen(person: Person) -> list[int]:
        return sorted(row.pk for row in signed_in(person).get(LIST).context["cl"].result_list)

    elsewhere = people.carla("elsewhere", places=(people.place("Oral"),))
    assert [seen(each) for each in (carla, here, elsewhere)] == [[own.pk, carlas.pk], [own.pk, carlas.pk], []]


def test_colleague_sees_the_preview_and_cannot_confirm_it(carla: Person, lena: Person, signed_in: SignIn) -> None:
    sheet, browser = previewed(of_spaces({}), carla), reading_english(signed_in(lena))

    text = browser.get(page_of(sheet)).content.decode()
    browser.post(f"/admin/matching/sheetimport/{sheet.pk}/confirm/")

    sheet.refresh_from_db()
    assert ("Only who brought it can confirm it" in text, "week.csv" in text, sheet.state) == (
        True,
        False,
        State.PREVIEWED,
    )


def test_page_costs_the_same_for_one_row_and_for_many(
    desk: Client, carla: Person, django_assert_num_queries: Callable[..., object]
) -> None:
    one = previewed(of_spaces({}), carla)
    many = previewed(of_spaces(*({"space_id": f"m{n}", "phone": f"+7701555{n:04}"} for n in range(2000, 2150))), carla)
    desk.get(page_of(one))

    for sheet in (one, many):
        # One reads the file, to see whether its encoding was guessed; one reads who is closed to her.
        with django_assert_num_queries(12):
            desk.get(page_of(sheet))


def test_lines_of_a_guessed_encoding_are_shown_to_their_bringer_alone(carla: Person, desk: Client) -> None:
    text = of_spaces({"host": "Айгерим Жук"}).decode()
    shown = [
        "Are the names readable?" in desk.get(page_of(sheet)).content.decode()
        for sheet in (previewed(text.encode("cp866"), carla), previewed(text.encode(), carla))
    ]

    assert shown == [True, False]


def test_headings_that_were_guessed_are_shown(carla: Person, desk: Client, tmp_path: Path) -> None:
    sheet = of_spaces({}).decode().replace("host,", "Анкета Ханны/ФИО,", 1).replace("beds,", "Мест,", 1)

    page = desk.get(page_of(previewed(sheet.encode(), carla)))
    plain = desk.get(page_of(previewed(of_spaces({}), carla)))

    assert page.context["taken"] == [("ФИО", "host"), ("Мест", "beds")]
    assert plain.context["taken"] == []
    assert (
        '<details class="dq-fold" open>' in page.content.decode(),
        "Which column is what" in plain.content.decode(),
    ) == (
        True,
        True,
    )

    file, err = tmp_path / "spaces.csv", StringIO()
    file.write_text(sheet)
    call_command("import_spaces", str(file), by="carla", stdout=StringIO(), stderr=err)
    assert "The heading “Мест” was taken for the column beds." in err.getvalue()


def test_old_previews_are_not_offered(desk: Client, carla: Person) -> None:
    sheet = previewed(of_spaces({}), carla)
    # Run only this clock: two days later, the coordinator's session would have ended as well.
    retention.clocks()["sheets_not_confirmed"].forget(timezone.now() + timedelta(days=1))

    page = desk.get(page_of(sheet))

    assert (page.status_code, "Take it in" in page.content.decode(), rows(sheet, "line")) == (200, False, [])


def test_whole_import_is_undone_from_its_page(desk: Client, carla: Person) -> None:
    sheet = taken_in(of_spaces({}, {"space_id": "s2", "phone": "+77015550102"}), carla)
    assert "Undo the whole import" in desk.get(page_of(sheet)).content.decode()
    Space.objects.filter(called(["s2"])).update(beds=3)

    desk.post(f"/admin/matching/sheetimport/{sheet.pk}/undo/")
    under_way = desk.get(page_of(sheet))
    assert (under_way["Refresh"], "0 of 2 rows" in under_way.content.decode()) == ("3", True)
    undoing.work_on_undoing(now=timezone.now)

    text = desk.get(page_of(sheet)).content.decode()
    assert [words in text for words in ("1 row is undone.", "1 row could not be undone", "Undo the whole import")] == [
        True,
        True,
        False,
    ]
    kept = desk.get(f"{page_of(sheet)}?show=kept")
    assert [(each["row"].line, each["kept_because"]) for each in kept.context["rows"]] == [
        (3, "It was changed since the import.")
    ]


# -- colleagues' sheets -----------------------------------------------------------------------------

IN_ORAL = {"space_id": "s2", "place": "Oral", "lat": "51.2", "lon": "51.4", "phone": "+77015550102"}
TWO_PLACES = of_spaces(
    {},
    IN_ORAL,
    {"space_id": "s3", "beds": "many", "phone": "+77015550103"},
)


def colleague(name: str, *places: str) -> Person:
    return people.carla(name, places=tuple(people.place(each) for each in places))


def listed(browser: Client) -> list[SheetImport]:
    return list(browser.get(LIST).context["cl"].result_list)


def lines_on(browser: Client, sheet: SheetImport) -> list[int]:
    return [each["row"].line for each in browser.get(page_of(sheet)).context["rows"]]


def test_colleagues_of_a_place_see_its_sheets_and_the_rows_of_their_place(carla: Person, signed_in: SignIn) -> None:
    almaty, mixed = previewed(of_spaces({}), carla), previewed(TWO_PLACES, carla)
    here, there = signed_in(colleague("here", "Almaty")), signed_in(colleague("there", "Oral"))
    nowhere = signed_in(colleague("nowhere", "Tbilisi"))

    assert [listed(each) for each in (here, there, nowhere)] == [[mixed, almaty], [mixed], []]
    assert [each.get(page_of(almaty)).status_code for each in (here, there, nowhere)] == [200, 404, 404]
    assert (lines_on(here, mixed), lines_on(there, mixed)) == ([2], [3])
    page = reading_english(there).get(page_of(mixed))
    assert (counts(page), page.context["size"]) == ({"new": 1}, 1)
    text = page.content.decode()
    assert ["Only the rows of your places are shown" in text, "Almaty" in text, ">s1<" in text] == [True, False, False]
    # The negative control: Carla, who uploaded the sheet, and a coordinator of all places see every row, the bad one
    # too.
    assert lines_on(signed_in(carla), mixed) == lines_on(signed_in(people.carla("all")), mixed) == [2, 3, 4]


def test_colleague_confirms_and_drops_nothing_of_another(carla: Person, signed_in: SignIn) -> None:
    sheet = previewed(of_spaces({}), carla)
    here = signed_in(colleague("here", "Almaty"))

    for act in ("confirm", "drop"):
        assert here.post(f"/admin/matching/sheetimport/{sheet.pk}/{act}/").status_code == 302

    sheet.refresh_from_db()
    assert (sheet.state, sheet.rows.count()) == (State.PREVIEWED, 1)


def test_colleague_undoes_a_sheet_whose_places_are_all_theirs_and_no_other(carla: Person) -> None:
    sheet = taken_in(
        of_spaces({}, {"space_id": "s2", "place": "Oral", "lat": "51.2", "lon": "51.4", "phone": "+77015550102"}), carla
    )
    here, both = colleague("here", "Almaty"), colleague("both", "Almaty", "Oral")

    with pytest.raises(NotYours):
        undoing.undo(sheet.pk, by=here.user, at=timezone.now())
    undoing.undo(sheet.pk, by=both.user, at=timezone.now())

    sheet.refresh_from_db()
    assert (sheet.state, sheet.undo_by) == (State.UNDOING, both.user)
