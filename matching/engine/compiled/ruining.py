"""Ruin and recreate: make room for a household that was passed over, and let those who lose theirs find another way.

The gap between bound and plan is, exactly, the sum over needs of their regret (best value - price minus that of
the way they have) and over scarce nights of the price of what stays empty. So each turn begins at a need with
regret and wants one of its best ways. It takes out all who are in it, and now and then those in the ways that
these want. Then it puts all back in an order drawn by lot, each in the way of highest value - price that is free. The new plan is
kept when it is better, or, by simulated annealing, when it is a little worse (Schrimpf et al., 2000).
"""

from __future__ import annotations

from math import log
from typing import NamedTuple

import numpy as np

from matching.engine.arrays import FloatMatrix, IntMatrix, IntVector
from matching.engine.compiled.assignment import Assignment, fits, lift, put
from matching.engine.compiled.kernel import kernel
from matching.engine.compiled.pool import Pool
from matching.engine.compiled.problem import Sites
from matching.engine.compiled.ways import FIRST_NIGHT, LAST_DAY, LEGS, OFFER, PEOPLE, has_two_legs

MOST_OUT = 24
"""Households taken out in one turn, at most."""

ROOM_FOR_MORE = 6
"""Nobody more is put out on purpose when the list of those who are out has only so many places left."""

FURTHER = 0.3
"""How often one who was put out gets a way of its own cleared as well."""

WISHES = 8
"""The best ways of a need among which that way is drawn."""

NEIGHBOURHOOD = 1_000
"""Needs among which the next turn's is drawn by lot."""

BLINK = 0.02
"""How often a free way is passed over, so that the same turn can end differently (Christiaens and Vanden Berghe, 2020)."""

NO_REGRET, IDLE = 1e-6, 0.9
"""A need with less regret than the first is passed over in this share of its turns."""


class Ranking(NamedTuple):
    """The ways of each need by `reduced` (value - price) falling: `order[need, 0]` is the number of the best."""

    order: IntMatrix
    reduced: FloatMatrix


class Half(NamedTuple):
    """The part of the country that one thread may change: offers and needs whose `side` is `me`."""

    offer_side: IntVector
    need_side: IntVector
    seeds: IntVector
    """The needs at which a turn may begin."""
    me: IntVector
    """One number."""


class Out(NamedTuple):
    """Scratch arrays: the needs that are out in this turn, and the number of the way that each of them had."""

    need: IntVector
    had: IntVector


@kernel
def _mine(half: Half, way: IntMatrix) -> bool:
    """Return whether all offers of the way are on this side."""
    me = half.me[0]
    return bool(
        half.offer_side[way[0, OFFER]] == me and (not has_two_legs(way) or half.offer_side[way[1, OFFER]] == me)
    )


@kernel
def _take_out(
    sites: Sites, pool: Pool, plan: Assignment, half: Half, way: IntMatrix, but: int, out: Out, count: int
) -> int:
    """Take out all who stand in the way; return how many are out now.

    It returns -1 minus that number when one may not be taken out: the need `but`, or a need of the other side.
    """
    for leg in range(LEGS):
        offer = way[leg, OFFER]
        if offer < 0:
            break
        load = way[leg, PEOPLE] if sites.shared[offer] else 1
        node = plan.head[offer]
        while node >= 0:
            after = plan.next_node[node]
            other = node // LEGS
            held = pool.ways[other, plan.chosen[other], node % LEGS]
            if held[FIRST_NIGHT] < way[leg, LAST_DAY] and held[LAST_DAY] > way[leg, FIRST_NIGHT]:
                blocked = False
                for night in range(
                    max(held[FIRST_NIGHT], way[leg, FIRST_NIGHT]), min(held[LAST_DAY], way[leg, LAST_DAY])
                ):
                    if plan.free[offer, night] < load:
                        blocked = True
                        break
                if blocked:
                    if other == but or half.need_side[other] != half.me[0] or count == len(out.need):
                        return -1 - count
                    out.need[count], out.had[count] = other, plan.chosen[other]
                    count += 1
                    if after >= 0 and after // LEGS == other:
                        after = plan.next_node[after]
                    lift(sites, pool, plan, other)
            node = after
    return count


@kernel
def _take_out_more(
    sites: Sites, pool: Pool, plan: Assignment, ranking: Ranking, half: Half, but: int, out: Out, count: int
) -> int:
    """For each household that is out, now and then make room in another of its best ways; return how many are out."""
    at = 0
    while at < count and count < len(out.need) - ROOM_FOR_MORE:
        if np.random.random() < FURTHER:
            need = out.need[at]
            way = ranking.order[need, int(min(pool.known[need], WISHES) * np.random.random() ** 2)]
            if _mine(half, pool.ways[need, way]):
                more = _take_out(sites, pool, plan, half, way=pool.ways[need, way], but=but, out=out, count=count)
                count = more if more >= 0 else -1 - more
        at += 1
    return count


@kernel
def _put_back(
    sites: Sites, pool: Pool, plan: Assignment, order: IntMatrix, half: Half, need: int, out: IntVector
) -> float:
    """Put all of `out` but `need` back, in an order drawn by lot, each into its first free way; return their worth."""
    turn = np.random.permutation(len(out))
    worth = 0.0
    for which in turn:
        other = out[which]
        if other == need:
            continue
        for rank in range(pool.known[other]):
            at = order[other, rank]
            way = pool.ways[other, at]
            if _mine(half, way) and fits(sites, plan.free, way) and np.random.random() > BLINK:
                put(sites, pool, plan, other, at)
                worth += pool.value[other, at]
                break
    return worth


@kernel
def improve(
    sites: Sites, pool: Pool, plan: Assignment, ranking: Ranking, half: Half,
    turns: int, heat_from: float, heat_to: float, seed: int,
) -> float:  # fmt: skip
    """Take `turns` turns, the temperature (in units of the objective) falling geometrically; return the gain.

    The turns go once through the country. Neighbours follow one another, so the arrays that a turn reads are mostly in the
    processor's cache.
    """
    np.random.seed(seed)
    out = Out(np.empty(MOST_OUT, dtype=np.int64), np.empty(MOST_OUT, dtype=np.int64))
    order, reduced = ranking
    gain = 0.0
    if len(half.seeds) == 0:
        return gain
    for turn in range(turns):
        heat = heat_from * (heat_to / heat_from) ** (turn / turns)
        sweep = turn * len(half.seeds) // turns
        need = half.seeds[(sweep + np.random.randint(min(NEIGHBOURHOOD, len(half.seeds)))) % len(half.seeds)]
        now = plan.chosen[need]
        best = order[need, 0]
        top = reduced[need, best]
        regret = max(top, 0.0) - (reduced[need, now] if now >= 0 else 0.0)
        if now == best or (regret < NO_REGRET and np.random.random() < IDLE):
            continue
        # One of its best ways: the better, the likelier.
        rank = int(pool.known[need] * np.random.random() ** 3)
        at = order[need, rank]
        if at == now or not _mine(half, pool.ways[need, at]):
            continue
        count = 0
        if now >= 0:
            out.need[0], out.had[0] = need, now
            lift(sites, pool, plan, need)
            count = 1
        count = _take_out(sites, pool, plan, half, way=pool.ways[need, at], but=need, out=out, count=count)
        allowed = count >= 0
        if not allowed:
            count = -1 - count
        if allowed:
            put(sites, pool, plan, need, at)
            count = _take_out_more(sites, pool, plan, ranking, half, but=need, out=out, count=count)
            before = 0.0
            for one in range(count):
                before += pool.value[out.need[one], out.had[one]]
            after = pool.value[need, at]
            after += _put_back(sites, pool, plan, order, half, need=need, out=out.need[:count])
            if after - before > heat * log(np.random.random() + 1e-300):
                gain += after - before
                continue
        # Not kept: everybody goes back to the way they had.
        for one in range(count):
            if plan.chosen[out.need[one]] >= 0:
                lift(sites, pool, plan, out.need[one])
        if allowed and plan.chosen[need] >= 0:
            lift(sites, pool, plan, need)
        for one in range(count):
            put(sites, pool, plan, out.need[one], out.had[one])
    return gain
