"""One factor alone never gives a coordinator's rights, neither in a session of the API nor by a token."""

from __future__ import annotations

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from accounts import signing_in
from accounts.models import AccessToken, Coordinator
from matching.models import Match
from tests import people
from tests.integration.api.conftest import Calling
from tests.integration.web.walks import latest_code
from tests.people import Person


@pytest.fixture
def proposal(amira: Person, hanna: Person) -> Match:
    return people.proposed(people.request(amira.arrival), people.space(hanna.host))


def by_session_of(person: Person, *, both: bool) -> APIClient:
    client = APIClient(headers={"accept-language": "en"})
    if both:
        client.cookies = people.desk_client(person).cookies
    else:
        client.force_login(person.user)
    return client


@pytest.mark.parametrize(("both", "status"), [(False, 401), (True, 200)])
def test_session_of_a_coordinator_counts_with_both_factors(
    carla: Person, proposal: Match, both: bool, status: int
) -> None:
    client = by_session_of(carla, both=both)

    assert client.get(f"/api/v1/matches/{proposal.pk}/").status_code == status
    assert client.post("/api/v1/tokens/", {"name": "mine"}, format="json").status_code == (201 if both else 400)


def test_host_who_is_a_coordinator_gets_no_token_by_a_code(hanna: Person, proposal: Match) -> None:
    Coordinator.objects.create(user=hanna.user, all_places=True)
    signing_in.send_code(hanna.contact, source="test", at=timezone.now())
    proof = {"name": "mine", "scope": "write", "contact": hanna.contact, "code": latest_code(hanna.user.pk)}

    answer = APIClient().post("/api/v1/tokens/", proof, format="json")

    assert (answer.status_code, answer.json()["code"]) == (403, "second_factor_needed")
    assert not AccessToken.objects.exists()


def test_host_who_is_a_coordinator_does_nothing_by_the_session_of_a_host(hanna: Person, proposal: Match) -> None:
    Coordinator.objects.create(user=hanna.user, all_places=True)

    answer = by_session_of(hanna, both=False).get(f"/api/v1/matches/{proposal.pk}/")

    assert answer.status_code == 401


def test_api_is_not_open_to_auditors(adil: Person, proposal: Match, calling: Calling) -> None:
    answers = [
        client.get(f"/api/v1/matches/{proposal.pk}/") for client in (calling(adil), by_session_of(adil, both=True))
    ]

    assert [answer.status_code for answer in answers] == [401, 401]
    assert "Auditors" in answers[0].json()["detail"]
