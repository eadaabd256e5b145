"""Every row of the moves table, and every row that is not in it, through every door and by every role.

The expectation is the table itself (`matching.states.MOVES`): a move that the table allows to a role succeeds through
each door that the role has. Every other move is refused and changes nothing.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from datetime import timedelta
from itertools import product

import pytest
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.utils import timezone

from accounts.refusals import Refused
from matching import transitions
from matching.desk import decisions
from matching.models import Match, MatchEvent
from matching.states import HOLDS_BEDS, MOVES, NEEDS_REASON, Act, Role, Status, find_move
from tests import people
from tests.people import Person
from tests.unit.documents import ROOT

TRIED_ELSEWHERE = {
    Act.PROPOSE: "tests/integration/test_by_hand.py",  # this act begins a match, so the test cannot give it one
    # no single caller can do it: the second acceptance confirms the match
    Act.CONFIRM: "tests/integration/web/test_case.py",
    # These acts are no moves: they leave the status as it is.
    Act.ACCEPT: "tests/integration/api/test_access.py",
    Act.FREEZE: "tests/integration/api/test_access.py",
    Act.UNFREEZE: "tests/integration/api/test_access.py",
    Act.FIRST_APPROVAL: "tests/integration/test_decisions.py",
}
"""The acts that this file does not try by every role through every door, and the tests that try them."""


def acts_of(*roles: Role) -> tuple[Act, ...]:
    """Return the acts of the moves table that one of the roles may do, in the table's order."""
    acts = dict.fromkeys(move.act for move in MOVES if move.roles & set(roles))
    return tuple(act for act in acts if act not in TRIED_ELSEWHERE)


PEOPLE_ACTS = acts_of(Role.COORDINATOR, Role.HOST, Role.ARRIVAL)
WORKER_ACTS = acts_of(Role.WORKER)
ROLES = ("carla", "hanna", "amira", "oskar")
ROLE_OF = {"carla": Role.COORDINATOR, "hanna": Role.HOST, "amira": Role.ARRIVAL, "oskar": None}
DOORS = ("act", "api", "pages")


@pytest.fixture
def cast(amira: Person, hanna: Person, carla: Person, oskar: Person) -> dict[str, Person]:
    return {"amira": amira, "hanna": hanna, "carla": carla, "oskar": oskar}


@pytest.fixture
def clients(cast: dict[str, Person]) -> dict[str, Client]:
    return {who: people.client_of(person) for who, person in cast.items()}


def match_for(cast: dict[str, Person], status: Status) -> Match:
    """Return a match whose first evening has passed, so that its dates bind no act (`test_first_evening` tries those)."""
    return people.match_since_yesterday(status, cast["amira"].arrival, cast["hanna"].host)


def knock(door: str, person: Person, client: Client, match: Match, act: Act) -> None:
    """Try one act through one door; the caller reads the result from the database."""
    _knock(door, person, client, match, act)
    decisions.carry_out_due(at=timezone.now() + timedelta(minutes=2))  # What waits a minute counts now.


def _knock(door: str, person: Person, client: Client, match: Match, act: Act) -> None:
    reason = {"reason": "other"} if act in NEEDS_REASON else {}
    if door == "act":
        with contextlib.suppress(Refused):
            getattr(transitions, act.value)(match.pk, by=person.user, at=timezone.now(), **reason)
    elif door == "api":
        path = f"/api/v1/matches/{match.pk}/{act.value.replace('_', '-')}/"
        assert client.post(path, reason, content_type="application/json").status_code < 500
    elif person.user.is_staff and act in (Act.APPROVE, Act.DECLINE) and match.status == Status.PROPOSED:
        # The queue, where a decision waits a minute unless `now` sends it at once.
        decision = {"act": act.value, "seen": f"{match.pk}.{match.version}", "now": "yes"}
        assert client.post("/admin/matching/match/queue/decide/", decision | reason).status_code < 500
    elif person.user.is_staff:
        path = f"/admin/matching/match/{match.pk}/act/{act.value}/"
        assert client.post(path, reason).status_code < 500
    else:
        side = "host" if person.user == match.space.host.user else "case"
        path = f"/{side}/match/{match.pk}/{act.value}/"
        assert client.post(path, reason).status_code < 500


@pytest.mark.django_db
@pytest.mark.parametrize("source", list(Status))
@pytest.mark.parametrize("door", DOORS)
def test_move_happens_exactly_where_the_table_says(
    door: str, source: Status, cast: dict[str, Person], clients: dict[str, Client]
) -> None:
    match, wrong = match_for(cast, source), []
    for act, who in product(PEOPLE_ACTS, ROLES):
        move = find_move(act, source)
        allowed = move is not None and ROLE_OF[who] in move.roles
        expected = move.target if allowed and move else source
        with people.undone(clients[who]):
            knock(door, cast[who], clients[who], match, act)
            now = Match.objects.get(pk=match.pk).status
        if now != expected:
            wrong.append(f"{who} {act} from {source}: {now}, expected {expected}")
    assert wrong == []


@pytest.mark.django_db
@pytest.mark.parametrize("source", list(Status))
@pytest.mark.parametrize("act", WORKER_ACTS)
def test_worker_moves_exactly_where_the_table_says(act: Act, source: Status, cast: dict[str, Person]) -> None:
    match = match_for(cast, source)
    move = find_move(act, source)
    allowed = move is not None and Role.WORKER in move.roles
    arguments = {"by": None} if act is Act.COMPLETE else {}

    with contextlib.suppress(Refused):
        getattr(transitions, act.value)(match.pk, at=timezone.now(), **arguments)

    assert Match.objects.get(pk=match.pk).status == (move.target if allowed and move else source)


def test_every_act_is_tried_here_or_says_where_it_is_tried() -> None:
    tried = {*PEOPLE_ACTS, *WORKER_ACTS, *TRIED_ELSEWHERE}

    assert tried == set(Act)
    assert [path for path in TRIED_ELSEWHERE.values() if not (ROOT / path).exists()] == []


# -- writes past the acts, refused by the database ----------------------------------------------------

LEGAL = {(move.source, move.target) for move in MOVES if move.source is not None}


def refused(write: Callable[[], object]) -> bool:
    """Run a write with its deferred checks, and roll it back; return whether the database refused it."""
    try:
        with transaction.atomic():
            write()
            with connection.cursor() as cursor:
                cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
                cursor.execute("SET CONSTRAINTS ALL DEFERRED")
            transaction.set_rollback(True)
    except DatabaseError:
        return True
    return False


@pytest.mark.django_db
@pytest.mark.parametrize("source", list(Status))
@pytest.mark.parametrize("path", ["raw SQL", "queryset update", "save", "bulk_update"])
def test_database_refuses_every_status_written_past_the_acts(
    path: str, source: Status, cast: dict[str, Person]
) -> None:
    match = match_for(cast, source)

    def write(target: Status) -> None:
        match.status = target
        if path == "raw SQL":
            with connection.cursor() as cursor:
                cursor.execute("UPDATE matching_match SET status = %s WHERE id = %s", [target, match.pk])
        elif path == "queryset update":
            Match.objects.filter(pk=match.pk).update(status=target)
        elif path == "save":
            match.save()
        else:
            Match.objects.bulk_update([match], ["status"])

    let_through = [target for target in Status if target != source and not refused(lambda t=target: write(t))]

    assert let_through == []


@pytest.mark.django_db
@pytest.mark.parametrize("source", list(Status))
def test_database_refuses_illegal_moves_even_with_a_history(source: Status, cast: dict[str, Person]) -> None:
    match = match_for(cast, source)

    def write(target: Status) -> None:
        MatchEvent.objects.create(
            match=match, act="forged", from_status=source, to_status=target, role="worker", at=timezone.now()
        )
        Match.objects.filter(pk=match.pk).update(status=target)

    let_through = {target for target in Status if target != source and not refused(lambda t=target: write(t))}

    assert let_through <= {target for origin, target in LEGAL if origin == source}


@pytest.mark.django_db
@pytest.mark.parametrize("status", list(Status))
def test_database_refuses_a_match_that_begins_anywhere_but_proposed(status: Status, cast: dict[str, Person]) -> None:
    asked, offered = people.request(cast["amira"].arrival), people.space(cast["hanna"].host)

    def write() -> None:
        match = Match(
            request=asked,
            space=offered,
            status=status,
            first_night=asked.first_night,
            last_day=asked.last_day,
            people=2,
            created_at=timezone.now(),
        )
        Match.objects.bulk_create([match])
        MatchEvent.objects.create(match=match, act="propose", to_status=status, role="worker", at=timezone.now())

    assert refused(write) == (status is not Status.PROPOSED)


@pytest.mark.django_db
def test_history_cannot_be_changed_or_deleted(cast: dict[str, Person]) -> None:
    match = match_for(cast, Status.CONFIRMED)

    assert refused(lambda: match.events.update(reason="rewritten"))
    assert refused(lambda: match.events.all().delete())
    assert [event.to_status for event in match.events.all()][-1] == Status.CONFIRMED


def test_every_live_status_can_still_move() -> None:
    assert {source for source, _target in LEGAL} == {
        *HOLDS_BEDS,
        Status.NO_SHOW,
    }  # A no-show can be taken back for an hour.
