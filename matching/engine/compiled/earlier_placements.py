"""Earlier placements that stand: each need keeps its own unless moving is worth more than it costs."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from matching.engine.arrays import IntMatrix
from matching.engine.compiled.kernel import kernel
from matching.engine.compiled.legs import Found, chord_of, has_room, last_day, near, scratch_for, share_of_leg, within
from matching.engine.compiled.pool import Pool
from matching.engine.compiled.problem import Problem, Sites, Wants
from matching.engine.compiled.ways import (
    FIRST_NIGHT,
    LAST_DAY,
    LEGS,
    NEIGHBOURS_KM,
    NO_LEG,
    OFFER,
    PEOPLE,
    SHORTEST_MOVE_LEG,
    has_two_legs,
)
from matching.engine.objective import MOVE_COST, PARTIAL_BASE, SPLIT_COST
from matching.engine.values import Placement


def keep_standing(problem: Problem, pool: Pool, standing: Sequence[Placement], loyalty: float) -> None:
    """Put the placements that stand into the empty pool, each with `loyalty` x weight x people added to its worth.

    Placements that a rule forbids by now, or that have no room beside the nights held, are left out.
    """
    need_at = {need.id: at for at, need in enumerate(problem.needs)}
    offer_at = {offer.id: at for at, offer in enumerate(problem.offers)}
    found = scratch_for(problem.sites)
    for placement in standing:
        need = need_at.get(placement.need_id)
        if need is None or any(leg.offer_id not in offer_at for leg in placement.legs):
            continue
        way = np.array([NO_LEG] * LEGS)
        for number, leg in enumerate(placement.legs):
            first, last = leg.first_night.toordinal(), leg.last_day.toordinal()
            way[number] = offer_at[leg.offer_id], first - problem.first_day, last - problem.first_day, leg.people
        value = value_of_way(problem.wants, problem.sites, need, way, found)
        if value > 0:
            pool.ways[need, 0] = way
            pool.loyalty[need] = loyalty * problem.wants.worth[need]
            pool.value[need, 0] = value + pool.loyalty[need]
            pool.known[need] = 1


@kernel
def value_of_way(wants: Wants, sites: Sites, need: int, way: IntMatrix, found: Found) -> float:
    """Return the worth of the way; 0 if a rule forbids it or it has no room beside the nights held."""
    count = near(wants, sites, need, smallest=1, at_first=False, found=found)
    first, nights, people = wants.first[need], wants.nights[need], wants.people[need]
    end = first + nights
    two = has_two_legs(way)
    split = two and way[1, FIRST_NIGHT] == way[0, FIRST_NIGHT]
    base = PARTIAL_BASE - (SPLIT_COST if split else MOVE_COST if two else 0.0)
    total = 0.0
    for leg in range(2 if two else 1):
        offer, begins = way[leg, OFFER], way[leg, FIRST_NIGHT]
        ends, some = way[leg, LAST_DAY], way[leg, PEOPLE]
        at = -1
        for which in range(count):
            if found.offer[which] == offer:
                at = which
        if at < 0 or some < 1 or some > sites.beds[offer] or begins < 0 or ends > end or ends <= begins:
            return 0.0
        if last_day(sites, offer, begins, end) != ends or not has_room(
            sites, sites.free, offer, first=begins, last=ends, people=some
        ):
            return 0.0
        covered = some / people * (ends - begins) / nights
        total += share_of_leg(covered, found.fit[at], some, sites.beds[offer], sites.shared[offer])
    if way[0, FIRST_NIGHT] != first or not _joined(wants, sites, need, way, two, split=split):
        return 0.0
    return float(wants.worth[need] * (base + total))


@kernel
def _joined(wants: Wants, sites: Sites, need: int, way: IntMatrix, two: bool, split: bool) -> bool:
    """Return whether the legs make one stay that the need agreed to."""
    first, people = wants.first[need], wants.people[need]
    last = way[1, LAST_DAY] if two else way[0, LAST_DAY]
    if last - first < wants.shortest[need]:
        return False
    if not two:
        return bool(way[0, PEOPLE] == people)
    if way[0, OFFER] == way[1, OFFER]:
        return False
    if split:
        all_nights = way[0, LAST_DAY] == first + wants.nights[need] and way[1, LAST_DAY] == way[0, LAST_DAY]
        all_people = way[0, PEOPLE] + way[1, PEOPLE] == people
        close = within(sites, way[0, OFFER], way[1, OFFER], NEIGHBOURS_KM, chord_of(NEIGHBOURS_KM))
        return bool(wants.may_split[need] and all_nights and all_people and close)
    long_enough = True
    for leg in range(LEGS):
        long_enough &= way[leg, LAST_DAY] - way[leg, FIRST_NIGHT] >= SHORTEST_MOVE_LEG
    no_gap = way[1, FIRST_NIGHT] == way[0, LAST_DAY]
    all_people = way[0, PEOPLE] == people and way[1, PEOPLE] == people
    return bool(wants.may_move[need] and long_enough and no_gap and all_people)
