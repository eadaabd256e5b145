"""Automatic approval: off by default, in the name of the lead who switched it on, and never for a match with a risk."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts import coordinators, vetting
from accounts.coordinators import Granted
from accounts.models import HostCheck
from deployment import rules
from matching import transitions
from matching.desk import auto_approval
from matching.models import Match
from matching.refusals import PersonNeeded
from matching.states import Status
from privacy.remarks import words_of
from tests import people
from tests.people import Person, tonight

LATER = timedelta(minutes=6)


def switch(by: Person, on: bool, **more: Any) -> None:
    rules.change(
        {"auto_approve": on, **more}, by=by.user, at=timezone.now(), reason="a busy night", seen=rules.latest_change()
    )


@pytest.fixture
def proven(hanna: Person) -> Person:
    """Hanna, with two stays that ended well."""
    for days_ago in (40, 50):
        assert people.past_stay(hanna.host, days_ago).status == Status.COMPLETED
    return hanna


def proposal(host: Person, **changes: Any) -> Match:
    return people.proposed(people.request(people.amira().arrival, **changes), people.space(host.host))


def run(minutes: timedelta = LATER) -> int:
    return auto_approval.approve_what_may_be(at=timezone.now() + minutes)


def test_automatic_approval_is_off_by_default(proven: Person, lena: Person) -> None:
    proposal(proven)

    assert run() == 0


def test_automatic_approval_acts_in_the_leads_name_and_says_so(proven: Person, lena: Person) -> None:
    match = proposal(proven)
    assert match.risks == []
    switch(lena, True)

    assert (run(timedelta(minutes=4)), run()) == (0, 1)

    match.refresh_from_db()
    last = match.events.last()
    assert last is not None
    assert (match.status, match.approved_by) == (Status.APPROVED, lena.user)
    assert (last.act, last.by, last.role, last.reason) == ("approve", lena.user, "coordinator", "auto_approval")
    assert (last.numbers, words_of(last)) == ({"km": 20, "stays": 2}, "")
    assert match.space.host.user.notifications.filter(event="host_asked").exists()
    assert run() == 0


def test_automatic_approval_stops_when_switched_off(proven: Person, lena: Person) -> None:
    proposal(proven)
    switch(lena, True)
    switch(lena, False)

    assert run() == 0


def left(lead: Person, other: Person) -> None:
    coordinators.send_away(lead.user.coordinator.pk, by=other.user, at=timezone.now(), reason="x")


def demoted(lead: Person, other: Person) -> None:
    granted = Granted("coordinator", all_places=True)
    coordinators.change_rights(lead.user.coordinator.pk, granted, by=other.user, at=timezone.now(), reason="x")


@pytest.mark.parametrize("gone", [left, demoted])
def test_automatic_approval_ends_with_the_leads_rights(
    proven: Person, lena: Person, gone: Callable[[Person, Person], None]
) -> None:
    proposal(proven)
    switch(lena, True)
    other = people.carla("lara", role="lead")

    gone(lena, other)

    assert run() == 0


@pytest.mark.parametrize(
    "changes",
    [
        {"people": 3, "children": 1, "children_ages": (4,)},
        {"people": 1, "children": 1},
        {"people": 1, "all_women": True},
        {"latitude": 43.60, "radius_km": 80.0},
    ],
    ids=["a child", "a child alone", "a lone woman", "too far"],
)
def test_never_with_a_child_a_lone_woman_or_too_far(proven: Person, lena: Person, changes: dict[str, Any]) -> None:
    match = proposal(proven, **changes)
    switch(lena, True)

    assert run() == 0
    match.refresh_from_db()
    assert (match.status, match.approved_by) == (Status.PROPOSED, None)


def test_never_with_a_new_host(hanna: Person, lena: Person) -> None:
    proposal(hanna)
    switch(lena, True, auto_approve_stays=1)

    assert run() == 0


def test_never_on_hold_or_claimed_or_half_approved(proven: Person, lena: Person, carla: Person) -> None:
    frozen = proposal(proven)
    transitions.report_not_safe(frozen.pk, by=carla.user, at=timezone.now())
    switch(lena, True)

    assert run() == 0


def test_a_risk_that_came_after_the_proposal_stops_it_under_the_lock(
    proven: Person, lena: Person, carla: Person
) -> None:
    match = proposal(proven)
    switch(lena, True)
    HostCheck.objects.filter(host=proven.host, kind="identity_seen").update(valid_until=tonight(-1))
    assert "identity_seen" in vetting.missing_checks(proven.host, tonight())

    with pytest.raises(PersonNeeded):
        transitions.approve_by_policy(match.pk, by=lena.user, at=timezone.now(), limits={"km": 20, "stays": 2})
    assert run() == 0
    match.refresh_from_db()
    assert match.status == Status.PROPOSED


def test_a_lead_who_is_the_host_is_not_asked_in_their_own_name(proven: Person, lena: Person) -> None:
    match = proposal(proven)
    proven.user.is_staff = True
    proven.user.save()
    lead = people.Coordinator.objects.create(
        user=proven.user, role="lead", all_places=True, confirmed_at=timezone.now()
    )
    switch(Person(lead.user), True)

    assert run() == 0
    match.refresh_from_db()
    assert match.status == Status.PROPOSED
