"""Ruin and recreate: make room for a household that was passed over, and find other ways for the households moved out.

The gap between bound and plan is exactly the sum of the needs' regrets and of the prices of empty scarce beds. A need's
regret is its best value - price minus that of its present way. So each turn begins at a need with regret and clears one of
its best ways. It takes out the households in that way; for some of them, drawn by lot, it also clears one of their best
ways. Then it puts all back in an order drawn by lot, each in the free way of highest value - price. It keeps the new plan
if that is better or, by simulated annealing, a little worse (Schrimpf et al., 2000).
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
"""The most households taken out in one turn."""

ROOM_FOR_MORE = 6
"""Clear no further ways once the list of households that are out has only this many places left."""

FURTHER = 0.3
"""The probability of clearing a way for a household that was taken out."""

DRAWN_FROM_BEST = 8
"""That way is drawn among this many best ways of the household."""

NEIGHBOURHOOD = 1_000
"""The need of the next turn is drawn among this many neighbours."""

BLINK = 0.02
"""The probability of passing over a free way, so that the same turn can end differently (Christiaens and Vanden Berghe, 2020)."""

NO_REGRET, IDLE = 1e-6, 0.9
"""A need with less regret than NO_REGRET is passed over in the share IDLE of its turns."""


class Ranking(NamedTuple):
    """The ways of each need, sorted by `reduced` (value - price), highest first: `order[need, 0]` is the number of the best."""

    order: IntMatrix
    reduced: FloatMatrix


class Half(NamedTuple):
    """The part of the country that one thread may change: offers and needs whose `side` is `me`."""

    offer_side: IntVector
    need_side: IntVector
    seeds: IntVector
    """The needs at which a turn may begin."""
    me: IntVector
    """One number: the side of this thread."""


class Out(NamedTuple):
    """Scratch arrays: the needs taken out in this turn, and the number of each one's earlier way."""

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
    """Take out the needs that block the way; return the number of needs that are out.

    Returns -1 minus that number if a need may not be taken out: the need `but`, a need of the other side, or one too many.
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
    """For some of the households that are out, drawn by lot, clear another of their best ways; return the number out."""
    at = 0
    while at < count and count < len(out.need) - ROOM_FOR_MORE:
        if np.random.random() < FURTHER:
            need = out.need[at]
            way = ranking.order[need, int(min(pool.known[need], DRAWN_FROM_BEST) * np.random.random() ** 2)]
            if _mine(half, pool.ways[need, way]):
                more = _take_out(sites, pool, plan, half, way=pool.ways[need, way], but=but, out=out, count=count)
                count = more if more >= 0 else -1 - more
        at += 1
    return count


@kernel
def _put_back(
    sites: Sites, pool: Pool, plan: Assignment, order: IntMatrix, half: Half, need: int, out: IntVector
) -> float:
    """Put `out`, without `need`, back in an order drawn by lot, each into its first free way; return their worth."""
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
    """Take `turns` turns while the temperature (in units of the objective) falls geometrically; return the gain.

    The turns go once through the country, from neighbour to neighbour, so that most of what a turn reads is in the
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
        # Draw one of its ways; a better way is more likely.
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
        # The new plan is not kept: everybody goes back to their earlier way.
        for one in range(count):
            if plan.chosen[out.need[one]] >= 0:
                lift(sites, pool, plan, out.need[one])
        if allowed and plan.chosen[need] >= 0:
            lift(sites, pool, plan, need)
        for one in range(count):
            put(sites, pool, plan, out.need[one], out.had[one])
    return gain
