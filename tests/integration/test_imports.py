"""Importing the two spreadsheets: good rows in, bad rows told, no change the second time, and rights respected."""

from __future__ import annotations

import csv
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from accounts import vetting
from accounts.arrivals import renew_secret
from accounts.models import Arrival, Host, HostCheck, HostEvent, User
from accounts.signing_in import sign_in_to_case
from matching.importing.row_by_row import Imported, RowOutcome, take_in_requests, take_in_spaces
from matching.models import MatchingDue, ShelterRequest, Space, SpaceWindow
from matching.queries import called
from matching.refusals import NotYours
from matching.sheets import (
    REQUEST_COLUMNS,
    SPACE_COLUMNS,
    RequestRow,
    RowProblem,
    SpaceRow,
    read_requests,
    read_spaces,
    safe_cell,
)
from matching.states import Status
from notifications.models import ContactPoint, Delivery, Notification
from places.models import Place
from places.queries import heard
from tests import people
from tests.people import Person, tonight

pytestmark = pytest.mark.django_db

MESSY = Path(__file__).parents[1] / "data" / "messy"

SPACE = {"space_id": "s1", "host": "Hanna", "phone": "+77015550101", "place": "Almaty", "beds": "2"}
REQUEST = {"request_id": "r1", "name": "Amira", "place": "Almaty", "people": "2", "nights": "5"}


@pytest.fixture(autouse=True)
def places(db: None) -> None:
    """The places of the small sheets (the whole gazetteer is not needed)."""
    people.place("Almaty")
    people.place("Oral")


def run(command: str, *arguments: object) -> tuple[str, list[tuple[str, str]]]:
    """Run an import; return its standard output, and (line, column) of every bad row it lists."""
    out, err = StringIO(), StringIO()
    call_command(command, *map(str, arguments), stdout=out, stderr=err)
    rows = [[cell.strip() for cell in line.split("│")[1:-1]] for line in err.getvalue().splitlines() if "│" in line]
    return out.getvalue().strip(), [(line, column) for line, column, *_ in rows if line]


def space_rows(*changes: dict[str, str]) -> list[SpaceRow]:
    windows = {"windows": f"{tonight()}/{tonight(30)}"}
    return read_spaces(sheet(SPACE_COLUMNS, [SPACE | windows | each for each in changes]), find_place=heard).rows


def request_rows(*changes: dict[str, str]) -> list[RequestRow]:
    first = {"first_night": str(tonight())}
    data = sheet(REQUEST_COLUMNS, [REQUEST | first | each for each in changes])
    return read_requests(data, find_place=heard).rows


def sheet(columns: tuple[str, ...], rows: list[dict[str, str]]) -> bytes:
    out = StringIO(newline="")
    writer = csv.DictWriter(out, columns)
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode()


def spaces(*changes: dict[str, str], by: User | None = None, **options: Any) -> Imported:
    return take_in_spaces(space_rows(*changes), by=by, at=timezone.now(), **options)


def requests(*changes: dict[str, str], by: User | None = None, **options: Any) -> Imported:
    return take_in_requests(request_rows(*changes), by=by, at=timezone.now(), **options)


def told_by(imported: Imported) -> list[RowProblem]:
    """Return the problems with their reasons in words, as a door shows them."""
    return [replace(problem, reason=str(problem.reason)) for problem in imported.problems]


def counts(imported: Imported) -> tuple[int, int, int]:
    """Return how many rows were new, changed and unchanged."""
    return (
        imported.outcomes[RowOutcome.NEW],
        imported.outcomes[RowOutcome.CHANGED],
        imported.outcomes[RowOutcome.UNCHANGED],
    )


def everything() -> dict[str, list[dict[str, Any]]]:
    """Return every row that an import may change."""
    models = (
        User,
        Host,
        HostCheck,
        HostEvent,
        Arrival,
        ContactPoint,
        Space,
        SpaceWindow,
        ShelterRequest,
        MatchingDue,
        Notification,
        Delivery,
    )
    return {model.__name__: list(model.objects.order_by("pk").values()) for model in models}


# -- the messy files ------------------------------------------------------------------------------


def test_import_spaces_reads_a_windows_1251_export_correctly() -> None:
    said, bad = run("import_spaces", MESSY / "spaces_excel_ru.csv")

    assert (said, bad) == ("3 new, 0 changed, 0 unchanged, 0 not taken in.", [])
    found = [
        (
            space.external_id,
            space.host.user.name,
            [point.address for point in space.host.user.contact_points.all()],
            space.place.name if space.place else None,
            space.address,
            (space.latitude, space.longitude),
            (space.beds, space.shared, space.max_nights, space.who),
            (space.children, space.pets, space.smoking, space.step_free),
            space.languages,
            [str(window) for window in space.windows.all()],
            space.host.status,
        )
        for space in sorted(Space.objects.all(), key=lambda space: space.external_id or "")
    ]
    yes, no = True, False
    assert found == [
        (
            "h1",
            "Айгуль",
            ["+77015550101"],
            "Almaty",
            "ул. Абая, 10",
            (43.24, 76.89),
            (3, yes, None, "anyone"),
            (yes, no, no, no),
            ["kk", "ru"],
            ["2022-09-26/2022-10-10"],
            "unvetted",
        ),
        (
            "h2",
            "Серик",
            ["+77015550102"],
            "Oral",
            "пр. Достык 5",
            (51.23, 51.37),
            (2, yes, 7, "anyone"),
            (yes, no, no, no),
            ["ru"],
            ["2022-09-26/2022-10-03"],
            "unvetted",
        ),
        (
            "h3",
            "Марина",
            ["marina@example.org"],
            "Almaty",
            "",
            (43.25, 76.92),
            (1, no, None, "women"),
            (no, yes, no, no),
            ["en", "ru"],
            ["2022-09-28/2022-10-05"],
            "unvetted",
        ),
    ]


def test_import_spaces_takes_the_good_rows_in_and_tells_every_bad_one() -> None:
    said, bad = run("import_spaces", MESSY / "spaces_bad_rows.csv")

    assert said == "3 new, 0 changed, 0 unchanged, 11 not taken in."
    assert bad == [
        ("2", "beds"),
        ("3", "beds"),
        ("4", "phone"),
        ("5", "place"),
        ("6", "windows"),
        ("7", "lat"),
        ("8", "windows"),
        ("9", "shared"),
        ("10", "who"),
        ("11", "space_id"),
        ("15", ""),
    ]
    names = {space.external_id: space.host.user.name for space in Space.objects.all()}
    assert names == {"b11": "Good One", "b12": "=cmd|' /C calc'!A0", "b13": "Good Two"}


def test_import_requests_takes_the_good_rows_in_and_tells_every_bad_one() -> None:
    said, bad = run("import_requests", MESSY / "requests_bad_rows.csv")

    assert said == "3 new, 0 changed, 0 unchanged, 8 not taken in."
    assert bad == [
        ("3", "first_night"),
        ("4", "children"),
        ("6", "radius_km"),
        ("7", "nights"),
        ("8", "min_nights"),
        ("9", "women_only"),
        ("10", "languages"),
        ("11", "urgency"),
    ]
    asked = ShelterRequest.objects.get(called(["q1"]))
    assert (asked.people, asked.nights, asked.min_nights, asked.urgency, asked.notes, asked.registered_at) == (
        3,
        7,
        7,
        "4",
        "three of us at the station",
        datetime(2022, 9, 26, 2, tzinfo=UTC),
    )
    assert sorted(ShelterRequest.objects.values_list("external_id", flat=True)) == ["q1", "q11", "q4"]


@pytest.mark.parametrize("file", ["spaces_excel_ru", "spaces_bad_rows", "requests_bad_rows"])
def test_importing_a_messy_file_twice_changes_nothing(file: str) -> None:
    command = f"import_{file.split('_')[0]}"
    run(command, MESSY / f"{file}.csv")
    before = everything()

    said, _bad = run(command, MESSY / f"{file}.csv")

    assert said.startswith("0 new, 0 changed, 3 unchanged, ")
    assert everything() == before


@pytest.mark.parametrize("file", ["spaces_excel_ru", "spaces_bad_rows", "requests_bad_rows"])
def test_a_dry_run_says_the_same_and_keeps_nothing(file: str) -> None:
    command = f"import_{file.split('_')[0]}"
    before = everything()

    dry, dry_bad = run(command, MESSY / f"{file}.csv", "--dry-run")

    assert everything() == before
    wet, wet_bad = run(command, MESSY / f"{file}.csv")
    assert (dry, dry_bad) == (f"{wet} Nothing was kept: this was a dry run.", wet_bad)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "windows-1251"])
def test_a_sheet_in_another_encoding_gives_the_same_rows(tmp_path: Path, encoding: str) -> None:
    run("import_spaces", MESSY / "spaces_excel_ru.csv")
    text = (MESSY / "spaces_excel_ru.csv").read_bytes().decode("windows-1251")
    (tmp_path / "SPACES.csv").write_bytes(text.encode(encoding))

    said, _bad = run("import_spaces", tmp_path / "SPACES.csv")

    assert said == "0 new, 0 changed, 3 unchanged, 0 not taken in."


def test_an_exported_sheet_is_read_back_unchanged_and_holds_no_formula(tmp_path: Path) -> None:
    run("import_spaces", MESSY / "spaces_bad_rows.csv")
    rows = read_spaces(MESSY / "spaces_bad_rows.csv", find_place=heard).rows
    written = [{"space_id": safe_cell(row.space_id), "host": safe_cell(row.host)} for row in rows]
    rest = {"place": "Almaty", "beds": "2", "windows": "2022-09-26/2022-10-10", "languages": "ru"}
    exported = sheet(SPACE_COLUMNS, [rest | cells for cells in written if cells["space_id"] != "b13"])
    (tmp_path / "SPACES.csv").write_bytes(exported)

    said, _bad = run("import_spaces", tmp_path / "SPACES.csv")

    assert b"\n'=cmd" not in exported
    assert b",'=cmd|' /C calc'!A0," in exported
    assert said == "0 new, 0 changed, 2 unchanged, 0 not taken in."


# -- files that cannot be read --------------------------------------------------------------------


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(CommandError) as told:
        run("import_spaces", tmp_path / "none.csv")

    assert str(told.value) == f"{tmp_path / 'none.csv'}: No such file or directory."


def test_the_wrong_sheet_is_told(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="Unknown columns: space_id, host, address, beds") as told:
        run("import_requests", MESSY / "spaces_bad_rows.csv")

    assert told.value.returncode == 1
    assert ShelterRequest.objects.count() == 0


def test_a_sheet_without_any_good_row_ends_with_status_one(tmp_path: Path) -> None:
    (tmp_path / "SPACES.csv").write_bytes(sheet(SPACE_COLUMNS, [SPACE | {"beds": "0"}]))

    with pytest.raises(CommandError) as told:
        run("import_spaces", tmp_path / "SPACES.csv")

    assert (str(told.value), told.value.returncode) == ("No row got in.", 1)


def test_a_sheet_without_rows_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "SPACES.csv").write_bytes(sheet(SPACE_COLUMNS, []))

    assert run("import_spaces", tmp_path / "SPACES.csv") == ("0 new, 0 changed, 0 unchanged, 0 not taken in.", [])


def test_a_place_that_is_not_in_the_database_is_told_before_anything_is_written() -> None:
    Place.objects.all().delete()

    with pytest.raises(CommandError) as told:
        run("import_spaces", MESSY / "spaces_bad_rows.csv")

    assert str(told.value) == "The places are not in the database yet. Run: python manage.py load_gazetteer"
    assert Space.objects.count() == 0


# -- rows that are known --------------------------------------------------------------------------


def test_a_changed_row_changes_its_space_and_leaves_the_others() -> None:
    spaces({}, {"space_id": "s2", "phone": "+77015550102"})
    before = Space.objects.get(called(["s2"])).version

    imported = spaces(
        {"beds": "4", "windows": f"{tonight(1)}/{tonight(9)}", "address": "Abay Avenue, 10"},
        {"space_id": "s2", "phone": "+77015550102"},
    )

    assert (counts(imported), imported.problems) == ((0, 1, 1), [])
    space = Space.objects.get(called(["s1"]))
    assert (space.beds, space.address, [str(window) for window in space.windows.all()]) == (
        4,
        "Abay Avenue, 10",
        [f"{tonight(1)}/{tonight(9)}"],
    )
    assert Space.objects.get(called(["s2"])).version == before


def test_a_new_name_and_a_new_contact_are_added_and_nothing_is_taken_away() -> None:
    spaces({})

    imported = spaces({"host": "Hanna M.", "phone": "", "email": "hanna@example.org"})

    host = Space.objects.get(called(["s1"])).host
    assert counts(imported) == (0, 1, 0)
    assert host.user.name == "Hanna M."
    assert [point.address for point in host.user.contact_points.order_by("pk")] == ["+77015550101", "hanna@example.org"]
    assert counts(spaces({"host": "Hanna M."})) == (0, 0, 1)


def test_a_contact_of_another_host_is_refused_in_words() -> None:
    spaces({}, {"space_id": "s2", "phone": "+77015550102"})

    imported = spaces({"phone": "+77015550102"})

    assert told_by(imported) == [RowProblem(2, "", "s1", "This contact already belongs to another host: +77015550102.")]


def test_two_rows_with_one_contact_are_two_spaces_of_one_host() -> None:
    imported = spaces({}, {"space_id": "s2", "phone": "8 701 555 01 01"})

    assert counts(imported) == (2, 0, 0)
    assert Host.objects.count() == 1


def test_a_changed_request_keeps_its_waiting_time_and_the_ages_that_a_coordinator_noted() -> None:
    requests({"people": "3", "children": "2", "registered_at": "2022-09-25T08:00:00Z"})
    ShelterRequest.objects.update(children_ages=[4, 9])

    same = requests({"people": "3", "children": "2", "registered_at": "2022-09-26T08:00:00Z"})
    changed = requests({"people": "3", "children": "1"})

    asked = ShelterRequest.objects.get()
    assert (counts(same), counts(changed)) == ((0, 0, 1), (0, 1, 0))
    assert (asked.children, asked.children_ages) == (1, [4])
    assert asked.registered_at == datetime(2022, 9, 25, 8, tzinfo=UTC)


def test_a_change_that_would_break_a_promise_is_told_and_stops_no_other_row(carla: Person) -> None:
    spaces({"vetted": "yes"}, by=carla.user, trust_vetted=True)
    space = Space.objects.get(called(["s1"]))
    asked = people.request(people.amira().arrival)
    people.match_in(Status.APPROVED, asked, space)

    imported = spaces({"windows": f"{tonight(20)}/{tonight(30)}"}, {"space_id": "s2", "phone": "+77015550102"})

    assert told_by(imported) == [
        RowProblem(2, "", "s1", "There are live matches that this would contradict. End or cancel them first.")
    ]
    assert counts(imported) == (1, 0, 0)
    assert [str(window) for window in space.windows.all()] == [f"{tonight()}/{tonight(30)}"]


def test_a_row_that_the_database_refuses_stops_no_other_row() -> None:
    first, second = space_rows({}, {"space_id": "s2", "phone": "+77015550102"})
    twice = replace(first, line=9, phone="+77015550109")

    imported = take_in_spaces([first, twice, second], by=None, at=timezone.now())

    assert told_by(imported) == [
        RowProblem(9, "", "s1", "The database refuses this row. Look at its dates and numbers, and import it again.")
    ]
    assert sorted(Space.objects.values_list("external_id", flat=True)) == ["s1", "s2"]
    assert Host.objects.count() == 2


# -- places -----------------------------------------------------------------------------------------


def test_a_point_without_a_name_belongs_to_the_nearest_known_place() -> None:
    spaces(
        {"place": "", "lat": "43.2", "lon": "76.9"},
        {"space_id": "s2", "place": "", "lat": "46.0", "lon": "71.0", "phone": ""},
    )

    near, far = sorted(Space.objects.all(), key=lambda space: space.external_id or "")
    assert near.place is not None
    assert (near.place.name, near.latitude, near.longitude) == ("Almaty", 43.2, 76.9)
    assert (far.place, far.latitude, far.longitude) == (None, 46.0, 71.0)


# -- rights -----------------------------------------------------------------------------------------


def test_column_vetted_without_trust_vets_no_host(carla: Person) -> None:
    spaces({"vetted": "yes"}, by=carla.user)

    assert Host.objects.get().status == Host.Status.UNVETTED
    assert HostCheck.objects.count() == 0


def test_trust_vetted_puts_the_checks_on_record_in_the_coordinators_name(carla: Person) -> None:
    imported = spaces(
        {"vetted": "yes"},
        {"space_id": "s2", "phone": "+77015550102", "vetted": "no"},
        {"space_id": "s3", "vetted": "yes"},
        by=carla.user,
        trust_vetted=True,
    )

    assert (counts(imported), imported.problems) == ((3, 0, 0), [])
    vetted, unvetted = (Space.objects.get(called([key])).host for key in ("s1", "s2"))
    assert (vetted.status, unvetted.status) == (Host.Status.VETTED, Host.Status.UNVETTED)
    assert sorted((check.kind, check.by, check.said, check.note) for check in vetted.checks.all()) == [
        (kind, carla.user, {"code": "vouched"}, "") for kind in ("identity_seen", "phone_verified", "rules_agreed")
    ]
    assert unvetted.checks.count() == 0


def test_trust_vetted_vets_hosts_of_known_spaces_too_and_then_changes_nothing(carla: Person) -> None:
    spaces({"vetted": "yes"})

    first = spaces({"vetted": "yes"}, by=carla.user, trust_vetted=True)
    before = everything()
    second = spaces({"vetted": "yes"}, by=carla.user, trust_vetted=True)

    assert (counts(first), counts(second)) == ((0, 1, 0), (0, 0, 1))
    assert Host.objects.get().status == Host.Status.VETTED
    assert everything() == before


def test_trust_vetted_never_brings_a_suspended_host_back(carla: Person) -> None:
    spaces({"vetted": "yes"}, by=carla.user, trust_vetted=True)
    vetting.suspend(Host.objects.get().pk, by=carla.user, at=timezone.now(), reason="complaint")

    imported = spaces({"vetted": "yes"}, by=carla.user, trust_vetted=True)

    assert counts(imported) == (0, 0, 1)
    assert Host.objects.get().status == Host.Status.SUSPENDED


def test_trust_vetted_needs_a_coordinator(carla: Person) -> None:
    with pytest.raises(CommandError) as told:
        run("import_spaces", MESSY / "spaces_bad_rows.csv", "--trust-vetted")
    assert str(told.value) == "--trust-vetted needs --by USERNAME: somebody must vouch for these hosts."

    said, _bad = run("import_spaces", MESSY / "spaces_excel_ru.csv", "--trust-vetted", "--by", "carla")

    assert said == "3 new, 0 changed, 0 unchanged, 0 not taken in."
    assert Host.objects.filter(status=Host.Status.VETTED).count() == 2


def test_sheet_by_anybody_but_a_coordinator_is_refused(oskar: Person) -> None:
    before = everything()

    with pytest.raises(CommandError, match=f"There is no coordinator called {oskar.user.username}"):
        run("import_spaces", MESSY / "spaces_excel_ru.csv", "--by", oskar.user.username)
    with pytest.raises(NotYours):
        spaces({}, by=oskar.user)
    with pytest.raises(NotYours):
        requests({}, by=oskar.user)
    with pytest.raises(NotYours):
        spaces({}, by=None, trust_vetted=True)

    assert everything() == before


def test_a_coordinator_of_one_place_brings_rows_of_that_place_only() -> None:
    of_oral = people.carla("carla-of-oral", places=(people.place("Oral"),))

    imported = spaces({}, {"space_id": "s2", "place": "Oral", "phone": "+77015550102"}, by=of_oral.user)

    assert told_by(imported) == [RowProblem(2, "", "s1", "You may not do this.")]
    assert list(Space.objects.values_list("external_id", flat=True)) == ["s2"]
    assert Host.objects.count() == 1


def test_a_coordinator_of_another_place_changes_no_name_and_no_contact() -> None:
    of_oral = people.carla("carla-of-oral", places=(people.place("Oral"),))
    spaces({})
    requests({})
    told = [RowProblem(2, "", "s1", "You may not do this."), RowProblem(2, "", "r1", "You may not do this.")]

    of_spaces = spaces({"host": "Somebody Else", "email": "else@example.org"}, by=of_oral.user)
    of_requests = requests({"name": "Somebody Else", "email": "else@example.org"}, by=of_oral.user)

    assert told_by(of_spaces) + told_by(of_requests) == told
    host, arrival = Space.objects.get(called(["s1"])).host, ShelterRequest.objects.get(called(["r1"])).arrival
    assert "Somebody Else" not in (host.user.name, arrival.user.name)
    assert [each.user.contact_points.filter(channel="email").count() for each in (host, arrival)] == [0, 0]


# -- consequences -----------------------------------------------------------------------------------


def test_an_imported_arrival_has_a_case_number_and_gets_a_secret_when_somebody_renews_it() -> None:
    requests({"phone": "87015550103", "languages": "en kk"})

    arrival = Arrival.objects.get()
    assert arrival.case_number.isdecimal()
    assert not arrival.user.has_usable_password()
    assert (arrival.user.name, arrival.user.language) == ("Amira", "kk")
    assert [(point.channel, point.address) for point in arrival.user.contact_points.all()] == [("sms", "+77015550103")]

    secret = renew_secret(arrival)

    assert sign_in_to_case(arrival.case_number, secret, source="test", at=timezone.now()) == arrival.user


def test_a_child_alone_is_taken_in_and_goes_to_the_coordinators_desk(carla: Person) -> None:
    run("import_requests", MESSY / "requests_bad_rows.csv")

    child = ShelterRequest.objects.get(called(["q4"]))
    assert child.is_minor_alone
    told = Notification.objects.filter(event="minor_alone")
    assert [(each.recipient, each.context) for each in told] == [
        (carla.user, {"case_number": child.arrival.case_number})
    ]


def test_new_and_changed_rows_make_a_round_due_and_unchanged_ones_do_not() -> None:
    spaces({})
    requests({})
    assert MatchingDue.objects.count() == 2

    spaces({})
    requests({})

    assert MatchingDue.objects.count() == 2


def test_the_progress_is_told_every_hundred_rows() -> None:
    done: list[int] = []

    spaces(*({"space_id": f"s{number}", "phone": ""} for number in range(250)), progress=done.append)

    assert done == [100, 200, 250]
    assert Space.objects.count() == 250


def test_a_request_without_registered_at_waits_from_now_on() -> None:
    yesterday = timezone.now() - timedelta(days=1)

    take_in_requests(request_rows({}), by=None, at=yesterday)

    assert ShelterRequest.objects.get().registered_at == yesterday


def test_a_row_that_the_domain_refuses_is_told_and_stops_no_other_row() -> None:
    imported = requests({"first_night": str(tonight(800))}, {"request_id": "r2"})

    assert told_by(imported) == [
        RowProblem(2, "first_night", "", "The first night is too far ahead: give one within the next two years.")
    ]
    assert list(ShelterRequest.objects.values_list("external_id", flat=True)) == ["r2"]
    assert Arrival.objects.count() == 1


def test_dates_of_an_old_sheet_are_kept_as_they_are() -> None:
    spaces({"windows": "2022-09-26/2022-10-10"}, {"space_id": "s2", "windows": "2022-09-28/2022-10-10"})

    kept = SpaceWindow.objects.order_by("first_night").values_list("first_night", "last_day")
    assert list(kept) == [(date(2022, 9, day), date(2022, 10, 10)) for day in (26, 28)]
