"""Workers side by side, killed in the middle, and rounds that nobody woke: every request is proposed once."""

from __future__ import annotations

import os
import signal
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.utils import timezone

from matching import matchmaking, transitions
from matching.models import Match, MatchEvent, MatchingDue
from matching.refusals import one_act
from matching.rounds import due
from matching.states import HOLDS_BEDS, Status
from notifications.wakeups import wake
from tests import people, processes
from tests.processes import wait_for

pytestmark = pytest.mark.django_db(transaction=True)

SEVERAL = 40


def market() -> None:
    """Write as many requests and spaces, so that everybody can be placed."""
    host = people.hanna().host
    for number in range(SEVERAL):
        people.space(host)
        people.request(people.amira(name=f"Amira {number}").arrival)


def everybody_placed_once() -> bool:
    return Match.objects.filter(status=Status.PROPOSED).values("request").distinct().count() == SEVERAL


def test_two_workers_side_by_side_propose_each_request_once(tmp_path: Path) -> None:
    with processes.worker(tmp_path / "one.log"), processes.worker(tmp_path / "two.log"):
        market()
        for _ in range(20):
            wake("matching.match_open_requests")

        wait_for(everybody_placed_once, what="all proposals")

    assert Match.objects.count() == MatchEvent.objects.filter(act="propose").count() == SEVERAL
    assert "ERROR" not in (tmp_path / "one.log").read_text() + (tmp_path / "two.log").read_text()


def test_killed_worker_loses_no_request(tmp_path: Path) -> None:
    with processes.worker(tmp_path / "killed.log") as victim:
        market()
        wake("matching.match_open_requests")
        os.killpg(victim.pid, signal.SIGKILL)
        victim.wait()

    # Nobody wakes the next one: only the due rows, and beat's sweep in place of which the task is sent here.
    MatchingDue.objects.exists() or due(timezone.now())
    with processes.worker(tmp_path / "next.log"):
        wake("matching.match_open_requests")
        wait_for(everybody_placed_once, what="all proposals by the next worker")

    assert Match.objects.filter(status__in=HOLDS_BEDS).count() == SEVERAL


def test_overdue_proposal_expires_and_is_matched_anew_by_the_worker(tmp_path: Path) -> None:
    space = people.space(people.hanna().host)
    match = people.proposed(people.request(people.amira().arrival), space, at=timezone.now() - _past_due())
    MatchingDue.objects.all().delete()

    with processes.worker(tmp_path / "worker.log"):
        wake("matching.expire_overdue")

        wait_for(
            lambda: Match.objects.filter(status=Status.PROPOSED).exclude(pk=match.pk).exists(), what="a new proposal"
        )

    match.refresh_from_db()
    assert match.status == Status.EXPIRED


def test_round_that_finds_its_lock_taken_leaves_the_work_to_the_holder() -> None:
    people.space(people.hanna().host)
    people.request(people.amira().arrival)
    from django.db import connection

    other = connection.copy()
    with other.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [matchmaking.ROUND_LOCK])
    try:
        assert matchmaking.match_open_requests(now=timezone.now) == []
    finally:
        other.close()

    assert [round_.proposals for round_ in matchmaking.match_open_requests(now=timezone.now)] == [1]


def test_refused_placement_of_a_chunk_does_not_hold_back_the_others() -> None:
    host = people.hanna().host
    first, second = people.space(host), people.space(host)
    for number in range(2):
        people.request(people.amira(name=f"Amira {number}").arrival)
    now = timezone.now()
    seen = matchmaking.load_market(at=now)
    plan = matchmaking.engine.plan(seen.needs, seen.offers)
    # Between loading and writing, somebody else gets one of the two spaces.
    people.proposed(people.request(people.amira(name="Quicker").arrival), first)

    written = matchmaking.write_proposals(seen, plan.placements, at=now)

    assert written == 1
    assert Match.objects.filter(space=second).count() == 1


def test_decline_is_not_proposed_again() -> None:
    asked = people.request(people.amira().arrival)
    match = people.proposed(asked, people.space(people.hanna().host))
    transitions.decline(match.pk, by=people.carla().user, at=timezone.now(), reason="not_suitable")

    with one_act():
        due(timezone.now())
    matchmaking.match_open_requests(now=timezone.now)

    assert Match.objects.values_list("status", flat=True).get() == Status.DECLINED
    asked.refresh_from_db()
    assert asked.left_over_reasons != []


def _past_due() -> timedelta:
    hours = settings.ANSWER_HOURS[0][1]
    return timedelta(hours=hours + 1)
