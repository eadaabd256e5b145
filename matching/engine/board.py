"""The incremental way in: everything in memory, one new need placed or one freed space refilled in milliseconds.

A board knows the offers, what is held in them, which needs wait, and which placements stand. Questions (`place`,
`refill`) change nothing. A caller that has written an answer down tells the board with `stand`. A board is for one
thread at a time.
"""

from __future__ import annotations

import functools
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import date

import numpy as np

from matching.engine.arrays import IntMatrix, IntVector
from matching.engine.compiled.board_kernels import (
    Stays,
    best_free_way,
    best_in_turn,
    best_together,
    ways_wished,
    who_could_stay,
)
from matching.engine.compiled.board_state import BoardState
from matching.engine.compiled.problem import KM_PER_DEGREE_AT_LEAST, Wants
from matching.engine.compiled.ways import LEG_COLUMNS, LEGS, NO_LEG, OFFER, Best, has_two_legs
from matching.engine.compiled.why import obstacles_of
from matching.engine.objective import DEFAULT_LOYALTY, score, weight
from matching.engine.reasons import CHILDREN_ALONE, why_left_over, why_placed
from matching.engine.values import Arrangement, Held, Leg, Need, Offer, Placement, Unplaced

MOST_MOVED, SEARCHES_A_NEED = 3, 10
"""The most placements that one arrangement moves, and the most searches for another place that one need may cause."""

WAYS_TO_CLEAR = 16
"""Ways that are looked at when others would have to move for them."""

TWO_LEGS_TRIED = 12
"""Needs, at most, that a refill tries by two legs after one leg was not possible for them."""


@dataclass(frozen=True, slots=True)
class _Standing:
    need: Need
    placement: Placement
    movable: bool


class Board:
    """Offers and needs as they are state. Every change takes the time of one row, not of all."""

    def __init__(self, needs: Iterable[Need], offers: Iterable[Offer]) -> None:
        """`needs` are those that wait. `held` of the offers is all but the placements that `stand` will tell."""
        self._state = BoardState(needs, offers)
        self._standing: dict[str, _Standing] = {}
        self._inside: defaultdict[str, set[str]] = defaultdict(set)

    # -- what is there ----------------------------------------------------------------------------

    @property
    def waiting(self) -> tuple[str, ...]:
        """Return the ids of the needs that wait, in no particular order."""
        return tuple(self._state.waiting)

    @property
    def offers(self) -> tuple[str, ...]:
        return tuple(self._state.offers)

    def standing(self, need_id: str) -> Placement | None:
        """Return the placement of a need that stands on the board."""
        there = self._standing.get(need_id)
        return there.placement if there else None

    def inside(self, offer_id: str) -> tuple[str, ...]:
        """Return the ids of the needs of which a leg stands in this offer, in order."""
        return tuple(sorted(self._inside.get(offer_id, ())))

    # -- changes ----------------------------------------------------------------------------------

    def put_offer(self, offer: Offer) -> None:
        """Add an offer, or put it in place of the one of its id. Its `held` must not contain placements that stand here."""
        if self._state.put_offer(offer):
            self._take_all_again()
            return
        for need_id in self._inside.get(offer.id, ()):
            self._take(self._standing[need_id], only=offer.id)

    def drop_offer(self, offer_id: str) -> None:
        """Forget an offer. The needs that are placed in it wait again. Raises KeyError for an unknown offer."""
        for need_id in self.inside(offer_id):
            self.lift(need_id)
        self._state.drop_offer(offer_id)

    def put_need(self, need: Need) -> None:
        """Let a need wait, in place of the one of its id. If it was placed, it no longer is."""
        self.drop_need(need.id)
        self._reach(need)
        self._state.put_need(need)

    def drop_need(self, need_id: str) -> None:
        """Forget a need and its placement. An unknown need changes nothing."""
        if need_id in self._standing:
            self._give_back(need_id)
        self._state.drop_need(need_id)

    def hold(self, offer_id: str, held: Held) -> None:
        """Take nights for a household that the board need not know. Raises KeyError for an unknown offer."""
        offer = self._state.offers[offer_id]
        self._state.offers[offer_id] = replace(offer, held=(*offer.held, held))
        self._state.take(offer_id, held)

    def release(self, offer_id: str, held: Held) -> None:
        """Give back nights that were held. Raises KeyError for an unknown offer, and ValueError when nobody held them."""
        offer = self._state.offers[offer_id]
        left = list(offer.held)
        left.remove(held)
        self._state.offers[offer_id] = replace(offer, held=tuple(left))
        self._state.take(offer_id, held, -1)

    def stand(self, need: Need, placement: Placement, *, movable: bool = True) -> None:
        """Let a placement hold its beds. The need no longer waits, and an earlier placement of it no longer stands.

        A `movable` placement may move to make room for another: it is proposed and not yet approved. Raises KeyError
        for an unknown offer. Nothing else is checked, since the caller has written the placement down.
        """
        for leg in placement.legs:
            self._state.offers[leg.offer_id]
        self.drop_need(need.id)
        self._reach(need)
        there = _Standing(need, placement, movable)
        self._standing[need.id] = there
        for leg in placement.legs:
            self._inside[leg.offer_id].add(need.id)
        self._take(there)

    def settle(self, need_id: str) -> None:
        """Let a placement that stands be moved no longer, since it was approved. Raises KeyError where none stands."""
        there = self._standing[need_id]
        self.stand(there.need, there.placement, movable=False)

    def lift(self, need_id: str) -> None:
        """Take a placement back, so that its need waits again. Raises KeyError where none stands."""
        need = self._standing[need_id].need
        self._give_back(need_id)
        self.put_need(need)

    # -- questions --------------------------------------------------------------------------------

    def place(self, need: Need, *, worth_moving: float = 0.0) -> Arrangement | Unplaced:
        """Return the most valuable way to place a need in what is free: one leg, a move or a split.

        Where that is less than a roof for all its nights, movable placements may make room. Each of them finds
        another place, so nobody loses one, and the gain must be more than `worth_moving` (units of the objective). The
        need may be on the board or not. Where no way is found, the reasons are returned.
        """
        if need.children == need.people:
            return Unplaced(need.id, (CHILDREN_ALONE,))
        self._reach(need)
        with self._without(need.id):
            return self._answer(need, worth_moving)

    def _answer(self, need: Need, worth_moving: float) -> Arrangement | Unplaced:
        wants = self._state.encode(need)
        value, way = self._best_free_way(wants)
        found = self._placement(need, way) if value > 0 else None
        if value < weight(need) * need.people:
            arranged = self._make_room(need, wants, max(value, 0.0), worth_moving)
            if arranged is not None:
                return arranged
        if found is not None:
            return Arrangement(found, (), found.score)
        state = self._state
        told = state.encode(replace(need, apart=frozenset())) if need.apart else wants
        return Unplaced(need.id, why_left_over(need, obstacles_of(told, state.sites, state.on_terms_of(state.free))))

    def refill(self, offer_id: str) -> tuple[Placement, ...]:
        """Return placements, in what is free of an offer, of needs that wait: as valuable a choice as is found.

        Where one household may stay at a time, no choice of single legs is worth more. Where beds are shared, the
        better of two greedy choices is taken. What is free after that is tried for moves and splits. Raises KeyError
        for an unknown offer.
        """
        state = self._state
        at = state.row_of[offer_id]
        room = len(state.wants.people)
        stays = Stays(np.empty(room, dtype=np.int64), np.empty(room), np.empty(room, dtype=np.int64))
        count = who_could_stay(state.wants, state.sites, len(state.needs_in_line), at, free=state.free, stays=stays)
        allowed = [
            which
            for which, need in enumerate(state.in_line(stays.need[:count].tolist()))
            if offer_id not in need.declined | need.apart and need.children < need.people
        ]
        stays = Stays(stays.need[:count][allowed], stays.value[:count][allowed], stays.last[:count][allowed])
        chosen = self._choose(at, stays)
        found = [
            self._placement(need, np.array([(at, state.wants.first[seat], last, need.people), NO_LEG]))
            for seat, last in zip(stays.need[chosen].tolist(), stays.last[chosen].tolist(), strict=True)
            for need in state.in_line([seat])
        ]
        return tuple(found + self._by_two_legs(offer_id, found))

    # -- how --------------------------------------------------------------------------------------

    def _choose(self, at: int, stays: Stays) -> IntVector:
        """Return the numbers of the stays that row `at` should take."""
        wants, room = self._state.wants, self._state.free[at]
        firsts, people = wants.first[stays.need].astype(np.int64), wants.people[stays.need].astype(np.int64)
        if not self._state.sites.shared[at]:
            order = np.lexsort((stays.need, firsts))
            inside = best_in_turn(firsts[order], stays.last[order], stays.value[order], self._state.nights)
            return np.sort(order[inside])
        by_value = np.argsort(-stays.value, kind="stable")
        by_bed = np.argsort(-stays.value / (people * (stays.last - firsts)), kind="stable")
        choices = [best_together(order, firsts, stays.last, people, room) for order in (by_value, by_bed)]
        return np.flatnonzero(max(choices, key=lambda chosen: float(stays.value[chosen].sum())))

    def _by_two_legs(self, offer_id: str, found: Sequence[Placement]) -> list[Placement]:
        """Return placements by two legs, one of them in the offer, of needs that wait and agree to two legs."""
        state, offer = self._state, self._state.offers[offer_id]
        at, done = state.row_of[offer_id], {placement.need_id for placement in found}
        wants, end = state.wants, len(state.needs_in_line)
        agreed = (wants.may_move[:end] | wants.may_split[:end]) & (wants.people[:end] > 0)
        agreed &= (wants.requires[:end] & ~state.sites.allows[at]) == 0
        agreed &= np.abs(wants.lat[:end] - offer.lat) <= wants.radius[:end] / KM_PER_DEGREE_AT_LEAST
        seats = np.flatnonzero(agreed)
        seats = seats[np.argsort(-wants.worth[seats], kind="stable")]
        tried, more = 0, list[Placement]()
        with ExitStack() as until_here:
            for placement in found:
                until_here.enter_context(self._with(placement))
            for need in state.in_line(seats.tolist()):
                if need.id in done or tried == TWO_LEGS_TRIED:
                    continue
                tried += 1
                value, way = self._best_free_way(state.encode(need))
                if value > 0 and has_two_legs(way) and at in way[:, OFFER]:
                    more.append(self._placement(need, way))
                    until_here.enter_context(self._with(more[-1]))
        return more

    def _make_room(self, need: Need, wants: Wants, otherwise: float, worth_moving: float) -> Arrangement | None:
        """Return the best way that opens when others move, or None where it gains no more than it costs them.

        `otherwise` is the worth of the best way without that.
        """
        state = self._state
        wished = Best(np.empty(WAYS_TO_CLEAR), np.empty((WAYS_TO_CLEAR, LEGS, LEG_COLUMNS), dtype=np.int64))
        keys, ways = wished
        terms = state.on_terms_of(state.room)
        count = ways_wished(wants, state.sites, 0, terms, found=state.found, wished=wished)
        best, tries = None, SEARCHES_A_NEED
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

    def _in_the_way(self, way: IntMatrix) -> list[_Standing]:
        """Return the movable placements to move for a way, the largest households first; none when there are too many."""
        state, out = self._state, dict[str, _Standing]()
        for offer, first, last, people in way.tolist():
            if offer < 0:
                continue
            load = people if state.sites.shared[offer] else 1
            short = load - state.free[offer, first:last]
            inside = [self._standing[need_id] for need_id in sorted(self._inside[state.id_of[offer]])]
            for there in sorted(inside, key=lambda there: -there.need.people):
                if (short <= 0).all():
                    break
                for leg in there.placement.legs:
                    begins, ends = self._nights(leg)
                    overlap = slice(max(begins - first, 0), max(ends - first, 0))
                    if there.movable and leg.offer_id == state.id_of[offer] and (short[overlap] > 0).any():
                        short[overlap] -= leg.people if state.sites.shared[offer] else 1
                        out[there.need.id] = there
        return list(out.values()) if len(out) <= MOST_MOVED else []

    def _rearranged(
        self, need: Need, way: IntMatrix, out: Sequence[_Standing]
    ) -> tuple[tuple[Placement, ...], float] | None:
        """Return where the needs that make room would stay instead, and what that costs; None when one would stay nowhere."""
        moved, lost = list[Placement](), 0.0
        with ExitStack() as until_here:
            for there in out:
                until_here.enter_context(self._without(there.need.id))
            until_here.enter_context(self._with(self._placement(need, way)))
            for there in sorted(out, key=lambda there: (-there.placement.score, there.need.id)):
                value, other = self._best_free_way(self._state.encode(there.need))
                if value <= 0:
                    return None
                moved.append(self._placement(there.need, other))
                until_here.enter_context(self._with(moved[-1]))
                lost += there.placement.score - moved[-1].score
                lost += DEFAULT_LOYALTY * weight(there.need) * there.need.people
        return tuple(moved), lost

    def _best_free_way(self, wants: Wants) -> tuple[float, IntMatrix]:
        state = self._state
        value, way = best_free_way(wants, state.sites, 0, state.on_terms_of(state.free), state.found)
        return float(value), way

    def _placement(self, need: Need, way: IntMatrix) -> Placement:
        state = self._state
        legs = tuple(
            Leg(state.id_of[offer], _day(state.first_day + first), _day(state.first_day + last), people)
            for offer, first, last, people in way.tolist()
            if offer >= 0
        )
        pairs = tuple((leg, state.offers[leg.offer_id]) for leg in legs)
        return Placement(need.id, legs, score(need, pairs), why_placed(need, pairs))

    # -- nights taken and given back --------------------------------------------------------------

    @contextmanager
    def _without(self, need_id: str) -> Iterator[None]:
        """Within the block, answer as if this need were not placed."""
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
        """Within the block, answer as if this placement stood."""
        for leg in placement.legs:
            self._state.take(leg.offer_id, _held(leg), movable=True)
        try:
            yield
        finally:
            for leg in placement.legs:
                self._state.take(leg.offer_id, _held(leg), -1, movable=True)

    def _take(self, there: _Standing, times: int = 1, *, only: str | None = None) -> None:
        for leg in there.placement.legs:
            if only in (None, leg.offer_id):
                self._state.take(leg.offer_id, _held(leg), times, movable=there.movable)

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
        if self._state.reach(first, first + need.nights, need.people):
            self._take_all_again()

    def _nights(self, leg: Leg) -> tuple[int, int]:
        return leg.first_night.toordinal() - self._state.first_day, leg.last_day.toordinal() - self._state.first_day


def _held(leg: Leg) -> Held:
    return Held(leg.first_night, leg.last_day, leg.people)


@functools.cache
def _day(ordinal: int) -> date:
    return date.fromordinal(ordinal)
