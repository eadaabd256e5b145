"""Count the obstacles of each need left over, and the changes that would help, in one pass over the offers near it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from math import pi

import numpy as np

from matching.engine.arrays import IntMatrix, IntVector
from matching.engine.compiled import problem as bits
from matching.engine.compiled.assignment import Assignment
from matching.engine.compiled.kernel import Crew, kernel, pieces
from matching.engine.compiled.legs import (
    Terms,
    bands_within,
    chord_of,
    closer,
    declined,
    half_width,
    has_room,
    last_day,
    near,
    scratch_for,
    speak,
    stretch_of,
)
from matching.engine.compiled.problem import Problem, Sites, Wants
from matching.engine.compiled.two_legs import moving_ways, splitting_ways
from matching.engine.compiled.ways import LEG_COLUMNS, LEGS, SHORTEST_MOVE_LEG, Best
from matching.engine.reasons import COUNTED_RULES, SHIFTS, WIDER, Obstacles
from places.earth import RADIUS_KM

RULE_COUNT = len(COUNTED_RULES)
WITHIN, FIRST_RULE, SUITABLE, POSSIBLE = 0, 1, 1 + RULE_COUNT, 2 + RULE_COUNT
WIDER_FREE = 3 + RULE_COUNT
NIGHTS_COLUMN, NIGHTS_FREE = WIDER_FREE + len(WIDER), WIDER_FREE + len(WIDER) + 1
SHIFTED_FREE = NIGHTS_COLUMN + 2
MOVE_COLUMN, SPLIT_COLUMN = SHIFTED_FREE + len(SHIFTS), SHIFTED_FREE + len(SHIFTS) + 1
FIGURES = SPLIT_COLUMN + 1

BITS = np.array(
    [0, bits.MIXED, bits.WOMEN, bits.CHILDREN, bits.CHILDLESS, bits.PETS, bits.STEP_FREE, bits.SMOKERS | bits.NO_SMOKE]
)
FACTORS, DAYS = np.array(WIDER), np.array(SHIFTS)
COUNTING_SHARES = 256


def obstacles(
    problem: Problem, plan: Assignment, crew: Crew, *, over: Callable[[], bool]
) -> Iterator[tuple[int, Obstacles | None]]:
    """Yield, for each need left over, its number and its obstacles, given the placements of the plan.

    Needs that are not reached before the time is `over` get None.
    """
    left = np.flatnonzero(plan.chosen < 0)
    figures = np.zeros((len(left), FIGURES), dtype=np.int32)
    sites, nothing = bits.free_of_charge(problem.sites)
    terms = Terms(nothing, plan.free, True)
    wants = bits.told(problem)
    work = [(wants, sites, terms, left, figures, *edges) for edges in pieces(len(left), COUNTING_SHARES)]
    seen = crew.run(lambda *share: not over() and not _count(*share), work)
    looked = [known for known, (*_arrays, first, last) in zip(seen, work, strict=True) for _need in range(first, last)]
    for number, found, known in zip(left.tolist(), figures.tolist(), looked, strict=True):
        yield number, _as_obstacles(found) if known else None


def obstacles_of(wants: Wants, sites: Sites, terms: Terms) -> Obstacles:
    """Return the obstacles of the only need in `wants`. `terms` must have no prices."""
    figures = np.zeros((1, FIGURES), dtype=np.int32)
    share = (np.zeros(1, dtype=np.int64), figures, 0, 1)
    _count(wants, sites, terms, *share)
    return _as_obstacles(figures[0].tolist())


def _as_obstacles(found: list[int]) -> Obstacles:
    return Obstacles(
        within=found[WITHIN],
        refused=tuple(found[FIRST_RULE:SUITABLE]),
        suitable=found[SUITABLE],
        possible=found[POSSIBLE],
        wider=tuple(found[WIDER_FREE:NIGHTS_COLUMN]),
        shorter=(found[NIGHTS_COLUMN], found[NIGHTS_FREE]),
        shifted=tuple(found[SHIFTED_FREE:MOVE_COLUMN]),
        move=bool(found[MOVE_COLUMN]),
        split=bool(found[SPLIT_COLUMN]),
    )


@kernel
def _count(
    wants: Wants, sites: Sites, terms: Terms, left: IntVector, figures: IntMatrix, first: int, last: int
) -> None:
    """Fill in the figures of the needs `left[first:last]`."""
    found = scratch_for(sites)
    best = Best(np.empty(1), np.empty((1, LEGS, LEG_COLUMNS), dtype=np.int64))
    for at in range(first, last):
        need = left[at]
        _look_around(wants, sites, terms.free, need, figures[at])
        people = wants.people[need]
        # Advise a move or a split only to a household that did not agree to it: the plan has tried it for the others.
        if not wants.may_move[need] and wants.nights[need] >= 2 * SHORTEST_MOVE_LEG:
            count = near(wants, sites, need, smallest=people, at_first=False, found=found)
            figures[at, MOVE_COLUMN] = moving_ways(wants, sites, need, terms, found, count=count, best=best) > 0
        if not wants.may_split[need] and people >= 2:
            count = near(wants, sites, need, smallest=1, at_first=True, found=found)
            figures[at, SPLIT_COLUMN] = splitting_ways(wants, sites, need, terms, found, count=count, best=best) > 0


@kernel
def _look_around(wants: Wants, sites: Sites, free: IntMatrix, need: int, figures: IntVector) -> None:
    """Count the offers within the radius by the first rule that refuses them, and the offers that a change would open."""
    farthest = wants.radius[need] * FACTORS[-1]
    reach = farthest / RADIUS_KM * 180 / pi
    lat, lon, people = wants.lat[need], wants.lon[need], wants.people[need]
    start, nights, shortest = wants.first[need], wants.nights[need], wants.shortest[need]
    near_chord, far_chord = chord_of(wants.radius[need]), chord_of(farthest)
    wide = half_width(lat, lon, reach)
    lowest, highest = bands_within(sites, lat, reach)
    for band in range(lowest, highest + 1):
        begin, end = stretch_of(sites, band if band < highest else len(sites.band), lon, wide)
        for offer in range(begin, end):
            apart = 0.0
            for axis in range(3):
                apart += (sites.point[offer, axis] - wants.point[need, axis]) ** 2
            if not closer(wants, sites, need, offer, apart, km=farthest, chord=far_chord):
                continue
            rule = _refused_by(wants, sites, need, offer)
            ends = last_day(sites, offer, start, start + nights)
            fits = rule < 0 and ends > start and has_room(sites, free, offer, first=start, last=ends, people=people)
            if not closer(wants, sites, need, offer, apart, km=wants.radius[need], chord=near_chord):
                if fits and ends - start >= shortest:
                    for step in range(len(FACTORS)):
                        km = wants.radius[need] * FACTORS[step]
                        if closer(wants, sites, need, offer, apart, km=km, chord=chord_of(km)):
                            figures[WIDER_FREE + step] += 1
                continue
            figures[WITHIN] += 1
            if rule >= 0:
                figures[FIRST_RULE + rule] += 1
                continue
            figures[SUITABLE] += 1
            if ends - start >= shortest:
                figures[POSSIBLE] += 1
            elif fits and ends - start >= figures[NIGHTS_COLUMN]:
                figures[NIGHTS_FREE] = figures[NIGHTS_FREE] + 1 if ends - start == figures[NIGHTS_COLUMN] else 1
                figures[NIGHTS_COLUMN] = ends - start
            for step in range(len(DAYS)):
                other = start + DAYS[step]
                if other < 0 or other + nights > free.shape[1]:
                    continue
                until = last_day(sites, offer, other, other + nights)
                if until - other >= max(shortest, 1) and has_room(
                    sites, free, offer, first=other, last=until, people=people
                ):
                    figures[SHIFTED_FREE + step] += 1


@kernel
def _refused_by(wants: Wants, sites: Sites, need: int, offer: int) -> int:
    """Return the first rule that refuses the pair, in the order of COUNTED_RULES; -1 for none."""
    if sites.beds[offer] < wants.people[need]:
        return 0
    for rule in range(1, len(BITS)):
        if wants.requires[need] & BITS[rule] & ~sites.allows[offer]:
            return rule
    if wants.must_speak[need] and not speak(wants, sites, need, offer):
        return len(BITS)
    return len(BITS) + 1 if declined(wants, need, offer) else -1
