"""Placing at once: households that are due by name, against a market in memory that follows the rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from matching import engine, intake, transitions
from matching.desk import by_hand
from matching.engine import Arrangement
from matching.engine.board import Board
from matching.engine.reasons import reason_in
from matching.intake import SpaceDetails
from matching.models import Match, MatchEvent, MatchingDue, MatchingRound, ShelterRequest, Space
from matching.states import Status
from matching.worker import matchmaking, placing
from matching.worker.market import whole_market
from matching.worker.placing import Keeper, place_request, place_what_is_due
from tests import people
from tests.people import Person, tonight

pytestmark = pytest.mark.django_db


def place_now(keeper: Keeper | None = None) -> int:
    return place_what_is_due(keeper or Keeper(), now=timezone.now)


def another(name: str, **changes: Any) -> ShelterRequest:
    return people.request(people.amira(name=name).arrival, **changes)


# -- due rows ---------------------------------------------------------------------------------------


def test_new_request_gets_what_the_engine_says_without_a_round(amira: Person, hanna: Person) -> None:
    people.space(hanna.host, beds=5)
    snug = people.space(hanna.host, beds=2)
    asked = people.request(amira.arrival)
    market = whole_market(timezone.now())
    best = engine.place_one(market.needs()[0], market.offers())

    assert place_now() == 1

    match = Match.objects.get()
    assert (match.request, match.space, match.status) == (asked, snug, Status.PROPOSED)
    assert isinstance(best, engine.Placement)
    assert ([reason_in(each) for each in match.reasons], match.leg, match.version) == (list(best.reasons), 1, 1)
    assert match.score == pytest.approx(best.score, rel=1e-3)
    assert list(match.events.values_list("act", "from_status", "to_status", "role", "by", "remark")) == [
        ("propose", "", "proposed", "worker", None, None)
    ]
    assert not MatchingDue.objects.exists()
    assert not MatchingRound.objects.exists()


def test_request_that_fits_no_space_has_reasons_until_it_is_placed(amira: Person, hanna: Person) -> None:
    asked = people.request(amira.arrival, pets=True)
    space = people.space(hanna.host)
    keeper = Keeper()

    assert place_now(keeper) == 0
    asked.refresh_from_db()
    assert {"code": "count_no_pets", "count": 1} in asked.left_over_reasons

    intake.change_space(space.pk, details(pets=True), by=hanna.user, at=timezone.now())
    assert place_now(keeper) == 1
    asked.refresh_from_db()
    assert asked.left_over_reasons == []


def test_declined_household_gets_another_space_and_the_space_another_household(amira: Person, hanna: Person) -> None:
    near = people.space(hanna.host)
    far = people.space(hanna.host, latitude=43.35)
    asked = people.request(amira.arrival)
    keeper = Keeper()
    place_now(keeper)
    waiting = another("Aigul", radius_km=3, people=1, urgency="1")
    assert place_now(keeper) == 0

    transitions.decline(Match.objects.get().pk, by=people.carla().user, at=timezone.now(), reason="not_suitable")

    assert place_now(keeper) == 2
    live = Match.objects.filter(status=Status.PROPOSED).values_list("request", "space")
    assert set(live) == {(asked.pk, far.pk), (waiting.pk, near.pk)}


def test_child_alone_and_withdrawn_request_are_left_alone(amira: Person, hanna: Person) -> None:
    people.space(hanna.host)
    people.request(amira.arrival, people=1, children=1)
    withdrawn = another("Aigul")
    transitions.withdraw_request(withdrawn.pk, by=withdrawn.arrival.user, at=timezone.now())

    assert place_now() == 0
    assert not MatchingDue.objects.exists()


def test_many_at_once_wait_for_a_round(hanna: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(placing.planning, "MANY_DUE", 3)
    people.space(hanna.host)
    for number in range(3):
        another(f"Amira {number}")

    assert place_now() == 0
    done = matchmaking.match_open_requests(now=timezone.now)

    assert (done.at_once, [each.proposals for each in done.rounds]) == (0, [1])
    assert not MatchingDue.objects.exists()


def test_due_rows_that_cannot_be_placed_do_not_block_the_others(amira: Person, hanna: Person) -> None:
    people.space(hanna.host)
    MatchingDue.objects.create(at=timezone.now(), request_id="00000000-0000-0000-0000-000000000001")
    MatchingDue.objects.create(at=timezone.now(), space_id="00000000-0000-0000-0000-000000000002")
    people.request(amira.arrival)

    assert place_now() == 1
    assert not MatchingDue.objects.exists()


# -- proposals that stand -------------------------------------------------------------------------


def two_spaces_and_one_who_could_have_either(hanna: Person) -> tuple[Space, Space, Match]:
    """The nearer space, the only one that takes pets, is proposed to a household without pets."""
    pets_too = people.space(hanna.host, pets=True)
    other = people.space(hanna.host, latitude=43.3)
    people.request(people.amira(name="Without pets").arrival)
    place_now()
    match = Match.objects.get()
    assert match.space_id == pets_too.pk
    return pets_too, other, match


def test_proposal_moves_where_another_household_gains_a_roof(hanna: Person) -> None:
    pets_too, other, match = two_spaces_and_one_who_could_have_either(hanna)
    asked = another("With a dog", pets=True)

    assert place_now() == 2

    match.refresh_from_db()
    assert match.status == Status.EXPIRED
    assert match.events.last().reason == "rearranged"
    live = Match.objects.filter(status=Status.PROPOSED).values_list("request", "space", "leg")
    assert set(live) == {(match.request_id, other.pk, 1), (asked.pk, pets_too.pk, 1)}


@pytest.mark.parametrize("hand", ["proposed by hand", "approved once", "approved", "frozen"])
def test_proposal_that_a_person_has_acted_on_does_not_move(hand: str, hanna: Person) -> None:
    if hand == "proposed by hand":
        pets_too, _other = people.space(hanna.host, pets=True), people.space(hanna.host, latitude=43.3)
        asked = another("Without pets")
        match = by_hand.propose(asked.pk, pets_too.pk, by=people.carla().user, at=timezone.now())
    else:
        _pets_too, _other, match = two_spaces_and_one_who_could_have_either(hanna)
    if hand == "approved once":
        Match.objects.filter(pk=match.pk).update(high_risk=True)
    if hand.startswith("approved"):
        transitions.approve(match.pk, by=people.carla().user, at=timezone.now())
    if hand == "frozen":
        transitions.report_not_safe(match.pk, by=hanna.user, at=timezone.now())
    another("With a dog", pets=True)

    assert place_now() == 0
    assert Match.objects.get().pk == match.pk


def test_proposal_does_not_move_for_a_small_gain(hanna: Person) -> None:
    _pets_too, _other, match = two_spaces_and_one_who_could_have_either(hanna)
    shorter = people.space(hanna.host, pets=True, windows=((tonight(), tonight(4)),))
    asked = another("With a dog", pets=True, people=1, urgency="1")

    assert place_now() == 1
    assert Match.objects.get(request=asked).space == shorter
    assert Match.objects.get(pk=match.pk).status == Status.PROPOSED


# -- the market in memory -------------------------------------------------------------------------


def opinion(board: Board) -> dict[str, object]:
    """Return everything that a board answers about waiting and standing households, computed from the present rows."""
    market = whole_market(timezone.now())
    asked = {need.id: need for need in market.needs()}
    answers: dict[str, object] = {}
    for need_id in sorted(set(board.waiting)):
        answer = board.place(asked[need_id])
        answers[need_id] = answer.placement.legs if isinstance(answer, Arrangement) else answer.reasons
    return {
        "answers": answers,
        "standing": {pk: there.legs for pk in market.requests if (there := board.standing(pk))},
        "refill": {
            pk: {each.need_id: each.legs for each in board.refill(pk)}
            for pk in sorted(market.spaces)
            if pk in board.offers
        },
    }


def details(**changes: Any) -> SpaceDetails:
    where = people.place()
    given: dict[str, Any] = {
        "latitude": where.latitude,
        "longitude": where.longitude,
        "place": where,
        "beds": 3,
        "windows": ((tonight(), tonight(30)),),
        "languages": ("ru", "en"),
    }
    return SpaceDetails(**given | changes)


def everything_that_happens(hanna: Person) -> Iterator[Callable[[], object]]:
    """Yield act after act: the changes of an hour that a market in memory must not miss."""
    desk = people.carla().user
    spaces = [people.space(hanna.host, latitude=43.25 + step / 20) for step in range(4)]
    # No two requests are alike, because the order of equal requests is undefined.
    asked = [another(f"Amira {number}", people=1 + number % 2, nights=3 + number) for number in range(6)]
    now = timezone.now

    def live(number: int) -> Match:
        return Match.objects.get(request=asked[number], status__in=[Status.PROPOSED, Status.APPROVED])

    yield lambda: place_request(Keeper(), str(asked[0].pk), now=now)
    yield lambda: by_hand.propose(asked[1].pk, spaces[3].pk, by=desk, at=now(), reason="household_asks")
    yield lambda: place_request(Keeper(), str(asked[2].pk), now=now)
    yield lambda: transitions.approve(live(0).pk, by=desk, at=now())
    yield lambda: transitions.decline(live(2).pk, by=desk, at=now(), reason="other")
    yield lambda: transitions.cancel(live(0).pk, by=desk, at=now(), reason="other")
    yield lambda: intake.change_space(spaces[0].pk, details(beds=1), by=hanna.user, at=now())
    yield lambda: intake.pause_space(spaces[1].pk, by=hanna.user, at=now())
    yield lambda: intake.list_space(spaces[1].pk, by=hanna.user, at=now())
    yield lambda: intake.change_space(
        spaces[2].pk, details(windows=((tonight(2), tonight(9)),)), by=hanna.user, at=now()
    )
    yield lambda: transitions.withdraw_request(asked[3].pk, by=asked[3].arrival.user, at=now())
    yield lambda: another("Newcomer", first_night=tonight(1))
    yield lambda: people.space(hanna.host, longitude=77.0, shared=True, beds=6)
    yield lambda: Space.objects.filter(pk=spaces[3].pk).update(pets=True)
    yield lambda: transitions.expire(live(1).pk, at=now(), reason="withdrawn")
    yield lambda: matchmaking.match_open_requests(now=now)


def test_market_in_memory_agrees_with_the_rows_after_every_act(hanna: Person) -> None:
    kept = Keeper()
    for act in everything_that_happens(hanna):
        kept.board(at=timezone.now())
        act()
        at = timezone.now()
        assert opinion(kept.board(at=at)) == opinion(Keeper().board(at=at))


def test_market_in_memory_is_wrong_without_the_notes_of_changes(hanna: Person) -> None:
    """The negative control: memory follows the rows only through the notes that the triggers write."""
    kept, differed = Keeper(), 0
    with nothing_noted():
        for act in everything_that_happens(hanna):
            kept.board(at=timezone.now())
            act()
            at = timezone.now()
            differed += _wrong(kept.board(at=at), Keeper().board(at=at))

    assert differed > 3


def _wrong(kept: Board, fresh: Board) -> bool:
    return set(kept.waiting) != set(fresh.waiting) or opinion(kept) != opinion(fresh)


@contextmanager
def nothing_noted() -> Iterator[None]:
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE FUNCTION pg_temp.noted_nowhere() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'"
        )
        cursor.execute(
            "CREATE TRIGGER nowhere BEFORE INSERT ON matching_matchingchange"
            " FOR EACH ROW EXECUTE FUNCTION pg_temp.noted_nowhere()"
        )
        yield
        cursor.execute("DROP TRIGGER nowhere ON matching_matchingchange")
        cursor.execute("DROP FUNCTION pg_temp.noted_nowhere()")


def test_space_whose_confirmation_runs_out_is_forgotten_without_a_write(amira: Person, hanna: Person) -> None:
    space = people.space(hanna.host)
    people.request(amira.arrival)
    kept, now = Keeper(), timezone.now()
    Space.objects.filter(pk=space.pk).update(fresh_until=now + timedelta(minutes=5))
    kept.board(at=now)

    written = place_request(kept, str(ShelterRequest.objects.get().pk), now=lambda: now + timedelta(minutes=6))

    assert written == 0


def test_space_taken_since_the_last_look_costs_only_a_second_try(amira: Person, hanna: Person) -> None:
    near, far = people.space(hanna.host), people.space(hanna.host, latitude=43.35)
    kept = Keeper()
    quicker = another("Quicker")
    kept.board(at=timezone.now())
    # Simulate a late note: the worker still believes that the nearer space is free.
    with nothing_noted():
        people.proposed(quicker, near)
    asked = people.request(amira.arrival)

    assert place_request(kept, str(asked.pk), now=timezone.now) == 1
    assert Match.objects.get(request=asked).space == far


def test_proposals_carry_risks_and_one_message_an_hour(amira: Person, hanna: Person, carla: Person) -> None:
    people.space(hanna.host)
    people.space(hanna.host)
    people.request(amira.arrival, people=1, all_women=True)
    another("With a child", children=1)

    assert place_now() == 2

    assert set(Match.objects.values_list("high_risk", flat=True)) == {True}
    assert MatchEvent.objects.count() == 2
    assert [n.event for n in carla.user.notifications.all()] == ["proposals_waiting"]
