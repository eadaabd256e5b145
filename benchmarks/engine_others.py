"""Simpler ways of matching, for comparison: first come, first served; most urgent first; one household to one space."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.optimize import linear_sum_assignment

from matching.engine import Need, Offer
from matching.engine.columns import NeedsAndOffers
from matching.engine.compiled import leftover, problem
from matching.engine.compiled.assignment import nobody_placed, worth_of
from matching.engine.compiled.legs import Terms
from matching.engine.compiled.pool import empty_pool
from matching.engine.compiled.ways import FIRST_NIGHT, LAST_DAY

Figures = dict[str, float]
MOST_FOR_ONE_TO_ONE = 3_000


def in_turn(needs: list[Need], offers: list[Offer], *, first: Callable[[Need], float]) -> Figures:
    """Give each need the best space that is left, in falling order of `first`; return the figures of that plan."""
    laid_out = problem.lay_out(needs, offers)
    wants = laid_out.wants._replace(
        may_move=np.zeros_like(laid_out.wants.may_move), may_split=np.zeros_like(laid_out.wants.may_split)
    )
    pool, assignment = empty_pool(len(needs), 1), nobody_placed(laid_out.sites, len(needs))
    turn = np.argsort([-first(need) for need in laid_out.needs], kind="stable")
    touched = np.zeros(len(laid_out.offers), dtype=np.bool_)
    free_of_charge = np.zeros((laid_out.sites.until.shape[0], int(laid_out.sites.row[-1])))
    terms = Terms(free_of_charge, assignment.free, True)
    leftover.place_in_turn(wants, laid_out.sites, pool, assignment, terms=terms, left=turn, touched=touched)
    placed = np.flatnonzero(assignment.chosen >= 0)
    stays = pool.ways[placed, 0, 0, LAST_DAY] - pool.ways[placed, 0, 0, FIRST_NIGHT]
    return {
        "objective": float(worth_of(pool, assignment)),
        "people_placed": int(wants.people[placed].sum()),
        "full_stays": int((stays == wants.nights[placed]).sum()),
    }


def one_to_one(needs: list[Need], offers: list[Offer]) -> Figures | None:
    """Assign at most one household to each space with the greatest total worth, and return the figures of that plan.

    Uses `scipy.optimize.linear_sum_assignment` (the assignment problem). Return None for more than MOST_FOR_ONE_TO_ONE
    needs, because its matrix would be too large.
    """
    if len(needs) > MOST_FOR_ONE_TO_ONE:
        return None
    field = NeedsAndOffers(needs, offers)
    worth = np.zeros((len(needs), len(offers)))
    full = np.zeros_like(worth, dtype=bool)
    for at, need in enumerate(needs):
        found = field.columns_for(need)
        worth[at, found.offer] = found.value
        full[at, found.offer] = found.end - found.start == need.nights
    rows, columns = linear_sum_assignment(worth, maximize=True)
    possible = worth[rows, columns] > 0
    rows, columns = rows[possible], columns[possible]
    return {
        "objective": float(worth[rows, columns].sum()),
        "people_placed": sum(needs[row].people for row in rows.tolist()),
        "full_stays": int(full[rows, columns].sum()),
    }
