"""The three ways in: a whole plan, one need at once, and the candidates for matching by hand."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING

import numpy as np

from matching.engine.arrays import FloatMatrix
from matching.engine.clock import TimeLeft
from matching.engine.columns import NeedsAndOffers
from matching.engine.objective import DEFAULT_LOYALTY, score
from matching.engine.reasons import CHILDREN_ALONE, NO_SPACE, NO_TIME, why_left_over, why_placed
from matching.engine.rules import natural_leg, refusals
from matching.engine.values import Leg, Need, Offer, Placement, Plan, Prices, Step, Unplaced

if TYPE_CHECKING:
    from matching.engine.compiled.problem import Problem
    from matching.engine.compiled.solving import Solved

TellStep = Callable[[Step], None]
Stop = Callable[[], bool]

TO_WRITE = 0.4
"""Of the time kept back for what comes after the plan proper, this share is for writing: then no more reasons are sought."""


def plan(
    needs: Sequence[Need],
    offers: Sequence[Offer],
    *,
    seed: int = 0,
    time_limit: float | None = None,
    progress: TellStep | None = None,
    stop: Stop | None = None,
    standing: Sequence[Placement] = (),
    loyalty: float = DEFAULT_LOYALTY,
) -> Plan:
    """Place as much as possible of `needs` into `offers`, and prove how good the answer is.

    The same input and seed give the same plan, unless the plan is cut short. It is cut short after `time_limit`
    seconds, or when `stop`, which is asked now and then, returns True. Then the best plan so far is returned.
    `progress` hears of each step.

    `standing` are placements of some of the needs that stand already; `held` of the offers must not contain them. Each
    stays as it is unless the plan without it is worth more by `loyalty` x weight x people. Objective and bound do
    not count loyalty. docs/matching.md explains the method.
    """
    tell = progress or (lambda step: None)
    clock = TimeLeft(time_limit, stop)
    # A coordinator places children who are alone; a round never does (docs/matching.md, "The problem").
    alone = [need for need in needs if need.children == need.people]
    needs = sorted((need for need in needs if need.children < need.people), key=lambda need: need.id)
    offers = sorted(offers, key=lambda offer: offer.id)
    found = _solve(needs, offers, clock, tell, seed=seed, standing=standing, loyalty=loyalty)
    left_over = [*found.unplaced, *(Unplaced(need.id, (CHILDREN_ALONE,)) for need in alone)]
    tell(Step("done", 1.0, found.objective, found.bound))
    return replace(found, unplaced=tuple(sorted(left_over, key=lambda left: left.need_id)), seconds=clock.seconds)


def _solve(
    needs: Sequence[Need],
    offers: Sequence[Offer],
    clock: TimeLeft,
    tell: TellStep,
    *,
    seed: int,
    standing: Sequence[Placement],
    loyalty: float,
) -> Plan:
    """Return the plan, its answers in order of the ids of the needs."""
    # numba takes half a second to load, so only a process that makes a plan loads it.
    from matching.engine.compiled import advising, assignment, problem, solving, why

    if not needs:
        return Plan((), (), 0.0, 0.0)
    with clock.timed("lay out"):
        laid_out = problem.lay_out(needs, offers)
    if not laid_out.offers:
        return Plan((), tuple(Unplaced(need.id, (NO_SPACE,)) for need in needs), 0.0, 0.0)
    with solving.crew_for(laid_out) as crew:
        solved = solving.solve(laid_out, crew, seed=seed, tell=tell, clock=clock, standing=standing, loyalty=loyalty)
        with clock.timed("reasons"):
            tell(Step("reasons", 0.0, assignment.worth_of(solved.pool, solved.plan), solved.bound))
            placed = sorted(_placements(laid_out, solved), key=lambda placement: placement.need_id)
            left_over = [
                Unplaced(laid_out.needs[at].id, why_left_over(laid_out.needs[at], found) if found else (NO_TIME,))
                for at, found in why.obstacles(laid_out, solved.plan, crew, over=lambda: clock.over(TO_WRITE))
            ]
        with clock.timed("advice"):
            advice = advising.advise(laid_out, solved, crew) if clock.left(1.0) > 0 else ()
    return Plan(
        placements=tuple(placed),
        unplaced=tuple(left_over),
        objective=sum(placement.score for placement in placed),
        bound=solved.bound,
        prices=_prices(laid_out, solved.prices),
        advice=advice,
    )


def _placements(problem: Problem, solved: Solved) -> Iterator[Placement]:
    first_day, chosen = problem.first_day, solved.plan.chosen
    placed = np.flatnonzero(chosen >= 0)
    ways = solved.pool.ways[placed, chosen[placed]].tolist()
    for index, way in zip(placed.tolist(), ways, strict=True):
        need = problem.needs[index]
        legs = tuple(
            (
                Leg(problem.offers[offer].id, _day(first_day + first), _day(first_day + last), people),
                problem.offers[offer],
            )
            for offer, first, last, people in way
            if offer >= 0
        )
        yield Placement(need.id, tuple(leg for leg, _offer in legs), score(need, legs), why_placed(need, legs))


def _prices(problem: Problem, prices: FloatMatrix) -> Prices:
    """Return the prices (rows, nights) by offer and night: one for each j of `compiled.ascent`, without zeros at the end."""
    rows, nights = np.nonzero(prices)
    at = np.searchsorted(problem.sites.row, rows, side="right") - 1
    order = np.lexsort((rows, nights, at))
    columns = (at, nights, rows - problem.sites.row[at], prices[rows, nights])
    found: dict[tuple[str, date], list[float]] = {}
    for offer, night, j_before, price in zip(*(column[order].tolist() for column in columns), strict=True):
        each = found.setdefault((problem.offers[offer].id, _day(problem.first_day + night)), [])
        each.extend([0.0] * (j_before - len(each)))
        each.append(price)
    return {key: tuple(each) for key, each in found.items()}


def place_one(need: Need, offers: Sequence[Offer]) -> Placement | Unplaced:
    """Return the most valuable leg possible for one need beside what the offers hold, or why none is possible."""
    ranked = candidates(need, offers)
    if ranked:
        return ranked[0]
    if len(offers) == 1:
        return Unplaced(need.id, refusals(need, offers[0]))
    return Unplaced(need.id, why_left_over(need, NeedsAndOffers([need], offers).obstacles(need)))


def candidates(need: Need, offers: Sequence[Offer], *, limit: int | None = None) -> list[Placement]:
    """Return every possible placement of `need` by one leg, the most valuable first, ties by the id of the offer.

    At most `limit` are returned. A split or a move is not among them.
    """
    field = NeedsAndOffers([need], offers)
    columns = field.columns_for(need)
    found = zip(columns.value.tolist(), columns.offer.tolist(), strict=True)
    ranked = sorted(found, key=lambda worth_and_offer: (-worth_and_offer[0], offers[worth_and_offer[1]].id))
    return [_one_leg(need, offers[offer]) for _worth, offer in ranked[:limit]]


def _one_leg(need: Need, offer: Offer) -> Placement:
    leg = natural_leg(need, offer)
    return Placement(need.id, (leg,), score(need, ((leg, offer),)), why_placed(need, ((leg, offer),)))


@functools.cache
def _day(ordinal: int) -> date:
    return date.fromordinal(ordinal)
