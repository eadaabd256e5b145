"""The deployment's places: leads add, rename, move and close them; others only look; the history stays."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings as service
from django.core.management import call_command
from django.db import connection, transaction
from django.db.utils import ProgrammingError
from django.test import Client
from django.utils import timezone
from django.utils.translation import override

from matching.admin.places import place_in_words
from places import editing, queries
from places.models import Place, PlaceChange, PlaceName
from places.regions import region_called
from privacy.remarks import words_of
from tests import people
from tests.people import Person

pytestmark = pytest.mark.django_db

SignIn = Callable[[Person], Client]
LIST = "/admin/places/place/"
OZINKI = {
    "name": "Ozinki",
    "names": "Озинки\nOzinky",
    "country": "ru",
    "kind": "crossing",
    "latitude": "51.2",
    "longitude": "49.73",
    "reason": "people wait there",
}


def english(client: Client) -> Client:
    client.defaults["HTTP_ACCEPT_LANGUAGE"] = "en"
    return client


def page_of(place: Place) -> str:
    return f"{LIST}{place.pk}/change/"


def edit(client: Client, place: Place, **changes: Any) -> Any:
    """Send the form of the place's page with only `changes` different."""
    form = client.get(page_of(place)).context["form"]
    sent = {name: form.get_initial_for_field(field, name) for name, field in form.fields.items()}
    return client.post(f"{LIST}{place.pk}/edit/", sent | {"reason": "as people say"} | changes, follow=True)


def history(place: Place) -> list[tuple[Any, ...]]:
    return list(place.changes.order_by("pk").values_list("what", "was", "became", "by__username", "remark__text"))


# -- adding ---------------------------------------------------------------------------------------


def test_added_place_is_found_by_every_name_at_every_door(lena: Person, signed_in: SignIn, client: Client) -> None:
    answer = english(signed_in(lena)).post(f"{LIST}add/", OZINKI, follow=True)

    place = Place.objects.get(name="Ozinki")
    assert (answer.status_code, place.country, place.kind, place.geoname_id) == (200, "RU", "crossing", -1_000_000)
    assert queries.rows_of(queries.heard("озинки").places) == [place]
    assert [queries.find(name) for name in ("Ozinky", "ОЗИНКИ, Россия")] == [place, place]
    known = queries.heard("Ozinki").one
    assert known is not None
    assert (known.geoname_id, known.lat, known.lon) == (-1_000_000, 51.2, 49.73)
    assert [each["name"] for each in client.get("/api/v1/places/", {"name": "озин"}).json()["results"]] == ["Ozinki"]
    assert [(what, was, by, reason) for what, was, _became, by, reason in history(place)] == [
        ("added", {}, "lena", "people wait there")
    ]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": " - "}, "name"),
        ({"country": "K1"}, "country"),
        ({"kind": "village"}, "kind"),
        ({"latitude": "91"}, "latitude"),
        ({"longitude": "east"}, "longitude"),
        ({"names": "Озинки\n..."}, "names"),
        ({"region": "KZ.07"}, "region"),
        ({"name_ka": "..."}, "name_ka"),
        ({"reason": ""}, "reason"),
        ({"name": "Алматы", "latitude": "43.2", "longitude": "76.9"}, "name"),
    ],
)
def test_what_makes_no_sense_is_said_at_its_field_and_nothing_typed_is_lost(
    lena: Person, signed_in: SignIn, changes: dict[str, str], field: str
) -> None:
    people.place("Almaty")

    page = signed_in(lena).post(f"{LIST}add/", OZINKI | changes)

    assert (page.status_code, list(page.context["form"].errors)) == (422, [field])
    assert page.context["form"]["names"].value() == (OZINKI | changes)["names"]
    assert not PlaceChange.objects.exists()


# -- names in languages ---------------------------------------------------------------------------

SPELT = {"ru": "Уральск", "kk": "Орал", "uk": "Уральськ", "ka": "ურალსკი", "en": "Oral"}


@pytest.mark.parametrize("language", SPELT)
def test_name_of_a_language_and_the_region_are_shown_to_its_readers(
    lena: Person, amira: Person, hanna: Person, signed_in: SignIn, client: Client, language: str
) -> None:
    place = people.place("Oral")
    Place.objects.filter(pk=place.pk).update(region="", name_ru="", name_kk="", name_uk="", name_ka="")
    asked = people.request(amira.arrival, place=place)
    people.proposed(asked, people.space(hanna.host, place=place))
    given = {f"name_{code}": name for code, name in SPELT.items() if code != "en"}

    edit(english(signed_in(lena)), place, region="KZ.07", **given)

    for person, page in (
        (None, "/offer/where/"),
        (amira, "/case/"),
        (hanna, "/host/"),
        (lena, "/admin/matching/match/queue/"),
        (lena, f"/admin/matching/shelterrequest/{asked.pk}/change/"),
        (lena, page_of(place)),
    ):
        reader = Client() if person is None else signed_in(person)
        reader.cookies[service.LANGUAGE_COOKIE_NAME] = language
        assert SPELT[language] in reader.get(page).content.decode(), page
    place.refresh_from_db()
    with override(language):
        assert str(place) == f"{SPELT[language]}, {region_called('KZ.07', language)}"
    assert [queries.find(name) for name in SPELT.values()] == [place] * 5


def test_region_and_names_of_a_place_are_in_its_history_in_words(lena: Person, signed_in: SignIn) -> None:
    place, client = people.place("Oral"), english(signed_in(lena))

    edit(client, place, region="KZ.07", name_kk="Теке")
    edit(client, place, name_kk="", names="Яицк")

    assert [queries.find(name) for name in ("Теке", "Яицк")] == [None, place]
    line = place.changes.order_by("pk").first()
    assert line is not None
    assert "Name in Kazakh: Теке" in place_in_words(line.became)


# -- changing -------------------------------------------------------------------------------------


def test_renamed_place_is_found_by_its_new_name_and_the_loader_leaves_it_so(lena: Person, signed_in: SignIn) -> None:
    call_command("load_gazetteer", verbosity=0)
    almaty = Place.objects.get(geoname_id=1526384)
    client = english(signed_in(lena))

    edit(client, almaty, name="Alma-Ata", names="Almaty\nАлматы")
    edit(client, almaty, latitude="43.24", longitude="76.91")
    call_command("load_gazetteer", verbosity=0)

    almaty.refresh_from_db()
    assert (almaty.name, almaty.latitude, almaty.longitude) == ("Alma-Ata", 43.24, 76.91)
    assert [queries.find(name) for name in ("alma ata", "Almaty", "Алмалы қаласы")] == [almaty, almaty, None]
    renamed, pointed = history(almaty)
    assert (renamed[1]["name"], renamed[2]["name"]) == ("Almaty", "Alma-Ata")
    assert (sorted(pointed[1]), pointed[2]) == (["latitude", "longitude"], {"latitude": 43.24, "longitude": 76.91})


def test_form_sent_back_as_it_is_changes_nothing(lena: Person, signed_in: SignIn) -> None:
    page = edit(english(signed_in(lena)), people.place("Almaty"))

    assert [str(message) for message in page.context["messages"]] == ["Nothing was different; nothing is changed."]
    assert not PlaceChange.objects.exists()


def test_point_far_away_is_another_place(lena: Person, signed_in: SignIn) -> None:
    page = edit(english(signed_in(lena)), people.place("Almaty"), latitude="51.2")

    assert page.status_code == 422
    assert "884 km from the old one" in page.content.decode()


def test_second_of_two_leads_is_told_and_can_save_after_a_look(lena: Person, signed_in: SignIn) -> None:
    place, client = people.place("Almaty"), english(signed_in(lena))
    other = people.carla("lara", role="lead")
    stale = client.get(page_of(place)).context["form"]["seen"].value()
    edit(english(signed_in(other)), place, kind="town")

    page = edit(client, place, name="Alma-Ata", seen=stale)

    assert (page.status_code, "Somebody else has changed this place" in page.content.decode()) == (422, True)
    sent = page.context["form"].data.dict()
    client.post(f"{LIST}{place.pk}/edit/", sent)
    assert [what for what, *_rest in history(place)] == ["changed", "changed"]


# -- closing --------------------------------------------------------------------------------------


def test_closed_place_cannot_be_chosen_and_its_rows_stay(
    lena: Person, carla: Person, amira: Person, signed_in: SignIn, client: Client
) -> None:
    asked = people.request(amira.arrival)
    almaty = asked.place
    assert almaty is not None
    there = people.carla("there", places=(almaty,))

    english(signed_in(lena)).post(f"{LIST}{almaty.pk}/act/close/", {"reason": "the roads are shut"})

    assert (queries.heard("Almaty").places, queries.find("Almaty")) == ((), None)
    assert client.get("/api/v1/places/", {"name": "алма"}).json()["results"] == []
    assert "Almaty" not in client.get("/need/where/").content.decode()
    assert queries.find("Almaty", closed=True) == almaty
    rows = signed_in(there).get("/admin/matching/shelterrequest/").context["cl"].result_list
    assert [row.pk for row in rows] == [asked.pk]

    english(signed_in(lena)).post(f"{LIST}{almaty.pk}/act/open/", {"reason": "open again"})

    assert queries.find("Almaty") == almaty
    assert [(what, reason) for what, _was, _became, _by, reason in history(almaty)] == [
        ("closed", "the roads are shut"),
        ("opened", "open again"),
    ]


def test_closing_needs_a_reason(lena: Person, signed_in: SignIn) -> None:
    signed_in(lena).post(f"{LIST}{people.place().pk}/act/close/", {"reason": " "})

    assert (Place.objects.get().closed_at, PlaceChange.objects.count()) == (None, 0)


def test_place_does_not_reopen_beside_another_of_the_same_name(lena: Person, signed_in: SignIn) -> None:
    almaty, client = people.place("Almaty"), english(signed_in(lena))
    client.post(f"{LIST}{almaty.pk}/act/close/", {"reason": "wrong point"})
    client.post(f"{LIST}add/", OZINKI | {"name": "Almaty", "names": "", "latitude": "43.3", "longitude": "76.9"})

    answer = client.post(f"{LIST}{almaty.pk}/act/open/", {"reason": "after all"}, follow=True)

    assert "There is Almaty, Russia already" in answer.content.decode()
    assert Place.objects.filter(closed_at=None).count() == 1


# -- who may change places --------------------------------------------------------------------------


@pytest.mark.parametrize("who", ["carla", "adil"])
def test_others_look_and_find_no_form(who: str, signed_in: SignIn, request: pytest.FixtureRequest) -> None:
    client = english(signed_in(request.getfixturevalue(who)))

    page = client.get(page_of(people.place())).content.decode()

    assert ["Alma-Ata" in page or "Алма-Ата" in page, "Save" in page, "Close this place" in page] == [
        True,
        False,
        False,
    ]
    assert "Add a place" not in client.get(LIST).content.decode()


@pytest.mark.parametrize(
    "statement", ["UPDATE places_placechange SET what = 'added'", "DELETE FROM places_placechange"]
)
def test_history_of_places_is_not_changed_even_in_sql(lena: Person, statement: str) -> None:
    editing.close_place(people.place().pk, by=lena.user, at=timezone.now(), reason="x")

    with pytest.raises(ProgrammingError, match="Cannot update or delete"), transaction.atomic():
        connection.cursor().execute(statement)

    assert [words_of(line) for line in PlaceChange.objects.all()] == ["x"]
    assert PlaceName.objects.count() > 0
