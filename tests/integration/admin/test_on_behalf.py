"""A coordinator enters a need or an offer for a person on the phone: one case, its secret shown once, no typing lost."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.hashers import check_password
from django.db import connection
from django.http import HttpResponse
from django.test import Client

from accounts.models import Arrival, Host
from matching.models import ShelterRequest, Space
from notifications.models import Notification
from tests import people
from tests.people import Person, tonight

pytestmark = pytest.mark.django_db
SignIn = Callable[[Person], Client]
ASK, OFFER = "/admin/matching/shelterrequest/for-somebody/", "/admin/matching/space/for-somebody/"


def asked(**more: str) -> dict[str, str]:
    return {
        "key": str(uuid4()),
        "place": "Алма-Ата",
        "people": "3",
        "children": "1",
        "first_night": tonight().isoformat(),
        "nights": "4",
        "household": "women",
        "languages": "ru uk",
        "radius_km": "50",
        "min_nights": "1",
        "language": "uk",
        "pets": "on",
        **more,
    }


def offered(**more: str) -> dict[str, str]:
    return {
        "key": str(uuid4()),
        "place": "Almaty",
        "beds": "4",
        "first_night": tonight().isoformat(),
        "last_day": tonight(10).isoformat(),
        "address": "Abay Avenue 10",
        "who": "families",
        "children": "on",
        "languages": "kk",
        "language": "kk",
        "name": "Bibigul",
        **more,
    }


def errors(page: HttpResponse) -> dict[str, Any]:
    return {name: list(words) for name, words in page.context["form"].errors.items()}


@pytest.fixture(autouse=True)
def almaty(db: None) -> None:
    people.place()
    people.place("Oral")


@pytest.fixture
def signed_in(signed_in: SignIn) -> SignIn:
    """Sign in as the shared fixture does, with pages in English."""

    def sign_in(person: Person) -> Client:
        client = signed_in(person)
        client.defaults["HTTP_ACCEPT_LANGUAGE"] = "en"
        return client

    return sign_in


def test_page_starts_with_sensible_defaults(carla: Person, signed_in: SignIn) -> None:
    form = signed_in(carla).get(ASK).context["form"]

    assert [form[name].value() for name in ("people", "children", "first_night", "nights", "place")] == [
        1,
        0,
        tonight(),
        3,
        "",
    ]
    own = people.carla("here", places=(people.place("Oral"),))
    assert signed_in(own).get(ASK).context["form"]["place"].value() == "Oral, Kazakhstan"


def test_ask_opens_a_case_and_shows_number_and_secret_once(carla: Person, signed_in: SignIn) -> None:
    client, said = signed_in(carla), asked()

    page = client.post(ASK, said)

    request = ShelterRequest.objects.get()
    row = (request.people, request.children, request.nights, request.pets, request.all_women, request.urgency)
    assert row == (3, 1, 4, True, True, "4")
    assert (request.place, request.languages) == (people.place(), ["ru", "uk"])
    number, secret = page.context["done"]["case_number"], page.context["done"]["secret"]
    assert number.replace(" ", "") == request.arrival.case_number
    assert check_password(secret.replace(" ", ""), request.arrival.user.password)
    assert (number in page.content.decode(), secret in page.content.decode()) == (True, True)
    assert request.arrival.user.language == "uk"

    again = client.post(ASK, said)  # The person reloads the page, or presses the button twice.

    assert (ShelterRequest.objects.count(), Arrival.objects.count()) == (1, 1)
    assert number in again.content.decode()
    assert secret not in again.content.decode()


def test_ask_keeps_name_and_contact_and_tells_the_arrival(carla: Person, signed_in: SignIn) -> None:
    signed_in(carla).post(ASK, asked(contact="8 701 555 01 01", name="Oksana"))

    arrival = Arrival.objects.get().user
    points = list(arrival.contact_points.values_list("channel", flat=True))
    assert (arrival.name, points, arrival.contact_points.get().address) == ("Oksana", ["sms"], "+77015550101")
    assert list(Notification.objects.filter(recipient=arrival).values_list("event", flat=True)) == ["request_received"]


def test_case_opens_with_the_number_and_secret_that_were_read_out(carla: Person, signed_in: SignIn) -> None:
    done = signed_in(carla).post(ASK, asked()).context["done"]

    answer = Client().post("/case/", {"case_number": done["case_number"], "secret": done["secret"]}, follow=True)

    assert answer.status_code == 200
    assert str(answer.wsgi_request.user) == Arrival.objects.get().case_number


@pytest.mark.parametrize(
    ("typed", "field", "words"),
    [
        ({"place": "Nowhereville"}, "place_id", "We do not know this place"),
        ({"people": "0"}, "people", "greater than or equal to 1"),
        ({"nights": "many"}, "nights", "Enter a whole number"),
        ({"first_night": "2020-01-01"}, "first_night", "This date has passed"),
        ({"languages": "russian!"}, "languages", "codes of two letters"),
        ({"contact": "call me"}, "contact", "not a phone number or e-mail"),
        ({"children_ages": "old"}, "children_ages", "from 0 to 17"),
        ({"children": "9"}, "children", "more children than people"),
        ({"children_ages": "3, 4, 5"}, "children_ages", "more ages than children"),
        ({"key": "mine"}, "key", "not loaded whole"),
    ],
)
def test_ask_says_what_is_wrong_and_keeps_what_was_typed(
    typed: dict[str, str], field: str, words: str, carla: Person, signed_in: SignIn
) -> None:
    page = signed_in(carla).post(ASK, asked(notes="they sit at the station", **typed))

    assert page.status_code == 422
    assert list(errors(page)) == [field]
    assert words in errors(page)[field][0]
    assert "they sit at the station" in page.content.decode()
    assert not Arrival.objects.exists()


def test_place_that_several_have_is_chosen_on_the_same_page(carla: Person, signed_in: SignIn) -> None:
    client, said = signed_in(carla), asked(place="Al")

    page = client.post(ASK, said)
    assert list(errors(page)) == ["place_id"]
    assert [words for _pk, words in page.context["form"].fields["place_id"].choices] == [
        "–",
        "Almaty, Kazakhstan",
        "Oral, Kazakhstan",
    ]
    client.post(ASK, said | {"asked": "Al", "place_id": str(people.place().pk)})

    assert ShelterRequest.objects.get().place == people.place()


def test_child_alone_goes_to_the_desk(carla: Person, signed_in: SignIn) -> None:
    signed_in(carla).post(ASK, asked(people="1", children="1", children_ages="15"))

    assert Notification.objects.filter(recipient=carla.user, event="minor_alone").count() == 1


def test_offer_lists_a_space_for_a_host_without_a_phone(carla: Person, signed_in: SignIn) -> None:
    client, said = signed_in(carla), offered()

    page = client.post(OFFER, said)
    client.post(OFFER, said)

    space = Space.objects.get()
    assert (space.beds, space.who, space.address, space.languages) == (4, "families", "Abay Avenue 10", ["kk"])
    assert list(space.windows.values_list("first_night", "last_day")) == [(tonight(), tonight(10))]
    assert (space.host.user.name, space.host.status, Host.objects.count()) == ("Bibigul", "unvetted", 1)
    assert "coordinators answer for them" in page.content.decode()


def test_offer_by_a_known_host_joins_their_spaces(carla: Person, hanna: Person, signed_in: SignIn) -> None:
    page = signed_in(carla).post(OFFER, offered(contact="Hanna@example.org"))

    assert (Space.objects.get().host, page.context["done"]["known"]) == (hanna.host, True)


@pytest.mark.parametrize(
    ("typed", "field"),
    [({"last_day": tonight().isoformat()}, "last_day"), ({"name": ""}, "name"), ({"beds": "501"}, "beds")],
)
def test_offer_says_what_is_wrong(typed: dict[str, str], field: str, carla: Person, signed_in: SignIn) -> None:
    page = signed_in(carla).post(OFFER, offered(**typed))

    assert (page.status_code, list(errors(page)), Host.objects.exists()) == (422, [field], False)
    assert "Abay Avenue 10" in page.content.decode()


@pytest.mark.parametrize(("address", "said"), [(ASK, asked()), (OFFER, offered())])
def test_another_place_is_refused_to_its_outsiders(address: str, said: dict[str, str], signed_in: SignIn) -> None:
    stranger = people.carla("elsewhere", places=(people.place("Oral"),))

    page = signed_in(stranger).post(address, said)

    assert (page.status_code, errors(page)) == (
        422,
        {"place": ["This place is not one of yours. Give the call to one of its coordinators."]},
    )
    assert not Arrival.objects.exists()
    assert not Host.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_two_taps_at_the_same_moment_open_one_case(carla: Person, signed_in: SignIn) -> None:
    said = asked()
    clients = [signed_in(carla), signed_in(carla)]

    def send(client: Client) -> int:
        try:
            return client.post(ASK, said).status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(send, clients))

    assert (answers, ShelterRequest.objects.count(), Arrival.objects.count()) == ([200, 200], 1, 1)
