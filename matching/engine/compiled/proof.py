"""The sums of the bound, in double precision."""

from __future__ import annotations

import numpy as np

from matching.engine.arrays import FloatMatrix
from matching.engine.compiled.kernel import PARTS, Crew, kernel, pieces
from matching.engine.compiled.problem import Sites


def price_nights(sites: Sites, prices: FloatMatrix, crew: Crew) -> tuple[FloatMatrix, float]:
    """Return the sums of prices before each night for each size of household (nights + 1, rows), and the sum of mu x capacity.

    `prices` are the mu (rows, nights). A household of s people pays sum over j <= s of mu_j x floor(s / j), and the
    capacity for j is floor(free / j).
    """
    sums = np.zeros((prices.shape[1] + 1, prices.shape[0]))
    totals = crew.run(_sum_up, [(sites, prices, sums, *edges) for edges in pieces(len(sites.beds), PARTS)])
    return sums, float(sum(totals))


@kernel
def _sum_up(sites: Sites, prices: FloatMatrix, sums: FloatMatrix, first: int, last: int) -> float:
    nights = prices.shape[1]
    total = 0.0
    for offer in range(first, last):
        row = sites.row[offer]
        for size in range(sites.row[offer + 1] - row):
            for night in range(nights):
                pays = 0.0
                for j in range(size + 1):
                    pays += prices[row + j, night] * ((size + 1) // (j + 1))
                sums[night + 1, row + size] = sums[night, row + size] + pays
                total += prices[row + size, night] * (sites.free[offer, night] // (size + 1))
    return total


def rounded_up(bound: float) -> float:
    """Round the bound up by more than the rounding error of its sums."""
    return bound + abs(bound) * 1e-9
