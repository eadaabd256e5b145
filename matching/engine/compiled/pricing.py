"""Price every way of every need. The result proves the bound and supplies new ways for the pool.

For any prices mu >= 0, L(mu) = sum of mu x capacity + sum over needs of max(0, the best of value - price)
is at least the objective of every plan. This is weak duality of the Lagrangian relaxation (Geoffrion, 1974), and it
holds only if the maximum runs over *all* ways. `price_everything` takes that maximum, and `solving` sums it up.
Putting the ways of highest value - price into the pool is column generation (Dantzig and Wolfe, 1960).
"""

from __future__ import annotations

import numpy as np

from matching.engine.arrays import FloatMatrix, FloatVector
from matching.engine.compiled import nearby
from matching.engine.compiled.kernel import Crew, kernel, pieces
from matching.engine.compiled.legs import Found, Terms, last_day, near, scratch_for, single_ways
from matching.engine.compiled.nearby import AT_FIRST, Nearby, look_around, noted, recalled
from matching.engine.compiled.pool import Pool, add, price_of
from matching.engine.compiled.problem import Problem, Sites, Wants, free_of_charge
from matching.engine.compiled.two_legs import moving_ways, splitting_ways
from matching.engine.compiled.ways import LEG_COLUMNS, LEGS, MOVE, ONE_LEG, SPLIT, WAY_KINDS, Best

MOST_SINGLES, MOST_MOVES, MOST_SPLITS = 12, 10, 6
"""Ways of each kind that one pricing may add to a need."""

BEST, BY_LOT = 24, 12
"""Ways by one leg in a need's first pool: the most valuable, and others drawn by lot as alternatives when prices rise."""

PRICING_SHARES = 32


def seed_pool(problem: Problem, pool: Pool, crew: Crew, seed: int) -> list[Nearby]:
    """Fill the pool with each need's first ways by one leg; return the offers near each need, for `price_everything`."""
    sites, nothing = free_of_charge(problem.sites)
    terms = Terms(nothing, sites.free, False)
    most = nearby.MOST_PAIRS_KEPT // PRICING_SHARES
    return crew.run(_seed_pool, [(problem.wants, sites, pool, terms, most, seed, *edges) for edges in _shares(pool)])


@kernel
def _seed_pool(
    wants: Wants, sites: Sites, pool: Pool, terms: Terms, most: int, seed: int, first: int, last: int
) -> Nearby:
    offers = len(sites.beds)
    found = scratch_for(sites)
    all_keys, all_ways = np.empty(offers), np.empty((offers, LEGS, LEG_COLUMNS), dtype=np.int64)
    known = Nearby(np.zeros(last - first + 1, dtype=np.int64), np.empty(AT_FIRST, dtype=np.int32))
    kept = 0
    for need in range(first, last):
        np.random.seed(seed + need)
        count = look_around(wants, sites, need, found)
        if kept == need - first and known.begin[kept] + count <= most:
            known = noted(known, kept, found, count, most)
            kept += 1
        count = _by_one_leg(wants, sites, need, found, count)
        if count > BEST + BY_LOT:
            best = Best(all_keys[:BEST], all_ways)
            _put(pool, need, best, single_ways(wants, sites, need, terms, found, count=count, best=best))
            for at in range(BY_LOT):
                other = at + np.random.randint(count - at)
                found.offer[at], found.offer[other] = found.offer[other], found.offer[at]
                found.fit[at], found.fit[other] = found.fit[other], found.fit[at]
            count = BY_LOT
        best = Best(all_keys[:count], all_ways)
        _put(pool, need, best, single_ways(wants, sites, need, terms, found, count=count, best=best))
    return Nearby(known.begin[: kept + 1], known.offer)


@kernel
def _by_one_leg(wants: Wants, sites: Sites, need: int, found: Found, count: int) -> int:
    """Keep, of the offers found, those that have a way by one leg; return their number."""
    first, nights, kept = wants.first[need], wants.nights[need], 0
    for at in range(count):
        offer = found.offer[at]
        length = last_day(sites, offer, first, first + nights) - first
        if sites.beds[offer] >= wants.people[need] and length >= max(wants.shortest[need], 1):
            found.offer[kept], found.fit[kept] = offer, found.fit[at]
            kept += 1
    return kept


@kernel
def _put(pool: Pool, need: int, best: Best, count: int) -> None:
    unknown = np.zeros(pool.ways.shape[1])
    for at in range(count):
        add(pool, need, best.way[at], best.key[at], unknown)


def price_everything(
    problem: Problem, pool: Pool, known: list[Nearby], price_sums: FloatMatrix, crew: Crew, *, whole: bool
) -> FloatVector:
    """Price every way of every need, and put the best new ways into the pool.

    `price_sums` is explained in `legs.price_of_leg`. Returns for each need the highest value - price of any way, or 0
    where none is positive. Unless `whole`, only ways by two legs are priced, which takes half of the time and proves
    nothing.
    """
    best = np.zeros(len(problem.needs))
    first_kind = ONE_LEG if whole else MOVE
    terms = Terms(price_sums, problem.sites.free, False)
    shares = zip(known, _shares(pool), strict=True)
    work = [(problem.wants, problem.sites, pool, each, terms, best, first_kind, *edges) for each, edges in shares]
    crew.run(_price_everything, work)
    return best


@kernel
def _price_everything(
    wants: Wants, sites: Sites, pool: Pool, known: Nearby, terms: Terms, best: FloatVector,
    first_kind: int, first: int, last: int,
) -> None:  # fmt: skip
    found = scratch_for(sites)
    reduced = np.empty(pool.ways.shape[1])
    for need in range(first, last):
        if first_kind > ONE_LEG and not (wants.may_move[need] or wants.may_split[need]):
            continue
        top = 0.0
        if pool.known[need] + MOST_SINGLES + MOST_MOVES + MOST_SPLITS > len(reduced):
            # A new way replaces the way with the lowest value - price, so these must be known.
            for at in range(pool.known[need]):
                reduced[at] = pool.value[need, at] - price_of(sites, terms.price_sums, pool.ways[need, at])
        count = recalled(wants, sites, known, need, at=need - first, found=found)
        for kind in range(first_kind, WAY_KINDS):
            if not agrees_to(wants, need, kind):
                continue
            kept, ways = _ways_among(wants, sites, need, kind, terms, found=found, count=count)
            if kept and ways.key[0] > top:
                top = ways.key[0]
            for at in range(kept):
                if ways.key[at] > 0:
                    value = ways.key[at] + price_of(sites, terms.price_sums, ways.way[at])
                    add(pool, need, ways.way[at], value, reduced)
        best[need] = top


@kernel
def agrees_to(wants: Wants, need: int, kind: int) -> bool:
    """Return whether a need agrees to ways of this kind."""
    if kind == MOVE:
        return bool(wants.may_move[need])
    if kind == SPLIT:
        return bool(wants.may_split[need])
    return True


@kernel
def best_ways(wants: Wants, sites: Sites, need: int, kind: int, terms: Terms, found: Found) -> tuple[int, Best]:
    """Return how many ways of this kind were kept, and the ways; their keys are value - price."""
    count = near(
        wants, sites, need, smallest=1 if kind == SPLIT else wants.people[need], at_first=kind == ONE_LEG, found=found
    )
    return _ways_among(wants, sites, need, kind, terms, found=found, count=count)


@kernel
def _ways_among(
    wants: Wants, sites: Sites, need: int, kind: int, terms: Terms, found: Found, count: int
) -> tuple[int, Best]:
    room = MOST_SINGLES if kind == ONE_LEG else MOST_MOVES if kind == MOVE else MOST_SPLITS
    best = Best(np.empty(room), np.empty((MOST_SINGLES, LEGS, LEG_COLUMNS), dtype=np.int64))
    if kind == ONE_LEG:
        kept = single_ways(wants, sites, need, terms, found, count=count, best=best)
    elif kind == MOVE:
        kept = moving_ways(wants, sites, need, terms, found, count=count, best=best)
    else:
        kept = splitting_ways(wants, sites, need, terms, found, count=count, best=best)
    return kept, best


def _shares(pool: Pool) -> list[tuple[int, int]]:
    return pieces(len(pool.known), PRICING_SHARES)
