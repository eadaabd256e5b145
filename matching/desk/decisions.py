"""Decisions on proposals that can be undone until they go out (docs/decisions/0020-undo.md).

A click writes `PendingDecision` rows, one for each leg of the household; the worker carries them out when they
are due, through `transitions` alone. Until then the match has not moved and nobody has been told, so undoing is
deleting the rows. What a decision needs is asked at the click already, so that a mistake is said to whoever
makes it; what counts is asked again when it is carried out.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, prefetch_related_objects
from django.utils import translation

from accounts.models import User
from accounts.refusals import Refused
from matching import due, queries, transitions
from matching.desk import claims
from matching.models import Match, PendingDecision
from matching.refusals import (
    ChangedSince,
    DecidedAlready,
    Frozen,
    GoneOut,
    IllegalMove,
    NotYours,
    ReasonNeeded,
    SecondPersonNeeded,
    one_act,
)
from matching.states import REASONS, Role, Status

Seen = Mapping[UUID, int]
"""The proposed legs of one household, each with the version that was on the page."""

APPROVE, DECLINE = PendingDecision.Act.APPROVE, PendingDecision.Act.DECLINE

AT_ONCE = 500
"""How many bundles one run carries out at most; the next run, seconds later, goes on."""

LATE = timedelta(seconds=30)
"""How long after it was due a decision waits for the worker; one that lives comes every ten seconds."""
LATE_AT_ONCE = 10


def decide(seen: Seen, act: str, *, by: User, at: datetime, reason: str = "", note: str = "") -> UUID:
    """Write one decision on all proposed legs of a household, due in `settings.DECISION_HOLD_SECONDS`; return its bundle.

    `seen` are the legs as the coordinator saw them, with their versions. Raises ChangedSince when these are not the
    proposed legs any more, NotYours, IllegalMove, Frozen, ReasonNeeded, SecondPersonNeeded, DecidedAlready,
    TakenByAnother.
    """
    bundles, refused = decide_many([seen], act, by=by, at=at, reason=reason, note=note)
    if refused:
        raise refused[0]
    return bundles[0]


def decide_many(
    households: Sequence[Seen], act: str, *, by: User, at: datetime, reason: str = "", note: str = ""
) -> tuple[list[UUID], list[Refused]]:
    """Decide on several households alike, as `decide` does; return the bundles written and what refused the others.

    The same handful of queries however many there are. Raises ReasonNeeded, and IllegalMove for another act,
    before anything is written; DecidedAlready when somebody was quicker by a hair.
    """
    if act not in PendingDecision.Act.values:
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
                    _check_approvable(legs, by)
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
    """What is proposed to the households somebody wants to decide on, who holds them, and what is decided already."""

    def __init__(self, households: Sequence[Seen], by: User, at: datetime) -> None:
        self.by, self.at = by, at
        coordinator = queries.coordinator_of(by)
        if coordinator and not coordinator.all_places:
            prefetch_related_objects([coordinator], "places")
        ids = [match_id for seen in households for match_id in seen]
        # Not as a subquery of the next: with so many joins the planner would read the whole table before it.
        requests = list(Match.objects.filter(pk__in=ids).values_list("request", flat=True))
        decided = PendingDecision.objects.filter(match=OuterRef("pk"), refusal="")
        # Those of old as well: a household has few.
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

    def legs(self, seen: Seen) -> list[Match]:
        """Return the proposed legs of the household of which `seen` was seen. Raises as `decide` says."""
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


def _check_approvable(legs: Sequence[Match], by: User) -> None:
    if any(leg.frozen_at is not None for leg in legs):
        raise Frozen
    if any(leg.high_risk and leg.approved_by_id == by.pk for leg in legs):
        raise SecondPersonNeeded


def undo(bundle: UUID, *, by: User) -> None:
    """Take back a decision of one's own that has not gone out. Raises GoneOut, or NotYours for somebody else's."""
    with one_act():
        rows = _locked(bundle)
        if not rows:
            raise GoneOut
        if any(row.by_id != by.pk for row in rows):
            raise NotYours
        PendingDecision.objects.filter(bundle=bundle).delete()


def undo_all(*, by: User) -> int:
    """Take back everything of one's own that has not gone out, as after a wrong bulk; return how many households."""
    with one_act():
        own = PendingDecision.objects.select_for_update().filter(by=by, refusal="").order_by("bundle", "pk")
        found = list(own.values_list("pk", "bundle"))
        PendingDecision.objects.filter(pk__in=[pk for pk, _bundle in found]).delete()
        return len({bundle for _pk, bundle in found})


def send_now(bundle: UUID, *, by: User, at: datetime) -> None:
    """Carry out a decision of one's own before it is due. Raises NotYours, GoneOut, and whatever refuses it."""
    if not PendingDecision.objects.filter(bundle=bundle, by=by).exists():
        raise GoneOut
    if refusal := carry_out(bundle, at=at):
        dismiss(bundle, by=by)
        raise refusal


def dismiss(bundle: UUID, *, by: User) -> None:
    """Put away a decision of one's own that could not be carried out, after it was read."""
    PendingDecision.objects.filter(bundle=bundle, by=by).exclude(refusal="").delete()


def carry_out_due(*, at: datetime) -> int:
    """Carry out every decision that is due; return how many bundles went out. Safe side by side.

    Leaves a heartbeat: whoever sees it fresh knows that the worker and what wakes it are alive.
    """
    due.beat("carry_out_decisions", at=at)
    waiting = PendingDecision.objects.filter(refusal="", due_at__lte=at).order_by("due_at")
    bundles = dict.fromkeys(waiting.values_list("bundle", flat=True)[:AT_ONCE])
    return sum(carry_out(bundle, at=at) is None for bundle in bundles)


def carry_out_late(*, by: User, at: datetime) -> int:
    """Carry out a few of one's own decisions that no worker carried out in time; return how many bundles went out.

    For the pages of whoever decided: so a worker that is down delays nobody who is at the desk.
    """
    late = PendingDecision.objects.filter(by=by, refusal="", due_at__lte=at - LATE)
    bundles = dict.fromkeys(late.order_by("due_at").values_list("bundle", flat=True)[:LATE_AT_ONCE])
    return sum(carry_out(bundle, at=at) is None for bundle in bundles)


def carry_out(bundle: UUID, *, at: datetime) -> Refused | None:
    """Make the moves of one decision, all legs or none; return what refused it, which its author will read."""
    with one_act():
        rows = _locked(bundle)
        refusal = None
        try:
            with transaction.atomic():
                _move(rows, at)
        except Refused as refused:
            refusal = refused
            with translation.override(rows[0].by.language):
                PendingDecision.objects.filter(bundle=bundle).update(refusal=str(refused)[:300])
        else:
            PendingDecision.objects.filter(bundle=bundle).delete()
        return refusal


def _locked(bundle: UUID) -> list[PendingDecision]:
    """Return the rows not carried out yet, locked. Whoever comes second waits here, and finds none."""
    rows = PendingDecision.objects.select_for_update(of=("self",)).select_related("match", "by__coordinator")
    return list(rows.filter(bundle=bundle, refusal="").order_by("pk"))


def _move(rows: Sequence[PendingDecision], at: datetime) -> None:
    # Spaces are locked in the order of their ids, as everywhere.
    ordered = sorted(rows, key=lambda row: (row.match.space_id, row.match_id))
    if any(row.version != row.match.version for row in ordered):
        raise IllegalMove if any(row.match.status != Status.PROPOSED for row in ordered) else ChangedSince
    if ordered and ordered[0].act == DECLINE:
        for row in ordered:
            transitions.decline(row.match_id, by=row.by, at=at, reason=row.reason, note=row.note)
        return
    # A household that moves or is split is asked once everything about it is approved: while one leg still
    # lacks its first of two approvals, the legs that need only one wait for the second person with it.
    first = [row for row in ordered if row.match.high_risk and row.match.approved_by_id is None]
    for row in first or ordered:
        transitions.approve(row.match_id, by=row.by, at=at)
