"""One need at once, and the candidates for matching by hand."""

from __future__ import annotations

from matching.engine import Held, Placement, Reason, Unplaced, candidates, place_one
from matching.engine.reasons import Code
from tests.unit.engine.making import ALMATY, KM_NORTH, amiras_need, hannas_offer, night

NEAR = hannas_offer(id="near")
FAR = hannas_offer(id="far", lat=ALMATY[0] + 5 * KM_NORTH)
LARGE = hannas_offer(id="large", beds=5)
NO_MORE = hannas_offer(id="no more", held=(Held(night(1), night(2), 1),))


def test_candidates_are_ranked_by_worth_and_leave_out_what_is_impossible() -> None:
    ranked = candidates(amiras_need(), [FAR, NO_MORE, LARGE, NEAR])

    # fit: near 1; far 0.5/1.5 + 0.5; large 0.5 + 0.25 + 0.25/5
    assert [(placement.legs[0].offer_id, round(placement.score, 4)) for placement in ranked] == [
        ("near", 1.2),
        ("far", 1.1667),
        ("large", 1.16),
    ]


def test_candidates_stop_at_the_limit() -> None:
    ranked = candidates(amiras_need(), [FAR, LARGE, NEAR], limit=1)

    assert [placement.legs[0].offer_id for placement in ranked] == ["near"]


def test_place_one_takes_the_best_space_that_is_free() -> None:
    placed = place_one(amiras_need(), [FAR, NO_MORE])

    assert isinstance(placed, Placement)
    assert placed.legs[0].offer_id == "far"


def test_place_one_says_every_rule_in_the_way_of_a_single_space() -> None:
    assert place_one(amiras_need(pets=True), [NO_MORE]) == Unplaced("amira", (Reason(Code.NO_PETS), Reason(Code.TAKEN)))


def test_place_one_counts_what_is_in_the_way_of_many_spaces() -> None:
    left = place_one(amiras_need(pets=True), [NEAR, FAR, LARGE])

    assert left == Unplaced("amira", (Reason(Code.COUNT_NO_PETS, (3,)),))
