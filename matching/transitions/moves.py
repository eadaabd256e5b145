"""Every move after the proposal: the answers, the stay, and the ends that people or the worker choose."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from django.utils import timezone

from accounts.coordinators import check_counts_as_one_of_two
from accounts.models import User
from matching import flags, hindrances, messages, queries, risks
from matching.deadlines import TIME_TO_TAKE_BACK, answer_by, evening_of, local_date
from matching.models import Match, Space
from matching.refusals import (
    AlreadyAnswered,
    IllegalMove,
    NotYours,
    PersonNeeded,
    SecondPersonNeeded,
    TooEarly,
    TooLateToTakeBack,
    one_act,
)
from matching.states import BY_POLICY, REASON_NOT_SAFE, TAKEN_BACK_BY, Act, Role, Status
from matching.transitions.reports import report
from matching.transitions.writing import check, freed, locked, locked_with_neighbours, raise_urgency, role_of, write


def _move(
    match_id: UUID,
    act: Act,
    *,
    by: User | None,
    at: datetime,
    reason: str = "",
    note: str = "",
    told_by: Role | None = None,
) -> tuple[Match, Role, Status]:
    """Make one move of the table; return the match, the role that made the move, and the status before it.

    The reason "not safe" does before the move all that `report_not_safe` does.
    """
    match = locked_with_neighbours(match_id) if reason == REASON_NOT_SAFE else locked(match_id)
    role = role_of(match, by)
    left = Status(match.status)
    move = check(match, act, role, reason)
    if reason == REASON_NOT_SAFE and by is not None:
        report(match, by=by, role=role, at=at, told_by=told_by, note=note, as_reason=True)
    match.due_at = None
    return write(match, act, move.target, by=by, role=role, at=at, reason=reason, note=note), role, left


def approve(match_id: UUID, *, by: User, at: datetime) -> Match:
    """Approve a proposal, and ask host and arrival.

    A high-risk proposal needs two people: the first approval is only noted. Raises NotYours, IllegalMove, and
    SecondPersonNeeded when the same person approves twice. NotConfirmedYet for a new account and a high risk.
    """
    with one_act():
        match = locked(match_id)
        role = role_of(match, by)
        move = check(match, Act.APPROVE, role, "")
        if match.approved_by_id is None:
            _look_at_risks_again(match, at)
        if match.high_risk:
            check_counts_as_one_of_two(by)
        if match.approved_by_id is None:
            match.approved_by = by
            if match.high_risk:
                return write(match, Act.FIRST_APPROVAL, Status.PROPOSED, by=by, role=role, at=at)
        elif match.approved_by_id == by.pk:
            raise SecondPersonNeeded
        else:
            match.also_approved_by = by
        match.due_at = answer_by(match.first_night, at)
        write(match, Act.APPROVE, move.target, by=by, role=role, at=at)
        messages.asked(match, at=at)
        return match


def approve_by_policy(match_id: UUID, *, by: User, at: datetime, limits: Mapping[str, int]) -> Match:
    """Approve a proposal without any risk, in the name of `by`, the lead who switched the policy on.

    The history keeps the `limits` of the policy: at most `km` kilometres, and a host after `stays` stays that ended well.

    Risks are looked up again under the lock. Raises PersonNeeded where there is a child, a risk of any kind or a
    first approval already; Frozen, NotYours, IllegalMove.
    """
    with one_act():
        match = locked(match_id)
        role = role_of(match, by)
        if role is not Role.COORDINATOR:
            raise NotYours
        move = check(match, Act.APPROVE, role, "")
        record = queries.records_of({match.space.host_id}, local_date(at))[match.space.host_id]
        found = {*match.risks, *risks.risks_of(match.request, record, people=match.people)}
        if match.high_risk or found or match.request.children or match.approved_by_id is not None:
            raise PersonNeeded
        match.approved_by = by
        match.due_at = answer_by(match.first_night, at)
        write(match, Act.APPROVE, move.target, by=by, role=role, at=at, reason=BY_POLICY, numbers=limits)
        messages.asked(match, at=at)
        return match


def _look_at_risks_again(match: Match, at: datetime) -> None:
    """Add the risks that have become known since the proposal: a complaint about the host, a check that ran out."""
    record = queries.records_of({match.space.host_id}, local_date(at))[match.space.host_id]
    match.risks = risks.risks_of(match.request, record, people=match.people)
    match.high_risk = match.high_risk or risks.is_high(match.risks)


def decline(
    match_id: UUID, *, by: User, at: datetime, reason: str, note: str = "", told_by: Role | None = None
) -> Match:
    """Decline a proposal (coordinator) or an approved match (host or arrival); the pair is not proposed again.

    Raises NotYours, IllegalMove, ReasonNeeded, Frozen.
    """
    with one_act():
        match, role, left = _move(match_id, Act.DECLINE, by=by, at=at, reason=reason, note=note, told_by=told_by)
        if left is Status.APPROVED:
            messages.ended(match, "declined", by_role=role, at=at)
        freed(match, at=at)
        return match


def expire(match_id: UUID, *, at: datetime, reason: str = "no_answer") -> Match:
    """End a match on which nobody decided, or to which nobody answered, in time.

    A host who kept silent is asked whether the space still stands before it is matched again.
    Raises IllegalMove when the match has moved on, Frozen.
    """
    with one_act():
        match, _by_role, left = _move(match_id, Act.EXPIRE, by=None, at=at, reason=reason)
        if left is Status.APPROVED:
            messages.ended(match, "expired", by_role=Role.WORKER, at=at)
            if match.host_accepted_at is None and reason == "no_answer":
                Space.objects.filter(pk=match.space_id, fresh_until__gt=at).update(fresh_until=at)
        freed(match, at=at)
        return match


def accept(match_id: UUID, *, by: User, at: datetime) -> Match:
    """Note the host's or the arrival's yes; the second yes confirms the match in the same transaction.

    Raises NotYours, IllegalMove, AlreadyAnswered, Frozen.
    """
    with one_act():
        match = locked(match_id)
        role = role_of(match, by)
        if role not in (Role.HOST, Role.ARRIVAL):
            raise NotYours
        if match.status != Status.APPROVED:
            raise IllegalMove
        hindrances.check(match, role)
        stamp = "host_accepted_at" if role is Role.HOST else "arrival_accepted_at"
        if getattr(match, stamp) is not None:
            raise AlreadyAnswered
        setattr(match, stamp, at)
        write(match, Act.ACCEPT, Status.APPROVED, by=by, role=role, at=at)
        if match.host_accepted_at and match.arrival_accepted_at:
            match.due_at = None
            write(match, Act.CONFIRM, Status.CONFIRMED, by=None, role=Role.WORKER, at=at)
            messages.confirmed(match, at=at)
        return match


def cancel(
    match_id: UUID,
    *,
    by: User,
    at: datetime,
    reason: str,
    note: str = "",
    told_by: Role | None = None,
    request_ends: bool = False,
) -> Match:
    """Cancel an approved or confirmed match; `request_ends`, because the whole request is withdrawn.

    Raises NotYours, IllegalMove, ReasonNeeded, Frozen.
    """
    with one_act():
        match, role, _left = _move(match_id, Act.CANCEL, by=by, at=at, reason=reason, note=note, told_by=told_by)
        messages.ended(match, "cancelled", by_role=role, at=at, request_ends=request_ends)
        if role in (Role.HOST, Role.ARRIVAL):
            flags.note_cancelled(match, by=by, at=at)
        freed(match, at=at)
        return match


def check_in(match_id: UUID, *, by: User, at: datetime) -> Match:
    """Note that the household has come, from the first day on. Raises NotYours, IllegalMove, Frozen, TooEarly."""
    with one_act():
        _check_sayable(locked(match_id), Act.CHECK_IN, by=by, at=at)
        match, role, _left = _move(match_id, Act.CHECK_IN, by=by, at=at)
        messages.checked_in(match, by_role=role, at=at)
        return match


def no_show(match_id: UUID, *, by: User, at: datetime) -> Match:
    """Note that the household did not come, once the evening's hour has passed; the beds are free again.

    Raises NotYours, IllegalMove, Frozen, TooEarly.
    """
    with one_act():
        _check_sayable(locked(match_id), Act.NO_SHOW, by=by, at=at)
        match, _by_role, _left = _move(match_id, Act.NO_SHOW, by=by, at=at)
        messages.no_show(match, at=at)
        freed(match, at=at)
        return match


def _check_sayable(match: Match, act: Act, *, by: User, at: datetime) -> None:
    check(match, act, role_of(match, by), "")  # First, so that the dates of a match are told to nobody else.
    check_moment(act, match, at)


def check_moment(act: Act, match: Match, at: datetime) -> None:
    """Raise TooEarly for what cannot be said yet: an arrival before its first day, a no-show before the evening's hour."""
    if match.status != Status.CONFIRMED:
        return  # The table of moves says more about such a match than its dates.
    evening = evening_of(match.first_night)
    earliest = evening if act is Act.NO_SHOW else timezone.localtime(evening).replace(hour=0)
    if at < earliest:
        raise TooEarly("from", moment=earliest.isoformat())


def undo_check_in(match_id: UUID, *, by: User, at: datetime) -> Match:
    """Take back for an hour that the household has come. Raises NotYours, IllegalMove, Frozen, TooLateToTakeBack."""
    with one_act():
        return _take_back(match_id, Act.CHECK_IN, by=by, at=at)


def undo_no_show(match_id: UUID, *, by: User, at: datetime) -> Match:
    """Take back for an hour that the household did not come; the database refuses it where the room is taken.

    Raises NotYours, IllegalMove, Frozen, TooLateToTakeBack, NoRoomLeft, PlacedAlready, RequestNotOpen.
    """
    with one_act():
        return _take_back(match_id, Act.NO_SHOW, by=by, at=at)


def _take_back(match_id: UUID, said: Act, *, by: User, at: datetime) -> Match:
    match, role, _left = _move(match_id, TAKEN_BACK_BY[said], by=by, at=at)
    last = match.events.filter(act=said).last()
    if last is None or at - last.at > TIME_TO_TAKE_BACK:
        raise TooLateToTakeBack
    messages.taken_back(match, by_role=role, at=at)
    return match


def complete(match_id: UUID, *, by: User | None, at: datetime) -> Match:
    """End a stay that went well: on its last day (the worker), or earlier. Raises NotYours, IllegalMove, Frozen."""
    with one_act():
        match, role, _left = _move(match_id, Act.COMPLETE, by=by, at=at)
        messages.completed(match, by_role=role, at=at)
        freed(match, at=at)
        return match


def break_off(
    match_id: UUID,
    *,
    by: User,
    at: datetime,
    reason: str,
    note: str = "",
    told_by: Role | None = None,
    request_ends: bool = False,
) -> Match:
    """End a stay that did not work out; its remaining nights are matched again, at the next higher urgency.

    Raises NotYours, IllegalMove, ReasonNeeded, Frozen.
    """
    with one_act():
        match, role, _left = _move(match_id, Act.BREAK_OFF, by=by, at=at, reason=reason, note=note, told_by=told_by)
        if match.last_day > local_date(at):
            raise_urgency(match)
        messages.broken_off(match, by_role=role, at=at, request_ends=request_ends)
        freed(match, at=at)
        return match
