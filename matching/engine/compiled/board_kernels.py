"""Kernels for a board: the best free way of one need, and the needs that could stay in one offer.

Nothing has a price here, since needs are placed in the order in which they come. So the sums of prices are a table of zeros, one
column for each size of household, which every offer shares (its `row` is 0).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from matching.engine.arrays import BoolVector, FloatVector, IntMatrix, IntVector
from matching.engine.compiled.kernel import kernel
from matching.engine.compiled.legs import (
    Found,
    Terms,
    fit_without_beds,
    has_room,
    haversine,
    last_day,
    share_of_leg,
    speak,
)
from matching.engine.compiled.pricing import agrees_to, best_ways
from matching.engine.compiled.problem import Sites, Wants
from matching.engine.compiled.ways import LEG_COLUMNS, LEGS, MOVE, SPLIT, WAY_KINDS, Best, copy_way
from matching.engine.objective import FIT_SHARE, MOVE_COST, PARTIAL_BASE, SPLIT_COST

MOST_BY_MOVE = 1 - MOVE_COST + FIT_SHARE
MOST_BY_SPLIT = 1 - SPLIT_COST + FIT_SHARE
"""The most that a move or a split is worth, in units of weight x people."""


class Stays(NamedTuple):
    """Scratch arrays: who could stay in one offer, the value of each stay, and the day on which it ends."""

    need: IntVector
    value: FloatVector
    last: IntVector


@kernel
def best_free_way(wants: Wants, sites: Sites, need: int, terms: Terms, found: Found) -> tuple[float, IntMatrix]:
    """Return the value of the most valuable way on these terms, and the way; the value is -inf if there is none."""
    best, way = -np.inf, np.full((LEGS, LEG_COLUMNS), -1, dtype=np.int64)
    for kind in range(WAY_KINDS):
        if not agrees_to(wants, need, kind):
            continue
        # The search for two legs is slow, so skip it if two legs cannot be worth more than the way found.
        if kind == MOVE and best >= MOST_BY_MOVE * wants.worth[need]:
            continue
        if kind == SPLIT and best >= MOST_BY_SPLIT * wants.worth[need]:
            continue
        kept, ways = best_ways(wants, sites, need, kind, terms, found=found)
        if kept and ways.key[0] > best:
            best = ways.key[0]
            copy_way(way, ways.way[0])
    return best, way


@kernel
def ways_wished(wants: Wants, sites: Sites, need: int, terms: Terms, found: Found, wished: Best) -> int:
    """Fill `wished` with the best ways of each kind on these terms, kind by kind; return their number."""
    count = 0
    for kind in range(WAY_KINDS):
        if not agrees_to(wants, need, kind):
            continue
        kept, ways = best_ways(wants, sites, need, kind, terms, found=found)
        for at in range(min(kept, len(wished.key) - count)):
            wished.key[count] = ways.key[at]
            copy_way(wished.way[count], ways.way[at])
            count += 1
    return count


@kernel
def who_could_stay(wants: Wants, sites: Sites, waiting: int, offer: int, free: IntMatrix, stays: Stays) -> int:
    """Among the first `waiting` needs, collect those that the offer could house by one leg. Return their number.

    The caller leaves out the pairs that were declined. A need of 0 people is an empty place in the arrays.
    """
    count = 0
    for need in range(waiting):
        people = wants.people[need]
        if people == 0 or people > sites.beds[offer] or wants.requires[need] & ~sites.allows[offer]:
            continue
        first, nights = wants.first[need], wants.nights[need]
        last = last_day(sites, offer, first, first + nights)
        if last == first or last - first < wants.shortest[need]:
            continue
        if not has_room(sites, free, offer, first, last, people=people):
            continue
        common = speak(wants, sites, need, offer)
        if wants.must_speak[need] and not common:
            continue
        if haversine(wants.lat[need], wants.lon[need], sites.lat[offer], sites.lon[offer]) > wants.radius[need]:
            continue
        apart = 0.0
        for axis in range(3):
            apart += (sites.point[offer, axis] - wants.point[need, axis]) ** 2
        fit = fit_without_beds(apart, common)
        part = share_of_leg((last - first) / nights, fit, people, sites.beds[offer], sites.shared[offer])
        stays.need[count], stays.value[count], stays.last[count] = need, wants.worth[need] * (PARTIAL_BASE + part), last
        count += 1
    return count


@kernel
def best_in_turn(firsts: IntVector, lasts: IntVector, values: FloatVector, nights: int) -> BoolVector:
    """For a space of one household at a time, choose the stays that do not overlap and are worth most together.

    Stays are half-open `[firsts, lasts)`, within `nights` nights, and `firsts` must be sorted. This is weighted interval
    scheduling by dynamic programming, from the last night to the first (Kleinberg and Tardos, 2005, section 6.1).
    """
    worth, taken = np.zeros(nights + 2), np.full(nights + 2, -1)
    at = len(firsts) - 1
    for night in range(nights, -1, -1):
        worth[night] = worth[night + 1]
        while at >= 0 and firsts[at] == night:
            if values[at] + worth[lasts[at]] > worth[night]:
                worth[night], taken[night] = values[at] + worth[lasts[at]], at
            at -= 1
    chosen = np.zeros(len(firsts), dtype=np.bool_)
    night = 0
    while night <= nights:
        if taken[night] >= 0:
            chosen[taken[night]] = True
            night = lasts[taken[night]]
        else:
            night += 1
    return chosen


@kernel
def best_together(
    order: IntVector, firsts: IntVector, lasts: IntVector, people: IntVector, room: IntVector
) -> BoolVector:
    """For a shared space, choose stays greedily: in this order, each stay that still fits into `room`."""
    left = room.copy()
    chosen = np.zeros(len(firsts), dtype=np.bool_)
    for at in order:
        if left[firsts[at] : lasts[at]].min() >= people[at]:
            left[firsts[at] : lasts[at]] -= people[at]
            chosen[at] = True
    return chosen
