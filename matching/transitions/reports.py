"""Acts for safety: somebody does not feel safe, the other side reads of a pause, and a frozen match goes on.

"Not safe" has one act, `report`, whichever way it is said: by the button, as the reason of another act (`moves`), or on the
telephone to a coordinator.
"""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from uuid import UUID

from accounts.models import User
from matching import due, hindrances, incidents, messages
from matching.deadlines import answer_by
from matching.limits import NEUTRAL_WORDS_AFTER
from matching.models import KeptApart, Match, ShelterRequest
from matching.refusals import IllegalMove, NotYours, one_act
from matching.states import HOLDS_BEDS, REASON_NOT_SAFE, Act, Role, Status
from matching.transitions.writing import freed, locked, locked_with_neighbours, role_of, write


def report_not_safe(match_id: UUID, *, by: User, at: datetime, note: str = "", told_by: Role | None = None) -> Match:
    """Freeze the match because the host or the arrival does not feel safe, and page whoever is on call.

    `told_by` is the side that told a coordinator so; without it the coordinator saw it. Possible in every status, also
    after the stay. A match that is frozen already stays frozen. Raises NotYours.
    """
    with one_act():
        match = locked_with_neighbours(match_id)
        role = role_of(match, by)
        if role not in (Role.HOST, Role.ARRIVAL, Role.COORDINATOR):
            raise NotYours
        return report(match, by=by, role=role, at=at, told_by=told_by, note=note)


def report(
    match: Match, *, by: User, role: Role, at: datetime, told_by: Role | None, note: str, as_reason: bool = False
) -> Match:
    """Do all that follows when somebody does not feel safe; the caller has locked every space of the host.

    Every live match of this arrival with this host is frozen, for they never meet again. An arrival who reports is
    planned anew at once, at the highest urgency. A household whose host reports is placed by coordinators only.
    """
    told_by = Role(told_by) if told_by and role is Role.COORDINATOR else None
    side = told_by or role
    _freeze(match, by=by, role=role, side=side, at=at, told_by=told_by or "")
    KeptApart.objects.update_or_create(
        arrival_id=match.request.arrival_id,
        host_id=match.space.host_id,
        # A report puts in force again what two people had taken back.
        defaults={"asked_by": None, "reason": "", "taken_back_by": None, "taken_back_at": None},
        create_defaults={"at": at},
    )
    for other in _others_of_both(match):
        if other.status == Status.PROPOSED:
            other.due_at = None
            write(other, Act.EXPIRE, Status.EXPIRED, by=None, role=Role.WORKER, at=at, reason="withdrawn")
            freed(other, at=at)
        elif other.frozen_at is None:
            _freeze(other, by=by, role=role, side=side, at=at, told_by=told_by or "")
    _plan_again(match, side, at=at)
    how = incidents.How.TOLD if told_by else incidents.How.REASON if as_reason else incidents.How.BUTTON
    incidents.open_incident(match, reporter_role=side, by=by, at=at, how=how, happened=note)
    return match


def _freeze(match: Match, *, by: User, role: Role, side: Role, at: datetime, told_by: str) -> None:
    """Freeze one match. The side that did not report reads neutral words later, at a moment drawn by lot."""
    if match.quiet_for == side:  # It has its own reasons now, and reads its own words.
        match.quiet_for, match.quiet_until = "", None
    elif match.frozen_at is None and side in (Role.HOST, Role.ARRIVAL):
        match.quiet_for = Role.ARRIVAL if side is Role.HOST else Role.HOST
        match.quiet_until = at + _quiet_time()
    match.frozen_at = match.frozen_at or at
    write(match, Act.FREEZE, Status(match.status), by=by, role=role, at=at, reason=REASON_NOT_SAFE, told_by=told_by)


def _quiet_time() -> timedelta:
    """Return how long the other side reads nothing of a freeze: minutes within NEUTRAL_WORDS_AFTER."""
    least, most = NEUTRAL_WORDS_AFTER
    return timedelta(seconds=least * 60 + secrets.randbelow((most - least) * 60 + 1))


def _others_of_both(match: Match) -> list[Match]:
    """Return the other live matches of this arrival with this host, locked."""
    both = {"request__arrival": match.request.arrival_id, "space__host": match.space.host_id}
    live = Match.objects.filter(**both, status__in=sorted(HOLDS_BEDS)).exclude(pk=match.pk)
    return [locked(pk) for pk in live.order_by("space_id", "pk").values_list("pk", flat=True)]


def _plan_again(match: Match, side: Role, *, at: datetime) -> None:
    """Note that the household needs another place: at once if it reported, from people only if its host did."""
    request = match.request
    if side is not Role.HOST:
        request.urgency = ShelterRequest.Urgency.TONIGHT
        request.save(update_fields=["urgency"])
    elif request.desk_since is None:
        request.desk_since = at
        request.save(update_fields=["desk_since"])
    due.note(at, requests=[request.pk])


def say_neutral_words(*, at: datetime) -> int:
    """Tell the sides that have not heard of a freeze yet, and whose time has come, that all is paused; return how many.

    A match that has ended meanwhile is told of no more: its end was told.
    """
    waiting = Match.objects.filter(quiet_until__lte=at).order_by("space_id", "pk")
    said = 0
    for match_id in list(waiting.values_list("pk", flat=True)):
        with one_act():
            match = locked(match_id)
            if match.quiet_until is None or match.quiet_until > at:
                continue
            side = Role(match.quiet_for)
            match.quiet_for, match.quiet_until = "", None
            match.version += 1
            match.save(update_fields=["quiet_for", "quiet_until", "version"])
            if match.holds_beds and match.status != Status.PROPOSED:
                messages.frozen(match, side, at=at)
                said += 1
    return said


def unfreeze(match_id: UUID, *, by: User, at: datetime, note: str = "") -> Match:
    """Let a frozen match go on after a coordinator has looked.

    Raises NotYours, IllegalMove, IncidentOpen, HostNotVetted, and PlacedAlready while the household has another live match
    on these nights.
    """
    with one_act():
        match = locked(match_id)
        role = role_of(match, by)
        if role is not Role.COORDINATOR:
            raise NotYours
        if match.frozen_at is None:
            raise IllegalMove("not_on_hold")
        match.frozen_at, match.quiet_for, match.quiet_until = None, "", None
        if (found := hindrances.hindrance(match)) is not None:
            raise found
        if match.status in (Status.PROPOSED, Status.APPROVED):
            match.due_at = answer_by(match.first_night, at)
        return write(match, Act.UNFREEZE, Status(match.status), by=by, role=role, at=at, note=note)
