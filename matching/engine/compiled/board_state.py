"""The state of a board as arrays that change in place: the offers, the room left in them, and the needs that wait.

Offers known at the beginning lie in bands (see `problem`). Later ones go into a tail that every search looks through.
When the tail is full, all offers are laid out anew. Until then the row of a dropped offer stays unused.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from matching.engine.arrays import IntMatrix
from matching.engine.compiled import problem
from matching.engine.compiled.legs import Found, Terms, scratch_for
from matching.engine.compiled.problem import LANGUAGES_A_WORD, NO_LIMIT, SPARE_DAYS, Coding, Sites, Wants
from matching.engine.values import Held, Need, Offer

TAIL = 1_024
"""The length of the tail: so many new offers fit before all offers are laid out anew."""

SPARE_NIGHTS = 30
"""Nights in the arrays beyond the last known night, so that a slightly later need does not force a new layout."""

LANGUAGE_WORDS = 4
"""Numbers of LANGUAGES_A_WORD bits for languages: ISO 639-1 has 184 languages."""


class BoardState:
    """The offers and the waiting needs as arrays.

    `free` (offers, nights) is the room that nobody has taken. `room` is the room that would be free if every movable
    placement were lifted.
    """

    def __init__(self, needs: Iterable[Need], offers: Iterable[Offer]) -> None:
        self.offers: dict[str, Offer] = {offer.id: offer for offer in offers}
        self.waiting: dict[str, Need] = {need.id: need for need in needs}
        self._languages: dict[str, int] = {}
        self._nobody_yet = not self.waiting and not self.offers
        self._lay_out(*self._nights_known())

    def _nights_known(self) -> tuple[int, int]:
        """Return the first night and the last day that waiting needs ask for. If nobody waits, use the windows' first nights."""
        days = [
            (need.first_night.toordinal(), need.first_night.toordinal() + need.nights) for need in self.waiting.values()
        ]
        if not days:
            days = [(first.toordinal(),) * 2 for offer in self.offers.values() for first, _last in offer.windows]
        return min((first for first, _last in days), default=1), max((last for _first, last in days), default=1)

    def _lay_out(self, first_day: int, last_day: int) -> None:
        self.first_day, self.nights = first_day - SPARE_DAYS, last_day - first_day + SPARE_DAYS + SPARE_NIGHTS
        self._coding = Coding(self.first_day, self._languages, LANGUAGE_WORDS)
        offers = list(self.offers.values())
        offers = [offers[at] for at in problem.in_bands(offers)]
        for offer in offers:
            self._learn(offer.languages)
        self.row_of = {offer.id: at for at, offer in enumerate(offers)}
        self.id_of: list[str] = [offer.id for offer in offers]
        sites = problem.sites_of(offers, self._coding, nights=self.nights, largest=1)
        spare = [(0, TAIL)]
        self.sites: Sites = sites._replace(
            until=np.pad(sites.until, [(0, 0), *spare]),
            free=sites.free,
            row=np.zeros(len(offers) + TAIL + 1, dtype=np.int64),
            **{
                name: np.pad(getattr(sites, name), spare + [(0, 0)] * (getattr(sites, name).ndim - 1))
                for name in ("lat", "lon", "point", "beds", "shared", "longest", "allows", "speaks", "held")
            },
        )
        # Unlike the room of a plan, this room may fall below 0: nights that are held twice are given back twice.
        self.free = np.zeros((len(offers) + TAIL, self.nights), dtype=np.int32)
        self.room = np.zeros_like(self.free)
        for at, offer in enumerate(offers):
            self._empty(at, offer)
            if not _open(offer):
                self._close(at)
        largest = max([need.people for need in self.waiting.values()] + [offer.beds for offer in offers], default=1)
        self.no_prices = np.zeros((self.nights + 1, max(largest, 64)))
        """Sums of prices as `legs.price_of_leg` reads them, all 0."""
        self.found: Found = scratch_for(self.sites)
        self._line_up()

    def _learn(self, languages: Iterable[str]) -> None:
        for code in sorted(languages):
            if len(self._languages) < LANGUAGE_WORDS * LANGUAGES_A_WORD:
                self._languages.setdefault(code, len(self._languages))

    # -- nights -----------------------------------------------------------------------------------

    def reach(self, first: int, last: int, people: int) -> bool:
        """Make room in the arrays for the nights `[first, last)` and for `people` people; return whether all rows moved."""
        if people > self.no_prices.shape[1]:
            self.no_prices = np.zeros((self.nights + 1, 2 * people))
        if self.first_day <= first and last <= self.first_day + self.nights:
            return False
        # An empty board knows no night yet. Begin at this one, or the arrays would reach back to the first day of the calendar.
        kept = self.first_day + SPARE_DAYS, self.first_day + self.nights - SPARE_NIGHTS
        self._lay_out(*((first, last) if self._nobody_yet else (min(first, kept[0]), max(last, kept[1]))))
        self._nobody_yet = False
        return True

    def take(self, offer_id: str, held: Held, times: int = 1, *, movable: bool = False) -> None:
        """Take nights of an offer; with `times` -1 give them back. Nights outside the arrays are ignored.

        With `movable`, `room` stays as it is. Raises KeyError for an unknown offer.
        """
        at, offer = self.row_of[offer_id], self.offers[offer_id]
        for nights in (self.free,) if movable else (self.free, self.room):
            problem.take_nights(nights[at], offer, held, first_day=self.first_day, times=times)

    def on_terms_of(self, free: IntMatrix) -> Terms:
        """Return the terms on which nothing has a price and every leg must fit into `free`."""
        return Terms(self.no_prices, free, True)

    def _empty(self, at: int, offer: Offer) -> None:
        self.free[at] = self.room[at] = offer.beds if offer.shared else 1
        for held in offer.held:
            self.take(offer.id, held)

    # -- offers -----------------------------------------------------------------------------------

    def put_offer(self, offer: Offer) -> bool:
        """Add the offer, or replace the offer of the same id; return whether all rows moved.

        The nights that the old offer held are forgotten with it. The caller takes all other nights again.
        """
        at = self.row_of.get(offer.id)
        old = self.offers.get(offer.id)
        self._learn(offer.languages)
        self.offers[offer.id] = offer
        if old is not None and at is not None and (old.lat, old.lon) != (offer.lat, offer.lon):
            self._close(at)
            at = None
        if at is None:
            at = int(self.sites.tail[0])
            if at == len(self.sites.beds):
                self._lay_out(self.first_day + SPARE_DAYS, self.first_day + self.nights - SPARE_NIGHTS)
                return True
            self.sites.tail[0] += 1
            self.id_of.append(offer.id)
            self.row_of[offer.id] = at
        self._write(at, offer)
        return False

    def _write(self, at: int, offer: Offer) -> None:
        sites = self.sites
        sites.lat[at], sites.lon[at] = offer.lat, offer.lon
        sites.point[at] = problem.points(np.array([offer.lat]), np.array([offer.lon]))[0]
        sites.beds[at], sites.shared[at] = offer.beds, offer.shared
        sites.longest[at] = min(offer.max_nights or NO_LIMIT, NO_LIMIT)
        sites.allows[at] = problem.allows(offer)
        sites.speaks[at] = problem.spoken([offer.languages], self._coding)[0]
        sites.until[:, at] = 0
        problem.open_windows(sites.until, at, offer, self.first_day)
        self._empty(at, offer)
        if not _open(offer):
            self._close(at)

    def drop_offer(self, offer_id: str) -> None:
        """Forget an offer. Raises KeyError for an unknown one."""
        self._close(self.row_of.pop(offer_id))
        del self.offers[offer_id]

    def _close(self, at: int) -> None:
        """Close the row to everybody: it allows no bit, and every need requires at least one."""
        self.sites.allows[at], self.sites.beds[at] = 0, 0

    # -- needs ------------------------------------------------------------------------------------

    def encode(self, need: Need) -> Wants:
        """Return arrays of this need alone."""
        self._learn(need.languages)
        return problem.wants_of([need], self.row_of, self._coding)

    def _line_up(self) -> None:
        """Lay out the waiting needs, with room for as many more and 64."""
        needs = list(self.waiting.values())
        for need in needs:
            self._learn(need.languages)
        wants = problem.wants_of(needs, {}, self._coding)
        spare = [(0, len(needs) + 64)]
        padded: list[Any] = [np.pad(each, spare + [(0, 0)] * (each.ndim - 1)) for each in wants]
        self.wants = Wants(*padded)
        self.seat_of = {need.id: at for at, need in enumerate(needs)}
        self.needs_in_line: list[Need | None] = list(needs)
        self._seats_free: list[int] = []

    def put_need(self, need: Need) -> None:
        """Let a need wait; it replaces the need of the same id. `reach` must have made room for its nights."""
        self.drop_need(need.id)
        self.waiting[need.id] = need
        if not self._seats_free and len(self.needs_in_line) == len(self.wants.people):
            self._line_up()
            return
        if self._seats_free:
            at = self._seats_free.pop()
            self.needs_in_line[at] = need
        else:
            at = len(self.needs_in_line)
            self.needs_in_line.append(need)
        self.seat_of[need.id] = at
        for column, value in zip(self.wants[:-2], self.encode(need)[:-2], strict=True):
            column[at] = value[0]

    def drop_need(self, need_id: str) -> None:
        """Take a need out of those that wait. Do nothing if it does not wait."""
        if self.waiting.pop(need_id, None) is not None:
            at = self.seat_of.pop(need_id)
            self.wants.people[at] = 0
            self.needs_in_line[at] = None
            self._seats_free.append(at)

    def in_line(self, seats: Iterable[int]) -> Iterator[Need]:
        """Yield the needs on these seats."""
        for at in seats:
            need = self.needs_in_line[at]
            if need is not None:
                yield need


def _open(offer: Offer) -> bool:
    return offer.vetted and offer.listed and offer.fresh
