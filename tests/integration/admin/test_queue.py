"""The coordinators' queue and match page, over HTTP as Carla would use them."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client
from django.utils import timezone

from matching import transitions
from matching.models import Match
from matching.states import Status
from tests import people
from tests.people import Person

QUEUE = "/admin/matching/match/queue/"
DECIDE = "/admin/matching/match/queue/decide/"

SignIn = Callable[[Person], Client]


@pytest.fixture
def proposal(amira: Person, hanna: Person) -> Match:
    return people.proposed(people.request(amira.arrival), people.space(hanna.host))


def test_queue_shows_what_a_decision_needs(carla: Person, proposal: Match, signed_in: SignIn) -> None:
    page = signed_in(carla).get(QUEUE)

    assert page.status_code == 200
    for words in ("2 people", "Almaty", "0.0 km", "both speak Russian", "first stay with this host"):
        assert words in page.content.decode()
    assert "Amira Testova" not in page.content.decode()
    assert "Abay Avenue" not in page.content.decode()


@pytest.mark.parametrize("count", [1, 3])
def test_queue_needs_the_same_queries_for_one_and_three(
    carla: Person, hanna: Person, signed_in: SignIn, count: int, django_assert_num_queries: Callable[..., object]
) -> None:
    for number in range(count):
        arrival = people.amira(name=f"Amira {number}")
        people.proposed(people.request(arrival.arrival), people.space(hanna.host))
    client = signed_in(carla)

    with django_assert_num_queries(7):  # session, user, coordinator, two of permissions, count, proposals with everyone
        page = client.get(QUEUE)

    assert len(page.context["cards"]) == count


def test_approve_asks_host_and_arrival(carla: Person, proposal: Match, signed_in: SignIn) -> None:
    signed_in(carla).post(DECIDE, {"act": f"approve:{proposal.pk}"})

    proposal.refresh_from_db()
    assert (proposal.status, proposal.approved_by) == (Status.APPROVED, carla.user)
    told = {
        n.event for user in (proposal.space.host.user, proposal.request.arrival.user) for n in user.notifications.all()
    }
    assert {"host_asked", "arrival_asked"} <= told


def test_approve_in_bulk_decides_every_ticked_one(carla: Person, hanna: Person, signed_in: SignIn) -> None:
    proposals = [people.proposed(people.request(people.amira().arrival), people.space(hanna.host)) for _ in range(3)]

    signed_in(carla).post(DECIDE, {"act": "approve", "match": [str(match.pk) for match in proposals[:2]]})

    assert [Match.objects.get(pk=match.pk).status for match in proposals] == ["approved", "approved", "proposed"]


def test_decline_without_a_reason_changes_nothing_and_says_so(
    carla: Person, proposal: Match, signed_in: SignIn
) -> None:
    page = signed_in(carla).post(DECIDE, {"act": "decline", "match": [str(proposal.pk)]}, follow=True)

    proposal.refresh_from_db()
    assert proposal.status == Status.PROPOSED
    assert "Choose a reason from the list." in page.content.decode()


def test_decline_with_a_reason_writes_it_into_the_history(carla: Person, proposal: Match, signed_in: SignIn) -> None:
    signed_in(carla).post(
        f"/admin/matching/match/{proposal.pk}/act/decline/", {"reason": "not_suitable", "note": "stairs"}
    )

    last = proposal.events.last()
    assert last is not None
    assert (last.to_status, last.reason, last.note, last.by) == ("declined", "not_suitable", "stairs", carla.user)


def test_high_risk_needs_two_different_coordinators(carla: Person, hanna: Person, signed_in: SignIn) -> None:
    woman = people.request(people.amira().arrival, people=1, all_women=True)
    match = people.proposed(woman, people.space(hanna.host))
    assert match.high_risk

    signed_in(carla).post(DECIDE, {"act": f"approve:{match.pk}"})
    again = signed_in(carla).post(DECIDE, {"act": f"approve:{match.pk}"}, follow=True)
    match.refresh_from_db()
    assert match.status == Status.PROPOSED
    assert "another coordinator must approve it too" in again.content.decode()

    signed_in(people.carla("clara")).post(DECIDE, {"act": f"approve:{match.pk}"})
    match.refresh_from_db()
    assert match.status == Status.APPROVED


def test_match_page_offers_only_the_acts_of_the_table(carla: Person, proposal: Match, signed_in: SignIn) -> None:
    page = signed_in(carla).get(f"/admin/matching/match/{proposal.pk}/change/")

    assert [act["name"] for act in page.context["acts"]] == ["approve", "decline"]


def test_frozen_match_goes_on_after_a_coordinator_has_looked(
    carla: Person, amira: Person, proposal: Match, signed_in: SignIn
) -> None:
    transitions.approve(proposal.pk, by=carla.user, at=timezone.now())
    transitions.report_not_safe(proposal.pk, by=amira.user, at=timezone.now())

    signed_in(carla).post(f"/admin/matching/match/{proposal.pk}/act/unfreeze/", {"note": "called both"})

    proposal.refresh_from_db()
    assert proposal.frozen_at is None


@pytest.mark.parametrize("who", ["amira", "hanna", "oskar"])
def test_nobody_but_coordinators_gets_in(
    who: str, proposal: Match, signed_in: SignIn, request: pytest.FixtureRequest
) -> None:
    client = signed_in(request.getfixturevalue(who))

    answers = [
        client.get(QUEUE).status_code,
        client.get(f"/admin/matching/match/{proposal.pk}/change/").status_code,
        client.post(DECIDE, {"act": f"approve:{proposal.pk}"}).status_code,
    ]

    proposal.refresh_from_db()
    assert (answers, proposal.status) == ([302, 302, 302], Status.PROPOSED)


def test_a_coordinator_of_another_place_sees_and_decides_nothing(proposal: Match, signed_in: SignIn) -> None:
    elsewhere = signed_in(people.carla("clara-of-oral", places=(people.place("Oral"),)))

    assert elsewhere.get(QUEUE).context["cards"] == []
    assert elsewhere.get(f"/admin/matching/match/{proposal.pk}/change/").status_code == 404
    assert elsewhere.post(f"/admin/matching/match/{proposal.pk}/act/approve/").status_code == 404
    elsewhere.post(DECIDE, {"act": f"approve:{proposal.pk}"})
    proposal.refresh_from_db()
    assert proposal.status == Status.PROPOSED
