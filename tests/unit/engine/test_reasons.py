"""Why a need is left over: the rules in the way with counts, and the smallest change of each kind that would place it."""

from __future__ import annotations

from typing import Any

import pytest

from matching.engine import Need, Offer, Reason, plan
from matching.engine.reasons import Code
from tests.unit.engine.making import ALMATY, KM_NORTH, amiras_need, hannas_offer, night


def reasons(need: Need, *offers: Offer) -> tuple[Reason, ...]:
    (left,) = plan([need], offers).unplaced
    return left.reasons


CASES: list[tuple[str, dict[str, Any], list[dict[str, Any]], tuple[Reason, ...]]] = [
    (
        "a wider radius",
        {},
        [{"lat": ALMATY[0] + 12 * KM_NORTH}, {"lat": ALMATY[0] + 40 * KM_NORTH}],
        (Reason(Code.NONE_WITHIN, (10.0,)), Reason(Code.FARTHER, (1, 15.0))),
    ),
    (
        "rules, the most frequent first",
        {"pets": True, "step_free": True},
        [{}, {"pets": True}, {"pets": True}],
        (Reason(Code.COUNT_NOT_STEP_FREE, (2,)), Reason(Code.COUNT_NO_PETS, (1,))),
    ),
    (
        "a shorter stay",
        {},
        [{"max_nights": 3}, {"max_nights": 2}, {"max_nights": 3}],
        (
            Reason(Code.NONE_FREE, (3, 10.0, 4, night(0))),
            Reason(Code.SHORTER, (2, 3)),
            Reason(Code.MOVE),
        ),
    ),
    (
        "other dates",
        {},
        [{"windows": ((night(2), night(20)),)}],
        (Reason(Code.NONE_FREE, (1, 10.0, 4, night(0))), Reason(Code.OTHER_DATES, (1, night(2)))),
    ),
    (
        "a move",
        {},
        [{"windows": ((night(0), night(2)),)}, {"windows": ((night(2), night(9)),)}],
        (
            Reason(Code.NONE_FREE, (2, 10.0, 4, night(0))),
            Reason(Code.SHORTER, (1, 2)),
            Reason(Code.OTHER_DATES, (1, night(2))),
            Reason(Code.MOVE),
        ),
    ),
    (
        "a split",
        {"people": 3},
        [{"beds": 2}, {"beds": 1}],
        (Reason(Code.COUNT_TOO_FEW_BEDS, (2,)), Reason(Code.SPLIT)),
    ),
    ("a declined pair", {"declined": frozenset({"offer0"})}, [{}], (Reason(Code.COUNT_DECLINED_BEFORE, (1,)),)),
]


@pytest.mark.parametrize(("what", "wanted", "offered", "expected"), CASES, ids=[case[0] for case in CASES])
def test_plan_says_what_is_in_the_way_and_what_would_help(
    what: str, wanted: dict[str, Any], offered: list[dict[str, Any]], expected: tuple[Reason, ...]
) -> None:
    offers = [hannas_offer(id=f"offer{number}", **each) for number, each in enumerate(offered)]

    assert reasons(amiras_need(**wanted), *offers) == expected


def test_plan_says_that_the_space_went_to_somebody_who_weighs_more() -> None:
    needs = [amiras_need(), amiras_need(id="urgent", urgency=4.0)]

    (left,) = plan(needs, [hannas_offer()]).unplaced

    assert (left.need_id, left.reasons) == ("amira", (Reason(Code.ALL_TAKEN, (1, 10.0)),))


def test_plan_says_that_there_is_no_space_at_all() -> None:
    assert reasons(amiras_need()) == (Reason(Code.NO_SPACE),)


def test_placement_says_why_it_suits() -> None:
    (placed,) = plan([amiras_need()], [hannas_offer(beds=3)]).placements

    assert placed.reasons == (
        Reason(Code.DISTANCE, (0.0,)),
        Reason(Code.COMMON_LANGUAGE, (("ru",),)),
        Reason(Code.PEOPLE_IN_BEDS, (1, 3)),
        Reason(Code.ALL_NIGHTS, (4,)),
    )
