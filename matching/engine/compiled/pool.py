"""The ways kept in mind for each need: never all of them, for a nation's week has a hundred million."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from matching.engine.compiled.kernel import kernel
from matching.engine.compiled.legs import WIDTH, price_of_leg
from matching.engine.compiled.week import Array, Sites


class Pool(NamedTuple):
    """For each need up to `ways.shape[1]` ways, the first `known` of them in use, and what each is worth."""

    ways: Array
    """(needs, most, 8): see `legs.WIDTH`"""
    value: Array
    known: Array


def empty_pool(needs: int, most: int) -> Pool:
    """Return a pool with room for `most` ways a need."""
    return Pool(
        ways=np.zeros((needs, most, WIDTH), dtype=np.int32),
        value=np.zeros((needs, most)),
        known=np.zeros(needs, dtype=np.int32),
    )


@kernel
def price_of(sites: Sites, before: Array, way: Array) -> float:
    """Return the price of all nights a way takes."""
    price = price_of_leg(sites, before, way[0], way[1], way[2], way[3])
    if way[4] >= 0:
        price += price_of_leg(sites, before, way[4], way[5], way[6], way[7])
    return price


@kernel
def add(pool: Pool, need: int, way: Array, value: float, reduced: Array) -> bool:
    """Add a way, in place of the one with the lowest `reduced` value when there is no room; False when it is known."""
    count = pool.known[need]
    for at in range(count):
        same = True
        for part in range(WIDTH):
            if pool.ways[need, at, part] != way[part]:
                same = False
                break
        if same:
            return False
    if count < pool.ways.shape[1]:
        at = count
        pool.known[need] = count + 1
    else:
        at = 0
        for other in range(1, count):
            if reduced[other] < reduced[at]:
                at = other
    for part in range(WIDTH):
        pool.ways[need, at, part] = way[part]
    pool.value[need, at] = value
    reduced[at] = np.inf  # stays, whatever else this round adds
    return True
