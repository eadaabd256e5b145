"""Going over every way of every need under prices: what proves the bound, and where new ways come from.

For any prices mu >= 0, L(mu) = sum of mu x capacity + sum over needs of max(0, the best of value - price)
is at least the objective of every plan (weak duality), provided the maximum runs over *all* ways. That is
what `price_everything` does; its `best` is summed up by `solving`.
"""

from __future__ import annotations

import numpy as np

from matching.engine.compiled import nearby
from matching.engine.compiled.kernel import Crew, kernel, pieces
from matching.engine.compiled.legs import WIDTH, last_day, near, single_ways
from matching.engine.compiled.nearby import AT_FIRST, Nearby, look_around, noted, recalled
from matching.engine.compiled.pool import Pool, add, price_of
from matching.engine.compiled.two_legs import moving_ways, splitting_ways
from matching.engine.compiled.week import Array, Sites, Wants, free_of_charge

SINGLES, MOVES, SPLITS = 12, 10, 6
"""Ways of each kind that one pricing may add to a need."""

BEST, BY_LOT = 24, 12
"""Ways by one leg that a need begins with: the most valuable, and others by lot so that prices have something to push against."""

SHARES_OF_WORK = 32


def seed_pool(wants: Wants, sites: Sites, pool: Pool, crew: Crew, seed: int) -> list[Nearby]:
    """Fill the pool with each need's first ways by one leg; return what is near each need, for `price_everything`."""
    sites, nothing = free_of_charge(sites)
    most = nearby.MOST_PAIRS // SHARES_OF_WORK
    return crew.run(_seed_pool, [(wants, sites, pool, nothing, most, seed, *edges) for edges in _shares(pool)])


@kernel
def _seed_pool(
    wants: Wants, sites: Sites, pool: Pool, nothing: Array, most: int, seed: int, first: int, last: int
) -> Nearby:
    offers = len(sites.beds)
    found, suits = np.empty(offers, dtype=np.int64), np.empty(offers)
    all_keys, all_ways = np.empty(offers), np.empty((offers, WIDTH), dtype=np.int64)
    known = Nearby(np.zeros(last - first + 1, dtype=np.int64), np.empty(AT_FIRST, dtype=np.int32))
    kept = 0
    for need in range(first, last):
        np.random.seed(seed + need)
        count = look_around(wants, sites, need, found, suits)
        if kept == need - first and known.begin[kept] + count <= most:
            known = noted(known, kept, found, count, most)
            kept += 1
        count = _by_one_leg(wants, sites, need, found, suits, count)
        if count > BEST + BY_LOT:
            best = single_ways(
                wants, sites, need, nothing, sites.free, False, found, suits, count, all_keys[:BEST], all_ways
            )
            _put(pool, need, all_keys, all_ways, best)
            for at in range(BY_LOT):
                other = at + np.random.randint(count - at)
                found[at], found[other] = found[other], found[at]
                suits[at], suits[other] = suits[other], suits[at]
            count = BY_LOT
        best = single_ways(
            wants, sites, need, nothing, sites.free, False, found, suits, count, all_keys[:count], all_ways
        )
        _put(pool, need, all_keys, all_ways, best)
    return Nearby(known.begin[: kept + 1], known.offer)


@kernel
def _by_one_leg(wants: Wants, sites: Sites, need: int, found: Array, suits: Array, count: int) -> int:
    """Keep, of the offers found, those that have a way by one leg; return how many."""
    first, nights, kept = wants.first[need], wants.nights[need], 0
    for at in range(count):
        offer = found[at]
        length = last_day(sites, offer, first, first + nights) - first
        if sites.beds[offer] >= wants.people[need] and length >= max(wants.shortest[need], 1):
            found[kept], suits[kept] = offer, suits[at]
            kept += 1
    return kept


@kernel
def _put(pool: Pool, need: int, keys: Array, ways: Array, count: int) -> None:
    unknown = np.zeros(pool.ways.shape[1])
    for at in range(count):
        add(pool, need, ways[at], keys[at], unknown)


def price_everything(
    wants: Wants, sites: Sites, pool: Pool, known: list[Nearby], before: Array, crew: Crew, *, whole: bool
) -> Array:
    """Price every way of every need by `before` (see `legs.price_of_leg`); put the best new ones into the pool.

    Returns for each need the highest value - price of any way, or 0 where none is positive. Unless `whole`, only
    ways by two legs are priced, which takes half of the time and proves nothing.
    """
    best = np.zeros(len(wants.people))
    first_kind = 0 if whole else 1
    shares = zip(known, _shares(pool), strict=True)
    work = [(wants, sites, pool, each, before, best, first_kind, *edges) for each, edges in shares]
    crew.run(_price_everything, work)
    return best


@kernel
def _price_everything(
    wants: Wants, sites: Sites, pool: Pool, known: Nearby, before: Array, best: Array,
    first_kind: int, first: int, last: int,
) -> None:  # fmt: skip
    offers = len(sites.beds)
    found, suits = np.empty(offers, dtype=np.int64), np.empty(offers)
    reduced = np.empty(pool.ways.shape[1])
    for need in range(first, last):
        if first_kind > 0 and not (wants.may_move[need] or wants.may_split[need]):
            continue
        top = 0.0
        if pool.known[need] + SINGLES + MOVES + SPLITS > len(reduced):
            # One may have to make room for another.
            for at in range(pool.known[need]):
                reduced[at] = pool.value[need, at] - price_of(sites, before, pool.ways[need, at])
        count = recalled(wants, sites, known, need, need - first, found, suits)
        for kind in range(first_kind, 3):
            if (kind == 1 and not wants.may_move[need]) or (kind == 2 and not wants.may_split[need]):
                continue
            kept, keys, ways = _ways_among(wants, sites, need, kind, before, sites.free, False, found, suits, count)
            if kept and keys[0] > top:
                top = keys[0]
            for at in range(kept):
                if keys[at] > 0:
                    value = keys[at] + price_of(sites, before, ways[at])
                    add(pool, need, ways[at], value, reduced)
        best[need] = top


@kernel
def best_ways(
    wants: Wants, sites: Sites, need: int, kind: int, before: Array, free: Array, checked: bool,
    found: Array, suits: Array,
) -> tuple[int, Array, Array]:  # fmt: skip
    """Return how many ways of this kind (0 one leg, 1 move, 2 split) were kept, their value - price, and them."""
    count = near(wants, sites, need, 1 if kind == 2 else wants.people[need], kind == 0, found, suits)
    return _ways_among(wants, sites, need, kind, before, free, checked, found, suits, count)


@kernel
def _ways_among(
    wants: Wants, sites: Sites, need: int, kind: int, before: Array, free: Array, checked: bool,
    found: Array, suits: Array, count: int,
) -> tuple[int, Array, Array]:  # fmt: skip
    ways = np.empty((SINGLES, WIDTH), dtype=np.int64)
    keys = np.empty(SINGLES if kind == 0 else MOVES if kind == 1 else SPLITS)
    if kind == 0:
        kept = single_ways(wants, sites, need, before, free, checked, found, suits, count, keys, ways)
    elif kind == 1:
        kept = moving_ways(wants, sites, need, before, free, checked, found, suits, count, keys, ways)
    else:
        kept = splitting_ways(wants, sites, need, before, free, checked, found, suits, count, keys, ways)
    return kept, keys, ways


def _shares(pool: Pool) -> list[tuple[int, int]]:
    return pieces(len(pool.known), SHARES_OF_WORK)
