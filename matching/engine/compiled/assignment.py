"""A plan under construction: the way that each need has, the room that is left, and who stays where."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from matching.engine.arrays import IntMatrix, IntVector
from matching.engine.compiled.kernel import kernel
from matching.engine.compiled.legs import has_room
from matching.engine.compiled.pool import Pool
from matching.engine.compiled.problem import Sites
from matching.engine.compiled.ways import FIRST_NIGHT, LAST_DAY, LEGS, OFFER, PEOPLE, has_two_legs

NO_WAY = -1
"""In `chosen`: the need has no way."""

NO_NODE = -1
"""The end of a list of stays."""


class Assignment(NamedTuple):
    """`chosen` is the number, in the pool, of the way that each need has, or NO_WAY.

    The stays in an offer are a doubly linked list, so that the time to remove one does not grow with their number.
    Leg 0 or 1 of a need is the node `LEGS x need + leg`.
    """

    free: IntMatrix
    """(offers, nights): the room that is left, as in Sites."""
    chosen: IntVector
    head: IntVector
    """The first node of each offer."""
    next_node: IntVector
    previous_node: IntVector


def nobody_placed(sites: Sites, needs: int) -> Assignment:
    """Return the assignment in which no need has a way."""
    return Assignment(
        free=sites.free.copy(),
        chosen=np.full(needs, NO_WAY, dtype=np.int32),
        head=np.full(len(sites.beds), NO_NODE, dtype=np.int32),
        next_node=np.full(LEGS * needs, NO_NODE, dtype=np.int32),
        previous_node=np.full(LEGS * needs, NO_NODE, dtype=np.int32),
    )


@kernel
def fits(sites: Sites, free: IntMatrix, way: IntMatrix) -> bool:
    """Return whether there is room for every leg of the way."""
    if not has_room(
        sites, free, offer=way[0, OFFER], first=way[0, FIRST_NIGHT], last=way[0, LAST_DAY], people=way[0, PEOPLE]
    ):
        return False
    if not has_two_legs(way):
        return True
    return has_room(
        sites, free, offer=way[1, OFFER], first=way[1, FIRST_NIGHT], last=way[1, LAST_DAY], people=way[1, PEOPLE]
    )


@kernel
def put(sites: Sites, pool: Pool, plan: Assignment, need: int, at: int) -> None:
    """Give a need that has no way its way `at`. There must be room for it."""
    plan.chosen[need] = at
    way = pool.ways[need, at]
    for leg in range(LEGS):
        offer = way[leg, OFFER]
        if offer < 0:
            break
        _take(sites, plan.free, way, leg, 1)
        node = LEGS * need + leg
        behind = plan.head[offer]
        plan.next_node[node], plan.previous_node[node] = behind, NO_NODE
        if behind >= 0:
            plan.previous_node[behind] = node
        plan.head[offer] = node


@kernel
def lift(sites: Sites, pool: Pool, plan: Assignment, need: int) -> None:
    """Take a need that has a way out of the plan."""
    way = pool.ways[need, plan.chosen[need]]
    plan.chosen[need] = NO_WAY
    for leg in range(LEGS):
        offer = way[leg, OFFER]
        if offer < 0:
            break
        _take(sites, plan.free, way, leg, -1)
        node = LEGS * need + leg
        ahead, behind = plan.previous_node[node], plan.next_node[node]
        if ahead >= 0:
            plan.next_node[ahead] = behind
        else:
            plan.head[offer] = behind
        if behind >= 0:
            plan.previous_node[behind] = ahead


@kernel
def _take(sites: Sites, free: IntMatrix, way: IntMatrix, leg: int, sign: int) -> None:
    offer = way[leg, OFFER]
    load = sign * (way[leg, PEOPLE] if sites.shared[offer] else 1)
    for night in range(way[leg, FIRST_NIGHT], way[leg, LAST_DAY]):
        free[offer, night] -= load


@kernel
def worth_of(pool: Pool, plan: Assignment) -> float:
    """Return the objective of the plan, which does not count loyalty."""
    total = 0.0
    for need in range(len(plan.chosen)):
        if plan.chosen[need] >= 0:
            total += pool.value[need, plan.chosen[need]]
            if plan.chosen[need] == 0:
                total -= pool.loyalty[need]
    return total


@kernel
def put_in_order(sites: Sites, pool: Pool, plan: Assignment, needs: IntVector, ways: IntVector) -> int:
    """Give each need in turn the way named beside it if it has none and there is room; return the number of needs placed."""
    done = 0
    for at in range(len(needs)):
        need = needs[at]
        if plan.chosen[need] < 0 and fits(sites, plan.free, pool.ways[need, ways[at]]):
            put(sites, pool, plan, need, ways[at])
            done += 1
    return done
