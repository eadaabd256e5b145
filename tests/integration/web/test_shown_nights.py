"""The night that a page showed is the night that is kept, or the page asks again: midnight changes no answer in silence."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from matching.models import ShelterRequest
from tests import people
from tests.integration.web.walks import NEED_ANSWERS, answer_need, problems_of, send
from tests.people import Person

pytestmark = pytest.mark.django_db

EVENING = datetime(2026, 11, 30, 23, 55, tzinfo=timezone.get_default_timezone())
PAST_MIDNIGHT = EVENING + timedelta(minutes=10)
EARLIER = EVENING - timedelta(minutes=10)
LAST, FIRST = date(2026, 11, 30), date(2026, 12, 1)
AGAIN = ("id_start_0", "You chose the night of 30 November, and that day is over. Choose the first night again.")


@pytest.mark.parametrize(
    ("start", "sent_at", "kept"),
    [
        ("tonight", EARLIER, LAST),
        ("tonight", PAST_MIDNIGHT, None),
        ("tomorrow", EARLIER, FIRST),
        ("tomorrow", PAST_MIDNIGHT, FIRST),
        ("tomorrow", PAST_MIDNIGHT + timedelta(days=1), None),
    ],
)
def test_answers_sent_later_keep_the_night_that_was_shown_or_ask_again(
    client: Client, start: str, sent_at: datetime, kept: date | None
) -> None:
    with time_machine.travel(EVENING - timedelta(minutes=20), tick=False):
        check = answer_need(client, when={"start": start, "date": "", "nights": "3"})
    with time_machine.travel(sent_at, tick=False):
        answer = send(client, check)

    assert list(ShelterRequest.objects.values_list("first_night", flat=True)) == ([kept] if kept else [])
    assert (answer.request["PATH_INFO"] == "/need/when/") is (kept is None)


def test_asking_again_says_which_night_was_chosen_and_takes_the_new_answer(client: Client) -> None:
    with time_machine.travel(EVENING, tick=False):
        check = answer_need(client)
    with time_machine.travel(PAST_MIDNIGHT, tick=False):
        asked = send(client, check)
        typed = {"start": "tonight", "nights": "5", "asked_on": str(asked.context["form"]["asked_on"].value())}
        answered = client.post("/need/when/", typed, follow=True)
        send(client, answered)

    assert problems_of(asked) == [AGAIN]
    assert ShelterRequest.objects.get().first_night == FIRST


@pytest.mark.parametrize(("start", "where"), [("tonight", "/need/when/"), ("tomorrow", "/need/stay/")])
def test_question_that_was_read_before_midnight_is_answered_for_its_own_day(
    client: Client, start: str, where: str
) -> None:
    people.place()
    with time_machine.travel(EVENING, tick=False):
        for name in ("people", "children", "needs", "where"):
            client.post(f"/need/{name}/", NEED_ANSWERS[name])
        shown = client.get("/need/when/").context["form"]["asked_on"].value()
    with time_machine.travel(PAST_MIDNIGHT, tick=False):
        answer = client.post("/need/when/", {"start": start, "nights": "2", "asked_on": str(shown)}, follow=True)
        again = client.get("/need/when/").context["form"]

    assert answer.request["PATH_INFO"] == where
    assert start == "tonight" or (again["start"].value(), again.cleaned_data["first_night"]) == ("tonight", FIRST)


def test_button_for_tonight_means_the_day_of_its_page(client: Client) -> None:
    people.place()
    with time_machine.travel(PAST_MIDNIGHT, tick=False):
        client.post("/need/", {"when": "tonight", "asked_on": "2026-11-30"})
        for name in ("people", "children", "needs", "where", "reach"):
            answer = client.post(f"/need/{name}/", NEED_ANSWERS[name], follow=True)

    assert (answer.request["PATH_INFO"], problems_of(answer)) == ("/need/when/", [AGAIN])


def test_new_nights_of_a_request_are_those_that_were_shown(client: Client, amira: Person) -> None:
    with time_machine.travel(EVENING, tick=False):
        asked = people.request(amira.arrival, first_night=LAST, nights=4)
        client.force_login(amira.user)
        shown = client.get(f"/case/request/{asked.pk}/dates/").context["form"]["asked_on"].value()
    with time_machine.travel(PAST_MIDNIGHT, tick=False):
        typed = {"start": "tonight", "nights": "2", "asked_on": str(shown)}
        answer = client.post(f"/case/request/{asked.pk}/dates/", typed)

    asked.refresh_from_db()
    assert (answer.status_code, problems_of(answer), asked.first_night) == (422, [AGAIN], LAST)


def test_day_without_a_year_is_kept_with_its_year(client: Client) -> None:
    with time_machine.travel(EVENING, tick=False):
        answer_need(client, when={"start": "date", "date": "3.12.", "nights": "2"})
    with time_machine.travel(EVENING + timedelta(hours=1), tick=False):
        again = client.get("/need/when/").context["form"]

    assert (again["date"].value(), again.cleaned_data["first_night"]) == ("2026-12-03", date(2026, 12, 3))
