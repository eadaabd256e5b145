"""Two workers page one incident at the same time, and somebody acknowledges at the moment of a step."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest
from django.db import connection, transaction
from django.utils import timezone

from accounts.contacts import add_contact_point
from accounts.models import User
from matching import incidents, paging, transitions
from matching.models import Incident
from matching.states import Status
from notifications.models import Notification
from tests import people
from tests.processes import sessions_waiting, wait_for

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def threads() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(2) as pool:
        yield pool


@pytest.fixture
def incident() -> Incident:
    """An incident of which the second step is due; Lena, a lead, has an address."""
    add_contact_point(people.lena().user, "email", "lena@example.org", verified_at=timezone.now())
    match = people.match_in(Status.CONFIRMED, people.request(people.amira().arrival), people.space(people.hanna().host))
    transitions.report_not_safe(match.pk, by=match.request.arrival.user, at=timezone.now() - timedelta(minutes=6))
    return Incident.objects.get()


def in_a_session(do: Callable[[], object]) -> object:
    try:
        return do()
    finally:
        connection.close()


def told() -> list[int]:
    """Return the steps that Lena was told of, once for each message."""
    keys = Notification.objects.filter(recipient__username="lena", event="not_safe").values_list("key", flat=True)
    return sorted(int(key.split(":")[2]) for key in keys)


def test_two_workers_page_a_step_once(incident: Incident, threads: ThreadPoolExecutor) -> None:
    at = timezone.now()

    with transaction.atomic():
        Incident.objects.select_for_update().get()
        workers = [threads.submit(in_a_session, lambda: paging.page_what_is_due(at=at)) for _worker in range(2)]
        wait_for(lambda: sessions_waiting() == 2, what="both workers")
    paged = sorted(worker.result(60) for worker in workers)

    incident.refresh_from_db()
    assert (paged, told(), incident.steps) == ([0, 1], [1, 2], 2)


def page_as_read(incident_id: object, at: datetime, both_have_read: threading.Barrier) -> None:
    """Page the next step as a worker would without the lock: of the row as it was read."""
    incident = Incident.objects.select_related("match__request", "match__space__host").get(pk=incident_id)
    both_have_read.wait(30)
    with transaction.atomic():
        paging.page_step(incident, at=at)


def test_without_the_lock_a_step_is_tried_twice(incident: Incident, threads: ThreadPoolExecutor) -> None:
    """The negative control. Only the unique rows of the outbox and of the pages then stand between two calls."""
    barrier, at = threading.Barrier(2), timezone.now()

    workers = [threads.submit(in_a_session, lambda: page_as_read(incident.pk, at, barrier)) for _worker in range(2)]
    failed = [type(error).__name__ for worker in workers if (error := worker.exception(60))]

    assert failed == ["IntegrityError"]


def test_acknowledged_at_the_moment_of_a_step_pages_nobody_more(
    incident: Incident, threads: ThreadPoolExecutor
) -> None:
    at, carla = timezone.now(), people.carla().user

    with transaction.atomic():
        incidents.acknowledge(incident.pk, by=carla, at=at)
        worker = threads.submit(in_a_session, lambda: paging.page_what_is_due(at=at))
        wait_for(lambda: sessions_waiting() == 1, what="the worker's turn")

    assert (worker.result(60), told()) == (0, [1])


def test_step_at_the_moment_of_acknowledging_is_the_last(incident: Incident, threads: ThreadPoolExecutor) -> None:
    at, carla = timezone.now(), people.carla().user

    with transaction.atomic():
        paging.page_what_is_due(at=at)
        waiting = threads.submit(
            in_a_session, lambda: incidents.acknowledge(incident.pk, by=carla, at=at).acknowledged_by_id
        )
        wait_for(lambda: sessions_waiting() == 1, what="the coordinator's turn")

    assert (waiting.result(60), told()) == (carla.pk, [1, 2])
    assert paging.page_what_is_due(at=at + timedelta(minutes=14)) == 0


def test_page_of_a_row_read_before_somebody_acknowledged_would_call_once_more(incident: Incident) -> None:
    """The negative control of the last two: without looking again under the lock, somebody is called in vain."""
    read = Incident.objects.select_related("match__request", "match__space__host").get()
    incidents.acknowledge(incident.pk, by=people.carla().user, at=timezone.now())

    with transaction.atomic():
        paging.write_pages(
            read,
            [called for rung in paging.ladder(read.match, at=timezone.now()) for called in rung],
            step=read.steps + 1,
            at=timezone.now(),
            until=timezone.now() + timedelta(minutes=5),
        )

    assert told() == [1, 2]


@pytest.fixture
def late(incident: Incident) -> Incident:
    """The incident, acknowledged by Carla twenty minutes ago: her time to write down an outcome has run out."""
    incidents.acknowledge(incident.pk, by=people.carla().user, at=timezone.now() - timedelta(minutes=20))
    return incident


def reach(incident: Incident, at: datetime) -> object:
    by = User.objects.get(username="carla")
    return incidents.note_outcome(incident.pk, by=by, at=at, role="arrival", outcome="reached").acknowledged_by_id


def test_outcome_at_the_moment_of_a_step_pages_nobody_more(late: Incident, threads: ThreadPoolExecutor) -> None:
    at = timezone.now()

    with transaction.atomic():
        reach(late, at)
        worker = threads.submit(in_a_session, lambda: paging.page_what_is_due(at=at))
        wait_for(lambda: sessions_waiting() == 1, what="the worker's turn")

    late.refresh_from_db()
    assert (worker.result(60), told(), late.next_step_at) == (0, [1], None)


def test_step_at_the_moment_of_an_outcome_is_the_last(late: Incident, threads: ThreadPoolExecutor) -> None:
    at = timezone.now()

    with transaction.atomic():
        paging.page_what_is_due(at=at)
        waiting = threads.submit(in_a_session, lambda: reach(late, at))
        wait_for(lambda: sessions_waiting() == 1, what="the coordinator's turn")

    by = waiting.result(60)
    steps = [line.what for line in late.events.order_by("pk")]
    assert (by, told()) == (User.objects.get(username="carla").pk, [1, 2])
    assert steps[-4:] == ["lapsed", "paged", "acknowledged", "reached"]
    assert paging.page_what_is_due(at=at + timedelta(days=1)) == 0


def test_without_an_outcome_the_step_is_paged(late: Incident) -> None:
    """The negative control of the two races."""
    assert (paging.page_what_is_due(at=timezone.now()), told()) == (1, [1, 2])
