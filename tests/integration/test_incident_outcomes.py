"""Whoever acknowledges an incident says in time what came of it, or the paging goes on; the reporter reads what is true."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from deployment import rules
from matching import incidents, paging, rota, transitions
from matching.incidents import OUTCOMES
from matching.models import Incident, Match
from matching.refusals import NotYours, OutcomeNeeded
from matching.states import Role, Status
from matching.web.safety import sentences
from tests import people
from tests.integration.test_incidents import NOON, on_the_rota, paged, reached_by
from tests.people import Person

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _nobody_yet(settings: Any) -> None:
    settings.NOTIFICATION_TRANSPORTS = ["email", "gateway"]
    settings.EMERGENCY_CONTACTS = ["emergency@example.org"]
    settings.HELP_CONTACT = "+7 700 000 00 09"


@pytest.fixture
def match(amira: Person, hanna: Person) -> Match:
    return people.match_in(Status.CONFIRMED, people.request(amira.arrival), people.space(hanna.host))


@pytest.fixture
def incident(match: Match, amira: Person, carla: Person, lena: Person) -> Incident:
    """Amira reported at NOON, Carla is on call and acknowledged two minutes later."""
    reached_by(carla, "carla@example.org")
    reached_by(lena, "lena@example.org")
    on_the_rota(carla)
    transitions.report_not_safe(match.pk, by=amira.user, at=NOON)
    incident = Incident.objects.get()
    incidents.add_words(match, by=amira.user, at=after(1), reach="+7 700 1", happened="")
    incidents.acknowledge(incident.pk, by=carla.user, at=after(2), promised=["arrival"])
    return incident


def after(minutes: int) -> datetime:
    return NOON + timedelta(minutes=minutes)


def note(incident: Incident, by: Person, minutes: int, outcome: str, role: str = "arrival") -> None:
    incidents.note_outcome(incident.pk, by=by.user, at=after(minutes), role=role, outcome=outcome)


def said_to(match: Match, role: Role = Role.ARRIVAL) -> list[str]:
    return sentences(incidents.told_to([match], role)[match.pk])


def steps(incident: Incident) -> list[str]:
    return list(incident.events.values_list("what", flat=True))


def test_no_outcome_in_time_pages_the_next_rung_and_the_reporter_reads_so(match: Match, incident: Incident) -> None:
    too_soon = paging.page_what_is_due(at=after(16))
    promised = said_to(match)[-1]

    due = paging.page_what_is_due(at=after(17))

    incident.refresh_from_db()
    assert (too_soon, due, promised) == (0, 1, "They will call you.")
    assert paged(incident, 2) == {("carla", "rota"), ("lena", "leads")}
    assert (incident.acknowledged_by, incident.acknowledged_at, incident.next_step_at) == (None, None, after(22))
    assert steps(incident)[-2:] == ["lapsed", "paged"]
    assert said_to(match)[-1] == "Nobody has answered yet. Call\xa0+7\xa0700\xa0000\xa000\xa009.".replace(
        "Call\xa0", "Call "
    )


def test_who_acknowledged_from_outside_the_ladder_is_paged_too(match: Match, amira: Person, lena: Person) -> None:
    reached_by(lena, "lena@example.org")
    transitions.report_not_safe(match.pk, by=amira.user, at=NOON)
    incident = Incident.objects.get()
    dana = reached_by(people.carla("dana"), "dana@example.org")
    incidents.acknowledge(incident.pk, by=dana.user, at=after(2))

    paging.page_what_is_due(at=after(17))

    assert ("dana", "acknowledged") in paged(incident, 2)


@pytest.mark.parametrize(
    ("outcome", "paged_at_end_of_day", "says"),
    [
        ("called", 1, "They will call you."),
        ("not_reached", 1, "They will call you."),
        ("reached", 0, "They wrote down on"),
    ],
)
def test_outcome_in_time_pages_nobody_and_only_reached_ends_the_clock(
    match: Match, incident: Incident, carla: Person, outcome: str, paged_at_end_of_day: int, says: str
) -> None:
    note(incident, carla, 10, outcome)
    assert paging.page_what_is_due(at=after(24)) == 0
    assert said_to(match)[-1].startswith(says)

    assert paging.page_what_is_due(at=after(25)) == paged_at_end_of_day


def test_reporter_whom_nobody_reached_reads_so(match: Match, incident: Incident, carla: Person, amira: Person) -> None:
    incidents.add_words(match, by=amira.user, at=after(3), reach="the station", happened="")  # Ends the promise.
    note(incident, carla, 10, "not_reached")

    assert said_to(match)[-1].startswith("They tried to reach you on")
    assert "Nobody has promised to call you." in said_to(match)[-1]


def test_each_reporter_has_an_outcome_of_their_own(
    match: Match, incident: Incident, carla: Person, hanna: Person
) -> None:
    note(incident, carla, 3, "reached")
    transitions.report_not_safe(match.pk, by=hanna.user, at=after(5))
    half = paging.page_what_is_due(at=after(19))
    note(incident, carla, 19, "reached", role="host")

    assert (half, paging.page_what_is_due(at=after(999))) == (0, 0)


def test_further_report_takes_the_outcome_back(match: Match, incident: Incident, carla: Person, amira: Person) -> None:
    note(incident, carla, 3, "reached")
    transitions.report_not_safe(match.pk, by=amira.user, at=after(30))

    incident.refresh_from_db()
    assert (incident.next_step_at, paging.page_what_is_due(at=after(45))) == (after(45), 1)


def test_outcome_after_the_time_ran_out_takes_the_incident_on_again(
    match: Match, incident: Incident, carla: Person
) -> None:
    paging.page_what_is_due(at=after(17))
    note(incident, carla, 18, "reached")

    incident.refresh_from_db()
    assert (incident.acknowledged_by, incident.next_step_at) == (carla.user, None)
    assert steps(incident)[-2:] == ["acknowledged", "reached"]


def test_outcome_is_refused_to_strangers_and_for_what_is_none(incident: Incident, carla: Person, amira: Person) -> None:
    for role, outcome in [("host", "reached"), ("arrival", "closed"), ("arrival", "")]:
        with pytest.raises(OutcomeNeeded):
            note(incident, carla, 3, outcome, role)
    for nobody in (amira, people.oskar()):
        with pytest.raises(NotYours):
            note(incident, nobody, 3, "reached")


def test_minutes_for_an_outcome_are_a_rule(match: Match, amira: Person, carla: Person, lena: Person) -> None:
    rules.change({"outcome_minutes": 3}, by=lena.user, at=NOON, reason="a small team", seen=rules.latest_change())
    transitions.report_not_safe(match.pk, by=amira.user, at=NOON)

    assert incidents.acknowledge(Incident.objects.get().pk, by=carla.user, at=after(1)).next_step_at == after(4)


def test_outcomes_are_steps_with_words() -> None:
    assert [step.value for step in OUTCOMES] == ["called", "reached", "not_reached"]
    assert rota.leads() == []
