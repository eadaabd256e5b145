"""From prices to a plan: fix what the smoothed solution is sure of, let prices settle on the rest, again.

Many small passes earn the most: every pass fixes the surest ways only, and a few steps of ascent on what is
left tell the others what has become scarce.
"""

from __future__ import annotations

from collections.abc import Callable
from math import exp

import numpy as np

from matching.engine.compiled.ascent import Dual, Market, ascend, reduced_value, set_capacity
from matching.engine.compiled.draft import Draft, fits, put_in_order
from matching.engine.compiled.kernel import Crew, kernel, pieces
from matching.engine.compiled.pool import Pool
from matching.engine.compiled.week import Array, Sites

SURE, UNSURE = 0.9, 0.1
"""The share of a need that a way must have to be fixed, in the first pass and in the last."""

STEPS = 16
SHARES_OF_WORK = 16


def dive(
    sites: Sites,
    pool: Pool,
    market: Market,
    dual: Dual,
    draft: Draft,
    crew: Crew,
    *,
    passes: int,
    heat: float,
    pace: float,
    over: Callable[[], bool],
) -> None:
    """Fill the draft in `passes` passes, or fewer when the time for it is `over`.

    `dual` is left with the prices of what is still free.
    """
    share, which = np.empty(len(draft.chosen)), np.empty(len(draft.chosen), dtype=np.int32)
    for turn in range(passes):
        if over():
            break
        set_capacity(sites, market, dual, draft.free, crew)
        ascend(
            sites,
            market,
            dual,
            pool.known,
            draft.chosen,
            crew,
            steps=STEPS,
            heat=(heat, heat),
            pace=(pace, pace),
            taken=turn * STEPS,
        )
        work = [
            (sites, pool, market, dual, draft, heat, share, which, *edges)
            for edges in pieces(len(share), SHARES_OF_WORK)
        ]
        crew.run(_surest, work)
        sure = SURE + (UNSURE - SURE) * turn / max(1, passes - 1)
        needs = np.flatnonzero(share >= sure)
        needs = needs[np.argsort(-share[needs], kind="stable")]
        put_in_order(sites, pool, draft, needs, which[needs])


@kernel
def _surest(
    sites: Sites, pool: Pool, market: Market, dual: Dual, draft: Draft, heat: float,
    share: Array, which: Array, first: int, last: int,
) -> None:  # fmt: skip
    """Find for each need without a way the one of highest softmax share."""
    for need in range(first, last):
        share[need] = 0.0
        if draft.chosen[need] >= 0:
            continue
        top, at_top = 0.0, -1
        for at in range(pool.known[need]):
            reduced = reduced_value(market, dual, need, at)
            if reduced > top:
                top, at_top = reduced, at
        if at_top < 0:
            continue
        total = exp(-top / heat)
        for at in range(pool.known[need]):
            total += exp((reduced_value(market, dual, need, at) - top) / heat)
        share[need], which[need] = 1.0 / total, at_top


def insert(pool: Pool, sites: Sites, draft: Draft, reduced: Array) -> int:
    """Put in who is left, the highest reduced value first; return how many got a way."""
    left = np.flatnonzero(draft.chosen < 0)
    # Most ways are taken long since, and a free one can only be taken meanwhile: the others need not be sorted.
    needs, ways = _that_fit(sites, pool, draft, left)
    order = np.argsort(-reduced[needs, ways], kind="stable")
    return int(put_in_order(sites, pool, draft, needs[order], ways[order]))


@kernel
def _that_fit(sites: Sites, pool: Pool, draft: Draft, left: Array) -> tuple[Array, Array]:
    """Return the ways in the pool that are free, as two arrays: of which need, and its number there."""
    most = 0
    for need in left:
        most += pool.known[need]
    needs, ways = np.empty(most, dtype=np.int64), np.empty(most, dtype=np.int64)
    count = 0
    for need in left:
        for at in range(pool.known[need]):
            if fits(sites, draft.free, pool.ways[need, at]):
                needs[count], ways[count] = need, at
                count += 1
    return needs[:count], ways[:count]


def reduced_values(pool: Pool, market: Market, dual: Dual, crew: Crew) -> Array:
    """Return value - price of every way in the pool."""
    reduced = np.full(pool.value.shape, -np.inf)
    work = [(pool, market, dual, reduced, *edges) for edges in pieces(len(pool.known), SHARES_OF_WORK)]
    crew.run(_reduce, work)
    return reduced


@kernel
def _reduce(pool: Pool, market: Market, dual: Dual, reduced: Array, first: int, last: int) -> None:
    for need in range(first, last):
        for at in range(pool.known[need]):
            reduced[need, at] = reduced_value(market, dual, need, at)
