"""A host is suspended while a proposal for their space is being written: the two acts do not deadlock."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, transaction
from django.db.utils import OperationalError
from django.utils import timezone

from accounts import vetting
from matching import hosts
from matching.models import Match, Space
from tests import people
from tests.people import Person
from tests.processes import sessions_waiting, wait_for

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def threads() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(1) as pool:
        yield pool


def propose_while(suspend: Callable[[], object], hanna: Person, threads: ThreadPoolExecutor) -> Match:
    """Write a proposal whose space is locked already when the suspension begins; both acts must end."""
    space = people.space(hanna.host)
    asked = people.request(people.amira().arrival)
    locked = threading.Event()

    def suspended() -> object:
        locked.wait(30)
        try:
            return suspend()
        finally:
            connection.close()

    done = threads.submit(suspended)
    with transaction.atomic():
        Space.objects.select_for_update().get(pk=space.pk)
        locked.set()
        wait_for(sessions_waiting, what="the suspension's turn")
        match = people.proposed(asked, space)
    done.result(60)
    return match


def test_suspension_lets_a_proposal_finish_and_ends_it(threads: ThreadPoolExecutor) -> None:
    hanna, carla = people.hanna(), people.carla()

    match = propose_while(
        lambda: hosts.suspend(hanna.host.pk, by=carla.user, at=timezone.now(), reason="complaint"),
        hanna,
        threads,
    )

    match.refresh_from_db()
    hanna.host.refresh_from_db()
    assert (hanna.host.status, match.status) == ("suspended", "expired")


def test_locking_the_host_before_their_spaces_ends_in_a_deadlock(threads: ThreadPoolExecutor) -> None:
    """The negative control: the same suspension with its locks in the other order."""
    hanna, carla = people.hanna(), people.carla()

    def host_first() -> None:
        with transaction.atomic():
            vetting.suspend(hanna.host.pk, by=carla.user, at=timezone.now(), reason="complaint")
            list(Space.objects.filter(host=hanna.host).select_for_update())

    with pytest.raises(OperationalError, match="deadlock detected"):
        propose_while(host_first, hanna, threads)
