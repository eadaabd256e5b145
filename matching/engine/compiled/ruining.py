"""Ruin and recreate: make room for a household that was passed over, and let those who lose it find another way.

The gap between bound and plan is, exactly, the sum over needs of their regret (best value - price minus that of
the way they have) and over scarce nights of the price of what stays empty. So each turn begins at a need with
regret, wants one of its best ways, takes out whoever is in it (and sometimes in theirs), and puts all back in
an order drawn by lot, each in the way of highest value - price that is free. The new plan is kept when it is
better, or, by simulated annealing, a little worse (Schrimpf et al., 2000).
"""

from __future__ import annotations

from math import log
from typing import NamedTuple

import numpy as np

from matching.engine.compiled.draft import Draft, fits, lift, put
from matching.engine.compiled.kernel import kernel
from matching.engine.compiled.pool import Pool
from matching.engine.compiled.week import Array, Sites

MOST_OUT = 24
"""Households taken out in one turn, at most."""

FURTHER = 0.3
"""How often one who was put out gets a way of its own cleared as well."""

BLINK = 0.02
"""How often a free way is passed over, so that the same turn can end differently."""


class Half(NamedTuple):
    """The part of the country one thread may change: offers and needs whose `side` is `me`."""

    offer_side: Array
    need_side: Array
    seeds: Array
    me: Array


@kernel
def _mine(half: Half, way: Array) -> bool:
    me = half.me[0]
    return bool(half.offer_side[way[0]] == me and (way[4] < 0 or half.offer_side[way[4]] == me))


@kernel
def _take_out(
    sites: Sites, pool: Pool, draft: Draft, half: Half, way: Array, but: int, out: Array, had: Array, count: int
) -> int:
    """Take out all who stand in the way; return how many are out now, or -1 minus that when one may not be moved.

    `but` is a need that may not, beside those of another side.
    """
    for leg in range(2):
        offer = way[4 * leg]
        if offer < 0:
            break
        load = way[4 * leg + 3] if sites.shared[offer] else 1
        knot = draft.head[offer]
        while knot >= 0:
            after = draft.following[knot]
            other = knot // 2
            held = pool.ways[other, draft.chosen[other]]
            place = 4 * (knot % 2)
            if held[place + 1] < way[4 * leg + 2] and held[place + 2] > way[4 * leg + 1]:
                blocked = False
                for night in range(max(held[place + 1], way[4 * leg + 1]), min(held[place + 2], way[4 * leg + 2])):
                    if draft.free[offer, night] < load:
                        blocked = True
                        break
                if blocked:
                    if other == but or half.need_side[other] != half.me[0] or count == len(out):
                        return -1 - count
                    out[count], had[count] = other, draft.chosen[other]
                    count += 1
                    if after >= 0 and after // 2 == other:
                        after = draft.following[after]
                    lift(sites, pool, draft, other)
            knot = after
    return count


@kernel
def _take_out_more(
    sites: Sites, pool: Pool, draft: Draft, order: Array, half: Half, but: int, out: Array, had: Array, count: int
) -> int:
    """For each household that is out, now and then make room in another of its best ways; return how many are out."""
    at = 0
    while at < count and count < len(out) - 6:
        if np.random.random() < FURTHER:
            need = out[at]
            way = order[need, int(min(pool.known[need], 8) * np.random.random() ** 2)]
            if _mine(half, pool.ways[need, way]):
                more = _take_out(sites, pool, draft, half, pool.ways[need, way], but, out, had, count)
                count = more if more >= 0 else -1 - more
        at += 1
    return count


@kernel
def _put_back(
    sites: Sites, pool: Pool, draft: Draft, order: Array, half: Half, need: int, out: Array, count: int
) -> float:
    """Put all but `need` back, in an order drawn by lot, each into its first free way; return what they are worth."""
    turn = np.random.permutation(count)
    worth = 0.0
    for which in turn:
        other = out[which]
        if other == need:
            continue
        for rank in range(pool.known[other]):
            at = order[other, rank]
            way = pool.ways[other, at]
            if _mine(half, way) and fits(sites, draft.free, way) and np.random.random() > BLINK:
                put(sites, pool, draft, other, at)
                worth += pool.value[other, at]
                break
    return worth


@kernel
def improve(
    sites: Sites, pool: Pool, draft: Draft, order: Array, reduced: Array, half: Half,
    turns: int, heat_from: float, heat_to: float, seed: int,
) -> float:  # fmt: skip
    """Take `turns` turns, the temperature falling; return the gain. `order`: each need's ways by `reduced` falling."""
    np.random.seed(seed)
    out, had = np.empty(MOST_OUT, dtype=np.int64), np.empty(MOST_OUT, dtype=np.int64)
    gain = 0.0
    if len(half.seeds) == 0:
        return gain
    for turn in range(turns):
        heat = heat_from * (heat_to / heat_from) ** (turn / turns)
        need = half.seeds[np.random.randint(len(half.seeds))]
        now = draft.chosen[need]
        best = order[need, 0]
        top = reduced[need, best]
        regret = max(top, 0.0) - (reduced[need, now] if now >= 0 else 0.0)
        if now == best or (regret < 1e-6 and np.random.random() < 0.9):
            continue
        # One of its best ways: the better, the likelier.
        rank = int(pool.known[need] * np.random.random() ** 3)
        at = order[need, rank]
        if at == now or not _mine(half, pool.ways[need, at]):
            continue
        count = 0
        if now >= 0:
            out[0], had[0] = need, now
            lift(sites, pool, draft, need)
            count = 1
        count = _take_out(sites, pool, draft, half, pool.ways[need, at], need, out, had, count)
        allowed = count >= 0
        if not allowed:
            count = -1 - count
        if allowed:
            put(sites, pool, draft, need, at)
            count = _take_out_more(sites, pool, draft, order, half, need, out, had, count)
            before = 0.0
            for one in range(count):
                before += pool.value[out[one], had[one]]
            after = pool.value[need, at]
            after += _put_back(sites, pool, draft, order, half, need, out, count)
            if after - before > heat * log(np.random.random() + 1e-300):
                gain += after - before
                continue
        for one in range(count):
            if draft.chosen[out[one]] >= 0:
                lift(sites, pool, draft, out[one])
        if allowed and draft.chosen[need] >= 0:
            lift(sites, pool, draft, need)
        for one in range(count):
            put(sites, pool, draft, out[one], had[one])
    return gain
