"""The question for a place: whatever people write leads on, and their own words reach the coordinator."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from matching.models import ShelterRequest, Space
from places.models import Place, PlaceName
from places.names import key_of
from tests import people
from tests.integration.web.walks import NEED_ANSWERS, answer_need, problems_of, send

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def places(db: None) -> None:
    for name in ("Almaty", "Oral"):
        people.place(name)
    for number, (region, latitude, longitude) in enumerate(
        [("KZ.11", 52.04, 76.93), ("KZ.10", 42.42, 69.83), ("KZ.03", 52.44, 71.96)]
    ):
        added(-50 - number, "Aksu", "town", region=region, latitude=latitude, longitude=longitude, name_ru="Аксу")
    added(-1, "Syrym", "crossing", region="KZ.07", latitude=51.7, longitude=51.0, name_ru="Сырым")
    Place.objects.filter(name="Oral").update(
        name_ru="Уральск", name_kk="Орал", name_uk="Уральськ", name_ka="ურალსკი", region="KZ.07"
    )


def added(number: int, name: str, kind: str, **more: Any) -> Place:
    row = Place.objects.create(geoname_id=number, name=name, kind=kind, country="KZ", **more)
    for known_as in {name, more["name_ru"]}:
        PlaceName.objects.create(place=row, name=known_as, key=key_of(known_as))
    return row


def to_where(client: Client) -> None:
    client.post("/need/people/", {"adults": "1", "children": "0"})
    client.post("/need/needs/", NEED_ANSWERS["needs"])


def choices(page: Any) -> list[str]:
    return [str(words) for _pk, words in page.context["form"].fields["place_id"].choices]


def asked_for(client: Client, **where: str) -> ShelterRequest:
    send(client, answer_need(client, where={"radius_km": "20"} | where))
    return ShelterRequest.objects.get()


def test_unknown_place_leads_on_to_what_is_near_and_is_passed_on(client: Client) -> None:
    to_where(client)

    page = client.post("/need/where/", {"place": "Бесколь", "radius_km": "20"})
    oral = Place.objects.get(name="Oral")
    request = asked_for(client, place="Бесколь", asked="Бесколь", place_id=str(oral.pk))

    assert page.status_code == 422
    assert "Oral, West Kazakhstan Region" in choices(page)
    assert "Syrym, West Kazakhstan Region" in choices(page)
    assert (request.place, request.notes) == (oral, "We travel with a pram.\n📍 Бесколь")


def test_choice_from_an_earlier_list_does_not_answer_another_text(client: Client) -> None:
    to_where(client)

    typed = {"place": "Бесколь", "asked": "", "place_id": str(Place.objects.get(name="Oral").pk), "radius_km": "20"}
    page = client.post("/need/where/", typed)

    assert (page.status_code, page.context["form"]["place_id"].value()) == (422, None)


@pytest.mark.parametrize("where", [{"place": "не знаю"}, {"place_id": "lost"}, {"place": "I don't know where I am"}])
def test_who_does_not_know_where_they_are_is_led_to_towns_and_crossings(client: Client, where: dict[str, str]) -> None:
    to_where(client)

    page = client.post("/need/where/", {"radius_km": "20"} | where)

    words = "Choose what is nearest to you: a large town, or the border crossing that you came through."
    assert problems_of(page) == [("id_place_id_0", words)]
    assert {"Almaty, Kazakhstan", "Syrym, West Kazakhstan Region"} <= set(choices(page))


def test_name_of_several_places_is_asked_with_the_region(client: Client) -> None:
    to_where(client)

    page = client.post("/need/where/", {"place": "Аксу", "radius_km": "20"})

    assert sorted(choices(page)) == ["Aksu, Akmola Region", "Aksu, Pavlodar Region", "Aksu, Turkistan Region"]


@pytest.mark.parametrize(
    ("text", "region"), [("Аксу, Акмолинская область", "KZ.03"), ("Aksu (Pavlodar Region)", "KZ.11")]
)
def test_region_beside_a_name_is_heard(client: Client, text: str, region: str) -> None:
    place = asked_for(client, place=text).place

    assert place is not None
    assert (place.name, place.region) == ("Aksu", region)


def test_second_place_is_kept_as_a_note_of_a_request_and_asked_of_a_host(client: Client) -> None:
    request = asked_for(client, place="Almaty or Oral")
    host = Client(headers={"accept-language": "en"})
    page = host.post("/offer/where/", {"place": "Almaty or Oral"})

    assert (str(request.place), request.notes) == ("Almaty, Kazakhstan", "We travel with a pram.\n📍 Almaty or Oral")
    assert choices(page) == ["Almaty, Kazakhstan", "Oral, West Kazakhstan Region"]
    assert not Space.objects.exists()


def test_location_of_the_device_gives_the_nearest_place_and_a_rounded_point(client: Client) -> None:
    request = asked_for(client, place="", here="43.238949 76.889709")

    assert (str(request.place), request.latitude, request.longitude) == ("Almaty, Kazakhstan", 43.24, 76.89)


def test_location_far_from_every_place_is_asked_with_the_nearest_ones(client: Client) -> None:
    to_where(client)

    page = client.post("/need/where/", {"place": "", "here": "47.00 71.00", "radius_km": "20"})

    assert page.status_code == 422
    assert len(choices(page)) == 6


@pytest.mark.parametrize(
    ("language", "shown"),
    [
        ("ru", "Уральск, Западно-Казахстанская область"),
        ("kk", "Орал, Батыс Қазақстан облысы"),
        ("uk", "Уральськ, Західноказахстанська область"),
        ("ka", "ურალსკი, დასავლეთ ყაზახეთის ოლქი"),
        ("en", "Oral, West Kazakhstan Region"),
    ],
)
def test_place_is_shown_in_the_language_of_the_reader(language: str, shown: str) -> None:
    client = Client(headers={"accept-language": language})
    to_where(client)

    assert shown in choices(client.get("/need/where/"))
