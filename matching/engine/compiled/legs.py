"""The offers possible for a need, and the best ways by one leg under prices; those by two are in `two_legs`.

A leg is worth worth x (coverage + 0.2 x fit) of its nights, and the worth of two legs is the sum of two parts, one for
each (see `share_of_leg`).
"""

from __future__ import annotations

from math import asin, cos, pi, radians, sin, sqrt

import numpy as np

from matching.engine.compiled.kernel import kernel
from matching.engine.compiled.week import BAND_DEGREES, Array, Sites, Wants
from matching.engine.objective import FIT_SHARE, PARTIAL_BASE, PARTIAL_SHARE
from places.earth import RADIUS_KM

SHORTEST_LEG = 2
"""Nights of each leg of a move."""

NEIGHBOURS_KM = 5.0
"""How far apart the two spaces of a split may be."""

NONE = -1
WIDTH = 8
"""A way is eight numbers: offer, first night, last day and people of its first leg and of its second (offer -1: none)."""


@kernel
def chord_of(km: float) -> float:
    """Return the squared chord, on the unit sphere, of a great circle of that many km."""
    half = min(km / RADIUS_KM, pi) / 2
    return 4 * sin(half) ** 2


@kernel
def km_of(chord: float) -> float:
    """Return the km of a squared chord: 2 asin(c/2), under 600 km by its series, which is exact there to 1e-12."""
    if chord < 0.009:
        return RADIUS_KM * sqrt(chord) * (1 + chord * (1 / 24 + chord * (3 / 640 + chord * (5 / 7168))))
    return 2 * RADIUS_KM * asin(min(1.0, sqrt(chord) / 2))


@kernel
def haversine(lat: float, lon: float, other_lat: float, other_lon: float) -> float:
    """Return the km between two points as `objective.distance_km` does, to the last digit that decides."""
    a, b = radians(lat), radians(other_lat)
    chord = sin((b - a) / 2) ** 2 + cos(a) * cos(b) * sin(radians(other_lon - lon) / 2) ** 2
    return 2 * RADIUS_KM * asin(sqrt(min(1.0, chord)))


@kernel
def closer(wants: Wants, sites: Sites, need: int, offer: int, apart: float, km: float, chord: float) -> bool:
    """Return whether an offer `apart` (squared chord) from a need is at most `km` away (`chord`: its squared chord)."""
    if apart <= chord * (1 - 1e-7):
        return True
    if apart > chord * (1 + 1e-7) + 1e-24:
        return False
    return haversine(wants.lat[need], wants.lon[need], sites.lat[offer], sites.lon[offer]) <= km


@kernel
def within(sites: Sites, one: int, other: int, km: float, chord: float) -> bool:
    """Return whether two offers are at most `km` apart (`chord`: its squared chord)."""
    apart = 0.0
    for axis in range(3):
        apart += (sites.point[one, axis] - sites.point[other, axis]) ** 2
    if abs(apart - chord) > 1e-7 * chord:
        return apart < chord
    return haversine(sites.lat[one], sites.lon[one], sites.lat[other], sites.lon[other]) <= km


@kernel
def bands_within(sites: Sites, lat: float, reach: float) -> tuple[int, int]:
    """Return the first band of latitude within `reach` degrees, and the one after the last."""
    lowest = int((max(lat - reach, -90.0) - 1e-9 + 90) / BAND_DEGREES) - sites.south[0]
    highest = int((min(lat + reach, 90.0) + 1e-9 + 90) / BAND_DEGREES) - sites.south[0]
    highest = min(len(sites.band) - 2, highest) + 1
    return min(max(0, lowest), highest), highest


@kernel
def half_width(lat: float, lon: float, reach: float) -> float:
    """Return how many degrees of longitude lie within `reach` degrees to either side; 360 where all may."""
    if abs(lat) + reach >= 89.9:
        return 360.0
    wide = asin(min(1.0, sin(radians(reach)) / cos(radians(lat)))) * 180 / pi + 1e-7
    return 360.0 if lon - wide < -180 or lon + wide > 180 else wide


@kernel
def stretch_of(sites: Sites, band: int, lon: float, wide: float) -> tuple[int, int]:
    """Return the first offer of a band within `wide` degrees of longitude, and the one after the last.

    The band after the last is the tail, where offers lie anywhere.
    """
    if band >= len(sites.band) - 1:
        return sites.band[-1], sites.tail[0]
    begin, end = sites.band[band], sites.band[band + 1]
    if wide >= 360 or begin == end:
        return begin, end
    lons = sites.lon[begin:end]
    return begin + np.searchsorted(lons, lon - wide), begin + np.searchsorted(lons, lon + wide, side="right")


@kernel
def near(wants: Wants, sites: Sites, need: int, smallest: int, at_first: bool, found: Array, suits: Array) -> int:
    """Find the offers that no rule but that of beds and nights forbids; return how many.

    Of at least `smallest` beds, and with `at_first` only those whose leg from the first night on is long
    enough. `suits` is their fit without the share of used beds.
    """
    count = 0
    radius = wants.radius[need]
    chord = chord_of(radius)
    lat, lon = wants.lat[need], wants.lon[need]
    reach = radius / RADIUS_KM * 180 / pi
    wide = half_width(lat, lon, reach)
    lowest, highest = bands_within(sites, lat, reach)
    first, shortest = wants.first[need], wants.shortest[need]
    requires, must_speak = wants.requires[need], wants.must_speak[need]
    x, y, z = wants.point[need, 0], wants.point[need, 1], wants.point[need, 2]
    for band in range(lowest, highest + 1):
        begin, end = stretch_of(sites, band if band < highest else len(sites.band), lon, wide)
        for offer in range(begin, end):
            if requires & ~sites.allows[offer] or sites.beds[offer] < smallest:
                continue
            if at_first:
                open_ = min(sites.until[first, offer] - first, sites.longest[offer])
                if open_ < shortest or open_ <= 0:
                    continue
            apart = (sites.point[offer, 0] - x) ** 2 + (sites.point[offer, 1] - y) ** 2
            apart += (sites.point[offer, 2] - z) ** 2
            if not closer(wants, sites, need, offer, apart, radius, chord):
                continue
            common = speak(wants, sites, need, offer)
            if must_speak and not common:
                continue
            if declined(wants, need, offer):
                continue
            found[count] = offer
            suits[count] = fit_without_beds(apart, common)
            count += 1
    return count


@kernel
def fit_without_beds(apart: float, common: bool) -> float:
    """Return the fit of an offer `apart` (squared chord) from a need, without the share of used beds."""
    return 0.5 / (1 + km_of(apart) / 10) + (0.25 if common else 0.0)


@kernel
def speak(wants: Wants, sites: Sites, need: int, offer: int) -> bool:
    """Return whether both sides speak a common language."""
    for word in range(sites.speaks.shape[1]):  # noqa: SIM110
        if wants.speaks[need, word] & sites.speaks[offer, word] != 0:
            return True
    return False


@kernel
def declined(wants: Wants, need: int, offer: int) -> bool:
    for at in range(wants.declined_from[need], wants.declined_from[need + 1]):  # noqa: SIM110
        if wants.declined[at] == offer:
            return True
    return False


@kernel
def last_day(sites: Sites, offer: int, first: int, wanted_until: int) -> int:
    """Return the day on which a leg from `first` on ends by its natural length; `first` where none begins."""
    if first >= sites.until.shape[0]:
        return first
    day = min(sites.until[first, offer], first + sites.longest[offer], wanted_until)
    return int(max(day, first))


@kernel
def has_room(sites: Sites, free: Array, offer: int, first: int, last: int, people: int) -> bool:
    """Return whether `free` (offers x nights) leaves room for the leg."""
    load = people if sites.shared[offer] else 1
    for night in range(first, last):  # noqa: SIM110
        if free[offer, night] < load:
            return False
    return True


@kernel
def share_of_leg(covered: float, suits: float, people: float, beds: float, shared: bool) -> float:
    """Return what a leg over the share `covered` of the person-nights wanted adds to coverage + 0.2 x fit."""
    return covered * (PARTIAL_SHARE + FIT_SHARE * (suits + 0.25 * (1.0 if shared else people / beds)))


@kernel
def price_of_leg(sites: Sites, before: Array, offer: int, first: int, last: int, people: int) -> float:
    """Return the price of the leg from `before`, the sums of prices before each night, (nights + 1, rows)."""
    row = sites.row[offer] + (people - 1 if sites.shared[offer] else 0)
    return float(before[last, row] - before[first, row])


@kernel
def keep(
    keys: Array, ways: Array, count: int, key: float,
    a: int, a_first: int, a_last: int, a_people: int, b: int, b_first: int, b_last: int, b_people: int,
) -> int:  # fmt: skip
    """Put a way among the best seen, sorted by `keys` falling; return how many there are."""
    if count == len(keys):
        if count == 0 or key <= keys[count - 1]:
            return count
    else:
        count += 1
    at = count - 1
    while at > 0 and keys[at - 1] < key:
        keys[at] = keys[at - 1]
        ways[at] = ways[at - 1]
        at -= 1
    keys[at] = key
    ways[at, 0], ways[at, 1], ways[at, 2], ways[at, 3] = a, a_first, a_last, a_people
    ways[at, 4], ways[at, 5], ways[at, 6], ways[at, 7] = b, b_first, b_last, b_people
    return count


@kernel
def single_ways(
    wants: Wants, sites: Sites, need: int, before: Array, free: Array, checked: bool,
    found: Array, suits: Array, count: int, keys: Array, ways: Array,
) -> int:  # fmt: skip
    """Keep the ways by one leg that are worth most beside their price; return how many. `checked`: only those that fit."""
    kept = 0
    first, nights, people, worth = wants.first[need], wants.nights[need], wants.people[need], wants.worth[need]
    for at in range(count):
        offer = found[at]
        if sites.beds[offer] < people:
            continue
        last = last_day(sites, offer, first, first + nights)
        if last - first < wants.shortest[need] or last == first:
            continue
        covered = (last - first) / nights
        part = share_of_leg(covered, suits[at], people, sites.beds[offer], sites.shared[offer])
        key = worth * (PARTIAL_BASE + part)
        # No price is below 0: what is not worth enough without one need not be looked up.
        if kept == len(keys) and key <= keys[kept - 1]:
            continue
        key -= price_of_leg(sites, before, offer, first, last, people)
        if kept == len(keys) and key <= keys[kept - 1]:
            continue
        if (checked or sites.held[offer]) and not has_room(sites, free, offer, first, last, people):
            continue
        kept = keep(keys, ways, kept, key, offer, first, last, people, NONE, 0, 0, 0)
    return kept
