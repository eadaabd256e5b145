"""Checking a plan and its proof from the outside.

This module shares no code with the solver. It states every rule and the objective of docs/matching.md a second
time, from the plain values, so that a mistake would have to be made twice. It is slow and simple.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta
from math import asin, cos, radians, sin, sqrt

from matching.engine.values import Leg, Need, Offer, Placement

EARTH_KM = 6371.0088
"""The mean radius of the Earth (IUGG), in km. Stated a second time, apart from `places.earth`, like everything here."""

A_LITTLE = 1e-6


def check_plan(needs: Iterable[Need], offers: Iterable[Offer], placements: Sequence[Placement]) -> list[str]:
    """Return, in English, each fault of the placements; nothing when they keep every rule and every score is right."""
    need_of, offer_of = {need.id: need for need in needs}, {offer.id: offer for offer in offers}
    wrong: list[str] = []
    seen: set[str] = set()
    stays: dict[str, list[tuple[date, date, int]]] = {
        offer.id: [(held.first_night, held.last_day, held.people) for held in offer.held] for offer in offer_of.values()
    }
    held = {offer_id: len(those) for offer_id, those in stays.items()}
    for placement in placements:
        need = need_of.get(placement.need_id)
        if need is None:
            wrong.append(f"{placement.need_id}: no such request")
            continue
        if need.id in seen:
            wrong.append(f"{need.id}: placed twice")
        seen.add(need.id)
        missing = [leg.offer_id for leg in placement.legs if leg.offer_id not in offer_of]
        if missing:
            wrong.append(f"{need.id}: no such space: {', '.join(missing)}")
            continue
        pairs = [(leg, offer_of[leg.offer_id]) for leg in placement.legs]
        wrong += [f"{need.id}: {words}" for words in _amiss(need, pairs)]
        worth = value_of(need, pairs)
        if abs(worth - placement.score) > A_LITTLE * max(1.0, worth):
            wrong.append(f"{need.id}: score {placement.score}, but it is worth {worth}")
        for leg in placement.legs:
            stays[leg.offer_id].append((leg.first_night, leg.last_day, leg.people))
    for offer_id, there in stays.items():
        if len(there) > held[offer_id]:
            wrong += _crowded(offer_of[offer_id], there)
    return wrong


def value_of(need: Need, pairs: Sequence[tuple[Leg, Offer]]) -> float:
    """Return what the objective gains when the need is met by these legs, one or two, each with its offer."""
    wanted = need.people * need.nights
    covered = sum(leg.people * (leg.last_day - leg.first_night).days for leg, _offer in pairs)
    good = 1.0 if covered == wanted else 0.4 + 0.6 * covered / wanted
    if len(pairs) == 2:
        good -= 0.15 if pairs[0][0].first_night == pairs[1][0].first_night else 0.10
    fit = 0.0
    for leg, offer in pairs:
        near = 0.5 / (1 + km_between(need, offer) / 10)
        speak = 0.25 if need.languages & offer.languages else 0.0
        fill = 0.25 * (1.0 if offer.shared else leg.people / offer.beds)
        fit += (near + speak + fill) * leg.people * (leg.last_day - leg.first_night).days / wanted
    urgent = need.urgency * (1 + 0.05 * max(0.0, min(need.days_waiting, 14.0)))
    return urgent * need.people * (good + 0.2 * fit)


def km_between(one: Need | Offer, other: Need | Offer) -> float:
    """Return the great-circle distance in km (haversine)."""
    a, b = radians(one.lat), radians(other.lat)
    h = sin((b - a) / 2) ** 2 + cos(a) * cos(b) * sin(radians(other.lon - one.lon) / 2) ** 2
    return 2 * EARTH_KM * asin(sqrt(min(1.0, h)))


def forbidden(need: Need, offer: Offer) -> Iterator[str]:
    """Yield the name of each rule that forbids the pair, apart from the rules on nights and beds."""
    if km_between(need, offer) > need.radius_km:
        yield "too far"
    if not (offer.vetted and offer.listed and offer.fresh):
        yield "not vetted, listed and fresh"
    if offer.id in need.declined:
        yield "declined before"
    if offer.id in need.apart:
        yield "kept apart"
    if need.step_free and not offer.step_free:
        yield "not step-free"
    if need.pets and not offer.pets:
        yield "no pets"
    if need.children > 0 and not offer.children:
        yield "no children"
    if need.women_only and offer.who != "women":
        yield "not women-only"
    if offer.who == "women" and not need.all_women:
        yield "women only"
    if offer.who == "families" and need.children == 0:
        yield "families only"
    if need.smoking is not None and need.smoking != offer.smoking:
        yield "smoking"
    if need.language_required and not need.languages & offer.languages:
        yield "no common language"


def natural_end(offer: Offer, first_night: date, last_day: date) -> date | None:
    """Return the day on which a leg from `first_night` ends, cut by the window and the longest stay; None when none can begin."""
    for opens, closes in offer.windows:
        if opens <= first_night < closes:
            longest = first_night + timedelta(days=offer.max_nights) if offer.max_nights else last_day
            return min(closes, longest, last_day)
    return None


def _amiss(need: Need, pairs: Sequence[tuple[Leg, Offer]]) -> Iterator[str]:
    last_day = need.first_night + timedelta(days=need.nights)
    if need.children == need.people:
        yield "children alone"
    if len(pairs) not in (1, 2):
        yield f"{len(pairs)} legs"
        return
    for leg, offer in pairs:
        for words in forbidden(need, offer):
            yield f"{offer.id}: {words}"
        if not 1 <= leg.people <= offer.beds:
            yield f"{offer.id}: {leg.people} people in {offer.beds} beds"
        if natural_end(offer, leg.first_night, last_day) != leg.last_day:
            yield f"{offer.id}: {leg.first_night} to {leg.last_day} is not the natural length"
    nights = (pairs[-1][0].last_day - need.first_night).days
    one, other = pairs[0], pairs[-1]
    if one[0].first_night != need.first_night:
        yield "does not begin on the first night"
    if nights < need.min_nights:
        yield f"{nights} nights, at least {need.min_nights} wanted"
    if len(pairs) == 1:
        if one[0].people != need.people:
            yield f"{one[0].people} of {need.people} people"
        return
    if one[1].id == other[1].id:
        yield "both legs in one space"
    if one[0].first_night == other[0].first_night:
        if not need.may_split:
            yield "split without consent"
        if one[0].people + other[0].people != need.people:
            yield "a split that does not add up"
        if one[0].last_day != last_day or other[0].last_day != last_day:
            yield "a split for less than the full stay"
        if km_between(one[1], other[1]) > 5.0:
            yield "a split over more than 5 km"
    else:
        if not need.may_move:
            yield "moved without consent"
        if one[0].last_day != other[0].first_night:
            yield "a gap between the legs"
        if one[0].people != need.people or other[0].people != need.people:
            yield "a move of less than the household"
        if min((leg.last_day - leg.first_night).days for leg, _offer in pairs) < 2:
            yield "a leg of less than 2 nights"


def _crowded(offer: Offer, there: Sequence[tuple[date, date, int]]) -> Iterator[str]:
    for night in sorted({first for first, _last, _people in there}):
        inside = [people for first, last, people in there if first <= night < last]
        if sum(inside) > offer.beds:
            yield f"{offer.id}: {sum(inside)} people in {offer.beds} beds on {night}"
        if not offer.shared and len(inside) > 1:
            yield f"{offer.id}: {len(inside)} households on {night}, and it is not shared"
