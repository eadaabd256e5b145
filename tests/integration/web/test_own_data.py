"""A person reads what is held about them, takes it along as a file, and has it erased; nobody else is in any of it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone

from accounts.models import User
from matching import transitions
from matching.states import Status
from privacy.models import PersonErasure
from tests import people
from tests.integration.erasing_world import AMIRA, HANNA, World, world
from tests.integration.web.walks import text_of
from tests.people import Person, desk_client
from tests.rows import holding

pytestmark = pytest.mark.django_db
FILE, ERASE = "/my-data/file/", "/my-data/erase/"


@pytest.fixture
def there() -> World:
    return world()


def visitor(person: Person) -> Client:
    client = Client(headers={"accept-language": "en"})
    client.force_login(person.user)
    return client


def file_for(client: Client) -> tuple[str, dict[str, list[dict[str, Any]]]]:
    answer = client.post(FILE)
    assert answer.headers["Content-Disposition"].startswith("attachment")
    text = answer.content.decode()
    return text, {section["table"]: section["rows"] for section in json.loads(text)["holds"]}


def test_arrival_takes_along_what_is_theirs_and_nobody_else_is_in_it(there: World) -> None:
    text, tables = file_for(visitor(there.amira))

    assert [row["name"] for row in tables["accounts.User"]] == ["AmiraSentinel Name"]
    assert {row["address"] for row in tables["notifications.ContactPoint"]} >= {AMIRA[1], "amirasentinel@example.org"}
    assert "AmiraSentinel notes" in {row["notes"] for row in tables["matching.ShelterRequest"]}
    assert "AmiraSentinel happened" in {row["happened"] for row in tables["matching.IncidentReport"]}
    assert not [word for word in (*HANNA, "CarlaSentinel", "Oskar", "Third Host", "Lena") if word in text]


def test_host_takes_along_what_is_theirs_and_no_word_of_who_stayed(there: World) -> None:
    text, tables = file_for(visitor(there.hanna))

    assert "HannaSentinel street 7" in {row["address"] for row in tables["matching.Space"]}
    assert not [word for word in (*AMIRA, "CarlaSentinel", "Oskar", "Lena") if word in text]


def test_outsider_has_only_their_own_rows(there: World) -> None:
    text, tables = file_for(visitor(there.oskar))

    assert [row["name"] for row in tables["accounts.User"]] == ["Oskar Fremder"]
    assert not [word for word in (*AMIRA, *HANNA) if word in text]


def test_report_of_the_other_side_and_proposals_are_not_in_the_file(amira: Person, hanna: Person) -> None:
    before = people.match_in(Status.CONFIRMED, people.request(amira.arrival), people.space(hanna.host))
    _text, without = file_for(visitor(amira))
    transitions.report_not_safe(before.pk, by=hanna.user, at=timezone.now(), note="HannaSentinel")
    people.proposed(people.request(amira.arrival, first_night=people.tonight(20)), people.space(people.oskar().host))
    text, after = file_for(visitor(amira))

    assert after["matching.Match"] == without["matching.Match"]
    assert after["matching.MatchEvent"] == without["matching.MatchEvent"]
    assert "matching.Incident" not in after
    assert "Sentinel" not in text


def test_file_is_labelled_in_the_reader_s_language(amira: Person) -> None:
    client = visitor(amira)
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = "ru"
    answer = client.post(FILE)

    titles = {section["table"]: section["title"] for section in json.loads(answer.content)["holds"]}
    assert titles["accounts.User"] == "пользователи"


def test_coordinator_takes_along_their_own_rows(there: World) -> None:
    answer = desk_client(there.carla).get("/admin/accounts/coordinator/my-file/")
    text = answer.content.decode()

    assert "CarlaSentinel Name" in text
    assert not [word for word in (*AMIRA, *HANNA, "Oskar") if word in text]


@pytest.mark.parametrize("address", ["/my-data/", ERASE])
@pytest.mark.parametrize("who", ["nobody", "carla"])
def test_stranger_is_led_away(client: Client, carla: Person, address: str, who: str) -> None:
    if who == "carla":
        client.force_login(carla.user)

    assert client.get(address).status_code == (404 if who == "carla" else 302)


def test_box_has_to_be_ticked(amira: Person) -> None:
    answer = visitor(amira).post(ERASE)

    assert answer.status_code == 422
    assert "Tick the box if you are sure. Nothing is erased yet." in text_of(answer)
    assert User.objects.get(pk=amira.user.pk).name == amira.user.name


def test_person_erases_themselves_and_is_signed_out(there: World) -> None:
    client = visitor(there.amira)
    read = text_of(client.get(ERASE))

    done = client.post(ERASE, {"sure": "on"})

    assert "your host reads that it is cancelled" in " ".join(read.split())
    assert ("Everything about you is erased" in text_of(done), done.headers["Clear-Site-Data"]) == (
        True,
        '"cache", "cookies", "storage"',
    )
    assert client.get("/case/").context["form"] is not None
    assert holding(*AMIRA) == set()
    assert list(PersonErasure.objects.values_list("about", "by", "how")) == [
        (there.amira.user.pk, there.amira.user.pk, "own_page")
    ]


def test_stay_that_goes_on_is_named_and_no_button_is_there(amira: Person, hanna: Person) -> None:
    people.match_in(Status.CHECKED_IN, people.request(amira.arrival), people.space(hanna.host))

    page = visitor(amira).get(ERASE)

    assert "A stay is going on." in text_of(page)
    assert 'name="sure"' not in page.content.decode()


def test_coordinator_erases_themselves_from_their_keys(there: World) -> None:
    client = desk_client(there.carla)
    address = f"/admin/accounts/coordinator/person/{there.carla.user.pk}/erase/"
    assert address in client.get("/admin/keys/").content.decode()

    answer = client.post(address, {"sure": "on"})

    assert answer.headers["Location"].startswith("/admin/login")
    assert User.objects.get(pk=there.carla.user.pk).name == ""
