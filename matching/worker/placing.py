"""Placing at once: place one new request or refill one freed space, on a market that the worker keeps in memory.

The market in memory may be out of date. So the worker reads again what PostgreSQL has noted as changed
(`MatchingChange`) before each answer, and PostgreSQL refuses a proposal that no longer fits.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterable
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from django.db import DatabaseError, OperationalError

from accounts.refusals import Refused
from deployment.locks import Lock, held
from matching import intake
from matching.copy_rows import read
from matching.deadlines import local_date
from matching.engine import Arrangement, Unplaced
from matching.limits import CHANGES_KEPT
from matching.models import MatchingDue
from matching.worker import planning
from matching.worker.market import part_of_market, whole_market
from matching.worker.proposing import may_try_again, propose_arrangement

if TYPE_CHECKING:
    from matching.engine.board import Board

log = logging.getLogger(__name__)

KEPT_FOR = CHANGES_KEPT / 2
"""A market in memory is loaded anew after this long, and when the day changes: days waited and nights left change then."""

TRIES_A_REQUEST = 4
"""How many times to try one request when its answer is refused because something changed in the meantime."""

WORTH_MOVING = 0.5
"""Units of the objective that must be gained in all before a proposal moves: half a roof for one person who can wait."""


Named = tuple[str | None, str | None]
"""The id of a request and the id of a space; None stands for either."""


class Keeper:
    """Keeps the market in memory as a `Board`, and brings it up to date at each call."""

    def __init__(self) -> None:
        self._board: Board | None = None
        self._loaded_at: datetime | None = None
        self._looked_at: datetime | None = None
        self._horizon = 0
        self._seen: set[int] = set()

    def board(self, *, at: datetime, also: Iterable[Named] = ()) -> Board:
        """Return the board as of `at`: loaded anew where there is none or it is old, else with the changes read in.

        `also` names (request, space) pairs to read again even if no change of them is noted.
        """
        old = self._loaded_at is None or at - self._loaded_at > KEPT_FOR
        if self._board is None or old or local_date(self._loaded_at or at) != local_date(at):
            self._board = None  # Free the old board first: two would not fit in memory.
            self._board = self._load(at)
        else:
            self._catch_up(self._board, at, also)
        self._looked_at = at
        return self._board

    def _load(self, at: datetime) -> Board:
        # Import here: a board loads numba, which takes half a second that only a process that places should spend.
        from matching.engine.board import Board

        self._changes()
        market = whole_market(at)
        standing = market.all_standing()
        board = Board(market.needs(), market.offers(without=standing.keys()))
        for need, placement in standing.values():
            board.stand(need, placement)
        self._loaded_at = at
        return board

    def _changes(self) -> list[Named]:
        """Return the (request, space) pairs noted since the last call.

        The horizon is the id of the oldest transaction still running. Every transaction with a lower id had ended when the
        horizon was read, so its rows were seen then.
        """
        ((horizon,),) = read("SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint")
        rows = (
            list(
                read(
                    """
                SELECT id, xid, request_id::text, space_id::text FROM matching_matchingchange WHERE xid >= %(horizon)s
                """,
                    {"horizon": self._horizon},
                )
            )
            if self._horizon
            else []
        )
        new = [(request_id, space_id) for pk, _xid, request_id, space_id in rows if pk not in self._seen]
        self._seen = {pk for pk, xid, _request_id, _space_id in rows if xid >= horizon}
        self._horizon = horizon
        return new

    def is_so(self, requests: Collection[str], spaces: Collection[str]) -> bool:
        """Return whether no change of these requests and spaces has been noted since the last look.

        A caller that reads their rows first, and then gets True, knows that the board agrees with the rows.
        """
        rows = read(
            """
            SELECT id FROM matching_matchingchange
             WHERE xid >= %(horizon)s AND (request_id = ANY(%(requests)s::uuid[]) OR space_id = ANY(%(spaces)s::uuid[]))
            """,
            {"horizon": self._horizon, "requests": list(requests), "spaces": list(spaces)},
        )
        return all(pk in self._seen for (pk,) in rows)

    def _catch_up(self, board: Board, at: datetime, also: Iterable[Named]) -> None:
        changed = [*self._changes(), *also, *((None, space_id) for (space_id,) in self._gone_stale(at))]
        requests = {request_id for request_id, _space_id in changed if request_id}
        spaces = {space_id for _request_id, space_id in changed if space_id}
        if not requests and not spaces:
            return
        market = part_of_market(at, requests=requests, spaces=spaces)
        open_now = {space_id for space_id in market.spaces if market.is_open(space_id)}
        # A space that comes back brings the proposals in it back onto the board.
        returned = {
            match.request_id for space_id in open_now.difference(board.offers) for match in market.of_space[space_id]
        }
        if returned - requests:
            requests |= returned
            market = part_of_market(at, requests=requests, spaces=spaces)
        for request_id in requests:
            board.drop_need(request_id)
        for space_id in spaces.intersection(board.offers) - open_now:
            for need_id in board.inside(space_id):
                board.drop_need(need_id)  # Its beds stay held, where nobody else may be placed.
            board.drop_offer(space_id)
        known = open_now.union(board.offers)
        standing = {
            request_id: there
            for request_id in market.of_request
            if (there := market.standing(request_id)) is not None
            and all(leg.offer_id in known for leg in there[1].legs)
        }
        for space_id in open_now:
            inside = {match.request_id for match in market.of_space.get(space_id, ())}
            stand = {request_id for request_id in inside if request_id in standing or board.standing(request_id)}
            board.put_offer(market.offer(space_id, without=stand))
        for request_id in market.requests:
            if request_id in standing:
                board.stand(*standing[request_id])
            elif (need := market.wanted(request_id)) is not None:
                board.put_need(need)

    def _gone_stale(self, at: datetime) -> Iterable[tuple[str]]:
        """Yield the ids of listed spaces that have become stale since the last look: no row was written for that."""
        return read(
            """
            SELECT id::text FROM matching_space
             WHERE status = 'listed' AND fresh_until > %(then)s AND fresh_until <= %(now)s
            """,
            {"then": self._looked_at, "now": at},
        )


# -- what is due ----------------------------------------------------------------------------------


def place_what_is_due(keeper: Keeper, *, now: Callable[[], datetime]) -> int:
    """Place the requests and refill the spaces that due rows name; return how many matches were proposed.

    After giving the lock back, look for due rows once more. A row may have been written while the lock was held, and its
    wake-up did nothing then; without the second look that row would wait for the sweep. More than MANY_DUE rows are left
    to a whole round (`planning`).
    """
    proposed = 0
    while due := _due():
        with held(Lock.PLACING) as mine:
            if not mine:
                return proposed
            while due := _due():
                proposed += _place(keeper, due, now=now)
    return proposed


def _due() -> list[MatchingDue]:
    named = MatchingDue.objects.exclude(request_id=None, space_id=None).order_by("pk")
    due = list(named[: planning.MANY_DUE + 1])
    return [] if len(due) > planning.MANY_DUE and not planning.is_underway() else due[: planning.MANY_DUE]


def _place(keeper: Keeper, due: Collection[MatchingDue], *, now: Callable[[], datetime]) -> int:
    named = [(_text(row.request_id), _text(row.space_id)) for row in due]
    keeper.board(at=now(), also=named)
    proposed = 0
    for request_id in dict.fromkeys(request_id for request_id, _space_id in named if request_id):
        proposed += _guarded(lambda pk=request_id: place_request(keeper, pk, now=now))  # type: ignore[misc]
    for space_id in dict.fromkeys(space_id for _request_id, space_id in named if space_id):
        proposed += _guarded(lambda pk=space_id: refill_space(keeper, pk, now=now))  # type: ignore[misc]
    MatchingDue.objects.filter(pk__in=[row.pk for row in due]).delete()
    return proposed


def _guarded(act: Callable[[], int]) -> int:
    """Do one act that is due, and log an error instead of raising it: one bad row must not block the others for ever.

    Raises DatabaseError, because then the other rows would fail as well.
    """
    try:
        return act()
    except DatabaseError:
        raise
    except Exception:
        log.exception("left for the next round")
        return 0


def _text(pk: UUID | None) -> str | None:
    return None if pk is None else str(pk)


def place_request(keeper: Keeper, request_id: str, *, now: Callable[[], datetime]) -> int:
    """Propose the best place for a request that wants one; return how many matches were written.

    Write nothing where the request has a place, is withdrawn, or may be placed by people only. Where no place is
    possible, keep the reasons with the request.
    """
    read_again: list[Named] = [(request_id, None)]
    for _ in range(TRIES_A_REQUEST):
        at = now()
        board = keeper.board(at=at, also=read_again)
        need = part_of_market(at, requests=[request_id]).wanted(request_id)
        if need is None:
            return 0
        answer = board.place(need, worth_moving=WORTH_MOVING)
        if isinstance(answer, Unplaced):
            intake.note_unplaced({request_id: answer.reasons})
            return 0
        written = _written(keeper, answer, at=at)
        if written is not None:
            intake.note_unplaced({request_id: ()})
            return written
        read_again += [(None, leg.offer_id) for leg in answer.placement.legs]
        read_again += [(placement.need_id, leg.offer_id) for placement in answer.moved for leg in placement.legs]
    return 0


def refill_space(keeper: Keeper, space_id: str, *, now: Callable[[], datetime]) -> int:
    """Propose the free beds of a space to requests that wait; return how many matches were written."""
    at = now()
    board = keeper.board(at=at, also=[(None, space_id)])
    if space_id not in board.offers:
        return 0
    written = 0
    for placement in board.refill(space_id):
        done = _written(keeper, Arrangement(placement, (), placement.score), at=at)
        if done is None:
            # The space or the household was taken in the meantime: place the request on the board as it is now.
            written += place_request(keeper, placement.need_id, now=now)
        else:
            written += done
            intake.note_unplaced({placement.need_id: ()})
    return written


def _written(keeper: Keeper, answer: Arrangement, *, at: datetime) -> int | None:
    """Write an answer of the board; return how many matches were written, or None where the answer is out of date."""
    placements = (*answer.moved, answer.placement)
    requests = {placement.need_id for placement in placements}
    spaces = {leg.offer_id for placement in placements for leg in placement.legs}
    market = part_of_market(at, requests=requests, spaces=spaces)
    if not keeper.is_so(requests, spaces):
        return None
    instead_of = {
        moved.need_id: [match.pk for match in market.of_request[moved.need_id] if match.movable]
        for moved in answer.moved
    }
    try:
        return propose_arrangement(market, placements, at=at, instead_of=instead_of)
    except (Refused, OperationalError) as refusal:
        if not may_try_again(refusal):
            raise
        log.info("request %s: %s", answer.placement.need_id, getattr(refusal, "code", "deadlock"))
        return None
