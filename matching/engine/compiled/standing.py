"""Where households stand already: a way each of them keeps unless moving is worth more than it costs."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from matching.engine.compiled.kernel import kernel
from matching.engine.compiled.legs import (
    NEIGHBOURS_KM,
    SHORTEST_LEG,
    chord_of,
    has_room,
    last_day,
    near,
    share_of_leg,
    within,
)
from matching.engine.compiled.pool import Pool
from matching.engine.compiled.week import Array, Sites, Wants, Week
from matching.engine.objective import MOVE_COST, PARTIAL_BASE, SPLIT_COST
from matching.engine.values import Placement


def keep_standing(week: Week, pool: Pool, standing: Sequence[Placement], loyalty: float) -> None:
    """Put the placements that stand into the empty pool, worth `loyalty` x weight x people more than they are.

    Those that no rule allows any longer, or that have no room beside what is held, are left out.
    """
    need_at = {need.id: at for at, need in enumerate(week.needs)}
    offer_at = {offer.id: at for at, offer in enumerate(week.offers)}
    found, suits = np.empty(len(week.offers), dtype=np.int64), np.empty(len(week.offers))
    for placement in standing:
        need = need_at.get(placement.need_id)
        if need is None or any(leg.offer_id not in offer_at for leg in placement.legs):
            continue
        way = np.array([-1, 0, 0, 0] * 2)
        for number, leg in enumerate(placement.legs):
            first, last = leg.first_night.toordinal() - week.first_day, leg.last_day.toordinal() - week.first_day
            way[4 * number : 4 * number + 4] = offer_at[leg.offer_id], first, last, leg.people
        value = value_of_way(week.wants, week.sites, need, way, found, suits)
        if value > 0:
            pool.ways[need, 0] = way
            pool.loyalty[need] = loyalty * week.wants.worth[need]
            pool.value[need, 0] = value + pool.loyalty[need]
            pool.known[need] = 1


@kernel
def value_of_way(wants: Wants, sites: Sites, need: int, way: Array, found: Array, suits: Array) -> float:
    """Return what the way is worth; 0 where a rule forbids it or it has no room beside what is held."""
    count = near(wants, sites, need, 1, False, found, suits)
    first, nights, people = wants.first[need], wants.nights[need], wants.people[need]
    end = first + nights
    two = way[4] >= 0
    split = two and way[5] == way[1]
    base = PARTIAL_BASE - (SPLIT_COST if split else MOVE_COST if two else 0.0)
    total = 0.0
    for leg in range(2 if two else 1):
        offer, begins, ends, some = way[4 * leg], way[4 * leg + 1], way[4 * leg + 2], way[4 * leg + 3]
        at = -1
        for which in range(count):
            if found[which] == offer:
                at = which
        if at < 0 or some < 1 or some > sites.beds[offer] or begins < 0 or ends > end or ends <= begins:
            return 0.0
        if last_day(sites, offer, begins, end) != ends or not has_room(sites, sites.free, offer, begins, ends, some):
            return 0.0
        covered = some / people * (ends - begins) / nights
        total += share_of_leg(covered, suits[at], some, sites.beds[offer], sites.shared[offer])
    if way[1] != first or not _joined(wants, sites, need, way, two, split):
        return 0.0
    return float(wants.worth[need] * (base + total))


@kernel
def _joined(wants: Wants, sites: Sites, need: int, way: Array, two: bool, split: bool) -> bool:
    """Return whether the legs make one stay that the need agreed to."""
    first, people = wants.first[need], wants.people[need]
    last = way[6] if two else way[2]
    if last - first < wants.shortest[need]:
        return False
    if not two:
        return bool(way[3] == people)
    if way[0] == way[4]:
        return False
    if split:
        whole = way[2] == first + wants.nights[need] and way[6] == way[2] and way[3] + way[7] == people
        close = within(sites, way[0], way[4], NEIGHBOURS_KM, chord_of(NEIGHBOURS_KM))
        return bool(wants.may_split[need] and whole and close)
    long_enough = way[2] - way[1] >= SHORTEST_LEG and way[6] - way[5] >= SHORTEST_LEG
    joined = way[5] == way[2] and way[3] == people and way[7] == people
    return bool(wants.may_move[need] and long_enough and joined)
