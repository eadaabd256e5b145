"""The report on waiting: how many of those who waited longest a plan places."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from matching.engine.values import Need


@dataclass(frozen=True, slots=True)
class Tenth:
    """A tenth of the needs by days waited: the fewest and the most days, and how many needs and people are placed and left."""

    days_from: float
    days_to: float
    placed: int
    left: int
    people_placed: int
    people_left: int


def by_days_waited(needs: Sequence[Need], placed: Collection[str]) -> tuple[Tenth, ...]:
    """Return the tenths of the needs by days waited, the longest first; fewer than ten where there are fewer needs.

    `placed` are the ids of the needs that the plan places.
    """
    order = sorted(needs, key=lambda need: (-need.days_waiting, need.id))
    tenths = [order[len(order) * tenth // 10 : len(order) * (tenth + 1) // 10] for tenth in range(10)]
    return tuple(_tenth(tenth, placed) for tenth in tenths if tenth)


def _tenth(needs: Sequence[Need], placed: Collection[str]) -> Tenth:
    inside = [need for need in needs if need.id in placed]
    return Tenth(
        days_from=needs[-1].days_waiting,
        days_to=needs[0].days_waiting,
        placed=len(inside),
        left=len(needs) - len(inside),
        people_placed=sum(need.people for need in inside),
        people_left=sum(need.people for need in needs) - sum(need.people for need in inside),
    )
