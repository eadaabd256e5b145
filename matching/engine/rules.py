"""The hard rules: a pair is possible only if none of them refuses. Each refuses in words."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

from matching.engine.values import Held, Leg, Need, Offer
from places.earth import distance_km

Rule = Callable[[Need, Offer], str | None]


def within_radius(need: Need, offer: Offer) -> str | None:
    km = distance_km(need.lat, need.lon, offer.lat, offer.lon)
    return f"{km:.1f} km away, {need.radius_km:g} km wanted" if km > need.radius_km else None


def step_free(need: Need, offer: Offer) -> str | None:
    return "not step-free" if need.step_free and not offer.step_free else None


def pets(need: Need, offer: Offer) -> str | None:
    return "no pets allowed" if need.pets and not offer.pets else None


def children(need: Need, offer: Offer) -> str | None:
    return "no children allowed" if need.children and not offer.children else None


def women_only(need: Need, offer: Offer) -> str | None:
    return "not a women-only space" if need.women_only and offer.who != "women" else None


def smoking(need: Need, offer: Offer) -> str | None:
    if need.smoking is None or need.smoking == offer.smoking:
        return None
    return "smoking is not allowed" if need.smoking else "smoking is allowed there"


def who_may_stay(need: Need, offer: Offer) -> str | None:
    if offer.who == "women" and not need.all_women:
        return "only for households of women"
    if offer.who == "families" and not need.children:
        return "only for families with a child"
    return None


def common_language(need: Need, offer: Offer) -> str | None:
    return "no common language" if need.language_required and not need.languages & offer.languages else None


def enough_beds(need: Need, offer: Offer) -> str | None:
    beds = "1 bed" if offer.beds == 1 else f"{offer.beds} beds"
    return f"{beds} for {need.people} people" if need.people > offer.beds else None


def not_declined(need: Need, offer: Offer) -> str | None:
    return "declined before" if offer.id in need.declined else None


def host_vetted(need: Need, offer: Offer) -> str | None:
    return None if offer.vetted else "the host is not vetted"


def space_listed(need: Need, offer: Offer) -> str | None:
    return None if offer.listed else "the space is paused or withdrawn"


def space_fresh(need: Need, offer: Offer) -> str | None:
    return None if offer.fresh else "the host has not confirmed that it still stands"


def long_enough(need: Need, offer: Offer) -> str | None:
    nights = natural_leg(need, offer).nights
    if nights == 0:
        return f"not free on {need.first_night}"
    return (
        f"only {nights} of {need.nights} nights, at least {need.min_nights} wanted"
        if nights < need.min_nights
        else None
    )


def room_left(need: Need, offer: Offer) -> str | None:
    leg = natural_leg(need, offer)
    if leg.nights == 0 or leg.people > offer.beds or has_room(offer, offer.held, leg):
        return None
    return "taken on some of these nights"


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


def refusals(need: Need, offer: Offer) -> tuple[str, ...]:
    """Return in words every hard rule that forbids this pair by one leg; empty when it is possible."""
    return tuple(words for rule in RULES if (words := rule(need, offer)) is not None)


def natural_leg(need: Need, offer: Offer) -> Leg:
    """Return the leg from the need's first night on: the nights wanted, cut only by the window or the longest stay.

    Of no nights when the space is not free on the first one.
    """
    last_day = need.first_night
    for first, last in offer.windows:
        if first <= need.first_night < last:
            last_day = min(last, need.first_night + timedelta(days=min(need.nights, offer.max_nights or need.nights)))
    return Leg(offer.id, need.first_night, last_day, need.people)


def has_room(offer: Offer, held: tuple[Held, ...], leg: Leg) -> bool:
    """Return whether the leg fits beside what is held: people on every night, and alone where not shared."""
    overlapping = [h for h in held if h.first_night < leg.last_day and h.last_day > leg.first_night]
    if not offer.shared:
        return not overlapping and leg.people <= offer.beds
    peaks = [leg.first_night, *(h.first_night for h in overlapping if h.first_night > leg.first_night)]
    return all(leg.people + _people_on(night, overlapping) <= offer.beds for night in peaks)


def _people_on(night: date, held: list[Held]) -> int:
    return sum(h.people for h in held if h.first_night <= night < h.last_day)
