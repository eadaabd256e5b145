"""Compute what one more space would add, at the prices of a proof; `matching.engine.advice` explains the method."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from itertools import product
from typing import NamedTuple

import numpy as np

from matching.engine.advice import KINDS, Advice, SpaceKind, usual_languages
from matching.engine.arrays import FloatMatrix, FloatVector, IntMatrix, IntVector
from matching.engine.compiled.assignment import Assignment
from matching.engine.compiled.board_kernels import best_together
from matching.engine.compiled.kernel import Crew, kernel, pieces
from matching.engine.compiled.legs import (
    has_room,
    haversine,
    last_day,
    near,
    price_of_leg,
    scratch_for,
    share_of_leg,
)
from matching.engine.compiled.pool import Pool
from matching.engine.compiled.problem import KM_PER_DEGREE_AT_LEAST, Problem, Sites, Wants, allows
from matching.engine.compiled.proof import price_nights
from matching.engine.compiled.solving import Solved
from matching.engine.compiled.ways import SHORTEST_MOVE_LEG
from matching.engine.objective import FIT_SHARE, MOVE_COST, PARTIAL_BASE, SPLIT_COST

SPOTS = 30
"""The most places that are looked at: those where most is left over."""

CELL = 0.1
"""Degrees: the size of the cells, 11 km, in which the people left over are counted."""

SHARING_STEPS = 200
"""Subgradient steps for a space that households share."""

ADVISING_SHARES = 32


STAY_COLUMNS = 4
STAY_FIRST_NIGHT, STAY_LAST_DAY, STAY_NEED, STAY_LOAD = range(STAY_COLUMNS)
"""The columns of a stay in the new space. STAY_LOAD is its number of people, or 1 if the space is not shared."""


class NewSpace(NamedTuple):
    """The new space, free on all nights of the problem."""

    lat: float
    lon: float
    beds: int
    shared: bool
    allows: int
    """Bits, as in Sites."""
    speaks: IntVector
    """Bits by word, as in Sites."""
    nights: int


class Beside(NamedTuple):
    """What each need has without the new space, so that only its gain beyond that counts.

    `early` and `rest` hold the value that existing offers add when the new space takes the other part of the stay.
    """

    margin: FloatVector
    """The need's value without the new space: its margin for the upper bound, the worth of its way for the lower."""
    early: FloatMatrix
    """(needs, nights + 1): the value of the best first leg, by its number of nights; -inf if there is none."""
    rest: FloatMatrix
    """(needs, people + 1): the best value of housing that number of its people for all nights; -inf if impossible."""


def advise(problem: Problem, solved: Solved, crew: Crew) -> tuple[Advice, ...]:
    """Return what a space of each kind would add at each spot, the highest gain per bed first.

    Spaces that add nothing are left out.
    """
    spots = _spots(problem, solved)
    if not spots:
        return ()
    wants, sites = problem.wants, problem.sites
    price_sums, _of_nights = price_nights(sites, solved.prices, crew)
    needs = len(problem.needs)
    beside = Beside(
        margin=solved.margins,
        early=np.full((needs, int(wants.nights.max()) + 1), -np.inf, dtype=np.float32),
        rest=np.full((needs, int(wants.people.max()) + 1), -np.inf),
    )
    crew.run(_beside, [(wants, sites, price_sums, beside, *edges) for edges in pieces(needs, ADVISING_SHARES)])
    languages = usual_languages(problem.offers)
    speaks = next(sites.speaks[at] for at, offer in enumerate(problem.offers) if offer.languages == languages)
    nights = sites.free.shape[1]
    asked = list(product(spots, KINDS))
    spaces = [
        NewSpace(*spot, beds=kind.beds, shared=kind.shared, allows=_allows(kind), speaks=speaks, nights=nights)
        for spot, kind in asked
    ]
    found = crew.run(_promise, [(wants, space, beside) for space in spaces])
    # A lower bound of the gain: needs that move into the new space, everybody else unmoved.
    alone = Beside(
        margin=_worth_now(solved.pool, solved.plan),
        early=np.full_like(beside.early, -np.inf),
        rest=np.full_like(beside.rest, -np.inf),
    )
    sure = crew.run(_sure, [(wants, space, alone) for space in spaces])
    first = date.fromordinal(problem.first_day)
    advice = [
        _as_advice(kind, space, languages, first, prices=prices, at_least=float(at_least))
        for (_spot, kind), space, prices, at_least in zip(asked, spaces, found, sure, strict=True)
    ]
    helpful = (one for one in advice if one.gain > 0)
    return tuple(sorted(helpful, key=lambda one: (-one.gain_per_bed, one.lat, one.lon, one.kind.name)))


def _spots(problem: Problem, solved: Solved) -> list[tuple[float, float]]:
    """Return the middles (lat, lon) of the cells in which most weight x people is left over."""
    left, wants = np.flatnonzero(solved.plan.chosen < 0), problem.wants
    lat, lon, worth = (each[left].tolist() for each in (wants.lat, wants.lon, wants.worth))
    cells: dict[tuple[int, int], list[float]] = {}
    for north, east, much in zip(lat, lon, worth, strict=True):
        wide = CELL / max(0.01, float(np.cos(np.radians(north))))
        total = cells.setdefault((int(north // CELL), int(east // wide)), [0.0, 0.0, 0.0])
        total[0] += much
        total[1] += much * north
        total[2] += much * east
    most = sorted(cells.items(), key=lambda cell: (-cell[1][0], cell[0]))[:SPOTS]
    return [(round(north / much, 4), round(east / much, 4)) for _cell, (much, north, east) in most]


def _allows(kind: SpaceKind) -> int:
    return allows(
        Advice(
            kind=kind,
            lat=0.0,
            lon=0.0,
            first_night=date.min,
            last_day=date.min,
            languages=frozenset(),
            gain=0.0,
            at_least=0.0,
            nights=(),
        ).as_offer("")
    )


def _as_advice(
    kind: SpaceKind, space: NewSpace, languages: frozenset[str], first: date, *, prices: FloatVector, at_least: float
) -> Advice:
    def priced() -> Iterator[tuple[date, float]]:
        for night, price in enumerate(prices.tolist()):
            if price > 0:
                yield first + timedelta(days=night), price

    gain = float(prices.sum())
    return Advice(
        kind=kind,
        lat=space.lat,
        lon=space.lon,
        first_night=first,
        last_day=first + timedelta(days=space.nights),
        languages=languages,
        gain=gain,
        at_least=min(at_least, gain),
        nights=tuple(priced()),
    )


@kernel
def _beside(wants: Wants, sites: Sites, price_sums: FloatMatrix, beside: Beside, first: int, last: int) -> None:
    """Fill in `early` and `rest` for the needs `first` to `last`, at the prices of the proof."""
    found = scratch_for(sites)
    early, rest = beside.early, beside.rest
    for need in range(first, last):
        if not (wants.may_move[need] or wants.may_split[need]):
            continue
        begins, nights, people, worth = wants.first[need], wants.nights[need], wants.people[need], wants.worth[need]
        count = near(wants, sites, need, smallest=1, at_first=False, found=found)
        for at in range(count):
            offer, fit = found.offer[at], found.fit[at]
            ends = last_day(sites, offer, begins, begins + nights)
            length = ends - begins
            beds, shared = sites.beds[offer], sites.shared[offer]
            may_be_first = SHORTEST_MOVE_LEG <= length <= nights - SHORTEST_MOVE_LEG and people <= beds
            if wants.may_move[need] and may_be_first:
                if sites.held[offer] and not has_room(sites, sites.free, offer, first=begins, last=ends, people=people):
                    continue
                value = worth * share_of_leg(length / nights, fit, people, beds, shared)
                value -= price_of_leg(sites, price_sums, offer, first=begins, last=ends, people=people)
                early[need, length] = max(early[need, length], value)
            if wants.may_split[need] and length == nights:
                for some in range(1, min(people - 1, beds) + 1):
                    if sites.held[offer] and not has_room(
                        sites, sites.free, offer, first=begins, last=ends, people=some
                    ):
                        break
                    value = worth * share_of_leg(some / people, fit, some, beds, shared)
                    value -= price_of_leg(sites, price_sums, offer, first=begins, last=ends, people=some)
                    rest[need, some] = max(rest[need, some], value)


@kernel
def _promise(wants: Wants, space: NewSpace, beside: Beside) -> FloatVector:
    """Return the price of each night of the space, and 0 for the day after the last. Their sum is the upper bound."""
    stay, gain = _all_stays(wants, space, beside)
    if not space.shared:
        return _prices_alone(stay, gain, space.nights)
    return _prices_together(stay, gain, space.beds, _prices_alone(stay, gain / stay[:, STAY_LOAD], space.nights))


@kernel
def _sure(wants: Wants, space: NewSpace, beside: Beside) -> float:
    """Return a lower bound of the gain: that of stays which fit the space together. Without sharing it is the best such gain."""
    stay, gain = _all_stays(wants, space, beside)
    if not space.shared:
        return float(_prices_alone(stay, gain, space.nights).sum())
    order = np.argsort(-gain / stay[:, STAY_LOAD])
    room = np.full(space.nights, space.beds, dtype=np.int64)
    chosen = best_together(order, stay[:, STAY_FIRST_NIGHT], stay[:, STAY_LAST_DAY], stay[:, STAY_LOAD], room)
    return float((gain * chosen).sum())


@kernel
def _worth_now(pool: Pool, plan: Assignment) -> FloatVector:
    """Return the worth of each need's way, 0 if it has none."""
    worth = np.zeros(len(plan.chosen))
    for need in range(len(worth)):
        if plan.chosen[need] >= 0:
            worth[need] = pool.value[need, plan.chosen[need]]
    return worth


@kernel
def _all_stays(wants: Wants, space: NewSpace, beside: Beside) -> tuple[IntMatrix, FloatVector]:
    """Return every stay in the space that gains more than the margin of its need, and its gain; see `_gains`."""
    count, room = 0, 1024
    stay: IntMatrix = np.empty((room, STAY_COLUMNS), dtype=np.int64)
    gain: FloatVector = np.empty(room)
    for need in range(len(wants.people)):
        if (
            wants.requires[need] & ~space.allows
            or KM_PER_DEGREE_AT_LEAST * abs(wants.lat[need] - space.lat) > wants.radius[need]
        ):
            continue
        if beside.margin[need] >= (1 + FIT_SHARE) * wants.worth[need]:  # the most that any way is worth
            continue
        common = False
        for word in range(len(space.speaks)):
            common |= wants.speaks[need, word] & space.speaks[word] != 0
        if wants.must_speak[need] and not common:
            continue
        km = haversine(wants.lat[need], wants.lon[need], space.lat, space.lon)
        if km > wants.radius[need]:
            continue
        fit = 0.5 / (1 + km / 10) + (0.25 if common else 0.0)
        most = wants.nights[need] + wants.people[need]
        while count + most > room:
            stay, gain, room = _twice(stay, gain)
        count = _gains(wants, need, space, fit, beside, stay=stay, gain=gain, count=count)
    return stay[:count], gain[:count]


@kernel
def _twice(stay: IntMatrix, gain: FloatVector) -> tuple[IntMatrix, FloatVector, int]:
    """Return the stays and gains in arrays with twice the room, and that room."""
    room = 2 * len(gain)
    stays, gains = np.empty((room, STAY_COLUMNS), dtype=np.int64), np.empty(room)
    stays[: len(gain)], gains[: len(gain)] = stay, gain
    return stays, gains, room


@kernel
def _gains(
    wants: Wants, need: int, space: NewSpace, fit: float, beside: Beside, stay: IntMatrix, gain: FloatVector, count: int
) -> int:
    """Add every stay of a need in the space that gains anything; return how many there are.

    Each stay contains the last night of the need: it is the whole stay, the second leg of a move, or a part of a split.
    """
    first, nights, people, worth = wants.first[need], wants.nights[need], wants.people[need], wants.worth[need]
    beds, shared, margin = space.beds, space.shared, beside.margin[need]
    early, rest = beside.early[need], beside.rest[need]
    if people <= beds:
        for begins in range(max(1, nights - SHORTEST_MOVE_LEG + 1)):
            other = 0.0
            if begins > 0:
                if not wants.may_move[need] or early[begins] == -np.inf:
                    continue
                # `early` is in single precision and may be a little too low; an upper bound must not be.
                other = early[begins] + 1e-6 * abs(early[begins]) - worth * MOVE_COST
            covered = (nights - begins) / nights
            value = other + worth * (PARTIAL_BASE + share_of_leg(covered, fit, people, beds, shared)) - margin
            if value > 0:
                gain[count] = value
                load = people if shared else 1
                count = _add(stay, count, (first + begins, first + nights, need, load))
    if wants.may_split[need]:
        for some in range(1, min(people - 1, beds) + 1):
            if rest[people - some] == -np.inf:
                continue
            value = rest[people - some] + worth * (PARTIAL_BASE - SPLIT_COST) - margin
            value += worth * share_of_leg(some / people, fit, some, beds, shared)
            if value > 0:
                gain[count] = value
                count = _add(stay, count, (first, first + nights, need, some if shared else 1))
    return count


@kernel
def _add(stay: IntMatrix, count: int, columns: tuple[int, int, int, int]) -> int:
    stay[count, STAY_FIRST_NIGHT], stay[count, STAY_LAST_DAY], stay[count, STAY_NEED], stay[count, STAY_LOAD] = columns
    return count + 1


@kernel
def _prices_alone(stay: IntMatrix, gain: FloatVector, nights: int) -> FloatVector:
    """For a space of one household at a time, return the least prices at which no stay gains anything.

    Let W[t] be the best choice of stays from night t on (weighted interval scheduling). The price of t is W[t] - W[t + 1].
    """
    best = np.zeros(nights + 2)
    order = np.argsort(-stay[:, STAY_FIRST_NIGHT])
    at = 0
    for night in range(nights, -1, -1):
        best[night] = best[night + 1]
        while at < len(order) and stay[order[at], STAY_FIRST_NIGHT] == night:
            best[night] = max(best[night], gain[order[at]] + best[stay[order[at], STAY_LAST_DAY]])
            at += 1
    return best[:-1] - best[1:]


@kernel
def _prices_together(stay: IntMatrix, gain: FloatVector, beds: int, prices: FloatVector) -> FloatVector:
    """For a shared space, return the price of each night for all its beds. `prices` are those of one bed to begin with.

    Subgradient steps lower the sum of beds x prices and the gains that are left (Held, Wolfe and Crowder, 1974). Any prices
    prove a bound, because the gain that a need still has is added to the price of its last night.
    """
    nights = len(prices)
    best, best_total = prices * beds, prices.sum() * beds
    now = prices.copy()
    sums = np.zeros(nights + 1)
    scale = prices.max()
    for step in range(SHARING_STEPS):
        for night in range(nights):
            sums[night + 1] = sums[night] + now[night]
        # The stays of one need are neighbours in the arrays, and a need takes at most one of them.
        total = sums[nights] * beds
        use = np.full(nights, -float(beds))
        left = np.zeros(nights)
        at = 0
        while at < len(gain):
            need, most, which = stay[at, STAY_NEED], 0.0, -1
            while at < len(gain) and stay[at, STAY_NEED] == need:
                value = gain[at] - stay[at, STAY_LOAD] * (
                    sums[stay[at, STAY_LAST_DAY]] - sums[stay[at, STAY_FIRST_NIGHT]]
                )
                if value > most:
                    most, which = value, at
                at += 1
            if which >= 0:
                total += most
                left[stay[which, STAY_LAST_DAY] - 1] += most
                use[stay[which, STAY_FIRST_NIGHT] : stay[which, STAY_LAST_DAY]] += stay[which, STAY_LOAD]
        if total < best_total:
            best_total = total
            best = now * beds + left
        length = np.sqrt((use * use).sum())
        if length == 0:
            break
        now = np.maximum(0.0, now + 0.5 * scale * 0.97**step * use / length)
    return best
