"""A plan of any small week: it keeps every rule, proves its bound, and is the same whenever it is made."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matching.engine import Need, Offer, Plan, Step, plan
from matching.engine.checking import check_plan
from matching.engine.checking_bound import recompute_bound
from matching.engine.compiled import nearby
from matching.engine.reasons import CHILDREN_ALONE, NO_TIME
from tests.examples import examples
from tests.unit.engine.exact import best_objective
from tests.unit.engine.making import amiras_need, hannas_offer, night
from tests.unit.engine.weeks import offers as spaces
from tests.unit.engine.weeks import weeks

Week = tuple[list[Need], list[Offer]]

PARTS = range(4)
"""Hypothesis draws other weeks in each part, and the parts run side by side: 600 weeks in all, and 2,000 in `make proof`."""

many = examples(500)
some = examples(60)


@pytest.fixture(scope="module", autouse=True)
def compiled() -> None:
    """Compile the kernels before hypothesis looks at its watch."""
    plan([amiras_need()], [hannas_offer()])


@pytest.mark.parametrize("part", PARTS)
@many
@given(week=weeks())
def test_plan_keeps_every_rule_says_what_it_is_worth_and_proves_how_good_it_is(part: int, week: Week) -> None:
    best = best_objective(*week)

    found = plan(*week)

    assert check_plan(*week, found.placements) == []
    assert found.objective == pytest.approx(sum(placement.score for placement in found.placements))
    assert recompute_bound(*week, found.prices) == pytest.approx(found.bound, rel=1e-8, abs=1e-8)
    assert found.objective <= best + 1e-6
    assert found.bound >= best - 1e-6


@pytest.mark.parametrize("part", PARTS[:2])
@many
@given(week=weeks(), data=st.data())
def test_one_more_space_never_lowers_what_is_possible_nor_what_is_proven(
    part: int, week: Week, data: st.DataObject
) -> None:
    needs, offers = week
    more = [*offers, replace(data.draw(spaces(len(offers))), id="one more")]
    before = best_objective(needs, offers)

    assert best_objective(needs, more) >= before - 1e-6
    assert plan(needs, more).bound >= before - 1e-6


@some
@given(weeks())
def test_plan_is_the_same_for_the_same_week_in_any_order(week: Week) -> None:
    needs, offers = list(week[0]), list(week[1])
    first = plan(needs, offers)
    random.Random(1).shuffle(needs)
    random.Random(2).shuffle(offers)

    again = plan(needs, offers)

    assert essence(again) == essence(first)


@some
@given(weeks())
def test_plan_answers_every_need_once(week: Week) -> None:
    found = plan(*week)

    answered = [placed.need_id for placed in found.placements] + [left.need_id for left in found.unplaced]
    assert sorted(answered) == sorted(need.id for need in week[0])
    assert all(left.reasons for left in found.unplaced)


def test_plan_moves_a_household_whose_first_space_ends_too_early() -> None:
    need = amiras_need(may_move=True)
    offers = [
        hannas_offer(id="first", windows=((night(0), night(2)),)),
        hannas_offer(id="then", windows=((night(2), night(9)),)),
    ]

    (placed,) = plan([need], offers).placements

    assert [(leg.offer_id, leg.first_night, leg.last_day) for leg in placed.legs] == [
        ("first", night(0), night(2)),
        ("then", night(2), night(4)),
    ]
    assert placed.score == pytest.approx(0.9 + 0.2)


def test_plan_splits_a_household_over_two_neighbours() -> None:
    offers = [hannas_offer(id="one", beds=2), hannas_offer(id="other", beds=1)]

    (placed,) = plan([amiras_need(people=3, may_split=True)], offers).placements

    assert sorted((leg.offer_id, leg.people) for leg in placed.legs) == [("one", 2), ("other", 1)]
    assert placed.score == pytest.approx(3 * (0.85 + 0.2))


def test_plan_leaves_children_alone_to_a_coordinator() -> None:
    found = plan([amiras_need(people=1, children=1)], [hannas_offer(children=True)])

    assert found.placements == ()
    assert [left.reasons for left in found.unplaced] == [(CHILDREN_ALONE,)]


def test_plan_gives_the_last_bed_to_the_most_urgent() -> None:
    needs = [amiras_need(id=f"waits{days}", days_waiting=float(days)) for days in (3, 9, 6)]

    assert [placed.need_id for placed in plan(needs, [hannas_offer()]).placements] == ["waits9"]


def test_plan_stops_when_told_and_still_has_a_plan_and_a_bound() -> None:
    found = plan([amiras_need()], [hannas_offer()], stop=lambda: True)

    assert [placed.need_id for placed in found.placements] == ["amira"]
    assert found.bound >= found.objective > 0


def test_time_limit_covers_the_reasons_as_well() -> None:
    needs, offers = [amiras_need(id=f"n{number}") for number in range(30)], [hannas_offer()]

    nothing_left, enough = plan(needs, offers, time_limit=1e-9), plan(needs, offers, time_limit=3600)

    assert {one.reasons for one in nothing_left.unplaced} == {(NO_TIME,)}
    assert check_plan(needs, offers, nothing_left.placements) == []
    assert NO_TIME not in {reason for one in enough.unplaced for reason in one.reasons}


@some
@given(weeks())
def test_plan_is_the_same_with_no_memory_for_what_is_near(week: Week) -> None:
    remembering = plan(*week)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(nearby, "MOST_PAIRS_KEPT", 0)
        assert essence(plan(*week)) == essence(remembering)


def test_plan_tells_of_its_steps_up_to_the_end() -> None:
    steps: list[Step] = []

    found = plan([amiras_need()], [hannas_offer()], progress=steps.append)

    assert steps[-1] == Step("done", 1.0, found.objective, found.bound)
    assert all(0 <= step.done <= 1 for step in steps)


def test_checker_sees_two_households_in_one_space() -> None:
    """The control: a checker that finds nothing must be one that could."""
    needs = [amiras_need(id="one"), amiras_need(id="two")]
    alone = [plan([need], [hannas_offer()]).placements[0] for need in needs]

    assert check_plan(needs, [hannas_offer()], alone) == [
        "hanna: 2 people in 1 beds on 2022-09-26",
        "hanna: 2 households on 2022-09-26, and it is not shared",
    ]


def essence(found: Plan) -> object:
    return found.placements, found.unplaced, found.bound, found.prices
