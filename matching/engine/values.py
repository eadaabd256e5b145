"""The plain values of the engine: what goes in (needs and offers) and what comes out (a plan)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matching.engine.advice import Advice
    from matching.engine.reasons import Reason

Window = tuple[date, date]
"""The nights `[first_night, last_day)`."""

Prices = dict[tuple[str, date], tuple[float, ...]]
"""By offer id and night, the price mu_j of each j = 1, 2, ... in units of the objective."""


@dataclass(frozen=True, slots=True)
class Need:
    """What one household needs: room for `people` on `nights` nights from `first_night` on, around a point in degrees.

    `children` of the people are children. `min_nights` is the shortest stay that helps. `smoking`: True needs a space
    where smoking is allowed, False one where it is not, None takes either. `languages` are ISO 639-1 codes. `urgency`
    is 1, 1.5, 2.5 or 4, `days_waiting` at least 0. `declined` are the ids of offers that it may not have.
    `apart` are the ids of further offers that it may not have; each reads as taken, and nothing counts or names it.
    """

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
    apart: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Held:
    """Beds that a live match holds: `people` on the nights `[first_night, last_day)`."""

    first_night: date
    last_day: date
    people: int


@dataclass(frozen=True, slots=True)
class Offer:
    """One space: its beds, its house rules, and the windows `[first_night, last_day)` in which it is open.

    A space that is not `shared` takes one household at a time. `max_nights` is the longest stay (None: no limit). `who`
    is "anyone", "women" (households of women only) or "families" (with a child). Only an offer that is vetted, listed
    and fresh is planned. `held` is what live matches take of its beds. Windows that touch or overlap become one: a leg
    lies in one window, and a household does not care by which of two entries its nights are free.
    """

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

    def __post_init__(self) -> None:
        if len(self.windows) > 1:
            object.__setattr__(self, "windows", joined(self.windows))


def joined(windows: Iterable[Window]) -> tuple[Window, ...]:
    """Return the windows in order, with those that touch or overlap made one."""
    found: list[Window] = []
    for first, last in sorted(windows):
        if found and first <= found[-1][1]:
            found[-1] = found[-1][0], max(found[-1][1], last)
        else:
            found.append((first, last))
    return tuple(found)


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
    """Return bound / objective - 1; 0 where nothing can be gained, inf where nothing is gained yet."""
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
        """Return bound / objective - 1 as soon as both are known, else None."""
        if self.bound is None or not self.objective:
            return None
        return gap_between(self.bound, self.objective)


@dataclass(frozen=True, slots=True)
class Plan:
    """The engine's answer.

    `bound` is a proven upper bound on the objective of every plan, and `prices` proves it (docs/matching.md, "The bound").
    `seconds` is by phase. `advice` says where one more space would add most, the most for a bed first.
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
        """Return bound / objective - 1; 0 for an empty plan that is proven best."""
        return gap_between(self.bound, self.objective)
