"""A text for a place means the same at every door: sheet, page, phone page of the desk, API, and files without a database."""

from __future__ import annotations

import json
from contextlib import suppress
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.http import QueryDict
from django.test import Client

from matching.admin.on_behalf import AskForm
from matching.models import ShelterRequest
from matching.web.need_forms import WhereForm
from places.hearing import heard_in_files
from places.models import Place
from places.queries import heard
from tests.integration.test_imports import REQUEST, sheet
from tests.people import Person, tonight

pytestmark = pytest.mark.django_db

ASKED = "asked"

TEXTS = {
    "Алматы": "Almaty KZ.02",
    "  г. Алматы ": "Almaty KZ.02",
    "Алматы, Казахстан": "Almaty KZ.02",
    "Уральск (Орал)": "Oral KZ.07",
    "Аксу, Акмолинская область": "Aksu KZ.03",
    "Аксу Павлодарская обл.": "Aksu KZ.11",
    "Каракуль, Узбекистан": "Karakul’ UZ.02",
    "Almaty or Taldykorgan": "Almaty KZ.02",
    "Верхний Ларс": "Verkhny Lars GE.69",
    "Аксу": ASKED,
    "Алмата": ASKED,
    "Алмты": ASKED,
    "Алматы, Узбекистан": ASKED,
    "не знаю": ASKED,
    "граница": ASKED,
    "Бесколь": ASKED,
    "Казахстан": ASKED,
    "?!": ASKED,
}


def said(place: Place | None) -> str:
    return f"{place.name} {place.region}" if place else ASKED


def by_page(text: str) -> str:
    typed = QueryDict(mutable=True)
    typed.update({"place": text, "radius_km": "50"})
    form = WhereForm(typed, answers={}, today=tonight())
    return said(form.cleaned_data["place_id"] if form.is_valid() else None)


def by_phone_page(text: str) -> str:
    form = AskForm({"place": text}, today=tonight())
    form.is_valid()
    return said(form.cleaned_data.get("where"))


def by_api(text: str, client: Client) -> str:
    body = {"place": text, "people": 2, "nights": 5, "first_night": str(tonight())}
    answer = client.post("/api/v1/requests/", json.dumps(body), content_type="application/json")
    if answer.status_code == 201:
        return said(ShelterRequest.objects.select_related("place").latest("registered_at").place)
    assert list(answer.json()["errors"]) == ["place"], answer.json()
    return ASKED


def by_sheet(texts: list[str], file: Path, by: Person) -> dict[str, str]:
    rows = [
        REQUEST | {"request_id": f"p{number}", "place": text, "first_night": str(tonight()), "name": f"N {number}"}
        for number, text in enumerate(texts)
    ]
    file.write_bytes(sheet(tuple(rows[0]), rows))
    with suppress(CommandError):
        call_command("import_requests", str(file), by=by.user.username, stdout=StringIO(), stderr=StringIO())
    there = {row.external_id: row.place for row in ShelterRequest.objects.select_related("place") if row.external_id}
    return {text: said(there.get(f"p{number}")) for number, text in enumerate(texts)}


def test_the_same_text_means_the_same_at_every_door(carla: Person, tmp_path: Path) -> None:
    call_command("load_gazetteer", stdout=StringIO())
    client = Client()
    files = {text: heard_in_files(text).one for text in TEXTS}
    rows = {text: heard(text).one for text in TEXTS}

    assert by_sheet(list(TEXTS), tmp_path / "REQUESTS.csv", carla) == TEXTS
    assert {text: by_page(text) for text in TEXTS} == TEXTS
    assert {text: by_phone_page(text) for text in TEXTS} == TEXTS
    assert {text: by_api(text, client) for text in TEXTS} == TEXTS
    for found in (files, rows):
        assert {text: f"{place.name} {place.region}" if place else ASKED for text, place in found.items()} == TEXTS
