"""What a household left over is told would help does help: the change is made, and it is placed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from hypothesis import given

from matching.engine import Arrangement, Held, Need, Offer, Placement, Reason, candidates, plan
from matching.engine.board import Board
from matching.engine.reasons import ADVICE, Code
from tests.examples import examples
from tests.unit.engine.making import ALMATY, KM_NORTH, amiras_need, hannas_offer
from tests.unit.engine.weeks import weeks

Week = tuple[list[Need], list[Offer]]


@examples(400)
@given(weeks())
def test_every_change_that_is_named_places_the_need_in_what_the_plan_leaves_free(week: Week) -> None:
    needs, offers = week
    asked = {need.id: need for need in needs}
    found = plan(needs, offers)
    free = with_held(offers, found.placements)
    board = Board([], free)

    for left in found.unplaced:
        for reason in left.reasons:
            changed = change_named(asked[left.need_id], reason)
            if changed is None:
                continue
            # A space that is apart reads as one that is taken, and is advised like one: no word differs because of a list.
            count, need = changed[0], replace(changed[1], apart=frozenset())
            answer = board.place(need)
            assert isinstance(answer, Arrangement), reason
            assert answer.moved == ()
            if count is not None:
                possible = [one for one in candidates(need, free) if is_meant(one, need, reason)]
                assert len(possible) == count, reason


@examples(100)
@given(weeks())
def test_nobody_is_left_over_for_whom_there_is_room(week: Week) -> None:
    needs, offers = week
    found = plan(needs, offers)
    board = Board([], with_held(offers, found.placements))
    left = {one.need_id for one in found.unplaced}

    for need in needs:
        if need.id in left:
            assert not isinstance(board.place(need), Arrangement)


def test_a_split_is_found_among_many_spaces_that_lie_apart() -> None:
    """Only two of a hundred are neighbours, and they are not the best."""
    spread = [hannas_offer(id=f"o{at}", lat=ALMATY[0] + 6 * at * KM_NORTH) for at in range(100)]
    neighbour = hannas_offer(id="neighbour", lat=ALMATY[0] + 596 * KM_NORTH)
    need = amiras_need(people=2, may_split=True, radius_km=1_000.0)

    answer = Board([], [*spread, neighbour]).place(need)

    assert isinstance(answer, Arrangement)
    assert {leg.offer_id for leg in answer.placement.legs} == {"o99", "neighbour"}


def change_named(need: Need, reason: Reason) -> tuple[int | None, Need] | None:
    """Return what a reason asks for: how many spaces would do, and the need so changed; None when it asks for nothing."""
    named: dict[str, Any] = reason.named
    match reason.code:
        case Code.FARTHER:
            return named["count"], replace(need, radius_km=named["radius_km"])
        case Code.SHORTER:
            return named["count"], replace(need, min_nights=named["nights"])
        case Code.OTHER_DATES:
            return named["count"], replace(need, first_night=named["first_night"])
        case Code.MOVE:
            return None, replace(need, may_move=True)
        case Code.SPLIT:
            return None, replace(need, may_split=True)
    assert reason.code not in ADVICE
    return None


def is_meant(placement: Placement, need: Need, reason: Reason) -> bool:
    return reason.code is not Code.SHORTER or placement.legs[0].nights == need.min_nights


def with_held(offers: Sequence[Offer], placements: Sequence[Placement]) -> list[Offer]:
    held: dict[str, list[Held]] = {}
    for leg in (leg for placement in placements for leg in placement.legs):
        held.setdefault(leg.offer_id, []).append(Held(leg.first_night, leg.last_day, leg.people))
    return [replace(offer, held=(*offer.held, *held.get(offer.id, ()))) for offer in offers]
