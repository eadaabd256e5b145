"""Hanna changes what her space offers, one answer at a time."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from matching.models import Space
from matching.states import Status
from tests import people
from tests.integration.web.walks import problems_of
from tests.people import Person, tonight

pytestmark = pytest.mark.django_db
FIELDS = (
    "place_id",
    "address",
    "directions",
    "beds",
    "others",
    "shared",
    "max_nights",
    "who",
    "children",
    "pets",
    "smoking",
    "step_free",
    "languages",
)


@pytest.fixture
def newcomer(db: None) -> Person:
    """A host whom nobody has looked at yet: all changes are made at once (`tests/integration/test_waiting_changes.py`)."""
    return people.hanna(vetted=False)


def offered(space: Space) -> dict[str, Any]:
    now = Space.objects.get(pk=space.pk)
    windows = sorted(now.windows.values_list("first_night", "last_day"))
    return {field: getattr(now, field) for field in FIELDS} | {"windows": windows}


def test_page_shows_what_the_space_offers(client: Client, hanna: Person) -> None:
    space = people.space(hanna.host, directions="Blue gate.", pets=True, max_nights=7)
    client.force_login(hanna.user)

    lines = client.get(f"/host/space/{space.pk}/").context["lines"]

    assert [(name, str(label), value) for name, (label, value) in lines] == [
        ("where", "Place", "Almaty, Kazakhstan"),
        ("address", "Address", "Abay Avenue 10, flat 5"),
        ("address", "How to find the door", "Blue gate."),
        ("beds", "People who can sleep there", "3"),
        ("beds", "Other people who live there", "not said"),
        ("shared", "Households at the same time", "One household only"),
        ("longest", "Longest stay, in nights", "7"),
        ("who", "Who may stay", "Anyone"),
        ("house", "True of the space", "Children are welcome; Pets are welcome"),
        ("languages", "Languages", "Русский, English"),
    ]


@pytest.mark.parametrize(
    ("question", "typed", "changed"),
    [
        (
            "address",
            {"address": "Abay Avenue 12", "directions": "Red gate."},
            {"address": "Abay Avenue 12", "directions": "Red gate."},
        ),
        ("beds", {"beds": "5 people", "others": ""}, {"beds": 5}),
        ("beds", {"beds": "3", "others": "2"}, {"others": 2}),
        ("shared", {"shared": "yes"}, {"shared": True}),
        ("longest", {"max_nights": "3"}, {"max_nights": 3}),
        ("longest", {"max_nights": ""}, {"max_nights": None}),
        ("who", {"who": "women"}, {"who": "women"}),
        ("house", {"house": ["step_free"]}, {"children": False, "step_free": True}),
        ("languages", {"languages": ["ka"]}, {"languages": ["ka"]}),
    ],
)
def test_one_answer_is_changed_and_the_others_stay(
    client: Client, newcomer: Person, question: str, typed: dict[str, Any], changed: dict[str, Any]
) -> None:
    space = people.space(newcomer.host, windows=((tonight(-20), tonight(-10)), (tonight(), tonight(9))))
    client.force_login(newcomer.user)
    before = offered(space)

    response = client.post(f"/host/space/{space.pk}/change/{question}/", typed)

    assert response.headers["Location"] == f"/host/space/{space.pk}/"
    assert offered(space) == before | changed


def test_place_is_changed(client: Client, newcomer: Person) -> None:
    space, oral = people.space(newcomer.host), people.place("Oral")
    client.force_login(newcomer.user)

    client.post(f"/host/space/{space.pk}/change/where/", {"place": "Уральск"})

    now = Space.objects.get()
    assert (now.place, now.latitude, now.longitude) == (oral, 51.23, 51.37)


@pytest.mark.parametrize("question", ["where", "address", "beds", "shared", "longest", "who", "house", "languages"])
def test_page_asks_with_the_present_answer(client: Client, hanna: Person, question: str) -> None:
    space = people.space(hanna.host)
    client.force_login(hanna.user)
    address = f"/host/space/{space.pk}/change/{question}/"
    before = offered(space)

    form = client.get(address).context["form"]
    again = {name: form[name].value() for name in form.fields if form[name].value() is not None}
    response = client.post(address, again)

    assert (response.status_code, offered(space)) == (302, before)


def test_space_of_a_spreadsheet_without_languages_is_shown_and_asked_without_a_problem(
    client: Client, hanna: Person
) -> None:
    space = people.space(hanna.host, languages=())
    client.force_login(hanna.user)

    lines = dict(client.get(f"/host/space/{space.pk}/").context["lines"])
    asked = client.get(f"/host/space/{space.pk}/change/languages/")

    assert lines["languages"] == ("Which languages do you speak?", "–")
    assert (asked.status_code, problems_of(asked)) == (200, [])


def test_change_that_breaks_a_promise_is_refused_in_words_and_what_was_typed_stays(
    client: Client, hanna: Person, amira: Person
) -> None:
    match = people.match_in(Status.CONFIRMED, people.request(amira.arrival), people.space(hanna.host))
    client.force_login(hanna.user)

    response = client.post(f"/host/space/{match.space_id}/change/beds/", {"beds": "1"})

    assert (response.status_code, problems_of(response)) == (
        409,
        [("", "There are live matches that this would contradict. End or cancel them first.")],
    )
    assert (response.context["form"]["beds"].value(), Space.objects.get().beds) == ("1", 3)


def test_wrong_answer_is_named_and_what_was_typed_stays(client: Client, hanna: Person) -> None:
    space = people.space(hanna.host)
    client.force_login(hanna.user)

    response = client.post(f"/host/space/{space.pk}/change/beds/", {"beds": "many"})

    assert (response.status_code, problems_of(response)) == (
        422,
        [("id_beds", "Number of people: write a number from 1 to 500.")],
    )
    assert response.context["form"]["beds"].value() == "many"


@pytest.mark.parametrize("question", ["nights", "you", "shoes"])
def test_question_that_is_not_of_this_page_does_not_exist(client: Client, hanna: Person, question: str) -> None:
    space = people.space(hanna.host)
    client.force_login(hanna.user)

    assert client.get(f"/host/space/{space.pk}/change/{question}/").status_code == 404
