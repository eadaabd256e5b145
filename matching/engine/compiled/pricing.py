"""Going over every way of every need under prices: what proves the bound, and where new ways come from.

For any prices mu >= 0, L(mu) = sum of mu x capacity + sum over needs of max(0, the best of value - price)
is at least the objective of every plan (weak duality), provided the maximum runs over *all* ways. That is
what `price_everything` does; its `best` is summed up by `solving`.
"""

from __future__ import annotations

import numpy as np

from matching.engine.compiled.kernel import Crew, kernel, pieces
from matching.engine.compiled.legs import WIDTH, moving_ways, near, single_ways, splitting_ways
from matching.engine.compiled.pool import Pool, add, price_of
from matching.engine.compiled.week import Array, Sites, Wants

SINGLES, MOVES, SPLITS = 12, 10, 6
"""Ways of each kind that one pricing may add to a need."""

BEST, BY_LOT = 24, 12
"""Ways by one leg that a need begins with: the most valuable, and others by lot so that prices have something to push against."""

SHARES_OF_WORK = 32


def seed_pool(wants: Wants, sites: Sites, pool: Pool, crew: Crew, seed: int) -> None:
    """Fill the pool with each need's first ways by one leg."""
    crew.run(_seed_pool, [(wants, sites, pool, first, last, seed) for first, last in _shares(pool)])


@kernel
def _seed_pool(wants: Wants, sites: Sites, pool: Pool, first: int, last: int, seed: int) -> None:
    offers = len(sites.beds)
    found, suits = np.empty(offers, dtype=np.int64), np.empty(offers)
    nothing = np.zeros((sites.until.shape[0], sites.row[-1]))
    all_keys, all_ways = np.empty(offers), np.empty((offers, WIDTH), dtype=np.int64)
    for need in range(first, last):
        np.random.seed(seed + need)
        count = near(wants, sites, need, wants.people[need], True, found, suits)
        if count > BEST + BY_LOT:
            kept = single_ways(
                wants, sites, need, nothing, sites.free, False, found, suits, count, all_keys[:BEST], all_ways
            )
            _put(pool, need, all_keys, all_ways, kept)
            for at in range(BY_LOT):
                other = at + np.random.randint(count - at)
                found[at], found[other] = found[other], found[at]
                suits[at], suits[other] = suits[other], suits[at]
            count = BY_LOT
        kept = single_ways(
            wants, sites, need, nothing, sites.free, False, found, suits, count, all_keys[:count], all_ways
        )
        _put(pool, need, all_keys, all_ways, kept)


@kernel
def _put(pool: Pool, need: int, keys: Array, ways: Array, count: int) -> None:
    unknown = np.zeros(pool.ways.shape[1])
    for at in range(count):
        add(pool, need, ways[at], keys[at], unknown)


def price_everything(wants: Wants, sites: Sites, pool: Pool, before: Array, crew: Crew, *, whole: bool) -> Array:
    """Price every way of every need by `before` (see `legs.price_of_leg`); put the best new ones into the pool.

    Returns for each need the highest value - price of any way, or 0 where none is positive. Unless `whole`, only
    ways by two legs are priced, which takes half of the time and proves nothing.
    """
    best = np.zeros(len(wants.people))
    first_kind = 0 if whole else 1
    crew.run(_price_everything, [(wants, sites, pool, before, best, first_kind, *edges) for edges in _shares(pool)])
    return best


@kernel
def _price_everything(
    wants: Wants, sites: Sites, pool: Pool, before: Array, best: Array, first_kind: int, first: int, last: int
) -> None:
    offers = len(sites.beds)
    found, suits = np.empty(offers, dtype=np.int64), np.empty(offers)
    reduced = np.empty(pool.ways.shape[1])
    for need in range(first, last):
        top = 0.0
        for at in range(pool.known[need]):
            reduced[at] = pool.value[need, at] - price_of(sites, before, pool.ways[need, at])
        for kind in range(first_kind, 3):
            if (kind == 1 and not wants.may_move[need]) or (kind == 2 and not wants.may_split[need]):
                continue
            kept, keys, ways = best_ways(wants, sites, need, kind, before, sites.free, False, found, suits)
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
    ways = np.empty((SINGLES, WIDTH), dtype=np.int64)
    keys = np.empty(SINGLES if kind == 0 else MOVES if kind == 1 else SPLITS)
    people = wants.people[need]
    if kind == 0:
        count = near(wants, sites, need, people, True, found, suits)
        kept = single_ways(wants, sites, need, before, free, checked, found, suits, count, keys, ways)
    elif kind == 1:
        count = near(wants, sites, need, people, False, found, suits)
        kept = moving_ways(wants, sites, need, before, free, checked, found, suits, count, keys, ways)
    else:
        count = near(wants, sites, need, 1, False, found, suits)
        kept = splitting_ways(wants, sites, need, before, free, checked, found, suits, count, keys, ways)
    return kept, keys, ways


def _shares(pool: Pool) -> list[tuple[int, int]]:
    return pieces(len(pool.known), SHARES_OF_WORK)
