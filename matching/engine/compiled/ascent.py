"""Prices for scarce nights: dual ascent on the ways kept in the pool.

What is scarce of an offer in a night is bounded by more than its beds. Where B are free and sharing is
allowed, then for every j (Chvatal-Gomory rounding)

    sum over households of floor(people / j)  <=  floor(B / j),

so every j has a price mu_j, and a household of s people pays sum over j of mu_j x floor(s / j). Where not
shared there is one household at most and one price. A leg has its natural length, so the load of an offer
peaks on the first night of some leg: only such nights need prices, and the arrays here hold only them.

The bound L(mu) is convex but has edges. A softmax at a temperature instead of the maximum rounds them
off; Adam (Kingma and Ba, 2015), projected to mu >= 0, follows the gradient while the temperature falls.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from matching.engine.compiled.kernel import PARTS, Crew, kernel, pieces
from matching.engine.compiled.pool import Pool
from matching.engine.compiled.week import Array, Sites

MEMORY, SPREAD = 0.9, 0.99
KEPT, NEW, SPREAD_KEPT, SPREAD_NEW = (np.float32(part) for part in (MEMORY, 1 - MEMORY, SPREAD, 1 - SPREAD))
TINY, NOTHING, ALL = np.float32(1e-8), np.float32(0), np.float32(1)
ROUNDED_TO = 10_000
"""Prices are rounded to this part of one unit of the objective."""

COLD = -9.0
"""Below this many temperatures under the best way a share is taken as nothing: a ten-thousandth of the best one's."""
LEAST = np.float32(1e-4)
"""The same as a share of the best one's, about exp(COLD)."""

SQUARED = 12
"""How often `soft` squares; more is nearer to exp and less exact in single precision."""
THIN = np.float32(0.5**SQUARED)

REFRESH, SLACK = 4, 5.0
"""Steps after which all ways are looked at again, not only those near the best; how many paces a leg's price moves a step."""


class Market(NamedTuple):
    """The scarce nights of every offer, squeezed together, and where in them each way of the pool lies.

    A row (an offer and a size of household) has one cell for each scarce night and one more for the end.
    """

    first_cell: Array
    """Of each offer; its rows follow one another."""
    nights: Array
    """How many scarce nights each offer has."""
    night: Array
    """Which nights these are, by `first_night`."""
    first_night: Array
    spans: Array
    """(needs, most, 4): first and last cell of the first leg, and of the second (0, 0: none)."""
    value: Array


class Dual(NamedTuple):
    """Prices by cell, what is scarce, and the memory of the ascent."""

    price: Array
    before: Array
    capacity: Array
    slope: Array
    lead: Array
    spread: Array
    used: Array
    active_spans: Array
    """(needs, most, 4): of the ways that may get a share soon, the first `actives` of each need; see Market."""
    active_value: Array
    actives: Array


@kernel
def _mark(pool: Pool, scarce: Array, first: int, last: int) -> None:
    for need in range(first, last):
        for at in range(pool.known[need]):
            way = pool.ways[need, at]
            scarce[way[0], way[1]] = True
            if way[4] >= 0:
                scarce[way[4], way[5]] = True


@kernel
def _spans(
    sites: Sites, pool: Pool, so_far: Array, first_cell: Array, nights: Array, spans: Array, first: int, last: int
) -> None:
    for need in range(first, last):
        for at in range(pool.known[need]):
            for leg in range(2):
                offer = pool.ways[need, at, 4 * leg]
                if offer < 0:
                    spans[need, at, 2], spans[need, at, 3] = 0, 0
                    continue
                size = pool.ways[need, at, 4 * leg + 3] - 1 if sites.shared[offer] else 0
                row = first_cell[offer] + size * (nights[offer] + 1)
                spans[need, at, 2 * leg] = row + so_far[offer, pool.ways[need, at, 4 * leg + 1]]
                spans[need, at, 2 * leg + 1] = row + so_far[offer, pool.ways[need, at, 4 * leg + 2]]


def open_market(sites: Sites, pool: Pool, crew: Crew) -> Market:
    """Return the scarce nights of the ways in the pool."""
    days, offers = sites.until.shape
    scarce = np.zeros((offers, days), dtype=np.bool_)
    needs = pieces(len(pool.known), PARTS)
    crew.run(_mark, [(pool, scarce, *edges) for edges in needs])
    so_far = np.zeros((offers, days + 1), dtype=np.int32)
    np.cumsum(scarce, axis=1, out=so_far[:, 1:])
    nights = so_far[:, -1].astype(np.int64)
    sizes = np.diff(sites.row)
    first_cell = np.concatenate([[0], np.cumsum(sizes * (nights + 1))]).astype(np.int64)
    spans = np.zeros((*pool.value.shape, 4), dtype=np.int32)
    crew.run(_spans, [(sites, pool, so_far, first_cell, nights, spans, *edges) for edges in needs])
    return Market(
        first_cell=first_cell,
        nights=nights,
        night=np.nonzero(scarce)[1].astype(np.int32),
        first_night=np.concatenate([[0], np.cumsum(nights)]).astype(np.int64),
        spans=spans,
        value=pool.value.astype(np.float32),
    )


def start_dual(sites: Sites, market: Market, dense: Array, free: Array, crew: Crew) -> Dual:
    """Return the dual with the prices of `dense` (rows x nights), and capacities from `free` (offers x nights)."""
    cells = int(market.first_cell[-1]) + 1
    dual = Dual(
        price=np.zeros(cells, dtype=np.float32),
        before=np.zeros(cells, dtype=np.float32),
        capacity=np.zeros(cells, dtype=np.float32),
        slope=np.zeros(cells, dtype=np.float32),
        lead=np.zeros(cells, dtype=np.float32),
        spread=np.zeros(cells, dtype=np.float32),
        used=np.zeros((PARTS, cells), dtype=np.float32),
        active_spans=np.zeros(market.spans.shape, dtype=np.int32),
        active_value=np.zeros(market.value.shape, dtype=np.float32),
        actives=np.zeros(len(market.value), dtype=np.int32),
    )
    _take_prices(sites, market, dual, dense)
    set_capacity(sites, market, dual, free, crew)
    return dual


@kernel
def _take_prices(sites: Sites, market: Market, dual: Dual, dense: Array) -> None:
    for offer in range(len(sites.beds)):
        nights, cell = market.nights[offer], market.first_cell[offer]
        for size in range(sites.row[offer + 1] - sites.row[offer]):
            for at in range(nights):
                night = market.night[market.first_night[offer] + at]
                dual.price[cell + size * (nights + 1) + at] = dense[sites.row[offer] + size, night]
        _sum_prices(sites, market, dual, offer)


def give_prices(sites: Sites, market: Market, dual: Dual, dense: Array, crew: Crew) -> None:
    """Write the prices into `dense` (rows x nights), 0 on every night that is not scarce.

    Rounded, so that what is published is short and still exactly what the bound was computed from.
    """
    crew.run(_give_prices, [(sites, market, dual, dense, *edges) for edges in pieces(len(sites.beds), PARTS)])


@kernel
def _give_prices(sites: Sites, market: Market, dual: Dual, dense: Array, first: int, last: int) -> None:
    dense[sites.row[first] : sites.row[last]] = 0
    for offer in range(first, last):
        nights, cell = market.nights[offer], market.first_cell[offer]
        for size in range(sites.row[offer + 1] - sites.row[offer]):
            for at in range(nights):
                night = market.night[market.first_night[offer] + at]
                price = np.float64(dual.price[cell + size * (nights + 1) + at])
                dense[sites.row[offer] + size, night] = np.rint(price * ROUNDED_TO) / ROUNDED_TO


def set_capacity(sites: Sites, market: Market, dual: Dual, free: Array, crew: Crew) -> None:
    """Set floor(free / j) for every offer, scarce night and j."""
    crew.run(_set_capacity, [(sites, market, dual, free, *edges) for edges in pieces(len(sites.beds), PARTS)])


@kernel
def _set_capacity(sites: Sites, market: Market, dual: Dual, free: Array, first: int, last: int) -> None:
    for offer in range(first, last):
        nights, cell = market.nights[offer], market.first_cell[offer]
        for size in range(sites.row[offer + 1] - sites.row[offer]):
            for at in range(nights):
                night = market.night[market.first_night[offer] + at]
                dual.capacity[cell + size * (nights + 1) + at] = free[offer, night] // (size + 1)


@kernel
def _sum_prices(sites: Sites, market: Market, dual: Dual, offer: int) -> None:
    """Sum up, for each size of household, what it pays for the nights before each."""
    nights, cell = market.nights[offer], market.first_cell[offer]
    width = nights + 1
    for size in range(sites.row[offer + 1] - sites.row[offer]):
        total = np.float32(0)
        dual.before[cell + size * width] = total
        for at in range(nights):
            pays = np.float32(0)
            for j in range(size + 1):
                pays += dual.price[cell + j * width + at] * ((size + 1) // (j + 1))
            total += pays
            dual.before[cell + size * width + at + 1] = total


@kernel
def reduced_value(market: Market, dual: Dual, need: int, at: int) -> float:
    """Return value - price of one way of the pool."""
    a, b = market.spans[need, at, 0], market.spans[need, at, 1]
    c, d = market.spans[need, at, 2], market.spans[need, at, 3]
    return float(market.value[need, at] - (dual.before[b] - dual.before[a]) - (dual.before[d] - dual.before[c]))


@kernel
def _activate(market: Market, dual: Dual, count: Array, settled: Array, under: float, first: int, last: int) -> None:
    """Lay the ways at most `under` below the best way of their need, staying out (0) being one, side by side.

    What every step reads is then a few lines of memory a need, not one a way.
    """
    reduced = np.empty(market.value.shape[1])
    for need in range(first, last):
        dual.actives[need] = 0
        if settled[need] >= 0:
            continue
        top = 0.0
        for at in range(count[need]):
            reduced[at] = reduced_value(market, dual, need, at)
            top = max(top, reduced[at])
        for at in range(count[need]):
            if reduced[at] >= top - under:
                which = dual.actives[need]
                for end in range(4):
                    dual.active_spans[need, which, end] = market.spans[need, at, end]
                dual.active_value[need, which] = market.value[need, at]
                dual.actives[need] = which + 1


@kernel
def soft(under: np.float32) -> np.float32:
    """Return about exp(under), for `under` <= 0: (1 + under / n)^n by squaring, which the processor does for several at once.

    At -9, where shares end, it is a hundredth too small; falling and smooth it is everywhere.
    """
    power = max(NOTHING, ALL + under * THIN)
    for _again in range(SQUARED):
        power *= power
    return power


@kernel
def _take_shares(dual: Dual, settled: Array, heat: float, part: int, first: int, last: int) -> None:
    """Let each unsettled need want its ways by softmax, staying out (0) being one of them, and add up what is used."""
    used, before = dual.used[part], dual.before
    used[:] = 0
    share = np.empty(dual.active_value.shape[1], dtype=np.float32)
    of_heat = np.float32(1 / heat)
    for need in range(first, last):
        if settled[need] >= 0:
            continue
        spans, value, actives = dual.active_spans[need], dual.active_value[need], dual.actives[need]
        top = NOTHING
        for at in range(actives):
            price = before[spans[at, 1]] - before[spans[at, 0]] + before[spans[at, 3]] - before[spans[at, 2]]
            share[at] = (value[at] - price) * of_heat
            top = max(top, share[at])
        total = soft(-top)
        for at in range(actives):
            share[at] = soft(share[at] - top)
        for at in range(actives):
            total += share[at]
        of_total = ALL / total
        for at in range(actives):
            if share[at] > LEAST:
                taken = share[at] * of_total
                used[spans[at, 0]] += taken
                used[spans[at, 1]] -= taken
                used[spans[at, 2]] += taken
                used[spans[at, 3]] -= taken


@kernel
def _set_prices(
    sites: Sites, market: Market, dual: Dual, pace: float, warm: float, spread_warm: float, first: int, last: int
) -> None:
    """Raise the price of what is wanted more than there is, lower the others, never below 0."""
    for offer in range(first, last):
        if market.nights[offer] > 0:
            _weigh(sites, market, dual, offer)
    # One plain loop over all cells, in single precision: the processor takes several at a time.
    begin, end = market.first_cell[first], market.first_cell[last]
    lead, spread = dual.lead[begin:end], dual.spread[begin:end]
    slope, price = dual.slope[begin:end], dual.price[begin:end]
    one_pace, of_lead, of_spread = np.float32(pace), np.float32(1 / warm), np.float32(1 / spread_warm)
    for one in range(end - begin):
        lead[one] = KEPT * lead[one] + NEW * slope[one]
        spread[one] = SPREAD_KEPT * spread[one] + SPREAD_NEW * slope[one] * slope[one]
        step = lead[one] * of_lead / (np.sqrt(spread[one] * of_spread) + TINY)
        price[one] = max(NOTHING, price[one] + one_pace * step)
    for offer in range(first, last):
        if market.nights[offer] > 0:
            _sum_prices(sites, market, dual, offer)


@kernel
def _weigh(sites: Sites, market: Market, dual: Dual, offer: int) -> None:
    """Find by how much more is wanted of an offer than there is: for each scarce night and each j."""
    nights, cell = market.nights[offer], market.first_cell[offer]
    width = nights + 1
    sizes = sites.row[offer + 1] - sites.row[offer]
    for one in range(cell, cell + sizes * width):
        dual.slope[one] = -dual.capacity[one]
    # From what comes and goes to how many households of each size are there.
    for size in range(sizes):
        present = np.float32(0)
        for at in range(nights):
            for part in range(dual.used.shape[0]):
                present += dual.used[part, cell + size * width + at]
            for j in range(size + 1):
                dual.slope[cell + j * width + at] += present * ((size + 1) // (j + 1))


def ascend(
    sites: Sites,
    market: Market,
    dual: Dual,
    count: Array,
    settled: Array,
    crew: Crew,
    *,
    steps: int,
    heat: tuple[float, float],
    pace: tuple[float, float],
    taken: int = 0,
) -> None:
    """Take `steps` steps; temperature and pace fall geometrically from the first value to the second.

    `taken` is the number of steps whose momentum is still in the dual; 0 begins anew. Needs whose `settled`
    is 0 or more are left out: what they hold is no longer in the capacity.
    """
    if not taken:
        dual.lead[:] = 0
        dual.spread[:] = 0
    needs = [(part, *edges) for part, edges in enumerate(pieces(len(count), PARTS))]
    offers = pieces(len(sites.beds), PARTS)
    dual.used[:] = 0
    for step in range(1, steps + 1):
        done = (step - 1) / max(1, steps - 1)
        now_heat = heat[0] * (heat[1] / heat[0]) ** done
        now_pace = pace[0] * (pace[1] / pace[0]) ** done
        if (step - 1) % REFRESH == 0:
            # A price moves by `pace` in a step, mostly to and fro.
            under = -COLD * now_heat + SLACK * REFRESH * now_pace
            crew.run(_activate, [(market, dual, count, settled, under, *edges) for _part, *edges in needs])
        crew.run(_take_shares, [(dual, settled, now_heat, *each) for each in needs])
        warm, spread_warm = 1 - MEMORY ** (taken + step), 1 - SPREAD ** (taken + step)
        crew.run(_set_prices, [(sites, market, dual, now_pace, warm, spread_warm, *each) for each in offers])
