"""Recomputing the bound from the published prices, over every possible way of every request.

For prices mu_j >= 0 of (space, night, j), with B beds free in that night, j = 1, 2, ... up to B where shared and
B = 1 household where not:

    bound = sum of mu_j x floor(B / j)  +  sum over requests of max(0, the best of value - price over all its ways)

where a household of s people (s = 1 where not shared) pays sum over j of mu_j x floor(s / j) for each night. No
plan can be worth more. Its ways are among all ways, and they pay at most the cost of all beds, since the sum of
floor(s / j) over the households in a space is at most floor(B / j).
Like `checking`, this module shares no code with the solver. Of `checking` it takes only the radius of the Earth.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import numpy as np

from matching.engine.arrays import BoolVector, FloatVector, IntVector
from matching.engine.checking import EARTH_KM
from matching.engine.values import Need, Offer, Prices


def recompute_bound(
    needs: Sequence[Need], offers: Sequence[Offer], prices: Prices, told: Callable[[float], None] | None = None
) -> float:
    """Return the bound that the prices prove, in units of the objective.

    `told` is called now and then with the share that is done, from 0 to 1. Raises ValueError for a price below 0 or
    for an unknown space, since they would prove nothing.
    """
    offers = [offer for offer in offers if offer.vetted and offer.listed and offer.fresh]
    needs = [need for need in needs if need.children < need.people]
    if not needs or not offers:
        return 0.0
    ledger = _Ledger(needs, offers, prices)
    total = ledger.all_beds()
    for at, need in enumerate(needs):
        if told and at % 1000 == 0:
            told(at / len(needs))
        total += max(0.0, ledger.best_of(need))
    return total


@dataclass
class _Ledger:
    """Offers sorted by latitude, and what a household of each size pays for the nights before each night."""

    needs: Sequence[Need]
    offers: Sequence[Offer]
    prices: Prices
    first_day: int = 0
    columns: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.offers = sorted(self.offers, key=lambda offer: offer.lat)
        self.first_day = min(need.first_night.toordinal() for need in self.needs)
        self.nights = max(need.first_night.toordinal() + need.nights for need in self.needs) - self.first_day
        self.largest = max(need.people for need in self.needs)
        for name in ("lat", "lon", "beds", "shared", "children", "pets", "smoking", "step_free"):
            self.columns[name] = np.array([getattr(offer, name) for offer in self.offers])
        self.longest = np.array([offer.max_nights or 10**6 for offer in self.offers])
        self.who = np.array([offer.who for offer in self.offers])
        codes = {code for offer in self.offers for code in offer.languages}
        self.speaks = {code: np.array([code in offer.languages for offer in self.offers]) for code in codes}
        self.number = {offer.id: at for at, offer in enumerate(self.offers)}
        self._fill_windows()
        self._fill_prices()

    def _fill_windows(self) -> None:
        self.closes = np.zeros((len(self.offers), self.nights + 1), dtype=np.int32)
        self.taken = np.zeros((len(self.offers), self.nights), dtype=np.int32)
        for at, offer in enumerate(self.offers):
            for opens, closes in offer.windows:
                self.closes[at, self._night(opens) : self._night(closes)] = closes.toordinal() - self.first_day
            for held in offer.held:
                load = held.people if offer.shared else 1
                self.taken[at, self._night(held.first_night) : self._night(held.last_day)] += load
        self.has_held = np.any(self.taken, axis=1)

    def _night(self, day: date) -> int:
        return max(0, day.toordinal() - self.first_day)

    def _fill_prices(self) -> None:
        sizes = [min(offer.beds, self.largest) if offer.shared else 1 for offer in self.offers]
        self.row = np.concatenate([[0], np.cumsum(sizes)])
        mu = np.zeros((self.row[-1], self.nights))
        for (offer_id, day), each in self.prices.items():
            if min(each) < 0:
                raise ValueError(f"a price below 0 for {offer_id} on {day}")
            if offer_id not in self.number:
                raise ValueError(f"a price for {offer_id}, which is no space that may be matched")
            at = self.row[self.number[offer_id]]
            mu[at : at + len(each), day.toordinal() - self.first_day] = each
        self.beds_cost = 0.0
        self.before = np.zeros((len(mu), self.nights + 1))
        for at, offer in enumerate(self.offers):
            row = self.row[at]
            room = np.maximum((offer.beds if offer.shared else 1) - self.taken[at], 0)
            for j in range(1, sizes[at] + 1):
                self.beds_cost += float((mu[row + j - 1] * (room // j)).sum())
            for size in range(1, sizes[at] + 1):
                pays = sum(mu[row + j - 1] * (size // j) for j in range(1, size + 1))
                np.cumsum(pays, out=self.before[row + size - 1, 1:])

    def all_beds(self) -> float:
        """Return the cost of all free beds together: the first sum of the bound."""
        return self.beds_cost

    def best_of(self, need: Need) -> float:
        """Return the best of value - price over all ways of the need; -inf when it has none."""
        which, suits = self._possible(need)
        if len(which) == 0:
            return -np.inf
        best = self._best_single(need, which, suits)
        if need.may_move and need.nights >= 4:
            best = max(best, self._best_move(need, which, suits))
        if need.may_split and need.people >= 2:
            best = max(best, self._best_split(need, which, suits))
        return best

    def _weight(self, need: Need) -> float:
        return need.people * need.urgency * (1 + 0.05 * min(14.0, max(0.0, need.days_waiting)))

    def _possible(self, need: Need) -> tuple[IntVector, FloatVector]:
        """Return the offers that no rule forbids, apart from rules on beds and nights, and their fit without beds."""
        reach = np.degrees(need.radius_km / EARTH_KM) + 1e-6
        low, high = np.searchsorted(self.columns["lat"], [need.lat - reach, need.lat + reach])
        which = np.arange(low, high)
        for name in ("children", "pets", "step_free"):
            if getattr(need, name):
                which = which[self.columns[name][which]]
        if need.smoking is not None:
            which = which[self.columns["smoking"][which] == need.smoking]
        if need.women_only:
            which = which[self.who[which] == "women"]
        if not need.all_women:
            which = which[self.who[which] != "women"]
        if not need.children:
            which = which[self.who[which] != "families"]
        km = self._km(need.lat, need.lon, which)
        which, km = which[km <= need.radius_km], km[km <= need.radius_km]
        speak: BoolVector = np.zeros(len(which), dtype=bool)
        for code in need.languages & self.speaks.keys():
            speak |= self.speaks[code][which]
        suits = 0.5 / (1 + km / 10) + 0.25 * speak
        allowed: BoolVector = np.ones(len(which), dtype=bool)
        if need.language_required:
            allowed = speak
        for offer_id in (need.declined | need.apart) & self.number.keys():
            allowed = np.logical_and(allowed, which != self.number[offer_id])
        return which[allowed], suits[allowed]

    def _km(self, lat: float, lon: float, which: IntVector) -> FloatVector:
        a, b = np.radians(lat), np.radians(self.columns["lat"][which])
        east = np.radians(self.columns["lon"][which] - lon)
        h = np.sin((b - a) / 2) ** 2 + np.cos(a) * np.cos(b) * np.sin(east / 2) ** 2
        km: FloatVector = 2 * EARTH_KM * np.arcsin(np.sqrt(np.minimum(1.0, h)))
        return km

    def _legs(
        self, need: Need, which: IntVector, suits: FloatVector, first: int, people: int
    ) -> tuple[IntVector, FloatVector]:
        """Return for each offer the day on which a leg from `first` on ends, and its value - price without the base of 0.4.

        Where no leg is possible that day is `first`.
        """
        end = need.first_night.toordinal() - self.first_day + need.nights
        last: IntVector = np.minimum(np.minimum(self.closes[which, first], first + self.longest[which]), end)
        last = np.maximum(last, first)
        beds, shared = self.columns["beds"][which], self.columns["shared"][which]
        last = np.where(beds >= people, last, first)
        for at in np.flatnonzero(self.has_held[which] & (last > first)):
            offer = which[at]
            room = (beds[at] if shared[at] else 1) - self.taken[offer, first : last[at]].max()
            if room < (people if shared[at] else 1):
                last[at] = first
        row = self.row[which] + np.where(shared & (beds >= people), people - 1, 0)
        price = self.before[row, last] - self.before[row, first]
        covered = people / need.people * (last - first) / need.nights
        fit = suits + 0.25 * np.where(shared, 1.0, people / beds)
        return last, self._weight(need) * covered * (0.6 + 0.2 * fit) - price

    def _best_single(self, need: Need, which: IntVector, suits: FloatVector) -> float:
        first = need.first_night.toordinal() - self.first_day
        last, key = self._legs(need, which, suits, first, need.people)
        key = key[last - first >= max(1, need.min_nights)]
        return float(key.max()) + 0.4 * self._weight(need) if len(key) else -np.inf

    def _best_move(self, need: Need, which: IntVector, suits: FloatVector) -> float:
        first = need.first_night.toordinal() - self.first_day
        ends, key = self._legs(need, which, suits, first, need.people)
        best = -np.inf
        for change in np.unique(ends[(ends >= first + 2) & (ends <= first + need.nights - 2)]):
            last, after = self._legs(need, which, suits, int(change), need.people)
            early = np.flatnonzero(ends == change)
            late = np.flatnonzero((last >= change + 2) & (last - first >= need.min_nights))
            # The two best of each side: one pair of them is not twice the same space.
            early = early[np.argsort(-key[early])[:2]]
            late = late[np.argsort(-after[late])[:2]]
            for one in early:
                for other in late:
                    if one != other:
                        best = max(best, float(key[one] + after[other]))
        return best + (0.4 - 0.1) * self._weight(need)

    def _best_split(self, need: Need, which: IntVector, suits: FloatVector) -> float:
        first = need.first_night.toordinal() - self.first_day
        best = -np.inf
        for some in range(1, need.people // 2 + 1):
            ends, key = self._legs(need, which, suits, first, some)
            other_ends, other_key = self._legs(need, which, suits, first, need.people - some)
            ones = np.flatnonzero(ends == first + need.nights)
            others = np.flatnonzero(other_ends == first + need.nights)
            if not len(ones) or not len(others):
                continue
            most = float(other_key[others].max())
            for one in ones[np.argsort(-key[ones])]:
                if key[one] + most <= best:
                    break
                lat, lon = self.columns["lat"][which[one]], self.columns["lon"][which[one]]
                close = others[(self._km(lat, lon, which[others]) <= 5.0) & (others != one)]
                if len(close):
                    best = max(best, float(key[one] + other_key[close].max()))
        return best + (0.4 - 0.15) * self._weight(need)
