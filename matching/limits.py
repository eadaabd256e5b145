"""Numbers that several files must agree on. Each stands here once; migrations keep the numbers of their day."""

from __future__ import annotations

LONGEST_STAY = 730
"""Nights, two years. Most nights a request may ask for, and how long after its first night a request may still be open."""

FARTHEST_FIRST_NIGHT = 730
"""Days ahead, two years. The engine lays out every night up to the last one that anybody asks for."""

LONGEST_LIMIT = 3_650
"""Nights, ten years. The largest longest stay that a space may name; an empty cell means no limit."""

MOST_PEOPLE = 100
"""People in one household."""

MOST_BEDS = 500
"""Beds in one space."""

DEFAULT_RADIUS_KM = 50.0
"""Kilometres: how far a space may be for a request that does not say."""

WIDEST_RADIUS_KM = 1_000.0
"""Kilometres: the farthest that a form lets anybody ask for."""

OF_AGE = 18
"""Years. Whoever is younger counts as a child."""

LONGEST_NOTE = 2_000
"""Characters of a note that somebody writes for the coordinators."""
