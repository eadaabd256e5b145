"""Distances on the globe, in kilometres."""

from __future__ import annotations

from math import asin, cos, pi, radians, sin, sqrt

RADIUS_KM = 6_371.0088
"""The mean radius of the Earth (Moritz 2000, Geodetic Reference System 1980)."""

KM_PER_DEGREE = RADIUS_KM * pi / 180
"""Length of one degree of latitude, in kilometres."""


def distance_km(lat: float, lon: float, other_lat: float, other_lon: float) -> float:
    """Return the great-circle distance in kilometres between two points given in degrees (haversine, Sinnott 1984)."""
    a, b = radians(lat), radians(other_lat)
    half = sin((b - a) / 2) ** 2 + cos(a) * cos(b) * sin(radians(other_lon - lon) / 2) ** 2
    return 2 * RADIUS_KM * asin(sqrt(min(1.0, half)))
