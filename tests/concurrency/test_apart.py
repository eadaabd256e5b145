"""Somebody names the other side while a proposal of the two is being written: whichever is second sees the first."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pgtrigger
import pytest
from django.db import connection, transaction
from django.utils import timezone

from matching import apart
from matching.models import Match
from matching.refusals import NoRoomLeft
from tests import people
from tests.people import Person
from tests.processes import sessions_waiting, wait_for

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def threads() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(1) as pool:
        yield pool


def name(who: Person, text: str) -> None:
    try:
        apart.name(who.user, text, by=who.user, at=timezone.now())
        apart.settle(at=timezone.now())
    finally:
        connection.close()


def test_entry_waits_for_the_proposal_and_ends_it(threads: ThreadPoolExecutor) -> None:
    amira, hanna = people.amira(), people.hanna()
    asked, space = people.request(amira.arrival), people.space(hanna.host)

    with transaction.atomic():
        match = people.proposed(asked, space)
        done = threads.submit(name, amira, hanna.contact)
        wait_for(sessions_waiting, what="the entry's turn")
    done.result(60)

    match.refresh_from_db()
    assert match.status == "expired"


def test_proposal_waits_for_the_entry_and_is_refused(threads: ThreadPoolExecutor) -> None:
    amira, hanna = people.amira(), people.hanna()
    asked, space = people.request(amira.arrival), people.space(hanna.host)

    def propose() -> None:
        try:
            people.proposed(asked, space)
        finally:
            connection.close()

    with transaction.atomic():
        apart.name(amira.user, hanna.contact, by=amira.user, at=timezone.now())
        done = threads.submit(propose)
        wait_for(sessions_waiting, what="the proposal's turn")
    with pytest.raises(NoRoomLeft):
        done.result(60)

    assert not Match.objects.exists()


def test_without_the_lock_the_two_are_brought_together(threads: ThreadPoolExecutor) -> None:
    """The negative control: the entry does not wait, settles what it sees, and the proposal is committed afterwards."""
    amira, hanna = people.amira(), people.hanna()
    asked, space = people.request(amira.arrival), people.space(hanna.host)
    named = threading.Event()

    def name_without_waiting() -> None:
        with pgtrigger.ignore("matching.MustNotMeet:entry_waits_for_matches"):
            name(amira, hanna.contact)
        named.set()

    with transaction.atomic():
        match = people.proposed(asked, space)
        done = threads.submit(name_without_waiting)
        assert named.wait(60)
    done.result(60)

    match.refresh_from_db()
    assert match.status == "proposed"
