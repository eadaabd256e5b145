"""Nobody who is possible to place is passed over for somebody equal; the report says how long people waited."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given

from matching.engine import Need, Offer, Placement, plan
from matching.engine.checking_fairness import passed_over
from matching.engine.fairness import Tenth, by_days_waited
from tests.examples import examples
from tests.unit.engine.making import ALMATY, KM_NORTH, amiras_need, hannas_offer
from tests.unit.engine.weeks import weeks

Week = tuple[list[Need], list[Offer]]

many = examples(500)


@many
@given(weeks())
def test_plan_passes_nobody_over(week: Week) -> None:
    assert passed_over(*week, plan(*week).placements) == []


@many
@given(weeks())
def test_plan_passes_nobody_over_where_all_ask_for_the_same_nights(week: Week) -> None:
    needs = [replace(need, first_night=week[0][0].first_night, nights=3, min_nights=2, people=2) for need in week[0]]
    needs = [replace(need, children=min(need.children, 1)) for need in needs]

    assert passed_over(needs, week[1], plan(needs, week[1]).placements) == []


def test_passed_over_sees_who_waited_longer_for_the_same() -> None:
    """The control: here somebody is passed over."""
    longer, shorter = amiras_need(days_waiting=3.0), amiras_need(id="oskar", days_waiting=2.0)
    wrong = plan([shorter], [hannas_offer()]).placements

    assert passed_over([longer, shorter], [hannas_offer()], wrong) == [("amira", "oskar")]


def test_passed_over_sees_who_waited_longer_than_counts() -> None:
    longer, shorter = amiras_need(days_waiting=30.0), amiras_need(id="aaa", days_waiting=20.0)
    wrong = plan([shorter], [hannas_offer()]).placements

    assert passed_over([longer, shorter], [hannas_offer()], wrong) == [("amira", "aaa")]
    assert [placed.need_id for placed in plan([longer, shorter], [hannas_offer()]).placements] == ["amira"]


def test_passed_over_lets_those_be_who_could_not_stay_there() -> None:
    longer, shorter = amiras_need(days_waiting=3.0, pets=True), amiras_need(id="oskar", days_waiting=2.0)

    assert passed_over([longer, shorter], [hannas_offer()], plan([shorter], [hannas_offer()]).placements) == []


def test_by_days_waited_counts_each_tenth() -> None:
    needs = [amiras_need(id=f"n{days:02}", days_waiting=float(days), people=2) for days in range(20)]

    tenths = by_days_waited(needs, {"n19", "n18", "n17"})

    assert tenths[0] == Tenth(days_from=18.0, days_to=19.0, placed=2, left=0, people_placed=4, people_left=0)
    assert tenths[1] == Tenth(days_from=16.0, days_to=17.0, placed=1, left=1, people_placed=2, people_left=2)
    assert [tenth.placed for tenth in tenths[2:]] == [0] * 8


def test_by_days_waited_of_few_has_fewer_rows() -> None:
    assert [tenth.left for tenth in by_days_waited([amiras_need()], set())] == [1]


# -- what stands ----------------------------------------------------------------------------------


def standing_far() -> tuple[list[Offer], Placement]:
    far = hannas_offer(id="far", lat=ALMATY[0] + 5 * KM_NORTH)
    return [hannas_offer(id="near"), far], plan([amiras_need()], [far]).placements[0]


def test_plan_leaves_a_placement_that_stands_where_it_is() -> None:
    offers, standing = standing_far()

    found = plan([amiras_need()], offers, standing=[standing])

    assert found.placements == (standing,)
    assert found.objective == standing.score
    assert found.bound >= 1.2


def test_plan_moves_a_placement_that_stands_when_that_is_worth_it() -> None:
    offers, standing = standing_far()
    bota = amiras_need(id="bota", lat=ALMATY[0] + 8 * KM_NORTH, radius_km=4.0)

    found = plan([amiras_need(), bota], offers, standing=[standing])

    assert [(placed.need_id, placed.legs[0].offer_id) for placed in found.placements] == [
        ("amira", "near"),
        ("bota", "far"),
    ]


def test_plan_does_not_mind_a_placement_that_can_stand_no_longer() -> None:
    offers, standing = standing_far()

    found = plan([amiras_need(pets=True)], offers, standing=[standing, replace(standing, need_id="gone")])

    assert found.placements == ()


@examples(300)
@given(weeks())
def test_plan_made_again_with_what_stands_is_worth_as_much_and_changes_nothing(week: Week) -> None:
    first = plan(*week)

    again = plan(*week, standing=first.placements)

    assert again.objective >= first.objective - 1e-9
    changed = {placed.need_id for placed in first.placements if placed not in again.placements}
    # Each changed placement costs its need's loyalty. The new plan must be worth more by at least the sum of these costs.
    asked = {need.id: need for need in week[0]}
    cost = sum(0.1 * asked[one].urgency * asked[one].people for one in changed)
    assert again.objective >= first.objective + cost - 1e-9
