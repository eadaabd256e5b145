"""A sheet at the desk: the import does as previewed, a bad row stops no other, a second import changes nothing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import Host, HostCheck
from matching import intake
from matching.importing import row_by_row, uploads
from matching.importing.row_by_row import spaces_called, take_in_spaces
from matching.importing.uploads import SheetMovedOn, SheetTooLarge, SheetUnreadable
from matching.models import SheetImport, SheetImportRow, ShelterRequest, Space
from matching.refusals import NotYours
from matching.sheets import REQUEST_COLUMNS, SPACE_COLUMNS
from privacy import retention
from tests import people
from tests.integration.test_imports import REQUEST, SPACE, everything, sheet, space_rows
from tests.people import Person, tonight

pytestmark = pytest.mark.django_db
State = SheetImport.State


@pytest.fixture(autouse=True)
def places(db: None) -> None:
    """The places of the small sheets (the whole gazetteer is not needed)."""
    people.place("Almaty")
    people.place("Oral")


def of_spaces(*changes: dict[str, str]) -> bytes:
    windows = {"windows": f"{tonight()}/{tonight(30)}"}
    return sheet(SPACE_COLUMNS, [SPACE | windows | each for each in changes])


def of_requests(*changes: dict[str, str]) -> bytes:
    return sheet(REQUEST_COLUMNS, [REQUEST | {"first_night": str(tonight())} | each for each in changes])


def brought(content: bytes, by: Person, kind: str = "spaces") -> SheetImport:
    return uploads.receive(kind, content, file_name="week.csv", by=by.user, at=timezone.now())


def worked_on() -> None:
    while uploads.work_on_sheets(now=timezone.now):
        pass


def previewed(content: bytes, by: Person, kind: str = "spaces") -> SheetImport:
    found = brought(content, by, kind)
    worked_on()
    found.refresh_from_db()
    return found


def taken_in(content: bytes, by: Person, kind: str = "spaces", *, trust_vetted: bool = False) -> SheetImport:
    found = previewed(content, by, kind)
    uploads.confirm(found.pk, trust_vetted=trust_vetted, by=by.user, at=timezone.now())
    worked_on()
    found.refresh_from_db()
    return found


def rows(of: SheetImport, column: str) -> list[tuple[int, Any]]:
    return [(row.line, getattr(row, column)) for row in of.rows.all()]


MIXED = (
    {"space_id": "s1", "beds": "4"},
    {"space_id": "s2", "host": "Bibigul", "phone": "+77015550102"},
    {"space_id": "s3", "host": "Bad", "phone": "12", "beds": "none"},
    {"space_id": "s4", "host": "Elsewhere", "phone": "+77015550104", "place": "Oral"},
    {"space_id": "s5", "host": "Same", "phone": "+77015550105"},
    {"space_id": "s6", "host": "Thief", "phone": "+77015550102"},
)
"""Changed, a phone that line 7 gives to another host, bad cells, another place, unchanged, and the phone of line 3."""


@pytest.fixture
def there_already(places: None, carla: Person) -> None:
    before = (
        {},
        {"space_id": "s5", "host": "Same", "phone": "+77015550105"},
        {"space_id": "s6", "host": "Thief", "phone": "+77015550106"},
    )
    take_in_spaces(space_rows(*before), by=carla.user, at=timezone.now())


def test_preview_is_what_happens(there_already: None) -> None:
    here = people.carla("here", places=(people.place("Almaty"),))
    found = previewed(of_spaces(*MIXED), here)
    foreseen, why, changes = rows(found, "foreseen"), rows(found, "what_is_wrong"), rows(found, "what_changes")

    uploads.confirm(found.pk, trust_vetted=False, by=here.user, at=timezone.now())
    worked_on()

    assert foreseen == [
        (2, "changed"),
        (3, "refused"),
        (4, "refused"),
        (5, "refused"),
        (6, "unchanged"),
        (7, "refused"),
    ]
    assert rows(found, "outcome") == foreseen
    assert rows(found, "what_is_wrong") == why
    assert rows(found, "what_changes") == changes
    assert changes[0] == (2, [["beds", 2, 4]])
    assert [[column for column, _reason in problems] for _line, problems in why] == [
        [],
        ["phone"],
        ["phone", "beds"],
        [""],
        [],
        ["phone"],
    ]
    assert sorted(Space.objects.values_list("external_id", "beds")) == [("s1", 4), ("s5", 2), ("s6", 2)]
    found.refresh_from_db()
    assert (found.state, found.content, found.row_count) == (State.DONE, b"", 6)


def test_looking_through_keeps_nothing(there_already: None, carla: Person) -> None:
    before = everything()

    found = previewed(of_spaces(*MIXED), carla)

    assert everything() == before
    assert (found.state, found.content != b"") == (State.PREVIEWED, True)


def test_preview_of_requests_is_what_happens(carla: Person) -> None:
    content = of_requests(
        {}, {"request_id": "r2", "people": "0"}, {"request_id": "r3", "first_night": str(tonight(900))}
    )

    found = taken_in(content, carla, "requests")

    assert rows(found, "foreseen") == rows(found, "outcome") == [(2, "new"), (3, "refused"), (4, "refused")]
    assert list(ShelterRequest.objects.values_list("external_id", "people")) == [("r1", 2)]


def test_same_sheet_a_second_time_changes_nothing(carla: Person) -> None:
    content = of_spaces({"vetted": "yes"}, {"space_id": "s2", "host": "Bibigul", "phone": "+77015550102"})
    taken_in(content, carla, trust_vetted=True)
    before = everything()

    found = taken_in(content, carla, trust_vetted=True)

    assert everything() == before
    assert rows(found, "outcome") == [(2, "unchanged"), (3, "unchanged")]


@pytest.mark.parametrize(("trust", "standing"), [(False, Host.Status.UNVETTED), (True, Host.Status.VETTED)])
def test_column_vetted_is_believed_only_when_it_is_confirmed(carla: Person, trust: bool, standing: str) -> None:
    found = taken_in(of_spaces({"vetted": "yes"}), carla, trust_vetted=trust)

    assert rows(found, "would_vouch") == [(2, True)]
    assert Host.objects.get().status == standing
    assert HostCheck.objects.exists() == trust


def test_import_that_stopped_goes_on_where_it_was(carla: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "ROWS_A_TRANSACTION", 2)
    monkeypatch.setattr(uploads, "BATCHES_AT_ONCE", 1)
    found = previewed(of_spaces(*({"space_id": f"s{n}", "phone": f"+7701555010{n}"} for n in range(5))), carla)
    uploads.confirm(found.pk, trust_vetted=False, by=carla.user, at=timezone.now())

    progress = []
    for _turn in range(4):
        left = uploads.work_on_sheets(now=timezone.now)
        progress.append((left, found.rows.exclude(outcome="").count(), Space.objects.count()))

    assert progress == [(True, 2, 2), (True, 4, 4), (True, 5, 5), (False, 5, 5)]


def test_change_between_preview_and_confirmation_is_told_as_it_happened(there_already: None, carla: Person) -> None:
    found = previewed(of_spaces({"beds": "4"}), carla)
    space = spaces_called(["s1"])["s1"]
    intake.change_space(space.pk, row_by_row.details_of_space(space), by=carla.user, at=timezone.now())
    Space.objects.filter(pk=space.pk).update(beds=4)

    uploads.confirm(found.pk, trust_vetted=False, by=carla.user, at=timezone.now())
    worked_on()

    assert (rows(found, "foreseen"), rows(found, "outcome")) == ([(2, "changed")], [(2, "unchanged")])


def test_person_is_named_in_no_change(there_already: None, carla: Person) -> None:
    found = previewed(
        of_spaces({"host": "Somebody Else", "address": "Secret Lane 1", "email": "new@example.org"}), carla
    )

    assert rows(found, "what_changes") == [
        (2, [["host", None, None], ["contact", None, None], ["address", None, None]])
    ]


def test_contents_are_not_readable_in_the_database(carla: Person) -> None:
    found = brought(of_spaces({"host": "Hanna Musterfrau"}), carla)

    stored = (
        SheetImport.objects.filter(pk=found.pk).extra(select={"raw": "encode(content, 'escape')"}).values_list("raw")
    )
    assert b"Hanna" in SheetImport.objects.get(pk=found.pk).content
    assert "Hanna" not in stored[0][0]


# -- rights and states ------------------------------------------------------------------------------


def confirm_it(found: SheetImport, by: Person) -> Any:
    return uploads.confirm(found.pk, trust_vetted=False, by=by.user, at=timezone.now())


def drop_it(found: SheetImport, by: Person) -> Any:
    return uploads.drop(found.pk, by=by.user, at=timezone.now())


@pytest.mark.parametrize("act", [confirm_it, drop_it])
def test_only_the_uploader_confirms_or_drops_a_sheet(carla: Person, act: Callable[..., Any]) -> None:
    found = previewed(of_spaces({}), carla)

    with pytest.raises(NotYours):
        act(found, people.carla("somebody-else"))

    found.refresh_from_db()
    assert found.state == State.PREVIEWED


@pytest.mark.parametrize("who", [people.adil, people.hanna])
def test_upload_by_anybody_but_a_coordinator_is_refused(who: Callable[[], Person]) -> None:
    with pytest.raises(NotYours):
        brought(of_spaces({}), who())

    assert SheetImport.objects.count() == 0


def test_sheet_of_a_former_coordinator_is_not_taken_in(carla: Person) -> None:
    found = previewed(of_spaces({}), carla)
    confirm_it(found, carla)
    carla.user.is_active = False
    carla.user.save()

    worked_on()

    assert (rows(found, "outcome"), Space.objects.count()) == ([(2, "refused")], 0)


def test_sheet_is_confirmed_once_and_not_before_it_was_looked_through(carla: Person) -> None:
    found = brought(of_spaces({}), carla)
    with pytest.raises(SheetMovedOn):
        confirm_it(found, carla)
    worked_on()
    confirm_it(found, carla)
    for act in (confirm_it, drop_it):
        with pytest.raises(SheetMovedOn):
            act(found, carla)


def test_dropped_sheet_is_forgotten(carla: Person) -> None:
    found = previewed(of_spaces({}), carla)

    drop_it(found, carla)

    found.refresh_from_db()
    assert (found.state, found.content, found.rows.count(), Space.objects.count()) == (State.DROPPED, b"", 0, 0)


def test_preview_nobody_confirmed_is_forgotten_after_a_day(carla: Person) -> None:
    found = previewed(of_spaces({}), carla)

    early = retention.forget_what_is_old(at=found.received_at + timedelta(hours=23))["sheets_not_confirmed"]
    late = retention.forget_what_is_old(at=found.received_at + timedelta(hours=25))["sheets_not_confirmed"]

    assert (early, late) == (0, 1)
    found.refresh_from_db()
    assert (found.state, found.content, found.rows.count()) == (State.DROPPED, b"", 0)


def test_old_values_of_changed_rows_are_forgotten_after_a_month(there_already: None, carla: Person) -> None:
    found = taken_in(of_spaces({"beds": "4"}), carla)
    assert found.done_at is not None

    early = retention.forget_what_is_old(at=found.done_at + timedelta(days=29))["imports_before_and_after"]
    late = retention.forget_what_is_old(at=found.done_at + timedelta(days=31))["imports_before_and_after"]

    assert (early, late, [row.before for row in found.rows.all()]) == (0, 1, [""])


@pytest.mark.parametrize(
    ("content", "refusal"),
    [
        (b"", SheetUnreadable),
        (b"colour,size\nred,9\n", SheetUnreadable),
        (b"PK\x03\x04 a workbook", SheetUnreadable),
        (b"x" * (uploads.MOST_SHEET_BYTES + 1), SheetTooLarge),
    ],
)
def test_file_that_is_no_sheet_of_its_kind_is_refused_at_once(
    carla: Person, content: bytes, refusal: type[Exception]
) -> None:
    with pytest.raises(refusal):
        brought(content, carla)

    assert (SheetImport.objects.count(), SheetImportRow.objects.count()) == (0, 0)
