"""Undoing an import restores every row, except rows that a person has changed or decided on since, and names those."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts import vetting
from accounts.models import Arrival, Host, User
from matching import disclosure, intake, transitions
from matching.importing import row_by_row, undoing, uploads
from matching.importing.row_by_row import take_in_requests, take_in_spaces
from matching.importing.uploads import SheetMovedOn
from matching.models import Match, SheetImport, ShelterRequest, Space
from matching.queries import called
from matching.refusal_words import of_value
from matching.refusals import NotYours
from matching.states import Status
from matching.worker import matchmaking
from notifications.models import ContactPoint, Delivery, Notification
from privacy import retention
from tests import people
from tests.integration.test_imports import everything, request_rows, space_rows
from tests.integration.test_sheet_imports import of_requests, of_spaces, previewed, rows, taken_in, worked_on
from tests.people import Person, tonight

pytestmark = pytest.mark.django_db
State = SheetImport.State

CHANGED = {"beds": "4", "host": "Hanna Neu", "email": "neu@example.org", "windows": f"{tonight(2)}/{tonight(9)}"}
ADDED = {"space_id": "s2", "host": "Bibigul", "phone": "+77015550102", "email": "b@example.org"}


@pytest.fixture(autouse=True)
def places(db: None) -> None:
    people.place("Almaty")
    people.place("Oral")


def undone(found: SheetImport, by: Person) -> list[tuple[int, str]]:
    """Undo the import; return the result for each row of the sheet that had changed something."""
    undoing.undo(found.pk, by=by.user, at=timezone.now())
    while undoing.work_on_undoing(now=timezone.now):
        pass
    found.refresh_from_db()
    assert found.state == State.UNDONE
    return [(row.line, row.undone) for row in found.rows.exclude(undone="")]


def why(found: SheetImport) -> list[str]:
    return [of_value(reason) for _line, reason in rows(found, "kept_because") if reason]


def all_but_wakes() -> dict[str, list[dict[str, Any]]]:
    """Return every row that an import may change, without due rows and versions, which an undo need not restore."""
    found = everything()
    del found["MatchingDue"]
    for row in [*found["Space"], *found["ShelterRequest"]]:
        del row["version"]
    for window in found["SpaceWindow"]:
        del window["id"]
    return found


def test_undo_of_spaces_leaves_everything_as_it_was(carla: Person) -> None:
    take_in_spaces(space_rows({}), by=carla.user, at=timezone.now())
    before = all_but_wakes()
    found = taken_in(of_spaces(CHANGED, ADDED, {"space_id": "s3", "beds": "none"}), carla)
    assert Space.objects.count() == 2

    assert undone(found, carla) == [(2, "undone"), (3, "undone")]
    assert all_but_wakes() == before
    assert (why(found), [row.before for row in found.rows.all()]) == ([], ["", "", ""])


def test_undo_of_requests_leaves_everything_as_it_was(carla: Person) -> None:
    take_in_requests(request_rows({}), by=carla.user, at=timezone.now())
    before = all_but_wakes()
    more = {"request_id": "r2", "email": "amira@example.org", "name": "Amira Zwei"}
    found = taken_in(of_requests({"nights": "7", "name": "Other", "phone": "+77015550109"}, more), carla, "requests")
    assert (ShelterRequest.objects.count(), Delivery.objects.count()) == (2, 1)

    assert undone(found, carla) == [(2, "undone"), (3, "undone")]
    assert all_but_wakes() == before


def test_undone_sheet_can_be_imported_again(carla: Person) -> None:
    content = of_spaces({}, ADDED)
    undone(taken_in(content, carla), carla)

    again = taken_in(content, carla)

    assert rows(again, "outcome") == [(2, "new"), (3, "new")]
    assert sorted(Space.objects.values_list("external_id", flat=True)) == ["s1", "s2"]


def test_two_imports_are_undone_one_after_the_other(carla: Person) -> None:
    first, second = taken_in(of_spaces({}), carla), taken_in(of_spaces({"beds": "5"}), carla)

    assert undone(second, carla) == [(2, "undone")]
    assert Space.objects.get().beds == 2
    assert undone(first, carla) == [(2, "undone")]
    assert (Space.objects.count(), Host.objects.count()) == (0, 0)


def test_first_import_is_not_undone_under_a_later_one(carla: Person) -> None:
    first = taken_in(of_spaces({}), carla)
    taken_in(of_spaces({"beds": "5"}), carla)

    assert undone(first, carla) == [(2, "kept")]
    assert (why(first), Space.objects.get().beds) == (["It was changed since the import."], 5)


@pytest.mark.parametrize("outcome", ["new", "changed"])
def test_what_the_host_has_changed_since_stays(carla: Person, outcome: str) -> None:
    if outcome == "changed":
        take_in_spaces(space_rows({}), by=carla.user, at=timezone.now())
    found = taken_in(of_spaces({"beds": "4"}), carla)
    space = row_by_row.spaces_called(["s1"])["s1"]
    details = replace(row_by_row.details_of_space(space), beds=3)
    intake.change_space(space.pk, details, by=space.host.user, at=timezone.now())

    assert rows(found, "outcome") == [(2, outcome)]
    assert undone(found, carla) == [(2, "kept")]
    assert (Space.objects.get().beds, why(found)) == (3, ["It was changed since the import."])


@pytest.mark.parametrize("kind", ["spaces", "requests"])
def test_field_that_the_import_did_not_know_keeps_its_present_value(carla: Person, kind: str) -> None:
    """A version in between has added a field to the lists, and somebody has answered it since."""
    of_rows, take_in = (of_spaces, take_in_spaces) if kind == "spaces" else (of_requests, take_in_requests)
    take_in((space_rows if kind == "spaces" else request_rows)({}), by=carla.user, at=timezone.now())
    changed, added = ("max_nights", "pets") if kind == "spaces" else ("nights", "composition")
    found = taken_in(of_rows({changed: "7"}), carla, kind)
    row = found.rows.get()
    stored = json.loads(row.before)
    for details in (stored["details"], stored["after"]):
        del details[added]
    row.before = json.dumps(stored)
    row.save()
    answer = {"pets": True} if kind == "spaces" else {"composition": "mixed"}
    model = Space if kind == "spaces" else ShelterRequest
    model.objects.update(**answer)

    assert undone(found, carla) == [(2, "undone")]
    assert {added: model.objects.values_list(added, flat=True).get()} == answer


# -- matches --------------------------------------------------------------------------------------


@pytest.fixture
def matched(carla: Person, amira: Person) -> tuple[SheetImport, Match]:
    """A sheet with one vetted host, and a proposal in the space from the sheet."""
    found = taken_in(of_spaces({"vetted": "yes"}), carla, trust_vetted=True)
    return found, people.proposed(people.request(amira.arrival), Space.objects.get())


def test_proposal_nobody_decided_on_does_not_stand_in_the_way(
    matched: tuple[SheetImport, Match], carla: Person
) -> None:
    found, match = matched

    assert undone(found, carla) == [(2, "undone")]

    match.refresh_from_db()
    space = Space.objects.get()
    assert (match.status, space.status, space.external_id) == (Status.EXPIRED, "withdrawn", None)
    assert (Host.objects.get().status, why(found)) == (
        Host.Status.UNVETTED,
        ["It was withdrawn: its earlier matches stay on record."],
    )


def test_decided_match_keeps_its_space_and_its_vetting(matched: tuple[SheetImport, Match], carla: Person) -> None:
    found, match = matched
    transitions.approve(match.pk, by=carla.user, at=timezone.now())
    before = all_but_wakes()

    assert undone(found, carla) == [(2, "kept")]

    assert all_but_wakes() == before
    assert why(found) == ["There are live matches that this would contradict. End or cancel them first."]


@pytest.mark.parametrize(("decided", "stays"), [(False, "undone"), (True, "kept")])
def test_request_with_a_match_is_withdrawn_unless_a_person_has_decided(
    carla: Person, hanna: Person, decided: bool, stays: str
) -> None:
    found = taken_in(of_requests({}), carla, "requests")
    match = people.proposed(ShelterRequest.objects.get(), people.space(hanna.host, beds=5))
    if decided:
        transitions.approve(match.pk, by=carla.user, at=timezone.now())
        transitions.approve(match.pk, by=people.carla("too").user, at=timezone.now()) if match.high_risk else None

    assert undone(found, carla) == [(2, stays)]

    request = ShelterRequest.objects.get()
    assert (request.withdrawn_at is None, request.external_id) == ((True, "r1") if decided else (False, None))


def test_worker_goes_on_after_an_undone_row_is_gone(carla: Person, hanna: Person) -> None:
    found = taken_in(of_requests({}, {"request_id": "r2"}), carla, "requests")
    undone(found, carla)
    people.space(hanna.host)

    matched = matchmaking.match_open_requests(now=timezone.now)

    assert (ShelterRequest.objects.count(), matched.proposals, Match.objects.count()) == (0, 0, 0)


# -- vetting and history --------------------------------------------------------------------------


def test_vetting_of_a_known_host_by_the_sheet_is_taken_back(carla: Person) -> None:
    take_in_spaces(space_rows({}), by=carla.user, at=timezone.now())
    found = taken_in(of_spaces({"vetted": "yes"}), carla, trust_vetted=True)
    assert rows(found, "outcome") == [(2, "unchanged")]

    assert undone(found, carla) == [(2, "undone")]
    assert (Host.objects.get().status, Space.objects.get().status) == (Host.Status.UNVETTED, "listed")


def test_host_who_was_checked_since_stays_vetted(carla: Person) -> None:
    found = taken_in(of_spaces({"vetted": "yes"}), carla, trust_vetted=True)
    vetting.record_check(Host.objects.get(), "home_visit", by=carla.user, at=timezone.now())

    assert undone(found, carla) == [(2, "kept")]
    assert (Host.objects.get().status, why(found)) == ("vetted", ["The host has been checked since the import."])


def test_household_that_a_person_has_looked_at_is_withdrawn_and_not_removed(carla: Person) -> None:
    found = taken_in(of_requests({}), carla, "requests")
    request = ShelterRequest.objects.get()
    disclosure.log_look(carla.user, request.arrival.user, "name", reason="asked", at=timezone.now())

    assert undone(found, carla) == [(2, "undone")]

    request.refresh_from_db()
    assert (request.withdrawn_at is None, request.external_id, Arrival.objects.count()) == (False, None, 1)
    assert why(found) == ["It was withdrawn: there is a history with this household."]


def test_sent_message_keeps_the_household_on_record(carla: Person) -> None:
    found = taken_in(of_requests({"email": "amira@example.org"}), carla, "requests")
    Delivery.objects.update(attempts=1, status=Delivery.Status.SENT, sent_at=timezone.now())

    undone(found, carla)

    assert (Notification.objects.count(), ContactPoint.objects.count(), User.objects.count()) == (1, 1, 2)
    assert ShelterRequest.objects.get().withdrawn_at is not None


# -- rights and states ------------------------------------------------------------------------------


def test_import_under_way_can_be_undone(carla: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "ROWS_A_TRANSACTION", 1)
    monkeypatch.setattr(uploads, "BATCHES_AT_ONCE", 1)
    found = previewed(of_spaces({}, ADDED), carla)
    uploads.confirm(found.pk, trust_vetted=False, by=carla.user, at=timezone.now())
    uploads.work_on_sheets(now=timezone.now)
    assert Space.objects.count() == 1

    assert undone(found, carla) == [(2, "undone")]
    worked_on()
    assert Space.objects.count() == 0


def test_undo_that_stopped_goes_on_where_it_was(carla: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(undoing, "ROWS_A_TRANSACTION", 2)
    monkeypatch.setattr(undoing, "BATCHES_AT_ONCE", 1)
    found = taken_in(of_spaces(*({"space_id": f"s{n}", "phone": f"+7701555010{n}"} for n in range(3))), carla)
    undoing.undo(found.pk, by=carla.user, at=timezone.now())

    left = [(undoing.work_on_undoing(now=timezone.now), Space.objects.count()) for _turn in range(3)]

    assert left == [(True, 1), (True, 0), (False, 0)]


def test_coordinator_of_another_place_undoes_nothing(carla: Person) -> None:
    found = taken_in(of_spaces({}), carla)

    for somebody in (people.carla("elsewhere", places=(people.place("Oral"),)), people.adil(), people.hanna()):
        with pytest.raises(NotYours):
            undoing.undo(found.pk, by=somebody.user, at=timezone.now())

    assert Space.objects.filter(called(["s1"])).count() == 1


def test_row_in_a_place_that_the_coordinator_no_longer_covers_stays(carla: Person) -> None:
    here = people.carla("here", places=(people.place("Almaty"),))
    found = taken_in(of_spaces({}), here)
    here.user.coordinator.places.set([people.place("Oral")])

    assert undone(found, Person(User.objects.get(pk=here.user.pk))) == [(2, "kept")]
    assert (Space.objects.count(), why(found)) == (1, ["You may not do this."])


def test_import_is_undone_once_and_not_before_it_is_confirmed(carla: Person) -> None:
    found = previewed(of_spaces({}), carla)
    with pytest.raises(SheetMovedOn):
        undoing.undo(found.pk, by=carla.user, at=timezone.now())
    uploads.confirm(found.pk, trust_vetted=False, by=carla.user, at=timezone.now())
    worked_on()
    undone(found, carla)

    with pytest.raises(SheetMovedOn):
        undoing.undo(found.pk, by=carla.user, at=timezone.now())


def test_import_of_long_ago_is_not_undone(carla: Person) -> None:
    found = taken_in(of_spaces({}), carla)
    assert found.done_at is not None
    retention.forget_what_is_old(at=found.done_at + timedelta(days=60))

    assert undone(found, carla) == [(2, "kept")]
    assert (Space.objects.count(), why(found)) == (
        1,
        ["The import is too long ago: what was there before is forgotten."],
    )
