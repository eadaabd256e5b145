"""Nobody is passed over: whoever is left takes the place of one who is worth less there, one for one.

After this nobody left over could take the very legs, or the space, of one household and be worth more there, nor
as much having waited longer. Each exchange raises the objective, or leaves it and raises the days waited of those
placed, so the exchanges end.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from matching.engine.compiled.draft import Draft, lift, put
from matching.engine.compiled.kernel import Crew, kernel, pieces
from matching.engine.compiled.leftover import left_within_reach, place_left_over, remember, touch
from matching.engine.compiled.legs import WIDTH, last_day, near, share_of_leg
from matching.engine.compiled.pool import Pool
from matching.engine.compiled.pricing import SHARES_OF_WORK
from matching.engine.compiled.week import Array, Sites, Wants, Week
from matching.engine.objective import FIT_SHARE, MOVE_COST, PARTIAL_BASE, SPLIT_COST

AS_GOOD = 1e-9
"""Values that differ by less are the same."""

MOST_ROUNDS, MOST_TURNS = 20, 20
"""Rounds, and turns a need in each: far more than are ever taken, so that an end is certain."""

NOBODY = -1


def exchange(
    week: Week, pool: Pool, draft: Draft, before: Array, crew: Crew, *, over: Callable[[], bool] = lambda: False
) -> int:
    """Exchange until no exchange is left, and place everybody for whom a place becomes free; return how many were made.

    Less of it when the time is `over`.
    """
    made = 0
    touched = np.ones(len(week.sites.beds), dtype=np.bool_)
    for _round in range(MOST_ROUNDS):
        if over():
            break
        # Who found nothing before finds nothing now, unless something has changed within reach.
        left = left_within_reach(week.wants, week.sites, draft, crew, touched)
        worth = pool.value[np.arange(len(draft.chosen)), draft.chosen]
        least = np.empty(len(week.sites.beds))
        crew.run(_set_least, [(draft, worth, least, *edges) for edges in pieces(len(least), SHARES_OF_WORK)])
        # Asked side by side: for most there is none, and only the others need be asked one after the other.
        some = np.zeros(len(left), dtype=np.bool_)
        work = [
            (week.wants, week.sites, pool, draft, worth, least, left, some, *edges)
            for edges in pieces(len(left), SHARES_OF_WORK)
        ]
        crew.run(_look, work)
        touched = np.zeros_like(touched)
        now = _exchange(week.wants, week.sites, pool, draft, worth, least, left[some], touched)
        made += now
        if now == 0:
            break
        place_left_over(week.wants, week.sites, pool, draft, before, crew, touched)
    return made


@kernel
def _look(
    wants: Wants,
    sites: Sites,
    pool: Pool,
    draft: Draft,
    worth: Array,
    least: Array,
    left: Array,
    some: Array,
    first: int,
    last: int,
) -> None:
    offers = len(sites.beds)
    found, suits, fit_of = np.empty(offers, dtype=np.int64), np.empty(offers), np.full(offers, -1.0)
    way, best_way = np.empty(WIDTH, dtype=np.int64), np.empty(WIDTH, dtype=np.int64)
    for at in range(first, last):
        out, _value = _best_exchange(
            wants, sites, pool, draft, worth, least, left[at], found, suits, fit_of, way, best_way, True
        )
        some[at] = out != NOBODY


@kernel
def _best_exchange(
    wants: Wants, sites: Sites, pool: Pool, draft: Draft, worth: Array, least: Array, need: int,
    found: Array, suits: Array, fit_of: Array, way: Array, best_way: Array, any_will_do: bool,
) -> tuple[int, float]:  # fmt: skip
    """Return for whom the need should come in, and what it is worth there on `best_way`; or NOBODY.

    `worth` is what each need is worth where it is placed, `least` the least of those in each offer.
    """
    count = near(wants, sites, need, 1, False, found, suits)
    for at in range(count):
        fit_of[found[at]] = suits[at]
    best, longer, out, value = -AS_GOOD, 0.0, NOBODY, 0.0
    for at in range(count):
        offer = found[at]
        # Worth more than this it is nowhere in the offer, with a second leg elsewhere or without.
        most = wants.worth[need] * max(1.0 + FIT_SHARE * (suits[at] + 0.25), 1.0 - MOVE_COST + FIT_SHARE) + AS_GOOD
        if most < least[offer] or (any_will_do and out != NOBODY):
            continue
        knot = draft.head[offer]
        while knot >= 0:
            other, leg = knot // 2, knot % 2
            knot = draft.following[knot]
            if most < worth[other]:
                continue
            instead = _worth_instead(wants, sites, pool, draft, need, other, offer, leg, fit_of, way)
            if instead > 0:
                gain = instead - worth[other]
                more = wants.waited[need] - wants.waited[other]
                if (gain > best + AS_GOOD and gain > AS_GOOD) or (abs(gain) <= AS_GOOD and more > longer):
                    best, longer, out, value = gain, max(more, 0.0), other, instead
                    best_way[:] = way
    for at in range(count):
        fit_of[found[at]] = -1.0
    return out, value


@kernel
def _exchange(
    wants: Wants, sites: Sites, pool: Pool, draft: Draft, worth: Array, least: Array, left: Array, touched: Array
) -> int:
    offers = len(sites.beds)
    found, suits, fit_of = np.empty(offers, dtype=np.int64), np.empty(offers), np.full(offers, -1.0)
    queue = np.empty(len(left) * MOST_TURNS, dtype=np.int64)
    queue[: len(left)] = left
    waiting, turn, made = len(left), 0, 0
    way, best_way = np.empty(WIDTH, dtype=np.int64), np.empty(WIDTH, dtype=np.int64)
    while turn < waiting:
        need = queue[turn]
        turn += 1
        out, value = _best_exchange(
            wants, sites, pool, draft, worth, least, need, found, suits, fit_of, way, best_way, False
        )
        if out != NOBODY:
            gone = pool.ways[out, draft.chosen[out]].copy()
            lift(sites, pool, draft, out)
            put(sites, pool, draft, need, remember(pool, need, best_way, value))
            worth[need] = value
            touch(touched, gone)
            touch(touched, best_way)
            for leg in range(0, WIDTH, 4):
                if gone[leg] >= 0:
                    least[gone[leg]] = _least(draft, worth, gone[leg])
                if best_way[leg] >= 0:
                    least[best_way[leg]] = _least(draft, worth, best_way[leg])
            made += 1
            if waiting < len(queue):
                queue[waiting] = out
                waiting += 1
    return made


@kernel
def _set_least(draft: Draft, worth: Array, least: Array, first: int, last: int) -> None:
    for offer in range(first, last):
        least[offer] = _least(draft, worth, offer)


@kernel
def _least(draft: Draft, worth: Array, offer: int) -> float:
    """Return the least that a household in the offer is worth; infinite when nobody is in it."""
    least = np.inf
    knot = draft.head[offer]
    while knot >= 0:
        least = min(least, worth[knot // 2])
        knot = draft.following[knot]
    return least


@kernel
def _worth_instead(
    wants: Wants, sites: Sites, pool: Pool, draft: Draft, need: int, other: int, offer: int, leg: int,
    fit_of: Array, way: Array,
) -> float:  # fmt: skip
    """Return what `need` is worth in the place of `other`, whose leg is in the offer, and its way there; 0: not possible."""
    theirs = pool.ways[other, draft.chosen[other]]
    if theirs[4] >= 0:
        return _worth_of_two_legs(wants, sites, need, other, theirs, leg, fit_of, way)
    people, first, nights = wants.people[need], wants.first[need], wants.nights[need]
    if people > sites.beds[offer]:
        return 0.0
    last = last_day(sites, offer, first, first + nights)
    if last == first or last - first < wants.shortest[need]:
        return 0.0
    load = people if sites.shared[offer] else 1
    given = theirs[3] if sites.shared[offer] else 1
    for night in range(first, last):
        if draft.free[offer, night] + (given if theirs[1] <= night < theirs[2] else 0) < load:
            return 0.0
    way[:] = -1
    way[0], way[1], way[2], way[3], way[5:] = offer, first, last, people, 0
    covered = (last - first) / nights
    part = share_of_leg(covered, fit_of[offer], people, sites.beds[offer], sites.shared[offer])
    return float(wants.worth[need] * (PARTIAL_BASE + part))


@kernel
def _worth_of_two_legs(
    wants: Wants, sites: Sites, need: int, other: int, theirs: Array, leg: int, fit_of: Array, way: Array
) -> float:
    """Return what a need with the same nights and as many people is worth in the very two legs."""
    if leg == 1 or fit_of[theirs[4]] < 0 or fit_of[theirs[0]] < 0:
        return 0.0
    people, first, nights = wants.people[need], wants.first[need], wants.nights[need]
    if people != wants.people[other] or first != wants.first[other] or nights != wants.nights[other]:
        return 0.0
    split = theirs[5] == theirs[1]
    if not (wants.may_split[need] if split else wants.may_move[need]):
        return 0.0
    if theirs[6] - first < wants.shortest[need]:
        return 0.0
    total = PARTIAL_BASE - (SPLIT_COST if split else MOVE_COST)
    for part in range(2):
        offer, begins, ends, some = theirs[4 * part], theirs[4 * part + 1], theirs[4 * part + 2], theirs[4 * part + 3]
        covered = some / people * (ends - begins) / nights
        total += share_of_leg(covered, fit_of[offer], some, sites.beds[offer], sites.shared[offer])
    way[:] = theirs
    return float(wants.worth[need] * total)
