"""The last try for whoever is left over: not only the ways kept in mind but every one there is."""

from __future__ import annotations

import numpy as np

from matching.engine.compiled.draft import Draft, put
from matching.engine.compiled.kernel import Crew, kernel, pieces
from matching.engine.compiled.legs import near
from matching.engine.compiled.pool import Pool, price_of
from matching.engine.compiled.pricing import SHARES_OF_WORK, best_ways
from matching.engine.compiled.week import Array, Sites, Wants


def place_left_over(
    wants: Wants, sites: Sites, pool: Pool, draft: Draft, before: Array, crew: Crew, touched: Array
) -> None:
    """Give each need without a way, the one of most worth first, its best free way by value - price, if there is any.

    `touched` says in which offers something has changed since this was done before; those it puts somebody in are
    added. Whether there is any way at all is asked side by side: for most there is none, and another one placed
    meanwhile takes beds and gives none.
    """
    left = left_within_reach(wants, sites, draft, crew, touched)
    some = np.zeros(len(left), dtype=np.bool_)
    work = [(wants, sites, draft.free, before, left, some, *edges) for edges in pieces(len(left), SHARES_OF_WORK)]
    crew.run(_look, work)
    place_in_turn(wants, sites, pool, draft, before, left[some], touched)


def left_within_reach(wants: Wants, sites: Sites, draft: Draft, crew: Crew, touched: Array) -> Array:
    """Return the needs without a way that may stay in any of the `touched` offers, the one of most worth first."""
    left = np.flatnonzero(draft.chosen < 0)
    left = left[np.argsort(-wants.worth[left], kind="stable")]
    if touched.all():
        return left
    reach = np.zeros(len(left), dtype=np.bool_)
    crew.run(_reach, [(wants, sites, left, touched, reach, *edges) for edges in pieces(len(left), SHARES_OF_WORK)])
    return left[reach]


@kernel
def _reach(wants: Wants, sites: Sites, left: Array, touched: Array, reach: Array, first: int, last: int) -> None:
    found, suits = np.empty(len(sites.beds), dtype=np.int64), np.empty(len(sites.beds))
    for at in range(first, last):
        for near_by in found[: near(wants, sites, left[at], 1, False, found, suits)]:
            if touched[near_by]:
                reach[at] = True
                break


@kernel
def _look(
    wants: Wants, sites: Sites, free: Array, before: Array, left: Array, some: Array, first: int, last: int
) -> None:
    found, suits = np.empty(len(sites.beds), dtype=np.int64), np.empty(len(sites.beds))
    for at in range(first, last):
        need = left[at]
        for kind in range(3):
            if (kind == 1 and not wants.may_move[need]) or (kind == 2 and not wants.may_split[need]):
                continue
            kept, _keys, _ways = best_ways(wants, sites, need, kind, before, free, True, found, suits)
            if kept > 0:
                some[at] = True
                break


@kernel
def place_in_turn(
    wants: Wants, sites: Sites, pool: Pool, draft: Draft, before: Array, left: Array, touched: Array
) -> None:
    """Give each of the needs, in this order, its best free way by value - price; see `place_left_over` for `touched`."""
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
                at_best = remember(pool, need, ways[0], keys[0] + price_of(sites, before, ways[0]))
        if at_best >= 0:
            put(sites, pool, draft, need, at_best)
            touch(touched, pool.ways[need, at_best])


@kernel
def touch(touched: Array, way: Array) -> None:
    """Note the offers of a way as changed."""
    touched[way[0]] = True
    if way[4] >= 0:
        touched[way[4]] = True


@kernel
def remember(pool: Pool, need: int, way: Array, value: float) -> int:
    """Put a way of a need that has none into the pool, in place of the last when there is no room; return its number."""
    for at in range(pool.known[need]):
        if (pool.ways[need, at] == way).all():
            return at
    at = int(min(pool.known[need], pool.ways.shape[1] - 1))
    pool.known[need] = at + 1
    pool.ways[need, at] = way
    pool.value[need, at] = value
    return at
