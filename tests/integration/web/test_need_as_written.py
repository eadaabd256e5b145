"""Amira writes numbers, days and phones in her own way, and may leave questions open; for tonight few are asked."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from matching.models import ShelterRequest
from notifications.models import ContactPoint
from tests import people
from tests.integration.web.walks import NEED_ANSWERS, answer_need, ask_for_shelter, problems_of, send

pytestmark = [pytest.mark.django_db, pytest.mark.once]


# -- written as people write ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "read"), [("2", 2), (" 2 ", 2), ("2 adults", 2), ("взрослых: 2", 2), ("２", 2), ("2.0", 2), ("٢", 2)]
)
def test_number_is_read_as_people_write_it(client: Client, typed: str, read: int) -> None:
    response = client.post("/need/people/", {"adults": typed, "children": "0"})

    assert response.headers["Location"] == "/need/needs/"
    ask_for_shelter(client, people={"adults": typed, "children": "0"})
    assert ShelterRequest.objects.get().people == read


@pytest.mark.parametrize("typed", ["2 or 3", "-2", "2.5", "two", "101 people"])
def test_text_that_is_no_number_is_asked_again(client: Client, typed: str) -> None:
    response = client.post("/need/people/", {"adults": typed, "children": "0"})

    assert problems_of(response) == [("id_adults", "Adults: write a number from 0 to 100.")]
    assert response.context["form"]["adults"].value() == typed


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("3, 11", [3, 11]),
        ("3 and 11", [3, 11]),
        ("7 лет", [7]),
        ("6 месяцев, 4 года", [0, 4]),
        ("8 months", [0]),
        ("5 ай; 2 жас", [0, 2]),
        ("1.5", [1]),
        ("３", [3]),
        (" ", []),
    ],
)
def test_ages_are_read_as_people_write_them(client: Client, typed: str, read: list[int]) -> None:
    ask_for_shelter(client, people={"adults": "1", "children": "2"}, children={"ages": typed})

    assert ShelterRequest.objects.get().children_ages == read


@pytest.mark.parametrize("typed", ["-3", "18", "three", "3 11 40"])
def test_text_that_holds_no_ages_is_asked_again(client: Client, typed: str) -> None:
    answer_need(client)

    response = client.post("/need/children/", {"ages": typed})

    assert problems_of(response) == [("id_ages", "Write each age as a number from 0 to 17, for example: 3, 11.")]


@pytest.mark.parametrize("style", ["%Y-%m-%d", "%d.%m.%Y", "%d/%m/%y", "%d-%m-%Y", "%d.%m.", "%d %m %Y", "%d.%m.%Y г."])
def test_day_is_read_as_people_write_it(client: Client, style: str) -> None:
    # A day after the twelfth: another one with slashes can be two days, and is asked for.
    wanted = next(day for day in map(people.tonight, range(40, 60)) if day.day > 12)

    ask_for_shelter(client, when={"start": "date", "date": wanted.strftime(style), "nights": "3"})

    assert ShelterRequest.objects.get().first_night == wanted


def test_day_that_can_be_two_days_is_asked_for(client: Client) -> None:
    answer_need(client)

    response = client.post("/need/when/", {"start": "date", "date": "03/04/2027", "nights": "3"})

    assert problems_of(response) == [("id_date", "03/04/2027 can be two days. Write 2027-04-03 or 2027-03-04.")]


@pytest.mark.parametrize("typed", ["30.2.2027", "27", "some day", "27.13.", "27.9.202"])
def test_text_that_is_no_day_is_asked_again(client: Client, typed: str) -> None:
    answer_need(client)

    response = client.post("/need/when/", {"start": "date", "date": typed, "nights": "3"})

    assert problems_of(response) == [("id_date", "The other date: write a date like 27.09.2022.")]
    assert response.context["form"]["date"].value() == typed


@pytest.mark.parametrize(
    "typed", ["8 (700) 123-45-67", "tel:+7 700 1234567.", "００7 700 123 45 67", "7 700 123 45 67", "+7 700 123 45 67"]
)
def test_phone_is_read_as_people_write_it(client: Client, typed: str) -> None:
    ask_for_shelter(client, reach={"contact": typed, "name": "", "notes": ""})

    assert ContactPoint.objects.get().address == "+77001234567"


def test_email_is_read_as_people_paste_it(client: Client) -> None:
    ask_for_shelter(client, reach={"contact": "<mailto:Amira @Example.org>, ", "name": "", "notes": ""})

    assert ContactPoint.objects.get().address == "amira@example.org"


# -- questions left open ----------------------------------------------------------------------------


def test_number_of_nights_may_be_left_open(client: Client) -> None:
    check = answer_need(
        client,
        when={"start": "tonight", "date": "", "nights": "", "nights_unknown": "on"},
        stay={"min_nights": ""},
        needs={"household": "unsaid", "smoking": ""},
        where={"place": "Алматы", "radius_km": "50.0"},
    )
    lines = dict(line for _name, line in check.context["lines"])
    assert lines["Nights"] == "not known yet; we look for 7 nights, and you can change that later"

    send(client, check)

    request = ShelterRequest.objects.get()
    assert (request.nights, request.min_nights, request.all_women, request.radius_km) == (7, 1, False, 50)


def test_number_of_nights_wins_over_not_knowing(client: Client) -> None:
    ask_for_shelter(client, when={"start": "tonight", "date": "", "nights": "3", "nights_unknown": "on"})

    assert ShelterRequest.objects.get().nights == 3


# -- tonight --------------------------------------------------------------------------------------


def begin_for_tonight(client: Client) -> Any:
    people.place()
    return client.post("/need/", {"when": "tonight"}, follow=True)


def test_tonight_asks_only_the_necessary_questions(client: Client) -> None:
    response = begin_for_tonight(client)
    asked = []
    while not response.request["PATH_INFO"].endswith("/check/"):
        here = response.request["PATH_INFO"]
        asked.append((here.split("/")[2], response.context["number"], response.context["count"]))
        response = client.post(here, NEED_ANSWERS[asked[-1][0]], follow=True)

    assert [name for name, _number, _count in asked] == ["people", "children", "needs", "where", "reach"]
    assert [(number, count) for _name, number, count in asked] == [(1, 4), (2, 5), (3, 5), (4, 5), (5, 5)]
    send(client, response)
    request = ShelterRequest.objects.get()
    assert (request.urgency, request.first_night, request.nights, request.min_nights) == ("4", people.tonight(), 7, 1)
    assert (request.may_move, request.may_split, request.languages) == (True, False, ["en"])


def test_tonight_lists_the_skipped_questions_with_a_change_link(client: Client) -> None:
    begin_for_tonight(client)
    for name in ("people", "children", "needs", "where", "reach"):
        response = client.post(f"/need/{name}/", NEED_ANSWERS[name], follow=True)

    lines = {line[0]: (name, line[1]) for name, line in response.context["lines"]}
    assert lines["Can move once"] == ("stay", "yes")
    assert client.get("/need/stay/").context["form"]["min_nights"].value() == "1"
    client.post("/need/stay/", {"min_nights": "3"})
    send(client, client.get("/need/check/"))
    assert ShelterRequest.objects.get().may_move is False


def test_beginning_for_tonight_forgets_the_last_draft(client: Client) -> None:
    answer_need(client)

    begin_for_tonight(client)

    assert client.get("/need/people/").context["form"]["adults"].value() is None


# -- the short list of places ---------------------------------------------------------------------


def to_where(client: Client) -> None:
    client.post("/need/people/", {"adults": "1", "children": "0"})
    client.post("/need/needs/", NEED_ANSWERS["needs"])


def test_place_is_chosen_from_the_short_list_without_typing(client: Client) -> None:
    oral = people.place("Oral")
    to_where(client)
    assert client.get("/need/where/").context["form"].fields["place_id"].choices == [
        (str(oral.pk), "Oral, Kazakhstan"),
        ("lost", "I do not know where I am"),
    ]

    response = client.post("/need/where/", {"place": "", "place_id": str(oral.pk), "radius_km": "20"})

    assert response.headers["Location"] == "/need/when/"
    assert client.get("/need/where/").context["form"]["place_id"].value() == str(oral.pk)


def test_short_list_begins_with_the_places_with_most_room(
    client: Client, hanna: people.Person, oskar: people.Person
) -> None:
    oral, almaty, tbilisi = people.place("Oral"), people.place("Almaty"), people.place("Tbilisi")
    people.space(hanna.host, place=oral)
    people.space(hanna.host, place=oral)
    to_where(client)

    listed = client.get("/need/where/").context["form"].fields["place_id"].choices

    assert [pk for pk, _name in listed] == [str(oral.pk), str(tbilisi.pk), str(almaty.pk), "lost"]


def test_typed_place_wins_over_the_list(client: Client) -> None:
    oral, almaty = people.place("Oral"), people.place("Almaty")
    to_where(client)

    client.post("/need/where/", {"place": "Алматы", "place_id": str(oral.pk), "radius_km": "20"})
    response = client.post("/need/where/", {"place": "Алмат", "place_id": str(oral.pk), "radius_km": "20"})

    words = "We do not know this place. Choose one below, or correct the name. A coordinator will read what you wrote."
    assert problems_of(response) == [("id_place_id_0", words)]
    assert response.context["form"].fields["place_id"].choices[0] == (str(almaty.pk), "Almaty, Kazakhstan")


@pytest.mark.parametrize("chosen", ["", "0", "9" * 30, "Almaty"])
def test_question_without_any_place_is_asked_again(client: Client, chosen: str) -> None:
    people.place()
    to_where(client)

    response = client.post("/need/where/", {"place": " ", "place_id": chosen, "radius_km": "20"})

    assert (response.status_code, len(problems_of(response))) == (422, 1)


def test_chosen_place_is_kept_when_the_list_has_changed(
    client: Client, monkeypatch: pytest.MonkeyPatch, oskar: people.Person
) -> None:
    oral = people.place("Oral")
    to_where(client)
    monkeypatch.setattr("matching.web.where.LISTED", 1)

    response = client.post("/need/where/", {"place": "", "place_id": str(oral.pk), "radius_km": "20"})

    assert response.headers["Location"] == "/need/when/"
