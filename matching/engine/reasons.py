"""Why a placement is good, and why a need is left over: in words, for people who decide."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from matching.engine.values import Leg, Need, Offer
from places.earth import distance_km

CHILDREN_ALONE = "children alone: a coordinator places them"

NO_SPACE = "no space may be matched at all: none is vetted, listed and fresh"

NO_TIME = "not looked into: the time limit was over; plan again with more time"

RULES_IN_WORDS = (
    "too few beds",
    "only for households of women",
    "not women-only",
    "no children allowed",
    "only for families with a child",
    "no pets allowed",
    "not step-free",
    "another smoking rule",
    "no common language",
    "declined before",
)
"""The rules by which spaces near enough are counted, each space under the first one that refuses it."""

WIDER = (1.5, 2.0, 3.0)
"""How many times as far a household is asked to go, before the advice says so."""

SHIFTS = (1, -1, 2, -2, 3, -3)
"""Days by which a household is asked to come later or earlier, the smallest change first."""

MOST_RULES = 4


@dataclass(frozen=True, slots=True)
class Obstacles:
    """What stands in the way of one need, in numbers of spaces; "free" means that the plan leaves room there.

    within: the radius. refused: by rule, as in RULES_IN_WORDS. suitable: refused by none. possible: suitable, and
    open for long enough. wider: free within each multiple of the radius in WIDER. shorter: the most nights any is
    free for, where these are too few, and how many are. shifted: free for each of SHIFTS. move, split: whether
    two spaces would do.
    """

    within: int
    refused: tuple[int, ...]
    suitable: int
    possible: int
    wider: tuple[int, ...]
    shorter: tuple[int, int]
    shifted: tuple[int, ...] = (0,) * len(SHIFTS)
    move: bool = False
    split: bool = False


def why_placed(need: Need, legs: tuple[tuple[Leg, Offer], ...]) -> tuple[str, ...]:
    """Return what speaks for the placement: distance, language, how the beds are used, how much is covered."""
    words = []
    for leg, offer in legs:
        words.append(f"{distance_km(need.lat, need.lon, offer.lat, offer.lon):.1f} km")
        if common := sorted(need.languages & offer.languages):
            words.append(f"common language: {', '.join(common)}")
        elif need.languages and offer.languages:
            words.append("no common language")
        if offer.shared:
            words.append(f"shared space, {leg.people} of {offer.beds} beds")
        elif leg.people == offer.beds:
            words.append("fits the beds exactly")
        else:
            words.append(f"{leg.people} {'person' if leg.people == 1 else 'people'} in {offer.beds} beds")
        words.append(
            f"all {need.nights} nights" if leg.nights == need.nights else f"{leg.nights} of {need.nights} nights"
        )
    return tuple(words)


def why_left_over(need: Need, found: Obstacles) -> tuple[str, ...]:
    """Return which rules stand in the way, with counts, and the smallest change of each kind that would place the need."""
    within = f"within {need.radius_km:g} km"
    words = []
    if not found.within:
        words.append(f"no space {within}")
    if found.possible:
        words.append(f"{found.possible} possible {within}, all taken by others")
    elif found.suitable:
        words.append(
            f"{found.suitable} suitable {within}, none free for {need.min_nights} nights from {need.first_night}"
        )
    ranked = sorted(zip(found.refused, RULES_IN_WORDS, strict=True), key=lambda counted: -counted[0])
    words += [f"{count} {rule}" for count, rule in ranked[:MOST_RULES] if count]
    return tuple(words + _advice(need, found))


def _advice(need: Need, found: Obstacles) -> list[str]:
    advice = []
    for factor, count in zip(WIDER, found.wider, strict=True):
        if count:
            advice.append(f"{count} free within {need.radius_km * factor:g} km")
            break
    nights, count = found.shorter
    if count:
        advice.append(f"{count} free for {nights} {'night' if nights == 1 else 'nights'}")
    for days, count in zip(SHIFTS, found.shifted, strict=True):
        if count:
            advice.append(f"{count} free from {need.first_night + timedelta(days=days)}")
            break
    if found.move:
        advice.append("possible with a move between two spaces")
    if found.split:
        advice.append("possible when split over two neighbouring spaces")
    return advice
