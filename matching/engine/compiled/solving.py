"""The phases of a plan in their order: ways, prices and bound, dive, ruin and recreate, needs left over."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from matching.engine.arrays import FloatMatrix, FloatVector, IntMatrix
from matching.engine.clock import TimeLeft
from matching.engine.compiled.ascent import ascend, gather_scarce_nights, give_prices, start_dual
from matching.engine.compiled.assignment import NO_WAY, Assignment, nobody_placed, put_in_order, worth_of
from matching.engine.compiled.diving import dive, insert, reduced_values
from matching.engine.compiled.earlier_placements import keep_standing
from matching.engine.compiled.exchanging import exchange
from matching.engine.compiled.kernel import Crew, pieces
from matching.engine.compiled.leftover import place_left_over
from matching.engine.compiled.nearby import Nearby
from matching.engine.compiled.pool import Pool, empty_pool
from matching.engine.compiled.pricing import PRICING_SHARES, price_everything, seed_pool
from matching.engine.compiled.problem import Problem
from matching.engine.compiled.proof import price_nights, rounded_up
from matching.engine.compiled.ruining import Half, Ranking, improve
from matching.engine.compiled.ways import OFFER
from matching.engine.values import Placement, Step

MOST_WAYS = 64
"""The size of each need's pool of ways."""

SMALL = 5_000
"""With at most this many needs, threads cost more time than they save."""

ROUNDS, STEPS_A_ROUND, WHOLE_AGAIN = 7, 60, (2, 4)
"""Rounds of ascent, steps in each, and the rounds after which all ways are priced.

All ways are priced after the first round, to prove a bound soon, after the last, and twice between, because the pool lacks
ways by one leg once prices have moved. After the other rounds only ways by two legs are priced.
"""

HEAT, PACE = (0.1, 0.003), (1.0, 0.002)
"""Temperature (in units of the objective) and pace (in median worths of a person-night) of the ascent: first and last."""

PASSES, DIVE_HEAT, DIVE_PACE = 40, 0.05, 0.1
"""Passes of the dive, and the temperature and pace of the ascent in each, in the same units."""

CUTS = (0.5, 0.5, 0.4, 0.6, 0.45, 0.55)
"""The country is cut in two for two threads, along a meridian and a parallel in turn: shares of the offers before the cut."""

TURNS_A_NEED, TURNS_A_NEED_OF_FEW, FEW, BATCHES = 15, 500, 2_000, 12
"""Turns of ruin and recreate. The first FEW needs bring more turns, so that a small week has more turns for each need."""

RUIN_HEAT = (0.05, 0.002)
"""Temperature of the annealing, in units of the objective: first and last."""

PROVEN = 1e-8
"""A plan this close to the bound, as a share of the bound, counts as optimal."""

NO_SIDE = -1
"""The side of a need that neither thread may move."""

Tell = Callable[[Step], None]
PROVEN_BY, DIVED_BY, IMPROVED_BY = 0.5, 0.8, 0.93
"""The phases end by these shares of the time limit, after the reserve for reasons and writing is subtracted."""

KEPT_BACK = 3.5
"""Reserve this multiple of the time spent on layout and first ways for reasons, advice and writing.

It was measured on weeks of all sizes. A slow or busy machine is slow during layout, too, so it gets
a larger reserve and keeps the limit.
"""


@dataclass(frozen=True, slots=True)
class Solved:
    """The plan, as the way of each need in the pool; the bound, and the prices (rows, nights) that prove it."""

    pool: Pool
    plan: Assignment
    prices: FloatMatrix
    bound: float
    margins: FloatVector
    """For each need the highest value - price of any of its ways at these prices, or 0."""


@contextmanager
def crew_for(problem: Problem) -> Iterator[Crew]:
    """Give threads for a problem of this size, and end them with the block."""
    crew = Crew(alone=len(problem.needs) <= SMALL)
    try:
        yield crew
    finally:
        crew.close()


def solve(
    problem: Problem,
    crew: Crew,
    *,
    seed: int,
    tell: Tell,
    clock: TimeLeft,
    standing: Sequence[Placement] = (),
    loyalty: float = 0.0,
) -> Solved:
    """Plan a problem that has needs and offers; for `standing` and `loyalty` see `earlier_placements.keep_standing`.

    Between steps the clock says whether it is time for the next phase. `tell` is called after each step.
    """
    with clock.timed("ways"):
        tell(Step("ways", 0.0))
        pool = empty_pool(len(problem.needs), MOST_WAYS)
        keep_standing(problem, pool, standing, loyalty)
        known = seed_pool(problem, pool, crew, seed)
    clock.keep_back(KEPT_BACK * (clock.seconds["lay out"] + clock.seconds["ways"]))
    prices, proof = _prove(problem, pool, known, crew, tell=tell, clock=clock)
    known.clear()
    making = _Making(problem, pool, crew, tell, clock)
    return Solved(pool, making.draw_up(prices, proof.bound, seed), proof.prices, proof.bound, proof.margins)


class Proof(NamedTuple):
    """A bound, the prices that prove it, and each need's part in it (see Solved)."""

    bound: float
    prices: FloatMatrix
    margins: FloatVector


def _prove(
    problem: Problem, pool: Pool, known: list[Nearby], crew: Crew, *, tell: Tell, clock: TimeLeft
) -> tuple[FloatMatrix, Proof]:
    """Return the last prices, and the proof of the lowest bound; the pool grows by what pricing finds."""
    sites = problem.sites
    prices = np.zeros((int(sites.row[-1]), sites.free.shape[1]))
    nobody = np.full(len(problem.needs), NO_WAY, dtype=np.int32)
    proof = Proof(float("inf"), prices, np.zeros(len(problem.needs)))
    scale = _median_worth(problem)
    done, number, longest = 0.0, 0, 0.0
    while True:
        began = clock.left(PROVEN_BY)
        # Under a time limit, cool down within the number of rounds that there is time for.
        rounds = ROUNDS - number if number == 0 or began == float("inf") else int(began / longest)
        rounds = max(1, min(rounds, ROUNDS - number))
        last, until = rounds == 1, done + (1 - done) / rounds
        with clock.timed("prices"):
            tell(Step("prices", done, bound=proof.bound if number else None))
            scarce = gather_scarce_nights(sites, pool, crew)
            dual = start_dual(sites, scarce, prices, crew)
            heat, pace = _stretch(HEAT, done, until), _stretch((scale * PACE[0], scale * PACE[1]), done, until)
            ascend(sites, scarce, dual, pool.known, crew, settled=nobody, steps=STEPS_A_ROUND, heat=heat, pace=pace)
            give_prices(sites, scarce, dual, prices, crew)
        with clock.timed("bound"):
            price_sums, of_nights = price_nights(sites, prices, crew)
            whole = last or number in (0, *WHOLE_AGAIN)
            best = price_everything(problem, pool, known, price_sums, crew, whole=whole)
            found = rounded_up(of_nights + float(best.sum())) if whole else proof.bound
            if found < proof.bound:
                proof = Proof(found, prices.copy(), best)
        done, number = until, number + 1
        now = clock.left(PROVEN_BY)
        if last or now == 0:
            break
        longest = max(longest, began - now) if now < float("inf") else longest
    return prices, proof


def _median_worth(problem: Problem) -> float:
    """Return the median worth of a person-night: weight x people over people x nights."""
    wants = problem.wants
    return float(np.median(wants.worth / (wants.people * wants.nights)))


@dataclass(frozen=True, slots=True)
class _Making:
    """Make a plan from prices: the second half of solving."""

    problem: Problem
    pool: Pool
    crew: Crew
    tell: Tell
    clock: TimeLeft

    def draw_up(self, prices: FloatMatrix, bound: float, seed: int) -> Assignment:
        """Return the plan: dive, insert, improve, and finally try every way for the needs left over."""
        pool, clock = self.pool, self.clock
        with clock.timed("dive"):
            self.tell(Step("dive", 0.0, bound=bound))
            plan, reduced = self._dive(prices)
        with clock.timed("improve"):
            self._improve(plan, reduced, bound, seed)
            price_sums, _of_nights = price_nights(self.problem.sites, prices, self.crew)
            self._place_all_left(plan, price_sums, over=lambda: clock.left(1.0) == 0)
            if pool.loyalty.any():
                stands = self._as_it_stands(reduced, price_sums)
                if _loyal_worth(pool, stands) > _loyal_worth(pool, plan):
                    return stands
        return plan

    def _dive(self, prices: FloatMatrix) -> tuple[Assignment, FloatMatrix]:
        """Return a first plan, and value - price of every way in the pool before it."""
        sites, pool, crew = self.problem.sites, self.pool, self.crew
        scarce = gather_scarce_nights(sites, pool, crew)
        dual = start_dual(sites, scarce, prices, crew)
        reduced = reduced_values(pool, scarce, dual, crew)
        plan = nobody_placed(sites, len(self.problem.needs))
        dive(
            sites,
            pool,
            scarce,
            dual,
            plan,
            crew=crew,
            passes=PASSES,
            heat=DIVE_HEAT,
            pace=DIVE_PACE * _median_worth(self.problem),
            over=lambda: self.clock.left(DIVED_BY) == 0,
        )
        insert(pool, sites, plan, reduced_values(pool, scarce, dual, crew))
        return plan, reduced

    def _improve(self, plan: Assignment, reduced: FloatMatrix, bound: float, seed: int) -> None:
        """Improve the plan in place, by ruin and recreate on both halves of the country."""
        sites, pool, crew = self.problem.sites, self.pool, self.crew
        ranked = crew.run(_ranked, [(reduced[a:b],) for a, b in pieces(len(reduced), PRICING_SHARES)])
        ranking = Ranking(np.concatenate(ranked), reduced)
        turns = _turns(len(self.problem.needs)) // BATCHES // 2
        for batch in range(BATCHES):
            self.tell(Step("improve", batch / BATCHES, float(worth_of(pool, plan)), bound))
            if self.clock.left(IMPROVED_BY) == 0 or worth_of(pool, plan) >= bound * (1 - PROVEN):
                break
            halves = _halves(self.problem, pool, plan, ranking.order, batch)
            heat = _stretch(RUIN_HEAT, batch / BATCHES, (batch + 1) / BATCHES)
            work = [
                (sites, pool, plan, ranking, half, turns, *heat, seed + 2 * batch + me)
                for me, half in enumerate(halves)
            ]
            crew.run(improve, work)
            insert(pool, sites, plan, reduced)

    def _place_all_left(
        self, plan: Assignment, price_sums: FloatMatrix, *, over: Callable[[], bool] = lambda: False
    ) -> None:
        """Try every way for the needs left over, then exchange until nobody is passed over or the time is `over`."""
        everywhere = np.ones(len(self.problem.offers), dtype=np.bool_)
        place_left_over(self.problem, self.pool, plan, price_sums, self.crew, touched=everywhere)
        exchange(self.problem, self.pool, plan, price_sums, self.crew, over=over)

    def _as_it_stands(self, reduced: FloatMatrix, price_sums: FloatMatrix) -> Assignment:
        """Return the plan that leaves every earlier placement as it is and adds others where there is room."""
        sites, pool = self.problem.sites, self.pool
        plan = nobody_placed(sites, len(self.problem.needs))
        standing = np.flatnonzero(pool.loyalty > 0)
        put_in_order(sites, pool, plan, standing, np.zeros_like(standing))
        insert(pool, sites, plan, reduced)
        self._place_all_left(plan, price_sums)
        return plan


def _ranked(reduced: FloatMatrix) -> IntMatrix:
    """Return the numbers of each need's ways, the highest reduced value first."""
    return np.argsort(-reduced, axis=1, kind="stable").astype(np.int32)


def _loyal_worth(pool: Pool, plan: Assignment) -> float:
    """Return the objective of the plan, plus the loyalty of each need that keeps its earlier placement."""
    return float(worth_of(pool, plan) + pool.loyalty[plan.chosen == 0].sum())


def _halves(problem: Problem, pool: Pool, plan: Assignment, order: IntMatrix, batch: int) -> list[Half]:
    """Cut the country in two.

    A need belongs to the half where it is placed, or to nobody if its legs are in both halves. A need without a way
    belongs to the half of its best way.
    """
    along = problem.sites.lat if batch % 2 else problem.sites.lon
    cut = np.quantile(along, CUTS[batch % len(CUTS)]) if len(along) else 0.0
    offer_side = (along > cut).astype(np.int8)
    needs = np.arange(len(plan.chosen))
    offers = pool.ways[needs, np.where(plan.chosen >= 0, plan.chosen, order[:, 0])][:, :, OFFER]
    one = offer_side[offers[:, 0]]
    other = np.where(offers[:, 1] >= 0, offer_side[np.maximum(offers[:, 1], 0)], one)
    side = np.where((one == other) | (plan.chosen < 0), one, NO_SIDE).astype(np.int8)
    side[pool.known == 0] = NO_SIDE
    return [Half(offer_side, side, np.flatnonzero(side == me), np.array([me], dtype=np.int8)) for me in (0, 1)]


def _turns(needs: int) -> int:
    return max(needs * TURNS_A_NEED, min(needs, FEW) * TURNS_A_NEED_OF_FEW)


def _stretch(ends: tuple[float, float], begin: float, end: float) -> tuple[float, float]:
    """Return the values that lie at the shares `begin` and `end` of the way between `ends`, on a geometric scale."""
    ratio = ends[1] / ends[0]
    return ends[0] * ratio**begin, ends[0] * ratio**end
