"""The three ways in: a whole plan, one need at once, and the candidates for matching by hand."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING

import numpy as np

from matching.engine.clock import Clock
from matching.engine.columns import Field, Floats
from matching.engine.objective import LOYALTY, score
from matching.engine.reasons import CHILDREN_ALONE, NO_SPACE, NO_TIME, why_left_over, why_placed
from matching.engine.rules import natural_leg, refusals
from matching.engine.values import Leg, Need, Offer, Placement, Plan, Prices, Step, Unplaced

if TYPE_CHECKING:
    from matching.engine.compiled.solving import Solved
    from matching.engine.compiled.week import Week

Progress = Callable[[Step], None]
Stop = Callable[[], bool]

TO_WRITE = 0.4
"""The share of what a time limit keeps back that is left for writing when no more reasons are looked into."""


def plan(
    needs: Sequence[Need],
    offers: Sequence[Offer],
    *,
    seed: int = 0,
    time_limit: float | None = None,
    progress: Progress | None = None,
    stop: Stop | None = None,
    standing: Sequence[Placement] = (),
    loyalty: float = LOYALTY,
) -> Plan:
    """Place as much as possible of `needs` into `offers`, and prove how good the answer is.

    Same input and seed, same plan, as long as neither `time_limit` (seconds) is reached nor `stop`, asked
    now and then, says yes; then the best plan so far is returned. `progress` is told of each step.

    `standing` are placements of some of the needs that somebody is looking at already (the offers do not hold their
    beds): each stays as it is unless the plan without it is worth more by `loyalty` x weight x people. Objective and
    bound know no loyalty.
    """
    tell = progress or (lambda step: None)
    clock = Clock(time_limit, stop)
    # A coordinator places children who are alone; a round never does (docs/matching.md, "The problem").
    alone = [need for need in needs if need.children == need.people]
    needs = sorted((need for need in needs if need.children < need.people), key=lambda need: need.id)
    offers = sorted(offers, key=lambda offer: offer.id)
    found = _solve(needs, offers, seed, tell, clock, standing, loyalty)
    left_over = [*found.unplaced, *(Unplaced(need.id, (CHILDREN_ALONE,)) for need in alone)]
    tell(Step("done", 1.0, found.objective, found.bound))
    return replace(found, unplaced=tuple(sorted(left_over, key=lambda left: left.need_id)), seconds=clock.seconds)


def _solve(
    needs: Sequence[Need],
    offers: Sequence[Offer],
    seed: int,
    tell: Progress,
    clock: Clock,
    standing: Sequence[Placement],
    loyalty: float,
) -> Plan:
    """Return the plan, its answers in order of the needs' ids."""
    # numba takes half a second to load: only who makes a plan waits for it.
    from matching.engine.compiled import advising, draft, solving, week, why

    if not needs:
        return Plan((), (), 0.0, 0.0)
    with clock.timed("lay out"):
        laid_out = week.lay_out(needs, offers)
    if not laid_out.offers:
        return Plan((), tuple(Unplaced(need.id, (NO_SPACE,)) for need in needs), 0.0, 0.0)
    with solving.crew_for(laid_out) as crew:
        solved = solving.solve(laid_out, crew, seed=seed, tell=tell, clock=clock, standing=standing, loyalty=loyalty)
        with clock.timed("reasons"):
            tell(Step("reasons", 0.0, draft.worth_of(solved.pool, solved.draft), solved.bound))
            placed = sorted(_placements(laid_out, solved), key=lambda placement: placement.need_id)
            left_over = [
                Unplaced(laid_out.needs[at].id, why_left_over(laid_out.needs[at], found) if found else (NO_TIME,))
                for at, found in why.obstacles(laid_out, solved.draft, crew, over=lambda: clock.over(TO_WRITE))
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


def _placements(week: Week, solved: Solved) -> Iterator[Placement]:
    first_day, chosen = week.first_day, solved.draft.chosen
    with_way = np.flatnonzero(chosen >= 0)
    ways = solved.pool.ways[with_way, chosen[with_way]].tolist()
    for index, way in zip(with_way.tolist(), ways, strict=True):
        need = week.needs[index]
        legs = tuple(
            (Leg(week.offers[offer].id, _day(first_day + first), _day(first_day + last), people), week.offers[offer])
            for offer, first, last, people in (way[:4], way[4:])
            if offer >= 0
        )
        yield Placement(need.id, tuple(leg for leg, _offer in legs), score(need, legs), why_placed(need, legs))


def _prices(week: Week, prices: Floats) -> Prices:
    """Return the prices by offer and night: one for each j of `compiled.ascent`, without zeros at the end."""
    rows, nights = np.nonzero(prices)
    at = np.searchsorted(week.sites.row, rows, side="right") - 1
    order = np.lexsort((rows, nights, at))
    columns = (at, nights, rows - week.sites.row[at], prices[rows, nights])
    found: dict[tuple[str, date], list[float]] = {}
    for offer, night, before, price in zip(*(column[order].tolist() for column in columns), strict=True):
        each = found.setdefault((week.offers[offer].id, _day(week.first_day + night)), [])
        each.extend([0.0] * (before - len(each)))
        each.append(price)
    return {key: tuple(each) for key, each in found.items()}


def place_one(need: Need, offers: Sequence[Offer]) -> Placement | Unplaced:
    """Place one new need beside what the offers hold already: the most valuable possible leg, or why none is."""
    ranked = candidates(need, offers)
    if ranked:
        return ranked[0]
    if len(offers) == 1:
        return Unplaced(need.id, refusals(need, offers[0]))
    return Unplaced(need.id, why_left_over(need, Field([need], offers).obstacles(need)))


def candidates(need: Need, offers: Sequence[Offer], *, limit: int | None = None) -> list[Placement]:
    """Return every possible placement of `need` by one leg, the most valuable first (ties by the offer's id)."""
    field = Field([need], offers)
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
