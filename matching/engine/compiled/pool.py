"""A pool of ways for each need. It never holds all ways, since a nation's week has a hundred million."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from matching.engine.arrays import FloatMatrix, FloatVector, IntCube, IntMatrix, IntVector
from matching.engine.compiled.kernel import kernel
from matching.engine.compiled.legs import price_of_leg
from matching.engine.compiled.problem import Sites
from matching.engine.compiled.ways import (
    FIRST_NIGHT,
    LAST_DAY,
    LEG_COLUMNS,
    LEGS,
    OFFER,
    PEOPLE,
    copy_way,
    has_two_legs,
    same_way,
)


class Pool(NamedTuple):
    """For each need up to `ways.shape[1]` ways, of which the first `known` are in use, and the worth of each.

    A need whose `loyalty` is above 0 has an earlier placement. That placement is its first way and is never
    replaced. Its `value` contains the loyalty, so the need moves only for more than that.
    """

    ways: IntCube
    """(needs, most, LEGS, LEG_COLUMNS); see `ways`."""
    value: FloatMatrix
    """(needs, most), in units of the objective."""
    known: IntVector
    loyalty: FloatVector


def empty_pool(needs: int, most: int) -> Pool:
    """Return a pool with room for `most` ways a need."""
    return Pool(
        ways=np.zeros((needs, most, LEGS, LEG_COLUMNS), dtype=np.int32),
        value=np.zeros((needs, most)),
        known=np.zeros(needs, dtype=np.int32),
        loyalty=np.zeros(needs),
    )


@kernel
def price_of(sites: Sites, price_sums: FloatMatrix, way: IntMatrix) -> float:
    """Return the price of all nights a way takes; for `price_sums` see `legs.price_of_leg`."""
    price = price_of_leg(
        sites, price_sums, offer=way[0, OFFER], first=way[0, FIRST_NIGHT], last=way[0, LAST_DAY], people=way[0, PEOPLE]
    )
    if has_two_legs(way):
        price += price_of_leg(
            sites,
            price_sums,
            offer=way[1, OFFER],
            first=way[1, FIRST_NIGHT],
            last=way[1, LAST_DAY],
            people=way[1, PEOPLE],
        )
    return price


@kernel
def add(pool: Pool, need: int, way: IntMatrix, value: float, reduced: FloatVector) -> bool:
    """Add a way to the pool of a need; return False if the pool has it already.

    If the pool is full, the way replaces the one with the lowest `reduced` value (value - price).
    """
    count = pool.known[need]
    for at in range(count):
        if same_way(pool.ways[need, at], way):
            return False
    if count < pool.ways.shape[1]:
        at = count
        pool.known[need] = count + 1
    else:
        at = 1 if pool.loyalty[need] > 0 else 0
        for other in range(at + 1, count):
            if reduced[other] < reduced[at]:
                at = other
    copy_way(pool.ways[need, at], way)
    pool.value[need, at] = value
    reduced[at] = np.inf  # so that the rest of this round does not replace the new way
    return True
