"""Many people at the same moment, over real HTTP: the last bed has one winner, a match one outcome.

Each race has its negative control: with the database's guard switched off, the same race has several winners. A race
that cannot be lost proves nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from django.db import connection
from django.utils import timezone

from accounts import tokens
from matching import transitions
from matching.models import Match, ShelterRequest, Space
from matching.states import HOLDS_BEDS, Act, Status
from tests import people, processes
from tests.people import Person

pytestmark = pytest.mark.django_db(transaction=True)

AT_ONCE = 50
ROUNDS = 6


@pytest.fixture
def site(tmp_path: Path) -> Iterator[str]:
    with processes.web(tmp_path / "web.log") as address:
        yield address


def bearer(person: Person) -> dict[str, str]:
    _row, token = tokens.issue(person.user, name="race", scope="write", days=1, at=timezone.now())
    return {"Authorization": f"Bearer {token}"}


def at_once(posts: list[tuple[str, dict[str, object], dict[str, str]]]) -> list[int]:
    """Send all posts at the same moment, each on its own connection; return the statuses in order."""

    def post(url: str, body: dict[str, object], headers: dict[str, str]) -> int:
        return httpx.post(url, json=body, headers=headers, timeout=60).status_code

    with ThreadPoolExecutor(len(posts)) as threads:
        return [done.result() for done in [threads.submit(post, *args) for args in posts]]


@contextmanager
def guard_off(name: str, table: str = "matching_match") -> Iterator[None]:
    """Switch off one trigger of a table."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT tgname FROM pg_trigger WHERE tgrelid = %s::regclass AND tgname LIKE %s",
            [table, f"pgtrigger_{name}%"],
        )
        (trigger,) = cursor.fetchone()
        cursor.execute(f'ALTER TABLE {table} DISABLE TRIGGER "{trigger}"')
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute(f'ALTER TABLE {table} ENABLE TRIGGER "{trigger}"')


def households(count: int) -> list[ShelterRequest]:
    return [people.request(people.amira(name=f"Amira {n}").arrival, people=1) for n in range(count)]


def race_for(space: Space, asked: list[ShelterRequest], site: str) -> Counter[int]:
    """Let one coordinator's call for each request propose the same space at once; count the statuses."""
    headers = bearer(people.carla())
    posts = [(f"{site}/api/v1/matches/", {"request": str(row.pk), "space": str(space.pk)}, headers) for row in asked]
    return Counter(at_once(posts))


def test_last_bed_has_one_winner(site: str) -> None:
    host = people.hanna().host
    asked = households(AT_ONCE)
    for _ in range(ROUNDS):
        space = people.space(host, beds=1)

        statuses = race_for(space, asked, site)

        assert statuses == {201: 1, 409: AT_ONCE - 1}
        (winner,) = Match.objects.filter(space=space)
        transitions.decline(winner.pk, by=people.carla().user, at=timezone.now(), reason="other")
        asked = [row for row in asked if row.pk != winner.request_id] + households(1)


def test_shared_beds_are_given_out_exactly(site: str) -> None:
    space = people.space(people.hanna().host, beds=7, shared=True)

    statuses = race_for(space, households(AT_ONCE), site)

    assert statuses == {201: 7, 409: AT_ONCE - 7}
    assert Match.objects.filter(space=space, status__in=HOLDS_BEDS).count() == 7


def test_without_the_guard_the_last_bed_has_several_winners(site: str) -> None:
    """As many rounds as the race with the guard has: on a busy machine one round may happen to go one after the other."""
    host = people.hanna().host
    with guard_off("match_keeps_to_space"):
        winners = (race_for(people.space(host, beds=1), households(AT_ONCE), site)[201] for _ in range(ROUNDS))

        assert any(won >= 2 for won in winners)


def test_acceptances_at_once_confirm_a_match_once(site: str) -> None:
    host = people.hanna()
    for number in range(ROUNDS):
        arrival = people.amira(name=f"Amira {number}")
        match = people.match_in(Status.APPROVED, people.request(arrival.arrival), people.space(host.host))
        url = f"{site}/api/v1/matches/{match.pk}/accept/"
        sides = [bearer(host), bearer(arrival)]

        statuses = Counter(at_once([(url, {}, sides[n % 2]) for n in range(AT_ONCE)]))

        assert statuses == {200: 2, 409: AT_ONCE - 2}
        assert Counter(match.events.values_list("act", flat=True))[Act.CONFIRM] == 1
        assert [n.event for n in host.user.notifications.filter(key__contains=str(match.pk))].count(
            "host_confirmed"
        ) == 1


def test_approvals_at_once_approve_a_match_once(site: str) -> None:
    host, desk = people.hanna(), [bearer(people.carla()), bearer(people.carla("clara"))]
    for number in range(ROUNDS):
        asked = people.request(people.amira(name=f"Amira {number}").arrival, people=1, all_women=True)
        match = people.proposed(asked, people.space(host.host))
        url = f"{site}/api/v1/matches/{match.pk}/approve/"

        statuses = Counter(at_once([(url, {}, desk[n % 2]) for n in range(AT_ONCE)]))

        assert statuses == {200: 2, 409: AT_ONCE - 2}
        match.refresh_from_db()
        assert (match.status, match.approved_by_id != match.also_approved_by_id) == (Status.APPROVED, True)


def test_approve_and_decline_at_once_leave_one_outcome(site: str) -> None:
    host, desk = people.hanna(), bearer(people.carla())
    for number in range(ROUNDS):
        match = people.proposed(people.request(people.amira(name=f"A {number}").arrival), people.space(host.host))
        base = f"{site}/api/v1/matches/{match.pk}"
        posts = [
            (f"{base}/approve/", {}, desk) if n % 2 else (f"{base}/decline/", {"reason": "other"}, desk)
            for n in range(AT_ONCE)
        ]

        at_once(posts)

        acts = list(match.events.values_list("act", flat=True))
        # A coordinator may decline an approved match, but nobody may approve a declined match.
        assert acts in (["propose", "decline"], ["propose", "approve", "decline"], ["propose", "approve"])
        match.refresh_from_db()
        assert match.status == match.events.last().to_status
