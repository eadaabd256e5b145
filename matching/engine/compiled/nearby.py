"""Which offers are possible for which need, kept in mind while memory lasts: looking for them is half of pricing.

A nation's week has a hundred million such pairs. Each is a number of four bytes here; its fit is cheaper computed again
than kept. Each share of the needs has an equal part of the memory; what does not fit is looked for again every time.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from matching.engine.compiled.kernel import kernel
from matching.engine.compiled.legs import fit_without_beds, near, speak
from matching.engine.compiled.week import Array, Sites, Wants

MOST_PAIRS = 150_000_000
"""Pairs kept in mind, of all needs together: 600 MB."""

AT_FIRST = 1 << 12
"""Pairs for which a share of the needs makes room at the beginning."""


class Nearby(NamedTuple):
    """The offers of a share of the needs: those of its need `at` are `offer[begin[at] : begin[at + 1]]`.

    `begin` ends with the last need that is kept in mind.
    """

    begin: Array
    offer: Array


@kernel
def look_around(wants: Wants, sites: Sites, need: int, found: Array, suits: Array) -> int:
    """Find the offers for ways of any kind of a need, as `legs.near` does; return how many."""
    two_legs = wants.may_move[need] or wants.may_split[need]
    smallest = 1 if wants.may_split[need] else wants.people[need]
    return int(near(wants, sites, need, smallest, not two_legs, found, suits))


@kernel
def noted(known: Nearby, kept: int, found: Array, count: int, most: int) -> Nearby:
    """Return the offers with those found for the next need, the `kept`-th; they are no more than `most`."""
    begin, offer = known.begin, known.offer
    end = begin[kept] + count
    if end > len(offer):
        longer = np.empty(min(most, max(end, 2 * len(offer))), dtype=np.int32)
        longer[: begin[kept]] = offer[: begin[kept]]
        offer = longer
    for at in range(count):
        offer[begin[kept] + at] = found[at]
    begin[kept + 1] = end
    return Nearby(begin, offer)


@kernel
def recalled(wants: Wants, sites: Sites, known: Nearby, need: int, at: int, found: Array, suits: Array) -> int:
    """Do what `look_around` does, for the need `at` of the share, from memory where it is kept in mind."""
    if at + 1 >= len(known.begin):
        return look_around(wants, sites, need, found, suits)
    begin = known.begin[at]
    count = known.begin[at + 1] - begin
    x, y, z = wants.point[need, 0], wants.point[need, 1], wants.point[need, 2]
    for which in range(count):
        offer = known.offer[begin + which]
        apart = (sites.point[offer, 0] - x) ** 2 + (sites.point[offer, 1] - y) ** 2
        apart += (sites.point[offer, 2] - z) ** 2
        found[which] = offer
        suits[which] = fit_without_beds(apart, speak(wants, sites, need, offer))
    return int(count)
