"""Needs and offers as arrays, each sorted by location, so that neighbours on the map are neighbours in memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from matching.engine.arrays import BoolVector, FloatMatrix, FloatVector, IntMatrix, IntVector
from matching.engine.objective import weight
from matching.engine.reasons import SHIFTS
from matching.engine.values import Held, Need, Offer

BAND_DEGREES = 0.05
"""Height of the bands of latitude in which offers are searched: 5.6 km."""

KM_PER_DEGREE_AT_LEAST = 111.0
"""A lower bound for a degree of latitude. The search skips offers that are too far north or south by it."""

NO_LIMIT = 30_000
"""Nights: the value of `longest` for an offer without a limit."""

LANGUAGES_A_WORD = 62
"""Languages in one number of 64 bits, with its sign and one more bit to spare."""

SPARE_DAYS = max(SHIFTS)
"""Nights in the arrays before the first night wanted and after the last, to advise a need left over of days that would do."""

CHILDREN, PETS, STEP_FREE, SMOKERS, NO_SMOKE, WOMEN, MIXED, CHILDLESS = (1 << bit for bit in range(8))
"""Bits of what an offer allows and a need requires. A pair is possible only if the offer allows all that the need requires."""


class Sites(NamedTuple):
    """Offers, sorted by band of latitude and then by longitude. Nights count from the first day of the problem."""

    lat: FloatVector
    lon: FloatVector
    point: FloatMatrix
    """(offers, 3), unit vectors: the chord between two of them gives the distance without trigonometry."""
    beds: IntVector
    shared: BoolVector
    longest: IntVector
    """The longest stay, in nights; NO_LIMIT where there is none."""
    allows: IntVector
    speaks: IntMatrix
    """(offers, words): a bit for each language."""
    until: IntMatrix
    """(nights + 1, offers): the day on which the window of this night ends; 0 if no window is open."""
    free: IntMatrix
    """(offers, nights): the room beside the nights held, in people; in households if the offer is not shared."""
    held: BoolVector
    """Whether any nights are held."""
    row: IntVector
    """(offers + 1): first row of prices of each offer. A shared offer has a row for each size of household, others have one."""
    band: IntVector
    """First offer of each band."""
    south: IntVector
    """One number: the latitude at which the bands begin, in bands."""
    tail: IntVector
    """One number: the end of the offers. Those after the last band are in no order, because a board puts new offers there."""


class Wants(NamedTuple):
    """Needs, sorted by band of latitude and then by longitude. Nights count from the first day of the problem."""

    lat: FloatVector
    lon: FloatVector
    point: FloatMatrix
    """(needs, 3), unit vectors; see Sites."""
    radius: FloatVector
    """km"""
    people: IntVector
    first: IntVector
    nights: IntVector
    shortest: IntVector
    """The fewest nights that help."""
    requires: IntVector
    speaks: IntMatrix
    """(needs, words): a bit for each language."""
    must_speak: BoolVector
    worth: FloatVector
    """weight x people"""
    waited: FloatVector
    """Days."""
    may_move: BoolVector
    may_split: BoolVector
    declined_from: IntVector
    declined: IntVector
    """The offers that need `at` may not have are `declined[declined_from[at] : declined_from[at + 1]]`.

    Offers that are `apart` from the need are among them, but not where obstacles are counted (`told`).
    """


@dataclass(frozen=True, slots=True)
class Problem:
    """The input of a plan: the arrays, and the needs and offers in the order of the arrays.

    Kernels take `wants` and `sites` as two arguments and not as one tuple of tuples. Reading an inner tuple would count a
    reference to each of its arrays, which is slower than many of these calls.
    """

    wants: Wants
    sites: Sites
    needs: list[Need]
    offers: list[Offer]
    first_day: int
    """The ordinal (`date.toordinal`) of night 0."""


@dataclass(frozen=True, slots=True)
class Coding:
    """The numbers of days and languages in the arrays."""

    first_day: int
    languages: Mapping[str, int]
    """The bit of each language that is known."""
    words: int
    """The length of a set of languages, in words of LANGUAGES_A_WORD bits."""


def lay_out(needs: Sequence[Need], offers: Sequence[Offer]) -> Problem:
    """Return the needs and offers as arrays. Offers that are not vetted, listed and fresh are left out."""
    offers = [offer for offer in offers if offer.vetted and offer.listed and offer.fresh]
    offers = [offers[at] for at in in_bands(offers)]
    needs = [needs[at] for at in in_bands(needs)]
    first_day = min((need.first_night.toordinal() for need in needs), default=0) - SPARE_DAYS
    last_day = max((need.first_night.toordinal() + need.nights for need in needs), default=1) + SPARE_DAYS
    # Leave out a language that only one side speaks: it decides nothing.
    known = sorted(frozenset().union(*(o.languages for o in offers)) & frozenset().union(*(n.languages for n in needs)))
    words = max(1, -(-len(known) // LANGUAGES_A_WORD))
    coding = Coding(first_day, {code: bit for bit, code in enumerate(known)}, words)
    largest = max((need.people for need in needs), default=1)
    sites = sites_of(offers, coding, nights=last_day - first_day, largest=largest)
    number_of = {offer.id: at for at, offer in enumerate(offers)}
    return Problem(wants_of(needs, number_of, coding), sites, needs, offers, first_day)


def free_of_charge(sites: Sites) -> tuple[Sites, FloatMatrix]:
    """Return the offers with a single row of prices for all of them, and sums of prices for that row, all 0."""
    largest = int(sites.beds.max(initial=1))
    return sites._replace(row=np.zeros_like(sites.row)), np.zeros((sites.until.shape[0], largest))


def in_bands(places: Sequence[Need] | Sequence[Offer]) -> list[int]:
    """Return the order of the places by band of latitude, then by longitude, then by id."""
    keys = [(int((place.lat + 90) / BAND_DEGREES), place.lon, place.id) for place in places]
    return sorted(range(len(keys)), key=keys.__getitem__)


def sites_of(offers: Sequence[Offer], coding: Coding, *, nights: int, largest: int) -> Sites:
    """Return the offers, sorted by `in_bands`, as arrays of so many nights. `largest` is the largest household's size."""
    count = len(offers)
    lat, lon = _column(offers, "lat", float), _column(offers, "lon", float)
    beds, shared = _column(offers, "beds", np.int32), _column(offers, "shared", np.bool_)
    until = np.zeros((nights + 1, count), dtype=np.int16)
    free = np.repeat(np.where(shared, beds, 1).astype(np.int32)[:, None], nights, axis=1)
    held = np.zeros(count, dtype=np.bool_)
    for at, offer in enumerate(offers):
        open_windows(until, at, offer, coding.first_day)
        for one in offer.held:
            take_nights(free[at], offer, one, first_day=coding.first_day)
            held[at] = True
    np.maximum(free, 0, out=free)
    bands = ((lat + 90) / BAND_DEGREES).astype(np.int64)
    lowest = int(bands[0]) if count else 0
    highest = int(bands[-1]) if count else 0
    rows = np.where(shared, np.minimum(beds, largest), 1)
    return Sites(
        lat=lat,
        lon=lon,
        point=points(lat, lon),
        beds=beds,
        shared=shared,
        longest=np.array([min(offer.max_nights or NO_LIMIT, NO_LIMIT) for offer in offers], dtype=np.int32),
        allows=np.array([allows(offer) for offer in offers], dtype=np.int16),
        speaks=spoken([offer.languages for offer in offers], coding),
        until=until,
        free=free,
        held=held,
        row=np.concatenate([[0], np.cumsum(rows)]).astype(np.int64),
        band=np.searchsorted(bands, np.arange(lowest, highest + 2)).astype(np.int64),
        south=np.array([lowest], dtype=np.int64),
        tail=np.array([count], dtype=np.int64),
    )


def open_windows(until: IntMatrix, at: int, offer: Offer, first_day: int) -> None:
    """Write the windows of an offer into its column of `until` (see Sites)."""
    for first, last in offer.windows:
        begins, ends = max(0, first.toordinal() - first_day), last.toordinal() - first_day
        until[begins : max(0, ends), at] = min(max(0, ends), NO_LIMIT)


def take_nights(free: IntVector, offer: Offer, held: Held, *, first_day: int, times: int = 1) -> None:
    """Take the nights of `held` out of `free`, the room of one offer by night; with `times` -1 give them back."""
    begins = max(0, held.first_night.toordinal() - first_day)
    ends = max(0, held.last_day.toordinal() - first_day)
    free[begins:ends] -= times * (held.people if offer.shared else held.people > 0)


def wants_of(needs: Sequence[Need], number_of: Mapping[str, int], coding: Coding) -> Wants:
    """Return the needs as arrays. `number_of` gives the number of each offer, by its id."""
    lat, lon = _column(needs, "lat", float), _column(needs, "lon", float)
    forbidden = _forbidden([need.declined | need.apart if need.apart else need.declined for need in needs], number_of)
    return Wants(
        lat=lat,
        lon=lon,
        point=points(lat, lon),
        radius=_column(needs, "radius_km", float),
        people=_column(needs, "people", np.int32),
        first=np.array([need.first_night.toordinal() - coding.first_day for need in needs], dtype=np.int32),
        nights=_column(needs, "nights", np.int32),
        shortest=_column(needs, "min_nights", np.int32),
        requires=np.array([requires(need) for need in needs], dtype=np.int16),
        speaks=spoken([need.languages for need in needs], coding),
        must_speak=_column(needs, "language_required", np.bool_),
        worth=np.array([weight(need) * need.people for need in needs], dtype=float),
        waited=_column(needs, "days_waiting", float),
        may_move=np.array([need.may_move and need.nights >= 4 for need in needs], dtype=np.bool_),
        may_split=np.array([need.may_split and need.people >= 2 for need in needs], dtype=np.bool_),
        declined_from=forbidden[0],
        declined=forbidden[1],
    )


def told(problem: Problem) -> Wants:
    """Return the needs as those who are left over may know them: as if no offer were `apart` from anybody."""
    if not any(need.apart for need in problem.needs):
        return problem.wants
    number_of = {offer.id: at for at, offer in enumerate(problem.offers)}
    declined_from, declined = _forbidden([need.declined for need in problem.needs], number_of)
    return problem.wants._replace(declined_from=declined_from, declined=declined)


def _forbidden(each_need: Sequence[frozenset[str]], number_of: Mapping[str, int]) -> tuple[IntVector, IntVector]:
    """Return `declined_from` and `declined` of `Wants` for the ids of the offers that each need may not have."""
    numbers = [sorted(number_of[one] for one in ids if one in number_of) for ids in each_need]
    begins = np.concatenate([[0], np.cumsum([len(each) for each in numbers])]).astype(np.int64)
    return begins, np.array([at for each in numbers for at in each], dtype=np.int32)


def _column(values: Sequence[object], name: str, kind: Any) -> Any:
    return np.array([getattr(value, name) for value in values], dtype=kind)


def points(lat: FloatVector, lon: FloatVector) -> FloatMatrix:
    """Return unit vectors (n, 3) to points given in degrees."""
    north, east = np.radians(lat), np.radians(lon)
    return np.stack([np.cos(north) * np.cos(east), np.cos(north) * np.sin(east), np.sin(north)], axis=1)


def spoken(languages: Sequence[frozenset[str]], coding: Coding) -> IntMatrix:
    """Return each set of languages as bits (sets, words). A language that is not in the coding has no bit."""
    masks: dict[frozenset[str], list[int]] = {}
    for each in languages:
        if each not in masks:
            bits = [0] * coding.words
            for code in each & coding.languages.keys():
                bits[coding.languages[code] // LANGUAGES_A_WORD] |= 1 << coding.languages[code] % LANGUAGES_A_WORD
            masks[each] = bits
    return np.array([masks[each] for each in languages], dtype=np.int64).reshape(len(languages), coding.words)


def allows(offer: Offer) -> int:
    """Return the bits that an offer allows."""
    bits = CHILDREN * offer.children | PETS * offer.pets | STEP_FREE * offer.step_free
    bits |= SMOKERS if offer.smoking else NO_SMOKE
    bits |= WOMEN if offer.who == "women" else MIXED
    return bits | CHILDLESS * (offer.who != "families")


def requires(need: Need) -> int:
    """Return the bits that a need requires: at least one, so that an offer with no bits suits nobody."""
    bits = CHILDREN if need.children else CHILDLESS
    bits |= PETS * need.pets | STEP_FREE * need.step_free | WOMEN * need.women_only | MIXED * (not need.all_women)
    return bits | (0 if need.smoking is None else SMOKERS if need.smoking else NO_SMOKE)
