"""From the engine's placements to proposals, in short transactions; a refused one does not hold back the others."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from uuid import UUID

from django.db import OperationalError

from accounts.refusals import Refused
from matching import transitions
from matching.engine import Placement
from matching.loading import Market
from matching.transitions import Proposal

log = logging.getLogger(__name__)

PLACEMENTS_AT_ONCE = 250
"""In one transaction: it keeps the rows of so many spaces locked for some tenths of a second."""


def propose_placements(
    market: Market, placements: Sequence[Placement], *, now: Callable[[], datetime]
) -> tuple[int, list[str]]:
    """Write placements as proposals; return how many matches were written, and the ids of the refused requests.

    What has changed since the market was loaded makes the database refuse a whole chunk, which is then tried in
    halves down to the one that is refused.
    """
    written, refused = 0, []
    for start in range(0, len(placements), PLACEMENTS_AT_ONCE):
        waiting = [[proposals_of(market, placement) for placement in placements[start : start + PLACEMENTS_AT_ONCE]]]
        while waiting:
            groups = waiting.pop()
            try:
                written += len(transitions.propose_many([leg for legs in groups for leg in legs], at=now()))
            except (Refused, OperationalError) as refusal:
                if not isinstance(refusal, Refused) and not is_deadlock(refusal):
                    raise
                if len(groups) > 1:
                    half = len(groups) // 2
                    waiting += [groups[half:], groups[:half]]
                else:
                    request_id = str(groups[0][0].request.pk)
                    log.info("request %s is not placed now: %s", request_id, getattr(refusal, "code", "deadlock"))
                    refused.append(request_id)
    return written, refused


def propose_arrangement(
    market: Market, placements: Sequence[Placement], *, at: datetime, instead_of: Collection[UUID] = ()
) -> int:
    """Write placements that belong together, all or none; return how many matches. Raises as `propose_many` does."""
    moved = {placement.need_id for placement in placements} if instead_of else frozenset[str]()
    legs = [leg for placement in placements for leg in proposals_of(market, placement, anew=placement.need_id in moved)]
    return len(transitions.propose_many(legs, at=at, instead_of=instead_of))


def proposals_of(market: Market, placement: Placement, *, anew: bool = False) -> list[Proposal]:
    """Return a proposal for each leg; `anew`: what the worker had proposed for the request gives way to it."""
    numbers = market.free_legs(placement.need_id, len(placement.legs), movable_too=anew)
    return [
        Proposal(
            request=market.requests[placement.need_id],
            space=market.spaces[leg.offer_id],
            first_night=leg.first_night,
            last_day=leg.last_day,
            people=leg.people,
            leg=number,
            score=placement.score,
            reasons=placement.reasons,
        )
        for leg, number in zip(placement.legs, numbers, strict=True)
    ]


def is_deadlock(error: OperationalError) -> bool:
    """Return whether PostgreSQL ended this transaction so that another, which waited for it, can go on."""
    return getattr(error.__cause__, "sqlstate", None) == "40P01"
