"""Hanna offers a space, and proves by a code that the contact is hers."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import Host
from accounts.signing_in import answer_code_requests
from accounts.throttles import CODE_SECONDS, CODES
from matching.models import Space
from matching.web.offer_forms import NightsForm
from notifications.models import ContactPoint
from tests import people
from tests.integration.web.walks import (
    answer_offer,
    latest_code,
    offer_answers,
    problems_of,
    send,
    title_of,
)
from tests.people import Person, tonight

pytestmark = pytest.mark.django_db
WRONG = [("id_code", "This code is not valid. Check the digits, or ask for a new code.")]


def code_of_hanna() -> str:
    return latest_code(ContactPoint.objects.get(channel="email").user_id)


def test_offer_is_registered_once_the_code_is_right(client: Client) -> None:
    asked = send(client, answer_offer(client))
    assert (asked.request["PATH_INFO"], Space.objects.count()) == ("/offer/code/", 0)

    response = client.post("/offer/code/", {"code": code_of_hanna()}, follow=True)

    assert response.request["PATH_INFO"] == "/host/"
    space = Space.objects.get()
    assert (space.host.status, space.host.user.name, space.status) == ("unvetted", "Hanna Musterfrau", "listed")
    assert (space.place, space.address, space.beds, space.shared) == (
        people.place(),
        "Abay Avenue 10, flat 5",
        4,
        True,
    )
    assert [(window.first_night, window.last_day) for window in space.windows.all()] == [(tonight(), tonight(10))]
    assert (space.max_nights, space.who, space.languages) == (7, "anyone", ["ru", "en"])
    assert (space.children, space.pets, space.smoking, space.step_free) == (True, True, False, False)
    assert ContactPoint.objects.get().verified_at is not None


def test_offer_asks_twelve_questions_at_most(client: Client) -> None:
    people.place()

    assert client.get("/offer/where/").context["count"] == 10


def test_wrong_code_says_so_and_loses_nothing(client: Client) -> None:
    send(client, answer_offer(client))
    code = code_of_hanna()
    wrong = "000000" if code != "000000" else "111111"

    response = client.post("/offer/code/", {"code": wrong})

    assert (response.status_code, problems_of(response)) == (422, WRONG)
    assert response.context["form"]["code"].value() == wrong
    client.post("/offer/code/", {"code": code})
    assert Space.objects.count() == 1


def test_five_wrong_codes_leave_the_right_one_and_an_earlier_one_valid(client: Client) -> None:
    send(client, answer_offer(client))
    code = code_of_hanna()
    assert client.post("/offer/code/again/", follow=True).request["PATH_INFO"] == "/offer/code/"
    wrong = next(f"{number:06}" for number in range(9) if f"{number:06}" not in (code, code_of_hanna()))
    for _try in range(5):
        assert problems_of(client.post("/offer/code/", {"code": wrong})) == WRONG

    client.post("/offer/code/", {"code": code})

    assert Space.objects.count() == 1


def test_button_tapped_twice_sends_one_code(client: Client) -> None:
    check = answer_offer(client)

    send(client, check)
    send(client, check)

    assert Host.objects.count() == 1
    answer_code_requests(at=timezone.now())
    assert Host.objects.get().user.codes.count() == 1


def test_codes_asked_for_too_often_are_throttled(client: Client) -> None:
    send(client, answer_offer(client))
    for _time in range(CODES - 1):
        client.post("/offer/code/again/")

    response = client.post("/offer/code/again/")

    assert response.status_code == 429
    assert 0 < int(response.headers["Retry-After"]) <= CODE_SECONDS
    assert problems_of(response) == [("", "Too many tries. Wait a few minutes and try again.")]


def test_offer_by_a_known_host_joins_their_other_spaces(client: Client, hanna: Person) -> None:
    people.space(hanna.host)

    send(client, answer_offer(client))
    client.post("/offer/code/", {"code": latest_code(hanna.user.pk)})

    assert Space.objects.filter(host=hanna.host).count() == 2


def test_offer_by_a_signed_in_host_needs_no_code(client: Client, hanna: Person) -> None:
    client.force_login(hanna.user)

    check = answer_offer(client)
    response = send(client, check)
    send(client, check)

    assert response.request["PATH_INFO"] == "/host/"
    assert Space.objects.filter(host=hanna.host).count() == 1


def test_another_code_is_sent_only_on_post(client: Client) -> None:
    send(client, answer_offer(client))

    assert client.get("/offer/code/again/").headers["Location"] == "/offer/code/"
    answer_code_requests(at=timezone.now())
    assert Host.objects.get().user.codes.count() == 1


def test_code_page_before_a_code_was_sent_leads_back(client: Client) -> None:
    assert client.get("/offer/code/").headers["Location"] == "/host/"
    client.get("/offer/where/")
    client.post("/offer/where/", {"place": people.place().name})

    assert client.get("/offer/code/").headers["Location"] == "/offer/check/"
    assert client.get("/offer/code/", follow=True).request["PATH_INFO"] == "/offer/address/"


@pytest.mark.parametrize(
    ("question", "typed", "problem"),
    [
        ("address", {"address": " "}, ("id_address", "Street, house, flat: fill this in.")),
        ("beds", {"beds": "501"}, ("id_beds", "Number of people: write a number from 1 to 500.")),
        ("shared", {}, ("id_shared_0", "At the same time: choose one.")),
        (
            "nights",
            {"first_1": "tomorrow", "last_1": ""},
            ("id_first_1", "First night: write a date like 27.09.2022."),
        ),
        ("longest", {"max_nights": "-1"}, ("id_max_nights", "Nights: write a number from 1 to 730.")),
        ("who", {"who": "nobody"}, ("id_who_0", "Select a valid choice. nobody is not one of the available choices.")),
        ("languages", {}, ("id_languages_0", "Choose at least one language.")),
        (
            "you",
            {"name": "Hanna", "contact": "hanna@"},
            ("id_contact", "This is not an e-mail address. Write it like name@example.org."),
        ),
    ],
)
def test_wrong_answer_is_named_and_what_was_typed_stays(
    client: Client, question: str, typed: dict[str, Any], problem: tuple[str, str]
) -> None:
    answer_offer(client)

    response = client.post(f"/offer/{question}/", typed)

    assert response.status_code == 422
    assert problems_of(response)[0] == problem
    assert title_of(response).startswith("Error: ")
    assert {name: response.context["form"][name].value() for name in typed} == typed


def test_nights_that_contradict_each_other_are_each_named(client: Client) -> None:
    answer_offer(client)
    typed = {
        "first_1": tonight(5).isoformat(),
        "last_1": tonight(5).isoformat(),
        "first_2": tonight(20).isoformat(),
        "last_2": "",
        "first_3": tonight(-9).isoformat(),
        "last_3": tonight(-2).isoformat(),
    }

    response = client.post("/offer/nights/", typed)

    assert problems_of(response) == [
        ("id_last_1", "The last day comes after the first night."),
        ("id_last_2", "Give both dates, or leave both empty."),
        ("id_last_3", "These nights have passed. Give later ones."),
    ]


def test_nights_that_overlap_are_refused(client: Client) -> None:
    answer_offer(client)
    typed = offer_answers()["nights"] | {"first_2": tonight(9).isoformat(), "last_2": tonight(12).isoformat()}

    response = client.post("/offer/nights/", typed)

    assert problems_of(response) == [("id_first_2", "These nights overlap with those above. Join them into one run.")]


def test_later_runs_of_nights_are_folded_until_something_stands_in_them() -> None:
    """Two date fields are shown, four wait behind a line; one with an error or a date is never hidden."""
    today = tonight()
    empty = NightsForm(answers={}, today=today)
    half = NightsForm({"first_1": str(today), "last_1": str(tonight(2)), "first_3": "31"}, answers={}, today=today)
    half.is_valid()

    assert empty.folded == ["first_2", "last_2", "first_3", "last_3"]
    assert half.folded == ["first_2", "last_2"]
