"""Prices as advice: what one more space of a kind would add, and that no more is gained than is promised."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given

from matching.engine import Need, Offer, Plan, plan
from matching.engine.advice import KINDS
from matching.engine.checking_bound import recompute_bound
from tests.examples import examples
from tests.unit.engine.exact import best_objective
from tests.unit.engine.making import ALMATY, KM_NORTH, amiras_need, hannas_offer, night
from tests.unit.engine.weeks import weeks

Week = tuple[list[Need], list[Offer]]


def gains(found: Plan) -> dict[str, float]:
    return {one.kind.name: round(one.gain, 6) for one in found.advice}


@examples(150)
@given(weeks())
def test_no_plan_with_the_advised_space_is_worth_more_than_the_bound_and_the_promise(week: Week) -> None:
    needs, offers = week
    found = plan(needs, offers)

    for one in {one.kind: one for one in found.advice}.values():
        assert one.gain == pytest.approx(sum(price for _night, price in one.nights))
        best = best_objective(needs, [*offers, one.as_offer("advised")])
        assert best <= found.bound + one.gain + 1e-6
        assert best >= found.objective + one.at_least - 1e-6


@examples(150)
@given(weeks())
def test_the_prices_of_the_nights_prove_the_promise(week: Week) -> None:
    """The independent checker, given the old prices and those of the space, proves bound + promise or less."""
    needs, offers = week
    found = plan(needs, offers)

    for one in {one.kind: one for one in found.advice if not one.kind.shared}.values():
        prices = found.prices | {("advised", day): (price,) for day, price in one.nights}
        proven = recompute_bound(needs, [*offers, one.as_offer("advised")], prices)
        assert proven <= found.bound + one.gain + 1e-6


def test_advice_promises_what_the_one_left_over_is_worth() -> None:
    needs = [amiras_need(urgency=2.5), amiras_need(id="bota")]

    found = plan(needs, [hannas_offer()])

    # A single room adds Bota's whole stay, right where she is: 1 + 0.2 x 1. In a double half of the beds are used.
    at_least = {one.kind.name: one.at_least for one in found.advice}
    assert (at_least["single"], at_least["double"]) == pytest.approx((1.2, 1.175))
    # Any price of the one bed from 1.2 (Bota's) to 3 (Amira's) proves the same bound: what it is worth to one more lies between.
    assert 1.2 <= gains(found)["single"] <= 3.0
    assert found.advice[0].kind.name == "single"


@pytest.mark.parametrize(
    ("need", "kinds"),
    [
        ({"step_free": True}, {"step-free"}),
        ({"pets": True}, {"pets"}),
        ({"people": 4}, {"family", "shared"}),
        ({"all_women": True, "women_only": True}, {"women"}),
        ({"people": 2, "children": 1}, {"double", "family", "women", "step-free", "pets", "shared"} - {"women"}),
    ],
)
def test_advice_names_the_kinds_of_space_that_help(need: dict[str, Any], kinds: set[str]) -> None:
    assert set(gains(plan([amiras_need(**need)], [hannas_offer(lat=0.0)]))) == kinds


def test_advice_prices_a_shared_hall_for_all_who_would_stay_in_it() -> None:
    needs = [amiras_need(id=f"n{number}", days_waiting=0.0) for number in range(6)]

    found = plan(needs, [hannas_offer(lat=0.0)])

    # Four beds; each of four is worth 1.2. The kinds for one household take one.
    assert gains(found)["shared"] == pytest.approx(4 * 1.2, rel=0.02)
    assert gains(found)["single"] == pytest.approx(1.2)


def test_advice_adds_up_who_comes_after_whom_in_one_space() -> None:
    needs = [amiras_need(), amiras_need(id="bota", first_night=night(4), nights=2, min_nights=2)]

    one = next(one for one in plan(needs, [hannas_offer(lat=0.0)]).advice if one.kind.name == "single")

    assert one.gain == pytest.approx(2.4)
    assert (one.first_night, one.last_day) <= (night(0), night(6))
    assert sum(price for day, price in one.nights if day >= night(4)) == pytest.approx(1.2)


def test_advice_counts_a_space_that_lets_somebody_stay_on_after_another() -> None:
    need = amiras_need(may_move=True)
    offer = hannas_offer(windows=((night(0), night(2)),))
    far = amiras_need(id="bota", lat=ALMATY[0] + 30 * KM_NORTH)

    found = plan([need, far], [offer])

    # The spot is where both are left over; nothing there is within reach of Amira but at her own place.
    assert all(one.gain > 0 for one in found.advice)
    single = next(one for one in found.advice if one.kind.name == "single" and abs(one.lat - ALMATY[0]) < 0.01)
    assert single.gain == pytest.approx(1.2)


def test_advice_is_silent_where_nobody_is_left_over() -> None:
    assert plan([amiras_need()], [hannas_offer()]).advice == ()


def test_kinds_have_names_of_their_own() -> None:
    assert len({kind.name for kind in KINDS}) == len(KINDS)
