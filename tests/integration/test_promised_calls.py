"""A promised call stands on the list until somebody has reached the host; a search is promised while there is one."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts import vetting
from accounts.models import Host
from matching import hosts, incidents, transitions
from matching.desk import call_list
from matching.desk.call_list import ReasonToCall
from matching.models import Incident, Match
from matching.states import Role, Status
from matching.web import story
from notifications.models import Notification
from tests import people
from tests.people import Person

pytestmark = pytest.mark.django_db

PROMISED = "A coordinator will talk to you."


@pytest.fixture
def now() -> datetime:
    return timezone.now()


def to_call(carla: Person, at: datetime) -> list[tuple[int, list[str]]]:
    return [
        (call.host.pk, [why.value for why, _at in call.reasons]) for call in call_list.to_call(carla.user, at).calls
    ]


def call(host: Host, outcome: str, by: Person, at: datetime) -> None:
    vetting.note_call(host, outcome, by=by.user, at=at)


def told(person: Person) -> list[str]:
    return sorted(Notification.objects.filter(recipient=person.user).values_list("event", flat=True))


def page_of(hanna: Person) -> str:
    client = Client(headers={"accept-language": "en"})
    client.force_login(hanna.user)
    return client.get("/host/").content.decode()


def test_suspended_host_is_called_until_reached_and_the_page_says_so_as_long(
    carla: Person, hanna: Person, now: datetime
) -> None:
    people.space(hanna.host)
    before = to_call(carla, now)
    hosts.suspend(hanna.host.pk, by=carla.user, at=now, reason="a complaint")
    waits = [(hanna.host.pk, ["suspended"])]
    found, says = [to_call(carla, now)], [PROMISED in page_of(hanna)]

    call(hanna.host, "no_answer", carla, now)
    found.append(to_call(carla, now + timedelta(days=1)))
    says.append(PROMISED in page_of(hanna))
    call(hanna.host, "reached", carla, now + timedelta(minutes=1))
    found.append(to_call(carla, now + timedelta(days=2)))
    says.append(PROMISED in page_of(hanna))

    assert (before, found, says) == ([], [waits, waits, []], [True, True, False])
    assert "host_on_hold" in told(hanna)


def test_call_before_the_suspension_does_not_count(carla: Person, hanna: Person, now: datetime) -> None:
    people.space(hanna.host)
    call(hanna.host, "reached", carla, now - timedelta(days=1))
    hosts.suspend(hanna.host.pk, by=carla.user, at=now, reason="a complaint")

    assert to_call(carla, now) == [(hanna.host.pk, ["suspended"])]


def broken_off(amira: Person, hanna: Person, at: datetime, reason: str = "not_suitable") -> Match:
    match = people.match_in(Status.CHECKED_IN, people.request(amira.arrival), people.space(hanna.host))
    return transitions.break_off(match.pk, by=amira.user, at=at, reason=reason)


def test_host_whose_stay_was_broken_off_is_called_until_reached(
    carla: Person, amira: Person, hanna: Person, now: datetime
) -> None:
    broken_off(amira, hanna, now)
    waits = [(hanna.host.pk, ["broken_off"])]

    found = [to_call(carla, now)]
    call(hanna.host, "call_back", carla, now)
    found.append(to_call(carla, now + timedelta(days=1)))
    call(hanna.host, "reached", carla, now + timedelta(days=1))
    found.append(to_call(carla, now + timedelta(days=2)))

    assert found == [waits, waits, []]
    assert "host_broken_off" in told(hanna)


def test_while_an_incident_is_open_whoever_looks_after_it_decides_when_to_call(
    carla: Person, amira: Person, hanna: Person, lena: Person, now: datetime
) -> None:
    match = broken_off(amira, hanna, now, reason="not_safe")
    meanwhile = to_call(carla, now)
    incident = Incident.objects.get(match=match)
    incidents.acknowledge(incident.pk, by=carla.user, at=now)
    for each in (carla, lena):
        incidents.close(incident.pk, by=each.user, at=now, outcome="moved")

    assert (meanwhile, to_call(carla, now)) == ([], [(hanna.host.pk, ["broken_off"])])


@pytest.mark.parametrize("status", [Status.APPROVED, Status.CONFIRMED])
def test_household_whose_request_a_coordinator_withdraws_is_not_promised_a_search(
    status: Status, carla: Person, amira: Person, hanna: Person, now: datetime
) -> None:
    match = people.match_in(status, people.request(amira.arrival), people.space(hanna.host))

    transitions.withdraw_request(match.request_id, by=carla.user, at=now)

    match = Match.objects.select_related("request").get()
    assert "arrival_withdrawn" in told(amira)
    assert "arrival_cancelled" not in told(amira)
    assert "looking" not in story.of_match(match, Role.ARRIVAL).next


def test_household_whose_match_alone_is_cancelled_is_promised_a_search(
    carla: Person, amira: Person, hanna: Person, now: datetime
) -> None:
    """The control of the last one."""
    match = people.match_in(Status.CONFIRMED, people.request(amira.arrival), people.space(hanna.host))

    match = transitions.cancel(match.pk, by=carla.user, at=now, reason="not_suitable")

    assert "arrival_cancelled" in told(amira)
    assert "looking" in story.of_match(match, Role.ARRIVAL).next


def test_reason_to_call_is_the_same_for_the_page_and_the_list(carla: Person, hanna: Person, now: datetime) -> None:
    assert not call_list.is_to_be_called(hanna.host, ReasonToCall.SUSPENDED, at=now)
