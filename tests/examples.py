"""How much of what is drawn or generated a test tries: all of it in `make proof`, a share in each `make test`."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

ALL_EXAMPLES = bool(os.environ.get("SHELTER_ALL_EXAMPLES"))
SHARE = 1.0 if ALL_EXAMPLES else 0.3
"""Every run draws other weeks, and a week that failed is tried again first; so a few runs see as many as one long run."""


def examples(number: int) -> settings:
    """Return the settings of a test for which `make proof` draws `number` weeks."""
    return settings(max_examples=round(number * SHARE), deadline=None, suppress_health_check=[HealthCheck.too_slow])
