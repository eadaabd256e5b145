"""A plan's placements that may be written alone, and those that must be written with the matches they replace."""

from __future__ import annotations

from datetime import date, timedelta

from matching.engine import Leg, Placement
from matching.worker.proposing import changes

MONDAY = date(2022, 9, 26)


def placed(need: str, *spaces: str, nights: int = 3) -> Placement:
    legs = tuple(Leg(space, MONDAY, MONDAY + timedelta(days=nights), 1) for space in spaces)
    return Placement(need, legs, 1.0, ())


def by_name(*placements: Placement) -> dict[str, Placement]:
    return {placement.need_id: placement for placement in placements}


def names(groups: list[tuple[list[Placement], list[str]]]) -> list[tuple[list[str], list[str]]]:
    return sorted((sorted(each.need_id for each in new), sorted(given_up)) for new, given_up in groups)


def test_unchanged_placement_is_not_written() -> None:
    stands = placed("a", "s1")

    assert changes([stands, placed("b", "s2")], by_name(stands)) == ([placed("b", "s2")], [])


def test_placement_in_a_freed_space_is_written_with_the_one_that_frees_it() -> None:
    plain, groups = changes([placed("a", "s2"), placed("b", "s1"), placed("c", "s3")], by_name(placed("a", "s1")))

    assert [each.need_id for each in plain] == ["c"]
    assert names(groups) == [(["a", "b"], ["a"])]


def test_households_that_swap_spaces_are_one_group_and_others_another() -> None:
    standing = by_name(placed("a", "s1"), placed("b", "s2"), placed("c", "s3"))

    plain, groups = changes([placed("a", "s2"), placed("b", "s1"), placed("c", "s4")], standing)

    assert plain == []
    assert names(groups) == [(["a", "b"], ["a", "b"]), (["c"], ["c"])]


def test_a_placement_over_two_freed_spaces_ties_them_together() -> None:
    standing = by_name(placed("a", "s1"), placed("b", "s2"))

    _plain, groups = changes([placed("a", "s3"), placed("b", "s4"), placed("c", "s1", "s2")], standing)

    assert names(groups) == [(["a", "b", "c"], ["a", "b"])]


def test_household_that_loses_its_space_gives_the_space_up() -> None:
    _plain, groups = changes([placed("b", "s1")], by_name(placed("a", "s1")))

    assert names(groups) == [(["b"], ["a"])]


def test_other_nights_in_the_same_space_are_a_change() -> None:
    _plain, groups = changes([placed("a", "s1", nights=5)], by_name(placed("a", "s1")))

    assert names(groups) == [(["a"], ["a"])]
