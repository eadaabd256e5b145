"""A host has hosted only by stays that the arrival confirmed and whose last night has passed; who changed tier is counted."""

from __future__ import annotations

import io
import itertools
from typing import Any

import pytest
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction
from django.db.models import QuerySet
from django.test import Client
from django.utils import timezone

from matching import queries, transitions
from matching.deadlines import local_date
from matching.models import Match, ShelterRequest
from matching.refusals import Incomplete
from matching.states import Status
from tests import people
from tests.people import Person, tonight

pytestmark = pytest.mark.django_db

BEGINNING, END = ("host", "arrival", "coordinator"), ("host", "arrival", "coordinator", "worker")
SINCE = {"long over": -40, "ends today": -5, "its last night is to come": -4, "its first day": 0}


def stay(host: Person, *, first_night: int, begun_by: str, ended_by: str, contact: str = "") -> Match:
    """Return a stay of five nights that ended well, noted by these."""
    asked = people.request(people.amira(contact=contact).arrival, first_night=tonight(first_night))
    offered = people.space(host.host, windows=((tonight(first_night), tonight(60)),))
    match, now = people.match_in(Status.CONFIRMED, asked, offered), timezone.now()
    users: dict[str, Any] = {
        "host": host.user,
        "arrival": asked.arrival.user,
        "coordinator": people.carla().user,
        "worker": None,
    }
    transitions.check_in(match.pk, by=users[begun_by], at=now)
    return transitions.complete(match.pk, by=users[ended_by], at=now)


def has_hosted(host: Person) -> bool:
    return queries.records_of({host.host.pk}, local_date(timezone.now()))[host.host.pk].has_hosted


def counted() -> dict[tuple[str, str, str], bool]:
    """Return for each way in which a stay can be noted whether its host has hosted by it."""
    found = {}
    for number, (since, begun_by, ended_by) in enumerate(itertools.product(SINCE, BEGINNING, END)):
        host = people.hanna(contact=f"host{number}@example.org")
        stay(host, first_night=SINCE[since], begun_by=begun_by, ended_by=ended_by)
        found[since, begun_by, ended_by] = has_hosted(host)
    return found


BY_HAND = {
    (since, begun_by, ended_by): since in ("long over", "ends today") and "arrival" in (begun_by, ended_by)
    for since, begun_by, ended_by in itertools.product(SINCE, BEGINNING, END)
}


def test_only_stays_count_that_the_arrival_confirmed_and_whose_last_night_has_passed() -> None:
    assert counted() == BY_HAND


def test_stay_of_a_case_with_a_contact_of_the_host_does_not_count(hanna: Person) -> None:
    """A new host could open a case, stay with themself on paper, and confirm it as the arrival."""
    noted: dict[str, Any] = {"first_night": -40, "begun_by": "arrival", "ended_by": "arrival"}

    stay(hanna, contact=hanna.contact.upper(), **noted)
    assert not has_hosted(hanna)

    stay(hanna, contact="somebody-else@example.org", **noted)
    assert has_hosted(hanna)


def any_completed(_today: Any) -> QuerySet[Match]:
    return Match.objects.filter(status=Status.COMPLETED)


def test_without_the_guard_a_host_alone_becomes_a_known_host_on_the_first_day(
    hanna: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    stay(hanna, first_night=0, begun_by="host", ended_by="host")
    assert not has_hosted(hanna)

    monkeypatch.setattr(queries, "stays_that_count", any_completed)

    assert has_hosted(hanna)


# -- what a household said ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ({}, (False, "")),
        ({"all_women": True}, (True, "women")),
        ({"composition": "women"}, (True, "women")),
        ({"composition": "mixed"}, (False, "mixed")),
        ({"composition": "unsaid"}, (False, "unsaid")),
    ],
)
def test_answer_about_who_they_are_is_kept(said: dict[str, Any], kept: tuple[bool, str]) -> None:
    request = people.request(people.amira().arrival, **{"composition": "", **said})

    row = ShelterRequest.objects.get(pk=request.pk)
    assert (row.all_women, row.composition) == kept


@pytest.mark.parametrize("said", [{"all_women": True, "composition": "mixed"}, {"composition": "no such answer"}])
def test_answers_that_contradict_each_other_are_refused(said: dict[str, Any]) -> None:
    with pytest.raises(Incomplete):
        people.request(people.amira().arrival, **said)


@pytest.mark.parametrize(("all_women", "composition"), [(True, "mixed"), (True, ""), (False, "women"), (False, "odd")])
def test_database_refuses_contradicting_answers(all_women: bool, composition: str) -> None:
    request = people.request(people.amira().arrival)

    with pytest.raises(IntegrityError), transaction.atomic():
        ShelterRequest.objects.filter(pk=request.pk).update(all_women=all_women, composition=composition)


def test_household_that_would_rather_not_say_needs_two_coordinators_with_a_new_host(hanna: Person) -> None:
    match = people.proposed(people.request(people.amira().arrival, composition="unsaid"), people.space(hanna.host))

    assert (match.risks, match.high_risk) == (["not_said", "first_time_host"], True)


def test_one_of_a_split_household_is_looked_at_as_one_person(hanna: Person) -> None:
    asked = people.request(people.amira().arrival, people=3, all_women=True, may_split=True)
    part = transitions.Proposal(
        request=asked, space=people.space(hanna.host), first_night=asked.first_night, last_day=asked.last_day, people=1
    )

    match = transitions.propose(part, by=None, at=timezone.now())

    assert (match.risks, match.high_risk) == (["lone_woman", "first_time_host"], True)


# -- who changed tier -----------------------------------------------------------------------------


def printed() -> list[str]:
    out = io.StringIO()
    call_command("risk_tiers", stdout=out)
    return [line for line in out.getvalue().splitlines() if "match" in line or "noted as" in line]


def test_command_counts_the_live_matches_that_change_tier(hanna: Person) -> None:
    for status in (Status.PROPOSED, Status.PROPOSED, Status.CONFIRMED, Status.DECLINED):
        people.match_in(status, people.request(people.amira().arrival), people.space(hanna.host))
    assert printed() == ["0 live matches are in another tier than noted."]

    # As after the migration: what these households answered is not known.
    with connection.cursor() as cursor:
        cursor.execute("UPDATE matching_shelterrequest SET composition = ''")

    assert printed() == [
        "1 confirmed: noted as one coordinator, now two coordinators",
        "2 proposed: noted as one coordinator, now two coordinators",
        "3 live matches are in another tier than noted.",
    ]


def test_leads_read_the_table_under_settings(lena: Person) -> None:
    client: Client = people.desk_client(lena)

    page = client.get("/admin/deployment/settingchange/settings/", headers={"accept-language": "en"})

    assert [tuple(map(str, row)) for row in page.context["tiers"]] == [
        ("a child in the household", "the household", "two coordinators if the host is new"),
        ("a child alone", "the household", "two coordinators"),
        ("a woman alone", "the household", "two coordinators if the host is new"),
        ("two women", "the household", "two coordinators if the host is new"),
        ("one or two people who did not say who they are", "the household", "two coordinators if the host is new"),
        ("first stay with this host", "the host", "one coordinator"),
        ("a check of the host is overdue", "the host", "two coordinators"),
        ("an earlier complaint about this host", "the host", "two coordinators"),
    ]
    assert b"one or two people who did not say who they are" in page.content
