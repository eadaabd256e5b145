"""Advice on where one more bed would help most, from the prices of what is scarce.

The prices that prove a plan's bound say what every need pays for its nights. Suppose a new space is offered free of charge.
There each need could gain at most the value of its stay less its margin, which is the most that it is worth anywhere at
these prices. The promise is the best choice of these gains that fits into the space. With the promise added, the old
prices prove a bound for the week with the new space, bound + gain. So no plan of that week is worth more, and the promise
is kept up to the gap of the two plans.

The promise is then shared out as prices of the nights of the space, such that no stay gains more than its nights cost
(the dual of that choice). They say on which nights the space is missed.
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
"""Spaces that a host can be asked for: a room by its size, a room that meets one need that few spaces meet, a shared hall.

Each meets one special need only. So its price, beside that of the double room, says how much spaces for that need are missed.
"""


@dataclass(frozen=True, slots=True)
class Advice:
    """What a space of a kind would add, free on the nights `[first_night, last_day)` at a point given in degrees.

    `gain` is the promise for all its beds, in units of the objective: no plan with the space is worth more than the old
    bound plus the promise. `at_least` is the gain of the present plan when it takes the space and moves nobody out. `nights`
    has the price of each night that has one.
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
        """Return the advised space as an offer of this id."""
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
    """Return the languages that most hosts speak, as a guess for a new host."""
    counted = Counter(offer.languages for offer in offers)
    return min(counted, key=lambda spoken: (-counted[spoken], sorted(spoken))) if counted else frozenset()
