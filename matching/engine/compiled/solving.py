"""The phases of a plan, one after the other: ways, prices and bound, dive, ruin and recreate."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from matching.engine.clock import Clock
from matching.engine.compiled.ascent import ascend, give_prices, open_market, start_dual
from matching.engine.compiled.diving import dive, insert, reduced_values
from matching.engine.compiled.draft import NOTHING, Draft, blank, put_in_order, worth_of
from matching.engine.compiled.exchanging import exchange
from matching.engine.compiled.kernel import Crew, pieces
from matching.engine.compiled.leftover import place_left_over
from matching.engine.compiled.nearby import Nearby
from matching.engine.compiled.pool import Pool, empty_pool
from matching.engine.compiled.pricing import SHARES_OF_WORK, price_everything, seed_pool
from matching.engine.compiled.proof import price_nights, rounded_up
from matching.engine.compiled.ruining import Half, improve
from matching.engine.compiled.standing import keep_standing
from matching.engine.compiled.week import Array, Week
from matching.engine.values import Placement, Step

MOST_WAYS = 64
"""Ways kept in mind for each need."""

SMALL = 5_000
"""Needs up to which threads cost more than they bring."""

ROUNDS, STEPS, WHOLE_AGAIN = 7, 60, (2, 4)
"""Rounds of ascent, steps in each, and the rounds after which everything is priced again.

After each round the ways by two legs are priced. All ways are priced after the first round, so that something is
proven soon, after the last, and twice between: the pool lacks ways by one leg, too, once prices have moved.
"""

HEAT, PACE = (0.1, 0.003), (1.0, 0.002)
"""Temperature (in units of the objective) and pace (in median prices) of the ascent, at its begin and end."""

PASSES, DIVE_HEAT, DIVE_PACE = 40, 0.05, 0.1

CUTS = (0.5, 0.5, 0.4, 0.6, 0.45, 0.55)
"""Where the country is cut in two for the two threads, by turns along a meridian and a parallel, as shares of its offers."""

TURNS_A_NEED, TURNS_A_NEED_OF_FEW, FEW, BATCHES = 15, 500, 2_000, 12
"""How often each need's luck is tried: small weeks can afford more."""
RUIN_HEAT = (0.05, 0.002)

PROVEN = 1e-8
"""A plan this close to the bound is the best."""

Tell = Callable[[Step], None]
PROVEN_BY, DIVED_BY, IMPROVED_BY = 0.5, 0.8, 0.93
"""The shares of a time limit by which the phases end, of what is not kept back."""

KEPT_BACK = 3.5
"""What comes after the plan proper, writing included, takes so many times as long as laying out and the first ways did.

Measured on weeks of all sizes. A machine that is slow or busy today shows it there, so the limit is kept on it, too.
"""


@dataclass(frozen=True, slots=True)
class Solved:
    """Each need's way in the pool (or -1), the prices that prove the bound, and the bound."""

    pool: Pool
    draft: Draft
    prices: Array
    bound: float
    margins: Array
    """For each need the most any way of it is worth beside these prices, or 0."""


@contextmanager
def crew_for(week: Week) -> Iterator[Crew]:
    """Give threads for a week of this size."""
    crew = Crew(alone=len(week.needs) <= SMALL)
    try:
        yield crew
    finally:
        crew.close()


def solve(
    week: Week,
    crew: Crew,
    *,
    seed: int,
    tell: Tell,
    clock: Clock,
    standing: Sequence[Placement] = (),
    loyalty: float = 0.0,
) -> Solved:
    """Plan the week; for `standing` and `loyalty` see `standing.keep_standing`.

    The clock is asked between the steps whether it is time for the next phase.
    """
    with clock.timed("ways"):
        tell(Step("ways", 0.0))
        pool = empty_pool(len(week.needs), MOST_WAYS)
        keep_standing(week, pool, standing, loyalty)
        known = seed_pool(week.wants, week.sites, pool, crew, seed)
    clock.keep_back(KEPT_BACK * (clock.seconds["lay out"] + clock.seconds["ways"]))
    prices, proof = _prove(week, pool, known, crew, tell, clock)
    known.clear()
    draft = _draw_up(week, pool, prices, proof.bound, crew, seed, tell, clock)
    return Solved(pool, draft, proof.prices, proof.bound, proof.margins)


class Proof(NamedTuple):
    """A bound, the prices that prove it, and each need's part in it (see Solved)."""

    bound: float
    prices: Array
    margins: Array


def _prove(week: Week, pool: Pool, known: list[Nearby], crew: Crew, tell: Tell, clock: Clock) -> tuple[Array, Proof]:
    """Return the last prices, and the proof of the lowest bound; the pool grows by what pricing finds."""
    sites = week.sites
    prices = np.zeros((int(sites.row[-1]), sites.free.shape[1]))
    nobody = np.full(len(week.needs), NOTHING, dtype=np.int32)
    proof = Proof(float("inf"), prices, np.zeros(len(week.needs)))
    scale = float(np.median(week.wants.worth / (week.wants.people * week.wants.nights)))
    done, number, longest = 0.0, 0, 0.0
    while True:
        began = clock.left(PROVEN_BY)
        # Under a time limit the way from hot to cold is gone in as many rounds as there is time for.
        rounds = ROUNDS - number if number == 0 or began == float("inf") else int(began / longest)
        rounds = max(1, min(rounds, ROUNDS - number))
        last, until = rounds == 1, done + (1 - done) / rounds
        with clock.timed("prices"):
            tell(Step("prices", done, bound=proof.bound if number else None))
            market = open_market(sites, pool, crew)
            dual = start_dual(sites, market, prices, sites.free, crew)
            heat, pace = _stretch(HEAT, done, until), _stretch((scale * PACE[0], scale * PACE[1]), done, until)
            ascend(sites, market, dual, pool.known, nobody, crew, steps=STEPS, heat=heat, pace=pace)
            give_prices(sites, market, dual, prices, crew)
        with clock.timed("bound"):
            before, of_nights = price_nights(sites, prices, crew)
            whole = last or number in (0, *WHOLE_AGAIN)
            best = price_everything(week.wants, sites, pool, known, before, crew, whole=whole)
            found = rounded_up(of_nights + float(best.sum())) if whole else proof.bound
            if found < proof.bound:
                proof = Proof(found, prices.copy(), best)
        done, number = until, number + 1
        now = clock.left(PROVEN_BY)
        if last or now == 0:
            break
        longest = max(longest, began - now) if now < float("inf") else longest
    return prices, proof


def _draw_up(
    week: Week,
    pool: Pool,
    prices: Array,
    bound: float,
    crew: Crew,
    seed: int,
    tell: Tell,
    clock: Clock,
) -> Draft:
    """Return the plan: dive, insert, improve, and at last try everything for whoever is left."""
    sites = week.sites
    with clock.timed("dive"):
        tell(Step("dive", 0.0, bound=bound))
        market = open_market(sites, pool, crew)
        dual = start_dual(sites, market, prices, sites.free, crew)
        reduced = reduced_values(pool, market, dual, crew)
        draft = blank(sites, len(week.needs))
        pace = DIVE_PACE * float(np.median(week.wants.worth / (week.wants.people * week.wants.nights)))
        dive(
            sites,
            pool,
            market,
            dual,
            draft,
            crew,
            passes=PASSES,
            heat=DIVE_HEAT,
            pace=pace,
            over=lambda: clock.left(DIVED_BY) == 0,
        )
        insert(pool, sites, draft, reduced_values(pool, market, dual, crew))
    with clock.timed("improve"):
        order = np.concatenate(crew.run(_ranked, [(reduced[a:b],) for a, b in pieces(len(reduced), SHARES_OF_WORK)]))
        turns = _turns(len(week.needs)) // BATCHES // 2
        for batch in range(BATCHES):
            tell(Step("improve", batch / BATCHES, float(worth_of(pool, draft)), bound))
            if clock.left(IMPROVED_BY) == 0 or worth_of(pool, draft) >= bound * (1 - PROVEN):
                break
            halves = _halves(week, pool, draft, order, batch)
            heat = _stretch(RUIN_HEAT, batch / BATCHES, (batch + 1) / BATCHES)
            work = [
                (sites, pool, draft, order, reduced, half, turns, *heat, seed + 2 * batch + me)
                for me, half in enumerate(halves)
            ]
            crew.run(improve, work)
            insert(pool, sites, draft, reduced)
        before, _of_nights = price_nights(sites, prices, crew)
        place_left_over(week.wants, sites, pool, draft, before, crew, _everywhere(week))
        exchange(week, pool, draft, before, crew, over=lambda: clock.left(1.0) == 0)
        if pool.loyalty.any():
            stands = _as_it_stands(week, pool, reduced, before, crew)
            if _loyal_worth(pool, stands) > _loyal_worth(pool, draft):
                return stands
    return draft


def _as_it_stands(week: Week, pool: Pool, reduced: Array, before: Array, crew: Crew) -> Draft:
    """Return the plan in which all that stands is left as it is, and others are put in where there is room."""
    draft = blank(week.sites, len(week.needs))
    standing = np.flatnonzero(pool.loyalty > 0)
    put_in_order(week.sites, pool, draft, standing, np.zeros_like(standing))
    insert(pool, week.sites, draft, reduced)
    place_left_over(week.wants, week.sites, pool, draft, before, crew, _everywhere(week))
    exchange(week, pool, draft, before, crew)
    return draft


def _everywhere(week: Week) -> Array:
    return np.ones(len(week.offers), dtype=np.bool_)


def _ranked(reduced: Array) -> Array:
    """Return the numbers of each need's ways, the highest reduced value first."""
    return np.argsort(-reduced, axis=1, kind="stable").astype(np.int32)


def _loyal_worth(pool: Pool, draft: Draft) -> float:
    return float(worth_of(pool, draft) + pool.loyalty[draft.chosen == 0].sum())


def _halves(week: Week, pool: Pool, draft: Draft, order: Array, batch: int) -> list[Half]:
    """Cut the country in two.

    A need belongs where it is placed (to nobody when on both sides), or else where its best way is.
    """
    along = week.sites.lat if batch % 2 else week.sites.lon
    cut = np.quantile(along, CUTS[batch % len(CUTS)]) if len(along) else 0.0
    offer_side = (along > cut).astype(np.int8)
    needs = np.arange(len(draft.chosen))
    way = pool.ways[needs, np.where(draft.chosen >= 0, draft.chosen, order[:, 0])]
    one = offer_side[way[:, 0]]
    other = np.where(way[:, 4] >= 0, offer_side[np.maximum(way[:, 4], 0)], one)
    side = np.where((one == other) | (draft.chosen < 0), one, NOTHING).astype(np.int8)
    side[pool.known == 0] = NOTHING
    return [Half(offer_side, side, np.flatnonzero(side == me), np.array([me], dtype=np.int8)) for me in (0, 1)]


def _turns(needs: int) -> int:
    return max(needs * TURNS_A_NEED, min(needs, FEW) * TURNS_A_NEED_OF_FEW)


def _stretch(ends: tuple[float, float], begin: float, end: float) -> tuple[float, float]:
    """Return where the shares `begin` and `end` of the way between two values lie, on a geometric scale."""
    ratio = ends[1] / ends[0]
    return ends[0] * ratio**begin, ends[0] * ratio**end
