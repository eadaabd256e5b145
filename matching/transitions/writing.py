"""What every move has in common: it locks the rows, checks whether the act is allowed, and writes the match with its history.

`write` and `proposals` are the only writers of `Match.status`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from accounts.models import User
from matching import due, hindrances, queries
from matching.models import Match, MatchEvent, ShelterRequest, Space
from matching.refusals import Frozen, IllegalMove, NotYours, ReasonNeeded
from matching.states import FORWARD, NEEDS_REASON, REASON_NOT_SAFE, REASONS, Act, Move, Role, Status, find_move
from privacy import remarks


def locked(match_id: UUID) -> Match:
    """Return the match; its space's row is locked first and its own second, until the transaction ends."""
    space_id = Match.objects.values_list("space_id", flat=True).get(pk=match_id)
    Space.objects.select_for_update().get(pk=space_id)
    return queries.with_everyone(Match.objects.all()).select_for_update(of=("self",)).get(pk=match_id)


def locked_with_neighbours(match_id: UUID) -> Match:
    """Return the match, locked; before it, in id order, every space of its host, as a suspension locks them."""
    neighbours = Space.objects.filter(host__spaces__matches=match_id).order_by("pk")
    list(Space.objects.filter(pk__in=neighbours.values("pk")).order_by("pk").select_for_update().values_list("pk"))
    return locked(match_id)


def role_of(match: Match, by: User | None) -> Role:
    if role := queries.role_in(match, by):
        return role
    raise NotYours


def check(match: Match, act: Act, role: Role, reason: str) -> Move:
    """Return the row of the moves table that allows `act` to `role` now.

    Raises IllegalMove, NotYours, Frozen, HostNotVetted or ReasonNeeded.
    """
    move = find_move(act, Status(match.status))
    if move is None:
        raise IllegalMove
    if role not in move.roles:
        raise NotYours
    if act in FORWARD:
        hindrances.check(match, role)
    if match.frozen_at is not None and role is Role.WORKER and move.source is not Status.PROPOSED:
        raise Frozen  # People may leave; the worker leaves what is more than a proposal to people.
    if act in NEEDS_REASON and role is not Role.WORKER and reason not in REASONS:
        raise ReasonNeeded
    return move


def write(
    match: Match,
    act: Act,
    to: Status,
    *,
    by: User | None,
    role: Role,
    at: datetime,
    reason: str = "",
    numbers: Mapping[str, int] | None = None,
    note: str = "",
    told_by: str = "",
) -> Match:
    """Write one line of history and the match as it now is.

    A report leaves the version as it is: the other side, who reads it as an ETag, must not learn the moment.
    """
    MatchEvent.objects.create(
        match=match,
        act=act,
        from_status=match.status,
        to_status=to,
        by=by,
        role=role,
        reason=reason,
        numbers=numbers,
        remark=remarks.write(note, at=at),
        told_by=told_by,
        at=at,
    )
    match.status = to
    match.version += reason != REASON_NOT_SAFE or act is not Act.FREEZE
    match.save()
    return match


def freed(match: Match, *, at: datetime) -> None:
    """Note that the household may need another place, and that the space is free for another household."""
    due.note(at, requests=[match.request_id], spaces=[match.space_id])


def raise_urgency(match: Match) -> None:
    match.request.urgency = raised(match.request.urgency)
    match.request.save(update_fields=["urgency"])


def raised(urgency: str) -> str:
    """Return the next higher urgency, or the highest itself."""
    steps = [value for value, _label in ShelterRequest.Urgency.choices]
    return steps[min(steps.index(urgency) + 1, len(steps) - 1)]
