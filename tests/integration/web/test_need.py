"""Amira asks for shelter with neither e-mail nor phone."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone

from accounts.models import Arrival
from matching.models import ShelterRequest
from matching.states import Status
from notifications.models import ContactPoint
from tests import people
from tests.integration.web.walks import (
    NEED_ANSWERS,
    answer_need,
    ask_for_shelter,
    problems_of,
    send,
    text_of,
    title_of,
    token_of,
)

pytestmark = pytest.mark.django_db


def test_ask_stores_the_answers_without_email_or_phone(client: Client) -> None:
    number, _secret = ask_for_shelter(client)

    request = ShelterRequest.objects.get()
    assert request.arrival.case_number == number.replace(" ", "")
    assert (request.people, request.children, request.children_ages) == (3, 1, [7])
    assert (request.all_women, request.women_only, request.step_free, request.pets) == (False, False, True, False)
    assert (request.place, request.radius_km) == (people.place(), 20)
    assert (request.first_night, request.nights, request.min_nights) == (people.tonight(), 5, 2)
    assert (request.may_move, request.may_split) == (True, False)
    assert (request.languages, request.language_required, request.smoking) == (["ru", "kk"], False, "no")
    assert (request.urgency, request.notes) == ("4", "We travel with a pram.")
    assert request.arrival.user.language == "en"
    assert not ContactPoint.objects.exists()


def test_ask_shows_the_secret_until_it_is_written_down_and_never_again(client: Client) -> None:
    number, secret = ask_for_shelter(client)

    again = client.get("/need/done/")
    assert (number in text_of(again), secret in text_of(again)) == (True, True)
    case = client.post("/need/done/", follow=True)

    assert case.request["PATH_INFO"] == "/case/"
    assert title_of(case) == "Your case – Shanyrak"
    assert secret not in text_of(case)
    assert client.get("/need/done/").headers["Location"] == "/case/"


def test_case_number_and_secret_open_the_case_on_another_device(client: Client) -> None:
    number, secret = ask_for_shelter(client)

    other = Client()
    response = other.post("/case/", {"case_number": number, "secret": secret}, follow=True)

    assert response.context["case_number"] == number


def test_ask_sent_twice_makes_one_request_and_shows_the_same_secret(client: Client) -> None:
    check = answer_need(client)

    first = send(client, check)
    second = send(client, check)

    assert ShelterRequest.objects.count() == Arrival.objects.count() == 1
    assert first.context["secret"] == second.context["secret"]


def test_ask_with_a_contact_keeps_it_for_messages(client: Client) -> None:
    ask_for_shelter(client, reach={"contact": "8 700 123 45 67", "name": "Amira", "notes": ""})

    point = ContactPoint.objects.get()
    assert (point.channel, point.address, point.user.name) == ("sms", "+77001234567", "Amira")


def test_draft_is_kept_at_every_continue_and_lies_encrypted(client: Client) -> None:
    people.place()
    client.get("/need/people/")
    client.post("/need/people/", NEED_ANSWERS["people"])
    client.post("/need/children/", {"ages": "7"})

    reopened = client.get("/need/people/")

    assert reopened.context["form"]["adults"].value() == "2"
    kept = Session.objects.get().get_decoded()
    assert sorted(kept) == ["draft_need"]
    assert "adults" not in kept["draft_need"]


def test_begin_anew_forgets_the_last_persons_answers(client: Client) -> None:
    answer_need(client)
    assert client.get("/need/").context["has_draft"] is True

    response = client.post("/need/")

    assert response.headers["Location"] == "/need/people/"
    assert client.get("/need/people/").context["form"]["adults"].value() is None
    assert client.get("/need/").context["has_draft"] is False


def test_question_out_of_turn_leads_to_the_first_open_one(client: Client) -> None:
    for address in ("/need/check/", "/need/when/", "/need/reach/"):
        assert client.get(address).headers["Location"] == "/need/people/"
    assert client.get("/need/shoes/").status_code == 404


def test_children_are_asked_about_only_where_there_are_some(client: Client) -> None:
    client.get("/need/people/")

    response = client.post("/need/people/", {"adults": "1", "children": "0"})

    assert response.headers["Location"] == "/need/needs/"
    assert client.get("/need/children/").headers["Location"] == "/need/needs/"


def test_eight_questions_at_most_are_asked(client: Client) -> None:
    people.place()
    client.post("/need/people/", NEED_ANSWERS["people"])

    assert client.get("/need/children/").context["count"] == 8


def test_changing_an_answer_leads_back_to_the_check(client: Client) -> None:
    answer_need(client)

    response = client.post("/need/stay/", {"min_nights": "1"}, follow=True)

    assert response.request["PATH_INFO"] == "/need/check/"
    assert dict(line for _name, line in response.context["lines"])["Can move once"] == "no"


def test_change_that_contradicts_a_later_answer_asks_that_one_again(client: Client) -> None:
    answer_need(client)

    response = client.post("/need/when/", NEED_ANSWERS["when"] | {"nights": "1"}, follow=True)

    assert response.request["PATH_INFO"] == "/need/stay/"
    assert problems_of(response) == [
        ("id_min_nights", "The shortest stay that helps cannot be longer than the whole stay.")
    ]


@pytest.mark.parametrize(
    ("question", "typed", "problem"),
    [
        ("people", {"adults": "", "children": "0"}, ("id_adults", "Adults: write a number from 0 to 100.")),
        (
            "people",
            {"adults": "0", "children": "0"},
            ("id_adults", "Say how many people need a place to sleep: from 1 to 100 in all."),
        ),
        (
            "children",
            {"ages": "seven"},
            ("id_ages", "Write each age as a number from 0 to 17, for example: 3, 11."),
        ),
        ("children", {"ages": "3, 4"}, ("id_ages", "You named more ages than children: there is 1 child.")),
        ("needs", {"needs": ["pets"]}, ("id_household_0", "Who you are: choose one.")),
        (
            "where",
            {"place": "Atlantis", "radius_km": "20"},
            (
                "id_place_id_0",
                "We do not know this place. Choose one below, or correct the name. A coordinator will read what you wrote.",
            ),
        ),
        ("when", {"start": "date", "nights": "2"}, ("id_date", "Give the date of the first night.")),
        (
            "when",
            {"start": "date", "date": "2020-01-01", "nights": "2"},
            ("id_date", "This date has passed. Give today or a later day."),
        ),
        (
            "when",
            {"start": "tonight", "nights": "0"},
            ("id_nights", "How many nights: write a number from 1 to 730."),
        ),
        (
            "stay",
            {"min_nights": "6"},
            ("id_min_nights", "The shortest stay that helps cannot be longer than the whole stay."),
        ),
        (
            "languages",
            {"language_required": True},
            ("id_languages_0", "Choose at least one language that the host should speak."),
        ),
        (
            "reach",
            {"contact": "12", "notes": "kept"},
            ("id_contact", "This is not a phone number or e-mail address. Write it like +7 700 123 45 67."),
        ),
    ],
)
def test_wrong_answer_is_named_and_what_was_typed_stays(
    client: Client, question: str, typed: dict[str, Any], problem: tuple[str, str]
) -> None:
    answer_need(client)

    response = client.post(f"/need/{question}/", typed)

    assert response.status_code == 422
    assert problems_of(response) == [problem]
    assert title_of(response).startswith("Error: ")
    form = response.context["form"]
    assert {name: form[name].value() for name in typed} == typed


def test_ambiguous_place_is_chosen_from_a_list(client: Client) -> None:
    near, _far = people.place("Almaty"), people.place("Tbilisi")
    other = people.Place.objects.create(
        geoname_id=-99, name="Almaty", country="KG", kind="town", latitude=42, longitude=75, population=300_000
    )
    people.PlaceName.objects.create(place=other, name="Almaty", key="almaty")
    client.post("/need/people/", {"adults": "1", "children": "0"})
    client.post("/need/needs/", NEED_ANSWERS["needs"])

    asked = client.post("/need/where/", {"place": "almaty", "radius_km": "20"})
    chosen = client.post("/need/where/", {"place": "almaty", "radius_km": "20", "place_id": str(other.pk)})

    assert asked.status_code == 422
    assert problems_of(asked) == [("id_place_id_0", "Choose the place you mean, or write another name above.")]
    assert asked.context["form"].fields["place_id"].choices == [
        (str(near.pk), "Almaty, Kazakhstan"),
        (str(other.pk), "Almaty, Kyrgyzstan"),
    ]
    assert chosen.headers["Location"] == "/need/when/"


def test_half_a_name_offers_the_places_it_may_begin(client: Client) -> None:
    row = people.place("Oral")
    client.post("/need/people/", {"adults": "1", "children": "0"})
    client.post("/need/needs/", NEED_ANSWERS["needs"])

    response = client.post("/need/where/", {"place": "Ураль", "radius_km": "20"})

    assert response.context["form"].fields["place_id"].choices[0] == (str(row.pk), "Oral, Kazakhstan")


def test_date_that_has_passed_meanwhile_is_asked_again(client: Client) -> None:
    check = answer_need(client, when={"start": "date", "date": people.tonight().isoformat(), "nights": "3"})

    with time_machine.travel(timezone.now() + timedelta(days=1)):
        response = send(client, check)

    assert response.request["PATH_INFO"] == "/need/when/"
    assert problems_of(response) == [("id_date", "This date has passed. Give today or a later day.")]
    assert not ShelterRequest.objects.exists()


@pytest.mark.parametrize(("days", "urgency"), [(0, "4"), (1, "2.5"), (7, "1.5"), (8, "1")])
def test_urgency_follows_from_the_first_night(client: Client, days: int, urgency: str) -> None:
    date = people.tonight(days).isoformat()

    ask_for_shelter(client, when={"start": "date", "date": date, "nights": "3"})

    assert ShelterRequest.objects.get().urgency == urgency


def test_form_of_a_deleted_draft_sends_nothing(client: Client) -> None:
    answer_need(client)

    response = client.post("/need/check/", {"token": "of another draft"}, follow=True)

    assert response.request["PATH_INFO"] == "/need/check/"
    assert not ShelterRequest.objects.exists()
    assert token_of(response) != "of another draft"


def test_child_alone_is_taken_in_and_the_desk_is_told(client: Client) -> None:
    desk = people.carla()

    ask_for_shelter(client, people={"adults": "0", "children": "1"}, children={"ages": "16"})
    case = client.post("/need/done/", follow=True)

    assert ShelterRequest.objects.get().is_minor_alone
    assert [note.event for note in desk.user.notifications.all()] == ["minor_alone"]
    assert case.context["cards"][0].story.happened == "We have your request. People decide about it, not a program."


def test_signed_in_arrival_asks_again_in_the_same_case_after_the_first_stay(client: Client) -> None:
    amira = people.amira()
    first = people.request(amira.arrival)
    client.force_login(amira.user)
    client.post(f"/case/request/{first.pk}/withdraw/")

    response = send(client, answer_need(client))

    assert response.request["PATH_INFO"] == "/case/"
    assert ShelterRequest.objects.filter(arrival=amira.arrival).count() == 2


def test_signed_in_arrival_with_an_open_request_is_led_to_it(client: Client) -> None:
    amira = people.amira()
    people.match_in(Status.CONFIRMED, people.request(amira.arrival), people.space(people.hanna().host))
    client.force_login(amira.user)

    assert client.get("/need/").headers["Location"] == "/case/"


def test_flood_from_one_source_is_throttled_and_keeps_the_answers(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("matching.intake.REQUESTS_AN_HOUR", 0)
    check = answer_need(client)

    response = send(client, check)

    assert response.status_code == 429
    assert 0 < int(response.headers["Retry-After"]) <= 3600
    assert problems_of(response) == [("", "Too many tries. Wait a few minutes and try again.")]
    assert token_of(response) == token_of(check)
