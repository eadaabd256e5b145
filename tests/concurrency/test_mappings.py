"""Two coordinators keep a mapping under one name at the same moment: one is kept, and nobody meets a fault."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection
from django.utils import timezone

from accounts.refusals import Refused
from matching.importing import mappings, uploads
from matching.models import ColumnMapping
from tests import people
from tests.people import tonight

pytestmark = pytest.mark.django_db(transaction=True)

MEANINGS = ["request_id", "place", "people", "first_night", "nights", "+"]


def kept_at_once(monkeypatch: pytest.MonkeyPatch, *headings: str) -> list[str]:
    """Keep the meanings of two forms, whose last headings are given, as "Hall"; return how each coordinator is answered."""
    people.place("Almaty")
    sheets = []
    for number, heading in enumerate(headings):
        carla = people.carla(f"carla{number}").user
        form = f"request_id,place,people,first_night,nights,{heading}\nf{number},Almaty,1,{tonight()},2,x\n"
        sheets.append((uploads.receive("requests", form.encode(), file_name="", by=carla, at=timezone.now()), carla))
    found_none = threading.Barrier(2)
    index = mappings.blind_index

    def both_have_looked(name: str) -> str:
        found_none.wait(60)
        return index(name)

    monkeypatch.setattr(mappings, "blind_index", both_have_looked)

    def keep(number: int) -> str:
        sheet, carla = sheets[number]
        try:
            uploads.correct(sheet.pk, MEANINGS, keep_as="Hall", by=carla, at=timezone.now())
        except Refused as refusal:
            return refusal.code
        finally:
            connection.close()
        return "kept"

    with ThreadPoolExecutor(2) as threads:
        return sorted(threads.map(keep, range(2)))


def test_one_mapping_of_the_same_headings_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    assert kept_at_once(monkeypatch, "Wishes", "Wishes") == ["kept", "kept"]
    assert ColumnMapping.objects.count() == 1


def test_other_headings_do_not_take_the_name(monkeypatch: pytest.MonkeyPatch) -> None:
    assert kept_at_once(monkeypatch, "Wishes", "Allergies") == ["kept", "mapping_name_taken"]
    assert ColumnMapping.objects.count() == 1
