"""What one more space would add at the prices of a proof: see `matching.engine.advice`."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from itertools import product

import numpy as np

from matching.engine.advice import KINDS, Advice, Kind, usual_languages
from matching.engine.compiled.draft import Draft
from matching.engine.compiled.kernel import Crew, kernel, pieces
from matching.engine.compiled.legs import (
    SHORTEST_LEG,
    has_room,
    haversine,
    last_day,
    near,
    price_of_leg,
    share_of_leg,
)
from matching.engine.compiled.placing import best_together
from matching.engine.compiled.pool import Pool
from matching.engine.compiled.proof import price_nights
from matching.engine.compiled.solving import Solved
from matching.engine.compiled.week import Array, Sites, Wants, Week, allows
from matching.engine.objective import MOVE_COST, PARTIAL_BASE, SPLIT_COST

SPOTS = 30
"""Places looked at, at most: those where most is left over."""

CELL = 0.1
"""Degrees; 11 km."""

STEPS = 200
SHARES_OF_WORK = 32


def advise(week: Week, solved: Solved, crew: Crew) -> tuple[Advice, ...]:
    """Return what a space of each kind would add at each spot, the most for a bed first; nothing where it adds nothing."""
    spots = _spots(week, solved)
    if not spots:
        return ()
    before, _of_nights = price_nights(week.sites, solved.prices, crew)
    needs = len(week.needs)
    early = np.full((needs, int(week.wants.nights.max()) + 1), -np.inf, dtype=np.float32)
    rest = np.full((needs, int(week.wants.people.max()) + 1), -np.inf)
    shares = [(week.wants, week.sites, before, early, rest, *edges) for edges in pieces(needs, SHARES_OF_WORK)]
    crew.run(_beside, shares)
    languages = usual_languages(week.offers)
    speaks = next(week.sites.speaks[at] for at, offer in enumerate(week.offers) if offer.languages == languages)
    nights = week.sites.free.shape[1]
    asked = list(product(spots, KINDS))
    work = [
        (week.wants, *spot, kind.beds, kind.shared, _allows(kind), speaks, solved.margins, early, rest, nights)
        for spot, kind in asked
    ]
    found = crew.run(_promise, work)
    # At least as much as those gain who take the new space and leave everybody else where they are.
    now = _worth_now(solved.pool, solved.draft)
    nobody = np.full_like(early, -np.inf), np.full_like(rest, -np.inf)
    sure = crew.run(_sure, [(*each[:7], now, *nobody, nights) for each in work])
    advice = [
        _as_advice(week, spot, kind, languages, prices, at_least)
        for (spot, kind), prices, at_least in zip(asked, found, sure, strict=True)
    ]
    helpful = (one for one in advice if one.gain > 0)
    return tuple(sorted(helpful, key=lambda one: (-one.gain_per_bed, one.lat, one.lon, one.kind.name)))


def _spots(week: Week, solved: Solved) -> list[tuple[float, float]]:
    """Return the middles of the cells in which most weight x people is left over."""
    left = np.flatnonzero(solved.draft.chosen < 0)
    lat, lon, worth = (each[left] for each in (week.wants.lat, week.wants.lon, week.wants.worth))
    cells: dict[tuple[int, int], list[float]] = {}
    for north, east, much in zip(lat.tolist(), lon.tolist(), worth.tolist(), strict=True):
        wide = CELL / max(0.01, float(np.cos(np.radians(north))))
        total = cells.setdefault((int(north // CELL), int(east // wide)), [0.0, 0.0, 0.0])
        total[0] += much
        total[1] += much * north
        total[2] += much * east
    most = sorted(cells.items(), key=lambda cell: (-cell[1][0], cell[0]))[:SPOTS]
    return [(round(north / much, 4), round(east / much, 4)) for _cell, (much, north, east) in most]


def _allows(kind: Kind) -> int:
    return allows(Advice(kind, 0.0, 0.0, date.min, date.min, frozenset(), 0.0, 0.0, ()).as_offer(""))


def _as_advice(
    week: Week, spot: tuple[float, float], kind: Kind, languages: frozenset[str], prices: Array, at_least: float
) -> Advice:
    def day(number: int) -> date:
        return date.fromordinal(week.first_day + number)

    def priced() -> Iterator[tuple[date, float]]:
        for night, price in enumerate(prices.tolist()):
            if price > 0:
                yield day(night), price

    return Advice(
        kind=kind,
        lat=spot[0],
        lon=spot[1],
        first_night=day(0),
        last_day=day(len(prices) - 1),
        languages=languages,
        gain=float(prices.sum()),
        at_least=min(float(at_least), float(prices.sum())),
        nights=tuple(priced()),
    )


@kernel
def _beside(wants: Wants, sites: Sites, before: Array, early: Array, rest: Array, first: int, last: int) -> None:
    """Fill in what a need gains from the offers there are when the new space takes the other part of its stay.

    `early`: the best first leg of so many nights. `rest`: so many of its people for all nights, anywhere near.
    """
    offers = len(sites.beds)
    found, suits = np.empty(offers, dtype=np.int64), np.empty(offers)
    for need in range(first, last):
        if not (wants.may_move[need] or wants.may_split[need]):
            continue
        begins, nights, people, worth = wants.first[need], wants.nights[need], wants.people[need], wants.worth[need]
        count = near(wants, sites, need, 1, False, found, suits)
        for at in range(count):
            offer = found[at]
            ends = last_day(sites, offer, begins, begins + nights)
            length = ends - begins
            beds, shared = sites.beds[offer], sites.shared[offer]
            if wants.may_move[need] and SHORTEST_LEG <= length <= nights - SHORTEST_LEG and people <= beds:
                if sites.held[offer] and not has_room(sites, sites.free, offer, begins, ends, people):
                    continue
                value = worth * share_of_leg(length / nights, suits[at], people, beds, shared)
                value -= price_of_leg(sites, before, offer, begins, ends, people)
                early[need, length] = max(early[need, length], value)
            if wants.may_split[need] and length == nights:
                for some in range(1, min(people - 1, beds) + 1):
                    if sites.held[offer] and not has_room(sites, sites.free, offer, begins, ends, some):
                        break
                    value = worth * share_of_leg(some / people, suits[at], some, beds, shared)
                    value -= price_of_leg(sites, before, offer, begins, ends, some)
                    rest[need, some] = max(rest[need, some], value)


@kernel
def _promise(
    wants: Wants, lat: float, lon: float, beds: int, shared: bool, allowed: int, speaks: Array,
    margins: Array, early: Array, rest: Array, nights: int,
) -> Array:  # fmt: skip
    """Return the price of each night of the space, and of the day after the last (0); they add up to the promise."""
    stay, gain = _all_stays(wants, lat, lon, beds, shared, allowed, speaks, margins, early, rest)
    if not shared:
        return _prices_alone(stay, gain, nights)
    return _prices_together(stay, gain, beds, _prices_alone(stay, gain / stay[:, 3], nights))


@kernel
def _sure(
    wants: Wants, lat: float, lon: float, beds: int, shared: bool, allowed: int, speaks: Array,
    margins: Array, early: Array, rest: Array, nights: int,
) -> float:  # fmt: skip
    """Return what a choice of stays that fits the space gains: the best where one household may be there at a time."""
    stay, gain = _all_stays(wants, lat, lon, beds, shared, allowed, speaks, margins, early, rest)
    if not shared:
        return float(_prices_alone(stay, gain, nights).sum())
    chosen = best_together(
        np.argsort(-gain / stay[:, 3]), stay[:, 0], stay[:, 1], stay[:, 3], np.full(nights, beds, dtype=np.int64)
    )
    return float((gain * chosen).sum())


@kernel
def _worth_now(pool: Pool, draft: Draft) -> Array:
    worth = np.zeros(len(draft.chosen))
    for need in range(len(worth)):
        if draft.chosen[need] >= 0:
            worth[need] = pool.value[need, draft.chosen[need]]
    return worth


@kernel
def _all_stays(
    wants: Wants, lat: float, lon: float, beds: int, shared: bool, allowed: int, speaks: Array,
    margins: Array, early: Array, rest: Array,
) -> tuple[Array, Array]:  # fmt: skip
    """Return every stay in the space that gains more than the margin of its need, and its gain; see `_gains`."""
    count, room = 0, 1024
    stay, gain = np.empty((room, 4), dtype=np.int64), np.empty(room)
    for need in range(len(wants.people)):
        if wants.requires[need] & ~allowed or abs(wants.lat[need] - lat) * 111 > wants.radius[need]:
            continue
        if margins[need] >= 1.2 * wants.worth[need]:
            continue
        common = False
        for word in range(len(speaks)):
            common |= wants.speaks[need, word] & speaks[word] != 0
        if wants.must_speak[need] and not common:
            continue
        km = haversine(wants.lat[need], wants.lon[need], lat, lon)
        if km > wants.radius[need]:
            continue
        suits = 0.5 / (1 + km / 10) + (0.25 if common else 0.0)
        most = wants.nights[need] + wants.people[need]
        while count + most > room:
            stay, gain, room = _twice(stay, gain)
        count = _gains(wants, need, suits, beds, shared, margins[need], early[need], rest[need], stay, gain, count)
    return stay[:count], gain[:count]


@kernel
def _twice(stay: Array, gain: Array) -> tuple[Array, Array, int]:
    room = 2 * len(gain)
    stays, gains = np.empty((room, 4), dtype=np.int64), np.empty(room)
    stays[: len(gain)], gains[: len(gain)] = stay, gain
    return stays, gains, room


@kernel
def _gains(
    wants: Wants, need: int, suits: float, beds: int, shared: bool, margin: float,
    early: Array, rest: Array, stay: Array, gain: Array, count: int,
) -> int:  # fmt: skip
    """Add every stay of a need in the space (first night, last day, need, people) that gains anything; return how many are there.

    Each has the last night of the need in it: only its first leg might end earlier, and the space is open to the end.
    """
    first, nights, people, worth = wants.first[need], wants.nights[need], wants.people[need], wants.worth[need]
    if people <= beds:
        for begins in range(max(1, nights - SHORTEST_LEG + 1)):
            other = 0.0
            if begins > 0:
                if not wants.may_move[need] or early[begins] == -np.inf:
                    continue
                # A float32 may be a little too low.
                other = early[begins] + 1e-6 * abs(early[begins]) - worth * MOVE_COST
            covered = (nights - begins) / nights
            value = other + worth * (PARTIAL_BASE + share_of_leg(covered, suits, people, beds, shared)) - margin
            if value > 0:
                count = _add(stay, gain, count, first + begins, first + nights, need, people if shared else 1, value)
    if wants.may_split[need]:
        for some in range(1, min(people - 1, beds) + 1):
            if rest[people - some] == -np.inf:
                continue
            value = rest[people - some] + worth * (PARTIAL_BASE - SPLIT_COST) - margin
            value += worth * share_of_leg(some / people, suits, some, beds, shared)
            if value > 0:
                count = _add(stay, gain, count, first, first + nights, need, some if shared else 1, value)
    return count


@kernel
def _add(stay: Array, gain: Array, count: int, first: int, last: int, need: int, load: int, value: float) -> int:
    stay[count, 0], stay[count, 1], stay[count, 2], stay[count, 3] = first, last, need, load
    gain[count] = value
    return count + 1


@kernel
def _prices_alone(stay: Array, gain: Array, nights: int) -> Array:
    """Return the least prices at which no stay gains anything where one household may be there at a time.

    W[t], the best choice of stays from night t on (weighted interval scheduling), gives them: W[t] - W[t + 1].
    """
    best = np.zeros(nights + 2)
    order = np.argsort(-stay[:, 0])
    at = 0
    for night in range(nights, -1, -1):
        best[night] = best[night + 1]
        while at < len(order) and stay[order[at], 0] == night:
            best[night] = max(best[night], gain[order[at]] + best[stay[order[at], 1]])
            at += 1
    return best[:-1] - best[1:]


@kernel
def _prices_together(stay: Array, gain: Array, beds: int, prices: Array) -> Array:
    """Lower the prices where households share: subgradient steps on beds x prices + what the needs gain beside them.

    Any prices prove a bound. What needs still gain is added to the price of their last night.
    """
    nights = len(prices)
    best, best_total = prices * beds, prices.sum() * beds
    now = prices.copy()
    before = np.zeros(nights + 1)
    scale = prices.max()
    for step in range(STEPS):
        for night in range(nights):
            before[night + 1] = before[night] + now[night]
        # Stays of one need follow one another.
        total = before[nights] * beds
        use = np.full(nights, -float(beds))
        left = np.zeros(nights)
        at = 0
        while at < len(gain):
            need, most, which = stay[at, 2], 0.0, -1
            while at < len(gain) and stay[at, 2] == need:
                value = gain[at] - stay[at, 3] * (before[stay[at, 1]] - before[stay[at, 0]])
                if value > most:
                    most, which = value, at
                at += 1
            if which >= 0:
                total += most
                left[stay[which, 1] - 1] += most
                use[stay[which, 0] : stay[which, 1]] += stay[which, 3]
        if total < best_total:
            best_total = total
            best = now * beds + left
        length = np.sqrt((use * use).sum())
        if length == 0:
            break
        now = np.maximum(0.0, now + 0.5 * scale * 0.97**step * use / length)
    return best
