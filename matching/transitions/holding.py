"""What people say about the first evening waits as a coordinator's decision does, and can be taken back (decision 20).

Every door calls these functions. `matching.desk.decisions` carries out what waits, by `check_in` and `no_show` themselves.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings

from accounts.models import User
from matching.models import Match, PendingDecision
from matching.refusals import DecidedAlready, one_act
from matching.states import TAKEN_BACK_BY, Act
from matching.transitions import moves
from matching.transitions.writing import check, locked, role_of

SAID: dict[Act, Callable[..., Match]] = {Act.CHECK_IN: moves.check_in, Act.NO_SHOW: moves.no_show}
TAKEN_BACK: dict[Act, Callable[..., Match]] = {Act.CHECK_IN: moves.undo_check_in, Act.NO_SHOW: moves.undo_no_show}


def say_check_in(match_id: UUID, *, by: User, at: datetime) -> Match:
    """Say that the household has come; it counts after a minute. Raises what `check_in` raises, and DecidedAlready."""
    return _say(match_id, Act.CHECK_IN, by=by, at=at)


def say_no_show(match_id: UUID, *, by: User, at: datetime) -> Match:
    """Say that the household did not come; it counts after a minute. Raises what `no_show` raises, and DecidedAlready."""
    return _say(match_id, Act.NO_SHOW, by=by, at=at)


def take_back_check_in(match_id: UUID, *, by: User, at: datetime) -> Match:
    """Take back what oneself said and what does not count yet, or else what raises what `undo_check_in` raises."""
    return _take_back(match_id, Act.CHECK_IN, by=by, at=at)


def take_back_no_show(match_id: UUID, *, by: User, at: datetime) -> Match:
    """Take back what oneself said and what does not count yet, or else what raises what `undo_no_show` raises."""
    return _take_back(match_id, Act.NO_SHOW, by=by, at=at)


def _say(match_id: UUID, act: Act, *, by: User, at: datetime) -> Match:
    if not settings.DECISION_HOLD_SECONDS:
        return SAID[act](match_id, by=by, at=at)
    with one_act():
        match = locked(match_id)
        check(match, act, role_of(match, by), "")
        moves.check_moment(act, match, at)
        waiting = match.decisions.filter(refusal="").first()
        if waiting is not None and waiting.act == act:
            return match  # Said twice, or by both sides, is said once.
        if waiting is not None and act is not Act.CHECK_IN:
            raise DecidedAlready
        if waiting is not None:
            waiting.delete()  # Whoever stands at the door overrules the word that nobody came.
        PendingDecision.objects.create(
            match=match,
            version=match.version,
            act=act,
            by=by,
            decided_at=at,
            due_at=at + timedelta(seconds=settings.DECISION_HOLD_SECONDS),
        )
        return match


def _take_back(match_id: UUID, act: Act, *, by: User, at: datetime) -> Match:
    with one_act():
        match = locked(match_id)
        role_of(match, by)
        own, _each = match.decisions.filter(refusal="", act=act, by=by).delete()
        return match if own else TAKEN_BACK[act](match_id, by=by, at=at)


def held_of(matches: list[Match], user: User) -> dict[UUID, PendingDecision]:
    """Return what `user` said about the first evenings of these matches and what does not count yet, by match."""
    said = PendingDecision.objects.filter(match__in=matches, refusal="", by=user, act__in=list(TAKEN_BACK_BY))
    return {decision.match_id: decision for decision in said}
