"""Every hard rule: one case that it refuses, with its reason, and one beside it that it allows."""

from __future__ import annotations

from typing import Any

import pytest

from matching.engine import Held, Reason, refusals
from matching.engine.reasons import Code
from matching.engine.rules import RULES
from tests.unit.engine.making import ALMATY, KM_NORTH, amiras_need, hannas_offer, night

Changes = dict[str, Any]

REFUSED: list[tuple[str, Changes, Changes, Reason]] = [
    ("host_vetted", {}, {"vetted": False}, Reason(Code.HOST_NOT_VETTED)),
    ("space_listed", {}, {"listed": False}, Reason(Code.SPACE_NOT_LISTED)),
    ("space_fresh", {}, {"fresh": False}, Reason(Code.SPACE_NOT_FRESH)),
    ("within_radius", {}, {"lat": ALMATY[0] + 10.1 * KM_NORTH}, Reason(Code.TOO_FAR, (10.1, 10.0))),
    ("who_may_stay", {}, {"who": "women"}, Reason(Code.WOMEN_HOUSEHOLDS_ONLY)),
    ("who_may_stay", {"people": 2}, {"who": "families", "beds": 2}, Reason(Code.FAMILIES_ONLY)),
    ("women_only", {"women_only": True, "all_women": True}, {}, Reason(Code.NOT_WOMEN_ONLY)),
    ("children", {"people": 2, "children": 1}, {"beds": 2}, Reason(Code.NO_CHILDREN)),
    ("pets", {"pets": True}, {}, Reason(Code.NO_PETS)),
    ("step_free", {"step_free": True}, {}, Reason(Code.NOT_STEP_FREE)),
    ("smoking", {"smoking": True}, {}, Reason(Code.NO_SMOKING)),
    ("smoking", {"smoking": False}, {"smoking": True}, Reason(Code.SMOKING_ALLOWED)),
    ("common_language", {"language_required": True}, {"languages": frozenset({"kk"})}, Reason(Code.NO_COMMON_LANGUAGE)),
    ("enough_beds", {"people": 3}, {"beds": 2}, Reason(Code.TOO_FEW_BEDS, (2, 3))),
    ("long_enough", {"first_night": night(28)}, {}, Reason(Code.NOT_FREE, (night(28),))),
    ("long_enough", {}, {"max_nights": 3}, Reason(Code.TOO_FEW_NIGHTS, (3, 4, 4))),
    ("long_enough", {}, {"windows": ((night(0), night(3)),)}, Reason(Code.TOO_FEW_NIGHTS, (3, 4, 4))),
    ("room_left", {}, {"held": (Held(night(3), night(5), 1),)}, Reason(Code.TAKEN)),
    (
        "room_left",
        {"people": 2},
        {"beds": 3, "shared": True, "held": (Held(night(2), night(3), 2),)},
        Reason(Code.TAKEN),
    ),
    ("room_left", {}, {"beds": 4, "held": (Held(night(0), night(1), 1),)}, Reason(Code.TAKEN)),
    ("not_declined", {"declined": frozenset({"hanna"})}, {}, Reason(Code.DECLINED_BEFORE)),
]

ALLOWED: list[tuple[str, Changes, Changes]] = [
    ("host_vetted", {}, {"vetted": True}),
    ("space_listed", {}, {"listed": True}),
    ("space_fresh", {}, {"fresh": True}),
    ("within_radius", {}, {"lat": ALMATY[0] + 9.9 * KM_NORTH}),
    ("who_may_stay", {"all_women": True}, {"who": "women"}),
    ("who_may_stay", {"people": 2, "children": 1}, {"who": "families", "beds": 2, "children": True}),
    ("women_only", {"women_only": True, "all_women": True}, {"who": "women"}),
    ("children", {"people": 2, "children": 1}, {"beds": 2, "children": True}),
    ("pets", {"pets": True}, {"pets": True}),
    ("step_free", {"step_free": True}, {"step_free": True}),
    ("smoking", {"smoking": True}, {"smoking": True}),
    ("smoking", {"smoking": False}, {"smoking": False}),
    ("smoking", {"smoking": None}, {"smoking": True}),
    ("common_language", {"language_required": True}, {"languages": frozenset({"kk", "ru"})}),
    ("common_language", {}, {"languages": frozenset({"kk"})}),
    ("enough_beds", {"people": 2}, {"beds": 2}),
    ("long_enough", {"min_nights": 3}, {"max_nights": 3}),
    ("long_enough", {}, {"windows": ((night(0), night(4)),)}),
    ("room_left", {}, {"held": (Held(night(4), night(5), 1),)}),
    ("room_left", {"people": 2}, {"beds": 3, "shared": True, "held": (Held(night(2), night(3), 1),)}),
    ("not_declined", {"declined": frozenset({"another"})}, {}),
]


@pytest.mark.parametrize(("rule", "wanted", "offered", "reason"), REFUSED)
def test_refusals_name_the_one_rule_in_the_way(rule: str, wanted: Changes, offered: Changes, reason: Reason) -> None:
    assert refusals(amiras_need(**wanted), hannas_offer(**offered)) == (reason,)


@pytest.mark.parametrize(("rule", "wanted", "offered"), ALLOWED)
def test_refusals_are_empty_where_the_rule_is_kept(rule: str, wanted: Changes, offered: Changes) -> None:
    assert refusals(amiras_need(**wanted), hannas_offer(**offered)) == ()


def test_every_rule_has_a_case_that_it_refuses_and_one_that_it_allows() -> None:
    every = {rule.__name__ for rule in RULES}

    assert {case[0] for case in REFUSED} == every
    assert {case[0] for case in ALLOWED} == every


def test_refusals_name_every_rule_that_is_broken() -> None:
    need = amiras_need(pets=True, people=2)

    assert refusals(need, hannas_offer(vetted=False)) == (
        Reason(Code.HOST_NOT_VETTED),
        Reason(Code.NO_PETS),
        Reason(Code.TOO_FEW_BEDS, (1, 2)),
    )
