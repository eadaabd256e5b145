"""Claims, notes and hand-overs, which keep two coordinators from working on one household at the same time.

A claim is a lease that ends by itself, so a coordinator who goes home blocks nobody. Each act leaves a line for the
audit pages that says who did it, when and with whom, but never what a note says.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet

from accounts.models import User
from matching import messages, queries
from matching.limits import LONGEST_NOTE
from matching.models import Claim, DeskEvent, DeskNote, ShelterRequest
from matching.refusals import Incomplete, NotYours, TakenByAnother, one_act
from matching.states import HOLDS_BEDS
from privacy import remarks

DeskStep = DeskEvent.DeskStep
LEASE = timedelta(minutes=10)
HANDED_OVER = timedelta(hours=4)
"""How long a household that was handed over is kept for its new coordinator, before anybody may take it."""


def take(request_id: UUID, *, by: User, at: datetime, over: bool = False) -> None:
    """Claim a household for ten minutes, or prolong an own claim. With `over`, take it from the coordinator who has it.

    Raises NotYours where `by` may not see the household, TakenByAnother where another coordinator has claimed it.
    """
    with one_act():
        asked = _touchable(request_id, by)
        mine_or_over = Q(by=by) | Q(until__lte=at)
        theirs = Claim.objects.filter(request=request_id)
        held = theirs.filter(until__gt=at).select_for_update(of=("self",)).select_related("by").first()
        if not theirs.filter(Q() if over else mine_or_over).update(by=by, at=at, until=at + LEASE, handed_over_by=None):
            claim = Claim(request_id=request_id, by=by, at=at, until=at + LEASE)
            Claim.objects.bulk_create([claim], ignore_conflicts=True)
        if holder := held_by_others([request_id], by=by, at=at).get(request_id):
            raise taken_by(holder)
        if held is None:
            _note(asked, DeskStep.TAKEN, by=by, at=at)
        elif held.by_id != by.pk:
            _note(asked, DeskStep.TAKEN_OVER, by=by, at=at, whom=held.by)


def release(request_id: UUID, *, by: User, at: datetime) -> None:
    """End the claim of `by` on a household, if there is one."""
    with one_act():
        given_back, _each = Claim.objects.filter(request=request_id, by=by).delete()
        if given_back:
            _note(ShelterRequest.objects.get(pk=request_id), DeskStep.GIVEN_BACK, by=by, at=at)


def end_of(requests: Collection[ShelterRequest]) -> None:
    """End the claims on households that were decided on. Read `requests` with `select_related("claim")`."""
    if claimed := [asked.claim.pk for asked in requests if hasattr(asked, "claim")]:
        Claim.objects.filter(pk__in=claimed).delete()


def held_by_others(request_ids: Collection[UUID], *, by: User, at: datetime) -> dict[UUID, User]:
    """Return the coordinator who has claimed each of these households, by request id; claims of `by` do not count."""
    held = Claim.objects.filter(request__in=request_ids, until__gt=at).exclude(by=by).select_related("by")
    return {claim.request_id: claim.by for claim in held}


def held_by_another(asked: ShelterRequest, *, by: User, at: datetime) -> User | None:
    """Return the other coordinator who has claimed this household, or None.

    Read `asked` with `select_related("claim__by")`.
    """
    claim: Claim | None = getattr(asked, "claim", None)
    return claim.by if claim is not None and claim.until > at and claim.by_id != by.pk else None


def taken_by(holder: User) -> TakenByAnother:
    """Return the refusal that names the coordinator who has claimed a household."""
    return TakenByAnother("named", who=holder.username)


def hand_over(request_id: UUID, to: User, *, by: User, at: datetime, note: str = "") -> None:
    """Give a household to another coordinator of its place, with a note, and tell them.

    Raises NotYours where either coordinator may not see the household, TakenByAnother where a third one has claimed it.
    """
    with one_act():
        asked = _touchable(request_id, by)
        if holder := held_by_others([request_id], by=by, at=at).get(request_id):
            raise taken_by(holder)
        if to.pk == by.pk or not _may_touch(asked, to):
            raise NotYours("other_coordinator")
        lease = {"by": to, "at": at, "until": at + HANDED_OVER, "handed_over_by": by}
        Claim.objects.update_or_create(request=asked, defaults=lease)
        remark = remarks.write(note.strip(), at=at)
        DeskNote.objects.create(request=asked, by=by, remark=remark, said={"code": "handed_over"}, whom=to, at=at)
        _note(asked, DeskStep.HANDED_OVER, by=by, at=at, whom=to)
        messages.handed_over(asked, to, at=at)


def write_note(
    request_id: UUID, text: str, *, by: User, at: datetime, said: Mapping[str, Any] | None = None
) -> DeskNote:
    """Write a note on a household for the other coordinators.

    An act that leaves the note says what it did in `said`, and then the text may be empty. Raises NotYours, or Incomplete
    when the note is empty.
    """
    text = text.strip()
    if not text and said is None:
        raise Incomplete("empty_note")
    with one_act():
        asked = _touchable(request_id, by)
        _note(asked, DeskStep.NOTED, by=by, at=at)
        remark = remarks.write(text[:LONGEST_NOTE], at=at)
        return DeskNote.objects.create(request=asked, by=by, remark=remark, said=said, at=at)


def notes_for(request_id: UUID, user: User) -> QuerySet[DeskNote]:
    """Return the notes on a household that `user` may read: all of them for a coordinator who may write one, else none.

    A coordinator loses access once the household has no live match in their places.
    """
    notes = DeskNote.objects.filter(request=request_id).select_related("by", "whom", "remark")
    asked = ShelterRequest.objects.get(pk=request_id)
    return notes if _may_touch(asked, user) else notes.none()


def _note(asked: ShelterRequest, what: str, *, by: User, at: datetime, whom: User | None = None) -> None:
    DeskEvent.objects.create(request=asked, what=what, whom=whom, by=by, at=at)


def _touchable(request_id: UUID, by: User) -> ShelterRequest:
    asked = ShelterRequest.objects.select_related("arrival__user").get(pk=request_id)
    if not _may_touch(asked, by):
        raise NotYours
    return asked


def _may_touch(asked: ShelterRequest, by: User) -> bool:
    if queries.keeps_out_of(by, asked.arrival.user_id):
        return False
    if queries.covers(by, asked.place_id):
        return True
    live = asked.matches.filter(status__in=sorted(HOLDS_BEDS)).select_related("request", "space")
    return any(queries.covers_match(by, match) for match in live)
