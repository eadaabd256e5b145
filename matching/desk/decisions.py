"""Decisions on proposals, which can be undone until they are carried out (docs/decisions/0020-undo.md).

A click writes `PendingDecision` rows, one for each leg of the household. When they are due, the worker carries them out
through `transitions`. Until then no match has moved and nobody has been told, so undoing means deleting the rows.
Everything is checked at the click, so that the coordinator hears of a mistake at once, and again when it is carried out.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, prefetch_related_objects

from accounts.coordinators import check_counts_as_one_of_two
from accounts.models import User
from accounts.refusals import Refused
from matching import due, hindrances, queries, transitions
from matching.desk import claims
from matching.models import Match, PendingDecision
from matching.refusals import (
    ChangedSince,
    DecidedAlready,
    GoneOut,
    IllegalMove,
    NotYours,
    ReasonNeeded,
    SecondPersonNeeded,
    one_act,
)
from matching.states import REASONS, Act, Role, Status

Seen = Mapping[UUID, int]
"""The proposed legs of one household, each with the version that was on the page."""

APPROVE, DECLINE = PendingDecision.Act.APPROVE, PendingDecision.Act.DECLINE

BUNDLES_AT_ONCE = 500
"""How many bundles one run carries out at most. The next run, seconds later, carries on."""

LATE = timedelta(seconds=30)
"""How long a due decision waits for the worker, which comes every ten seconds unless it is down."""
LATE_AT_ONCE = 10


def decide(seen: Seen, act: str, *, by: User, at: datetime, reason: str = "", note: str = "") -> UUID:
    """Write one decision on all proposed legs of a household, due in `settings.DECISION_HOLD_SECONDS`; return its bundle.

    `seen` are the legs that the page showed, each with its version. Raises ChangedSince when the proposed legs have changed
    since; NotYours, IllegalMove, Frozen, ReasonNeeded, SecondPersonNeeded, DecidedAlready, TakenByAnother.
    """
    bundles, refused = decide_many([seen], act, by=by, at=at, reason=reason, note=note)
    if refused:
        raise refused[0]
    return bundles[0]


def decide_many(
    households: Sequence[Seen], act: str, *, by: User, at: datetime, reason: str = "", note: str = ""
) -> tuple[list[UUID], list[Refused]]:
    """Decide the same on several households, as `decide` does; return the bundles written, and the refusals.

    The number of queries does not grow with the number of households. Raises ReasonNeeded, and IllegalMove for any
    other act, before anything is written; DecidedAlready when somebody else decided at the same moment.
    """
    if act not in (APPROVE, DECLINE):
        raise IllegalMove
    if act == DECLINE and reason not in REASONS:
        raise ReasonNeeded
    due_at = at + timedelta(seconds=settings.DECISION_HOLD_SECONDS)
    rows, bundles, refused = [], [], []
    with one_act():
        desk = _Desk(households, by, at)
        for seen in households:
            try:
                legs = desk.legs(seen)
                if act == APPROVE:
                    _check_approvable(legs, by, desk.stopped)
            except Refused as refusal:
                refused.append(refusal)
                continue
            bundles.append(uuid4())
            rows += [
                PendingDecision(
                    bundle=bundles[-1],
                    match=leg,
                    version=leg.version,
                    act=act,
                    by=by,
                    reason=reason if act == DECLINE else "",
                    note=note,
                    decided_at=at,
                    due_at=due_at,
                )
                for leg in legs
            ]
        PendingDecision.objects.bulk_create(rows)
        claims.end_of({row.match.request for row in rows})
    return bundles, refused


class _Desk:
    """The proposed legs of the households to be decided on, who has claimed them, and which are decided already."""

    def __init__(self, households: Sequence[Seen], by: User, at: datetime) -> None:
        self.by, self.at = by, at
        coordinator = queries.coordinator_of(by)
        if coordinator and not coordinator.all_places:
            prefetch_related_objects([coordinator], "places")
        ids = [match_id for seen in households for match_id in seen]
        # A query of its own: as a subquery, among so many joins, the planner would read the whole table first.
        requests = list(Match.objects.filter(pk__in=ids).values_list("request", flat=True))
        decided = PendingDecision.objects.filter(match=OuterRef("pk"), refusal="")
        # Ended matches are read too: a household has few of them.
        rows = queries.with_everyone(Match.objects.filter(request__in=requests))
        self.found: dict[UUID, Match] = {}
        self.of_request: dict[UUID, list[Match]] = defaultdict(list)
        self.decided: set[UUID] = set()
        for match in rows.select_related("request__claim__by").annotate(is_decided=Exists(decided)).order_by("leg"):
            self.found[match.pk] = match
            if match.status == Status.PROPOSED:
                self.of_request[match.request_id].append(match)
            if match.is_decided:
                self.decided.add(match.pk)
        self.stopped = hindrances.stopped(self.found.values())

    def legs(self, seen: Seen) -> list[Match]:
        """Return the proposed legs of the household that the legs `seen` belong to. Raises what `decide` raises."""
        found = [self.found[match_id] for match_id in seen if match_id in self.found]
        if not found or len(found) != len(seen):
            raise NotYours
        legs = self.of_request[found[0].request_id]
        if any(queries.role_in(leg, self.by) is not Role.COORDINATOR for leg in (*found, *legs)):
            raise NotYours
        if {leg.pk: leg.version for leg in legs} != dict(seen):
            raise IllegalMove if not legs else ChangedSince
        if any(leg.pk in self.decided for leg in legs):
            raise DecidedAlready
        if holder := claims.held_by_another(found[0].request, by=self.by, at=self.at):
            raise claims.taken_by(holder)
        return legs


def _check_approvable(legs: Sequence[Match], by: User, stopped: Collection[UUID]) -> None:
    for leg in legs:
        hindrances.check(leg, among=stopped)
    if any(leg.high_risk for leg in legs):
        check_counts_as_one_of_two(by)
    if any(leg.high_risk and leg.approved_by_id == by.pk for leg in legs):
        raise SecondPersonNeeded


def undo(bundle: UUID, *, by: User) -> None:
    """Take back one's own decision before it is carried out. Raises GoneOut afterwards, NotYours for somebody else's."""
    with one_act():
        rows = _locked(bundle)
        if not rows:
            raise GoneOut
        if any(row.by_id != by.pk for row in rows):
            raise NotYours
        PendingDecision.objects.filter(bundle=bundle).delete()


def undo_all(*, by: User) -> int:
    """Take back all one's own decisions that wait, as after a wrong bulk; return for how many households."""
    with one_act():
        own = PendingDecision.objects.select_for_update().filter(by=by, refusal="").order_by("bundle", "pk")
        found = list(own.values_list("pk", "bundle"))
        PendingDecision.objects.filter(pk__in=[pk for pk, _bundle in found]).delete()
        return len({bundle for _pk, bundle in found})


def send_now(bundle: UUID, *, by: User, at: datetime) -> None:
    """Carry out one's own decision before it is due. Raises GoneOut when there is none, and whatever its moves raise."""
    if not PendingDecision.objects.filter(bundle=bundle, by=by).exists():
        raise GoneOut
    if refusal := carry_out(bundle, at=at):
        dismiss(bundle, by=by)
        raise refusal


def dismiss(bundle: UUID, *, by: User) -> None:
    """Put away one's own decision that was refused, once the refusal has been read."""
    PendingDecision.objects.filter(bundle=bundle, by=by).exclude(refusal="").delete()


def carry_out_due(*, at: datetime) -> int:
    """Carry out the decisions that are due, at most BUNDLES_AT_ONCE; return how many were. Several workers may do so at once.

    It leaves a heartbeat. A fresh one says that the worker and the tasks at intervals are running.
    """
    due.beat("carry_out_decisions", at=at)
    waiting = PendingDecision.objects.filter(refusal="", due_at__lte=at).order_by("due_at")
    bundles = dict.fromkeys(waiting.values_list("bundle", flat=True)[:BUNDLES_AT_ONCE])
    return sum(carry_out(bundle, at=at) is None for bundle in bundles)


def carry_out_late(*, by: User, at: datetime) -> int:
    """Carry out a few of one's own decisions that no worker carried out in time; return how many were.

    The coordinator's own pages call this, so that a worker that is down holds up nobody at the desk.
    """
    late = PendingDecision.objects.filter(by=by, refusal="", due_at__lte=at - LATE)
    bundles = dict.fromkeys(late.order_by("due_at").values_list("bundle", flat=True)[:LATE_AT_ONCE])
    return sum(carry_out(bundle, at=at) is None for bundle in bundles)


def carry_out(bundle: UUID, *, at: datetime) -> Refused | None:
    """Make the moves of one decision, all legs or none; return the refusal, if any, which its author will read."""
    with one_act():
        rows = _locked(bundle)
        refusal = None
        try:
            with transaction.atomic():
                _move(rows, at)
        except Refused as refused:
            refusal = refused
            if rows[0].by.is_staff or rows[0].act not in transitions.SAID:
                pass
            else:
                PendingDecision.objects.filter(bundle=bundle).delete()  # The page of a host or an arrival shows why.
                return refusal
            PendingDecision.objects.filter(bundle=bundle).update(refusal=refused.code, refusal_value=refused.value)
        else:
            PendingDecision.objects.filter(bundle=bundle).delete()
        return refusal


def _locked(bundle: UUID) -> list[PendingDecision]:
    """Return the rows not carried out yet, locked. A second caller waits here, and then finds none."""
    rows = PendingDecision.objects.select_for_update(of=("self",)).select_related("match", "by__coordinator")
    return list(rows.filter(bundle=bundle, refusal="").order_by("pk"))


def _move(rows: Sequence[PendingDecision], at: datetime) -> None:
    if ordered_acts := [row for row in rows if row.act in transitions.SAID]:
        for row in ordered_acts:
            transitions.SAID[Act(row.act)](row.match_id, by=row.by, at=at)
        return
    # Lock spaces in id order, so that two callers cannot deadlock.
    ordered = sorted(rows, key=lambda row: (row.match.space_id, row.match_id))
    if any(row.version != row.match.version for row in ordered):
        raise IllegalMove if any(row.match.status != Status.PROPOSED for row in ordered) else ChangedSince
    if ordered and ordered[0].act == DECLINE:
        for row in ordered:
            transitions.decline(row.match_id, by=row.by, at=at, reason=row.reason, note=row.note)
        return
    # A household with several legs is asked about all of them together. While a high-risk leg has no approval yet, only
    # such legs are approved, for the first time; the others wait for the second person.
    first = [row for row in ordered if row.match.high_risk and row.match.approved_by_id is None]
    for row in first or ordered:
        transitions.approve(row.match_id, by=row.by, at=at)
