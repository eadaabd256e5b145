"""Amira goes on later or on another phone: her answers are kept, and nobody else finds them."""

from __future__ import annotations

import pytest
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client
from django.utils import timezone

from accounts.models import Arrival
from matching.models import KeptDraft, ShelterRequest
from matching.web.pictures import picture_of
from notifications.models import ContactPoint
from tests import people
from tests.integration.web.walks import NEED_ANSWERS, answer_need, ask_for_shelter, send, text_of

pytestmark = pytest.mark.django_db


def other_phone() -> Client:
    return Client(headers={"accept-language": "en"})


def take_numbers(client: Client) -> tuple[str, str]:
    shown = client.post("/need/keep/", follow=True)
    return shown.context["case_number"], shown.context["secret"]


def test_first_page_of_a_question_gives_the_cookie_so_that_no_answer_is_lost(client: Client) -> None:
    client.get("/need/people/")
    before = client.cookies["sessionid"].value

    client.post("/need/people/", NEED_ANSWERS["people"])

    # With a new cookie here, a lost answer would leave the browser without the session that holds the draft.
    assert client.cookies["sessionid"].value == before
    assert Session.objects.count() == 1


def test_draft_goes_on_on_another_phone_with_number_and_secret(client: Client) -> None:
    people.place()
    client.post("/need/people/", NEED_ANSWERS["people"])
    number, secret = take_numbers(client)
    client.post("/need/children/", {"ages": "7"})

    other = other_phone()
    case = other.post("/case/", {"case_number": number, "secret": secret}, follow=True)
    assert case.context["has_draft"] is True
    assert other.get("/need/").context["has_draft"] is True
    assert other.get("/need/children/").context["form"]["ages"].value() == "7"
    for name in ("needs", "where", "when", "stay", "languages", "reach"):
        response = other.post(f"/need/{name}/", NEED_ANSWERS[name], follow=True)
    end = send(other, response)

    assert end.request["PATH_INFO"] == "/case/"
    request = ShelterRequest.objects.get()
    assert (request.arrival.case_number, request.children_ages) == (number.replace(" ", ""), [7])
    assert Arrival.objects.count() == 1
    assert not KeptDraft.objects.exists()


def test_draft_with_a_case_is_sent_from_the_first_phone_in_the_same_case(client: Client) -> None:
    number, secret = take_numbers(client)

    done = send(client, answer_need(client, reach={"contact": "8 700 123 45 67", "name": "Amira", "notes": ""}))

    assert (done.request["PATH_INFO"], done.context["case_number"], done.context["secret"]) == (
        "/need/done/",
        number,
        secret,
    )
    assert (Arrival.objects.count(), KeptDraft.objects.count()) == (1, 0)
    assert (ContactPoint.objects.get().address, Arrival.objects.get().user.name) == ("+77001234567", "Amira")
    assert client.post("/need/done/", follow=True).context["case_number"] == number


def test_secret_that_was_shown_before_is_not_shown_at_the_end(client: Client) -> None:
    number, secret = take_numbers(client)
    onward = client.post("/need/keep/", {"noted": "yes"})
    assert onward.headers["Location"] == "/need/people/"
    assert secret not in text_of(client.get("/need/keep/"))

    done = send(client, answer_need(client))

    assert (number in text_of(done), secret in text_of(done)) == (True, False)
    assert client.get("/need/done/picture.png").headers["Location"] == "/case/"


def test_number_taken_twice_is_one_case(client: Client) -> None:
    client.get("/need/people/")

    assert take_numbers(client) == take_numbers(client)
    assert Arrival.objects.count() == 1


def test_draft_sent_on_one_phone_is_deleted_on_the_other(client: Client) -> None:
    number, secret = take_numbers(client)
    check = answer_need(client)
    other = other_phone()
    other.post("/case/", {"case_number": number, "secret": secret})
    send(other, other.get("/need/check/"))

    send(client, check)

    assert ShelterRequest.objects.count() == 1


def test_draft_with_a_case_lies_encrypted(client: Client) -> None:
    take_numbers(client)
    client.post("/need/people/", NEED_ANSWERS["people"])

    with connection.cursor() as cursor:
        cursor.execute("SELECT content FROM matching_keptdraft")
        (lying,) = cursor.fetchone()

    assert ("adults" in lying, "adults" in KeptDraft.objects.get().content) == (False, True)


def test_outsider_finds_no_draft_of_somebody_else(client: Client, oskar: people.Person) -> None:
    take_numbers(client)
    client.post("/need/people/", NEED_ANSWERS["people"])
    other = other_phone()
    other.force_login(oskar.user)
    oskar.arrival.requests.update(withdrawn_at=timezone.now())

    assert other.get("/need/people/").context["form"]["adults"].value() is None
    assert other.get("/case/").context["has_draft"] is False
    assert other.get("/need/keep/").context["secret"] == ""


def test_begin_anew_forgets_the_draft_that_lies_with_a_case(client: Client) -> None:
    take_numbers(client)
    client.post("/need/people/", NEED_ANSWERS["people"])

    client.post("/need/")

    assert client.get("/need/people/").context["form"]["adults"].value() is None


# -- the picture ----------------------------------------------------------------------------------


def test_picture_holds_the_numbers_and_is_kept_nowhere(client: Client) -> None:
    ask_for_shelter(client)

    response = client.get("/need/done/picture.png")

    assert (response.headers["Content-Type"], response.headers["Cache-Control"]) == ("image/png", "no-store")
    assert response.headers["Content-Disposition"] == 'attachment; filename="numbers.png"'
    done = client.get("/need/done/").context
    assert response.content == picture_of(done["case_number"], done["secret"])
    client.post("/need/done/")
    assert client.get("/need/done/picture.png").headers["Location"] == "/case/"
