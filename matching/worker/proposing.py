"""Write the engine's placements as proposals in short transactions. A refused placement does not hold back the others."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from django.db import OperationalError

from accounts.refusals import Refused
from matching import transitions
from matching.engine import Placement
from matching.transitions import Proposal
from matching.worker.market import Market

log = logging.getLogger(__name__)

DEADLOCK = "40P01"

PLACEMENTS_AT_ONCE = 250
"""Placements in one transaction. It locks the rows of as many spaces for some tenths of a second."""


def propose_placements(
    market: Market, placements: Sequence[Placement], *, now: Callable[[], datetime]
) -> tuple[int, list[str]]:
    """Write placements as proposals; return how many matches were written, and the ids of the refused requests.

    The database refuses a whole chunk if one placement no longer fits. The chunk is then tried in halves, down to the
    placement that is refused. Raises OperationalError for any error of the database but a deadlock.
    """
    written, refused = 0, []
    for start in range(0, len(placements), PLACEMENTS_AT_ONCE):
        waiting = [[proposals_of(market, placement) for placement in placements[start : start + PLACEMENTS_AT_ONCE]]]
        while waiting:
            groups = waiting.pop()
            try:
                written += len(transitions.propose_many([leg for legs in groups for leg in legs], at=now()))
            except (Refused, OperationalError) as refusal:
                if not may_try_again(refusal):
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
    market: Market, placements: Sequence[Placement], *, at: datetime, instead_of: Mapping[str, Collection[UUID]]
) -> int:
    """Write placements that belong together, all or none; return how many matches were written.

    `instead_of` maps the id of a request to the matches that the new ones replace. Raises as `transitions.propose_many`
    does.
    """
    legs = [
        leg for placement in placements for leg in proposals_of(market, placement, anew=placement.need_id in instead_of)
    ]
    given_up = [match_id for request_id in sorted(instead_of) for match_id in instead_of[request_id]]
    return len(transitions.propose_many(legs, at=at, instead_of=given_up))


def changes(
    placements: Sequence[Placement], standing: Mapping[str, Placement]
) -> tuple[list[Placement], list[tuple[list[Placement], list[str]]]]:
    """Return the new placements that need no standing proposal to give way, and groups of those that do.

    A group is a list of placements and the ids of the requests whose standing proposals are given up for them. The two
    must be written together, because the placements use beds that these proposals free. A request that is given up and
    has no placement in the group waits again.
    """
    wanted = {placement.need_id: placement for placement in placements}
    given_up = [pk for pk, old in standing.items() if pk not in wanted or set(wanted[pk].legs) != set(old.legs)]
    freed = {leg.offer_id for pk in given_up for leg in standing[pk].legs}
    new = [placement for placement in placements if placement.need_id not in standing]
    plain = [placement for placement in new if not any(leg.offer_id in freed for leg in placement.legs)]

    group_of: dict[str, str] = {space_id: space_id for space_id in freed}

    def group(space_id: str) -> str:
        while group_of[space_id] != space_id:
            group_of[space_id] = space_id = group_of[group_of[space_id]]
        return space_id

    concerned = [wanted[pk] for pk in given_up if pk in wanted]
    concerned += [placement for placement in new if any(leg.offer_id in freed for leg in placement.legs)]
    old_legs = {pk: standing[pk].legs for pk in given_up}
    touched = {pk: {leg.offer_id for leg in legs} for pk, legs in old_legs.items()}
    for placement in concerned:
        spaces = touched.setdefault(placement.need_id, set())
        spaces |= {leg.offer_id for leg in placement.legs if leg.offer_id in freed}
    for spaces in touched.values():
        first, *others = spaces
        for other in others:
            group_of[group(other)] = group(first)

    groups: defaultdict[str, tuple[list[Placement], list[str]]] = defaultdict(lambda: ([], []))
    for placement in concerned:
        groups[group(next(iter(touched[placement.need_id])))][0].append(placement)
    for pk in given_up:
        groups[group(next(iter(touched[pk])))][1].append(pk)
    return plain, list(groups.values())


def proposals_of(market: Market, placement: Placement, *, anew: bool = False) -> list[Proposal]:
    """Return a proposal for each leg. With `anew`, the legs replace those that the worker had proposed before."""
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


def may_try_again(error: Exception) -> bool:
    """Return whether another attempt may succeed: the domain refused the write, or PostgreSQL ended it as a deadlock."""
    return isinstance(error, Refused) or getattr(error.__cause__, "sqlstate", None) == DEADLOCK
