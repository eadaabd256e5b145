"""The people and matches of the tests are made by the real acts, so every status that a test uses can really occur."""

from __future__ import annotations

import pytest

from matching.states import Status
from tests import people


@pytest.mark.parametrize("status", list(Status))
def test_match_in_brings_a_match_to_every_status(db: None, status: Status) -> None:
    asked = people.request(people.amira().arrival)
    offered = people.space(people.hanna().host)

    match = people.match_in(status, asked, offered)

    assert match.status == status
    assert match.events.last().to_status == status


def test_match_in_takes_two_coordinators_for_a_high_risk(db: None) -> None:
    asked = people.request(people.amira().arrival, people=1, all_women=True)

    match = people.match_in(Status.CONFIRMED, asked, people.space(people.hanna().host))

    assert match.high_risk
    assert match.approved_by != match.also_approved_by
