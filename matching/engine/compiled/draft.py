"""A plan under construction: the way each need has, what is free, and who stays where."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from matching.engine.compiled.kernel import kernel
from matching.engine.compiled.legs import has_room
from matching.engine.compiled.pool import Pool
from matching.engine.compiled.week import Array, Sites

NOTHING = -1


class Draft(NamedTuple):
    """`chosen` is the number in the pool of each need's way, or -1.

    The households of an offer are a linked list: leg 0 or 1 of a need is the knot 2 x need + leg.
    """

    free: Array
    chosen: Array
    head: Array
    following: Array
    before: Array


def blank(sites: Sites, needs: int) -> Draft:
    """Return the empty plan."""
    return Draft(
        free=sites.free.copy(),
        chosen=np.full(needs, NOTHING, dtype=np.int32),
        head=np.full(len(sites.beds), NOTHING, dtype=np.int32),
        following=np.full(2 * needs, NOTHING, dtype=np.int32),
        before=np.full(2 * needs, NOTHING, dtype=np.int32),
    )


@kernel
def fits(sites: Sites, free: Array, way: Array) -> bool:
    """Return whether there is room for every leg of the way."""
    if not has_room(sites, free, way[0], way[1], way[2], way[3]):
        return False
    return way[4] < 0 or has_room(sites, free, way[4], way[5], way[6], way[7])


@kernel
def put(sites: Sites, pool: Pool, draft: Draft, need: int, at: int) -> None:
    """Give a need that has none its way `at`; there is room."""
    draft.chosen[need] = at
    way = pool.ways[need, at]
    for leg in range(2):
        offer = way[4 * leg]
        if offer < 0:
            break
        _take(sites, draft.free, way, leg, 1)
        knot = 2 * need + leg
        behind = draft.head[offer]
        draft.following[knot], draft.before[knot] = behind, NOTHING
        if behind >= 0:
            draft.before[behind] = knot
        draft.head[offer] = knot


@kernel
def lift(sites: Sites, pool: Pool, draft: Draft, need: int) -> None:
    """Take a need out of the plan."""
    way = pool.ways[need, draft.chosen[need]]
    draft.chosen[need] = NOTHING
    for leg in range(2):
        offer = way[4 * leg]
        if offer < 0:
            break
        _take(sites, draft.free, way, leg, -1)
        knot = 2 * need + leg
        ahead, behind = draft.before[knot], draft.following[knot]
        if ahead >= 0:
            draft.following[ahead] = behind
        else:
            draft.head[offer] = behind
        if behind >= 0:
            draft.before[behind] = ahead


@kernel
def _take(sites: Sites, free: Array, way: Array, leg: int, sign: int) -> None:
    offer = way[4 * leg]
    load = sign * (way[4 * leg + 3] if sites.shared[offer] else 1)
    for night in range(way[4 * leg + 1], way[4 * leg + 2]):
        free[offer, night] -= load


@kernel
def worth_of(pool: Pool, draft: Draft) -> float:
    """Return the objective of the draft."""
    total = 0.0
    for need in range(len(draft.chosen)):
        if draft.chosen[need] >= 0:
            total += pool.value[need, draft.chosen[need]]
    return total


@kernel
def put_in_order(sites: Sites, pool: Pool, draft: Draft, needs: Array, ways: Array) -> int:
    """Give each need in turn the way named beside it, where it has none yet and there is room; return how many got one."""
    done = 0
    for at in range(len(needs)):
        need = needs[at]
        if draft.chosen[need] < 0 and fits(sites, draft.free, pool.ways[need, ways[at]]):
            put(sites, pool, draft, need, ways[at])
            done += 1
    return done
