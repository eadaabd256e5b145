"""Why a placement is good, and why a need is left over: values, a code with numbers each.

A reason holds no words. `matching/reason_words.py` words it for a reader, in the reader's language. In JSON a reason is
an object: `{"code": "farther", "count": 3, "radius_km": 35.0}`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from functools import lru_cache
from math import isfinite
from types import MappingProxyType
from typing import Any

from matching.engine.values import Leg, Need, Offer
from places.earth import distance_km

Number = int | float | str | date | tuple[str, ...]


class Code(StrEnum):
    """What a reason says. `NUMBERS` names the numbers that belong to each code."""

    # Why a placement is good.
    DISTANCE = "distance"
    COMMON_LANGUAGE = "common_language"
    NO_COMMON_LANGUAGE = "no_common_language"
    SHARED_SPACE = "shared_space"
    FITS_EXACTLY = "fits_exactly"
    PEOPLE_IN_BEDS = "people_in_beds"
    ALL_NIGHTS = "all_nights"
    SOME_NIGHTS = "some_nights"
    SAME_SPACE = "same_space"

    # Why a hard rule forbids one pair (NO_COMMON_LANGUAGE is one of these as well).
    HOST_NOT_VETTED = "host_not_vetted"
    SPACE_NOT_LISTED = "space_not_listed"
    SPACE_NOT_FRESH = "space_not_fresh"
    TOO_FAR = "too_far"
    WOMEN_HOUSEHOLDS_ONLY = "women_households_only"
    FAMILIES_ONLY = "families_only"
    NOT_WOMEN_ONLY = "not_women_only"
    NO_CHILDREN = "no_children"
    NO_PETS = "no_pets"
    NOT_STEP_FREE = "not_step_free"
    NO_SMOKING = "no_smoking"
    SMOKING_ALLOWED = "smoking_allowed"
    TOO_FEW_BEDS = "too_few_beds"
    NOT_FREE = "not_free"
    TOO_FEW_NIGHTS = "too_few_nights"
    TAKEN = "taken"
    DECLINED_BEFORE = "declined_before"

    # Why a need is left over.
    CHILDREN_ALONE = "children_alone"
    NO_SPACE = "no_space"
    NO_TIME = "no_time"
    NONE_WITHIN = "none_within"
    ALL_TAKEN = "all_taken"
    NONE_FREE = "none_free"

    # How many of the spaces within the radius one rule refuses.
    COUNT_TOO_FEW_BEDS = "count_too_few_beds"
    COUNT_WOMEN_HOUSEHOLDS_ONLY = "count_women_households_only"
    COUNT_NOT_WOMEN_ONLY = "count_not_women_only"
    COUNT_NO_CHILDREN = "count_no_children"
    COUNT_FAMILIES_ONLY = "count_families_only"
    COUNT_NO_PETS = "count_no_pets"
    COUNT_NOT_STEP_FREE = "count_not_step_free"
    COUNT_OTHER_SMOKING_RULE = "count_other_smoking_rule"
    COUNT_NO_COMMON_LANGUAGE = "count_no_common_language"
    COUNT_DECLINED_BEFORE = "count_declined_before"

    # Which change of the need would place it.
    FARTHER = "farther"
    SHORTER = "shorter"
    OTHER_DATES = "other_dates"
    MOVE = "move"
    SPLIT = "split"

    SAID = "said"
    """An English sentence of an earlier version that has no code. The engine never gives it; it is only read."""


COUNTED_RULES = (
    Code.COUNT_TOO_FEW_BEDS,
    Code.COUNT_WOMEN_HOUSEHOLDS_ONLY,
    Code.COUNT_NOT_WOMEN_ONLY,
    Code.COUNT_NO_CHILDREN,
    Code.COUNT_FAMILIES_ONLY,
    Code.COUNT_NO_PETS,
    Code.COUNT_NOT_STEP_FREE,
    Code.COUNT_OTHER_SMOKING_RULE,
    Code.COUNT_NO_COMMON_LANGUAGE,
    Code.COUNT_DECLINED_BEFORE,
)
"""The rules that are counted over the spaces within the radius. Each space counts under the first rule that refuses it."""

ADVICE = (Code.FARTHER, Code.SHORTER, Code.OTHER_DATES, Code.MOVE, Code.SPLIT)
"""The changes of a need that would place it. All other codes say what stands in the way, or what speaks for a placement."""

NUMBERS: Mapping[Code, tuple[str, ...]] = MappingProxyType(
    dict.fromkeys(Code, ())
    | dict.fromkeys(COUNTED_RULES, ("count",))
    | {
        Code.DISTANCE: ("km",),
        Code.COMMON_LANGUAGE: ("languages",),
        Code.SHARED_SPACE: ("people", "beds"),
        Code.PEOPLE_IN_BEDS: ("people", "beds"),
        Code.ALL_NIGHTS: ("nights",),
        Code.SOME_NIGHTS: ("nights", "wanted"),
        Code.TOO_FAR: ("km", "radius_km"),
        Code.TOO_FEW_BEDS: ("beds", "people"),
        Code.NOT_FREE: ("first_night",),
        Code.TOO_FEW_NIGHTS: ("nights", "wanted", "min_nights"),
        Code.NONE_WITHIN: ("radius_km",),
        Code.ALL_TAKEN: ("count", "radius_km"),
        Code.NONE_FREE: ("count", "radius_km", "min_nights", "first_night"),
        Code.FARTHER: ("count", "radius_km"),
        Code.SHORTER: ("count", "nights"),
        Code.OTHER_DATES: ("count", "first_night"),
        Code.SAID: ("text",),
    }
)
"""The names of each code's numbers, in their order.

`km` is a distance, rounded to 0.1 km. `radius_km` is how far a household would go, to six digits. `count` is a number of
spaces. `nights`, `wanted` and `min_nights` are numbers of nights. `first_night` is a date, ISO 8601 in JSON. `languages` are
ISO 639-1 codes, `text` is English.
"""

WHOLE_NUMBERS = frozenset(("count", "people", "beds", "nights", "wanted", "min_nights"))

WIDER = (1.5, 2.0, 3.0)
"""The multiples of its radius that are tried to find space for a household farther away."""

SHIFTS = (1, -1, 2, -2, 3, -3)
"""The days by which coming later (or earlier, below 0) is tried, the smallest change first."""

MOST_RULES = 4


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason: its code and the numbers that `NUMBERS` names for this code, in that order."""

    code: Code
    numbers: tuple[Number, ...] = ()

    @property
    def named(self) -> dict[str, Number]:
        """Return the numbers by name."""
        return dict(zip(NUMBERS[self.code], self.numbers, strict=True))

    def as_json(self) -> dict[str, Any]:
        """Return the object that is stored: the code, and beside it each number by name."""
        plain = {name: one.isoformat() if isinstance(one, date) else one for name, one in self.named.items()}
        return {"code": self.code.value, **plain}


def reason_in(stored: Any) -> Reason:
    """Return the reason in an object of `as_json`; any other value becomes `SAID`, so that a page can still show it.

    Other values are sentences of a version without codes, and codes of a later version that was rolled back.
    """
    try:
        code = Code(stored["code"])
        numbers = tuple(_number(name, stored[name]) for name in NUMBERS[code])
    except (TypeError, KeyError, ValueError):
        text = stored if isinstance(stored, str) else json.dumps(stored, ensure_ascii=False)
        return Reason(Code.SAID, (text,))
    return Reason(code, numbers)


def _number(name: str, stored: Any) -> Number:
    """Return a number of a reason as its name demands it. Raises TypeError or ValueError for any other value."""
    match name, stored:
        case "first_night", str(day):
            return date.fromisoformat(day)
        case "languages", (list() | tuple()) as codes if all(isinstance(code, str) for code in codes):
            return tuple(codes)
        case "text", str(text):
            return text
        case "km" | "radius_km", int(number) | float(number) if isfinite(number) and not isinstance(number, bool):
            return number
        case _, int(number) if name in WHOLE_NUMBERS and not isinstance(number, bool):
            return number
    raise ValueError(f"{name} of a reason cannot be {stored!r}")


def as_json_text(reasons: Iterable[Reason]) -> str:
    """Return the reasons as the text of a JSON list, to be stored."""
    return f"[{', '.join(map(_json_text, reasons))}]"


# A round gives 100,000 placements four reasons each, and most are equal to one given before: "all 4 nights" is made and
# put into JSON once.


@lru_cache(maxsize=1 << 14)
def _json_text(reason: Reason) -> str:
    return json.dumps(reason.as_json(), ensure_ascii=False)


@lru_cache(maxsize=1 << 14)
def _reason(code: Code, *numbers: Number) -> Reason:
    return Reason(code, numbers)


CHILDREN_ALONE = Reason(Code.CHILDREN_ALONE)
"""Children without an adult are placed by coordinators only."""

NO_SPACE = Reason(Code.NO_SPACE)
"""No space may be matched at all."""

NO_TIME = Reason(Code.NO_TIME)
"""The time limit was over before the reasons of this need were looked into."""

NO_COMMON_LANGUAGE, FITS_EXACTLY = Reason(Code.NO_COMMON_LANGUAGE), Reason(Code.FITS_EXACTLY)


@dataclass(frozen=True, slots=True)
class Obstacles:
    """What stands in the way of one need, as numbers of spaces. A space counts as free where the plan leaves room in it.

    within: spaces within the radius. refused: those that each rule refuses, in the order of COUNTED_RULES. suitable:
    those that no rule refuses. possible: the suitable ones that are open for long enough. wider: free spaces within each
    multiple of the radius in WIDER. shorter: where all are free for too few nights, the most nights that any is free for,
    and how many are free for so many. shifted: free spaces for each of SHIFTS. move, split: whether two spaces would do.
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


def why_placed(need: Need, legs: tuple[tuple[Leg, Offer], ...]) -> tuple[Reason, ...]:
    """Return the reasons for a placement, leg by leg: distance, language, how the beds are used, how many nights."""
    reasons = []
    for leg, offer in legs:
        reasons.append(_reason(Code.DISTANCE, round(distance_km(need.lat, need.lon, offer.lat, offer.lon), 1)))
        if common := need.languages & offer.languages:
            reasons.append(_reason(Code.COMMON_LANGUAGE, tuple(sorted(common))))
        elif need.languages and offer.languages:
            reasons.append(NO_COMMON_LANGUAGE)
        if offer.shared:
            reasons.append(_reason(Code.SHARED_SPACE, leg.people, offer.beds))
        elif leg.people == offer.beds:
            reasons.append(FITS_EXACTLY)
        else:
            reasons.append(_reason(Code.PEOPLE_IN_BEDS, leg.people, offer.beds))
        nights = leg.nights
        if nights == need.nights:
            reasons.append(_reason(Code.ALL_NIGHTS, nights))
        else:
            reasons.append(_reason(Code.SOME_NIGHTS, nights, need.nights))
    return tuple(reasons)


def why_left_over(need: Need, found: Obstacles) -> tuple[Reason, ...]:
    """Return the rules that stand in the way, the most frequent first, and the smallest change of each kind in ADVICE."""
    radius = six_digits(need.radius_km)
    reasons = []
    if not found.within:
        reasons.append(_reason(Code.NONE_WITHIN, radius))
    if found.possible:
        reasons.append(_reason(Code.ALL_TAKEN, found.possible, radius))
    elif found.suitable:
        reasons.append(_reason(Code.NONE_FREE, found.suitable, radius, need.min_nights, need.first_night))
    ranked = sorted(zip(found.refused, COUNTED_RULES, strict=True), key=lambda counted: -counted[0])
    reasons += [_reason(rule, count) for count, rule in ranked[:MOST_RULES] if count]
    return tuple(reasons + _advice(need, found))


def _advice(need: Need, found: Obstacles) -> list[Reason]:
    advice = []
    for factor, count in zip(WIDER, found.wider, strict=True):
        if count:
            advice.append(_reason(Code.FARTHER, count, six_digits(need.radius_km * factor)))
            break
    nights, count = found.shorter
    if count:
        advice.append(_reason(Code.SHORTER, count, nights))
    for days, count in zip(SHIFTS, found.shifted, strict=True):
        if count:
            advice.append(_reason(Code.OTHER_DATES, count, need.first_night + timedelta(days=days)))
            break
    if found.move:
        advice.append(Reason(Code.MOVE))
    if found.split:
        advice.append(Reason(Code.SPLIT))
    return advice


def six_digits(km: float) -> float:
    """Return a radius as people read it: 7.3 x 1.5 km is 10.95 km, not 10.950000000000001."""
    return float(f"{km:g}")
