"""Exchange needs one for one, so that nobody is passed over: an unplaced need displaces one that is worth less there.

Afterwards no unplaced need could take the legs, or the space, of one household and be worth more there, or be worth as
much and have waited longer. Each exchange raises the objective; or it keeps the objective and raises the days that the
placed needs have waited. So the exchanges end.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from matching.engine.arrays import BoolVector, FloatMatrix, FloatVector, IntMatrix, IntVector
from matching.engine.compiled.assignment import Assignment, lift, put
from matching.engine.compiled.kernel import Crew, kernel, pieces
from matching.engine.compiled.leftover import left_within_reach, place_left_over, remember, touch
from matching.engine.compiled.legs import Found, last_day, near, scratch_for, share_of_leg
from matching.engine.compiled.pool import Pool
from matching.engine.compiled.pricing import PRICING_SHARES
from matching.engine.compiled.problem import Problem, Sites, Wants
from matching.engine.compiled.ways import (
    FIRST_NIGHT,
    LAST_DAY,
    LEG_COLUMNS,
    LEGS,
    NO_LEG,
    OFFER,
    PEOPLE,
    copy_way,
    has_two_legs,
    write_way,
)
from matching.engine.objective import FIT_SHARE, MOVE_COST, PARTIAL_BASE, SPLIT_COST

AS_GOOD = 1e-9
"""Values that differ by less count as equal."""

MOST_ROUNDS, MOST_TURNS = 20, 20
"""The most rounds, and the most turns for each need in a round: far more than are used, but a certain end."""

NO_NEED = -1


class Worth(NamedTuple):
    """The worth of each need's way, and for each offer the least worth of a need in it (inf: nobody is in it)."""

    of_need: FloatVector
    least_in: FloatVector


class Search(NamedTuple):
    """Scratch arrays of the search for one need's best exchange."""

    found: Found
    fit_of: FloatVector
    """The fit of each offer that is possible for the need; -1 for other offers."""
    way: IntMatrix
    best_way: IntMatrix


@kernel
def _scratch(sites: Sites) -> Search:
    return Search(
        scratch_for(sites),
        np.full(len(sites.beds), -1.0),
        np.empty((LEGS, LEG_COLUMNS), dtype=np.int64),
        np.empty((LEGS, LEG_COLUMNS), dtype=np.int64),
    )


def exchange(
    problem: Problem,
    pool: Pool,
    plan: Assignment,
    price_sums: FloatMatrix,
    crew: Crew,
    *,
    over: Callable[[], bool] = lambda: False,
) -> int:
    """Exchange until no exchange is left, and place every need for which a way becomes free; return the exchanges made.

    Ends sooner when the time is `over`.
    """
    made, wants, sites = 0, problem.wants, problem.sites
    touched = np.ones(len(sites.beds), dtype=np.bool_)
    for _round in range(MOST_ROUNDS):
        if over():
            break
        # A need that found no exchange before finds none now, unless an offer within its reach has changed.
        left = left_within_reach(problem, plan, crew, touched)
        worth = Worth(pool.value[np.arange(len(plan.chosen)), plan.chosen], np.empty(len(sites.beds)))
        crew.run(_set_least, [(plan, worth, *edges) for edges in pieces(len(sites.beds), PRICING_SHARES)])
        # All are asked first, side by side: most have no exchange, and only the others are then asked in turn.
        any_exchange = np.zeros(len(left), dtype=np.bool_)
        work = [
            (wants, sites, pool, plan, worth, left, any_exchange, *edges) for edges in pieces(len(left), PRICING_SHARES)
        ]
        crew.run(_look, work)
        touched = np.zeros_like(touched)
        now = _exchange(wants, sites, pool, plan, worth=worth, left=left[any_exchange], touched=touched)
        made += now
        if now == 0:
            break
        place_left_over(problem, pool, plan, price_sums, crew, touched=touched)
    return made


@kernel
def _look(
    wants: Wants, sites: Sites, pool: Pool, plan: Assignment, worth: Worth,
    left: IntVector, any_exchange: BoolVector, first: int, last: int,
) -> None:  # fmt: skip
    """Note for each need left over whether there is an exchange for it."""
    search = _scratch(sites)
    for at in range(first, last):
        out, _value = _best_exchange(wants, sites, pool, plan, worth, need=left[at], search=search, any_will_do=True)
        any_exchange[at] = out != NO_NEED


@kernel
def _best_exchange(
    wants: Wants, sites: Sites, pool: Pool, plan: Assignment, worth: Worth, need: int, search: Search, any_will_do: bool
) -> tuple[int, float]:
    """Return the need whose place this need should take, and what this one is worth there; or NO_NEED.

    Its way there is then `search.best_way`. With `any_will_do` the first exchange found is returned.
    """
    count = near(wants, sites, need, smallest=1, at_first=False, found=search.found)
    for at in range(count):
        search.fit_of[search.found.offer[at]] = search.found.fit[at]
    best, longer, out, value = -AS_GOOD, 0.0, NO_NEED, 0.0
    for at in range(count):
        offer = search.found.offer[at]
        # The most that the need can be worth with this offer, by one leg or with a second leg elsewhere.
        by_one_leg = 1.0 + FIT_SHARE * (search.found.fit[at] + 0.25)
        most = wants.worth[need] * max(by_one_leg, 1.0 - MOVE_COST + FIT_SHARE) + AS_GOOD
        if most < worth.least_in[offer] or (any_will_do and out != NO_NEED):
            continue
        node = plan.head[offer]
        while node >= 0:
            other, leg = node // LEGS, node % LEGS
            node = plan.next_node[node]
            if most < worth.of_need[other]:
                continue
            instead = _worth_instead(wants, sites, pool, plan, need, other=other, leg=leg, search=search)
            if instead > 0:
                gain = instead - worth.of_need[other]
                more = wants.waited[need] - wants.waited[other]
                if (gain > best + AS_GOOD and gain > AS_GOOD) or (abs(gain) <= AS_GOOD and more > longer):
                    best, longer, out, value = gain, max(more, 0.0), other, instead
                    copy_way(search.best_way, search.way)
    for at in range(count):
        search.fit_of[search.found.offer[at]] = -1.0
    return out, value


@kernel
def _exchange(
    wants: Wants, sites: Sites, pool: Pool, plan: Assignment, worth: Worth, left: IntVector, touched: BoolVector
) -> int:
    """Try the best exchange for each unplaced need, then for each need that it displaced. Return the number made."""
    search = _scratch(sites)
    queue = np.empty(len(left) * MOST_TURNS, dtype=np.int64)
    queue[: len(left)] = left
    waiting, turn, made = len(left), 0, 0
    gone = np.empty((LEGS, LEG_COLUMNS), dtype=np.int64)
    while turn < waiting:
        need = queue[turn]
        turn += 1
        out, value = _best_exchange(wants, sites, pool, plan, worth, need=need, search=search, any_will_do=False)
        if out != NO_NEED:
            copy_way(gone, pool.ways[out, plan.chosen[out]])
            lift(sites, pool, plan, out)
            put(sites, pool, plan, need, remember(pool, need, search.best_way, value))
            worth.of_need[need] = value
            touch(touched, gone)
            touch(touched, search.best_way)
            for leg in range(LEGS):
                if gone[leg, OFFER] >= 0:
                    worth.least_in[gone[leg, OFFER]] = _least(plan, worth, gone[leg, OFFER])
                if search.best_way[leg, OFFER] >= 0:
                    offer = search.best_way[leg, OFFER]
                    worth.least_in[offer] = _least(plan, worth, offer)
            made += 1
            if waiting < len(queue):
                queue[waiting] = out
                waiting += 1
    return made


@kernel
def _set_least(plan: Assignment, worth: Worth, first: int, last: int) -> None:
    for offer in range(first, last):
        worth.least_in[offer] = _least(plan, worth, offer)


@kernel
def _least(plan: Assignment, worth: Worth, offer: int) -> float:
    """Return the least that a need in the offer is worth; inf when nobody is in it."""
    least = np.inf
    node = plan.head[offer]
    while node >= 0:
        least = min(least, worth.of_need[node // LEGS])
        node = plan.next_node[node]
    return least


@kernel
def _worth_instead(
    wants: Wants, sites: Sites, pool: Pool, plan: Assignment, need: int, other: int, leg: int, search: Search
) -> float:
    """Return what `need` is worth in the place of the leg of `other`, and write its way; 0 where that is not possible."""
    theirs = pool.ways[other, plan.chosen[other]]
    if has_two_legs(theirs):
        return _worth_of_two_legs(wants, sites, need, other, theirs, leg=leg, search=search)
    offer = theirs[0, OFFER]
    people, first, nights = wants.people[need], wants.first[need], wants.nights[need]
    if people > sites.beds[offer]:
        return 0.0
    last = last_day(sites, offer, first, first + nights)
    if last == first or last - first < wants.shortest[need]:
        return 0.0
    load = people if sites.shared[offer] else 1
    given = theirs[0, PEOPLE] if sites.shared[offer] else 1
    for night in range(first, last):
        theirs_too = theirs[0, FIRST_NIGHT] <= night < theirs[0, LAST_DAY]
        if plan.free[offer, night] + (given if theirs_too else 0) < load:
            return 0.0
    write_way(search.way, (offer, first, last, people), NO_LEG)
    covered = (last - first) / nights
    part = share_of_leg(covered, search.fit_of[offer], people, sites.beds[offer], sites.shared[offer])
    return float(wants.worth[need] * (PARTIAL_BASE + part))


@kernel
def _worth_of_two_legs(
    wants: Wants, sites: Sites, need: int, other: int, theirs: IntMatrix, leg: int, search: Search
) -> float:
    """Return what a need with the same nights and as many people is worth in the very two legs of another."""
    # The second leg is met again at the first.
    if leg == 1 or search.fit_of[theirs[1, OFFER]] < 0 or search.fit_of[theirs[0, OFFER]] < 0:
        return 0.0
    people, first, nights = wants.people[need], wants.first[need], wants.nights[need]
    if people != wants.people[other] or first != wants.first[other] or nights != wants.nights[other]:
        return 0.0
    split = theirs[1, FIRST_NIGHT] == theirs[0, FIRST_NIGHT]
    if not (wants.may_split[need] if split else wants.may_move[need]):
        return 0.0
    if theirs[1, LAST_DAY] - first < wants.shortest[need]:
        return 0.0
    total = PARTIAL_BASE - (SPLIT_COST if split else MOVE_COST)
    for part in range(LEGS):
        offer, some = theirs[part, OFFER], theirs[part, PEOPLE]
        covered = some / people * (theirs[part, LAST_DAY] - theirs[part, FIRST_NIGHT]) / nights
        total += share_of_leg(covered, search.fit_of[offer], some, sites.beds[offer], sites.shared[offer])
    copy_way(search.way, theirs)
    return float(wants.worth[need] * total)
