"""What a placement is worth: the objective of docs/matching.md.

weight x people x (coverage + 0.2 x fit)
"""

from __future__ import annotations

from matching.engine.values import Leg, Need, Offer
from places.earth import distance_km

FIT_SHARE = 0.2
PARTIAL_BASE, PARTIAL_SHARE = 0.4, 0.6
MOVE_COST, SPLIT_COST = 0.10, 0.15

DEFAULT_LOYALTY = 0.1
"""A placement that stands changes only for a gain of more than this share of weight x people. The objective does not count it."""


def weight(need: Need) -> float:
    """Return urgency x (1 + 0.05 x days waiting, at most 14), so that the urgent and the long-waiting come first."""
    return need.urgency * (1 + 0.05 * min(max(need.days_waiting, 0.0), 14.0))


def coverage(nights_covered: int, nights_wanted: int) -> float:
    """Return 1 for the full stay, 0.4 + 0.6 x covered/wanted for a shorter one."""
    return PARTIAL_BASE + PARTIAL_SHARE * nights_covered / nights_wanted


def fit(need: Need, offer: Offer, people: int) -> float:
    """Return, from 0 to 1, how well the space suits: how near it is, a common language, no bed wasted."""
    km = distance_km(need.lat, need.lon, offer.lat, offer.lon)
    spoken = 1.0 if need.languages & offer.languages else 0.0
    filled = 1.0 if offer.shared else people / offer.beds
    return 0.5 / (1 + km / 10) + 0.25 * spoken + 0.25 * filled


def score(need: Need, legs: tuple[tuple[Leg, Offer], ...]) -> float:
    """Return what it is worth to meet `need` by these legs, one or two, each with its offer.

    Two legs that begin on the same night are a split, each for its share of the people. Otherwise they are a move.
    """
    person_nights = need.people * need.nights
    covered = sum(leg.people * leg.nights for leg, _offer in legs) // need.people
    suited = sum(leg.people * leg.nights * fit(need, offer, leg.people) for leg, offer in legs) / person_nights
    cost = 0.0
    if len(legs) == 2:
        cost = SPLIT_COST if legs[0][0].first_night == legs[1][0].first_night else MOVE_COST
    return weight(need) * need.people * (coverage(covered, need.nights) - cost + FIT_SHARE * suited)
