"""The acts that move a match: the only writers of `Match.status`.

Every act here
1. locks the space's row and then the match's, in that order,
2. refuses in words what the moves table, the person's role or a freeze forbids,
3. writes the history line, the new status and the messages in one transaction,
4. leaves a row that a round of matching is due where it freed or opened something.

Whether there is room is not asked here: the database counts it under the same lock and refuses
(`matching.models.guards`). `by` is the user who acts, None for the worker; `at` is the moment.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from uuid import UUID, uuid4

from django.utils.translation import gettext as _

from accounts import vetting
from accounts.models import Host, User
from matching import messages, queries, rounds
from matching.deadlines import due_at, local_date
from matching.models import Match, MatchEvent, ShelterRequest, Space
from matching.refusals import (
    AlreadyAnswered,
    DeclinedBefore,
    Frozen,
    HasLiveMatches,
    IllegalMove,
    NotYours,
    ReasonNeeded,
    SecondPersonNeeded,
    one_act,
)
from matching.risks import HostRecord, is_high, risks_of
from matching.states import HOLDS_BEDS, NEEDS_REASON, REASONS, Act, Move, Role, Status, find_move


@dataclass(frozen=True, slots=True)
class Proposal:
    """A match to be: this household in this space for these nights, with the score and the reasons in words."""

    request: ShelterRequest
    space: Space
    first_night: date
    last_day: date
    people: int
    leg: int = 1
    score: float = 0.0
    reasons: Sequence[str] = field(default_factory=tuple)


# -- the first move -------------------------------------------------------------------------------


def propose(proposal: Proposal, *, by: User | None, at: datetime) -> Match:
    """Write a proposal, which holds the beds.

    Raises NotYours, DeclinedBefore, and what the database refuses: NoRoomLeft, OutsideWindow,
    SpaceNotOpen, LegTaken.
    """
    if by is not None and not (
        queries.covers(by, proposal.request.place_id) or queries.covers(by, proposal.space.place_id)
    ):
        raise NotYours
    if queries.declined_pairs([proposal.request.pk]).filter(space=proposal.space).exists():
        raise DeclinedBefore
    with one_act():
        return _write_proposals([proposal], by=by, at=at)[0]


def propose_many(proposals: Sequence[Proposal], *, at: datetime) -> list[Match]:
    """Write the worker's proposals in one transaction: all or none.

    Raises what the database refuses of any of them; the caller then proposes one by one.
    """
    with one_act():
        return _write_proposals(proposals, by=None, at=at)


def _write_proposals(proposals: Sequence[Proposal], *, by: User | None, at: datetime) -> list[Match]:
    records = queries.records_of({proposal.space.host_id for proposal in proposals}, local_date(at))
    # In the order of the spaces' ids: two rounds side by side then lock them in the same order.
    ordered = sorted(proposals, key=lambda proposal: proposal.space.pk)
    matches = Match.objects.bulk_create(
        [_as_match(proposal, records[proposal.space.host_id], at) for proposal in ordered]
    )
    role = Role.WORKER if by is None else Role.COORDINATOR
    MatchEvent.objects.bulk_create(
        [
            MatchEvent(match=match, act=Act.PROPOSE, to_status=Status.PROPOSED, by=by, role=role, at=at)
            for match in matches
        ]
    )
    messages.proposals_waiting(matches, at=at)
    return matches


def _as_match(proposal: Proposal, record: HostRecord, at: datetime) -> Match:
    risks = risks_of(proposal.request, record)
    return Match(
        pk=uuid4(),
        request=proposal.request,
        space=proposal.space,
        leg=proposal.leg,
        status=Status.PROPOSED,
        first_night=proposal.first_night,
        last_day=proposal.last_day,
        people=proposal.people,
        score=proposal.score,
        reasons=list(proposal.reasons),
        risks=risks,
        high_risk=is_high(risks),
        due_at=due_at(proposal.first_night, at),
        created_at=at,
    )


# -- every further move ---------------------------------------------------------------------------


def _locked(match_id: UUID) -> Match:
    """Return the match with the rows of its space and then itself locked until the transaction ends."""
    space_id = Match.objects.values_list("space_id", flat=True).get(pk=match_id)
    Space.objects.select_for_update().get(pk=space_id)
    return queries.with_everyone(Match.objects.all()).select_for_update(of=("self",)).get(pk=match_id)


def _role(match: Match, by: User | None) -> Role:
    if role := queries.role_in(match, by):
        return role
    raise NotYours


def _check(match: Match, act: Act, role: Role, reason: str) -> Move:
    """Return the row of the moves table that allows `act` now.

    Raises IllegalMove, NotYours, Frozen or ReasonNeeded.
    """
    move = find_move(act, Status(match.status))
    if move is None:
        raise IllegalMove
    if role not in move.roles:
        raise NotYours
    if match.frozen_at is not None and role is not Role.COORDINATOR:
        raise Frozen
    if act in NEEDS_REASON and role is not Role.WORKER and reason not in REASONS:
        raise ReasonNeeded
    return move


def _write(
    match: Match, act: Act, to: Status, *, by: User | None, role: Role, at: datetime, reason: str = "", note: str = ""
) -> Match:
    """Write one line of history and the match as it now is."""
    MatchEvent.objects.create(
        match=match,
        act=act,
        from_status=match.status,
        to_status=to,
        by=by,
        role=role,
        reason=reason,
        note=note,
        at=at,
    )
    match.status = to
    match.version += 1
    match.save()
    return match


def _move(
    match_id: UUID, act: Act, *, by: User | None, at: datetime, reason: str = "", note: str = ""
) -> tuple[Match, Role, Status]:
    """Make one move of the table; return the match, the role that moved it and the status it left."""
    match = _locked(match_id)
    role = _role(match, by)
    left = Status(match.status)
    move = _check(match, act, role, reason)
    match.due_at = None
    return _write(match, act, move.target, by=by, role=role, at=at, reason=reason, note=note), role, left


def approve(match_id: UUID, *, by: User, at: datetime) -> Match:
    """Approve a proposal and ask host and arrival; the first of two approvals of a high-risk one only notes it.

    Raises NotYours, IllegalMove, SecondPersonNeeded.
    """
    with one_act():
        match = _locked(match_id)
        role = _role(match, by)
        move = _check(match, Act.APPROVE, role, "")
        if match.approved_by_id is None:
            _look_at_risks_again(match, at)
            match.approved_by = by
            if match.high_risk:
                return _write(match, Act.FIRST_APPROVAL, Status.PROPOSED, by=by, role=role, at=at)
        elif match.approved_by_id == by.pk:
            raise SecondPersonNeeded
        else:
            match.also_approved_by = by
        match.due_at = due_at(match.first_night, at)
        _write(match, Act.APPROVE, move.target, by=by, role=role, at=at)
        messages.asked(match, at=at)
        return match


def _look_at_risks_again(match: Match, at: datetime) -> None:
    """Count what has become known of the host since the proposal: a complaint, a check run out."""
    record = queries.records_of({match.space.host_id}, local_date(at))[match.space.host_id]
    match.risks = risks_of(match.request, record)
    match.high_risk = match.high_risk or is_high(match.risks)


def decline(match_id: UUID, *, by: User, at: datetime, reason: str, note: str = "") -> Match:
    """Decline a proposal (coordinator) or an approved match (either side); the pair is not proposed again.

    Raises NotYours, IllegalMove, ReasonNeeded, Frozen.
    """
    with one_act():
        match, role, left = _move(match_id, Act.DECLINE, by=by, at=at, reason=reason, note=note)
        if left is Status.APPROVED:
            messages.ended(match, "declined", by_role=role, at=at)
        rounds.due(at)
        return match


def expire(match_id: UUID, *, at: datetime, reason: str = "no_answer") -> Match:
    """End a match nobody decided on or answered in time; a host who kept silent is asked before the space is matched again.

    Raises IllegalMove when it has moved on, Frozen.
    """
    with one_act():
        match, _by_role, left = _move(match_id, Act.EXPIRE, by=None, at=at, reason=reason)
        if left is Status.APPROVED:
            messages.ended(match, "expired", by_role=Role.WORKER, at=at)
            if match.host_accepted_at is None and reason == "no_answer":
                Space.objects.filter(pk=match.space_id, fresh_until__gt=at).update(fresh_until=at)
        rounds.due(at)
        return match


def accept(match_id: UUID, *, by: User, at: datetime) -> Match:
    """Note the host's or the arrival's yes; with both, the match is confirmed in the same transaction.

    Raises NotYours, IllegalMove, AlreadyAnswered, Frozen.
    """
    with one_act():
        match = _locked(match_id)
        role = _role(match, by)
        if role not in (Role.HOST, Role.ARRIVAL):
            raise NotYours
        if match.status != Status.APPROVED:
            raise IllegalMove
        if match.frozen_at is not None:
            raise Frozen
        stamp = "host_accepted_at" if role is Role.HOST else "arrival_accepted_at"
        if getattr(match, stamp) is not None:
            raise AlreadyAnswered
        setattr(match, stamp, at)
        _write(match, Act.ACCEPT, Status.APPROVED, by=by, role=role, at=at)
        if match.host_accepted_at and match.arrival_accepted_at:
            match.due_at = None
            _write(match, Act.CONFIRM, Status.CONFIRMED, by=None, role=Role.WORKER, at=at)
            messages.confirmed(match, at=at)
        return match


def cancel(match_id: UUID, *, by: User, at: datetime, reason: str, note: str = "") -> Match:
    """Cancel an approved or confirmed match. Raises NotYours, IllegalMove, ReasonNeeded, Frozen."""
    with one_act():
        match, role, _left = _move(match_id, Act.CANCEL, by=by, at=at, reason=reason, note=note)
        messages.ended(match, "cancelled", by_role=role, at=at)
        rounds.due(at)
        return match


def check_in(match_id: UUID, *, by: User, at: datetime) -> Match:
    """Note that the household has come. Raises NotYours, IllegalMove, Frozen."""
    with one_act():
        match, role, _left = _move(match_id, Act.CHECK_IN, by=by, at=at)
        messages.checked_in(match, by_role=role, at=at)
        return match


def no_show(match_id: UUID, *, by: User, at: datetime) -> Match:
    """Note that the household did not come; the beds are free again. Raises NotYours, IllegalMove, Frozen."""
    with one_act():
        match, _by_role, _left = _move(match_id, Act.NO_SHOW, by=by, at=at)
        messages.no_show(match, at=at)
        rounds.due(at)
        return match


def complete(match_id: UUID, *, by: User | None, at: datetime) -> Match:
    """End a stay well, at its last day (the worker) or before. Raises NotYours, IllegalMove, Frozen."""
    with one_act():
        match, role, _left = _move(match_id, Act.COMPLETE, by=by, at=at)
        messages.completed(match, by_role=role, at=at)
        rounds.due(at)
        return match


def break_off(match_id: UUID, *, by: User, at: datetime, reason: str, note: str = "") -> Match:
    """End a stay that did not work out; the nights left are matched anew at higher urgency.

    Raises NotYours, IllegalMove, ReasonNeeded, Frozen.
    """
    with one_act():
        match, role, _left = _move(match_id, Act.BREAK_OFF, by=by, at=at, reason=reason, note=note)
        today = local_date(at)
        if match.last_day > today:
            match.request.urgency = raised(match.request.urgency)
            match.request.save(update_fields=["urgency"])
        messages.broken_off(match, by_role=role, at=at)
        rounds.due(at)
        return match


def raised(urgency: str) -> str:
    """Return the next higher urgency; the highest stays."""
    steps = [value for value, _label in ShelterRequest.Urgency.choices]
    return steps[min(steps.index(urgency) + 1, len(steps) - 1)]


# -- safety ---------------------------------------------------------------------------------------


def report_not_safe(match_id: UUID, *, by: User, at: datetime, note: str = "") -> Match:
    """Freeze the match because host or arrival does not feel safe, and page the coordinators.

    Possible at any time of the match's life and after it; saying it twice changes nothing.
    Raises NotYours.
    """
    with one_act():
        match = _locked(match_id)
        role = _role(match, by)
        if role not in (Role.HOST, Role.ARRIVAL, Role.COORDINATOR):
            raise NotYours
        match.frozen_at = match.frozen_at or at
        _write(match, Act.FREEZE, Status(match.status), by=by, role=role, at=at, reason="not_safe", note=note)
        messages.not_safe(match, by_role=role, at=at)
        return match


def unfreeze(match_id: UUID, *, by: User, at: datetime, note: str = "") -> Match:
    """Let a frozen match go on after a coordinator has looked. Raises NotYours, IllegalMove."""
    with one_act():
        match = _locked(match_id)
        role = _role(match, by)
        if role is not Role.COORDINATOR:
            raise NotYours
        if match.frozen_at is None:
            raise IllegalMove(_("This match is not on hold."))
        match.frozen_at = None
        if match.status in (Status.PROPOSED, Status.APPROVED):
            match.due_at = due_at(match.first_night, at)
        return _write(match, Act.UNFREEZE, Status(match.status), by=by, role=role, at=at, note=note)


def vet_host(host_id: int, *, by: User, at: datetime) -> Host:
    """Vet a host, whose listed spaces can be matched from now on.

    Raises NotYours when `by` is no coordinator, ChecksMissing, or WrongStanding.
    """
    if queries.coordinator_of(by) is None:
        raise NotYours
    with one_act():
        host = vetting.vet(host_id, by=by, at=at)
        rounds.due(at)
        return host


def refuse_host(host_id: int, *, by: User, at: datetime, reason: str) -> Host:
    """Refuse an unvetted host. Raises NotYours when `by` is no coordinator, or WrongStanding."""
    if queries.coordinator_of(by) is None:
        raise NotYours
    with one_act():
        return vetting.refuse(host_id, by=by, at=at, reason=reason)


def suspend_host(host_id: int, *, by: User, at: datetime, reason: str) -> Host:
    """Suspend a vetted host and freeze every live match of theirs in the same transaction.

    Raises NotYours when `by` is no coordinator, WrongStanding when the host is not vetted.
    """
    if queries.coordinator_of(by) is None:
        raise NotYours
    with one_act():
        # Spaces before the host, as a proposal's trigger locks them: the other order ends in a deadlock.
        list(Space.objects.filter(host=host_id).order_by("pk").select_for_update().values_list("pk"))
        host = vetting.suspend(host_id, by=by, at=at, reason=reason)
        live = Match.objects.filter(space__host=host, status__in=sorted(HOLDS_BEDS)).order_by("space_id", "pk")
        for match_id in live.values_list("pk", flat=True):
            match = _locked(match_id)
            if match.holds_beds and match.frozen_at is None:
                match.frozen_at = at
                _write(match, Act.FREEZE, Status(match.status), by=by, role=Role.COORDINATOR, at=at)
                messages.frozen(match, at=at)
        messages.host_suspended(host, at=at)
        return host


# -- a request's end ------------------------------------------------------------------------------


def withdraw_request(request_id: UUID, *, by: User, at: datetime) -> ShelterRequest:
    """Withdraw a shelter request and end its matches that have not begun.

    Raises NotYours, and HasLiveMatches while the household is checked in somewhere.
    """
    with one_act():
        request = ShelterRequest.objects.select_related("arrival__user").get(pk=request_id)
        if request.arrival.user_id != by.pk and not queries.covers(by, request.place_id):
            raise NotYours
        if request.withdrawn_at is not None:
            return request
        for match_id in _live_matches(request):
            _end_for_withdrawal(match_id, by=by, at=at)
        request.withdrawn_at = at
        request.version += 1
        request.save(update_fields=["withdrawn_at", "version"])
        rounds.due(at)
        return request


def _live_matches(request: ShelterRequest) -> Iterable[UUID]:
    live = Match.objects.filter(request=request, status__in=sorted(HOLDS_BEDS)).order_by("space_id", "pk")
    return list(live.values_list("pk", flat=True))


def _end_for_withdrawal(match_id: UUID, *, by: User, at: datetime) -> None:
    match = _locked(match_id)
    if match.status == Status.CHECKED_IN:
        raise HasLiveMatches(_("A stay is going on. End the stay first, then withdraw the request."))
    if match.status == Status.PROPOSED:
        move = _check(match, Act.EXPIRE, Role.WORKER, "")
        match.due_at = None
        _write(match, Act.EXPIRE, move.target, by=None, role=Role.WORKER, at=at, reason="withdrawn")
    elif match.status in (Status.APPROVED, Status.CONFIRMED):
        cancel(match_id, by=by, at=at, reason="withdrawn")
