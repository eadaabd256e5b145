"""The incremental way in: the present state in memory, one new need placed or one freed space refilled in milliseconds.

A board knows the offers, what is held in them, who waits, and which placements stand. Questions (`place`, `refill`)
change nothing; whoever has written an answer down tells the board with `stand`. It is for one thread at a time.
"""

from __future__ import annotations

import functools
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import date

import numpy as np

from matching.engine.compiled.legs import WIDTH
from matching.engine.compiled.placing import best_free_way, best_in_turn, best_together, ways_wished, who_could_stay
from matching.engine.compiled.present import Present
from matching.engine.compiled.week import Array, Wants
from matching.engine.compiled.why import obstacles_of
from matching.engine.objective import LOYALTY, score, weight
from matching.engine.reasons import CHILDREN_ALONE, why_left_over, why_placed
from matching.engine.values import Arrangement, Held, Leg, Need, Offer, Placement, Unplaced

MOST_MOVED, TRIES = 3, 10
"""Placements one arrangement may move, and searches for another place that one need may cause."""

WISHES = 16
TWO_LEGS_TRIED = 12
"""Needs that a refill tries by two legs, when one leg is not possible for them."""


@dataclass(frozen=True, slots=True)
class _Standing:
    need: Need
    placement: Placement
    movable: bool


class Board:
    """Offers and needs as they are now. Every change takes the time of one row, not of all."""

    def __init__(self, needs: Iterable[Need], offers: Iterable[Offer]) -> None:
        """`needs` are those who wait; `offers` with all that is held beside the placements later told by `stand`."""
        self._now = Present(needs, offers)
        self._standing: dict[str, _Standing] = {}
        self._inside: defaultdict[str, set[str]] = defaultdict(set)

    # -- what is there ----------------------------------------------------------------------------

    @property
    def waiting(self) -> tuple[str, ...]:
        """Return the ids of the needs that wait, in no particular order."""
        return tuple(self._now.waiting)

    @property
    def offers(self) -> tuple[str, ...]:
        return tuple(self._now.offers)

    def standing(self, need_id: str) -> Placement | None:
        """Return the placement of a need that stands on the board."""
        there = self._standing.get(need_id)
        return there.placement if there else None

    # -- changes ----------------------------------------------------------------------------------

    def put_offer(self, offer: Offer) -> None:
        """Add an offer, or put it in place of the one of its id; `held` without the placements that stand here."""
        if self._now.put_offer(offer):
            self._take_all_again()
            return
        for need_id in self._inside.get(offer.id, ()):
            self._take(self._standing[need_id], only=offer.id)

    def drop_offer(self, offer_id: str) -> None:
        """Forget an offer. Placements that stand in it do so no longer: their needs wait. Raises KeyError."""
        for need_id in sorted(self._inside.get(offer_id, ())):
            self.lift(need_id)
        self._now.drop_offer(offer_id)

    def put_need(self, need: Need) -> None:
        """Let a need wait, in place of the one of its id; a placement of it stands no longer."""
        self.drop_need(need.id)
        self._reach(need)
        self._now.put_need(need)

    def drop_need(self, need_id: str) -> None:
        """Forget a need and its placement; nothing happens where there is none."""
        if need_id in self._standing:
            self._give_back(need_id)
        self._now.drop_need(need_id)

    def hold(self, offer_id: str, held: Held) -> None:
        """Take nights for somebody the board need not know. Raises KeyError for an unknown offer."""
        offer = self._now.offers[offer_id]
        self._now.offers[offer_id] = replace(offer, held=(*offer.held, held))
        self._now.take(offer_id, held)

    def release(self, offer_id: str, held: Held) -> None:
        """Give nights back that were held. Raises KeyError for an unknown offer, ValueError when nobody held them."""
        offer = self._now.offers[offer_id]
        left = list(offer.held)
        left.remove(held)
        self._now.offers[offer_id] = replace(offer, held=tuple(left))
        self._now.take(offer_id, held, -1)

    def stand(self, need: Need, placement: Placement, *, movable: bool = True) -> None:
        """Let a placement hold its beds; the need no longer waits, and one it had stands no longer.

        `movable`: it may move to make room for another (proposed, not yet approved). Raises KeyError for an
        unknown offer. Nothing else is checked: what is written down is so.
        """
        for leg in placement.legs:
            self._now.offers[leg.offer_id]
        self.drop_need(need.id)
        self._reach(need)
        there = _Standing(need, placement, movable)
        self._standing[need.id] = there
        for leg in placement.legs:
            self._inside[leg.offer_id].add(need.id)
        self._take(there)

    def settle(self, need_id: str) -> None:
        """Let a placement that stands no longer be moved (it was approved). Raises KeyError."""
        there = self._standing[need_id]
        self.stand(there.need, there.placement, movable=False)

    def lift(self, need_id: str) -> None:
        """Let a placement stand no longer; its need waits again. Raises KeyError."""
        need = self._standing[need_id].need
        self._give_back(need_id)
        self.put_need(need)

    # -- questions --------------------------------------------------------------------------------

    def place(self, need: Need, *, worth_moving: float = 0.0) -> Arrangement | Unplaced:
        """Return the most valuable way to place a need in what is free: one leg, a move or a split.

        Where that is less than a roof for all its nights, placements that stand and are movable may make room
        (each finds another place: nobody loses one), when the gain is more than `worth_moving`. The need may be on the
        board or not.
        """
        if need.children == need.people:
            return Unplaced(need.id, (CHILDREN_ALONE,))
        self._reach(need)
        with self._without(need.id):
            return self._answer(need, worth_moving)

    def _answer(self, need: Need, worth_moving: float) -> Arrangement | Unplaced:
        wants = self._now.encode(need)
        value, way = self._best_free_way(wants)
        found = self._placement(need, way) if value > 0 else None
        if value < weight(need) * need.people:
            arranged = self._make_room(need, wants, max(value, 0.0), worth_moving)
            if arranged is not None:
                return arranged
        if found is not None:
            return Arrangement(found, (), found.score)
        now = self._now
        return Unplaced(need.id, why_left_over(need, obstacles_of(wants, now.sites, now.free, now.before)))

    def refill(self, offer_id: str) -> tuple[Placement, ...]:
        """Return placements of needs that wait in what is free of an offer: as valuable a choice of them as is found.

        Where one household may stay at a time no better choice of legs exists; where beds are shared the better
        of two greedy ones is taken. What is still free is then tried for moves and splits. Raises KeyError.
        """
        now = self._now
        at = now.row_of[offer_id]
        room = len(now.wants.people)
        seats, values, lasts = np.empty(room, dtype=np.int64), np.empty(room), np.empty(room, dtype=np.int64)
        count = who_could_stay(now.wants, now.sites, len(now.needs_in_line), at, now.free, seats, values, lasts)
        allowed = [
            which
            for which, need in enumerate(now.in_line(seats[:count].tolist()))
            if offer_id not in need.declined and need.children < need.people
        ]
        seats, values, lasts = seats[:count][allowed], values[:count][allowed], lasts[:count][allowed]
        chosen = self._choose(at, seats, values, lasts)
        found = [
            self._placement(need, np.array([at, now.wants.first[seat], last, need.people, -1, 0, 0, 0]))
            for seat, last in zip(seats[chosen].tolist(), lasts[chosen].tolist(), strict=True)
            for need in now.in_line([seat])
        ]
        return tuple(found + self._by_two_legs(offer_id, found))

    # -- how --------------------------------------------------------------------------------------

    def _choose(self, at: int, seats: Array, values: Array, lasts: Array) -> Array:
        """Return which of those who could stay in row `at` should."""
        wants, room = self._now.wants, self._now.free[at]
        firsts, people = wants.first[seats].astype(np.int64), wants.people[seats].astype(np.int64)
        if not self._now.sites.shared[at]:
            order = np.lexsort((seats, firsts))
            inside = best_in_turn(firsts[order], lasts[order], values[order], self._now.nights)
            return np.sort(order[inside])
        by_value = np.argsort(-values, kind="stable")
        by_bed = np.argsort(-values / (people * (lasts - firsts)), kind="stable")
        choices = [best_together(order, firsts, lasts, people, room) for order in (by_value, by_bed)]
        return np.flatnonzero(max(choices, key=lambda chosen: float(values[chosen].sum())))

    def _by_two_legs(self, offer_id: str, found: Sequence[Placement]) -> list[Placement]:
        """Return placements by two legs, one of them in the offer, for those who wait and agreed to that."""
        now, offer = self._now, self._now.offers[offer_id]
        at, done = now.row_of[offer_id], {placement.need_id for placement in found}
        wants, end = now.wants, len(now.needs_in_line)
        agreed = (wants.may_move[:end] | wants.may_split[:end]) & (wants.people[:end] > 0)
        agreed &= (wants.requires[:end] & ~now.sites.allows[at]) == 0
        agreed &= np.abs(wants.lat[:end] - offer.lat) <= wants.radius[:end] / 111
        seats = np.flatnonzero(agreed)
        seats = seats[np.argsort(-wants.worth[seats], kind="stable")]
        tried, more = 0, list[Placement]()
        with ExitStack() as until_here:
            for placement in found:
                until_here.enter_context(self._with(placement))
            for need in now.in_line(seats.tolist()):
                if need.id in done or tried == TWO_LEGS_TRIED:
                    continue
                tried += 1
                value, way = self._best_free_way(now.encode(need))
                if value > 0 and way[4] >= 0 and at in (way[0], way[4]):
                    more.append(self._placement(need, way))
                    until_here.enter_context(self._with(more[-1]))
        return more

    def _make_room(self, need: Need, wants: Wants, otherwise: float, worth_moving: float) -> Arrangement | None:
        """Return the best way that opens when others move, if it gains more than it costs them; `otherwise`: without."""
        now = self._now
        keys, ways = np.empty(WISHES), np.empty((WISHES, WIDTH), dtype=np.int64)
        count = ways_wished(wants, now.sites, 0, now.before, now.room, now.found, now.suits, keys, ways)
        best, tries = None, TRIES
        for at in np.argsort(-keys[:count], kind="stable").tolist():
            gained = float(keys[at]) - otherwise
            if gained <= (best.gain if best else worth_moving):
                break
            out = self._in_the_way(ways[at])
            if not out or len(out) > tries:
                continue
            tries -= len(out)
            found = self._rearranged(need, ways[at], out)
            if found is None:
                continue
            moved, lost = found
            if gained - lost > (best.gain if best else worth_moving):
                best = Arrangement(self._placement(need, ways[at]), moved, gained - lost)
        return best

    def _in_the_way(self, way: Array) -> list[_Standing]:
        """Return the movable placements to move for a way, the largest households first; none when too many."""
        now, out = self._now, dict[str, _Standing]()
        for offer, first, last, people in way.reshape(2, 4).tolist():
            if offer < 0:
                continue
            load = people if now.sites.shared[offer] else 1
            short = load - now.free[offer, first:last]
            inside = [self._standing[need_id] for need_id in sorted(self._inside[now.id_of[offer]])]
            for there in sorted(inside, key=lambda there: -there.need.people):
                if (short <= 0).all():
                    break
                for leg in there.placement.legs:
                    begins, ends = self._nights(leg)
                    overlap = slice(max(begins - first, 0), max(ends - first, 0))
                    if there.movable and leg.offer_id == now.id_of[offer] and (short[overlap] > 0).any():
                        short[overlap] -= leg.people if now.sites.shared[offer] else 1
                        out[there.need.id] = there
        return list(out.values()) if len(out) <= MOST_MOVED else []

    def _rearranged(
        self, need: Need, way: Array, out: Sequence[_Standing]
    ) -> tuple[tuple[Placement, ...], float] | None:
        """Return where those who are out would stay instead, and what that costs; None when one would stay nowhere."""
        moved, lost = list[Placement](), 0.0
        with ExitStack() as until_here:
            for there in out:
                until_here.enter_context(self._without(there.need.id))
            until_here.enter_context(self._with(self._placement(need, way)))
            for there in sorted(out, key=lambda there: (-there.placement.score, there.need.id)):
                value, other = self._best_free_way(self._now.encode(there.need))
                if value <= 0:
                    return None
                moved.append(self._placement(there.need, other))
                until_here.enter_context(self._with(moved[-1]))
                lost += there.placement.score - moved[-1].score
                lost += LOYALTY * weight(there.need) * there.need.people
        return tuple(moved), lost

    def _best_free_way(self, wants: Wants) -> tuple[float, Array]:
        now = self._now
        value, way = best_free_way(wants, now.sites, 0, now.before, now.free, now.found, now.suits)
        return float(value), way

    def _placement(self, need: Need, way: Array) -> Placement:
        now = self._now
        legs = tuple(
            Leg(now.id_of[offer], _day(now.first_day + first), _day(now.first_day + last), people)
            for offer, first, last, people in np.asarray(way).reshape(2, 4).tolist()
            if offer >= 0
        )
        pairs = tuple((leg, now.offers[leg.offer_id]) for leg in legs)
        return Placement(need.id, legs, score(need, pairs), why_placed(need, pairs))

    # -- nights taken and given back --------------------------------------------------------------

    @contextmanager
    def _without(self, need_id: str) -> Iterator[None]:
        """Ask as if the placement of a need did not stand."""
        there = self._standing.get(need_id)
        if there is not None:
            self._take(there, -1)
        try:
            yield
        finally:
            if there is not None:
                self._take(there)

    @contextmanager
    def _with(self, placement: Placement) -> Iterator[None]:
        """Ask as if a placement stood."""
        for leg in placement.legs:
            self._now.take(leg.offer_id, _held(leg), movable=True)
        try:
            yield
        finally:
            for leg in placement.legs:
                self._now.take(leg.offer_id, _held(leg), -1, movable=True)

    def _take(self, there: _Standing, times: int = 1, *, only: str | None = None) -> None:
        for leg in there.placement.legs:
            if only in (None, leg.offer_id):
                self._now.take(leg.offer_id, _held(leg), times, movable=there.movable)

    def _give_back(self, need_id: str) -> None:
        there = self._standing.pop(need_id)
        self._take(there, -1)
        for leg in there.placement.legs:
            self._inside[leg.offer_id].discard(need_id)

    def _take_all_again(self) -> None:
        for there in self._standing.values():
            self._take(there)

    def _reach(self, need: Need) -> None:
        first = need.first_night.toordinal()
        if self._now.reach(first, first + need.nights, need.people):
            self._take_all_again()

    def _nights(self, leg: Leg) -> tuple[int, int]:
        return leg.first_night.toordinal() - self._now.first_day, leg.last_day.toordinal() - self._now.first_day


def _held(leg: Leg) -> Held:
    return Held(leg.first_night, leg.last_day, leg.people)


@functools.cache
def _day(ordinal: int) -> date:
    return date.fromordinal(ordinal)
