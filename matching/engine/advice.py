"""Where one more space would help most, by the prices that prove a plan's bound.

Under these prices each need pays for the nights of its stay. A need's margin is the most that any of its ways is worth
after paying. In a new space that costs nothing, a need could gain at most the value of a stay there, less this margin.
The promised gain is the best choice among these stays that fits into the space. The old prices then prove a bound for
the week with the new space: the old bound plus the gain. No plan of that week is worth more. The two plans together
may fall short of the promise by no more than their gaps.

The dual of that choice gives each night of the new space a price: the prices add up to the promise, and no stay gains
more than its nights cost. So the prices say on which nights the space is missed.
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
"""The spaces one can ask hosts for: rooms of three sizes, rooms that meet one special need, a shared hall.

Each room for a special need differs from the double room in this need only. So its gain beside the double room's says
how scarce space for this need is.
"""


@dataclass(frozen=True, slots=True)
class Advice:
    """The worth of one more space of this kind at this point, free from `first_night` until `last_day`.

    `gain` is the promise for all its beds, in units of the objective: no plan with the space is worth more than the old
    bound plus `gain`. `at_least` is the gain of the plan at hand when it uses the space and moves nobody.
    `nights` holds the prices of the nights; nights that cost nothing are left out. `lat` and `lon` are degrees.
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
        """Return the advised space as an offer with this id."""
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
