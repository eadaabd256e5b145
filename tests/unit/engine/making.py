"""Needs and offers with everything usual, so that a test names only what it is about."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from matching.engine import Need, Offer

MONDAY = date(2022, 9, 26)
ALMATY = (43.25, 76.95)
KM_NORTH = 1 / 111.19508
"""Degrees of latitude in one km, on a sphere of 6,371.0088 km."""


def night(number: int) -> date:
    """Return the date that many nights after Monday."""
    return MONDAY + timedelta(days=number)


def amiras_need(**differently: Any) -> Need:
    """Return Amira's need: alone, from Monday on, four nights, within 10 km of Almaty."""
    usual: dict[str, Any] = {
        "id": "amira",
        "lat": ALMATY[0],
        "lon": ALMATY[1],
        "radius_km": 10.0,
        "people": 1,
        "children": 0,
        "all_women": False,
        "first_night": MONDAY,
        "nights": 4,
        "min_nights": 4,
        "pets": False,
        "step_free": False,
        "women_only": False,
        "smoking": None,
        "languages": frozenset({"ru"}),
        "language_required": False,
        "urgency": 1.0,
        "days_waiting": 0.0,
        "may_move": False,
        "may_split": False,
    }
    return Need(**usual | differently)


def hannas_offer(**differently: Any) -> Offer:
    """Return Hanna's offer: one bed at the very point, four weeks from Monday on, nothing special allowed."""
    usual: dict[str, Any] = {
        "id": "hanna",
        "lat": ALMATY[0],
        "lon": ALMATY[1],
        "beds": 1,
        "shared": False,
        "windows": ((MONDAY, night(28)),),
        "max_nights": None,
        "who": "anyone",
        "children": False,
        "pets": False,
        "smoking": False,
        "step_free": False,
        "languages": frozenset({"ru"}),
    }
    return Offer(**usual | differently)
