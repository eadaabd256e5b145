"""Diving, from prices to a plan: fix the ways of the largest shares, let prices settle on the rest, repeat.

Many small passes earn the most. Every pass fixes only the surest ways, and a few steps of ascent on the rest
then tell the others what has become scarce. Diving in column generation is surveyed by Sadykov et al. (2019).
"""

from __future__ import annotations

from collections.abc import Callable
from math import exp

import numpy as np

from matching.engine.arrays import FloatMatrix, FloatVector, IntVector
from matching.engine.compiled.ascent import Dual, ScarceNights, ascend, reduced_value, set_capacity
from matching.engine.compiled.assignment import Assignment, fits, put_in_order
from matching.engine.compiled.kernel import Crew, kernel, pieces
from matching.engine.compiled.pool import Pool
from matching.engine.compiled.problem import Sites

SURE, UNSURE = 0.9, 0.1
"""The least share of its need at which a way is fixed: in the first pass, and in the last."""

STEPS_A_PASS = 16
DIVING_SHARES = 16


def dive(
    sites: Sites,
    pool: Pool,
    scarce: ScarceNights,
    dual: Dual,
    plan: Assignment,
    *,
    crew: Crew,
    passes: int,
    heat: float,
    pace: float,
    over: Callable[[], bool],
) -> None:
    """Fill the plan in `passes` passes, or fewer when the time for it is `over`.

    `heat` and `pace` are those of the ascent, in units of the objective. The dual keeps the prices of what is still free.
    """
    share, which = np.empty(len(plan.chosen)), np.empty(len(plan.chosen), dtype=np.int32)
    for turn in range(passes):
        if over():
            break
        set_capacity(sites, scarce, dual, plan.free, crew)
        ascend(
            sites,
            scarce,
            dual,
            pool.known,
            crew,
            settled=plan.chosen,
            steps=STEPS_A_PASS,
            heat=(heat, heat),
            pace=(pace, pace),
            taken=turn * STEPS_A_PASS,
        )
        work = [(pool, scarce, dual, plan, heat, share, which, *edges) for edges in pieces(len(share), DIVING_SHARES)]
        crew.run(_surest, work)
        sure = SURE + (UNSURE - SURE) * turn / max(1, passes - 1)
        needs = np.flatnonzero(share >= sure)
        needs = needs[np.argsort(-share[needs], kind="stable")]
        put_in_order(sites, pool, plan, needs, which[needs])


@kernel
def _surest(
    pool: Pool, scarce: ScarceNights, dual: Dual, plan: Assignment, heat: float,
    share: FloatVector, which: IntVector, first: int, last: int,
) -> None:  # fmt: skip
    """For each need without a way, find the way of its highest softmax share, and that share (0: none)."""
    for need in range(first, last):
        share[need] = 0.0
        if plan.chosen[need] >= 0:
            continue
        top, at_top = 0.0, -1
        for at in range(pool.known[need]):
            reduced = reduced_value(scarce, dual, need, at)
            if reduced > top:
                top, at_top = reduced, at
        if at_top < 0:
            continue
        total = exp(-top / heat)
        for at in range(pool.known[need]):
            total += exp((reduced_value(scarce, dual, need, at) - top) / heat)
        share[need], which[need] = 1.0 / total, at_top


def insert(pool: Pool, sites: Sites, plan: Assignment, reduced: FloatMatrix) -> int:
    """Give free ways to the needs that have none, the highest `reduced` value first; return the number of needs placed."""
    left = np.flatnonzero(plan.chosen < 0)
    # Inserting frees no beds, so ways that do not fit now never will: sort only those that fit.
    needs, ways = _that_fit(sites, pool, plan, left)
    order = np.argsort(-reduced[needs, ways], kind="stable")
    return int(put_in_order(sites, pool, plan, needs[order], ways[order]))


@kernel
def _that_fit(sites: Sites, pool: Pool, plan: Assignment, left: IntVector) -> tuple[IntVector, IntVector]:
    """Return the free ways of the needs `left` as two arrays: the need, and the number of the way in its pool."""
    most = 0
    for need in left:
        most += pool.known[need]
    needs, ways = np.empty(most, dtype=np.int64), np.empty(most, dtype=np.int64)
    count = 0
    for need in left:
        for at in range(pool.known[need]):
            if fits(sites, plan.free, pool.ways[need, at]):
                needs[count], ways[count] = need, at
                count += 1
    return needs[:count], ways[:count]


def reduced_values(pool: Pool, scarce: ScarceNights, dual: Dual, crew: Crew) -> FloatMatrix:
    """Return value - price of every way in the pool (needs, most); -inf where there is none."""
    reduced = np.full(pool.value.shape, -np.inf)
    work = [(pool, scarce, dual, reduced, *edges) for edges in pieces(len(pool.known), DIVING_SHARES)]
    crew.run(_reduce, work)
    return reduced


@kernel
def _reduce(pool: Pool, scarce: ScarceNights, dual: Dual, reduced: FloatMatrix, first: int, last: int) -> None:
    for need in range(first, last):
        for at in range(pool.known[need]):
            reduced[need, at] = reduced_value(scarce, dual, need, at)
