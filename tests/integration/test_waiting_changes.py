"""What was vetted is what is used: every field × every door × every state, and the wait ends by a coordinator's look alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient

from accounts import tokens, vetting
from accounts.merging import merge_hosts
from matching import intake, looking, waiting
from matching.importing import undoing, uploads
from matching.importing.row_by_row import Imported, take_in_spaces
from matching.models import Match, SheetImport, Space, WaitingChange
from matching.refusals import ChangeDecided, LookFirst, NotYours, one_act
from matching.sheets import SpaceRow, read_spaces
from matching.states import Status
from notifications.models import Notification
from places.queries import heard
from privacy.retention import forget_what_is_old
from tests import people
from tests.people import Person, tonight

pytestmark = pytest.mark.django_db

STATES = ("not vetted", "vetted", "with a confirmed match")
NEW_ADDRESS, NEW_PHONE = "Dostyk Avenue 99", "+77015550199"

WANTED: dict[str, dict[str, Any]] = {
    "address": {"address": NEW_ADDRESS},
    "beds": {"beds": 4},
    "others": {"others": 2},
    "shared": {"shared": True},
    "contact": {"phone": NEW_PHONE},
    # These never wait.
    "fewer beds": {"beds": 2},
    "pets": {"pets": True},
}
WAITS = {"address", "beds", "others", "shared", "contact"}


# -- the doors ------------------------------------------------------------------------------------


def by_page(space: Space, what: str) -> None:
    question, typed = {
        "address": ("address", {"address": NEW_ADDRESS, "directions": ""}),
        "beds": ("beds", {"beds": "4"}),
        "others": ("beds", {"beds": "3", "others": "2"}),
        "shared": ("shared", {"shared": "yes"}),
        "fewer beds": ("beds", {"beds": "2"}),
        "pets": ("house", {"house": ["children", "pets"]}),
    }[what]
    client = Client()
    client.force_login(space.host.user)
    assert client.post(f"/host/space/{space.pk}/change/{question}/", typed).status_code == 302


def by_api(space: Space, what: str, caller: Any) -> None:
    _row, token = tokens.issue(caller, name="test", scope="write", days=1, at=timezone.now())
    window = {"first_night": str(tonight()), "last_day": str(tonight(30))}
    body = {"place": "Almaty", "beds": 3, "windows": [window], "languages": ["ru", "en"], **WANTED[what]}
    client = APIClient(headers={"authorization": f"Bearer {token}"})
    assert client.put(f"/api/v1/spaces/{space.pk}/", body, format="json").status_code == 200


def by_api_of_the_host(space: Space, what: str) -> None:
    by_api(space, what, space.host.user)


def by_api_of_a_coordinator(space: Space, what: str) -> None:
    by_api(space, what, people.carla().user)


def sheet_of(space: Space, **changes: Any) -> bytes:
    cells = {
        "space_id": str(space.pk),
        "host": "Hanna Musterfrau",
        "phone": "",
        "place": "Almaty",
        "address": "Abay Avenue 10, flat 5",
        "beds": "3",
        "shared": "no",
        "pets": "no",
        "windows": f"{tonight()}/{tonight(30)}",
        "languages": "ru en",
    } | {name: "yes" if value is True else str(value) for name, value in changes.items()}
    return (",".join(cells) + "\n" + ",".join(f'"{cell}"' for cell in cells.values()) + "\n").encode()


def row_of(content: bytes) -> SpaceRow:
    reading = read_spaces(content, find_place=heard)
    assert reading.problems == []
    return reading.rows[0]


def by_sheet(space: Space, what: str) -> Imported:
    row = row_of(sheet_of(space, **WANTED[what]))
    return take_in_spaces([row], by=people.carla().user, at=timezone.now())


DOORS: dict[str, Callable[[Space, str], Any]] = {
    "page": by_page,
    "API of the host": by_api_of_the_host,
    "API of a coordinator": by_api_of_a_coordinator,
    "sheet": by_sheet,
}
CASES = [
    (what, door, state)
    for what in WANTED
    for door in DOORS
    for state in STATES
    if (what != "contact" or door == "sheet") and (what != "others" or door != "sheet")
]


# -- what is there --------------------------------------------------------------------------------


def offered(space: Space) -> dict[str, Any]:
    now = Space.objects.get(pk=space.pk)
    return {
        "address": now.address,
        "beds": now.beds,
        "others": now.others,
        "shared": now.shared,
        "pets": now.pets,
        "phone": sorted(now.host.user.contact_points.filter(channel="sms").values_list("channel", flat=True)),
    }


def after(before: dict[str, Any], what: str) -> dict[str, Any]:
    return before | (WANTED[what] if what != "contact" else {"phone": ["sms"]})


def in_state(state: str) -> tuple[Space, Match | None]:
    hanna = people.hanna(vetted=state != "not vetted")
    space = people.space(hanna.host)
    if state != "with a confirmed match":
        return space, None
    return space, people.match_in(Status.CONFIRMED, people.request(people.amira().arrival), space)


def told() -> dict[str, int]:
    events = [name for name in Notification.objects.order_by("pk").values_list("event", flat=True) if "change" in name]
    return {name: events.count(name) for name in events}


def waiting_kinds() -> list[list[str]]:
    return list(WaitingChange.objects.filter(outcome="").order_by("pk").values_list("kinds", flat=True))


# -- the table ------------------------------------------------------------------------------------


@pytest.mark.parametrize(("what", "door", "state"), CASES)
def test_change_of_what_was_vetted_waits_through_every_door(what: str, door: str, state: str) -> None:
    people.carla()
    space, match = in_state(state)
    before = offered(space)

    DOORS[door](space, what)

    if what not in WAITS or state == "not vetted":
        assert (offered(space), waiting_kinds(), told()) == (after(before, what), [], {})
        return
    events = {"change_waits": Notification.objects.filter(event="change_waits").count()}
    assert events["change_waits"] >= 1
    assert (offered(space), waiting_kinds(), told()) == (
        before,
        [[what]],
        events | ({"arrival_change_waits": 1} if match else {}),
    )
    assert waiting_told_to(match)

    looking.apply(WaitingChange.objects.get(outcome="").pk, by=people.carla().user, at=timezone.now())

    assert (offered(space), waiting_kinds()) == (after(before, what), [])
    applied = {"host_change_applied": 1} | ({"arrival_change_applied": 1} if match else {})
    assert {name: number for name, number in told().items() if "applied" in name} == applied


def waiting_told_to(match: Match | None) -> bool:
    """Return whether exactly the household that was promised the space was told, if there is one."""
    users = list(Notification.objects.filter(event="arrival_change_waits").values_list("recipient", flat=True))
    return users == ([match.request.arrival.user_id] if match else [])


@pytest.mark.parametrize("what", sorted(WAITS - {"contact"}))
def test_without_the_guard_of_the_acts_the_database_refuses(what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    space, _match = in_state("vetted")
    before = offered(space)
    monkeypatch.setattr(waiting, "somebody_looked", lambda host: False)

    details = replace(intake.details_of_space(Space.objects.get(pk=space.pk)), **WANTED[what])

    with pytest.raises(LookFirst):
        intake.change_space(space.pk, details, by=space.host.user, at=timezone.now())

    assert offered(space) == before


@contextmanager
def trigger_off(table: str, name: str) -> Iterator[None]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT tgname FROM pg_trigger WHERE tgname LIKE %s", [f"pgtrigger_{name}%"])
        ((trigger,),) = cursor.fetchall()
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER {trigger}")
        yield
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER {trigger}")


RAW = {
    "address": "address_index = 'somewhere else'",
    "place": "latitude = latitude + 1",
    "beds": "beds = beds + 1",
    "others": "others = 3",
    "shared": "shared = true",
    "a decision on another space": "beds = beds + 1, looked_change = 0",
}


def written_raw(space: Space, assignment: str) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"UPDATE matching_space SET {assignment} WHERE id = %s", [space.pk])


@pytest.mark.parametrize("assignment", RAW.values(), ids=RAW)
def test_database_refuses_a_raw_write_of_what_was_vetted(assignment: str) -> None:
    space, _match = in_state("vetted")

    with pytest.raises(IntegrityError):
        written_raw(space, assignment)


def test_without_both_guards_the_harm_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    space, match = in_state("with a confirmed match")
    assert match is not None
    monkeypatch.setattr(waiting, "somebody_looked", lambda host: False)
    monkeypatch.setattr(waiting, "promised", lambda host, space=None: [])

    with trigger_off("matching_space", "space_as_vetted"):
        by_page(space, "address")

    assert (offered(space)["address"], told()) == (NEW_ADDRESS, {})


def test_a_check_alone_makes_changes_wait(carla: Person) -> None:
    hanna = people.hanna(vetted=False)
    space = people.space(hanna.host)
    vetting.record_check(hanna.host, "home_visit", by=carla.user, at=timezone.now())

    by_page(space, "address")

    assert waiting_kinds() == [["address"]]


# -- deciding -------------------------------------------------------------------------------------


@pytest.fixture
def waits(carla: Person, hanna: Person) -> WaitingChange:
    by_page(people.space(hanna.host), "address")
    return WaitingChange.objects.get()


def test_refused_change_leaves_all_as_it_was_and_the_host_is_told(waits: WaitingChange, carla: Person) -> None:
    assert waits.space is not None
    before = offered(waits.space)

    looking.refuse(waits.pk, by=carla.user, at=timezone.now())

    assert (offered(waits.space), waiting_kinds()) == (before, [])
    assert told()["host_change_refused"] == 1
    with pytest.raises(ChangeDecided):
        looking.apply(waits.pk, by=carla.user, at=timezone.now())


def test_host_takes_a_change_back(waits: WaitingChange, hanna: Person, client: Client) -> None:
    client.force_login(hanna.user)
    page = client.get(f"/host/space/{waits.space_id}/").content.decode()
    assert "take-back" in page

    client.post(f"/host/space/{waits.space_id}/waits/{waits.pk}/take-back/")

    assert (waiting_kinds(), WaitingChange.objects.get().outcome) == ([], "taken_back")
    assert "take-back" not in client.get(f"/host/space/{waits.space_id}/").content.decode()


def test_nobody_decides_on_their_own_change_nor_in_another_place(waits: WaitingChange, hanna: Person) -> None:
    elsewhere = people.carla("elsewhere", places=(people.place("Oral"),))
    for stranger in (hanna, elsewhere, people.adil()):
        with pytest.raises(NotYours):
            looking.apply(waits.pk, by=stranger.user, at=timezone.now())
    with pytest.raises(NotYours):
        looking.take_back(waits.pk, by=people.carla().user, at=timezone.now())


def test_a_decision_is_made_once(waits: WaitingChange, carla: Person) -> None:
    looking.refuse(waits.pk, by=carla.user, at=timezone.now())

    with pytest.raises(ChangeDecided), one_act():
        WaitingChange.objects.filter(pk=waits.pk).update(outcome="applied")


def test_two_changes_of_a_space_wait_together_and_hold_together(waits: WaitingChange, carla: Person) -> None:
    assert waits.space is not None
    by_page(waits.space, "beds")
    by_page(waits.space, "beds")  # Nothing new: nobody is told again.

    assert waiting_kinds() == [["address", "beds"]]
    assert Notification.objects.filter(event="change_waits", recipient=carla.user).count() == 2
    looking.apply(waits.pk, by=carla.user, at=timezone.now())
    assert (offered(waits.space)["address"], offered(waits.space)["beds"]) == (NEW_ADDRESS, 4)


# -- sheets, merging, the clock, the desk ---------------------------------------------------------


def test_same_sheet_again_changes_nothing_more(carla: Person, hanna: Person) -> None:
    space = people.space(hanna.host)

    outcomes = [{str(k): n for k, n in by_sheet(space, "beds").outcomes.items() if n} for _time in range(2)]

    assert (outcomes, waiting_kinds()) == ([{"changed": 1}, {"unchanged": 1}], [["beds"]])


def brought(carla: Person, content: bytes) -> SheetImport:
    now = timezone.now
    sheet = uploads.receive("spaces", content, file_name="spaces.csv", by=carla.user, at=now())
    uploads.work_on_sheets(now=now)
    uploads.confirm(sheet.pk, by=carla.user, at=now(), trust_vetted=False)
    uploads.work_on_sheets(now=now)
    return SheetImport.objects.get(pk=sheet.pk)


def test_undoing_an_import_ends_what_waits_because_of_it(carla: Person, hanna: Person) -> None:
    space = people.space(hanna.host)
    before = offered(space)
    sheet = brought(carla, sheet_of(space, beds=4, phone=NEW_PHONE, pets=True))
    assert (offered(space), waiting_kinds()) == (before | {"pets": True}, [["contact"], ["beds"]])

    undoing.undo(sheet.pk, by=carla.user, at=timezone.now())
    undoing.work_on_undoing(now=timezone.now)

    assert (offered(space), waiting_kinds()) == (before, [])
    assert list(WaitingChange.objects.values_list("outcome", flat=True)) == ["taken_back"] * 2


def test_merged_hosts_keep_what_waits_for_both(carla: Person) -> None:
    stays, goes = people.hanna(), people.hanna(contact="hanna2@example.org")
    for number, host in enumerate((stays, goes)):
        space = people.space(host.host, address=f"Abay Avenue {number}")
        row = row_of(sheet_of(space, address=f"Abay Avenue {number}", phone=f"+7701555019{number}", beds=4))
        take_in_spaces([row], by=carla.user, at=timezone.now())

    with one_act():
        merge_hosts(goes.host.pk, stays.host.pk, by=carla.user, at=timezone.now(), reason="one person")
        waiting.move_to(stays.host.pk, of=goes.host.pk, by=carla.user, at=timezone.now())

    here = WaitingChange.objects.filter(host=stays.host, outcome="")
    assert sorted(map(tuple, here.values_list("kinds", flat=True))) == [("beds",), ("beds",), ("contact",)]
    assert waiting.wanted_of(here.get(space=None)) == {"contacts": [["sms", "+77015550190"], ["sms", "+77015550191"]]}


def test_clock_erases_what_was_wanted_and_keeps_the_decision(waits: WaitingChange, carla: Person) -> None:
    now = timezone.now()
    looking.refuse(waits.pk, by=carla.user, at=now)

    early = forget_what_is_old(at=now + timedelta(days=30))["changes_decided_on"]
    late = forget_what_is_old(at=now + timedelta(days=30) + timedelta(minutes=1))["changes_decided_on"]

    row = WaitingChange.objects.get(pk=waits.pk)
    assert (early, late, row.wanted, row.kinds, row.outcome) == (0, 1, "", ["address"], "refused")


def test_desk_shows_the_queue_and_opens_the_address_for_a_reason_that_is_logged(
    waits: WaitingChange, carla: Person
) -> None:
    desk = people.desk_client(carla)
    queue = desk.get("/admin/matching/waitingchange/", headers={"accept-language": "en"}).content.decode()
    page = desk.get(f"/admin/matching/waitingchange/{waits.pk}/change/").content.decode()
    opened = desk.post(
        f"/admin/matching/waitingchange/{waits.pk}/open/", {"field": ["address"], "why": "vetting"}
    ).content.decode()

    assert ("another address" in queue, NEW_ADDRESS in page, NEW_ADDRESS in opened) == (True, False, True)
    desk.post(f"/admin/matching/waitingchange/{waits.pk}/act/apply/")
    assert waiting_kinds() == []
