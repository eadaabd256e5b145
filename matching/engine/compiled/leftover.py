"""The last try for whoever is left over: not only the ways kept in mind but every one there is."""

from __future__ import annotations

import numpy as np

from matching.engine.compiled.draft import Draft, put
from matching.engine.compiled.kernel import kernel
from matching.engine.compiled.pool import Pool, price_of
from matching.engine.compiled.pricing import best_ways
from matching.engine.compiled.week import Array, Sites, Wants


def place_left_over(wants: Wants, sites: Sites, pool: Pool, draft: Draft, before: Array) -> None:
    """Give each need without a way, the one of most worth first, its best free way by value - price, if there is any."""
    left = np.flatnonzero(draft.chosen < 0)
    _place(wants, sites, pool, draft, before, left[np.argsort(-wants.worth[left], kind="stable")])


@kernel
def _place(wants: Wants, sites: Sites, pool: Pool, draft: Draft, before: Array, left: Array) -> None:
    offers = len(sites.beds)
    found, suits = np.empty(offers, dtype=np.int64), np.empty(offers)
    for need in left:
        best, at_best = -np.inf, -1
        for kind in range(3):
            if (kind == 1 and not wants.may_move[need]) or (kind == 2 and not wants.may_split[need]):
                continue
            kept, keys, ways = best_ways(wants, sites, need, kind, before, draft.free, True, found, suits)
            if kept and keys[0] > best:
                best = keys[0]
                at_best = _remember(sites, pool, need, ways[0], keys[0], before)
        if at_best >= 0:
            put(sites, pool, draft, need, at_best)


@kernel
def _remember(sites: Sites, pool: Pool, need: int, way: Array, key: float, before: Array) -> int:
    """Put a way into the pool, in place of the last when there is no room; return its number."""
    value = key + price_of(sites, before, way)
    for at in range(pool.known[need]):
        if (pool.ways[need, at] == way).all():
            return at
    at = int(min(pool.known[need], pool.ways.shape[1] - 1))
    pool.known[need] = at + 1
    pool.ways[need, at] = way
    pool.value[need, at] = value
    return at
