"""Every way to meet one need by one leg, found by one pass of numpy over the offers.

This answers for a single need, and counts the reasons why it is left over. It needs no numba, so that a web process starts
and answers at once. `matching.engine.compiled` makes a whole plan.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from matching.engine.arrays import BoolVector, FloatVector, IntVector
from matching.engine.objective import FIT_SHARE, PARTIAL_BASE, PARTIAL_SHARE, weight
from matching.engine.reasons import COUNTED_RULES, WIDER, Code, Obstacles
from matching.engine.rules import has_room
from matching.engine.values import Leg, Need, Offer
from places.earth import KM_PER_DEGREE, RADIUS_KM


@dataclass(slots=True)
class Columns:
    """Ways to place needs by one leg, as columns: way `i` places `need[i]` in `offer[i]` on the nights `[start[i], end[i])`.

    Nights count from the first day of the field. `load` is people, or 1 where the offer is not shared.
    """

    need: IntVector
    offer: IntVector
    start: IntVector
    end: IntVector
    load: IntVector
    value: FloatVector

    def __len__(self) -> int:
        return len(self.need)


class NeedsAndOffers:
    """Needs and offers as arrays. Night 0 is the first night that any need wants."""

    def __init__(self, needs: Sequence[Need], offers: Sequence[Offer]) -> None:
        self.needs, self.offers = needs, offers
        self.first_day = min((need.first_night.toordinal() for need in needs), default=0)
        last = max((need.first_night.toordinal() + need.nights for need in needs), default=0)
        self.nights = max(1, last - self.first_day)
        self.room = np.array([offer.beds if offer.shared else 1 for offer in offers], dtype=np.int64)
        """What each offer holds in a night: people where shared, one household where not."""
        self.has_held = np.array([bool(offer.held) for offer in offers], dtype=bool)
        self._rows(offers)

    def _rows(self, offers: Sequence[Offer]) -> None:
        """Lay out one row for each window of each offer that is vetted, listed and fresh, sorted by latitude."""
        open_now = [
            (offer.lat, index, first.toordinal() - self.first_day, last.toordinal() - self.first_day)
            for index, offer in enumerate(offers)
            if offer.vetted and offer.listed and offer.fresh
            for first, last in offer.windows
        ]
        open_now.sort()
        self.row_lat = np.array([row[0] for row in open_now], dtype=float)
        self.row_offer = np.array([row[1] for row in open_now], dtype=np.int64)
        self.row_first = np.array([row[2] for row in open_now], dtype=np.int64)
        self.row_last = np.array([row[3] for row in open_now], dtype=np.int64)
        mine = [offers[row[1]] for row in open_now]
        self.row_cos = np.cos(np.radians(self.row_lat))
        self.row_lon = np.array([offer.lon for offer in mine], dtype=float)
        self.row_beds = np.array([offer.beds for offer in mine], dtype=np.int64)
        self.row_shared = np.array([offer.shared for offer in mine], dtype=bool)
        self.row_longest = np.array([offer.max_nights or 1_000_000 for offer in mine], dtype=np.int64)
        self.row_women = np.array([offer.who == "women" for offer in mine], dtype=bool)
        self.row_families = np.array([offer.who == "families" for offer in mine], dtype=bool)
        self.row_children = np.array([offer.children for offer in mine], dtype=bool)
        self.row_pets = np.array([offer.pets for offer in mine], dtype=bool)
        self.row_smoking = np.array([offer.smoking for offer in mine], dtype=bool)
        self.row_step_free = np.array([offer.step_free for offer in mine], dtype=bool)
        spoken = sorted({code for offer in offers for code in offer.languages})
        self.row_speaks = {code: np.array([code in offer.languages for offer in mine], dtype=bool) for code in spoken}

    def columns_for(self, need: Need, index: int = 0) -> Columns:
        """Return the ways of a need: one for each offer that no hard rule forbids. `index` is its number in them."""
        rows = self._near(need)
        start = need.first_night.toordinal() - self.first_day
        # Cheapest and most selective rules first: each shortens what the next one looks at.
        rows = rows[(self.row_first[rows] <= start) & (start < self.row_last[rows])]
        for _rule, allowed in self._house_rules(need):
            rows = rows[allowed(rows)]
        if need.apart:
            rows = rows[~self._among(need.apart, rows)]
        nights = np.minimum(np.minimum(self.row_last[rows] - start, self.row_longest[rows]), need.nights)
        km = self._km(need, rows)
        possible = (nights >= need.min_nights) & (km <= need.radius_km)
        rows, nights, km = rows[possible], nights[possible], km[possible]
        if self.has_held[self.row_offer[rows]].any():
            free = np.array(
                [self._is_free(need, row, n) for row, n in zip(rows.tolist(), nights.tolist(), strict=True)], dtype=bool
            )
            rows, nights, km = rows[free], nights[free], km[free]
        shared = self.row_shared[rows]
        filled = np.where(shared, 1.0, need.people / self.row_beds[rows])
        fit = 0.5 / (1 + km / 10) + 0.25 * self._speaks(need, rows) + 0.25 * filled
        covered = nights / need.nights
        worth = weight(need) * need.people * (PARTIAL_BASE + PARTIAL_SHARE * covered + FIT_SHARE * fit * covered)
        return Columns(
            need=np.full(len(rows), index, dtype=np.int64),
            offer=self.row_offer[rows],
            start=np.full(len(rows), start, dtype=np.int64),
            end=start + nights,
            load=np.where(shared, need.people, 1).astype(np.int64),
            value=worth,
        )

    def obstacles(self, need: Need) -> Obstacles:
        """Return what stands in the way of a need, in numbers of offers; nights that are held count as taken.

        Offers that are `apart` are counted as if they were not: no number differs because of one.
        """
        need = replace(need, apart=frozenset())
        rows = self._near(need)
        rows = rows[self._km(need, rows) <= need.radius_km]
        # An offer has a row for each window; it counts once.
        rows = rows[np.unique(self.row_offer[rows], return_index=True)[1]]
        within, refused = len(rows), dict.fromkeys(COUNTED_RULES, 0)
        for rule, allowed in self._house_rules(need):
            kept = rows[allowed(rows)]
            refused[rule] = len(rows) - len(kept)
            rows = kept
        any_stay = self.columns_for(replace(need, min_nights=1))
        nights = any_stay.end - any_stay.start
        most = int(nights[nights < need.min_nights].max(initial=0))
        wider = (self.columns_for(replace(need, radius_km=need.radius_km * factor)) for factor in WIDER)
        return Obstacles(
            within=within,
            refused=tuple(refused.values()),
            suitable=len(rows),
            possible=int((nights >= need.min_nights).sum()),
            wider=tuple(len(columns) for columns in wider),
            shorter=(most, int((nights == most).sum()) if most else 0),
        )

    def _near(self, need: Need) -> IntVector:
        """Return the rows whose latitude lets them be within the radius."""
        reach = need.radius_km / KM_PER_DEGREE + 1e-9
        low, high = np.searchsorted(self.row_lat, [need.lat - reach, need.lat + reach])
        return np.arange(low, high)

    def _house_rules(self, need: Need) -> list[tuple[Code, Callable[[IntVector], BoolVector]]]:
        """Return the rules that can refuse this need whatever the nights, each as a mask over rows."""
        rules: list[tuple[Code, Callable[[IntVector], BoolVector]]] = [
            (Code.COUNT_TOO_FEW_BEDS, lambda rows: self.row_beds[rows] >= need.people)
        ]
        if not need.all_women:
            rules.append((Code.COUNT_WOMEN_HOUSEHOLDS_ONLY, lambda rows: ~self.row_women[rows]))
        if need.women_only:
            rules.append((Code.COUNT_NOT_WOMEN_ONLY, lambda rows: self.row_women[rows]))
        if need.children:
            rules.append((Code.COUNT_NO_CHILDREN, lambda rows: self.row_children[rows]))
        else:
            rules.append((Code.COUNT_FAMILIES_ONLY, lambda rows: ~self.row_families[rows]))
        if need.pets:
            rules.append((Code.COUNT_NO_PETS, lambda rows: self.row_pets[rows]))
        if need.step_free:
            rules.append((Code.COUNT_NOT_STEP_FREE, lambda rows: self.row_step_free[rows]))
        if need.smoking is not None:
            rules.append((Code.COUNT_OTHER_SMOKING_RULE, lambda rows: self.row_smoking[rows] == need.smoking))
        if need.declined:
            rules.append((Code.COUNT_DECLINED_BEFORE, lambda rows: ~self._among(need.declined, rows)))
        if need.language_required:
            rules.append((Code.COUNT_NO_COMMON_LANGUAGE, lambda rows: self._speaks(need, rows).astype(bool)))
        return rules

    def _among(self, ids: frozenset[str], rows: IntVector) -> BoolVector:
        return np.array([self.offers[at].id in ids for at in self.row_offer[rows].tolist()], dtype=bool)

    def _speaks(self, need: Need, rows: IntVector) -> FloatVector:
        spoken = np.zeros(len(rows), dtype=bool)
        for code in need.languages:
            if code in self.row_speaks:
                spoken |= self.row_speaks[code][rows]
        return spoken.astype(float)

    def _km(self, need: Need, rows: IntVector) -> FloatVector:
        lat = np.radians(need.lat)
        half_lat = np.radians(self.row_lat[rows] - need.lat) / 2
        half_lon = np.radians(self.row_lon[rows] - need.lon) / 2
        chord = np.sin(half_lat) ** 2 + np.cos(lat) * self.row_cos[rows] * np.sin(half_lon) ** 2
        km: FloatVector = 2 * RADIUS_KM * np.arcsin(np.sqrt(np.minimum(chord, 1.0)))
        return km

    def _is_free(self, need: Need, row: int, nights: int) -> bool:
        offer = self.offers[int(self.row_offer[row])]
        last = need.first_night.fromordinal(need.first_night.toordinal() + nights)
        return has_room(offer, offer.held, Leg(offer.id, need.first_night, last, need.people))
