"""Needs and offers laid out as arrays, each sorted by where it lies so that neighbours are neighbours in memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from matching.engine.objective import weight
from matching.engine.values import Need, Offer

Array = NDArray[Any]

BAND_DEGREES = 0.05
"""Height of the bands of latitude in which offers are searched: 5.6 km."""

NO_LIMIT = 30_000
LANGUAGES_A_WORD = 62

CHILDREN, PETS, STEP_FREE, SMOKERS, NO_SMOKE, WOMEN, MIXED, CHILDLESS = (1 << bit for bit in range(8))


class Sites(NamedTuple):
    """Offers, by band of latitude and then by longitude. Nights count from the week's first day."""

    lat: Array
    lon: Array
    point: Array
    """Unit vector to the place, (offers, 3): the chord between two of them gives the distance without trigonometry."""
    beds: Array
    shared: Array
    longest: Array
    allows: Array
    speaks: Array
    until: Array
    """(nights + 1, offers): the day on which the window open in this night ends, 0 where none is open."""
    free: Array
    """(offers, nights): people (where not shared: households) there is room for beside what is held."""
    held: Array
    row: Array
    """First row of prices of each offer: one for each size of household where shared, one where not."""
    band: Array
    """First offer of each band."""
    south: Array
    """One number: the latitude at which the bands begin."""


class Wants(NamedTuple):
    """Needs, sorted likewise."""

    lat: Array
    lon: Array
    point: Array
    radius: Array
    people: Array
    first: Array
    nights: Array
    shortest: Array
    requires: Array
    speaks: Array
    must_speak: Array
    worth: Array
    """weight x people"""
    may_move: Array
    may_split: Array
    declined_from: Array
    declined: Array


@dataclass(frozen=True, slots=True)
class Week:
    """The arrays, with the needs and offers in the same order."""

    wants: Wants
    sites: Sites
    needs: list[Need]
    offers: list[Offer]
    first_day: int


def lay_out(needs: Sequence[Need], offers: Sequence[Offer]) -> Week:
    """Return the week as arrays. Offers that may not be matched at all (not vetted, listed or fresh) are left out."""
    offers = [offer for offer in offers if offer.vetted and offer.listed and offer.fresh]
    offers = [offers[at] for at in _in_bands(offers)]
    needs = [needs[at] for at in _in_bands(needs)]
    first_day = min((need.first_night.toordinal() for need in needs), default=0)
    last_day = max((need.first_night.toordinal() + need.nights for need in needs), default=1)
    known = sorted(frozenset().union(*(o.languages for o in offers)) & frozenset().union(*(n.languages for n in needs)))
    place_of = {code: at for at, code in enumerate(known)}
    words = max(1, -(-len(known) // LANGUAGES_A_WORD))
    largest = max((need.people for need in needs), default=1)
    sites = _sites(offers, first_day, last_day - first_day, place_of, words, largest)
    return Week(_wants(needs, offers, first_day, place_of, words), sites, needs, offers, first_day)


def _in_bands(places: Sequence[Need] | Sequence[Offer]) -> list[int]:
    keys = [(int((place.lat + 90) / BAND_DEGREES), place.lon, place.id) for place in places]
    return sorted(range(len(keys)), key=keys.__getitem__)


def _sites(
    offers: list[Offer], first_day: int, nights: int, place_of: dict[str, int], words: int, largest: int
) -> Sites:
    count = len(offers)
    lat, lon = _column(offers, "lat", float), _column(offers, "lon", float)
    beds, shared = _column(offers, "beds", np.int32), _column(offers, "shared", np.bool_)
    until = np.zeros((nights + 1, count), dtype=np.int16)
    free = np.repeat(np.where(shared, beds, 1).astype(np.int32)[:, None], nights, axis=1)
    held = np.zeros(count, dtype=np.bool_)
    for at, offer in enumerate(offers):
        for first, last in offer.windows:
            begins, ends = max(0, first.toordinal() - first_day), last.toordinal() - first_day
            until[begins : max(0, ends), at] = min(max(0, ends), NO_LIMIT)
        for one in offer.held:
            begins, ends = max(0, one.first_night.toordinal() - first_day), max(0, one.last_day.toordinal() - first_day)
            free[at, begins:ends] -= one.people if offer.shared else 1
            held[at] = True
    np.maximum(free, 0, out=free)
    bands = ((lat + 90) / BAND_DEGREES).astype(np.int64)
    lowest = int(bands[0]) if count else 0
    highest = int(bands[-1]) if count else 0
    rows = np.where(shared, np.minimum(beds, largest), 1)
    return Sites(
        lat=lat,
        lon=lon,
        point=_points(lat, lon),
        beds=beds,
        shared=shared,
        longest=np.array([min(offer.max_nights or NO_LIMIT, NO_LIMIT) for offer in offers], dtype=np.int32),
        allows=np.array([_allows(offer) for offer in offers], dtype=np.int16),
        speaks=_speaks([offer.languages for offer in offers], place_of, words),
        until=until,
        free=free,
        held=held,
        row=np.concatenate([[0], np.cumsum(rows)]).astype(np.int64),
        band=np.searchsorted(bands, np.arange(lowest, highest + 2)).astype(np.int64),
        south=np.array([lowest], dtype=np.int64),
    )


def _wants(needs: list[Need], offers: list[Offer], first_day: int, place_of: dict[str, int], words: int) -> Wants:
    lat, lon = _column(needs, "lat", float), _column(needs, "lon", float)
    at_of = {offer.id: at for at, offer in enumerate(offers)}
    declined = [sorted(at_of[one] for one in need.declined if one in at_of) for need in needs]
    return Wants(
        lat=lat,
        lon=lon,
        point=_points(lat, lon),
        radius=_column(needs, "radius_km", float),
        people=_column(needs, "people", np.int32),
        first=np.array([need.first_night.toordinal() - first_day for need in needs], dtype=np.int32),
        nights=_column(needs, "nights", np.int32),
        shortest=_column(needs, "min_nights", np.int32),
        requires=np.array([_requires(need) for need in needs], dtype=np.int16),
        speaks=_speaks([need.languages for need in needs], place_of, words),
        must_speak=_column(needs, "language_required", np.bool_),
        worth=np.array([weight(need) * need.people for need in needs], dtype=float),
        may_move=np.array([need.may_move and need.nights >= 4 for need in needs], dtype=np.bool_),
        may_split=np.array([need.may_split and need.people >= 2 for need in needs], dtype=np.bool_),
        declined_from=np.concatenate([[0], np.cumsum([len(each) for each in declined])]).astype(np.int64),
        declined=np.array([at for each in declined for at in each], dtype=np.int32),
    )


def _column(values: Sequence[object], name: str, kind: Any) -> Array:
    return np.array([getattr(value, name) for value in values], dtype=kind)


def _points(lat: Array, lon: Array) -> Array:
    north, east = np.radians(lat), np.radians(lon)
    return np.stack([np.cos(north) * np.cos(east), np.cos(north) * np.sin(east), np.sin(north)], axis=1)


def _speaks(languages: Sequence[frozenset[str]], place_of: dict[str, int], words: int) -> Array:
    masks: dict[frozenset[str], list[int]] = {}
    for spoken in languages:
        if spoken not in masks:
            bits = [0] * words
            for code in spoken & place_of.keys():
                bits[place_of[code] // LANGUAGES_A_WORD] |= 1 << place_of[code] % LANGUAGES_A_WORD
            masks[spoken] = bits
    return np.array([masks[spoken] for spoken in languages], dtype=np.int64).reshape(len(languages), words)


def _allows(offer: Offer) -> int:
    bits = CHILDREN * offer.children | PETS * offer.pets | STEP_FREE * offer.step_free
    bits |= SMOKERS if offer.smoking else NO_SMOKE
    bits |= WOMEN if offer.who == "women" else MIXED
    return bits | CHILDLESS * (offer.who != "families")


def _requires(need: Need) -> int:
    bits = CHILDREN if need.children else CHILDLESS
    bits |= PETS * need.pets | STEP_FREE * need.step_free | WOMEN * need.women_only | MIXED * (not need.all_women)
    return bits | (0 if need.smoking is None else SMOKERS if need.smoking else NO_SMOKE)
