"""Why a need is left over: the rules in the way with counts, and the smallest change of each kind that would place it."""

from __future__ import annotations

from typing import Any

import pytest

from matching.engine import Need, Offer, plan
from tests.unit.engine.making import ALMATY, KM_NORTH, amiras_need, hannas_offer, night


def reasons(need: Need, *offers: Offer) -> tuple[str, ...]:
    (left,) = plan([need], offers).unplaced
    return left.reasons


CASES: list[tuple[str, dict[str, Any], list[dict[str, Any]], tuple[str, ...]]] = [
    (
        "a wider radius",
        {},
        [{"lat": ALMATY[0] + 12 * KM_NORTH}, {"lat": ALMATY[0] + 40 * KM_NORTH}],
        ("no space within 10 km", "1 free within 15 km"),
    ),
    (
        "rules, the most frequent first",
        {"pets": True, "step_free": True},
        [{}, {"pets": True}, {"pets": True}],
        ("2 not step-free", "1 no pets allowed"),
    ),
    (
        "a shorter stay",
        {},
        [{"max_nights": 3}, {"max_nights": 2}, {"max_nights": 3}],
        (
            "3 suitable within 10 km, none free for 4 nights from 2022-09-26",
            "2 free for 3 nights",
            "possible with a move between two spaces",
        ),
    ),
    (
        "other dates",
        {},
        [{"windows": ((night(2), night(20)),)}],
        # The week ends with the last night anybody wants, so later nights are not known to be free.
        ("1 suitable within 10 km, none free for 4 nights from 2022-09-26",),
    ),
    (
        "a move",
        {},
        [{"windows": ((night(0), night(2)),)}, {"windows": ((night(2), night(9)),)}],
        (
            "2 suitable within 10 km, none free for 4 nights from 2022-09-26",
            "1 free for 2 nights",
            "possible with a move between two spaces",
        ),
    ),
    (
        "a split",
        {"people": 3},
        [{"beds": 2}, {"beds": 1}],
        ("2 too few beds", "possible when split over two neighbouring spaces"),
    ),
    ("a declined pair", {"declined": frozenset({"offer0"})}, [{}], ("1 declined before",)),
]


@pytest.mark.parametrize(("what", "wanted", "offered", "expected"), CASES, ids=[case[0] for case in CASES])
def test_plan_says_what_is_in_the_way_and_what_would_help(
    what: str, wanted: dict[str, Any], offered: list[dict[str, Any]], expected: tuple[str, ...]
) -> None:
    offers = [hannas_offer(id=f"offer{number}", **each) for number, each in enumerate(offered)]

    assert reasons(amiras_need(**wanted), *offers) == expected


def test_plan_says_that_the_space_went_to_somebody_who_weighs_more() -> None:
    needs = [amiras_need(), amiras_need(id="urgent", urgency=4.0)]

    (left,) = plan(needs, [hannas_offer()]).unplaced

    assert (left.need_id, left.reasons) == ("amira", ("1 possible within 10 km, all given to needs that weigh more",))


def test_plan_says_that_there_is_no_space_at_all() -> None:
    assert reasons(amiras_need()) == ("no space may be matched at all: none is vetted, listed and fresh",)


def test_placement_says_in_words_why_it_suits() -> None:
    (placed,) = plan([amiras_need()], [hannas_offer(beds=3)]).placements

    assert placed.reasons == ("0.0 km", "common language: ru", "1 person in 3 beds", "all 4 nights")
