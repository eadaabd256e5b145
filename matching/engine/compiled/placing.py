"""Kernels for a board: the best free way of one need, and who of those waiting could stay in one offer.

Nothing is priced here: the first best is taken. `before` is a table of zeros, one column for each size of
household, which every offer shares (its `row` is 0).
"""

from __future__ import annotations

import numpy as np

from matching.engine.compiled.kernel import kernel
from matching.engine.compiled.legs import WIDTH, has_room, haversine, km_of, last_day, share_of_leg, speak
from matching.engine.compiled.pricing import best_ways
from matching.engine.compiled.week import Array, Sites, Wants
from matching.engine.objective import FIT_SHARE, MOVE_COST, PARTIAL_BASE, SPLIT_COST

NO_MOVE = 1 - MOVE_COST + FIT_SHARE
NO_SPLIT = 1 - SPLIT_COST + FIT_SHARE
"""What a move or a split is worth at most, in units of weight x people."""


@kernel
def best_free_way(
    wants: Wants, sites: Sites, need: int, before: Array, free: Array, found: Array, suits: Array
) -> tuple[float, Array]:
    """Return the most valuable way for which `free` leaves room and its value; -inf where there is none."""
    best, way = -np.inf, np.full(WIDTH, -1, dtype=np.int64)
    for kind in range(3):
        if kind == 1 and (not wants.may_move[need] or best >= NO_MOVE * wants.worth[need]):
            continue
        if kind == 2 and (not wants.may_split[need] or best >= NO_SPLIT * wants.worth[need]):
            continue
        kept, keys, ways = best_ways(wants, sites, need, kind, before, free, True, found, suits)
        if kept and keys[0] > best:
            best = keys[0]
            way[:] = ways[0]
    return best, way


@kernel
def ways_wished(
    wants: Wants, sites: Sites, need: int, before: Array, free: Array, found: Array, suits: Array,
    keys: Array, ways: Array,
) -> int:  # fmt: skip
    """Fill in the best ways of each kind for which `free` leaves room, and their values; return how many."""
    count = 0
    for kind in range(3):
        if (kind == 1 and not wants.may_move[need]) or (kind == 2 and not wants.may_split[need]):
            continue
        kept, some_keys, some_ways = best_ways(wants, sites, need, kind, before, free, True, found, suits)
        for at in range(min(kept, len(keys) - count)):
            keys[count], ways[count] = some_keys[at], some_ways[at]
            count += 1
    return count


@kernel
def who_could_stay(
    wants: Wants, sites: Sites, waiting: int, offer: int, free: Array, needs: Array, values: Array, lasts: Array
) -> int:
    """Find those waiting for whom the offer is possible by one leg, and free; return how many.

    Pairs that were declined are the caller's to leave out.
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
        if not has_room(sites, free, offer, first, last, people):
            continue
        common = speak(wants, sites, need, offer)
        if wants.must_speak[need] and not common:
            continue
        if haversine(wants.lat[need], wants.lon[need], sites.lat[offer], sites.lon[offer]) > wants.radius[need]:
            continue
        apart = 0.0
        for axis in range(3):
            apart += (sites.point[offer, axis] - wants.point[need, axis]) ** 2
        suits = 0.5 / (1 + km_of(apart) / 10) + (0.25 if common else 0.0)
        part = share_of_leg((last - first) / nights, suits, people, sites.beds[offer], sites.shared[offer])
        needs[count], values[count], lasts[count] = need, wants.worth[need] * (PARTIAL_BASE + part), last
        count += 1
    return count


@kernel
def best_in_turn(firsts: Array, lasts: Array, values: Array, nights: int) -> Array:
    """Return which stays to take where only one household may stay at a time: the most valuable that do not overlap.

    Weighted interval scheduling, by the nights from the last to the first. `firsts` is sorted.
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
def best_together(order: Array, firsts: Array, lasts: Array, people: Array, room: Array) -> Array:
    """Return which stays to take where households share the beds: each in the order given that still fits."""
    left = room.copy()
    chosen = np.zeros(len(firsts), dtype=np.bool_)
    for at in order:
        if left[firsts[at] : lasts[at]].min() >= people[at]:
            left[firsts[at] : lasts[at]] -= people[at]
            chosen[at] = True
    return chosen
