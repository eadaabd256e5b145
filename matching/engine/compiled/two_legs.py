"""The best ways to place a need by two legs under prices: one after the other, or side by side.

The worth of two legs is the sum of two parts. So the best move with the first leg ending on a given day is the best
first leg up to it and the best second leg from it: no pairs need be formed.
"""

from __future__ import annotations

from math import pi

import numpy as np

from matching.engine.compiled.kernel import kernel
from matching.engine.compiled.legs import (
    NEIGHBOURS_KM,
    NONE,
    SHORTEST_LEG,
    bands_within,
    chord_of,
    half_width,
    has_room,
    keep,
    last_day,
    price_of_leg,
    share_of_leg,
    stretch_of,
    within,
)
from matching.engine.compiled.week import Array, Sites, Wants
from matching.engine.objective import FIT_SHARE, MOVE_COST, PARTIAL_BASE, PARTIAL_SHARE, SPLIT_COST
from places.earth import RADIUS_KM

MOST_TRIED = 64
"""Offers tried as the other half of a split, the best first, before the neighbours are looked up instead."""


@kernel
def moving_ways(
    wants: Wants, sites: Sites, need: int, before: Array, free: Array, checked: bool,
    found: Array, suits: Array, count: int, keys: Array, ways: Array,
) -> int:  # fmt: skip
    """Keep, of the moves that end their first leg on each possible day, the one worth most beside its price."""
    first, nights, people, worth = wants.first[need], wants.nights[need], wants.people[need], wants.worth[need]
    end = first + nights
    # The two best of each day, so that one remains when both legs would be in the same offer.
    early, late = np.full((nights + 1, 2), -np.inf), np.full((nights + 1, 2), -np.inf)
    early_offer, late_offer = np.full((nights + 1, 2), NONE), np.full((nights + 1, 2), NONE)
    late_last = np.zeros((nights + 1, 2), dtype=np.int64)
    any_ = False
    # What each offer is worth for a share of 1 of the nights.
    part = np.empty(count)
    for at in range(count):
        offer = found[at]
        if sites.beds[offer] < people:
            part[at] = -np.inf
            continue
        part[at] = worth * share_of_leg(1.0, suits[at], people, sites.beds[offer], sites.shared[offer])
        last = last_day(sites, offer, first, end)
        length = last - first
        if length < SHORTEST_LEG or length > nights - SHORTEST_LEG:
            continue
        key = part[at] * (length / nights)
        if key <= early[length, 1]:
            continue
        key -= price_of_leg(sites, before, offer, first, last, people)
        if key <= early[length, 1]:
            continue
        if (checked or sites.held[offer]) and not has_room(sites, free, offer, first, last, people):
            continue
        _better(early, early_offer, length, key, offer)
        any_ = True
    if not any_:
        return 0
    for length in range(SHORTEST_LEG, nights - SHORTEST_LEG + 1):
        if early_offer[length, 0] == NONE:
            continue
        change = first + length
        left = (nights - length) / nights
        for at in range(count):
            # As much as it can be worth, were it free of charge to the end.
            if part[at] * left <= late[length, 1]:
                continue
            offer = found[at]
            last = last_day(sites, offer, change, end)
            if last - change < SHORTEST_LEG or last - first < wants.shortest[need]:
                continue
            key = part[at] * ((last - change) / nights)
            if key <= late[length, 1]:
                continue
            key -= price_of_leg(sites, before, offer, change, last, people)
            if key <= late[length, 1]:
                continue
            if (checked or sites.held[offer]) and not has_room(sites, free, offer, change, last, people):
                continue
            place = _better(late, late_offer, length, key, offer)
            if place == 0:
                late_last[length, 1] = late_last[length, 0]
            late_last[length, place] = last
    kept = 0
    for length in range(SHORTEST_LEG, nights - SHORTEST_LEG + 1):
        best, best_one, best_other = -np.inf, NONE, NONE
        for one in range(2):
            for other in range(2):
                if early_offer[length, one] == NONE or late_offer[length, other] == NONE:
                    continue
                if early_offer[length, one] != late_offer[length, other]:
                    both = early[length, one] + late[length, other]
                    if both > best:
                        best, best_one, best_other = both, one, other
        if best_one != NONE:
            change = first + length
            kept = keep(
                keys, ways, kept, best + worth * (PARTIAL_BASE - MOVE_COST),
                early_offer[length, best_one], first, change, people,
                late_offer[length, best_other], change, late_last[length, best_other], people,
            )  # fmt: skip
    return kept


@kernel
def _better(keys: Array, offers: Array, at: int, key: float, offer: int) -> int:
    """Put a key among the two best of row `at`; return its place there (2: none)."""
    if key > keys[at, 0]:
        keys[at, 1], offers[at, 1] = keys[at, 0], offers[at, 0]
        keys[at, 0], offers[at, 0] = key, offer
        return 0
    if key > keys[at, 1]:
        keys[at, 1], offers[at, 1] = key, offer
        return 1
    return 2


@kernel
def splitting_ways(
    wants: Wants, sites: Sites, need: int, before: Array, free: Array, checked: bool,
    found: Array, suits: Array, count: int, keys: Array, ways: Array,
) -> int:  # fmt: skip
    """Keep the splits worth most beside their price: for each way to part the people, the best pairs of neighbours."""
    first, nights, people, worth = wants.first[need], wants.nights[need], wants.people[need], wants.worth[need]
    end = first + nights
    parts = np.full((people, count), -np.inf)
    for at in range(count):
        offer = found[at]
        if last_day(sites, offer, first, end) < end:
            continue
        for some in range(1, min(people - 1, sites.beds[offer]) + 1):
            if (checked or sites.held[offer]) and not has_room(sites, free, offer, first, end, some):
                continue
            fit = suits[at] + 0.25 * (1.0 if sites.shared[offer] else some / sites.beds[offer])
            price = price_of_leg(sites, before, offer, first, end, some)
            parts[some, at] = worth * FIT_SHARE * fit * some / people - price
    kept = 0
    chord = chord_of(NEIGHBOURS_KM)
    base = worth * (PARTIAL_BASE + PARTIAL_SHARE - SPLIT_COST)
    for some in range(1, people // 2 + 1):
        rest = people - some
        ones, others = np.argsort(-parts[some]), np.argsort(-parts[rest])
        for one in ones:
            most = base + parts[some, one] + parts[rest, others[0]]
            if most == -np.inf or (kept == len(keys) and most <= keys[kept - 1]):
                break
            other = NONE
            for tried in range(count):
                key = base + parts[some, one] + parts[rest, others[tried]]
                if key == -np.inf or (kept == len(keys) and key <= keys[kept - 1]):
                    break
                if tried == MOST_TRIED:
                    other = _best_neighbour(sites, found, count, parts[rest], one)
                    break
                if one != others[tried] and within(sites, found[one], found[others[tried]], NEIGHBOURS_KM, chord):
                    other = others[tried]
                    break
            if other != NONE:
                key = base + parts[some, one] + parts[rest, other]
                if key > -np.inf:
                    kept = keep(
                        keys, ways, kept, key,
                        found[one], first, end, some, found[other], first, end, rest,
                    )  # fmt: skip
    return kept


@kernel
def _best_neighbour(sites: Sites, found: Array, count: int, parts: Array, one: int) -> int:
    """Return which of the offers found, but for `one`, has the most in `parts` among those near enough to it."""
    offer, chord = found[one], chord_of(NEIGHBOURS_KM)
    lat, lon = sites.lat[offer], sites.lon[offer]
    reach = NEIGHBOURS_KM / RADIUS_KM * 180 / pi
    wide = half_width(lat, lon, reach)
    lowest, highest = bands_within(sites, lat, reach)
    best, most = NONE, -np.inf
    for band in range(lowest, highest + 1):
        begin, end = stretch_of(sites, band if band < highest else len(sites.band), lon, wide)
        # `near` finds offers in their order.
        for other in range(np.searchsorted(found[:count], begin), np.searchsorted(found[:count], end)):
            if parts[other] > most and other != one and within(sites, offer, found[other], NEIGHBOURS_KM, chord):
                best, most = other, parts[other]
    return best
