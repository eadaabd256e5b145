"""A request's nights change while the worker proposes the old ones: no match remains on nights that nobody asked for.

Each order of the two acts has its negative control: without the guard the same race leaves such a match.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone

from accounts.refusals import Refused
from matching import intake, queries, redating, transitions
from matching.models import Match, ShelterRequest
from matching.refusals import OutsideRequest, Overtaken
from matching.states import Status
from matching.transitions import Proposal
from tests import people
from tests.concurrency.test_last_bed import guard_off
from tests.people import tonight
from tests.processes import sessions_waiting, wait_for

pytestmark = pytest.mark.django_db(transaction=True)

Act = Callable[[], Any]


@pytest.fixture
def asked() -> ShelterRequest:
    return people.request(people.amira().arrival, nights=5)


@pytest.fixture
def propose(asked: ShelterRequest) -> Act:
    """Propose the nights that are asked for now, in a space that is free on all of them."""
    proposal = Proposal(asked, people.space(people.hanna().host), tonight(), tonight(5), asked.people)
    return lambda: transitions.propose(proposal, by=None, at=timezone.now())


@pytest.fixture
def propose_many(asked: ShelterRequest) -> Act:
    """Propose the same nights with the act that a round uses."""
    proposal = Proposal(asked, people.space(people.hanna().host), tonight(), tonight(5), asked.people)
    return lambda: transitions.propose_many([proposal], at=timezone.now())


@pytest.fixture
def threads() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(1) as pool:
        yield pool


def one_then_the_other(threads: ThreadPoolExecutor, first: Act, second: Act) -> Any:
    """Begin `second` before `first` is committed; commit once `second` waits. Return its result or refusal."""

    def act() -> Any:
        try:
            return second()
        except Refused as refusal:
            return type(refusal)
        finally:
            connection.close()

    with transaction.atomic():
        first()
        done = threads.submit(act)
        wait_for(sessions_waiting, what="the second one's turn")
    return done.result(60)


def to_later_nights(asked: ShelterRequest) -> Act:
    """Change the nights as the arrival does."""
    return lambda: redating.change_dates(
        asked.pk, first_night=tonight(2), nights=5, may_move=False, by=asked.arrival.user, at=timezone.now()
    )


def straight(asked: ShelterRequest) -> Act:
    """Change the nights without checking the matches."""
    return lambda: intake.set_dates(
        asked.pk,
        first_night=tonight(2),
        nights=5,
        urgency="1",
        may_move=False,
        by=asked.arrival.user,
        at=timezone.now(),
    )


def outside(asked: ShelterRequest) -> list[tuple[date, date]]:
    asked.refresh_from_db()
    return list(queries.live_outside(asked).values_list("first_night", "last_day"))


@pytest.mark.parametrize("way", ["propose", "propose_many"])
def test_proposal_after_the_change_is_refused(
    way: str, asked: ShelterRequest, threads: ThreadPoolExecutor, request: pytest.FixtureRequest
) -> None:
    outcome = one_then_the_other(threads, to_later_nights(asked), request.getfixturevalue(way))

    assert (outcome, Match.objects.count()) == (OutsideRequest, 0)


def test_proposal_before_the_change_expires(asked: ShelterRequest, propose: Act, threads: ThreadPoolExecutor) -> None:
    one_then_the_other(threads, propose, to_later_nights(asked))

    match = Match.objects.get()
    assert (match.status, match.events.last().reason) == (Status.EXPIRED, "dates_changed")
    assert (outside(asked), asked.first_night) == ([], tonight(2))


def test_change_without_a_check_of_the_matches_is_refused(
    asked: ShelterRequest, propose: Act, threads: ThreadPoolExecutor
) -> None:
    outcome = one_then_the_other(threads, propose, straight(asked))

    assert (outcome, outside(asked), asked.first_night) == (Overtaken, [], tonight())


def test_without_the_guard_a_proposal_after_the_change_lies_outside_the_request(
    asked: ShelterRequest, propose: Act, threads: ThreadPoolExecutor
) -> None:
    with guard_off("match_keeps_to_space"):
        one_then_the_other(threads, to_later_nights(asked), propose)

    assert outside(asked) == [(tonight(), tonight(5))]


def test_without_the_guard_a_change_that_does_not_check_leaves_a_match_outside_the_request(
    asked: ShelterRequest, propose: Act, threads: ThreadPoolExecutor
) -> None:
    with guard_off("request_keeps_matches", table="matching_shelterrequest"):
        one_then_the_other(threads, propose, straight(asked))

    assert outside(asked) == [(tonight(), tonight(5))]
