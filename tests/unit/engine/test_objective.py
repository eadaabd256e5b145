"""The objective by figures worked out by hand from the formula in docs/matching.md."""

from __future__ import annotations

import pytest

from matching.engine import Leg
from matching.engine.objective import score, weight
from places.earth import distance_km
from tests.unit.engine.making import ALMATY, KM_NORTH, amiras_need, hannas_offer, night


def test_score_of_a_full_stay_next_door_is_weight_times_people_times_one_and_a_fifth() -> None:
    need = amiras_need(people=2, urgency=2.5, days_waiting=4.0)
    offer = hannas_offer(beds=2)

    # weight 2.5 x 1.2 = 3; fit 0.5 + 0.25 + 0.25 = 1
    assert score(need, ((Leg("hanna", night(0), night(4), 2), offer),)) == pytest.approx(3 * 2 * (1 + 0.2))


def test_score_of_a_shorter_stay_counts_fit_only_for_the_nights_it_covers() -> None:
    need = amiras_need(nights=10, min_nights=1)
    offer = hannas_offer(lat=ALMATY[0] + 10 * KM_NORTH, beds=4, languages=frozenset({"kk"}))

    # coverage 0.4 + 0.6 x 5/10; fit 0.5/(1 + 1) + 0 + 0.25 x 1/4, over half of the nights
    expected = 0.7 + 0.2 * (0.25 + 0.0625) * 0.5
    assert score(need, ((Leg("hanna", night(0), night(5), 1), offer),)) == pytest.approx(expected, rel=1e-6)


def test_score_of_a_shared_space_loses_nothing_for_empty_beds() -> None:
    offer = hannas_offer(beds=8, shared=True)

    assert score(amiras_need(), ((Leg("hanna", night(0), night(4), 1), offer),)) == pytest.approx(1.2)


def test_score_of_a_move_is_a_tenth_of_coverage_less() -> None:
    legs = (
        (Leg("one", night(0), night(2), 1), hannas_offer(id="one")),
        (Leg("two", night(2), night(4), 1), hannas_offer(id="two")),
    )

    assert score(amiras_need(may_move=True), legs) == pytest.approx(1 - 0.10 + 0.2)


def test_score_of_a_split_weighs_each_space_by_the_people_in_it() -> None:
    legs = (
        (Leg("one", night(0), night(4), 3), hannas_offer(id="one", beds=3)),
        (Leg("two", night(0), night(4), 1), hannas_offer(id="two", beds=2, languages=frozenset())),
    )

    # fit: 3/4 of it 1, 1/4 of it 0.5 + 0 + 0.25 x 1/2
    expected = 4 * (1 - 0.15 + 0.2 * (0.75 * 1 + 0.25 * 0.625))
    assert score(amiras_need(people=4, may_split=True), legs) == pytest.approx(expected)


@pytest.mark.parametrize(("days", "expected"), [(0.0, 4.0), (7.0, 5.4), (14.0, 6.8), (90.0, 6.8), (-1.0, 4.0)])
def test_weight_grows_for_fourteen_days_and_no_longer(days: float, expected: float) -> None:
    assert weight(amiras_need(urgency=4.0, days_waiting=days)) == pytest.approx(expected)


def test_distance_from_a_pole_to_the_equator_is_a_quarter_of_the_great_circle() -> None:
    assert distance_km(90.0, 0.0, 0.0, 76.95) == pytest.approx(3.141592653589793 / 2 * 6_371.0088)
