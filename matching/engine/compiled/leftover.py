"""The last try for the needs left over: try every way that exists, and not only those in the pool."""

from __future__ import annotations

import numpy as np

from matching.engine.arrays import BoolVector, FloatMatrix, IntMatrix, IntVector
from matching.engine.compiled.assignment import Assignment, put
from matching.engine.compiled.kernel import Crew, kernel, pieces
from matching.engine.compiled.legs import Terms, near, scratch_for
from matching.engine.compiled.pool import Pool, price_of
from matching.engine.compiled.pricing import PRICING_SHARES, agrees_to, best_ways
from matching.engine.compiled.problem import Problem, Sites, Wants
from matching.engine.compiled.ways import LEGS, OFFER, WAY_KINDS, copy_way, same_way


def place_left_over(
    problem: Problem, pool: Pool, plan: Assignment, price_sums: FloatMatrix, crew: Crew, *, touched: BoolVector
) -> None:
    """Give each need without a way its best free way by value - price, the need of most worth first.

    `touched` marks the offers that have changed since the last call; offers that this call puts a need into are added.
    Most needs have no free way, and placing another need makes none free. So first look, side by side, which needs have a
    free way, and then place only these in turn.
    """
    wants, sites = problem.wants, problem.sites
    left = left_within_reach(problem, plan, crew, touched)
    any_way = np.zeros(len(left), dtype=np.bool_)
    terms = Terms(price_sums, plan.free, True)
    work = [(wants, sites, terms, left, any_way, *edges) for edges in pieces(len(left), PRICING_SHARES)]
    crew.run(_look, work)
    place_in_turn(wants, sites, pool, plan, terms=terms, left=left[any_way], touched=touched)


def left_within_reach(problem: Problem, plan: Assignment, crew: Crew, touched: BoolVector) -> IntVector:
    """Return the needs without a way that may stay in any of the `touched` offers, the need of most worth first."""
    wants, sites = problem.wants, problem.sites
    left = np.flatnonzero(plan.chosen < 0)
    left = left[np.argsort(-wants.worth[left], kind="stable")]
    if touched.all():
        return left
    reach = np.zeros(len(left), dtype=np.bool_)
    crew.run(_reach, [(wants, sites, left, touched, reach, *edges) for edges in pieces(len(left), PRICING_SHARES)])
    return left[reach]


@kernel
def _reach(
    wants: Wants, sites: Sites, left: IntVector, touched: BoolVector, reach: BoolVector, first: int, last: int
) -> None:
    """Note for each need whether a touched offer is among those possible for it."""
    found = scratch_for(sites)
    for at in range(first, last):
        for offer in found.offer[: near(wants, sites, need=left[at], smallest=1, at_first=False, found=found)]:
            if touched[offer]:
                reach[at] = True
                break


@kernel
def _look(
    wants: Wants, sites: Sites, terms: Terms, left: IntVector, any_way: BoolVector, first: int, last: int
) -> None:
    """Note for each need whether it has any way on these terms."""
    found = scratch_for(sites)
    for at in range(first, last):
        need = left[at]
        for kind in range(WAY_KINDS):
            if not agrees_to(wants, need, kind):
                continue
            kept, _ways = best_ways(wants, sites, need, kind, terms, found=found)
            if kept > 0:
                any_way[at] = True
                break


@kernel
def place_in_turn(
    wants: Wants, sites: Sites, pool: Pool, plan: Assignment, terms: Terms, left: IntVector, touched: BoolVector
) -> None:
    """Give each of the needs, in this order, its best free way by value - price.

    `terms.free` is the room of the plan itself. For `touched` see `place_left_over`.
    """
    found = scratch_for(sites)
    for need in left:
        best, at_best = -np.inf, -1
        for kind in range(WAY_KINDS):
            if not agrees_to(wants, need, kind):
                continue
            kept, ways = best_ways(wants, sites, need, kind, terms, found=found)
            if kept and ways.key[0] > best:
                best = ways.key[0]
                value = ways.key[0] + price_of(sites, terms.price_sums, ways.way[0])
                at_best = remember(pool, need, ways.way[0], value)
        if at_best >= 0:
            put(sites, pool, plan, need, at_best)
            touch(touched, pool.ways[need, at_best])


@kernel
def touch(touched: BoolVector, way: IntMatrix) -> None:
    """Note the offers of a way as changed."""
    for leg in range(LEGS):
        if way[leg, OFFER] >= 0:
            touched[way[leg, OFFER]] = True


@kernel
def remember(pool: Pool, need: int, way: IntMatrix, value: float) -> int:
    """Put a way into the pool of a need that has none; return its number there.

    If the pool is full, the way replaces the last one.
    """
    for at in range(pool.known[need]):
        if same_way(pool.ways[need, at], way):
            return at
    at = int(min(pool.known[need], pool.ways.shape[1] - 1))
    pool.known[need] = at + 1
    copy_way(pool.ways[need, at], way)
    pool.value[need, at] = value
    return at
