"""The engine: plain values in, a plan out. The same input gives the same plan. It knows no clock, database or Django.

`plan` plans a batch of needs. `place_one` places one need beside what is held, and `candidates` ranks the offers
possible for it. `refusals` gives the reason of each hard rule that forbids a pair.
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
