"""What makes no sense is refused with the field named, and windows that touch are one: the same at every door."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import date
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from matching import intake
from matching.desk.rows_to_values import as_offer, offered
from matching.intake import SpaceDetails
from matching.models import ShelterRequest, Space, SpaceWindow
from matching.refusals import Incomplete
from matching.sheets import REQUEST_COLUMNS, SPACE_COLUMNS
from matching.worker.market import whole_market
from tests import people
from tests.integration.test_imports import REQUEST, SPACE, sheet
from tests.people import Person, tonight

pytestmark = pytest.mark.django_db

Windows = list[tuple[date, date]]

SPACE_OF_HANNA = SpaceDetails(latitude=43.25, longitude=76.92, beds=2, windows=())

TOUCHING: Windows = [(tonight(1), tonight(5)), (tonight(5), tonight(9))]
OVERLAPPING: Windows = [(tonight(1), tonight(5)), (tonight(4), tonight(9))]
PASSED: Windows = [(tonight(-9), tonight(-5))]
BACKWARDS: Windows = [(tonight(5), tonight(1))]
TOO_LONG: Windows = [(tonight(1), tonight(1_200))]
MANY: Windows = [(tonight(2 * day), tonight(2 * day + 1)) for day in range(5_000)]


def by_sheet(windows: Windows, carla: Person, client: Client, tmp_path: Path) -> tuple[bool, str]:
    file = tmp_path / "spaces.csv"
    file.write_bytes(
        sheet(SPACE_COLUMNS, [SPACE | {"windows": ";".join(f"{first}/{last}" for first, last in windows)}])
    )
    err = StringIO()
    try:
        call_command("import_spaces", str(file), by=carla.user.username, stdout=StringIO(), stderr=err)
    except Exception as why:
        err.write(str(why))
    return Space.objects.exists(), err.getvalue()


def by_api(windows: Windows, carla: Person, client: Client, tmp_path: Path) -> tuple[bool, str]:
    host = people.hanna()
    client.force_login(host.user)
    listed = [{"first_night": str(first), "last_day": str(last)} for first, last in windows]
    body = {"place": "Almaty", "beds": 2, "windows": listed}
    answer = client.post("/api/v1/spaces/", json.dumps(body), content_type="application/json")
    return answer.status_code == 201, json.dumps(answer.json())


def by_act(windows: Windows, carla: Person, client: Client, tmp_path: Path) -> tuple[bool, str]:
    host = people.hanna()
    try:
        intake.offer_space(host.host, replace(SPACE_OF_HANNA, windows=tuple(windows)), by=host.user, at=timezone.now())
    except Incomplete as refusal:
        return False, refusal.field
    return True, ""


DOORS = [by_sheet, by_api, by_act]


@pytest.fixture(autouse=True)
def places(db: None) -> None:
    people.place("Almaty")


@pytest.mark.parametrize("door", DOORS)
def test_windows_that_touch_are_one(
    door: Callable[..., tuple[bool, str]], carla: Person, client: Client, tmp_path: Path
) -> None:
    done, said = door(TOUCHING, carla, client, tmp_path)

    assert done, said
    assert list(SpaceWindow.objects.values_list("first_night", "last_day")) == [(tonight(1), tonight(9))]


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize(
    "windows", [OVERLAPPING, PASSED, BACKWARDS, TOO_LONG, MANY], ids=["overlap", "passed", "backwards", "long", "many"]
)
def test_windows_without_sense_are_refused_and_named(
    windows: Windows, door: Callable[..., tuple[bool, str]], carla: Person, client: Client, tmp_path: Path
) -> None:
    done, said = door(windows, carla, client, tmp_path)

    assert (done, "window" in said, Space.objects.count()) == (False, True, 0)


def test_stored_windows_that_touch_are_one_for_the_engine(hanna: Person) -> None:
    space = people.space(hanna.host, windows=(TOUCHING[0],))
    SpaceWindow.objects.create(space=space, first_night=TOUCHING[1][0], last_day=TOUCHING[1][1])
    now = timezone.now()

    by_hand = as_offer(offered(Space.objects.all()).get(), at=now)

    assert by_hand.windows == ((tonight(1), tonight(9)),)
    assert whole_market(now).offer(str(space.pk)).windows == by_hand.windows


def test_old_windows_do_not_hinder_another_change(hanna: Person) -> None:
    space = people.space(hanna.host, windows=((tonight(1), tonight(3)),))
    SpaceWindow.objects.filter(space=space).update(first_night=tonight(-9), last_day=tonight(-7))
    details = intake.details_of_space(Space.objects.get())

    intake.change_space(space.pk, replace(details, pets=True), by=hanna.user, at=timezone.now())

    assert Space.objects.get().pets


# -- requests -------------------------------------------------------------------------------------


def asks_by_sheet(said: dict[str, Any], carla: Person, client: Client, tmp_path: Path) -> str:
    words = {name: {True: "yes", False: "no"}.get(value, str(value)) for name, value in said.items()}
    file = tmp_path / "requests.csv"
    row = REQUEST | {"first_night": str(tonight()), "languages": ""} | words
    file.write_bytes(sheet(REQUEST_COLUMNS, [{name: row.get(name, "") for name in REQUEST_COLUMNS}]))
    err = StringIO()
    with suppress(CommandError):
        call_command("import_requests", str(file), by=carla.user.username, stdout=StringIO(), stderr=err)
    return err.getvalue()


def asks_by_api(said: dict[str, Any], carla: Person, client: Client, tmp_path: Path) -> str:
    names = {"lat": "latitude", "lon": "longitude"}
    body = {"place": "Almaty", "people": 2, "nights": 5, "first_night": str(tonight())}
    body |= {names.get(name, name): value for name, value in said.items()}
    answer = client.post("/api/v1/requests/", json.dumps(body), content_type="application/json")
    return "" if answer.status_code == 201 else json.dumps(answer.json()["errors"])


@pytest.mark.parametrize("door", [asks_by_sheet, asks_by_api])
@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"language_required": True}, "language"),
        ({"lat": 51.2, "lon": 51.4}, "place"),
        ({"place": "Almaty or Oral"}, None),
    ],
)
def test_request_without_sense_is_refused_and_its_field_named(
    said: dict[str, Any], field: str | None, door: Callable[..., str], carla: Person, client: Client, tmp_path: Path
) -> None:
    people.place("Oral")
    words = door(said, carla, client, tmp_path)

    assert (field is None or field in words, ShelterRequest.objects.count()) == (True, int(field is None))
    if field is None:
        assert ShelterRequest.objects.get().notes == "📍 Almaty or Oral"
