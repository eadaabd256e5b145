"""A person sees only the matches that they may see: tests of leaks that must not happen."""

from __future__ import annotations

from datetime import datetime

import pytest
from django.test import Client
from django.utils import timezone

from accounts import throttles
from accounts.throttles import Budget
from matching import queries, transitions
from matching.models import Match
from matching.states import Status
from tests import people
from tests.people import Person

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("ending", ["still open", "declined", "expired"])
def test_first_of_two_approvals_tells_nobody(ending: str, amira: Person, hanna: Person, carla: Person) -> None:
    asked = people.request(amira.arrival, people=1, all_women=True)
    match = people.proposed(asked, people.space(hanna.host))
    transitions.approve(match.pk, by=carla.user, at=timezone.now())
    if ending == "declined":
        transitions.decline(match.pk, by=carla.user, at=timezone.now(), reason="other")
    if ending == "expired":
        transitions.expire(match.pk, at=timezone.now())

    assert [queries.matches_visible_to(person.user).count() for person in (amira, hanna, carla)] == [0, 0, 1]


def test_complaint_after_the_proposal_asks_for_a_second_coordinator(
    amira: Person, hanna: Person, carla: Person
) -> None:
    before = people.match_in(Status.CHECKED_IN, people.request(amira.arrival), people.space(hanna.host))
    match = people.proposed(people.request(people.amira(name="Aigul").arrival), people.space(hanna.host))
    transitions.report_not_safe(before.pk, by=amira.user, at=timezone.now())

    transitions.approve(match.pk, by=carla.user, at=timezone.now())

    match.refresh_from_db()
    assert (match.status, match.high_risk, "earlier_complaint" in match.risks) == (Status.PROPOSED, True, True)


@pytest.mark.parametrize("status", list(Status))
def test_host_and_arrival_see_a_match_from_its_approval_on(
    status: Status, amira: Person, hanna: Person, oskar: Person
) -> None:
    people.match_in(status, people.request(amira.arrival), people.space(hanna.host))

    seen = [queries.matches_visible_to(person.user).count() for person in (amira, hanna, oskar)]

    assert seen == ([0, 0, 0] if status is Status.PROPOSED else [1, 1, 0])


def test_proposals_in_the_queue_are_those_among_the_visible_matches(
    amira: Person, hanna: Person, oskar: Person, carla: Person
) -> None:
    """The queue's own shorter query shows the same proposals: a new one, one approved once, and one in another place."""
    proposed = people.proposed(people.request(amira.arrival), people.space(hanna.host))
    asked = people.request(people.amira().arrival, people=1, all_women=True)
    once = people.proposed(asked, people.space(hanna.host))
    transitions.approve(once.pk, by=carla.user, at=timezone.now())
    far = people.proposed(people.request(people.amira().arrival), people.space(hanna.host, place=people.place("Oral")))
    people.match_in(Status.CONFIRMED, people.request(people.amira().arrival), people.space(hanna.host))
    local, there = (people.carla(name, places=(people.place(name),)) for name in ("Almaty", "Oral"))
    nowhere = people.carla("nowhere", places=(people.place("Tbilisi"),))
    callers = (amira, hanna, oskar, carla, people.lena(), people.adil(), local, there, nowhere)

    seen = [set(queries.proposals_visible_to(person.user)) for person in callers]

    of_all = [queries.matches_visible_to(person.user).filter(status=Status.PROPOSED) for person in callers]
    assert seen == [set(matches) for matches in of_all]
    everything: set[Match] = {proposed, once, far}
    assert seen == [set(), set(), set(), everything, everything, everything, everything, {far}, set()]


@pytest.mark.parametrize(("trusted", "counted"), [(0, "127.0.0.1"), (1, "203.0.113.9")])
def test_sign_in_tries_are_counted_by_the_address_that_our_own_proxy_saw(
    trusted: int, counted: str, settings: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.TRUSTED_PROXIES = trusted  # type: ignore[attr-defined]
    seen = []
    paid = throttles.pay

    def noted(*budgets: Budget, at: datetime) -> throttles.Paid:
        seen.extend((budget.what, budget.whose) for budget in budgets)
        return paid(*budgets, at=at)

    monkeypatch.setattr(throttles, "pay", noted)

    Client().post(
        "/case/",
        {"case_number": "1111 1111", "secret": "1111 1111 1111"},
        headers={"X-Forwarded-For": "198.51.100.7, 203.0.113.9"},
    )

    assert ("case-from", counted) in seen
