"""The best plan there is, by HiGHS over every way of every need: the judge of the engine on small weeks.

Ways are enumerated from `matching.engine.checking` alone, by brute force.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import coo_array

from matching.engine import Leg, Need, Offer
from matching.engine.checking import forbidden, km_between, natural_end, value_of

Way = tuple[tuple[Leg, Offer], ...]


def best_objective(needs: Sequence[Need], offers: Sequence[Offer]) -> float:
    """Return the objective of the best plan."""
    rows: dict[object, int] = {}
    capacity: list[float] = []
    entries: list[tuple[int, int, float]] = []
    values: list[float] = []

    def row_of(key: object, room: float) -> int:
        if key not in rows:
            rows[key] = len(rows)
            capacity.append(room)
        return rows[key]

    for need in needs:
        for way in every_way(need, offers):
            column = len(values)
            values.append(value_of(need, way))
            entries.append((row_of(need.id, 1.0), column, 1.0))
            for leg, offer in way:
                for night in range(leg.nights):
                    day = leg.first_night + timedelta(days=night)
                    room = float(room_on(offer, day))
                    entries.append((row_of((offer.id, day), room), column, leg.people if offer.shared else 1.0))
    if not values:
        return 0.0
    at, columns, weights = (np.array(each) for each in zip(*entries, strict=True))
    matrix = coo_array((weights, (at, columns)), shape=(len(rows), len(values))).tocsr()
    solved = milp(
        -np.array(values),
        constraints=LinearConstraint(matrix, ub=np.array(capacity)),
        integrality=np.ones(len(values)),
        bounds=Bounds(0, 1),
        options={"mip_rel_gap": 1e-9},
    )
    assert solved.status == 0, solved.message
    return float(-solved.fun)


def room_on(offer: Offer, day: object) -> int:
    """Return how many people (households where not shared) there is room for beside what is held."""
    there = [held for held in offer.held if held.first_night <= day < held.last_day]
    return max(0, offer.beds - sum(held.people for held in there)) if offer.shared else int(not there)


def every_way(need: Need, offers: Sequence[Offer]) -> Iterator[Way]:
    """Yield every way to place the need, were it alone."""
    last_day = need.first_night + timedelta(days=need.nights)
    possible = [offer for offer in offers if not list(forbidden(need, offer))]

    def leg_from(offer: Offer, first: object, people: int) -> Leg | None:
        end = natural_end(offer, first, last_day)
        return Leg(offer.id, first, end, people) if end and people <= offer.beds else None

    for offer in possible:
        leg = leg_from(offer, need.first_night, need.people)
        if leg is None:
            continue
        if leg.nights >= need.min_nights:
            yield ((leg, offer),)
        if not need.may_move or leg.nights < 2 or leg.last_day == last_day:
            continue
        for other in possible:
            after = leg_from(other, leg.last_day, need.people)
            if other is not offer and after and after.nights >= 2 and leg.nights + after.nights >= need.min_nights:
                yield ((leg, offer), (after, other))
    if need.may_split:
        for some in range(1, need.people):
            for offer in possible:
                one = leg_from(offer, need.first_night, some)
                for other in possible:
                    rest = leg_from(other, need.first_night, need.people - some)
                    if other is offer or one is None or rest is None or km_between(offer, other) > 5.0:
                        continue
                    if one.last_day == rest.last_day == last_day:
                        yield ((one, offer), (rest, other))
