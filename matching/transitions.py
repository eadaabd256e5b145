"""The acts that move a match: the only writers of `Match.status`.

Every act here
1. locks the space's row, then the match's,
2. refuses in words what the moves table, the person's role or a freeze forbids,
3. writes the line of history, the new status and the messages in one transaction,
4. notes that matching is due (`matching.due`) where it freed a bed or left a household without one.

No act counts beds: the database does, under the same lock, and refuses (`matching.models.guards`).
`by` is the user who acts, None for the worker; `at` is the moment.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Protocol
from uuid import UUID, uuid4

from accounts.coordinators import check_counts_as_one_of_two
from accounts.models import Host, User
from deployment.rules import read_once
from matching import due, flags, hindrances, incidents, messages, queries, risks
from matching.copy_rows import copy_in
from matching.deadlines import answer_by, local_date
from matching.engine.reasons import Reason, as_json_text
from matching.limits import NEUTRAL_WORDS_AFTER
from matching.models import KeptApart, Match, MatchEvent, ShelterRequest, Space
from matching.refusals import (
    AlreadyAnswered,
    ChangedSince,
    DeclinedBefore,
    Frozen,
    HasLiveMatches,
    IllegalMove,
    NotYours,
    PersonNeeded,
    ReasonNeeded,
    SecondPersonNeeded,
    SpaceNotOpen,
    one_act,
)
from matching.risks import HostRecord
from matching.states import (
    BY_POLICY,
    FORWARD,
    HOLDS_BEDS,
    NEEDS_REASON,
    REASON_NOT_SAFE,
    REASONS,
    SUSPENDED,
    Act,
    Move,
    Role,
    Status,
    find_move,
)


class HouseholdAsking(risks.Household, Protocol):
    """The household of a proposal: a shelter request, or the columns of one."""

    @property
    def pk(self) -> UUID | str: ...
    @property
    def place_id(self) -> int | None: ...
    @property
    def version(self) -> int: ...


class Room(Protocol):
    """The space of a proposal: a row of the ORM, or the columns of one."""

    @property
    def pk(self) -> UUID | str: ...
    @property
    def place_id(self) -> int | None: ...
    @property
    def host_id(self) -> int: ...
    @property
    def version(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Proposal:
    """A match to be: this household in this space for these nights, with the score and the reasons."""

    request: HouseholdAsking
    space: Room
    first_night: date
    last_day: date
    people: int
    leg: int = 1
    score: float = 0.0
    reasons: Sequence[Reason] = ()


# -- the first move -------------------------------------------------------------------------------

COPIED_MATCH_COLUMNS = (
    *("id", "request_id", "space_id", "leg", "status", "first_night", "last_day", "people", "score"),
    *("reasons", "risks", "high_risk", "due_at", "created_at", "version"),
)
EVENT_COLUMNS = ("match_id", "act", "from_status", "to_status", "by_id", "role", "reason", "note", "at")


def propose(proposal: Proposal, *, by: User | None, at: datetime) -> Match:
    """Write a proposal, which holds the beds.

    Raises NotYours unless `by` coordinates the place of the request or of the space; DeclinedBefore; and what the
    database refuses: NoRoomLeft, OutsideWindow, OutsideRequest, SpaceNotOpen, RequestNotOpen, LegTaken, PlacedAlready.
    """
    if by is not None and not queries.covers_match(by, proposal):
        raise NotYours
    with one_act():
        (match_id,) = _write_proposals([proposal], by=by, at=at)
        return queries.with_everyone(Match.objects.all()).get(pk=match_id)


def propose_many(proposals: Sequence[Proposal], *, at: datetime, instead_of: Collection[UUID] = ()) -> list[UUID]:
    """Write the worker's proposals in one transaction, all or none; return the ids of the matches.

    `instead_of` are proposals of the worker's own that make room: they expire in the same transaction. Raises ChangedSince
    when a request or space has changed since it was read, SpaceNotOpen when the host's word on a space has run out,
    IllegalMove when somebody has approved or frozen one of `instead_of`, and whatever `propose` raises for any of the
    proposals. The caller then proposes them one by one.
    """
    with one_act():
        # Lock spaces in id order, so that two callers cannot deadlock.
        for match_id in Match.objects.filter(pk__in=instead_of).order_by("space_id").values_list("pk", flat=True):
            _give_way(match_id, at=at)
        written = _write_proposals(proposals, by=None, at=at)
        _check_as_read(proposals, at=at)
        return written


@read_once()
def _write_proposals(proposals: Sequence[Proposal], *, by: User | None, at: datetime) -> list[UUID]:
    records = queries.records_of({proposal.space.host_id for proposal in proposals}, local_date(at))
    # Lock spaces in id order here too: the guards lock each as its row is written.
    ordered = sorted(proposals, key=lambda proposal: str(proposal.space.pk))
    ids = [uuid4() for _ in ordered]
    # Asked before and after: a pair that was declined is refused as such, whatever the guards would say of it.
    _check_not_declined(ordered)
    copy_in(
        Match,
        COPIED_MATCH_COLUMNS,
        (
            _as_row(match_id, proposal, records[proposal.space.host_id], at)
            for match_id, proposal in zip(ids, ordered, strict=True)
        ),
    )
    role, by_id = (Role.WORKER, None) if by is None else (Role.COORDINATOR, by.pk)
    copy_in(
        MatchEvent,
        EVENT_COLUMNS,
        ((match_id, Act.PROPOSE, "", Status.PROPOSED, by_id, role, "", "", at) for match_id in ids),
    )
    _check_not_declined(ordered)
    messages.proposals_waiting(
        {proposal.request.place_id for proposal in ordered} | {proposal.space.place_id for proposal in ordered}, at=at
    )
    return ids


def _as_row(match_id: UUID, proposal: Proposal, record: HostRecord, at: datetime) -> tuple[object, ...]:
    found = risks.risks_of(proposal.request, record, people=proposal.people)
    return (
        match_id,
        str(proposal.request.pk),
        str(proposal.space.pk),
        proposal.leg,
        Status.PROPOSED,
        proposal.first_night,
        proposal.last_day,
        proposal.people,
        proposal.score,
        as_json_text(proposal.reasons),
        json.dumps(found),
        risks.is_high(found),
        answer_by(proposal.first_night, at),
        at,
        1,
    )


# The next two checks run after the rows are written. By then the guards have locked the spaces and requests, so that
# nobody can change one between the check and the commit.


def _check_not_declined(proposals: Sequence[Proposal]) -> None:
    pairs = {(str(proposal.request.pk), str(proposal.space.pk)) for proposal in proposals}
    declined = queries.declined_pairs({request_id for request_id, _space_id in pairs})
    if any((str(one), str(other)) in pairs for one, other in declined.values_list("request_id", "space_id")):
        raise DeclinedBefore


def _check_as_read(proposals: Sequence[Proposal], *, at: datetime) -> None:
    requests = {str(proposal.request.pk): proposal.request.version for proposal in proposals}
    spaces = {str(proposal.space.pk): proposal.space.version for proposal in proposals}
    now = ShelterRequest.objects.filter(pk__in=requests).values_list("pk", "version")
    if {str(pk): version for pk, version in now} != requests:
        raise ChangedSince
    here = list(Space.objects.filter(pk__in=spaces).values_list("pk", "version", "fresh_until"))
    if {str(pk): version for pk, version, _until in here} != spaces:
        raise ChangedSince
    if any(until <= at for _pk, _version, until in here):
        raise SpaceNotOpen


def _give_way(match_id: UUID, *, at: datetime) -> None:
    """Expire a proposal that nobody has approved or frozen, to make room. Raises IllegalMove for any other match."""
    match = _locked(match_id)
    if match.approved_by_id is not None or match.frozen_at is not None:
        raise IllegalMove
    move = _check(match, Act.EXPIRE, Role.WORKER, "")
    if move.source is not Status.PROPOSED:
        raise IllegalMove
    match.due_at = None
    _write(match, Act.EXPIRE, move.target, by=None, role=Role.WORKER, at=at, reason="rearranged")


# -- every further move ---------------------------------------------------------------------------


def _locked(match_id: UUID) -> Match:
    """Return the match; its space's row is locked first and its own second, until the transaction ends."""
    space_id = Match.objects.values_list("space_id", flat=True).get(pk=match_id)
    Space.objects.select_for_update().get(pk=space_id)
    return queries.with_everyone(Match.objects.all()).select_for_update(of=("self",)).get(pk=match_id)


def _role(match: Match, by: User | None) -> Role:
    if role := queries.role_in(match, by):
        return role
    raise NotYours


def _check(match: Match, act: Act, role: Role, reason: str) -> Move:
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


def _write(
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
        note=note,
        told_by=told_by,
        at=at,
    )
    match.status = to
    match.version += reason != REASON_NOT_SAFE or act is not Act.FREEZE
    match.save()
    return match


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
    match = _locked_with_neighbours(match_id) if reason == REASON_NOT_SAFE else _locked(match_id)
    role = _role(match, by)
    left = Status(match.status)
    move = _check(match, act, role, reason)
    if reason == REASON_NOT_SAFE and by is not None:
        _report(match, by=by, role=role, at=at, told_by=told_by, note=note, as_reason=True)
    match.due_at = None
    return _write(match, act, move.target, by=by, role=role, at=at, reason=reason, note=note), role, left


def approve(match_id: UUID, *, by: User, at: datetime) -> Match:
    """Approve a proposal, and ask host and arrival.

    A high-risk proposal needs two people: the first approval is only noted. Raises NotYours, IllegalMove, and
    SecondPersonNeeded when the same person approves twice. NotConfirmedYet for a new account and a high risk.
    """
    with one_act():
        match = _locked(match_id)
        role = _role(match, by)
        move = _check(match, Act.APPROVE, role, "")
        if match.approved_by_id is None:
            _look_at_risks_again(match, at)
        if match.high_risk:
            check_counts_as_one_of_two(by)
        if match.approved_by_id is None:
            match.approved_by = by
            if match.high_risk:
                return _write(match, Act.FIRST_APPROVAL, Status.PROPOSED, by=by, role=role, at=at)
        elif match.approved_by_id == by.pk:
            raise SecondPersonNeeded
        else:
            match.also_approved_by = by
        match.due_at = answer_by(match.first_night, at)
        _write(match, Act.APPROVE, move.target, by=by, role=role, at=at)
        messages.asked(match, at=at)
        return match


def approve_by_policy(match_id: UUID, *, by: User, at: datetime, limits: Mapping[str, int]) -> Match:
    """Approve a proposal without any risk, in the name of `by`, the lead who switched the policy on.

    The history keeps the `limits` of the policy: at most `km` kilometres, and a host after `stays` stays that ended well.

    Risks are looked up again under the lock. Raises PersonNeeded where there is a child, a risk of any kind or a
    first approval already; Frozen, NotYours, IllegalMove.
    """
    with one_act():
        match = _locked(match_id)
        role = _role(match, by)
        if role is not Role.COORDINATOR:
            raise NotYours
        move = _check(match, Act.APPROVE, role, "")
        record = queries.records_of({match.space.host_id}, local_date(at))[match.space.host_id]
        found = {*match.risks, *risks.risks_of(match.request, record, people=match.people)}
        if match.high_risk or found or match.request.children or match.approved_by_id is not None:
            raise PersonNeeded
        match.approved_by = by
        match.due_at = answer_by(match.first_night, at)
        _write(match, Act.APPROVE, move.target, by=by, role=role, at=at, reason=BY_POLICY, numbers=limits)
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
        _freed(match, at=at)
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
        _freed(match, at=at)
        return match


def accept(match_id: UUID, *, by: User, at: datetime) -> Match:
    """Note the host's or the arrival's yes; the second yes confirms the match in the same transaction.

    Raises NotYours, IllegalMove, AlreadyAnswered, Frozen.
    """
    with one_act():
        match = _locked(match_id)
        role = _role(match, by)
        if role not in (Role.HOST, Role.ARRIVAL):
            raise NotYours
        if match.status != Status.APPROVED:
            raise IllegalMove
        hindrances.check(match, role)
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


def cancel(
    match_id: UUID, *, by: User, at: datetime, reason: str, note: str = "", told_by: Role | None = None
) -> Match:
    """Cancel an approved or confirmed match. Raises NotYours, IllegalMove, ReasonNeeded, Frozen."""
    with one_act():
        match, role, _left = _move(match_id, Act.CANCEL, by=by, at=at, reason=reason, note=note, told_by=told_by)
        messages.ended(match, "cancelled", by_role=role, at=at)
        if role in (Role.HOST, Role.ARRIVAL):
            flags.note_cancelled(match, by=by, at=at)
        _freed(match, at=at)
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
        _freed(match, at=at)
        return match


def complete(match_id: UUID, *, by: User | None, at: datetime) -> Match:
    """End a stay that went well: on its last day (the worker), or earlier. Raises NotYours, IllegalMove, Frozen."""
    with one_act():
        match, role, _left = _move(match_id, Act.COMPLETE, by=by, at=at)
        messages.completed(match, by_role=role, at=at)
        _freed(match, at=at)
        return match


def break_off(
    match_id: UUID, *, by: User, at: datetime, reason: str, note: str = "", told_by: Role | None = None
) -> Match:
    """End a stay that did not work out; its remaining nights are matched again, at the next higher urgency.

    Raises NotYours, IllegalMove, ReasonNeeded, Frozen.
    """
    with one_act():
        match, role, _left = _move(match_id, Act.BREAK_OFF, by=by, at=at, reason=reason, note=note, told_by=told_by)
        if match.last_day > local_date(at):
            _raise_urgency(match)
        messages.broken_off(match, by_role=role, at=at)
        _freed(match, at=at)
        return match


def _freed(match: Match, *, at: datetime) -> None:
    """Note that the household may need another place, and that the space is free for another household."""
    due.note(at, requests=[match.request_id], spaces=[match.space_id])


def _raise_urgency(match: Match) -> None:
    match.request.urgency = raised(match.request.urgency)
    match.request.save(update_fields=["urgency"])


def raised(urgency: str) -> str:
    """Return the next higher urgency, or the highest itself."""
    steps = [value for value, _label in ShelterRequest.Urgency.choices]
    return steps[min(steps.index(urgency) + 1, len(steps) - 1)]


# -- safety ---------------------------------------------------------------------------------------


def report_not_safe(match_id: UUID, *, by: User, at: datetime, note: str = "", told_by: Role | None = None) -> Match:
    """Freeze the match because the host or the arrival does not feel safe, and page whoever is on call.

    `told_by` is the side that told a coordinator so; without it the coordinator saw it. Possible in every status, also
    after the stay. A match that is frozen already stays frozen. Raises NotYours.
    """
    with one_act():
        match = _locked_with_neighbours(match_id)
        role = _role(match, by)
        if role not in (Role.HOST, Role.ARRIVAL, Role.COORDINATOR):
            raise NotYours
        return _report(match, by=by, role=role, at=at, told_by=told_by, note=note)


def _report(
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
            _write(other, Act.EXPIRE, Status.EXPIRED, by=None, role=Role.WORKER, at=at, reason="withdrawn")
            _freed(other, at=at)
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
    _write(
        match,
        Act.FREEZE,
        Status(match.status),
        by=by,
        role=role,
        at=at,
        reason=REASON_NOT_SAFE,
        told_by=told_by,
    )


def _quiet_time() -> timedelta:
    """Return how long the other side reads nothing of a freeze: minutes within NEUTRAL_WORDS_AFTER."""
    least, most = NEUTRAL_WORDS_AFTER
    return timedelta(seconds=least * 60 + secrets.randbelow((most - least) * 60 + 1))


def _others_of_both(match: Match) -> list[Match]:
    """Return the other live matches of this arrival with this host, locked."""
    both = {"request__arrival": match.request.arrival_id, "space__host": match.space.host_id}
    live = Match.objects.filter(**both, status__in=sorted(HOLDS_BEDS)).exclude(pk=match.pk)
    return [_locked(pk) for pk in live.order_by("space_id", "pk").values_list("pk", flat=True)]


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


def _locked_with_neighbours(match_id: UUID) -> Match:
    """Return the match, locked; before it, in id order, every space of its host, as a suspension locks them."""
    neighbours = Space.objects.filter(host__spaces__matches=match_id).order_by("pk")
    list(Space.objects.filter(pk__in=neighbours.values("pk")).order_by("pk").select_for_update().values_list("pk"))
    return _locked(match_id)


def say_neutral_words(*, at: datetime) -> int:
    """Tell the sides that have not heard of a freeze yet, and whose time has come, that all is paused; return how many.

    A match that has ended meanwhile is told of no more: its end was told.
    """
    waiting = Match.objects.filter(quiet_until__lte=at).order_by("space_id", "pk")
    said = 0
    for match_id in list(waiting.values_list("pk", flat=True)):
        with one_act():
            match = _locked(match_id)
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
        match = _locked(match_id)
        role = _role(match, by)
        if role is not Role.COORDINATOR:
            raise NotYours
        if match.frozen_at is None:
            raise IllegalMove("not_on_hold")
        match.frozen_at, match.quiet_for, match.quiet_until = None, "", None
        if (found := hindrances.hindrance(match)) is not None:
            raise found
        if match.status in (Status.PROPOSED, Status.APPROVED):
            match.due_at = answer_by(match.first_night, at)
        return _write(match, Act.UNFREEZE, Status(match.status), by=by, role=role, at=at, note=note)


def end_matches_of(host: Host, *, by: User, at: datetime) -> list[Match]:
    """End the matches of a suspended host that have not begun, and freeze the stays that have, within the caller's act.

    Proposals expire and agreed matches are cancelled; each household is planned anew at the next higher urgency. Returns
    the stays: for each, whoever is on call is paged until somebody acknowledges. Each household that knew of its match is
    told. The caller has locked the host's spaces.
    """
    stays = []
    live = Match.objects.filter(space__host=host, status__in=sorted(HOLDS_BEDS)).order_by("space_id", "pk")
    for match_id in live.values_list("pk", flat=True):
        match = _locked(match_id)
        if match.status == Status.CHECKED_IN:
            if match.frozen_at is None or match.quiet_for:
                tell = match.frozen_at is None or match.quiet_for == Role.ARRIVAL
                match.quiet_for, match.quiet_until = "", None  # The host reads `host_on_hold` now.
                match.frozen_at = match.frozen_at or at
                _write(match, Act.FREEZE, Status.CHECKED_IN, by=by, role=Role.COORDINATOR, at=at)
                if tell:
                    messages.frozen(match, Role.ARRIVAL, at=at)
            incidents.open_incident(match, reporter_role=Role.COORDINATOR, by=by, at=at, how=incidents.How.TOLD)
            stays.append(match)
        elif match.status == Status.PROPOSED:
            match.due_at = None
            _write(match, Act.EXPIRE, Status.EXPIRED, by=None, role=Role.WORKER, at=at, reason=SUSPENDED)
            _freed(match, at=at)
        elif match.holds_beds:
            match.due_at = None
            _write(match, Act.CANCEL, Status.CANCELLED, by=by, role=Role.COORDINATOR, at=at, reason=SUSPENDED)
            _raise_urgency(match)
            messages.ended(match, "cancelled", by_role=Role.HOST, at=at)  # The host reads `host_on_hold` instead.
            _freed(match, at=at)
    return stays


# -- a request's end ------------------------------------------------------------------------------


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
    match = _locked(match_id)
    known = hindrances.known_hindrance(match, queries.role_in(match, by))
    if match.status == Status.CHECKED_IN and isinstance(known, Frozen):
        break_off(match_id, by=by, at=at, reason="withdrawn")
    elif match.status == Status.CHECKED_IN:
        raise HasLiveMatches("stay_going_on")
    elif match.status == Status.PROPOSED:
        move = _check(match, Act.EXPIRE, Role.WORKER, "")
        match.due_at = None
        _write(match, Act.EXPIRE, move.target, by=None, role=Role.WORKER, at=at, reason="withdrawn")
        due.note(at, spaces=[match.space_id])
    elif match.status in (Status.APPROVED, Status.CONFIRMED):
        cancel(match_id, by=by, at=at, reason="withdrawn")
