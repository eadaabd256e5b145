"""A typed text means the same value behind every door, by what is stored: two kinds of sheet, the pages, the desk, the API.

`tests/unit/reading/test_every_door.py` tries many more texts on the readers; here each text is sent the way a person or a
program sends it, and the row in the database is looked at.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from datetime import date
from io import StringIO
from itertools import count
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from django.core.management import CommandError, call_command
from django.db import transaction
from django.test import Client
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.signing_in import answer_code_requests
from matching.models import ShelterRequest, Space
from notifications.models import Notification
from tests import people
from tests.integration.admin.test_on_behalf import ASK, OFFER, asked, offered
from tests.integration.test_imports import REQUEST, SPACE, sheet
from tests.integration.web.walks import answer_need, answer_offer, send
from tests.people import tonight
from tests.unit.reading.test_every_door import disguised

pytestmark = pytest.mark.django_db

REFUSED = "refused"
NUMBERS = count()


def day_for_sure() -> date:
    """Return a day after the twelfth of its month: with slashes, another one can be two days."""
    return next(day for day in map(tonight, range(40, 60)) if day.day > 12)


class Doors:
    """The doors, each a way from the texts of a row to what is stored of it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.desk = people.client_of(people.carla())
        self.desk.defaults["HTTP_ACCEPT_LANGUAGE"] = "en"
        self.host = Client()
        self.host.force_login(people.hanna().user)

    # -- a household's need --

    def need(self, cells: dict[str, str]) -> dict[str, Callable[[], None]]:
        """Return the doors for a need with these columns, as acts."""
        whole = {"first_night": str(tonight()), "nights": "5", "people": "2"} | cells
        body = {name: text for name, text in whole.items() if name not in ("phone", "name")} | {"place": "Almaty"}
        for listed in ("languages", "children_ages"):
            if listed in body:
                body[listed] = body[listed].split(",")  # type: ignore[assignment]  # a list of JSON
        ways = {"API": lambda: self._post("/api/v1/requests/", body, Client())}
        if "children_ages" not in cells:
            row = REQUEST | whole | {"request_id": f"r{next(NUMBERS)}", "name": f"N {next(NUMBERS)}"}
            ways |= {
                "CSV": lambda: self._import("import_requests", row),
                "XLSX": lambda: self._import("import_requests", row, workbook=True),
            }
        if not set(cells) & {"may_move", "pets"}:
            typed = {"contact" if name == "phone" else name: text for name, text in cells.items()}
            ways["desk"] = lambda: self._desk(ASK, asked(**typed))
        pages: dict[str, dict[str, Any]] = {}
        if "first_night" in cells or "nights" in cells:
            start = {"start": "date", "date": whole["first_night"], "nights": whole["nights"]}
            pages = {"when": start, "stay": {"min_nights": "1"}}
        if "people" in cells:
            pages["people"] = {"adults": cells["people"], "children": "0"}
        if "children_ages" in cells:
            pages = {
                "people": {"adults": "1", "children": cells["children"]},
                "children": {"ages": cells["children_ages"]},
            }
        if "phone" in cells:
            pages["reach"] = {"contact": cells["phone"], "name": "", "notes": ""}
        if pages:
            ways["page"] = lambda: self._page(answer_need, pages)
        return ways

    # -- a host's offer --

    def offer(self, cells: dict[str, str]) -> dict[str, Callable[[], None]]:
        """Return the doors for an offer with these columns, as acts."""
        first, last = cells.get("first_night", str(tonight())), cells.get("last_day", str(tonight(70)))
        plain = {name: text for name, text in cells.items() if name not in ("first_night", "last_day")}
        windows = {"windows": f"{first}/{last}"}
        row = SPACE | windows | plain | {"space_id": f"s{next(NUMBERS)}", "host": f"H {next(NUMBERS)}"}
        body: dict[str, Any] = {"beds": "2"} | {name: text for name, text in plain.items() if name != "phone"}
        body |= {"place": "Almaty", "windows": [{"first_night": first, "last_day": last}]}
        if "languages" in body:
            body["languages"] = body["languages"].split(",")
        ways = {
            "CSV": lambda: self._import("import_spaces", row),
            "XLSX": lambda: self._import("import_spaces", row, workbook=True),
        }
        if "phone" not in cells:
            ways["API"] = lambda: self._post("/api/v1/spaces/", body, self.host)
        if "shared" not in cells:
            typed = {"contact" if name == "phone" else name: text for name, text in plain.items()}
            ways["desk"] = lambda: self._desk(OFFER, offered(first_night=first, last_day=last, **typed))
        pages: dict[str, dict[str, Any]] = {}
        if "beds" in cells:
            pages["beds"] = {"beds": cells["beds"]}
        if "last_day" in cells:
            pages["nights"] = {"first_1": first, "last_1": last}
        if "max_nights" in cells:
            pages["longest"] = {"max_nights": cells["max_nights"]}
        if "phone" in cells:
            pages["you"] = {"name": "Hanna", "contact": cells["phone"]}
        if pages:
            ways["page"] = lambda: self._page(answer_offer, pages)
        return ways

    def _post(self, address: str, body: dict[str, Any], client: Client) -> None:
        answer = client.post(address, json.dumps(body), content_type="application/json")
        assert answer.status_code in (201, 400, 422), answer.content

    def _import(self, command: str, row: dict[str, str], *, workbook: bool = False) -> None:
        file = self.folder / f"{next(NUMBERS)}.{'xlsx' if workbook else 'csv'}"
        if workbook:
            book = openpyxl.Workbook()
            for cells in (list(row), list(row.values())):
                book.active.append(cells)
            book.save(file)
        else:
            file.write_bytes(sheet(tuple(row), [row]))
        with suppress(CommandError):
            call_command(command, str(file), stdout=StringIO(), stderr=StringIO())

    def _desk(self, address: str, typed: dict[str, str]) -> None:
        assert self.desk.post(address, typed).status_code in (200, 422)

    def _page(self, walk: Callable[..., Any], pages: dict[str, dict[str, Any]]) -> None:
        client = Client()
        last = walk(client, **pages)
        if last.request["PATH_INFO"].endswith("/check/"):
            sent = send(client, last)
            if sent.request["PATH_INFO"] == "/offer/code/":
                answer_code_requests(at=timezone.now())
                code = Notification.objects.filter(event="sign_in_code").latest("pk").secret
                client.post("/offer/code/", {"code": code}, follow=True)


@pytest.fixture
def doors(db: None, tmp_path: Path) -> Doors:
    people.place("Almaty")
    return Doors(tmp_path)


def stored(model: Any, field: str, ways: dict[str, Callable[[], None]]) -> dict[str, Any]:
    """Walk through each door and return what it stored in `field`, or REFUSED where there is no new row."""
    found = {}
    for door, walk in ways.items():
        with transaction.atomic():  # Undone, so that the next door meets nobody with the same contact.
            before = set(model.objects.values_list("pk", flat=True))
            walk()
            new = model.objects.exclude(pk__in=before).first()
            found[door] = REFUSED if new is None else _of(new, field)
            transaction.set_rollback(True)
    return found


def _of(row: Any, field: str) -> Any:
    if field == "phone":
        user = row.arrival.user if isinstance(row, ShelterRequest) else row.host.user
        return [point.address for point in user.contact_points.all()]
    if field == "last_day":
        return row.windows.get().last_day
    return getattr(row, field)


NEEDS: list[tuple[str, str, Any]] = [
    *[("nights", text, 7) for text in ("7", "7.0", "７", "7\u00a0дней", "\u200b7", "7 түн")],
    *[("nights", text, REFUSED) for text in ("2 weeks", "7.5", "seven")],
    *[("people", text, 3) for text in ("3", "3.0", "3 человека", "\ufeff３")],
    *[("people", text, REFUSED) for text in ("3 или 4", "три")],
    *[("radius_km", text, 20.0) for text in ("20", "20,0", "20 км", "２０")],
    *[("radius_km", text, REFUSED) for text in ("20 miles", "nan")],
    *[("languages", text, ["kk", "ru"]) for text in ("ru,kk", "русский,қазақша", "RU,kz", "\u200bru,kk")],
    ("languages", "klingon", REFUSED),
    *[("may_move", text, True) for text in ("ИСТИНА", "1.0", "иә", "ｙｅｓ")],
    *[("may_move", text, False) for text in ("ХИБНІСТЬ", "0.0", "არა")],
    ("may_move", "perhaps", REFUSED),
    *[("phone", text, ["+77000000902"]) for text in ("77000000902.0", "8 700 000 09 02", "\u200b+77000000902")],
    ("phone", "+７７０００００0902", ["+77000000902"]),
    ("phone", "mailto:Name@Example.org", ["name@example.org"]),
    *[("phone", text, []) for text in ("нет", "none")],
    ("phone", "050 123 45 67", REFUSED),
]  # fmt: skip
OFFERS: list[tuple[str, str, Any]] = [
    *[("beds", text, 3) for text in ("3", "3.0", "3 места", "３")],
    *[("beds", text, REFUSED) for text in ("3 или 4", "три")],
    *[("max_nights", text, 7) for text in ("7", "7.0", "7 ночей")],
    ("max_nights", "2 weeks", REFUSED),
    *[("shared", text, True) for text in ("да", "ІСТИНА")],
    ("shared", "2", REFUSED),
    *[("phone", text, ["+79161234567"]) for text in ("79161234567", "8 916 123-45-67", "tel:+7 916 123 45 67")],
    ("phone", "050 123 45 67", REFUSED),
]
AGES = [
    *(("3,11", (3, 11)), ("７ лет", (7,)), ("6 месяцев,4 года", (0, 4)), ("\u200b3", (3,))),
    *(("seven", REFUSED), ("18", REFUSED), ("-3", REFUSED)),
]


@pytest.mark.parametrize(("field", "text", "meant"), NEEDS)
def test_a_text_of_a_need_is_stored_alike(doors: Doors, field: str, text: str, meant: Any) -> None:
    ways = doors.need({field: text})
    if field == "phone":
        ways.pop("API")  # A request to the API names no contact.
        if "@" in text:
            ways = {door: way for door, way in ways.items() if door in ("desk", "page")}

    found = stored(ShelterRequest, field, ways)

    if field == "languages":
        found = {door: sorted(value) if isinstance(value, list) else value for door, value in found.items()}
    assert found == dict.fromkeys(ways, meant)


@pytest.mark.parametrize(("field", "text", "meant"), OFFERS)
def test_a_text_of_an_offer_is_stored_alike(doors: Doors, field: str, text: str, meant: Any) -> None:
    ways = doors.offer({field: text})

    assert stored(Space, field, ways) == dict.fromkeys(ways, meant)


@pytest.mark.parametrize(("text", "meant"), AGES)
def test_ages_of_children_are_stored_alike(doors: Doors, text: str, meant: Any) -> None:
    wanted = REFUSED if meant == REFUSED else list(meant)
    ways = doors.need({"children": "2", "people": "3", "children_ages": text})

    assert stored(ShelterRequest, "children_ages", ways) == dict.fromkeys(ways, wanted)


DAY_STYLES = [
    "%Y-%m-%d",
    "%d/%m/%Y",
    "%m/%d/%Y",
    "%d.%m.%Y",
    "%Y-%m-%dT00:00:00Z",
    "%d.%m.%Y г.",
    "%d %B %Y",
    "%d-%m-%Y",
]
SOME = settings(
    max_examples=12, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@SOME
@given(data=st.data(), style=st.sampled_from(DAY_STYLES))
def test_every_form_of_a_day_is_stored_as_that_day(doors: Doors, data: st.DataObject, style: str) -> None:
    day = day_for_sure()
    ways = doors.need({"first_night": data.draw(disguised(day.strftime(style)))})

    assert stored(ShelterRequest, "first_night", ways) == dict.fromkeys(ways, day)


@SOME
@given(data=st.data(), style=st.sampled_from(["%Y-%m-%d", "%d.%m.%Y"]))
def test_every_form_of_a_last_day_is_stored_as_that_day(doors: Doors, data: st.DataObject, style: str) -> None:
    day = day_for_sure()
    ways = doors.offer({"last_day": data.draw(disguised(day.strftime(style)))})

    assert stored(Space, "last_day", ways) == dict.fromkeys(ways, day)


def test_day_that_can_be_two_is_refused_everywhere(doors: Doors) -> None:
    ways = doors.need({"first_night": f"03/04/{tonight().year + 1}"})

    assert stored(ShelterRequest, "first_night", ways) == dict.fromkeys(ways, REFUSED)
