"""The offers possible for each need, kept in memory up to a limit, because the search for them is half of pricing.

A nation's week has a hundred million such pairs. Each is a number of four bytes here. Its fit is not kept,
because computing it again is cheaper. Each share of the needs has an equal part of the memory. Offers that do not fit
into it are searched for again every time.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from matching.engine.arrays import IntVector
from matching.engine.compiled.kernel import kernel
from matching.engine.compiled.legs import Found, fit_without_beds, near, speak
from matching.engine.compiled.problem import Sites, Wants

MOST_PAIRS_KEPT = 150_000_000
"""The most pairs kept in memory, for all needs together: 600 MB."""

AT_FIRST = 1 << 12
"""Pairs for which a share of the needs makes room at the beginning."""


class Nearby(NamedTuple):
    """The offers possible for a share of the needs: those of its need `at` are `offer[begin[at] : begin[at + 1]]`.

    `begin` ends with the last need whose offers are in memory.
    """

    begin: IntVector
    offer: IntVector


@kernel
def look_around(wants: Wants, sites: Sites, need: int, found: Found) -> int:
    """Find the offers for ways of any kind of a need, as `legs.near` does; return their number."""
    two_legs = wants.may_move[need] or wants.may_split[need]
    smallest = 1 if wants.may_split[need] else wants.people[need]
    return int(near(wants, sites, need, smallest, at_first=not two_legs, found=found))


@kernel
def noted(known: Nearby, kept: int, found: Found, count: int, most: int) -> Nearby:
    """Return `known` with the `count` offers found for its next need, the `kept`-th.

    The caller makes sure that it then has at most `most` pairs.
    """
    begin, offer = known.begin, known.offer
    end = begin[kept] + count
    if end > len(offer):
        longer = np.empty(min(most, max(end, 2 * len(offer))), dtype=np.int32)
        longer[: begin[kept]] = offer[: begin[kept]]
        offer = longer
    for at in range(count):
        offer[begin[kept] + at] = found.offer[at]
    begin[kept + 1] = end
    return Nearby(begin, offer)


@kernel
def recalled(wants: Wants, sites: Sites, known: Nearby, need: int, at: int, found: Found) -> int:
    """Do what `look_around` does for a need, but read its offers from memory if they are there.

    `at` is the number of the need within its share.
    """
    if at + 1 >= len(known.begin):
        return look_around(wants, sites, need, found)
    begin = known.begin[at]
    count = known.begin[at + 1] - begin
    x, y, z = wants.point[need, 0], wants.point[need, 1], wants.point[need, 2]
    for which in range(count):
        offer = known.offer[begin + which]
        apart = (sites.point[offer, 0] - x) ** 2 + (sites.point[offer, 1] - y) ** 2
        apart += (sites.point[offer, 2] - z) ** 2
        found.offer[which] = offer
        found.fit[which] = fit_without_beds(apart, speak(wants, sites, need, offer))
    return int(count)
