"""Prices for scarce nights: dual ascent on the ways kept in the pool.

The number of beds is not the only bound on a night in an offer. If B beds are free and sharing is allowed, then for
every j (Chvatal-Gomory rounding; Chvatal, 1973)

    sum over households of floor(people / j)  <=  floor(B / j),

so every j has a price mu_j, and a household of s people pays sum over j of mu_j x floor(s / j). An offer that is not shared
holds one household at most and has one price. A leg has its natural length, so the load of an offer
peaks on the first night of some leg: only such nights need prices, and the arrays here hold only them.

The bound L(mu) is convex but has edges. A softmax at a temperature in place of the maximum rounds them
off (Nesterov, 2005). Adam (Kingma and Ba, 2015), projected to mu >= 0, follows the gradient while the temperature falls.
The arrays are in single precision: they only look for prices, and `proof` and `pricing` compute the bound from them in double.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from matching.engine.arrays import BoolMatrix, FloatMatrix, FloatVector, IntCube, IntMatrix, IntVector
from matching.engine.compiled.kernel import PARTS, Crew, kernel, pieces
from matching.engine.compiled.pool import Pool
from matching.engine.compiled.problem import Sites
from matching.engine.compiled.ways import FIRST_NIGHT, LAST_DAY, LEGS, OFFER, PEOPLE

MEMORY, SPREAD = 0.9, 0.99
"""Adam's two rates: how much of the mean slope, and of the mean square, is kept from one step to the next."""

KEPT, NEW, SPREAD_KEPT, SPREAD_NEW = (np.float32(part) for part in (MEMORY, 1 - MEMORY, SPREAD, 1 - SPREAD))
TINY, ZERO, ONE = np.float32(1e-8), np.float32(0), np.float32(1)
ROUNDED_TO = 10_000
"""Prices are rounded to this part of one unit of the objective."""

COLD = -9.0
"""A way this many temperatures below its need's best way gets no share: the share would be a ten-thousandth of the best's."""

LEAST = np.float32(1e-4)
"""About exp(COLD): the least share that counts, as a part of the best way's share."""

SQUARED = 12
"""The number of squarings in `soft`. More of them are closer to exp, but lose digits in single precision."""

THIN = np.float32(0.5**SQUARED)

REFRESH, SLACK = 4, 5.0
"""Every REFRESH steps look at all ways, otherwise only at those near the best. A leg's price moves at most SLACK paces a step."""


class ScarceNights(NamedTuple):
    """The scarce nights of every offer, one offer after the other, and the cells that each way of the pool covers.

    An offer has a row of cells for each size of household (one row where it is not shared). A row has one cell for each
    scarce night and one more for the end.
    """

    first_cell: IntVector
    """(offers + 1): the first cell of each offer; its rows follow one another."""
    nights: IntVector
    """(offers): how many scarce nights each offer has."""
    night: IntVector
    """The scarce nights themselves: those of an offer begin at its `first_night`."""
    first_night: IntVector
    spans: IntCube
    """(needs, most, 4): first and last cell of the first leg, and of the second (0, 0: none)."""
    value: FloatMatrix
    """(needs, most): the worth of each way."""


class Dual(NamedTuple):
    """Prices by cell, what is scarce, and the memory of the ascent."""

    price: FloatVector
    sums: FloatVector
    """For each cell, what a household pays for the earlier scarce nights of the same row."""
    capacity: FloatVector
    slope: FloatVector
    lead: FloatVector
    """Adam's mean of the slopes."""
    spread: FloatVector
    """Adam's mean of their squares."""
    used: FloatMatrix
    """(PARTS, cells): the households that begin in a cell less those that end there, counted apart for each part of the needs."""
    active_spans: IntCube
    """(needs, most, 4), as in ScarceNights, of the ways that may get a share soon: the first `actives` of each need."""
    active_value: FloatMatrix
    actives: IntVector


@kernel
def _mark(pool: Pool, is_scarce: BoolMatrix, first: int, last: int) -> None:
    """Mark the first night of every leg in the pool."""
    for need in range(first, last):
        for at in range(pool.known[need]):
            way = pool.ways[need, at]
            for leg in range(LEGS):
                if way[leg, OFFER] >= 0:
                    is_scarce[way[leg, OFFER], way[leg, FIRST_NIGHT]] = True


@kernel
def _spans(sites: Sites, pool: Pool, scarce: ScarceNights, so_far: IntMatrix, first: int, last: int) -> None:
    """Fill in the spans. `so_far` (offers, days + 1) counts the scarce nights of an offer before each night."""
    spans = scarce.spans
    for need in range(first, last):
        for at in range(pool.known[need]):
            way = pool.ways[need, at]
            for leg in range(LEGS):
                offer = way[leg, OFFER]
                if offer < 0:
                    spans[need, at, 2], spans[need, at, 3] = 0, 0
                    continue
                size = way[leg, PEOPLE] - 1 if sites.shared[offer] else 0
                row = scarce.first_cell[offer] + size * (scarce.nights[offer] + 1)
                spans[need, at, 2 * leg] = row + so_far[offer, way[leg, FIRST_NIGHT]]
                spans[need, at, 2 * leg + 1] = row + so_far[offer, way[leg, LAST_DAY]]


def gather_scarce_nights(sites: Sites, pool: Pool, crew: Crew) -> ScarceNights:
    """Return the scarce nights of the ways in the pool."""
    days, offers = sites.until.shape
    is_scarce = np.zeros((offers, days), dtype=np.bool_)
    needs = pieces(len(pool.known), PARTS)
    crew.run(_mark, [(pool, is_scarce, *edges) for edges in needs])
    so_far = np.zeros((offers, days + 1), dtype=np.int32)
    np.cumsum(is_scarce, axis=1, out=so_far[:, 1:])
    nights = so_far[:, -1].astype(np.int64)
    sizes = np.diff(sites.row)
    scarce = ScarceNights(
        first_cell=np.concatenate([[0], np.cumsum(sizes * (nights + 1))]).astype(np.int64),
        nights=nights,
        night=np.nonzero(is_scarce)[1].astype(np.int32),
        first_night=np.concatenate([[0], np.cumsum(nights)]).astype(np.int64),
        spans=np.zeros((*pool.value.shape, 4), dtype=np.int32),
        value=pool.value.astype(np.float32),
    )
    crew.run(_spans, [(sites, pool, scarce, so_far, *edges) for edges in needs])
    return scarce


def start_dual(sites: Sites, scarce: ScarceNights, prices: FloatMatrix, crew: Crew) -> Dual:
    """Return the dual with these prices (rows, nights) and with the capacities of empty offers."""
    cells = int(scarce.first_cell[-1]) + 1
    dual = Dual(
        price=np.zeros(cells, dtype=np.float32),
        sums=np.zeros(cells, dtype=np.float32),
        capacity=np.zeros(cells, dtype=np.float32),
        slope=np.zeros(cells, dtype=np.float32),
        lead=np.zeros(cells, dtype=np.float32),
        spread=np.zeros(cells, dtype=np.float32),
        used=np.zeros((PARTS, cells), dtype=np.float32),
        active_spans=np.zeros(scarce.spans.shape, dtype=np.int32),
        active_value=np.zeros(scarce.value.shape, dtype=np.float32),
        actives=np.zeros(len(scarce.value), dtype=np.int32),
    )
    _take_prices(sites, scarce, dual, prices)
    set_capacity(sites, scarce, dual, sites.free, crew)
    return dual


@kernel
def _take_prices(sites: Sites, scarce: ScarceNights, dual: Dual, prices: FloatMatrix) -> None:
    for offer in range(len(sites.beds)):
        nights, cell = scarce.nights[offer], scarce.first_cell[offer]
        for size in range(sites.row[offer + 1] - sites.row[offer]):
            for at in range(nights):
                night = scarce.night[scarce.first_night[offer] + at]
                dual.price[cell + size * (nights + 1) + at] = prices[sites.row[offer] + size, night]
        _sum_prices(sites, scarce, dual, offer)


def give_prices(sites: Sites, scarce: ScarceNights, dual: Dual, prices: FloatMatrix, crew: Crew) -> None:
    """Write the prices into `prices` (rows, nights), 0 on every night that is not scarce.

    They are rounded here, before the bound is computed. So the published prices are short, and prove exactly that bound.
    """
    crew.run(_give_prices, [(sites, scarce, dual, prices, *edges) for edges in pieces(len(sites.beds), PARTS)])


@kernel
def _give_prices(sites: Sites, scarce: ScarceNights, dual: Dual, prices: FloatMatrix, first: int, last: int) -> None:
    prices[sites.row[first] : sites.row[last]] = 0
    for offer in range(first, last):
        nights, cell = scarce.nights[offer], scarce.first_cell[offer]
        for size in range(sites.row[offer + 1] - sites.row[offer]):
            for at in range(nights):
                night = scarce.night[scarce.first_night[offer] + at]
                price = np.float64(dual.price[cell + size * (nights + 1) + at])
                prices[sites.row[offer] + size, night] = np.rint(price * ROUNDED_TO) / ROUNDED_TO


def set_capacity(sites: Sites, scarce: ScarceNights, dual: Dual, free: IntMatrix, crew: Crew) -> None:
    """Set the capacities to floor(free / j), for every offer, scarce night and j; `free` is (offers, nights)."""
    crew.run(_set_capacity, [(sites, scarce, dual, free, *edges) for edges in pieces(len(sites.beds), PARTS)])


@kernel
def _set_capacity(sites: Sites, scarce: ScarceNights, dual: Dual, free: IntMatrix, first: int, last: int) -> None:
    for offer in range(first, last):
        nights, cell = scarce.nights[offer], scarce.first_cell[offer]
        for size in range(sites.row[offer + 1] - sites.row[offer]):
            for at in range(nights):
                night = scarce.night[scarce.first_night[offer] + at]
                dual.capacity[cell + size * (nights + 1) + at] = free[offer, night] // (size + 1)


@kernel
def _sum_prices(sites: Sites, scarce: ScarceNights, dual: Dual, offer: int) -> None:
    """Sum up, for each size of household and each scarce night, what it pays for the nights before."""
    nights, cell = scarce.nights[offer], scarce.first_cell[offer]
    width = nights + 1
    for size in range(sites.row[offer + 1] - sites.row[offer]):
        total = np.float32(0)
        dual.sums[cell + size * width] = total
        for at in range(nights):
            pays = np.float32(0)
            for j in range(size + 1):
                pays += dual.price[cell + j * width + at] * ((size + 1) // (j + 1))
            total += pays
            dual.sums[cell + size * width + at + 1] = total


@kernel
def reduced_value(scarce: ScarceNights, dual: Dual, need: int, at: int) -> float:
    """Return value - price of one way of the pool."""
    a, b = scarce.spans[need, at, 0], scarce.spans[need, at, 1]
    c, d = scarce.spans[need, at, 2], scarce.spans[need, at, 3]
    return float(scarce.value[need, at] - (dual.sums[b] - dual.sums[a]) - (dual.sums[d] - dual.sums[c]))


@kernel
def _activate(
    scarce: ScarceNights, dual: Dual, known: IntVector, settled: IntVector, under: float, first: int, last: int
) -> None:
    """Copy the ways that are at most `under` below their need's best way side by side. Staying out (0) counts as a way.

    A step then reads a few lines of memory for each need instead of one for each way.
    """
    reduced = np.empty(scarce.value.shape[1])
    for need in range(first, last):
        dual.actives[need] = 0
        if settled[need] >= 0:
            continue
        top = 0.0
        for at in range(known[need]):
            reduced[at] = reduced_value(scarce, dual, need, at)
            top = max(top, reduced[at])
        for at in range(known[need]):
            if reduced[at] >= top - under:
                which = dual.actives[need]
                for end in range(4):
                    dual.active_spans[need, which, end] = scarce.spans[need, at, end]
                dual.active_value[need, which] = scarce.value[need, at]
                dual.actives[need] = which + 1


@kernel
def soft(under: np.float32) -> np.float32:
    """Return about exp(under), for `under` <= 0: (1 + under / n)^n by squaring, which the processor does for several at once.

    The function is monotone and smooth. At -9, where shares end, it is a hundredth too small.
    """
    power = max(ZERO, ONE + under * THIN)
    for _again in range(SQUARED):
        power *= power
    return power


@kernel
def _take_shares(dual: Dual, settled: IntVector, heat: float, part: int, first: int, last: int) -> None:
    """Share each unsettled need among its ways by softmax, with staying out (0) as one of them; add up the use of cells."""
    used, sums = dual.used[part], dual.sums
    used[:] = 0
    share = np.empty(dual.active_value.shape[1], dtype=np.float32)
    of_heat = np.float32(1 / heat)
    for need in range(first, last):
        if settled[need] >= 0:
            continue
        spans, value, actives = dual.active_spans[need], dual.active_value[need], dual.actives[need]
        top = ZERO
        for at in range(actives):
            price = sums[spans[at, 1]] - sums[spans[at, 0]] + sums[spans[at, 3]] - sums[spans[at, 2]]
            share[at] = (value[at] - price) * of_heat
            top = max(top, share[at])
        total = soft(-top)
        for at in range(actives):
            share[at] = soft(share[at] - top)
        for at in range(actives):
            total += share[at]
        of_total = ONE / total
        for at in range(actives):
            if share[at] > LEAST:
                taken = share[at] * of_total
                used[spans[at, 0]] += taken
                used[spans[at, 1]] -= taken
                used[spans[at, 2]] += taken
                used[spans[at, 3]] -= taken


@kernel
def _set_prices(
    sites: Sites, scarce: ScarceNights, dual: Dual, pace: float, warm: float, spread_warm: float, first: int, last: int
) -> None:
    """Take one step of Adam: raise the price where demand exceeds capacity, lower it elsewhere, never below 0."""
    for offer in range(first, last):
        if scarce.nights[offer] > 0:
            _weigh(sites, scarce, dual, offer)
    # One plain loop over all cells in single precision, so that the processor takes several at a time.
    begin, end = scarce.first_cell[first], scarce.first_cell[last]
    lead, spread = dual.lead[begin:end], dual.spread[begin:end]
    slope, price = dual.slope[begin:end], dual.price[begin:end]
    one_pace, of_lead, of_spread = np.float32(pace), np.float32(1 / warm), np.float32(1 / spread_warm)
    for one in range(end - begin):
        lead[one] = KEPT * lead[one] + NEW * slope[one]
        spread[one] = SPREAD_KEPT * spread[one] + SPREAD_NEW * slope[one] * slope[one]
        step = lead[one] * of_lead / (np.sqrt(spread[one] * of_spread) + TINY)
        price[one] = max(ZERO, price[one] + one_pace * step)
    for offer in range(first, last):
        if scarce.nights[offer] > 0:
            _sum_prices(sites, scarce, dual, offer)


@kernel
def _weigh(sites: Sites, scarce: ScarceNights, dual: Dual, offer: int) -> None:
    """Set the slopes of an offer: demand less capacity, for each scarce night and each j."""
    nights, cell = scarce.nights[offer], scarce.first_cell[offer]
    width = nights + 1
    sizes = sites.row[offer + 1] - sites.row[offer]
    for one in range(cell, cell + sizes * width):
        dual.slope[one] = -dual.capacity[one]
    # Households that stay from one night to the next keep their beds; add arrivals and subtract leavers, for each size.
    for size in range(sizes):
        present = np.float32(0)
        for at in range(nights):
            for part in range(dual.used.shape[0]):
                present += dual.used[part, cell + size * width + at]
            for j in range(size + 1):
                dual.slope[cell + j * width + at] += present * ((size + 1) // (j + 1))


def ascend(
    sites: Sites,
    scarce: ScarceNights,
    dual: Dual,
    known: IntVector,
    crew: Crew,
    *,
    settled: IntVector,
    steps: int,
    heat: tuple[float, float],
    pace: tuple[float, float],
    taken: int = 0,
) -> None:
    """Take `steps` steps of the ascent; the dual is changed in place.

    Temperature and pace, both in units of the objective, fall geometrically from the first value to the second.
    `known` counts the ways of each need. Needs whose `settled` is 0 or more are left out, since the capacity no longer
    contains what they hold. `taken` is the number of steps whose momentum is still in the dual; 0 begins anew.
    """
    if not taken:
        dual.lead[:] = 0
        dual.spread[:] = 0
    needs = [(part, *edges) for part, edges in enumerate(pieces(len(known), PARTS))]
    offers = pieces(len(sites.beds), PARTS)
    dual.used[:] = 0
    for step in range(1, steps + 1):
        done = (step - 1) / max(1, steps - 1)
        now_heat = heat[0] * (heat[1] / heat[0]) ** done
        now_pace = pace[0] * (pace[1] / pace[0]) ** done
        if (step - 1) % REFRESH == 0:
            # Prices mostly go up and down in turn, so SLACK paces a step are a generous limit for the movement of a leg's price.
            under = -COLD * now_heat + SLACK * REFRESH * now_pace
            crew.run(_activate, [(scarce, dual, known, settled, under, *edges) for _part, *edges in needs])
        crew.run(_take_shares, [(dual, settled, now_heat, *each) for each in needs])
        warm, spread_warm = 1 - MEMORY ** (taken + step), 1 - SPREAD ** (taken + step)
        crew.run(_set_prices, [(sites, scarce, dual, now_pace, warm, spread_warm, *each) for each in offers])
