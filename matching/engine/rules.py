"""The hard rules: a pair is possible only if none of them refuses. Each rule returns its reason, or None."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

from matching.engine.reasons import NO_COMMON_LANGUAGE, Code, Reason, six_digits
from matching.engine.values import Held, Leg, Need, Offer
from places.earth import distance_km

Rule = Callable[[Need, Offer], Reason | None]


def within_radius(need: Need, offer: Offer) -> Reason | None:
    km = distance_km(need.lat, need.lon, offer.lat, offer.lon)
    return Reason(Code.TOO_FAR, (round(km, 1), six_digits(need.radius_km))) if km > need.radius_km else None


def step_free(need: Need, offer: Offer) -> Reason | None:
    return Reason(Code.NOT_STEP_FREE) if need.step_free and not offer.step_free else None


def pets(need: Need, offer: Offer) -> Reason | None:
    return Reason(Code.NO_PETS) if need.pets and not offer.pets else None


def children(need: Need, offer: Offer) -> Reason | None:
    return Reason(Code.NO_CHILDREN) if need.children and not offer.children else None


def women_only(need: Need, offer: Offer) -> Reason | None:
    return Reason(Code.NOT_WOMEN_ONLY) if need.women_only and offer.who != "women" else None


def smoking(need: Need, offer: Offer) -> Reason | None:
    if need.smoking is None or need.smoking == offer.smoking:
        return None
    return Reason(Code.NO_SMOKING if need.smoking else Code.SMOKING_ALLOWED)


def who_may_stay(need: Need, offer: Offer) -> Reason | None:
    if offer.who == "women" and not need.all_women:
        return Reason(Code.WOMEN_HOUSEHOLDS_ONLY)
    if offer.who == "families" and not need.children:
        return Reason(Code.FAMILIES_ONLY)
    return None


def common_language(need: Need, offer: Offer) -> Reason | None:
    return NO_COMMON_LANGUAGE if need.language_required and not need.languages & offer.languages else None


def enough_beds(need: Need, offer: Offer) -> Reason | None:
    return Reason(Code.TOO_FEW_BEDS, (offer.beds, need.people)) if need.people > offer.beds else None


def not_declined(need: Need, offer: Offer) -> Reason | None:
    return Reason(Code.DECLINED_BEFORE) if offer.id in need.declined else None


def host_vetted(need: Need, offer: Offer) -> Reason | None:
    return None if offer.vetted else Reason(Code.HOST_NOT_VETTED)


def space_listed(need: Need, offer: Offer) -> Reason | None:
    return None if offer.listed else Reason(Code.SPACE_NOT_LISTED)


def space_fresh(need: Need, offer: Offer) -> Reason | None:
    return None if offer.fresh else Reason(Code.SPACE_NOT_FRESH)


def long_enough(need: Need, offer: Offer) -> Reason | None:
    nights = natural_leg(need, offer).nights
    if nights == 0:
        return Reason(Code.NOT_FREE, (need.first_night,))
    if nights < need.min_nights:
        return Reason(Code.TOO_FEW_NIGHTS, (nights, need.nights, need.min_nights))
    return None


def room_left(need: Need, offer: Offer) -> Reason | None:
    leg = natural_leg(need, offer)
    if leg.nights == 0 or leg.people > offer.beds or has_room(offer, offer.held, leg):
        return None
    return Reason(Code.TAKEN)


RULES: tuple[Rule, ...] = (
    host_vetted,
    space_listed,
    space_fresh,
    within_radius,
    who_may_stay,
    women_only,
    children,
    pets,
    step_free,
    smoking,
    common_language,
    enough_beds,
    long_enough,
    room_left,
    not_declined,
)


def refusals(need: Need, offer: Offer) -> tuple[Reason, ...]:
    """Return the reason of every hard rule that forbids this pair by one leg; empty when the pair is possible.

    An offer that is `apart` from the need reads as taken where no rule speaks against it. Beside another rule it adds
    nothing, so that a list of reasons never differs because of it.
    """
    found = tuple(reason for rule in RULES if (reason := rule(need, offer)) is not None)
    return found or ((Reason(Code.TAKEN),) if offer.id in need.apart else ())


def natural_leg(need: Need, offer: Offer) -> Leg:
    """Return the leg from the need's first night on: the nights wanted, cut only by the window or the longest stay.

    The leg has no nights when the space is not free on the first one.
    """
    last_day = need.first_night
    for first, last in offer.windows:
        if first <= need.first_night < last:
            last_day = min(last, need.first_night + timedelta(days=min(need.nights, offer.max_nights or need.nights)))
    return Leg(offer.id, need.first_night, last_day, need.people)


def has_room(offer: Offer, held: tuple[Held, ...], leg: Leg) -> bool:
    """Return whether the leg fits beside the beds that are `held`.

    In a shared space all people together need a bed on every night. Any other space takes one household at a time.
    """
    overlapping = [h for h in held if h.first_night < leg.last_day and h.last_day > leg.first_night]
    if not offer.shared:
        return not overlapping and leg.people <= offer.beds
    peaks = [leg.first_night, *(h.first_night for h in overlapping if h.first_night > leg.first_night)]
    return all(leg.people + _people_on(night, overlapping) <= offer.beds for night in peaks)


def _people_on(night: date, held: list[Held]) -> int:
    return sum(h.people for h in held if h.first_night <= night < h.last_day)
