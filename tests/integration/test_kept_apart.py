"""Pairs kept apart by a report: taken back by two people alone, and in force again after a further report or an import."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils import timezone

from accounts.coordinators import NotLead
from matching import incidents, transitions
from matching.importing.row_by_row import take_in_requests, take_in_spaces
from matching.models import Incident, KeptApart, Match, ShelterRequest, Space
from matching.refusals import AnotherMustAgree, IncidentOpen, IncidentOver, Incomplete, NoRoomLeft
from matching.states import Status
from matching.worker import matchmaking
from privacy import retention
from tests import people
from tests.integration.test_imports import request_rows, space_rows
from tests.people import Person

pytestmark = pytest.mark.django_db

HANNA = {"phone": "+77015550101", "host": "Hanna"}


@pytest.fixture
def match(amira: Person, hanna: Person) -> Match:
    match = people.match_in(Status.CONFIRMED, people.request(amira.arrival), people.space(hanna.host))
    transitions.report_not_safe(match.pk, by=amira.user, at=timezone.now())
    transitions.cancel(match.pk, by=amira.user, at=timezone.now(), reason="other")
    return match


def closed(match: Match, one: Person, other: Person) -> Incident:
    incident = Incident.objects.get(match=match, closed_at=None)
    incidents.acknowledge(incident.pk, by=one.user, at=timezone.now(), promised=[])
    for person in (one, other):
        incidents.close(incident.pk, by=person.user, at=timezone.now(), outcome="mistake")
    return incident


def again(incident: Incident, by: Person, reason: str = "") -> KeptApart:
    return incidents.let_meet_again(incident.pk, by=by.user, at=timezone.now(), reason=reason)


def test_two_people_of_whom_one_leads_let_the_two_meet_again(match: Match, carla: Person, lena: Person) -> None:
    other = people.carla("other")
    incident = closed(match, carla, lena)

    with pytest.raises(Incomplete):
        again(incident, carla)
    again(incident, carla, "Amira mixed up two hosts.")
    with pytest.raises(AnotherMustAgree):
        again(incident, carla)
    with pytest.raises(NotLead):
        again(incident, other)
    with pytest.raises(NoRoomLeft):
        people.proposed(match.request, match.space)
    row = again(incident, lena)

    assert (row.asked_by_id, row.taken_back_by_id, row.reason) == (
        *(carla.user.pk, lena.user.pk),
        "Amira mixed up two hosts.",
    )
    assert list(incident.events.values_list("what", flat=True))[-2:] == ["meet_asked", "meet_agreed"]
    assert people.proposed(match.request, match.space).status == "proposed"
    with pytest.raises(IncidentOver):
        again(incident, lena)


def test_pair_stays_while_an_incident_is_open(match: Match, carla: Person) -> None:
    with pytest.raises(IncidentOpen):
        again(Incident.objects.get(), carla, "A mistake.")


def test_further_report_puts_it_in_force_again(match: Match, amira: Person, carla: Person, lena: Person) -> None:
    incident = closed(match, carla, lena)
    again(incident, carla, "A mistake.")
    again(incident, lena)

    transitions.report_not_safe(match.pk, by=amira.user, at=timezone.now())

    row = KeptApart.objects.get()
    assert (row.taken_back_at, row.asked_by, row.reason) == (None, None, "")
    with pytest.raises(NoRoomLeft):
        people.proposed(match.request, match.space)


def test_database_refuses_one_person_twice(match: Match, carla: Person) -> None:
    with pytest.raises(IntegrityError, match="kept_apart_taken_back_by_two"), transaction.atomic():
        KeptApart.objects.update(asked_by=carla.user, taken_back_by=carla.user, taken_back_at=timezone.now())


def test_reason_is_erased_by_the_clock_of_incidents(match: Match, carla: Person, lena: Person) -> None:
    incident = closed(match, carla, lena)
    again(incident, carla, "A mistake.")
    again(incident, lena)

    retention.forget_what_is_old(at=timezone.now() + timedelta(days=91))

    assert KeptApart.objects.get().reason == ""


def test_incident_page_shows_the_other_guests_and_the_pair(
    match: Match, hanna: Person, carla: Person, lena: Person, signed_in: Callable[[Person], Client]
) -> None:
    other = people.match_in(Status.CONFIRMED, people.request(people.amira().arrival), people.space(hanna.host))
    incident = closed(match, carla, lena)
    page = f"/admin/matching/incident/{incident.pk}/change/"

    shown = signed_in(carla).get(page).content.decode()

    assert f"/admin/matching/match/{other.pk}/change/" in shown
    signed_in(carla).post(f"/admin/matching/incident/{incident.pk}/act/meet-again/", {"note": "A mistake."})
    signed_in(lena).post(f"/admin/matching/incident/{incident.pk}/act/meet-again/")
    assert KeptApart.objects.get().taken_back_by_id == lena.user.pk
    assert "meet-again" not in signed_in(carla).get(page).content.decode()


def test_people_imported_anew_under_other_rows_stay_apart(carla: Person) -> None:
    people.place("Almaty")
    now = timezone.now()
    take_in_spaces(space_rows(HANNA), by=None, at=now)
    take_in_requests(request_rows({"phone": "+77010000001"}), by=None, at=now)
    space, request = Space.objects.get(), ShelterRequest.objects.get()
    if space.host.status != "vetted":
        people.vet(space.host, by=carla)
    match = people.match_in(Status.CONFIRMED, request, space)
    transitions.report_not_safe(match.pk, by=request.arrival.user, at=now)
    transitions.cancel(match.pk, by=request.arrival.user, at=now, reason="other")
    transitions.withdraw_request(request.pk, by=request.arrival.user, at=now)

    take_in_spaces(space_rows(HANNA | {"space_id": "s2"}), by=None, at=now)
    take_in_requests(request_rows({"request_id": "r2", "phone": "+77010000001"}), by=None, at=now)

    new_space, new_request = (
        Space.objects.exclude(pk=space.pk).get(),
        ShelterRequest.objects.exclude(pk=request.pk).get(),
    )
    matchmaking.match_open_requests(now=timezone.now)
    assert not Match.objects.filter(request=new_request).exists()
    with pytest.raises(NoRoomLeft):
        people.proposed(new_request, new_space)
    # The negative control.
    KeptApart.objects.all().delete()
    assert people.proposed(new_request, new_space).status == "proposed"
