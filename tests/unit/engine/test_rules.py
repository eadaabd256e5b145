"""Every hard rule: one case that it refuses, in words, and one beside it that it allows."""

from __future__ import annotations

from typing import Any

import pytest

from matching.engine import Held, refusals
from matching.engine.rules import RULES
from tests.unit.engine.making import ALMATY, KM_NORTH, amiras_need, hannas_offer, night

Changes = dict[str, Any]

REFUSED: list[tuple[str, Changes, Changes, str]] = [
    ("host_vetted", {}, {"vetted": False}, "the host is not vetted"),
    ("space_listed", {}, {"listed": False}, "the space is paused or withdrawn"),
    ("space_fresh", {}, {"fresh": False}, "the host has not confirmed that it still stands"),
    ("within_radius", {}, {"lat": ALMATY[0] + 10.1 * KM_NORTH}, "10.1 km away, 10 km wanted"),
    ("who_may_stay", {}, {"who": "women"}, "only for households of women"),
    ("who_may_stay", {"people": 2}, {"who": "families", "beds": 2}, "only for families with a child"),
    ("women_only", {"women_only": True, "all_women": True}, {}, "not a women-only space"),
    ("children", {"people": 2, "children": 1}, {"beds": 2}, "no children allowed"),
    ("pets", {"pets": True}, {}, "no pets allowed"),
    ("step_free", {"step_free": True}, {}, "not step-free"),
    ("smoking", {"smoking": True}, {}, "smoking is not allowed"),
    ("smoking", {"smoking": False}, {"smoking": True}, "smoking is allowed there"),
    ("common_language", {"language_required": True}, {"languages": frozenset({"kk"})}, "no common language"),
    ("enough_beds", {"people": 3}, {"beds": 2}, "2 beds for 3 people"),
    ("long_enough", {"first_night": night(28)}, {}, "not free on 2022-10-24"),
    ("long_enough", {}, {"max_nights": 3}, "only 3 of 4 nights, at least 4 wanted"),
    ("long_enough", {}, {"windows": ((night(0), night(3)),)}, "only 3 of 4 nights, at least 4 wanted"),
    ("room_left", {}, {"held": (Held(night(3), night(5), 1),)}, "taken on some of these nights"),
    (
        "room_left",
        {"people": 2},
        {"beds": 3, "shared": True, "held": (Held(night(2), night(3), 2),)},
        "taken on some of these nights",
    ),
    ("room_left", {}, {"beds": 4, "held": (Held(night(0), night(1), 1),)}, "taken on some of these nights"),
    ("not_declined", {"declined": frozenset({"hanna"})}, {}, "declined before"),
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


@pytest.mark.parametrize(("rule", "wanted", "offered", "words"), REFUSED)
def test_refusals_name_the_one_rule_in_the_way(rule: str, wanted: Changes, offered: Changes, words: str) -> None:
    assert refusals(amiras_need(**wanted), hannas_offer(**offered)) == (words,)


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
        "the host is not vetted",
        "no pets allowed",
        "1 bed for 2 people",
    )
