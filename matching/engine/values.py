"""The plain values of the engine: what goes in (needs and offers) and what comes out (a plan)."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matching.engine.advice import Advice
    from matching.engine.reasons import Reason

Window = tuple[date, date]
Prices = dict[tuple[str, date], tuple[float, ...]]


@dataclass(frozen=True, slots=True)
class Need:
    """One household's need. Days are half-open: `nights` from `first_night` on; distances in km; `days_waiting` >= 0."""

    id: str
    lat: float
    lon: float
    radius_km: float
    people: int
    children: int
    all_women: bool
    first_night: date
    nights: int
    min_nights: int
    pets: bool
    step_free: bool
    women_only: bool
    smoking: bool | None
    languages: frozenset[str]
    language_required: bool
    urgency: float
    days_waiting: float
    may_move: bool = False
    may_split: bool = False
    declined: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Held:
    """Beds that a live match holds already: `people` on the nights `[first_night, last_day)`."""

    first_night: date
    last_day: date
    people: int


@dataclass(frozen=True, slots=True)
class Offer:
    """One space: its beds, house rules, and the windows `[first_night, last_day)` in which it is free."""

    id: str
    lat: float
    lon: float
    beds: int
    shared: bool
    windows: tuple[Window, ...]
    max_nights: int | None
    who: str
    children: bool
    pets: bool
    smoking: bool
    step_free: bool
    languages: frozenset[str]
    vetted: bool = True
    listed: bool = True
    fresh: bool = True
    held: tuple[Held, ...] = ()


@dataclass(frozen=True, slots=True)
class Leg:
    """One household (or, in a split, `people` of it) in one space for the nights `[first_night, last_day)`."""

    offer_id: str
    first_night: date
    last_day: date
    people: int

    @property
    def nights(self) -> int:
        return (self.last_day - self.first_night).days


@dataclass(frozen=True, slots=True)
class Placement:
    """Where a need is met, its share of the objective, and the reasons for it."""

    need_id: str
    legs: tuple[Leg, ...]
    score: float
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class Arrangement:
    """A board's answer for one need: its placement, and the new placements of those who move to make room.

    `moved` is mostly empty. `gain` is in units of the objective. Where nobody moves it is the score of the placement.
    Where somebody moves it is the score, less the best score without moving anybody, less the cost to those who move.
    """

    placement: Placement
    moved: tuple[Placement, ...]
    gain: float


@dataclass(frozen=True, slots=True)
class Unplaced:
    """A need that is left over, and why."""

    need_id: str
    reasons: tuple[Reason, ...]


def gap_between(bound: float, objective: float) -> float:
    """Return bound/objective - 1; 0 where nothing can be gained, infinite where nothing is gained yet."""
    if objective > 0:
        return bound / objective - 1
    return 0.0 if bound <= 0 else float("inf")


@dataclass(frozen=True, slots=True)
class Step:
    """How far a plan is: the phase, the share of it that is done (0 to 1), and the figures known so far."""

    phase: str
    done: float
    objective: float | None = None
    bound: float | None = None

    @property
    def gap(self) -> float | None:
        """Return bound/objective - 1 as soon as both are known."""
        if self.bound is None or not self.objective:
            return None
        return gap_between(self.bound, self.objective)


@dataclass(frozen=True, slots=True)
class Plan:
    """The engine's answer.

    `bound` is a proven upper bound on the objective of every plan; `gap` is bound/objective - 1. `prices`
    proves it: for (offer id, night) the price mu_j of each j = 1, 2, ... in units of the objective (see
    docs/matching.md). `seconds` is by phase. `advice` says where one more space would add most, the most for a bed first.
    """

    placements: tuple[Placement, ...]
    unplaced: tuple[Unplaced, ...]
    objective: float
    bound: float
    prices: Prices = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    advice: tuple[Advice, ...] = ()

    @property
    def gap(self) -> float:
        """Return bound/objective - 1; 0 for an empty plan that is proven best."""
        return gap_between(self.bound, self.objective)
