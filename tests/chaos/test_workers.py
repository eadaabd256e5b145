"""Workers side by side, killed in the middle, and rounds that nobody woke: every request is proposed exactly once."""

from __future__ import annotations

import os
import signal
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection
from django.utils import timezone

from deployment.locks import Lock
from matching import due, engine, transitions
from matching.models import Match, MatchEvent, MatchingDue, MatchingRound
from matching.refusals import one_act
from matching.states import HOLDS_BEDS, Status
from matching.worker import matchmaking
from matching.worker.market import whole_market
from matching.worker.proposing import propose_placements
from notifications.wakeups import wake
from tests import people, processes
from tests.processes import wait_for

pytestmark = pytest.mark.django_db(transaction=True)

SEVERAL = 40


def market() -> None:
    """Write as many spaces as requests, so that every household can be placed."""
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

    # No act wakes the next worker: it has only the due rows and the sweep. The test sends the sweep's task in beat's
    # place.
    MatchingDue.objects.exists() or due.note(timezone.now())
    with processes.worker(tmp_path / "next.log"):
        wake("matching.match_open_requests")
        wait_for(everybody_placed_once, what="all proposals by the next worker")

    assert Match.objects.filter(status__in=HOLDS_BEDS).count() == SEVERAL


def test_worker_killed_while_it_writes_a_region_doubles_nothing(tmp_path: Path) -> None:
    towns = ("Almaty", "Oral", "Tbilisi")
    host = people.hanna().host
    for number in range(SEVERAL):
        where = people.place(towns[number % 3])
        people.space(host, place=where)
        people.request(people.amira(name=f"Amira {number}").arrival, place=where)
    MatchingDue.objects.all().delete()
    small = {"SHELTER_LARGEST_REGION": "10", "SHELTER_REGIONS_AT_ONCE": "2"}
    # Another session locks one space, so the worker stops there and waits in the middle of writing.
    other = connection.copy()
    try:
        other.set_autocommit(False)
        with other.cursor() as cursor:
            cursor.execute("SELECT id FROM matching_space ORDER BY id DESC LIMIT 1 FOR UPDATE")
        with processes.worker(tmp_path / "killed.log", **small) as victim:
            with one_act():
                due.note(timezone.now())
            wait_for(_somebody_waits_for_a_lock, what="the worker in the middle of a region")
            os.killpg(victim.pid, signal.SIGKILL)
            victim.wait()
    finally:
        other.close()
    (left,) = MatchingRound.objects.all()
    assert left.finished_at is None
    assert Match.objects.count() < SEVERAL

    with processes.worker(tmp_path / "next.log", **small):
        wake("matching.match_open_requests")
        wait_for(lambda: MatchingRound.objects.exclude(finished_at=None).exists(), what="the end of the same round")

    assert everybody_placed_once()
    assert Match.objects.count() == MatchEvent.objects.count() == SEVERAL
    assert left.regions.filter(finished_at=None).count() == 0
    assert left.regions.count() >= 3


def _somebody_waits_for_a_lock() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
            " AND wait_event_type = 'Lock' AND query LIKE 'COPY%%'"
        )
        (waiting,) = cursor.fetchone()
    return bool(waiting)


def test_new_request_is_placed_by_the_worker_without_a_round(tmp_path: Path) -> None:
    host = people.hanna().host
    MatchingRound.objects.create(started_at=timezone.now(), finished_at=timezone.now())
    with processes.worker(tmp_path / "worker.log"):
        for number in range(5):
            people.space(host)
            asked = people.request(people.amira(name=f"Amira {number}").arrival)
            wait_for(lambda pk=asked.pk: Match.objects.filter(request=pk).exists(), what="a proposal")

    assert Match.objects.count() == 5
    assert MatchingRound.objects.count() == 1


def test_overdue_proposal_expires_and_its_request_is_matched_again_by_the_worker(tmp_path: Path) -> None:
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
    MatchingDue.objects.all().delete()
    other = connection.copy()
    with other.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [int(Lock.ROUND)])
    try:
        assert matchmaking.match_open_requests(now=timezone.now).rounds == []
    finally:
        # Unlock explicitly: the server notices a closed connection only some time later.
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock_all()")
        other.close()

    assert [round_.proposals for round_ in matchmaking.match_open_requests(now=timezone.now).rounds] == [1]


def test_refused_placement_of_a_chunk_does_not_hold_back_the_others() -> None:
    host = people.hanna().host
    first, second = people.space(host), people.space(host)
    for number in range(2):
        people.request(people.amira(name=f"Amira {number}").arrival)
    now = timezone.now()
    seen = whole_market(now)
    plan = engine.plan(seen.needs(), seen.offers())
    # Between loading and writing, another household gets one of the two spaces.
    people.proposed(people.request(people.amira(name="Quicker").arrival), first)

    written, refused = propose_placements(seen, plan.placements, now=timezone.now)

    assert (written, len(refused)) == (1, 1)
    assert Match.objects.filter(space=second).count() == 1


def test_decline_is_not_proposed_again() -> None:
    asked = people.request(people.amira().arrival)
    match = people.proposed(asked, people.space(people.hanna().host))
    transitions.decline(match.pk, by=people.carla().user, at=timezone.now(), reason="not_suitable")

    with one_act():
        due.note(timezone.now())
    matchmaking.match_open_requests(now=timezone.now)

    assert Match.objects.values_list("status", flat=True).get() == Status.DECLINED
    asked.refresh_from_db()
    assert asked.left_over_reasons != []


def _past_due() -> timedelta:
    """Return a time ago at which a match for tonight is overdue by now, however many days ahead tonight was then."""
    return timedelta(hours=max(hours for _days, hours in settings.ANSWER_HOURS) + 1)
