"""The market: read requests, spaces and matches from PostgreSQL in columns, and turn them into needs and offers."""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from operator import itemgetter
from typing import Any, NamedTuple, TypeVar
from uuid import UUID

from matching import queries
from matching.copy_rows import read
from matching.deadlines import local_date
from matching.engine import Held, Leg, Need, Offer, Placement
from matching.engine.values import Window
from matching.limits import LONGEST_STAY
from matching.models.meeting import APART_OF_ALL, APART_OF_REQUESTS
from matching.sheets import fields
from matching.sheets.fields import Field
from matching.states import HOLDS_BEDS, Status

Made = TypeVar("Made")

ONE_DAY = timedelta(days=1)

WANTED = fields.weighed(fields.REQUEST)
"""The fields of a request that the engine takes."""

OFFERED = tuple(field for field in fields.weighed(fields.SPACE) if field.name != "windows")
"""The fields of a space that the engine takes. Windows are rows of another table and are read separately."""


class _OfTheNeed(NamedTuple):
    """The values of a need that are not fields of its request. The nights are those of one run."""

    id: str
    first_night: date
    nights: int
    min_nights: int
    days_waiting: float
    declined: frozenset[str]
    apart: frozenset[str]


class _OfTheOffer(NamedTuple):
    """The values of an offer that are not fields of its space."""

    id: str
    windows: tuple[Window, ...]
    vetted: bool
    listed: bool
    fresh: bool
    held: tuple[Held, ...]


def _by_name(record: type[Made], names: Sequence[str]) -> Callable[[Sequence[Any]], Made]:
    """Return a function that makes a `record` from values in the order of `names`.

    If a name appears twice, its last value counts. The order is worked out once, because 100,000 calls with keywords take
    twice as long.
    """
    at = {name: number for number, name in enumerate(names)}
    picked = itemgetter(*(at[each.name] for each in dataclasses.fields(record)))  # type: ignore[arg-type]
    return lambda values: record(*picked(values))


_need = _by_name(Need, [*(each.engine for each in WANTED), *_OfTheNeed._fields])
_offer = _by_name(Offer, [*(each.engine for each in OFFERED), *_OfTheOffer._fields])


class RequestRead(NamedTuple):
    """A shelter request as it was read.

    Only the columns that this module, transitions and risks use have names. `wanted` holds the values of WANTED in the
    engine's form. One tuple for each of 100,000 requests stays small, and a new field needs no name here.
    """

    pk: str
    version: int
    place_id: int | None
    people: int
    children: int
    composition: str
    first_night: date
    nights: int
    min_nights: int
    may_move: bool
    registered_at: datetime
    withdrawn_at: datetime | None
    desk_since: datetime | None
    wanted: tuple[Any, ...]

    @property
    def last_day(self) -> date:
        return self.first_night + timedelta(days=self.nights)

    @property
    def is_minor_alone(self) -> bool:
        return self.children == self.people


class SpaceRead(NamedTuple):
    """A space as it was read. `vetted` and `fresh` are true or false at the moment of reading.

    `offered` holds the values of OFFERED in the engine's form.
    """

    pk: str
    version: int
    place_id: int | None
    host_id: int
    vetted: bool
    listed: bool
    fresh: bool
    offered: tuple[Any, ...]


class MatchRead(NamedTuple):
    """A match that counts: any status but declined, expired and cancelled.

    `movable`: the match is a proposal that no person has acted on, so the worker may change it. `frozen`: it holds its
    beds, and its nights are wanted again.
    """

    pk: UUID
    request_id: str
    space_id: str
    leg: int
    status: str
    first_night: date
    last_day: date
    people: int
    score: float
    movable: bool
    frozen: bool

    def covers(self, night: date) -> bool:
        return self.first_night <= night < self.last_day


@dataclass(slots=True)
class Market:
    """Requests and spaces with their matches, from which needs and offers are made."""

    at: datetime
    requests: dict[str, RequestRead] = field(default_factory=dict)
    spaces: dict[str, SpaceRead] = field(default_factory=dict)
    windows: defaultdict[str, list[Window]] = field(default_factory=lambda: defaultdict(list))
    of_request: defaultdict[str, list[MatchRead]] = field(default_factory=lambda: defaultdict(list))
    of_space: defaultdict[str, list[MatchRead]] = field(default_factory=lambda: defaultdict(list))
    declined: defaultdict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    apart: defaultdict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    day: date = field(init=False)

    def __post_init__(self) -> None:
        # Look up the time zone once: for each need, the lookup would take as long as making the need.
        self.day = local_date(self.at)

    def wanted(self, request_id: str, *, beside: Collection[MatchRead] | None = None) -> Need | None:
        """Return the need that the worker should place now, or None where there is nothing to place.

        `beside` are the matches to count as given; by default all matches of the request. The worker never places children
        alone, nor a household that was handed to the desk: only coordinators do. Where some nights of a request are held,
        the other nights are placed only if the household agreed to move, or a stay was broken off or is frozen.
        """
        asked = self.requests.get(request_id)
        if asked is None or asked.is_minor_alone or asked.withdrawn_at is not None or asked.desk_since is not None:
            return None
        matches = self.of_request.get(request_id, ()) if beside is None else beside
        spent = _spent(matches)
        runs = queries.runs_wanted(asked, spent, self.day)
        if not runs:
            return None
        broken_off = any(match.status == Status.BROKEN_OFF or match.frozen for match in matches)
        if spent and not (asked.may_move or broken_off):
            return None
        return self.need(request_id, runs[0])

    def spent(self, request_id: str) -> list[MatchRead]:
        """Return those matches of a request that use up their nights: the request does not want these nights again."""
        return _spent(self.of_request.get(request_id, ()))

    def need(self, request_id: str, run: tuple[date, date]) -> Need:
        """Return the need for one run of nights, `[first_night, last_day)`.

        A run shorter than the shortest stay lowers the need's shortest stay to its own length.
        """
        asked, (first_night, last_day) = self.requests[request_id], run
        nights = (last_day - first_night).days
        own = _OfTheNeed(
            id=asked.pk,
            first_night=first_night,
            nights=nights,
            min_nights=asked.min_nights if nights == asked.nights else min(asked.min_nights, nights),
            days_waiting=max(0.0, (self.at - asked.registered_at) / ONE_DAY),
            declined=frozenset(self.declined.get(request_id, ())),
            apart=frozenset(self.apart.get(request_id, ())),
        )
        return _need((*asked.wanted, *own))

    def is_open(self, space_id: str) -> bool:
        """Return whether somebody may be placed in a space: the question that MATCHABLE asks the database."""
        space = self.spaces[space_id]
        return space.listed and space.fresh and space.vetted and bool(self.windows.get(space_id))

    def offer(self, space_id: str, *, without: Collection[str] = ()) -> Offer:
        """Return the offer with the nights that live matches hold, except matches of the requests `without`."""
        space = self.spaces[space_id]
        own = _OfTheOffer(
            id=space.pk,
            windows=tuple(self.windows.get(space_id, ())),
            vetted=space.vetted,
            listed=space.listed,
            fresh=space.fresh,
            held=tuple(
                Held(match.first_night, match.last_day, match.people)
                for match in self.of_space.get(space_id, ())
                if match.status in HOLDS_BEDS and match.request_id not in without
            ),
        )
        return _offer((*space.offered, *own))

    def needs(self) -> list[Need]:
        """Return the needs that the worker should place, in the order in which they were registered."""
        order = sorted(self.requests.values(), key=lambda asked: (asked.registered_at, asked.pk))
        return [need for asked in order if (need := self.wanted(asked.pk)) is not None]

    def offers(self, *, without: Collection[str] = ()) -> list[Offer]:
        """Return an offer for every space with the nights held, except those held by the requests `without`."""
        return [self.offer(space_id, without=without) for space_id in self.spaces]

    def all_standing(self) -> dict[str, tuple[Need, Placement]]:
        """Return the result of `standing` for each request whose legs all lie in spaces of this market."""
        return {
            request_id: there
            for request_id in self.of_request
            if (there := self.standing(request_id)) is not None
            and all(leg.offer_id in self.spaces for leg in there[1].legs)
        }

    def standing(self, request_id: str) -> tuple[Need, Placement] | None:
        """Return the need and the placement of a request whose live matches are proposals that the worker may still move.

        Return None where the request has no live match, or where a person has acted on one of them.
        """
        live = [
            match for match in self.of_request.get(request_id, ()) if match.status in HOLDS_BEDS and not match.frozen
        ]
        if not live or not all(match.movable for match in live):
            return None
        rest = [match for match in self.of_request[request_id] if match not in live]
        need = self.wanted(request_id, beside=rest)
        if need is None:
            return None
        legs = (
            Leg(match.space_id, match.first_night, match.last_day, match.people)
            for match in sorted(live, key=lambda match: match.leg)
        )
        return need, Placement(request_id, tuple(legs), live[0].score, ())

    def free_legs(self, request_id: str, count: int, *, movable_too: bool = False) -> list[int]:
        """Return the lowest `count` leg numbers that no live match of the request has.

        With `movable_too`, numbers of movable matches count as free: the new legs replace these matches.
        """
        taken = {
            match.leg
            for match in self.of_request.get(request_id, ())
            if match.status in HOLDS_BEDS and not (movable_too and match.movable)
        }
        return [leg for leg in range(1, len(taken) + count + 1) if leg not in taken][:count]


def _spent(matches: Iterable[MatchRead]) -> list[MatchRead]:
    return [match for match in matches if match.status in queries.SPENT and not match.frozen]


# -- reading --------------------------------------------------------------------------------------

REQUESTS = f"""
    SELECT id::text, {", ".join(RequestRead._fields[1:-1])}, {", ".join(field.name for field in WANTED)}
      FROM matching_shelterrequest
     WHERE {{which}}
"""
SPACES = f"""
    SELECT s.id::text, s.version, s.place_id, s.host_id, h.status = 'vetted' AS vetted, s.status = 'listed' AS listed,
           s.fresh_until > %(at)s AS fresh, {", ".join(f"s.{field.name}" for field in OFFERED)}
      FROM matching_space AS s JOIN accounts_host AS h ON h.id = s.host_id
     WHERE {{which}}
"""
WINDOWS_TO_COME = """
    SELECT w.space_id::text, w.first_night, w.last_day FROM matching_spacewindow AS w
     WHERE w.last_day > %(today)s AND {which}
     ORDER BY w.space_id, w.first_night
"""
MATCHES = """
    SELECT m.id, m.request_id::text, m.space_id::text, m.leg, m.status, m.first_night, m.last_day, m.people, m.score,
           m.status = 'proposed' AND m.approved_by_id IS NULL AND m.frozen_at IS NULL
               AND NOT EXISTS (SELECT FROM matching_matchevent AS e WHERE e.match_id = m.id AND e.by_id IS NOT NULL),
           m.frozen_at IS NOT NULL
      FROM matching_match AS m
     WHERE {which}
"""
DECLINED = """
    SELECT DISTINCT request_id::text, space_id::text FROM matching_match WHERE status = 'declined' AND {which}
"""
"""The pairs that are not proposed again."""

MATCHABLE = """
    s.status = 'listed' AND s.fresh_until > %(at)s AND h.status = 'vetted'
    AND EXISTS (SELECT FROM matching_spacewindow AS w WHERE w.space_id = s.id AND w.last_day > %(today)s)
"""
"""The condition for a space that may be matched: listed, fresh, of a vetted host, with a window not yet over."""

OPEN = f"""
    withdrawn_at IS NULL AND desk_since IS NULL AND children < people
    AND first_night > %(today)s - {LONGEST_STAY + 1} AND first_night + nights > %(today)s
"""
POINTS_OF_REQUESTS = f"""
    SELECT id, latitude, longitude, people, radius_km FROM matching_shelterrequest WHERE {OPEN}
"""
POINTS_OF_SPACES = f"""
    SELECT s.id, s.latitude, s.longitude, s.beds, 0
      FROM matching_space AS s JOIN accounts_host AS h ON h.id = s.host_id WHERE {MATCHABLE}
"""

COUNTED = "m.status NOT IN ('declined', 'expired', 'cancelled')"
MATCH_HOLDS_BEDS = f"m.status IN ({', '.join(repr(str(status)) for status in sorted(HOLDS_BEDS))})"
BY_ID = "= ANY(%(ids)s::uuid[])"


def whole_market(at: datetime) -> Market:
    """Load every open request and every space that can be matched at `at`."""
    market = Market(at)
    _keep_requests(market, REQUESTS.format(which=OPEN), {})
    _keep_matchable_spaces(market)
    _read_matches(market, f"{COUNTED} AND m.last_day > %(today)s - {LONGEST_STAY + 1}", {})
    _read_declined(market, "true", {})
    _keep_apart(market, read(APART_OF_ALL))
    return market


def some_requests_of_market(at: datetime, requests: Iterable[str]) -> Market:
    """Load these requests, and every space that can be matched at `at`."""
    market = part_of_market(at, requests=requests)
    _keep_matchable_spaces(market)
    _read_matches(market, MATCH_HOLDS_BEDS, {}, requests=False)
    return market


def part_of_market(at: datetime, *, requests: Iterable[str] = (), spaces: Iterable[str] = ()) -> Market:
    """Load these requests and spaces in any state, with the matches of each. Unknown ids are left out."""
    request_ids, space_ids = list(requests), list(spaces)
    market = Market(at)
    if request_ids:
        _keep_requests(market, REQUESTS.format(which=f"id {BY_ID}"), {"ids": request_ids})
        _read_matches(market, f"{COUNTED} AND m.request_id {BY_ID}", {"ids": request_ids}, spaces=False)
        _read_declined(market, f"request_id {BY_ID}", {"ids": request_ids})
        _keep_apart(market, read(APART_OF_REQUESTS, {"ids": request_ids}))
    if space_ids:
        _keep_spaces(market, SPACES.format(which=f"s.id {BY_ID}"), {"ids": space_ids})
        _read_windows(market, f"w.space_id {BY_ID}", {"ids": space_ids})
        _read_matches(market, f"{MATCH_HOLDS_BEDS} AND m.space_id {BY_ID}", {"ids": space_ids}, requests=False)
    return market


def _params(market: Market, more: dict[str, Any]) -> dict[str, Any]:
    return {"at": market.at, "today": market.day, **more}


def _keep_requests(market: Market, sql: str, params: dict[str, Any]) -> None:
    weigh, named = _weighing(WANTED), len(RequestRead._fields) - 1
    for row in read(sql, _params(market, params)):
        market.requests[row[0]] = RequestRead._make((*row[:named], weigh(row[named:])))


def _keep_matchable_spaces(market: Market) -> None:
    _keep_spaces(market, SPACES.format(which=MATCHABLE), {})
    _read_windows(market, "true", {})
    for space_id, windows in market.windows.items():
        # Cut past nights off: nobody can have them, and a board would still spend memory on each.
        market.windows[space_id] = [(max(first_night, market.day), last_day) for first_night, last_day in windows]


def _keep_spaces(market: Market, sql: str, params: dict[str, Any]) -> None:
    weigh, named = _weighing(OFFERED), len(SpaceRead._fields) - 1
    for row in read(sql, _params(market, params)):
        market.spaces[row[0]] = SpaceRead._make((*row[:named], weigh(row[named:])))


def _weighing(taken: Sequence[Field]) -> Callable[[Sequence[Any]], tuple[Any, ...]]:
    """Return a function that turns these fields' values from the database's form into the engine's form."""
    to_change = [(at, field.kind.weigh) for at, field in enumerate(taken) if field.kind.changes_form]

    def weigh(values: Sequence[Any]) -> tuple[Any, ...]:
        weighed = list(values)
        for at, change in to_change:
            weighed[at] = change(weighed[at])
        return tuple(weighed)

    return weigh


def _read_windows(market: Market, which: str, params: dict[str, Any]) -> None:
    for space_id, first_night, last_day in read(WINDOWS_TO_COME.format(which=which), _params(market, params)):
        if space_id in market.spaces:
            market.windows[space_id].append((first_night, last_day))


def _read_matches(
    market: Market, which: str, params: dict[str, Any], *, requests: bool = True, spaces: bool = True
) -> None:
    for row in read(MATCHES.format(which=which), _params(market, params)):
        match = MatchRead._make(row)
        if requests and match.request_id in market.requests:
            market.of_request[match.request_id].append(match)
        if spaces and match.space_id in market.spaces:
            market.of_space[match.space_id].append(match)


def _read_declined(market: Market, which: str, params: dict[str, Any]) -> None:
    for request_id, space_id in read(DECLINED.format(which=which), _params(market, params)):
        if request_id in market.requests:
            market.declined[request_id].add(space_id)


def _keep_apart(market: Market, pairs: Iterable[tuple[UUID, UUID]]) -> None:
    for request_id, space_id in pairs:
        if str(request_id) in market.requests:
            market.apart[str(request_id)].add(str(space_id))
