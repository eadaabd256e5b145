"""Where one more bed would help most: the prices of what is scarce, as advice.

The prices of a plan's proof say what every need pays for its nights. Were a new space offered free of charge, each need
could gain there at most the value of its stay less its margin (the most it is worth anywhere at these prices). Of
these gains the best choice that fits the space is what is promised. With it the old prices prove a bound for the week with the
new space: bound + gain. So no plan of that week is worth more, and the promise is kept up to the gap of the two plans.

Prices of its nights add up to the promise, such that no stay gains more than its nights cost (the dual of that choice):
they say on which nights the space is missed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from matching.engine.values import Offer


@dataclass(frozen=True, slots=True)
class SpaceKind:
    """A kind of space that a host might offer."""

    name: str
    beds: int
    shared: bool = False
    who: str = "anyone"
    children: bool = True
    pets: bool = False
    step_free: bool = False


KINDS = (
    SpaceKind("single", beds=1, children=False),
    SpaceKind("double", beds=2),
    SpaceKind("family", beds=4),
    SpaceKind("women", beds=2, who="women"),
    SpaceKind("step-free", beds=2, step_free=True),
    SpaceKind("pets", beds=2, pets=True),
    SpaceKind("shared", beds=4, shared=True),
)
"""What one can ask hosts for: a room by its size, a room that meets one of the needs few spaces meet, a shared hall.

Each meets one special need only, so that its price beside that of the double room says what this need is short of.
"""


@dataclass(frozen=True, slots=True)
class Advice:
    """What a space of a kind, free all these nights at this point, would add; `nights` has the price of each that has one.

    `gain` is the promise, in units of the objective, for all its beds: no plan with the space is worth more than the old bound
    and the promise. `at_least` is what the plan at hand gains when it takes the space and moves nobody out.
    """

    kind: SpaceKind
    lat: float
    lon: float
    first_night: date
    last_day: date
    languages: frozenset[str]
    gain: float
    at_least: float
    nights: tuple[tuple[date, float], ...]

    @property
    def gain_per_bed(self) -> float:
        return self.gain / self.kind.beds

    def as_offer(self, offer_id: str) -> Offer:
        """Return the advised space."""
        return Offer(
            id=offer_id,
            lat=self.lat,
            lon=self.lon,
            beds=self.kind.beds,
            shared=self.kind.shared,
            windows=((self.first_night, self.last_day),),
            max_nights=None,
            who=self.kind.who,
            children=self.kind.children,
            pets=self.kind.pets,
            smoking=False,
            step_free=self.kind.step_free,
            languages=self.languages,
        )


def usual_languages(offers: Sequence[Offer]) -> frozenset[str]:
    """Return the languages that most hosts speak: a new host will probably do so as well."""
    counted = Counter(offer.languages for offer in offers)
    return min(counted, key=lambda spoken: (-counted[spoken], sorted(spoken))) if counted else frozenset()
