"""The first move of a match: the proposal, which holds the beds."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol
from uuid import UUID, uuid4

from accounts.models import Host, User
from deployment.rules import read_once
from matching import messages, queries, risks
from matching.copy_rows import copy_in
from matching.deadlines import answer_by, local_date
from matching.engine.reasons import Reason, as_json_text
from matching.models import Match, MatchEvent, ShelterRequest, Space
from matching.refusals import ChangedSince, DeclinedBefore, IllegalMove, NotYours, SpaceNotOpen, one_act
from matching.risks import HostRecord
from matching.states import Act, Role, Status
from matching.transitions.writing import check, locked, write


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


COPIED_MATCH_COLUMNS = (
    *("id", "request_id", "space_id", "leg", "status", "first_night", "last_day", "people", "score"),
    *("reasons", "risks", "high_risk", "due_at", "created_at", "version"),
)
EVENT_COLUMNS = ("match_id", "act", "from_status", "to_status", "by_id", "role", "reason", "at")


def propose(proposal: Proposal, *, by: User | None, at: datetime) -> Match:
    """Write a proposal, which holds the beds.

    Raises NotYours unless `by` coordinates the place of the request or of the space and has a part in what concerns both
    persons (`queries.keeps_out_of`); DeclinedBefore; and what the database refuses:
    NoRoomLeft, OutsideWindow, OutsideRequest, SpaceNotOpen, RequestNotOpen, LegTaken, PlacedAlready.
    """
    if by is not None and not (queries.covers_match(by, proposal) and not _keeps_out(by, proposal)):
        raise NotYours
    with one_act():
        (match_id,) = _write_proposals([proposal], by=by, at=at)
        return queries.with_everyone(Match.objects.all()).get(pk=match_id)


def _keeps_out(by: User, proposal: Proposal) -> bool:
    asks = ShelterRequest.objects.values_list("arrival__user", flat=True).get(pk=proposal.request.pk)
    hosts = Host.objects.values_list("user", flat=True).get(pk=proposal.space.host_id)
    return queries.keeps_out_of(by, asks, hosts)


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
        ((match_id, Act.PROPOSE, "", Status.PROPOSED, by_id, role, "", at) for match_id in ids),
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
    match = locked(match_id)
    if match.approved_by_id is not None or match.frozen_at is not None:
        raise IllegalMove
    move = check(match, Act.EXPIRE, Role.WORKER, "")
    if move.source is not Status.PROPOSED:
        raise IllegalMove
    match.due_at = None
    write(match, Act.EXPIRE, move.target, by=None, role=Role.WORKER, at=at, reason="rearranged")
