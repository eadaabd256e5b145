"""Exports: only the caller's places, no personal fields without a line in the log, no cell that runs as a formula."""

from __future__ import annotations

import csv
from collections.abc import Callable
from io import BytesIO, StringIO
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.http.response import HttpResponseBase
from django.test import Client
from django.utils import timezone
from openpyxl import load_workbook

from accounts import coordinators
from accounts.coordinators import NotLead, NotOneself
from accounts.models import CoordinatorEvent, User
from matching.importing import exports
from matching.importing.exports import ExportKind, MayNotExportPersonal
from matching.models import ShelterRequest, Space
from matching.reason_words import reasons_in_words
from matching.states import Status
from privacy.models import AccessLog
from privacy.remarks import words_of
from tests import people
from tests.integration.test_sheet_imports import previewed, rows
from tests.people import Person, tonight

pytestmark = pytest.mark.django_db
SignIn = Callable[[Person], Client]
PAGE = "/admin/matching/sheetimport/export/"


@pytest.fixture
def market(amira: Person, hanna: Person, oskar: Person) -> None:
    """Hanna's space and Amira's request in Almaty, matched; Oskar's own rows in Tbilisi."""
    space = people.space(hanna.host, address="=1+1 Abay Avenue", languages=("en", "ru"), max_nights=9)
    people.match_in(Status.CONFIRMED, people.request(amira.arrival, notes="-2 stairs"), space)


def body(answer: HttpResponseBase) -> bytes:
    assert (answer.status_code, "no-store" in answer["Cache-Control"]) == (200, True)
    return b"".join(answer.streaming_content) if answer.streaming else answer.content  # type: ignore[attr-defined]


def read(data: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(StringIO(data.decode("utf-8-sig"), newline="")))


def exported(browser: Client, kind: str) -> list[dict[str, str]]:
    return read(body(browser.get(f"{PAGE}{kind}/csv/")))


def with_people(browser: Client, kind: str, form: str = "csv", **more: str) -> Any:
    return browser.post(f"{PAGE}personal/", {"kind": kind, "form": form, "why": "other", "note": "fire drill", **more})


# -- the contents -----------------------------------------------------------------------------------


def test_export_has_the_columns_of_the_sheets_without_the_personal_ones(
    market: None, carla: Person, signed_in: SignIn
) -> None:
    browser = signed_in(carla)

    spaces, requests, matches = (exported(browser, kind) for kind in ExportKind)

    assert list(spaces[0]) == [
        *("space_id", "place", "lat", "lon", "beds", "shared", "windows", "max_nights", "who", "children", "pets"),
        *("smoking", "step_free", "languages", "vetted"),
    ]
    assert [(row["place"], row["beds"], row["windows"], row["vetted"]) for row in spaces] == [
        ("Tbilisi", "3", f"{tonight()}/{tonight(30)}", "yes"),
        ("Almaty", "3", f"{tonight()}/{tonight(30)}", "yes"),
    ]
    assert sorted(set(requests[0]) & exports.PERSONAL) == []
    assert [(row["people"], row["urgency"], row["languages"]) for row in requests] == [("2", "4", "ru")] * 2
    assert [(row["leg"], row["people"], row["status"], row["reasons"]) for row in matches] == [
        ("1", "2", "confirmed", "0.0 km; common language: ru")
    ]
    assert set(AccessLog.objects.values_list("about", "reason")) == {(None, "export")}


@pytest.mark.parametrize(("place", "seen"), [("Almaty", [1, 1, 1]), ("Tbilisi", [1, 1, 0]), ("Oral", [0, 0, 0])])
def test_export_holds_only_rows_of_the_callers_places(
    market: None, signed_in: SignIn, place: str, seen: list[int]
) -> None:
    browser = signed_in(people.carla("local", places=(people.place(place),)))

    found = [exported(browser, kind) for kind in ExportKind]

    assert [len(each) for each in found] == seen
    assert {row["place"] for row in [*found[0], *found[1]]} == ({place} if seen[0] else set())


def test_withdrawn_rows_are_not_exported(market: None, carla: Person, signed_in: SignIn) -> None:
    Space.objects.update(status="withdrawn")
    ShelterRequest.objects.update(withdrawn_at=timezone.now())

    assert [exported(signed_in(carla), kind) for kind in ("spaces", "requests")] == [[], []]


def test_auditor_exports_without_persons(market: None, adil: Person, signed_in: SignIn) -> None:
    browser = signed_in(adil)

    assert len(exported(browser, "spaces")) == 2
    assert with_people(browser, "spaces").status_code == 403


def test_person_who_is_not_at_the_desk_gets_no_export(market: None, hanna: Person) -> None:
    assert [list(exports.lines(kind, by=hanna.user, in_words=reasons_in_words)) for kind in ExportKind] == [[], [], []]


def test_many_rows_cost_few_queries(
    hanna: Person, carla: Person, django_assert_max_num_queries: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exports, "ROWS_A_PIECE", 10)
    for _each in range(25):
        people.space(hanna.host)

    with django_assert_max_num_queries(
        3 + 3 * 2
    ):  # One query for the ids, one for lists; then rows and windows in three rounds.
        lines = list(exports.lines(ExportKind.SPACES, by=carla.user, in_words=reasons_in_words))

    assert len(lines) == 25


# -- persons --------------------------------------------------------------------------------------


def test_persons_are_exported_for_a_reason_and_each_is_logged(
    market: None, lena: Person, hanna: Person, oskar: Person, signed_in: SignIn
) -> None:
    found = read(body(with_people(signed_in(lena), "spaces")))

    assert [(row["host"], row["email"], row["address"]) for row in found] == [
        ("Oskar Fremder", "oskar@example.org", "Rustaveli Avenue 1"),
        ("Hanna Musterfrau", "hanna@example.org", "'=1+1 Abay Avenue"),
    ]
    logged = AccessLog.objects.order_by("about").values_list("by", "about", "fields", "reason", "remark__text")
    why = ("export: name contact address", "other", "fire drill")
    assert list(logged) == [(lena.user.pk, pk, *why) for pk in sorted([hanna.user.pk, oskar.user.pk])]


@pytest.mark.parametrize("more", [{"why": ""}, {"note": ""}, {"why": "curious"}])
def test_persons_are_not_exported_without_a_reason(
    market: None, lena: Person, signed_in: SignIn, more: dict[str, str]
) -> None:
    answer = with_people(signed_in(lena), "spaces", **more)

    assert (answer.status_code, answer["Location"], AccessLog.objects.count()) == (302, PAGE, 0)


def test_persons_are_not_exported_without_the_permission(market: None, carla: Person, signed_in: SignIn) -> None:
    answer = with_people(signed_in(carla), "spaces")

    assert (answer.status_code, answer["Location"], AccessLog.objects.count()) == (302, PAGE, 0)
    with pytest.raises(MayNotExportPersonal):
        exports.open_personal(ExportKind.SPACES, by=carla.user, at=timezone.now(), reason="asked")


@pytest.fixture
def permitted(market: None, lena: Person) -> Person:
    """A coordinator of Almaty whom Lena has permitted, on the coordinator's page in the admin, to export persons."""
    local = people.carla("local", places=(people.place(),))
    act(lena, local, "permit-export")
    return local


def act(by: Person, about: Person, name: str) -> Any:
    address = f"/admin/accounts/coordinator/{about.user.coordinator.pk}/act/{name}/"
    return people.desk_client(by).post(address, {"reason": "she prints the lists"})


def test_permitted_coordinator_exports_persons_of_their_places_and_each_is_logged(
    permitted: Person, hanna: Person, lena: Person, signed_in: SignIn
) -> None:
    found = read(body(with_people(signed_in(permitted), "spaces")))

    assert [row["host"] for row in found] == ["Hanna Musterfrau"]
    assert list(AccessLog.objects.values_list("by", "about", "reason", "remark__text")) == [
        (permitted.user.pk, hanna.user.pk, "other", "fire drill")
    ]
    line = CoordinatorEvent.objects.get(about=permitted.user, what="export_permitted")
    assert (line.by, words_of(line)) == (lena.user, "she prints the lists")
    assert signed_in(permitted).get(PAGE).context["may_export_personal"]


def test_permission_has_a_name_and_no_other_permission_opens_the_export(carla: Person, permitted: Person) -> None:
    others = Permission.objects.exclude(codename="export_personal")
    carla.user.user_permissions.set(others)

    held = [coordinators.may_export_personal(User.objects.get(pk=each.user.pk)) for each in (carla, permitted)]

    assert held == [False, True]
    assert permitted.user.has_perm("accounts.export_personal")


def test_permission_that_was_taken_back_or_is_an_auditors_opens_nothing(
    permitted: Person, lena: Person, signed_in: SignIn
) -> None:
    at = timezone.now()
    act(lena, permitted, "forbid-export")
    answer = with_people(signed_in(permitted), "spaces")
    assert (answer.status_code, answer["Location"], AccessLog.objects.count()) == (302, PAGE, 0)

    act(lena, permitted, "permit-export")
    row = permitted.user.coordinator
    auditor = coordinators.Granted("auditor", places=tuple(row.places.all()))
    coordinators.change_rights(row.pk, auditor, by=lena.user, at=at, reason="x")
    now_auditor = Person(User.objects.get(pk=permitted.user.pk))  # with the role as it is now
    assert with_people(signed_in(now_auditor), "spaces").status_code == 403
    with pytest.raises(MayNotExportPersonal):
        exports.open_personal(ExportKind.SPACES, by=User.objects.get(pk=permitted.user.pk), at=at, reason="asked")
    assert AccessLog.objects.count() == 0


def test_only_a_lead_gives_the_permission_and_nobody_to_themselves(carla: Person, lena: Person) -> None:
    for by, about, refusal in ((carla, lena, NotLead), (lena, lena, NotOneself)):
        for change in (coordinators.permit_export, coordinators.forbid_export):
            with pytest.raises(refusal):
                change(about.user.coordinator.pk, by=by.user, at=timezone.now(), reason="x")
    assert act(carla, lena, "permit-export").status_code == 404
    assert not CoordinatorEvent.objects.filter(what__startswith="export").exists()


def test_persons_are_not_exported_when_the_log_cannot_be_written(
    market: None, lena: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*args: Any, **options: Any) -> None:
        raise RuntimeError("the disk is full")

    monkeypatch.setattr(AccessLog.objects, "bulk_create", fails)

    with pytest.raises(RuntimeError):
        exports.open_personal(ExportKind.SPACES, by=lena.user, at=timezone.now(), reason="asked")


@pytest.mark.parametrize("kind", ["spaces", "requests"])
def test_export_with_persons_changes_nothing_when_it_is_imported(
    market: None, lena: Person, signed_in: SignIn, kind: str
) -> None:
    data = body(with_people(signed_in(lena), kind))

    found = previewed(data, lena, kind)

    assert rows(found, "foreseen") == [(2, "unchanged"), (3, "unchanged")]


# -- the files ------------------------------------------------------------------------------------


def test_workbook_has_the_same_cells_as_the_csv(market: None, lena: Person, signed_in: SignIn) -> None:
    browser = signed_in(lena)

    book = load_workbook(BytesIO(body(with_people(browser, "spaces", "xlsx"))))
    plain = read(body(with_people(browser, "spaces")))

    header, *lines = [list(row) for row in book.active.iter_rows()]
    assert [cell.value for cell in header] == list(plain[0])
    assert [["" if cell.value is None else str(cell.value) for cell in line] for line in lines] == [
        list(row.values()) for row in plain
    ]
    assert {cell.data_type for line in lines for cell in line} <= {"s", "n"}


@pytest.mark.parametrize("text", ["=1+1", "+7", "-2", "@SUM(A1)", "\t=1", " =1", "＝1"])
def test_no_cell_is_a_formula(text: str) -> None:
    (line,) = list(csv.reader(StringIO(b"".join(exports.as_csv(["a"], iter([[text]]))).decode("utf-8-sig"))))[1:]
    out = BytesIO()
    exports.write_xlsx(out, ["a"], iter([[text]]))
    cell = load_workbook(out).active["A2"]

    assert line == [f"'{text}"]
    assert (cell.data_type, cell.value) == ("s", f"'{text}")
