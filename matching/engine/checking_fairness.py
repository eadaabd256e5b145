"""Counting the households that were passed over: left out, though an equal household has the place they could have.

Two households are equal here when they ask for the same nights for as many people, and the one left over could have the
very legs of the other: no rule forbids it, and it agreed to them. It was passed over when it would be worth more
there, or when it would be worth as much and has waited longer. The worth of a household counts its urgency and the days
it has waited (docs/matching.md, "What a placement is worth"), so a household passed over is a fault of the plan.
Like `checking`, this module shares no code with the solver.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date

from matching.engine.checking import forbidden, value_of
from matching.engine.values import Need, Offer, Placement

EQUAL_WORTH = 1e-8
NeedChecked = tuple[int, date, int]


def passed_over(
    needs: Iterable[Need], offers: Iterable[Offer], placements: Sequence[Placement]
) -> list[tuple[str, str]]:
    """Return the id of each need that was passed over, with the id of a need that was given its place."""
    need_of, offer_of = {need.id: need for need in needs}, {offer.id: offer for offer in offers}
    placed = {placement.need_id: placement for placement in placements}
    # Placements by what was asked for, the one first that a need of the least urgency could replace.
    groups: defaultdict[NeedChecked, list[tuple[float, Placement]]] = defaultdict(list)
    for placement in placements:
        need = need_of[placement.need_id]
        groups[_asked(need)].append((placement.score / _most(need, placement), placement))
    for group in groups.values():
        group.sort(key=lambda one: (one[0], one[1].need_id))
    found = []
    for need in need_of.values():
        if need.id in placed or need.children == need.people:
            continue
        group = groups.get(_asked(need), [])
        for _urgency, placement in group[
            : bisect_right(group, _urgency_of(need) + EQUAL_WORTH, key=lambda one: one[0])
        ]:
            if _could_replace(need, need_of[placement.need_id], placement, offer_of):
                found.append((need.id, placement.need_id))
                break
    return found


def _asked(need: Need) -> NeedChecked:
    return need.people, need.first_night, need.nights


def _urgency_of(need: Need) -> float:
    return need.urgency * (1 + 0.05 * max(0.0, min(need.days_waiting, 14.0)))


def _most(need: Need, placement: Placement) -> float:
    """Return the most that these legs can be worth for a need of urgency 1, were everything else perfect."""
    covered = sum(leg.people * leg.nights for leg in placement.legs) / (need.people * need.nights)
    cost = 0.0
    if len(placement.legs) == 2:
        cost = 0.15 if placement.legs[0].first_night == placement.legs[1].first_night else 0.10
    return need.people * (0.4 + 0.6 * covered - cost + 0.2 * covered)


def _could_replace(need: Need, other: Need, placement: Placement, offer_of: dict[str, Offer]) -> bool:
    pairs = [(leg, offer_of[leg.offer_id]) for leg in placement.legs]
    if (placement.legs[-1].last_day - need.first_night).days < need.min_nights:
        return False
    if len(pairs) == 2:
        split = placement.legs[0].first_night == placement.legs[1].first_night
        if not (need.may_split if split else need.may_move):
            return False
    gain = value_of(need, pairs) - value_of(other, pairs)
    as_good = abs(gain) <= EQUAL_WORTH and need.days_waiting > other.days_waiting
    return (gain > EQUAL_WORTH or as_good) and not any(
        True for _leg, offer in pairs for _words in forbidden(need, offer)
    )
