"""Dates bind acts: what may be said of the first evening and when, by every door; the minute; and the hour to take it back."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import product
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from matching import transitions
from matching.deadlines import evening_of, local_date
from matching.desk import decisions
from matching.models import Match, PendingDecision
from matching.refusals import NoRoomLeft, PlacedAlready, RequestNotOpen, TooEarly, TooLateToTakeBack
from matching.states import Act, Role, Status
from matching.transitions import moves
from notifications.models import Notification
from tests import people
from tests.people import Person, tonight

pytestmark = pytest.mark.django_db

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
DOORS = ("pages", "api", "desk")
WHO = {"pages": ("amira", "hanna"), "api": ("amira", "hanna", "carla"), "desk": ("carla",)}


@pytest.fixture
def match(amira: Person, hanna: Person, carla: Person) -> Match:
    return people.match_in(
        Status.CONFIRMED, people.request(amira.arrival, first_night=tonight(1)), people.space(hanna.host)
    )


@pytest.fixture
def evening(match: Match) -> datetime:
    return evening_of(match.first_night)


def status(match: Match) -> str:
    return Match.objects.get(pk=match.pk).status


def knock(door: str, person: Person, match: Match, act: str) -> None:
    """Say one thing through one door, as this person, at the moment to which the clock was set."""
    path = {
        "pages": f"/{'host' if person.user == match.space.host.user else 'case'}/match/{match.pk}/{act}/",
        "api": f"/api/v1/matches/{match.pk}/{act.replace('_', '-')}/",
        "desk": f"/admin/matching/match/{match.pk}/act/{act}/",
    }[door]
    client = people.client_of(person)
    if door == "api":
        assert client.post(path, {}, content_type="application/json").status_code < 500
    else:
        assert client.post(path).status_code < 500


def moments(evening: datetime) -> dict[str, datetime]:
    midnight = timezone.localtime(evening).replace(hour=0)
    return {
        "the day before": midnight - MINUTE,
        "from the first day on": midnight + MINUTE,
        "before the evening's hour": evening - MINUTE,
        "after the evening's hour": evening + MINUTE,
        "the next day": evening + timedelta(hours=12),
    }


SAYABLE = {
    Act.CHECK_IN: {"from the first day on", "before the evening's hour", "after the evening's hour", "the next day"},
    Act.NO_SHOW: {"after the evening's hour", "the next day"},
}
MAY = {Act.CHECK_IN: {"amira", "hanna", "carla"}, Act.NO_SHOW: {"hanna", "carla"}}
COUNTS_AS = {Act.CHECK_IN: Status.CHECKED_IN, Act.NO_SHOW: Status.NO_SHOW}


@pytest.mark.parametrize("door", DOORS)
def test_every_door_keeps_to_the_dates_and_waits_a_minute(
    door: str, match: Match, evening: datetime, amira: Person, hanna: Person, carla: Person
) -> None:
    cast, wrong = {"amira": amira, "hanna": hanna, "carla": carla}, []
    for who, act, (name, moment) in product(WHO[door], SAYABLE, moments(evening).items()):
        allowed = name in SAYABLE[act] and who in MAY[act]
        with people.undone(), time_machine.travel(moment, tick=False):
            knock(door, cast[who], match, act)
            at_once = status(match)
            decisions.carry_out_due(at=moment + timedelta(seconds=59))
            before = status(match)
            decisions.carry_out_due(at=moment + MINUTE)
            found = (at_once, before, status(match))
        told = Status.CONFIRMED, Status.CONFIRMED, COUNTS_AS[act] if allowed else Status.CONFIRMED
        if found != told:
            wrong.append(f"{who} {act} {name}: {found}")
    assert wrong == []


@pytest.mark.parametrize("act", ["check_in", "no_show"])
def test_a_page_asks_first_and_says_what_follows(act: str, match: Match, evening: datetime, hanna: Person) -> None:
    with time_machine.travel(evening + MINUTE, tick=False):
        client = people.client_of(hanna)
        card = client.get("/host/").context["live"][0]
        page = client.get(f"/host/match/{match.pk}/{act}/").content.decode()

    assert [offered.asks_first for offered in card.acts if offered.name == act] == [True]
    assert "you can take it back" in " ".join(page.split()).replace("For an hour you can", "you can")
    assert (status(match), PendingDecision.objects.count()) == (Status.CONFIRMED, 0)


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("act", list(SAYABLE))
def test_own_word_is_taken_back_within_the_minute_and_nobody_hears(
    act: Act, door: str, match: Match, evening: datetime, hanna: Person, carla: Person
) -> None:
    person = carla if door == "desk" else hanna
    before, lines = Notification.objects.count(), match.events.count()
    with time_machine.travel(evening + MINUTE, tick=False):
        knock(door, person, match, act)
        assert PendingDecision.objects.filter(match=match, act=act).count() == 1
        (transitions.take_back_check_in if act is Act.CHECK_IN else transitions.take_back_no_show)(
            match.pk, by=person.user, at=timezone.now()
        )
        decisions.carry_out_due(at=evening + HOUR)

    assert (status(match), match.events.count(), Notification.objects.count()) == (Status.CONFIRMED, lines, before)


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("act", list(SAYABLE))
def test_what_counts_is_taken_back_for_an_hour(
    act: Act, door: str, match: Match, evening: datetime, hanna: Person, carla: Person
) -> None:
    person, said_at = carla if door == "desk" else hanna, evening + MINUTE
    for late, expected in ((HOUR, Status.CONFIRMED), (HOUR + MINUTE, COUNTS_AS[act])):
        with people.undone():
            transitions.SAID[act](match.pk, by=hanna.user, at=said_at)
            with time_machine.travel(said_at + late, tick=False):
                knock(door, person, match, f"undo_{act}")
            assert status(match) == expected


def test_no_show_is_taken_back_only_while_the_room_is_free(match: Match, evening: datetime, hanna: Person) -> None:
    at = evening + MINUTE
    transitions.no_show(match.pk, by=hanna.user, at=at)
    other = people.request(people.amira().arrival, first_night=match.first_night)
    people.proposed(other, match.space)

    with pytest.raises(NoRoomLeft):
        transitions.undo_no_show(match.pk, by=hanna.user, at=at)
    assert status(match) == Status.NO_SHOW


def test_no_show_of_a_household_that_withdrew_or_sleeps_elsewhere_is_not_taken_back(
    match: Match, evening: datetime, amira: Person, hanna: Person
) -> None:
    at = evening + MINUTE
    transitions.no_show(match.pk, by=hanna.user, at=at)
    with people.undone():
        transitions.withdraw_request(match.request_id, by=amira.user, at=at)
        with pytest.raises(RequestNotOpen):
            transitions.undo_no_show(match.pk, by=hanna.user, at=at)
    people.proposed(match.request, people.space(hanna.host, address="Her other flat"), leg=2)
    with pytest.raises(PlacedAlready):
        transitions.undo_no_show(match.pk, by=hanna.user, at=at)


def test_whoever_is_there_overrules_a_no_show_that_does_not_count_yet(
    match: Match, evening: datetime, amira: Person, hanna: Person
) -> None:
    at = evening + MINUTE
    transitions.say_no_show(match.pk, by=hanna.user, at=at)
    transitions.say_check_in(match.pk, by=amira.user, at=at)
    decisions.carry_out_due(at=at + MINUTE)

    assert (status(match), [event.act for event in match.events.all()][-1]) == (Status.CHECKED_IN, "check_in")


@pytest.mark.parametrize("role", [Role.HOST, Role.ARRIVAL])
def test_not_safe_is_never_held_back_and_stops_what_is(
    role: Role, match: Match, evening: datetime, amira: Person, hanna: Person
) -> None:
    at, person = evening + MINUTE, hanna if role is Role.HOST else amira
    transitions.say_check_in(match.pk, by=amira.user, at=at)
    with time_machine.travel(at, tick=False):
        knock("pages", person, match, "not_safe")
    decisions.carry_out_due(at=at + MINUTE)

    frozen = Match.objects.get(pk=match.pk)
    assert (frozen.status, frozen.frozen_at, PendingDecision.objects.count()) == (Status.CONFIRMED, at, 0)


@pytest.mark.parametrize(("hour", "minutes", "early"), [(20, 1, False), (20, -1, True), (22, -61, True)])
def test_hour_of_the_deployment_binds_a_no_show(
    hour: int, minutes: int, early: bool, match: Match, hanna: Person, settings: Any
) -> None:
    settings.EVENING_HOUR = hour
    at = evening_of(match.first_night) + timedelta(minutes=minutes)
    say: Callable[..., Match] = transitions.no_show
    if early:
        with pytest.raises(TooEarly):
            say(match.pk, by=hanna.user, at=at)
    else:
        say(match.pk, by=hanna.user, at=at)
    assert (status(match) == Status.CONFIRMED) == early
    assert local_date(at) == match.first_night


def test_taken_back_too_late_says_so(match: Match, evening: datetime, hanna: Person) -> None:
    at = evening + MINUTE
    transitions.check_in(match.pk, by=hanna.user, at=at)

    with pytest.raises(TooLateToTakeBack):
        transitions.undo_check_in(match.pk, by=hanna.user, at=at + HOUR + MINUTE)


def test_page_that_waits_says_so_and_offers_to_take_it_back(match: Match, evening: datetime, amira: Person) -> None:
    with time_machine.travel(evening + MINUTE, tick=False):
        client: Client = people.client_of(amira)
        client.post(f"/case/match/{match.pk}/check_in/")
        page = client.get("/case/")

    card = page.context["cards"][0].live[0]
    assert (card.held, [offered.name for offered in card.acts]) == (True, ["undo_check_in", "cancel"])


def test_without_the_guard_a_household_is_said_not_to_come_days_before(
    match: Match, evening: datetime, hanna: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control: with the guard off, the harm happens."""
    monkeypatch.setattr(moves, "check_moment", lambda *_: None)
    transitions.no_show(match.pk, by=hanna.user, at=evening - timedelta(days=3))

    assert status(match) == Status.NO_SHOW
