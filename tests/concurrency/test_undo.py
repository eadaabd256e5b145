"""A coordinator undoes a decision at the moment when the worker carries it out: exactly one of the two wins.

If the undo wins, the match has not moved and nobody was told. If the worker wins, both sides were asked and the
coordinator is told that it is too late. The negative control switches the lock off: then the coordinator is told
"undone" although both sides were asked.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from uuid import UUID

import pytest
from django.db import connection
from django.utils import timezone

from matching.desk import decisions
from matching.models import Match, PendingDecision
from matching.refusals import GoneOut
from matching.states import Status
from notifications.models import Notification
from tests import people
from tests.people import Person

pytestmark = pytest.mark.django_db(transaction=True)

RACES = 12
READ_SECONDS = 1.0
"""How long the first side to read the decision waits for the other side to read it; with the lock, it waits in vain."""


@pytest.fixture
def threads() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(2) as pool:
        yield pool


def decided(carla: Person, hanna: Person) -> tuple[Match, UUID]:
    """Return a proposal and the bundle of a decision to approve the proposal."""
    match = people.proposed(people.request(people.amira().arrival), people.space(hanna.host))
    return match, decisions.decide({match.pk: match.version}, "approve", by=carla.user, at=timezone.now())


def race(bundle: UUID, carla: Person, threads: ThreadPoolExecutor) -> str:
    """Undo and carry out at the same moment; return the coordinator's answer: "undone" or "too late"."""
    start = threading.Barrier(2)

    def undo() -> str:
        try:
            start.wait(30)
            decisions.undo(bundle, by=carla.user)
        except GoneOut:
            return "too late"
        finally:
            connection.close()
        return "undone"

    def carry_out() -> None:
        try:
            start.wait(30)
            decisions.carry_out(bundle, at=timezone.now())
        finally:
            connection.close()

    told, done = threads.submit(undo), threads.submit(carry_out)
    done.result(60)
    return told.result(60)


def what_happened(match: Match, bundle: UUID) -> tuple[str, int, int]:
    """Return the status of the match, the number of people asked about it, and the rows left of the decision."""
    asked = Notification.objects.filter(context__match=str(match.pk), event__in=("host_asked", "arrival_asked"))
    left = PendingDecision.objects.filter(bundle=bundle)
    return Match.objects.get(pk=match.pk).status, asked.count(), left.count()


NOTHING_WENT_OUT = (Status.PROPOSED, 0, 0)
ALL_WENT_OUT = (Status.APPROVED, 2, 0)


def test_of_undo_and_carrying_out_exactly_one_wins(threads: ThreadPoolExecutor) -> None:
    carla, hanna = people.carla(), people.hanna()

    ends = []
    for _race in range(RACES):
        match, bundle = decided(carla, hanna)
        told = race(bundle, carla, threads)
        ends.append((told, what_happened(match, bundle)))

    wanted = {"undone": NOTHING_WENT_OUT, "too late": ALL_WENT_OUT}
    assert ends == [(told, wanted[told]) for told, _end in ends]


@pytest.fixture
def both_have_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """Force the worst order: both sides read the decision before either of them acts."""
    both, read = threading.Barrier(2), decisions._locked

    def read_and_wait(bundle: UUID) -> list[PendingDecision]:
        rows = read(bundle)
        with suppress(threading.BrokenBarrierError):
            both.wait(READ_SECONDS)
        return rows

    monkeypatch.setattr(decisions, "_locked", read_and_wait)


def test_in_the_worst_order_exactly_one_wins(both_have_read: None, threads: ThreadPoolExecutor) -> None:
    carla, hanna = people.carla(), people.hanna()
    match, bundle = decided(carla, hanna)

    told = race(bundle, carla, threads)

    wanted = {"undone": NOTHING_WENT_OUT, "too late": ALL_WENT_OUT}
    assert what_happened(match, bundle) == wanted[told]


@pytest.fixture
def without_the_lock(monkeypatch: pytest.MonkeyPatch) -> None:
    def read(bundle: UUID) -> list[PendingDecision]:
        rows = PendingDecision.objects.select_related("match", "by__coordinator")
        return list(rows.filter(bundle=bundle, refusal="").order_by("pk"))

    monkeypatch.setattr(decisions, "_locked", read)
    # The other side always comes here, so wait for it however busy the machine is.
    monkeypatch.setitem(globals(), "READ_SECONDS", 60.0)


@pytest.mark.usefixtures("without_the_lock", "both_have_read")
def test_without_the_lock_the_coordinator_is_told_undone_though_both_sides_were_asked(
    threads: ThreadPoolExecutor,
) -> None:
    """The negative control."""
    carla, hanna = people.carla(), people.hanna()
    match, bundle = decided(carla, hanna)

    told = race(bundle, carla, threads)

    assert (told, what_happened(match, bundle)) == ("undone", ALL_WENT_OUT)
