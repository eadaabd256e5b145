"""Ends of several matches at once: those of a suspended host, and those of a withdrawn shelter request."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from accounts.models import Host, User
from matching import due, hindrances, incidents, messages, queries
from matching.models import Match, ShelterRequest
from matching.refusals import Frozen, HasLiveMatches, NotYours, one_act
from matching.states import HOLDS_BEDS, SUSPENDED, Act, Role, Status
from matching.transitions.moves import break_off, cancel
from matching.transitions.writing import check, freed, locked, raise_urgency, write


def end_matches_of(host: Host, *, by: User, at: datetime) -> list[Match]:
    """End the matches of a suspended host that have not begun, and freeze the stays that have, within the caller's act.

    Proposals expire and agreed matches are cancelled; each household is planned anew at the next higher urgency. Returns
    the stays: for each, whoever is on call is paged until somebody acknowledges. Each household that knew of its match is
    told. The caller has locked the host's spaces.
    """
    stays = []
    live = Match.objects.filter(space__host=host, status__in=sorted(HOLDS_BEDS)).order_by("space_id", "pk")
    for match_id in live.values_list("pk", flat=True):
        match = locked(match_id)
        if match.status == Status.CHECKED_IN:
            if match.frozen_at is None or match.quiet_for:
                tell = match.frozen_at is None or match.quiet_for == Role.ARRIVAL
                match.quiet_for, match.quiet_until = "", None  # The host reads `host_on_hold` now.
                match.frozen_at = match.frozen_at or at
                write(match, Act.FREEZE, Status.CHECKED_IN, by=by, role=Role.COORDINATOR, at=at)
                if tell:
                    messages.frozen(match, Role.ARRIVAL, at=at)
            incidents.open_incident(match, reporter_role=Role.COORDINATOR, by=by, at=at, how=incidents.How.TOLD)
            stays.append(match)
        elif match.status == Status.PROPOSED:
            match.due_at = None
            write(match, Act.EXPIRE, Status.EXPIRED, by=None, role=Role.WORKER, at=at, reason=SUSPENDED)
            freed(match, at=at)
        elif match.holds_beds:
            match.due_at = None
            write(match, Act.CANCEL, Status.CANCELLED, by=by, role=Role.COORDINATOR, at=at, reason=SUSPENDED)
            raise_urgency(match)
            messages.ended(match, "cancelled", by_role=Role.HOST, at=at)  # The host reads `host_on_hold` instead.
            freed(match, at=at)
    return stays


def withdraw_request(request_id: UUID, *, by: User, at: datetime) -> ShelterRequest:
    """Withdraw a shelter request, and end its matches that have not begun.

    Raises NotYours, or HasLiveMatches while the household is checked in somewhere.
    """
    with one_act():
        request = ShelterRequest.objects.select_related("arrival__user").get(pk=request_id)
        if not queries.may_act_for(by, request):
            raise NotYours
        if request.withdrawn_at is not None:
            return request
        for match_id in _live_matches(request):
            _end_for_withdrawal(match_id, by=by, at=at)
        request.withdrawn_at = at
        request.version += 1
        request.save(update_fields=["withdrawn_at", "version"])
        # From here on the database refuses a new match. One that was written a moment ago is found now.
        for match_id in _live_matches(request):
            _end_for_withdrawal(match_id, by=by, at=at)
        return request


def _live_matches(request: ShelterRequest) -> Iterable[UUID]:
    live = Match.objects.filter(request=request, status__in=sorted(HOLDS_BEDS)).order_by("space_id", "pk")
    return list(live.values_list("pk", flat=True))


def _end_for_withdrawal(match_id: UUID, *, by: User, at: datetime) -> None:
    match = locked(match_id)
    known = hindrances.known_hindrance(match, queries.role_in(match, by))
    if match.status == Status.CHECKED_IN and isinstance(known, Frozen):
        break_off(match_id, by=by, at=at, reason="withdrawn", request_ends=True)
    elif match.status == Status.CHECKED_IN:
        raise HasLiveMatches("stay_going_on")
    elif match.status == Status.PROPOSED:
        move = check(match, Act.EXPIRE, Role.WORKER, "")
        match.due_at = None
        write(match, Act.EXPIRE, move.target, by=None, role=Role.WORKER, at=at, reason="withdrawn")
        due.note(at, spaces=[match.space_id])
    elif match.status in (Status.APPROVED, Status.CONFIRMED):
        cancel(match_id, by=by, at=at, reason="withdrawn", request_ends=True)
