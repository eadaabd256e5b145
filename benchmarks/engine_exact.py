"""Measure how far the engine is from the true optimum, which HiGHS finds over all possible ways, on 1,000 x 600.

`python -m benchmarks.engine_exact [--weeks 10] [--seconds 300]`; prints one line of JSON for each seed. If HiGHS does not
prove an optimum in that time, `below_optimum` compares with the best plan it found, and `below_optimum_at_most` with its
bound.
"""

from __future__ import annotations

import argparse
import json
import time
from datetime import timedelta

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import coo_array

from benchmarks.engine_weeks import country
from matching.engine import Leg, Need, Offer, plan
from matching.engine.checking import forbidden, km_between, natural_end, value_of


def optimum(needs: list[Need], offers: list[Offer], *, seconds: float) -> tuple[float | None, float | None, int]:
    """Return the best objective that HiGHS found, its bound, and the number of ways.

    Objective or bound is None where HiGHS found none within `seconds`.
    """
    rows: dict[object, int] = {}
    capacity: list[float] = []
    at: list[int] = []
    columns: list[int] = []
    weights: list[float] = []
    values: list[float] = []

    def load(key: object, room: float, column: int, weight: float) -> None:
        if key not in rows:
            rows[key] = len(rows)
            capacity.append(room)
        at.append(rows[key])
        columns.append(column)
        weights.append(weight)

    for need in needs:
        for way in ways_of(need, offers):
            column = len(values)
            values.append(value_of(need, way))
            load(need.id, 1.0, column, 1.0)
            for leg, offer in way:
                for night in range(leg.nights):
                    key = (offer.id, leg.first_night + timedelta(days=night))
                    load(key, offer.beds if offer.shared else 1.0, column, leg.people if offer.shared else 1.0)
    matrix = coo_array((weights, (at, columns)), shape=(len(rows), len(values))).tocsr()
    solved = milp(
        -np.array(values),
        constraints=LinearConstraint(matrix, ub=np.array(capacity)),
        integrality=np.ones(len(values)),
        bounds=Bounds(0, 1),
        options={"mip_rel_gap": 1e-5, "time_limit": seconds},
    )
    best = None if solved.fun is None else float(-solved.fun)
    return best, None if solved.mip_dual_bound is None else float(-solved.mip_dual_bound), len(values)


def ways_of(need: Need, offers: list[Offer]) -> list[tuple[tuple[Leg, Offer], ...]]:
    """Return every way to place the need if no other need took a bed."""
    last_day = need.first_night + timedelta(days=need.nights)
    possible = [offer for offer in offers if not any(True for _words in forbidden(need, offer))]
    found: list[tuple[tuple[Leg, Offer], ...]] = []

    def leg_from(offer: Offer, first, people: int) -> Leg | None:
        end = natural_end(offer, first, last_day)
        return Leg(offer.id, first, end, people) if end and people <= offer.beds else None

    for offer in possible:
        leg = leg_from(offer, need.first_night, need.people)
        if leg is None:
            continue
        if leg.nights >= need.min_nights:
            found.append(((leg, offer),))
        if need.may_move and leg.nights >= 2 and leg.last_day < last_day:
            for other in possible:
                after = leg_from(other, leg.last_day, need.people)
                if other is not offer and after and after.nights >= 2 and leg.nights + after.nights >= need.min_nights:
                    found.append(((leg, offer), (after, other)))
    if need.may_split:
        for some in range(1, need.people):
            for offer in possible:
                one = leg_from(offer, need.first_night, some)
                if one is None or one.last_day < last_day:
                    continue
                for other in possible:
                    rest = leg_from(other, need.first_night, need.people - some)
                    if other is not offer and rest and rest.last_day == last_day and km_between(offer, other) <= 5.0:
                        found.append(((one, offer), (rest, other)))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--weeks", type=int, default=10)
    parser.add_argument("--seconds", type=float, default=300.0, help="time limit of the exact solver for each week")
    options = parser.parse_args()
    for seed in range(1, options.weeks + 1):
        needs, offers = country(1_000, 600, seed=seed)
        began = time.perf_counter()
        found = plan(needs, offers)
        took = time.perf_counter() - began
        best, bound, ways = optimum(needs, offers, seconds=options.seconds)
        figures = {
            "seed": seed,
            "ways": ways,
            "optimum": best,
            "optimum_bound": bound,
            "ours": found.objective,
            "below_optimum": best and best / found.objective - 1,
            "below_optimum_at_most": bound and bound / found.objective - 1,
            "proven_gap": found.gap,
            "bound_over_optimum": best and found.bound / best - 1,
            "seconds": round(took, 2),
        }
        print(json.dumps(figures), flush=True)


if __name__ == "__main__":
    main()
