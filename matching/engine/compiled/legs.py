"""The offers possible for a need, and the best ways by one leg under prices. `two_legs` finds the ways by two.

A leg is worth worth x (coverage + 0.2 x fit) of its nights. The worth of two legs is the sum of two parts, one for each
leg (see `share_of_leg`).
"""

from __future__ import annotations

from math import asin, cos, pi, radians, sin, sqrt
from typing import NamedTuple

import numpy as np

from matching.engine.arrays import FloatMatrix, FloatVector, IntMatrix, IntVector
from matching.engine.compiled.kernel import kernel
from matching.engine.compiled.problem import BAND_DEGREES, Sites, Wants
from matching.engine.compiled.ways import NO_LEG, Best, keep
from matching.engine.objective import FIT_SHARE, PARTIAL_BASE, PARTIAL_SHARE
from places.earth import RADIUS_KM


class Found(NamedTuple):
    """Scratch arrays of one search for offers, with room for all of them. The search returns how many it found."""

    offer: IntVector
    fit: FloatVector
    """The fit of each offer found, without the part for used beds."""


class Terms(NamedTuple):
    """The terms on which ways are looked for."""

    price_sums: FloatMatrix
    """(nights + 1, rows): the sums of prices of the nights before each night; see `price_of_leg`."""
    free: IntMatrix
    """(offers, nights): the room that is left, as in Sites."""
    only_free: bool
    """Whether every leg must fit into `free`. If not, a leg need only fit beside the nights held."""


@kernel
def scratch_for(sites: Sites) -> Found:
    """Return scratch arrays for searches among these offers."""
    return Found(np.empty(len(sites.beds), dtype=np.int64), np.empty(len(sites.beds)))


# -- distances ------------------------------------------------------------------------------------


@kernel
def chord_of(km: float) -> float:
    """Return the squared chord, on the unit sphere, of a great circle of that many km."""
    half = min(km / RADIUS_KM, pi) / 2
    return 4 * sin(half) ** 2


@kernel
def km_of(chord: float) -> float:
    """Return the km of a squared chord c2: 2 R asin(c / 2).

    Under 600 km it sums the series of the arcsine to its fourth term: exact to 1e-12 at that distance, and fast without
    trigonometry.
    """
    if chord < 0.009:
        return RADIUS_KM * sqrt(chord) * (1 + chord * (1 / 24 + chord * (3 / 640 + chord * (5 / 7168))))
    return 2 * RADIUS_KM * asin(min(1.0, sqrt(chord) / 2))


@kernel
def haversine(lat: float, lon: float, other_lat: float, other_lon: float) -> float:
    """Return the km between two points in degrees, digit for digit as `objective.distance_km` does."""
    a, b = radians(lat), radians(other_lat)
    chord = sin((b - a) / 2) ** 2 + cos(a) * cos(b) * sin(radians(other_lon - lon) / 2) ** 2
    return 2 * RADIUS_KM * asin(sqrt(min(1.0, chord)))


@kernel
def closer(wants: Wants, sites: Sites, need: int, offer: int, apart: float, km: float, chord: float) -> bool:
    """Return whether an offer is at most `km` from a need. `apart` and `chord` are the squared chords of both distances.

    If the two chords agree to seven digits, the slower haversine decides, as in the rules.
    """
    if apart <= chord * (1 - 1e-7):
        return True
    if apart > chord * (1 + 1e-7) + 1e-24:
        return False
    return haversine(wants.lat[need], wants.lon[need], sites.lat[offer], sites.lon[offer]) <= km


@kernel
def within(sites: Sites, one: int, other: int, km: float, chord: float) -> bool:
    """Return whether two offers are at most `km` apart. `chord` is the squared chord of `km`."""
    apart = 0.0
    for axis in range(3):
        apart += (sites.point[one, axis] - sites.point[other, axis]) ** 2
    if abs(apart - chord) > 1e-7 * chord:
        return apart < chord
    return haversine(sites.lat[one], sites.lon[one], sites.lat[other], sites.lon[other]) <= km


@kernel
def bands_within(sites: Sites, lat: float, reach: float) -> tuple[int, int]:
    """Return the first band of latitude within `reach` degrees of `lat`, and the band after the last."""
    lowest = int((max(lat - reach, -90.0) - 1e-9 + 90) / BAND_DEGREES) - sites.south[0]
    highest = int((min(lat + reach, 90.0) + 1e-9 + 90) / BAND_DEGREES) - sites.south[0]
    highest = min(len(sites.band) - 2, highest) + 1
    return min(max(0, lowest), highest), highest


@kernel
def half_width(lat: float, lon: float, reach: float) -> float:
    """Return how many degrees of longitude to either side lie within `reach` degrees of a point.

    Near a pole or the date line it returns 360, so that the search goes through every longitude.
    """
    if abs(lat) + reach >= 89.9:
        return 360.0
    wide = asin(min(1.0, sin(radians(reach)) / cos(radians(lat)))) * 180 / pi + 1e-7
    return 360.0 if lon - wide < -180 or lon + wide > 180 else wide


@kernel
def stretch_of(sites: Sites, band: int, lon: float, wide: float) -> tuple[int, int]:
    """Return the first offer of a band within `wide` degrees of longitude, and the offer after the last.

    The band after the last is the tail, where offers lie anywhere.
    """
    if band >= len(sites.band) - 1:
        return sites.band[-1], sites.tail[0]
    begin, end = sites.band[band], sites.band[band + 1]
    if wide >= 360 or begin == end:
        return begin, end
    lons = sites.lon[begin:end]
    return begin + np.searchsorted(lons, lon - wide), begin + np.searchsorted(lons, lon + wide, side="right")


# -- offers near a need ---------------------------------------------------------------------------


@kernel
def near(wants: Wants, sites: Sites, need: int, smallest: int, at_first: bool, found: Found) -> int:
    """Find the offers for a need that no rule forbids, apart from the rules on beds and nights; return their number.

    Each has at least `smallest` beds. With `at_first`, each also has a leg from the need's first night on that is
    long enough. Offers are found in the order of their numbers.
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
            if not closer(wants, sites, need, offer, apart, km=radius, chord=chord):
                continue
            common = speak(wants, sites, need, offer)
            if must_speak and not common:
                continue
            if declined(wants, need, offer):
                continue
            found.offer[count] = offer
            found.fit[count] = fit_without_beds(apart, common)
            count += 1
    return count


@kernel
def fit_without_beds(apart: float, common: bool) -> float:
    """Return the fit of an offer `apart` (squared chord) from a need, without the part for used beds."""
    return 0.5 / (1 + km_of(apart) / 10) + (0.25 if common else 0.0)


@kernel
def speak(wants: Wants, sites: Sites, need: int, offer: int) -> bool:
    """Return whether household and host have a common language."""
    for word in range(sites.speaks.shape[1]):  # noqa: SIM110
        if wants.speaks[need, word] & sites.speaks[offer, word] != 0:
            return True
    return False


@kernel
def declined(wants: Wants, need: int, offer: int) -> bool:
    """Return whether this pair was declined before."""
    for at in range(wants.declined_from[need], wants.declined_from[need + 1]):  # noqa: SIM110
        if wants.declined[at] == offer:
            return True
    return False


# -- legs -----------------------------------------------------------------------------------------


@kernel
def last_day(sites: Sites, offer: int, first: int, wanted_until: int) -> int:
    """Return the day on which a leg from `first` on ends by its natural length; `first` if no leg begins there."""
    if first >= sites.until.shape[0]:
        return first
    day = min(sites.until[first, offer], first + sites.longest[offer], wanted_until)
    return int(max(day, first))


@kernel
def has_room(sites: Sites, free: IntMatrix, offer: int, first: int, last: int, people: int) -> bool:
    """Return whether `free` (offers, nights) leaves room for a leg of `people` on the nights `[first, last)`."""
    load = people if sites.shared[offer] else 1
    for night in range(first, last):  # noqa: SIM110
        if free[offer, night] < load:
            return False
    return True


@kernel
def is_taken(sites: Sites, terms: Terms, offer: int, first: int, last: int, people: int) -> bool:
    """Return whether the terms leave no room for a leg; an offer in which nothing is held need not be looked at."""
    return (terms.only_free or sites.held[offer]) and not has_room(sites, terms.free, offer, first, last, people=people)


@kernel
def share_of_leg(covered: float, fit: float, people: float, beds: float, shared: bool) -> float:
    """Return what a leg adds to coverage + 0.2 x fit.

    `covered` is its share of the person-nights wanted, and `fit` its fit without the part for used beds.
    """
    return covered * (PARTIAL_SHARE + FIT_SHARE * (fit + 0.25 * (1.0 if shared else people / beds)))


@kernel
def price_of_leg(sites: Sites, price_sums: FloatMatrix, offer: int, first: int, last: int, people: int) -> float:
    """Return the price of the nights `[first, last)`: one subtraction, whatever their number.

    `price_sums` (nights + 1, rows) has a row for each size of household in a shared offer, and one row in any other.
    """
    row = sites.row[offer] + (people - 1 if sites.shared[offer] else 0)
    return float(price_sums[last, row] - price_sums[first, row])


@kernel
def single_ways(wants: Wants, sites: Sites, need: int, terms: Terms, found: Found, count: int, best: Best) -> int:
    """Keep the ways by one leg of highest value - price, among `count` offers found; return their number."""
    kept, keys = 0, best.key
    first, nights, people, worth = wants.first[need], wants.nights[need], wants.people[need], wants.worth[need]
    for at in range(count):
        offer = found.offer[at]
        if sites.beds[offer] < people:
            continue
        last = last_day(sites, offer, first, first + nights)
        if last - first < wants.shortest[need] or last == first:
            continue
        covered = (last - first) / nights
        part = share_of_leg(covered, found.fit[at], people, sites.beds[offer], sites.shared[offer])
        key = worth * (PARTIAL_BASE + part)
        # No price is below 0, so skip the price of a leg that is not good enough even without it.
        if kept == len(keys) and key <= keys[kept - 1]:
            continue
        key -= price_of_leg(sites, terms.price_sums, offer, first, last, people=people)
        if kept == len(keys) and key <= keys[kept - 1]:
            continue
        if is_taken(sites, terms, offer, first, last, people=people):
            continue
        kept = keep(best, kept, key, (offer, first, last, people), NO_LEG)
    return kept
