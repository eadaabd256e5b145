"""Who may see which match: the leaks that must not be."""

from __future__ import annotations

import pytest
from django.test import Client
from django.utils import timezone

from matching import queries, transitions
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


@pytest.mark.parametrize(("trusted", "counted"), [(0, "127.0.0.1"), (1, "203.0.113.9")])
def test_tries_are_counted_by_the_address_our_own_proxy_saw(
    trusted: int, counted: str, settings: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.TRUSTED_PROXIES = trusted  # type: ignore[attr-defined]
    seen = []
    monkeypatch.setattr("accounts.throttles.count", lambda what, whose, **_limits: seen.append((what, whose)))

    Client().post(
        "/case/",
        {"case_number": "1111 1111", "secret": "1111 1111 1111"},
        headers={"X-Forwarded-For": "198.51.100.7, 203.0.113.9"},
    )

    assert ("case-from", counted) in seen
