"""A way to place a need, as an array: a row for each leg, and columns with names.

`way[0, OFFER]` is the offer of the first leg. A way by one leg has NO_OFFER in its second row. Days count from the
first day of the problem, and a leg covers the nights `[way[leg, FIRST_NIGHT], way[leg, LAST_DAY])`.
"""

from __future__ import annotations

from typing import NamedTuple

from matching.engine.arrays import FloatVector, IntCube, IntMatrix
from matching.engine.compiled.kernel import kernel

LEGS, LEG_COLUMNS = 2, 4
OFFER, FIRST_NIGHT, LAST_DAY, PEOPLE = range(LEG_COLUMNS)

NO_OFFER = -1
NO_LEG = (NO_OFFER, 0, 0, 0)
"""The second row of a way by one leg."""

ONE_LEG, MOVE, SPLIT = range(3)
"""The kinds of way: in one offer, in two offers one after the other, in two offers side by side."""

WAY_KINDS = 3

SHORTEST_MOVE_LEG = 2
"""Nights that each leg of a move has at least."""

NEIGHBOURS_KM = 5.0
"""How far apart the two offers of a split may be."""

LegRow = tuple[int, int, int, int]
"""The columns of one leg, in their order."""


class Best(NamedTuple):
    """Room for the best ways of one search, the highest `key` first. The caller keeps the number of rows in use."""

    key: FloatVector
    """The value - price of each way."""
    way: IntCube
    """(ways, LEGS, LEG_COLUMNS), at least as many as keys."""


@kernel
def has_two_legs(way: IntMatrix) -> bool:
    """Return whether the way has a second leg."""
    return bool(way[1, OFFER] >= 0)


@kernel
def copy_way(to: IntMatrix, way: IntMatrix) -> None:
    """Write a way over another. A loop of known length is faster here than numpy's assignment."""
    for leg in range(LEGS):
        for column in range(LEG_COLUMNS):
            to[leg, column] = way[leg, column]


@kernel
def same_way(one: IntMatrix, other: IntMatrix) -> bool:
    """Return whether two ways have the same legs in the same order."""
    for leg in range(LEGS):
        for column in range(LEG_COLUMNS):
            if one[leg, column] != other[leg, column]:
                return False
    return True


@kernel
def write_way(to: IntMatrix, first: LegRow, second: LegRow) -> None:
    """Write two legs over a way; the second may be NO_LEG."""
    to[0, OFFER], to[0, FIRST_NIGHT], to[0, LAST_DAY], to[0, PEOPLE] = first
    to[1, OFFER], to[1, FIRST_NIGHT], to[1, LAST_DAY], to[1, PEOPLE] = second


@kernel
def keep(best: Best, count: int, key: float, first: LegRow, second: LegRow) -> int:
    """Put a way among the best if it is good enough or there is room; return the number of ways kept."""
    keys, ways = best
    if count == len(keys):
        if count == 0 or key <= keys[count - 1]:
            return count
    else:
        count += 1
    at = count - 1
    while at > 0 and keys[at - 1] < key:
        keys[at] = keys[at - 1]
        copy_way(ways[at], ways[at - 1])
        at -= 1
    keys[at] = key
    write_way(ways[at], first, second)
    return count
