"""The best ways to place a need by two legs under prices: one after the other, or side by side.

The worth of two legs is the sum of two parts, one for each leg. So the best move that changes on a given day is the best
first leg up to that day and the best second leg from it, and pairs of legs need not be formed.
"""

from __future__ import annotations

from math import pi

import numpy as np

from matching.engine.arrays import FloatMatrix, FloatVector, IntMatrix
from matching.engine.compiled.kernel import kernel
from matching.engine.compiled.legs import (
    Found,
    Terms,
    bands_within,
    chord_of,
    half_width,
    is_taken,
    last_day,
    price_of_leg,
    share_of_leg,
    stretch_of,
    within,
)
from matching.engine.compiled.problem import Sites, Wants
from matching.engine.compiled.ways import NEIGHBOURS_KM, NO_OFFER, SHORTEST_MOVE_LEG, Best, keep
from matching.engine.objective import FIT_SHARE, MOVE_COST, PARTIAL_BASE, PARTIAL_SHARE, SPLIT_COST
from places.earth import RADIUS_KM

MOST_TRIED = 64
"""Try this many offers as the other half of a split, the best first; then look up the neighbours instead."""


@kernel
def moving_ways(wants: Wants, sites: Sites, need: int, terms: Terms, found: Found, count: int, best: Best) -> int:
    """Keep the move of highest value - price for each day on which a move may change; return the number of moves kept."""
    first, nights, people, worth = wants.first[need], wants.nights[need], wants.people[need], wants.worth[need]
    end = first + nights
    # Keep the two best of each day: if both legs are in the same offer, the second best replaces one.
    early, late = np.full((nights + 1, 2), -np.inf), np.full((nights + 1, 2), -np.inf)
    early_offer, late_offer = np.full((nights + 1, 2), NO_OFFER), np.full((nights + 1, 2), NO_OFFER)
    late_last = np.zeros((nights + 1, 2), dtype=np.int64)
    any_early = False
    # The worth of each offer for all nights.
    part = np.empty(count)
    for at in range(count):
        offer = found.offer[at]
        if sites.beds[offer] < people:
            part[at] = -np.inf
            continue
        part[at] = worth * share_of_leg(1.0, found.fit[at], people, sites.beds[offer], sites.shared[offer])
        last = last_day(sites, offer, first, end)
        length = last - first
        if length < SHORTEST_MOVE_LEG or length > nights - SHORTEST_MOVE_LEG:
            continue
        key = part[at] * (length / nights)
        if key <= early[length, 1]:
            continue
        key -= price_of_leg(sites, terms.price_sums, offer, first, last, people=people)
        if key <= early[length, 1]:
            continue
        if is_taken(sites, terms, offer, first, last, people=people):
            continue
        _better(early, early_offer, length, key, offer)
        any_early = True
    if not any_early:
        return 0
    for length in range(SHORTEST_MOVE_LEG, nights - SHORTEST_MOVE_LEG + 1):
        if early_offer[length, 0] == NO_OFFER:
            continue
        change = first + length
        left = (nights - length) / nights
        for at in range(count):
            # An upper bound for the worth of the leg: no price, and all nights up to the end.
            if part[at] * left <= late[length, 1]:
                continue
            offer = found.offer[at]
            last = last_day(sites, offer, change, end)
            if last - change < SHORTEST_MOVE_LEG or last - first < wants.shortest[need]:
                continue
            key = part[at] * ((last - change) / nights)
            if key <= late[length, 1]:
                continue
            key -= price_of_leg(sites, terms.price_sums, offer, first=change, last=last, people=people)
            if key <= late[length, 1]:
                continue
            if is_taken(sites, terms, offer, first=change, last=last, people=people):
                continue
            place = _better(late, late_offer, length, key, offer)
            if place == 0:
                late_last[length, 1] = late_last[length, 0]
            late_last[length, place] = last
    kept = 0
    for length in range(SHORTEST_MOVE_LEG, nights - SHORTEST_MOVE_LEG + 1):
        most, best_one, best_other = -np.inf, NO_OFFER, NO_OFFER
        for one in range(2):
            for other in range(2):
                if early_offer[length, one] == NO_OFFER or late_offer[length, other] == NO_OFFER:
                    continue
                if early_offer[length, one] != late_offer[length, other]:
                    both = early[length, one] + late[length, other]
                    if both > most:
                        most, best_one, best_other = both, one, other
        if best_one != NO_OFFER:
            change = first + length
            kept = keep(
                best,
                kept,
                most + worth * (PARTIAL_BASE - MOVE_COST),
                (early_offer[length, best_one], first, change, people),
                (late_offer[length, best_other], change, late_last[length, best_other], people),
            )
    return kept


@kernel
def _better(keys: FloatMatrix, offers: IntMatrix, at: int, key: float, offer: int) -> int:
    """Put a key among the two best of row `at`; return its rank (2: it is not among them)."""
    if key > keys[at, 0]:
        keys[at, 1], offers[at, 1] = keys[at, 0], offers[at, 0]
        keys[at, 0], offers[at, 0] = key, offer
        return 0
    if key > keys[at, 1]:
        keys[at, 1], offers[at, 1] = key, offer
        return 1
    return 2


@kernel
def splitting_ways(wants: Wants, sites: Sites, need: int, terms: Terms, found: Found, count: int, best: Best) -> int:
    """Keep the splits of highest value - price; return the number of splits kept.

    For each way to divide the people it goes through the offers, the best first, and looks for the best neighbour
    of each. It stops once no later pair can be good enough.
    """
    first, nights, people, worth = wants.first[need], wants.nights[need], wants.people[need], wants.worth[need]
    end = first + nights
    parts = np.full((people, count), -np.inf)
    for at in range(count):
        offer = found.offer[at]
        if last_day(sites, offer, first, end) < end:
            continue
        for some in range(1, min(people - 1, sites.beds[offer]) + 1):
            if is_taken(sites, terms, offer, first, last=end, people=some):
                continue
            fit = found.fit[at] + 0.25 * (1.0 if sites.shared[offer] else some / sites.beds[offer])
            price = price_of_leg(sites, terms.price_sums, offer, first, last=end, people=some)
            parts[some, at] = worth * FIT_SHARE * fit * some / people - price
    kept, keys = 0, best.key
    chord = chord_of(NEIGHBOURS_KM)
    base = worth * (PARTIAL_BASE + PARTIAL_SHARE - SPLIT_COST)
    for some in range(1, people // 2 + 1):
        rest = people - some
        ones, others = np.argsort(-parts[some]), np.argsort(-parts[rest])
        for one in ones:
            most = base + parts[some, one] + parts[rest, others[0]]
            if most == -np.inf or (kept == len(keys) and most <= keys[kept - 1]):
                break
            other = NO_OFFER
            for tried in range(count):
                key = base + parts[some, one] + parts[rest, others[tried]]
                if key == -np.inf or (kept == len(keys) and key <= keys[kept - 1]):
                    break
                if tried == MOST_TRIED:
                    other = _best_neighbour(sites, found, count, parts[rest], one)
                    break
                close = one != others[tried] and within(
                    sites, found.offer[one], found.offer[others[tried]], NEIGHBOURS_KM, chord
                )
                if close:
                    other = others[tried]
                    break
            if other != NO_OFFER:
                key = base + parts[some, one] + parts[rest, other]
                if key > -np.inf:
                    mine, theirs = found.offer[one], found.offer[other]
                    kept = keep(best, kept, key, (mine, first, end, some), (theirs, first, end, rest))
    return kept


@kernel
def _best_neighbour(sites: Sites, found: Found, count: int, parts: FloatVector, one: int) -> int:
    """Return the number, among the offers found, of the neighbour of `one` that has the most in `parts`."""
    offer, chord = found.offer[one], chord_of(NEIGHBOURS_KM)
    lat, lon = sites.lat[offer], sites.lon[offer]
    reach = NEIGHBOURS_KM / RADIUS_KM * 180 / pi
    wide = half_width(lat, lon, reach)
    lowest, highest = bands_within(sites, lat, reach)
    best, most = NO_OFFER, -np.inf
    # `near` returns offers in the order of their numbers, so the offers of a stretch are neighbours in the arrays.
    offers = found.offer[:count]
    for band in range(lowest, highest + 1):
        begin, end = stretch_of(sites, band if band < highest else len(sites.band), lon, wide)
        for other in range(np.searchsorted(offers, begin), np.searchsorted(offers, end)):
            if parts[other] > most and other != one and within(sites, offer, offers[other], NEIGHBOURS_KM, chord):
                best, most = other, parts[other]
    return best
