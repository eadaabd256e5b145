"""Hanna's calendar: a month's free, held and taken nights, each with a word."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from matching import transitions
from matching.states import Status
from matching.web.nights import Month, NightState, read_month
from tests import people
from tests.integration.web.walks import text_of
from tests.people import Person, tonight

pytestmark = pytest.mark.django_db
NOON = datetime(2022, 9, 10, 12, tzinfo=ZoneInfo("Asia/Almaty"))


def kinds(month: Month) -> dict[int, str]:
    return {night.day.day: night.kind.value for week in month.weeks for night in week if night}


def shown(client: Client, person: Person, query: str = "") -> list[Month]:
    client.force_login(person.user)
    return [card.month for card in client.get(f"/host/{query}").context["spaces"]]


@time_machine.travel(NOON)
@pytest.mark.parametrize(("status", "kind"), [(Status.APPROVED, "held"), (Status.CONFIRMED, "taken")])
def test_month_tells_free_held_and_taken_nights_apart(client: Client, status: Status, kind: str) -> None:
    hanna, amira = people.hanna(), people.amira()
    space = people.space(hanna.host, windows=((tonight(-2), tonight(8)),))
    people.match_in(status, people.request(amira.arrival, first_night=tonight(2), nights=3), space)

    (month,) = shown(client, hanna)

    assert kinds(month) == {
        **dict.fromkeys(range(1, 31), "none"),
        **dict.fromkeys(range(8, 18), "free"),
        **dict.fromkeys(range(12, 15), kind),
    }
    assert [night.day.day for week in month.weeks for night in week if night and night.over] == list(range(1, 10))


@time_machine.travel(NOON)
def test_month_counts_the_free_beds_of_a_shared_space(client: Client) -> None:
    hanna = people.hanna()
    space = people.space(hanna.host, shared=True, windows=((tonight(), tonight(4)),))
    for nights, name in ((3, "Amira"), (1, "Amal")):
        asked = people.request(people.amira(name=name).arrival, nights=nights, people=1 if name == "Amal" else 2)
        people.match_in(Status.CONFIRMED, asked, space)

    (month,) = shown(client, hanna)

    nights = {
        night.day.day: (night.kind, night.people, night.free, night.words)
        for week in month.weeks
        for night in week
        if night
    }
    assert [nights[day] for day in (10, 11, 12, 13, 14)] == [
        (NightState.TAKEN, 3, 0, "taken"),
        (NightState.PART, 2, 1, "1 free"),
        (NightState.PART, 2, 1, "1 free"),
        (NightState.FREE, 0, 3, "free"),
        (NightState.NOT_OFFERED, 0, 0, "not offered"),
    ]


@time_machine.travel(NOON)
def test_proposal_nobody_has_approved_looks_free(client: Client) -> None:
    hanna = people.hanna()
    space = people.space(hanna.host, windows=((tonight(), tonight(5)),))
    people.match_in(Status.PROPOSED, people.request(people.amira().arrival), space)

    (month,) = shown(client, hanna)

    assert {kinds(month)[day] for day in range(10, 15)} == {"free"}


@time_machine.travel(NOON)
def test_next_month_is_a_link_away_for_every_space(client: Client) -> None:
    hanna = people.hanna()
    for _number in range(2):
        people.space(hanna.host, windows=((date(2022, 9, 28), date(2022, 10, 3)),))

    this = shown(client, hanna)
    then = shown(client, hanna, "?month=2022-10")

    assert [(month.before, month.after) for month in (*this, *then)] == [("", "2022-10")] * 2 + [
        ("2022-09", "2022-11")
    ] * 2
    assert [kinds(month)[1] for month in then] == ["free", "free"]
    assert [kinds(month)[3] for month in then] == ["none", "none"]


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("2022-10", date(2022, 10, 1)),
        ("2024-09", date(2024, 9, 1)),
        ("2024-10", date(2022, 9, 1)),
        ("2022-08", date(2022, 9, 1)),
        ("2022-13", date(2022, 9, 1)),
        ("9999999-1", date(2022, 9, 1)),
        ("", date(2022, 9, 1)),
        ("<b>", date(2022, 9, 1)),
    ],
)
def test_unknown_month_leads_to_the_present_one(text: str, read: date) -> None:
    assert read_month(text, date(2022, 9, 10)) == read


@time_machine.travel(NOON)
@pytest.mark.parametrize(("language", "first"), [("en", "Monday"), ("ru", "понедельник")])
def test_week_begins_on_the_day_of_the_language(language: str, first: str) -> None:
    hanna = people.hanna(language=language)
    people.space(hanna.host)
    (month,) = shown(Client(headers={"accept-language": language}), hanna)

    assert str(month.weekdays[0][1]).lower() == first.lower()
    assert {len(week) for week in month.weeks} == {7}
    days = [night.day for week in month.weeks for night in week if night]
    assert days == [date(2022, 9, 1) + timedelta(days=number) for number in range(30)]


@time_machine.travel(NOON)
def test_table_reads_well_without_seeing_it(client: Client) -> None:
    hanna = people.hanna()
    people.space(hanna.host, windows=((tonight(), tonight(5)),))
    client.force_login(hanna.user)

    table = re.search(r"<table.*?</table>", text_of(client.get("/host/")), re.S)

    assert table
    assert re.search(r"<caption> ?September 2022: the nights in Almaty ?</caption>", table[0])
    assert len(re.findall(r'<th scope="col"> ?<abbr title="\w+">', table[0])) == 7
    cells = re.findall(r"<td class=.*?</td>", table[0], re.S)
    words = [re.sub(r"<[^>]+>", "", cell).strip().split(" ", 1) for cell in cells]
    assert [word for _day, word in words[9:15]] == ["free"] * 5 + ["not offered"]
    assert [int(day) for day, _word in words] == list(range(1, 31))


def test_other_hosts_nights_are_not_there(client: Client, hanna: Person, oskar: Person, amira: Person) -> None:
    match = people.match_in(Status.CONFIRMED, people.request(amira.arrival), people.space(hanna.host))

    (month,) = shown(client, oskar)

    assert set(kinds(month).values()) <= {"free", "none"}
    transitions.cancel(match.pk, by=hanna.user, at=timezone.now(), reason="other")


def test_calendar_opens_on_the_first_month_with_a_night_to_come(hanna: Person) -> None:
    """A space that is free from a later month on shows that month first, and the months before only if asked for."""
    later = (tonight().replace(day=1) + timedelta(days=70)).replace(day=5)
    space = people.space(hanna.host, windows=((later, later + timedelta(days=4)),))
    client = Client(headers={"accept-language": "en"})
    client.force_login(hanna.user)

    opened, asked = client.get("/host/"), client.get(f"/host/?month={tonight():%Y-%m}")

    shown = [answer.context["spaces"][0].month.first for answer in (opened, asked)]
    assert space.windows.count() == 1
    assert shown == [later.replace(day=1), tonight().replace(day=1)]
