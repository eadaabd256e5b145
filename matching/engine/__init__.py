"""The engine: plain values in, a plan out. Same input, same plan; no clock, no database, no Django.

`plan` answers a batch, `place_one` one need against the present state, `refusals` gives the reason of each
hard rule that forbids a pair, `candidates` ranks the offers possible for a need.
"""

from matching.engine.planning import candidates, place_one, plan
from matching.engine.reasons import Reason
from matching.engine.rules import refusals
from matching.engine.values import Arrangement, Held, Leg, Need, Offer, Placement, Plan, Prices, Step, Unplaced

__all__ = [
    "Arrangement",
    "Held",
    "Leg",
    "Need",
    "Offer",
    "Placement",
    "Plan",
    "Prices",
    "Reason",
    "Step",
    "Unplaced",
    "candidates",
    "place_one",
    "plan",
    "refusals",
]
