"""The gazetteer's rows are the same after the first load and after every later one."""

from __future__ import annotations

from io import StringIO

import pytest
from django.core.management import call_command
from django.utils import timezone

from places import queries
from places.gazetteer import all_places
from places.hearing import find_place
from places.management.commands.load_gazetteer import is_loaded
from places.models import Place, PlaceName

pytestmark = pytest.mark.django_db


def load() -> str:
    out = StringIO()
    call_command("load_gazetteer", stdout=out)
    return out.getvalue().strip()


def rows() -> tuple[list[tuple[object, ...]], list[tuple[object, ...]]]:
    return list(Place.objects.order_by("pk").values_list()), list(PlaceName.objects.order_by("pk").values_list())


def test_load_gazetteer_writes_every_place_and_twice_changes_nothing() -> None:
    load()
    first = rows()

    said = load()

    assert rows() == first
    assert Place.objects.count() == len(all_places())
    assert said == f"{len(all_places())} places; 0 names added, 0 removed."


def test_load_gazetteer_brings_older_rows_up_to_date() -> None:
    almaty = Place.objects.create(
        geoname_id=1526384, name="Old", country="KZ", kind=Place.PlaceKind.TOWN, latitude=0, longitude=0
    )
    PlaceName.objects.create(place=almaty, name="Wrong", key="wrong")

    load()

    almaty.refresh_from_db()
    assert (almaty.name, almaty.kind, round(almaty.latitude)) == ("Almaty", Place.PlaceKind.CITY, 43)
    assert list(queries.search("wrong")) == []
    assert list(queries.search("Алма-Ата")) == [almaty]


def test_gazetteer_of_another_version_is_noticed() -> None:
    assert not is_loaded()
    load()
    assert is_loaded()
    Place.objects.filter(name="Oral").update(name_ru="", name_kk="", region="")
    assert not is_loaded()
    Place.objects.filter(name="Oral").update(edited_at=timezone.now())
    assert is_loaded()


def test_load_gazetteer_keeps_a_place_that_left_the_gazetteer() -> None:
    gone = Place.objects.create(
        geoname_id=-999, name="Gone", country="KZ", kind=Place.PlaceKind.CROSSING, latitude=50, longitude=70
    )

    load()

    assert Place.objects.filter(pk=gone.pk).exists()


def test_find_gives_the_row_of_the_place_that_the_gazetteer_finds() -> None:
    load()

    place = queries.find("Уральск")

    assert place is not None
    known = find_place("Oral")
    assert known is not None
    assert place == queries.row_of(known)
    assert queries.find("Atlantis") is None


def test_search_lists_the_most_populous_first() -> None:
    load()

    assert [place.name for place in queries.search("алматы")] == ["Almaty"]
    populations = [place.population for place in queries.search("а")[:20]]
    assert populations == sorted(populations, reverse=True)
    assert queries.search("").count() == len(all_places())
