"""Workers next to one another and next to people's acts: nobody is placed twice, and no change is missed.

Each guard has its negative control: without the guard the same race goes wrong.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone

from accounts.refusals import Refused
from deployment.locks import Lock
from matching import due, engine, transitions
from matching.copy_rows import read
from matching.models import Match, MatchEvent, MatchingChange, MatchingDue, MatchingRound, ShelterRequest, Space
from matching.refusals import PlacedAlready
from matching.states import HOLDS_BEDS, Status
from matching.transitions import Proposal
from matching.worker import matchmaking, planning
from matching.worker.placing import Keeper
from tests import people
from tests.concurrency.test_last_bed import guard_off

pytestmark = pytest.mark.django_db(transaction=True)

SEVERAL = 12
TOWNS = ("Almaty", "Oral", "Tbilisi")


def at_once(*acts: Callable[[], Any]) -> list[Any]:
    """Do all acts at the same moment, each on its own connection; return results and refusals in the acts' order."""
    together = threading.Barrier(len(acts))

    def run(act: Callable[[], Any]) -> Any:
        try:
            connection.ensure_connection()
            together.wait()
            return act()
        except Refused as refusal:
            return type(refusal)
        finally:
            connection.close()

    with ThreadPoolExecutor(len(acts)) as threads:
        return [done.result() for done in [threads.submit(run, act) for act in acts]]


def proposal(asked: ShelterRequest, space: Space, leg: int) -> Callable[[], Any]:
    whole = Proposal(
        request=asked,
        space=space,
        first_night=asked.first_night,
        last_day=asked.last_day,
        people=asked.people,
        leg=leg,
    )
    return lambda: transitions.propose(whole, by=None, at=timezone.now())


# -- one household, two workers -------------------------------------------------------------------


def race_for_one_household() -> list[Any]:
    """Let two workers propose the first and the second leg of one household for the same nights, in different spaces."""
    host, asked = people.hanna().host, people.request(people.amira().arrival)
    return at_once(*(proposal(asked, people.space(host), leg) for leg in (1, 2)))


def test_household_gets_one_place_whichever_worker_is_quicker() -> None:
    for _ in range(SEVERAL):
        outcomes = race_for_one_household()

        assert sorted(isinstance(outcome, Match) for outcome in outcomes) == [False, True]
        assert PlacedAlready in outcomes


def test_without_the_guard_a_household_gets_two_places() -> None:
    with guard_off("match_keeps_to_space"):
        outcomes = race_for_one_household()

    assert [isinstance(outcome, Match) for outcome in outcomes] == [True, True]


def withdrawn_while_proposed(host: Any, number: int) -> ShelterRequest:
    asked, space = people.request(people.amira(name=f"Amira {number}").arrival), people.space(host)
    at_once(
        proposal(asked, space, 1),
        lambda: transitions.withdraw_request(asked.pk, by=asked.arrival.user, at=timezone.now()),
    )
    return asked


def test_no_match_of_a_withdrawn_request_is_live_whichever_act_is_quicker() -> None:
    host = people.hanna().host
    asked = [withdrawn_while_proposed(host, number) for number in range(SEVERAL)]

    assert not Match.objects.filter(request__in=asked, status__in=HOLDS_BEDS).exists()
    assert ShelterRequest.objects.exclude(withdrawn_at=None).count() == SEVERAL


def test_without_the_guard_a_match_is_proposed_for_a_withdrawn_request() -> None:
    host, asked = people.hanna().host, people.request(people.amira().arrival)
    space = people.space(host)
    transitions.withdraw_request(asked.pk, by=asked.arrival.user, at=timezone.now())
    with guard_off("match_keeps_to_space"):
        proposal(asked, space, 1)()

    assert Match.objects.filter(request=asked, status__in=HOLDS_BEDS).exists()


# -- one round, several workers -------------------------------------------------------------------


def three_towns() -> None:
    host = people.hanna().host
    for town in TOWNS:
        for number in range(SEVERAL):
            people.space(host, place=people.place(town))
            people.request(people.amira(name=f"{town} {number}").arrival, place=people.place(town))
    MatchingDue.objects.all().delete()


def test_workers_side_by_side_share_a_round(settings: Any) -> None:
    settings.LARGEST_REGION, settings.REGIONS_AT_ONCE = SEVERAL, 4
    three_towns()
    with transaction.atomic():
        due.note(timezone.now())

    outcomes = at_once(*[lambda: matchmaking.match_open_requests(now=timezone.now)] * 4)
    # A worker that came while the round was being opened found nothing to do; the worker that finished it returns it.
    finished = [round_.pk for done in outcomes for round_ in done.rounds]
    while MatchingRound.objects.filter(finished_at=None).exists():
        finished += [round_.pk for round_ in matchmaking.match_open_requests(now=timezone.now).rounds]

    assert finished == [MatchingRound.objects.get().pk]
    assert MatchingRound.objects.get().proposals == 3 * SEVERAL
    assert Match.objects.values("request").distinct().count() == Match.objects.count() == 3 * SEVERAL
    assert MatchEvent.objects.count() == 3 * SEVERAL


@contextmanager
def held_elsewhere(*key: int) -> Iterator[None]:
    """Hold an advisory lock in another session."""
    other = connection.copy()
    try:
        with other.cursor() as cursor:
            cursor.execute(f"SELECT pg_advisory_lock({', '.join(['%s'] * len(key))})", [int(number) for number in key])
        yield
        with other.cursor() as cursor:
            # Unlock explicitly: the server notices a closed connection only some time later.
            cursor.execute("SELECT pg_advisory_unlock_all()")
    finally:
        other.close()


def test_region_that_another_worker_plans_is_left_to_it(settings: Any) -> None:
    settings.LARGEST_REGION = SEVERAL
    three_towns()
    opened = planning.open_round(now=timezone.now)
    assert opened is not None
    theirs = opened.regions.get(number=2)

    with held_elsewhere(Lock.REGION, theirs.pk):
        assert planning.work_on(opened, now=timezone.now) is None
        unfinished = list(opened.regions.filter(finished_at=None))

    assert unfinished == [theirs]
    assert planning.work_on(opened, now=timezone.now) == opened


def test_no_more_workers_plan_at_once_than_the_setting_allows(settings: Any) -> None:
    settings.REGIONS_AT_ONCE = 2
    three_towns()
    opened = planning.open_round(now=timezone.now)
    assert opened is not None

    with held_elsewhere(Lock.PLANNER, 0):
        with held_elsewhere(Lock.PLANNER, 1):
            assert planning.work_on(opened, now=timezone.now) is None
            assert Match.objects.count() == 0
        assert planning.work_on(opened, now=timezone.now) == opened


# -- changes that are committed late ---------------------------------------------------------------


def test_a_change_that_is_committed_late_is_not_missed() -> None:
    host = people.hanna().host
    late, early = people.space(host), people.space(host)
    asked = people.request(people.amira().arrival, pets=True)
    kept = Keeper()
    kept.board(at=timezone.now())
    other = connection.copy()
    try:
        other.set_autocommit(False)
        with other.cursor() as cursor:
            cursor.execute("UPDATE matching_space SET pets = true WHERE id = %s", [late.pk])
        Space.objects.filter(pk=early.pk).update(smoking=True)
        board = kept.board(at=timezone.now())
        need = engine_need(asked)
        assert isinstance(board.place(need), engine.Unplaced)
        other.commit()
    finally:
        other.close()

    answer = kept.board(at=timezone.now()).place(need)

    assert not isinstance(answer, engine.Unplaced)
    assert answer.placement.legs[0].offer_id == str(late.pk)
    # The late change has the smaller id, so a reader that only remembered its last id would miss the change.
    noted = list(MatchingChange.objects.order_by("pk").values_list("space_id", flat=True))
    assert [pk for pk in noted if pk in (late.pk, early.pk)][-2:] == [late.pk, early.pk]
    assert len(list(read("SELECT 1 FROM matching_matchingchange WHERE xid > 0"))) == len(noted)


def engine_need(asked: ShelterRequest) -> engine.Need:
    from matching.worker.market import part_of_market

    need = part_of_market(timezone.now(), requests=[str(asked.pk)]).wanted(str(asked.pk))
    assert need is not None
    return need


def test_workers_that_place_at_once_place_every_household_once() -> None:
    three_towns()
    with transaction.atomic():
        due.note(timezone.now(), requests=ShelterRequest.objects.values_list("pk", flat=True))

    at_once(*[lambda: matchmaking.match_open_requests(now=timezone.now)] * 3)
    # A worker whose households another worker had placed meanwhile noted them as due again; this call works that off.
    matchmaking.match_open_requests(now=timezone.now)

    assert not MatchingDue.objects.exists()
    assert Match.objects.filter(status=Status.PROPOSED).values("request").distinct().count() == 3 * SEVERAL
    assert Match.objects.filter(status__in=HOLDS_BEDS).count() == 3 * SEVERAL
