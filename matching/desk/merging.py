"""Merge two rows for the same thing. The row that stays gets the other's relations, and the history notes it.

The acts and the guards of the database refuse a merge that would lose a decision, or a bed that somebody was promised.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import F, Q, QuerySet

from accounts.contacts import add_contact_point
from accounts.merging import CannotMerge, KeepTheOther, merge_hosts
from accounts.models import Host, User
from accounts.refusals import Refused
from deployment.locks import Lock, hold_until_commit
from matching import due, intake, messages, queries, transitions, waiting
from matching.desk.duplicates import PairKind
from matching.limits import LONGEST_REASON
from matching.models import (
    DeskNote,
    KeptApart,
    Match,
    MustNotMeet,
    MustNotMeetFound,
    PairVerdict,
    ShelterRequest,
    Space,
    WaitingChange,
)
from matching.refusals import HasLiveMatches, NotYours, one_act
from matching.states import HOLDS_BEDS, Status
from privacy import remarks

Verdict = PairVerdict.Verdict
Moved = dict[str, int]


def merge(kind: str, goes: str, stays: str, *, by: User, at: datetime, reason: str = "") -> PairVerdict:
    """Merge the row `goes` into the row `stays`, both ids as text; return the line of history, which counts what moved.

    Raises NotYours unless `by` covers every place of both; CannotMerge; KeepTheOther; NoRoomLeft or OutsideWindow when
    a match that moves does not fit the space that stays.
    """
    acts: dict[str, Callable[..., Moved]] = {
        PairKind.HOSTS: _merge_hosts,
        PairKind.SPACES: _merge_spaces,
        PairKind.REQUESTS: _merge_requests,
    }
    with one_act():
        hold_until_commit(Lock.MEETING)  # Lists are copied later on; take their lock before any row's.
        moved = acts[kind](goes, stays, by=by, at=at, reason=reason[:LONGEST_REASON])
        one, other = in_order(goes, stays)
        _looked_at(kind, goes, stays)
        _copy_verdicts(kind, goes, stays, at=at)
        return PairVerdict.objects.create(
            kind=kind,
            verdict=Verdict.MERGED,
            one=one,
            other=other,
            stays=stays,
            moved={what: count for what, count in moved.items() if count},
            by=by,
            at=at,
            remark=remarks.write(reason[:LONGEST_REASON], at=at),
        )


def foresee(kind: str, goes: str, stays: str, *, by: User, at: datetime) -> Moved | Refused:
    """Return how many rows of each kind would move, or the refusal: the merge is done and rolled back."""
    try:
        with transaction.atomic():
            verdict = merge(kind, goes, stays, by=by, at=at)
            transaction.set_rollback(True)
    except Refused as refusal:
        return refusal
    return dict(verdict.moved)


def keep_apart(kind: str, one: str, other: str, *, by: User, at: datetime) -> PairVerdict:
    """Note that the two are not one, so that the pair is not shown again. Raises NotYours."""
    with one_act():
        if not all(_covers(kind, pk, by) for pk in (one, other)):
            raise NotYours
        one, other = in_order(one, other)
        _looked_at(kind, one, other)
        return PairVerdict.objects.create(kind=kind, verdict=Verdict.DIFFERENT, one=one, other=other, by=by, at=at)


def _copy_verdicts(kind: str, goes: str, stays: str, *, at: datetime) -> None:
    """Write of the row that stays what coordinators wrote of the row that goes: which other rows are not the same."""
    for verdict in PairVerdict.objects.filter(Q(one=goes) | Q(other=goes), kind=kind, verdict=Verdict.DIFFERENT):
        third = verdict.other if verdict.one == goes else verdict.one
        one, other = in_order(third, stays)
        if third != stays and not PairVerdict.objects.filter(kind=kind, one=one, other=other).exists():
            PairVerdict.objects.create(
                kind=kind, verdict=Verdict.DIFFERENT, one=one, other=other, by_id=verdict.by_id, at=at
            )


def _looked_at(kind: str, *pair: str) -> None:
    """Take the flag off two requests that were perhaps of one household: somebody has looked at both."""
    if kind == PairKind.REQUESTS:
        both = list(ShelterRequest.objects.filter(pk__in=pair).values_list("pk", flat=True))
        ShelterRequest.objects.filter(pk__in=both, looks_like__in=both).update(looks_like=None)


def in_order(one: str, other: str) -> tuple[str, str]:
    """Return the two ids in the order in which a pair is written."""
    return (one, other) if one < other else (other, one)


_PERSON: Mapping[str, tuple[type[Host] | type[Space] | type[ShelterRequest], str]] = {
    PairKind.HOSTS: (Host, "user"),
    PairKind.SPACES: (Space, "host__user"),
    PairKind.REQUESTS: (ShelterRequest, "arrival__user"),
}
"""For each kind of pair its table, and the way to the person of a row."""


def _covers(kind: str, pk: str, by: User) -> bool:
    """Return whether `by` covers every place of the row, and has a part in what concerns its person."""
    table, person = _PERSON[kind]
    if queries.keeps_out_of(by, *table._default_manager.filter(pk=pk).values_list(person, flat=True)):
        return False
    if kind == PairKind.HOSTS:
        return queries.hosts_visible_to(by).filter(pk=pk).exists() and all(
            queries.covers(by, place) for place in Space.objects.filter(host=int(pk)).values_list("place", flat=True)
        )
    rows = queries.spaces_visible_to(by) if kind == PairKind.SPACES else queries.requests_visible_to(by)
    places = list(rows.filter(pk=pk).values_list("place", flat=True))
    return bool(places) and queries.covers(by, places[0])


def _check_covered(kind: str, goes: str, stays: str, by: User) -> None:
    if not all(_covers(kind, pk, by) for pk in (goes, stays)) or queries.coordinator_of(by) is None:
        raise NotYours
    if goes == stays:
        raise CannotMerge("itself")


def _merge_hosts(goes: str, stays: str, *, by: User, at: datetime, reason: str) -> Moved:
    # Lock spaces before their hosts, as everywhere; ask only then whether `by` covers the place of each.
    spaces = Space.objects.filter(host__in=[goes, stays]).order_by("pk").select_for_update(of=("self",))
    list(spaces.values_list("pk"))
    _check_covered(PairKind.HOSTS, goes, stays, by)
    moved = merge_hosts(int(goes), int(stays), by=by, at=at, reason=reason)
    _keep_apart(KeptApart.objects.filter(host=int(goes)), at, host_id=int(stays))
    hosts = {host.pk: host.user_id for host in Host.objects.filter(pk__in=[goes, stays])}
    _copy_entries(hosts[int(goes)], hosts[int(stays)])
    over = list(Space.objects.filter(host=int(goes)).values_list("pk", flat=True))
    Space.objects.filter(pk__in=over).update(host=int(stays), version=F("version") + 1)
    waiting.move_to(int(stays), of=int(goes), by=by, at=at)
    due.note(at, spaces=over)
    return {"spaces": len(over), **moved}


def _merge_spaces(goes: str, stays: str, *, by: User, at: datetime, reason: str) -> Moved:
    locked = Space.objects.filter(pk__in=[goes, stays]).order_by("pk").select_for_update(of=("self",))
    rows = {str(space.pk): space for space in locked}
    _check_covered(PairKind.SPACES, goes, stays, by)
    if rows[goes].host_id != rows[stays].host_id:
        raise CannotMerge("two_hosts")
    if any(space.status == Space.Status.WITHDRAWN for space in rows.values()):
        raise CannotMerge("withdrawn")
    promised = waiting.promised(rows[goes].host, rows[goes])
    # The database refuses a match that does not fit the beds, sharing and windows of the space that stays.
    matches = Match.objects.filter(space=UUID(goes)).update(space=UUID(stays), version=F("version") + 1)
    intake.withdraw_space(UUID(goes), by=by, at=at)
    for change in WaitingChange.objects.filter(
        space=UUID(goes), outcome=waiting.ChangeOutcome.WAITING
    ).select_for_update():
        waiting.end(change, waiting.ChangeOutcome.TAKEN_BACK, by=by, at=at)
    messages.space_merged(promised, at=at)
    due.note(at, spaces=[stays])
    return {"matches": matches}


def _merge_requests(goes: str, stays: str, *, by: User, at: datetime, reason: str) -> Moved:
    _check_covered(PairKind.REQUESTS, goes, stays, by)
    rows = {
        str(row.pk): row for row in ShelterRequest.objects.filter(pk__in=[goes, stays]).select_related("arrival__user")
    }
    going, staying = rows[goes], rows[stays]
    if going.withdrawn_at or staying.withdrawn_at:
        raise CannotMerge("withdrawn")
    if _is_placed(going):
        if _is_placed(staying):
            raise HasLiveMatches("both_decided")
        raise KeepTheOther("has_match")
    transitions.withdraw_request(going.pk, by=by, at=at)
    ended = Match.objects.filter(request=going).exclude(status__in=sorted(HOLDS_BEDS))
    matches = ended.update(request=staying, version=F("version") + 1)
    points = 0
    if going.arrival_id != staying.arrival_id:
        _keep_apart(KeptApart.objects.filter(arrival=going.arrival_id), at, arrival_id=staying.arrival_id)
        _copy_entries(going.arrival.user_id, staying.arrival.user_id)
        known = staying.arrival.user.contact_points.count()
        for point in going.arrival.user.contact_points.order_by("pk"):
            add_contact_point(staying.arrival.user, point.channel, point.address, verified_at=point.verified_at)
        points = staying.arrival.user.contact_points.count() - known
    # A household that asked twice has waited since the first time.
    staying = ShelterRequest.objects.select_for_update(of=("self",)).get(pk=staying.pk)
    staying.registered_at = min(staying.registered_at, going.registered_at)
    # What a report brought about holds for the household: placed by people only, and as urgent as the more urgent one.
    staying.desk_since = min(filter(None, [staying.desk_since, going.desk_since]), default=None)
    staying.urgency = max(staying.urgency, going.urgency, key=float)
    if going.notes and going.notes != staying.notes:
        staying.notes = "\n".join(filter(None, [staying.notes, going.notes]))
    staying.version += 1
    staying.save(update_fields=["registered_at", "desk_since", "urgency", "notes", "version"])
    said = {"code": "merged", "number": going.arrival.case_number}
    DeskNote.objects.create(request=staying, by=by, at=at, remark=remarks.write(reason, at=at), said=said)
    due.note(at, requests=[staying.pk])
    return {"matches": matches, "contact_points": points}


def _keep_apart(rows: QuerySet[KeptApart], at: datetime, **stays: int) -> None:
    """Copy the rows of one person to the row of the same person who stays. Those of the row that goes remain."""
    pairs = [{"arrival_id": row.arrival_id, "host_id": row.host_id} | stays for row in rows.filter(taken_back_at=None)]
    for pair in pairs:
        # Taken back for one row of the person and in force for the other: it is in force for the person.
        KeptApart.objects.update_or_create(
            **pair,
            defaults={"asked_by": None, "reason": "", "taken_back_by": None, "taken_back_at": None},
            create_defaults={"at": at},
        )


def _copy_entries(goes: int, stays: int) -> None:
    """Copy whom the user `goes` must not meet to `stays`, the same person, and name `stays` where `goes` is named."""
    for entry in MustNotMeet.objects.filter(by=goes, taken_back_at=None).prefetch_related("found"):
        if entry.channel and MustNotMeet.objects.filter(
            by=stays, channel=entry.channel, address_index=entry.address_index, taken_back_at=None
        ):
            continue
        found = [each.user_id for each in entry.found.all()]
        entry.pk, entry.by_id = None, stays
        entry._state.adding = True
        entry.save()
        MustNotMeetFound.objects.bulk_create(
            [MustNotMeetFound(entry=entry, user_id=user) for user in found], ignore_conflicts=True
        )
    named = MustNotMeetFound.objects.filter(user=goes).values_list("entry", flat=True)
    MustNotMeetFound.objects.bulk_create(
        [MustNotMeetFound(entry_id=entry, user_id=stays) for entry in named], ignore_conflicts=True
    )


def _is_placed(request: ShelterRequest) -> bool:
    """Return whether the request has a live match that somebody has decided on."""
    live = request.matches.filter(status__in=sorted(HOLDS_BEDS)).prefetch_related("decisions")
    return any(
        match.status != Status.PROPOSED
        or match.approved_by_id is not None
        or any(not decision.refusal for decision in match.decisions.all())
        for match in live
    )
