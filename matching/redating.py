"""Changing the nights of a shelter request: matches that still fit stand, the others end, and new nights are matched.

A household that wants to stay longer is proposed the same space first, so that nobody has to move without need. Where
that space is not free, the worker looks for another one, if the household may move.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import date, datetime, timedelta
from uuid import UUID

from accounts.models import User
from accounts.refusals import Refused
from matching import hindrances, intake, queries, transitions
from matching.deadlines import local_date
from matching.engine.reasons import Code, Reason
from matching.models import Match, ShelterRequest
from matching.refusals import HasLiveMatches, Incomplete, NotYours, Overtaken, one_act
from matching.states import Status
from matching.transitions import Proposal

OVERTAKEN_AT_MOST = 3
"""How many times a change starts again because the worker has proposed something meanwhile."""


def change_dates(
    request_id: UUID, *, first_night: date, nights: int, may_move: bool, by: User, at: datetime
) -> ShelterRequest:
    """Ask for `nights` from `first_night` on instead: all of the change or nothing.

    A match with a night that is no longer wanted ends. A proposal expires, and nobody is told. An approved or
    confirmed match is cancelled, and the host hears that the dates changed. A stay that has begun keeps its nights.

    Raises Incomplete, NotYours, HasLiveMatches when a stay would lose nights, or Frozen.
    """
    intake.check_nights(nights)
    if first_night + timedelta(days=nights) <= local_date(at):
        raise Incomplete("nights_passed")
    for _more in range(OVERTAKEN_AT_MOST):
        # Spaces are locked before requests, so the request is not locked yet while its matches end. A proposal that
        # the worker writes just then raises Overtaken, and the next try ends it too.
        with suppress(Overtaken):
            return _change(request_id, first_night, nights, may_move, by=by, at=at)
    return _change(request_id, first_night, nights, may_move, by=by, at=at)


def _change(
    request_id: UUID, first_night: date, nights: int, may_move: bool, *, by: User, at: datetime
) -> ShelterRequest:
    with one_act():
        request = ShelterRequest.objects.select_related("arrival__user").get(pk=request_id)
        if not queries.may_act_for(by, request):
            raise NotYours
        if request.withdrawn_at is not None:
            raise Incomplete("withdrawn")
        request.first_night, request.nights = first_night, nights
        for match in queries.live_outside(request):
            _end(match, by=by, at=at)
        urgency = _urgency(request, at)
        changed = intake.set_dates(
            request_id, first_night=first_night, nights=nights, urgency=urgency, may_move=may_move, by=by, at=at
        )
        _prolong(changed, at=at)
        return changed


def _prolong(request: ShelterRequest, *, at: datetime) -> None:
    """Propose the nights after an agreed stay in the same space, if it is free and the host lets people stay so long."""
    agreed = queries.with_everyone(request.matches.filter(status__in=[Status.CONFIRMED, Status.CHECKED_IN]))
    last = agreed.filter(people=request.people).order_by("-last_day").first()
    wanted = [run for run in queries.uncovered(request, local_date(at)) if last and run[0] == last.last_day]
    if last is None or not wanted or hindrances.hindrance(last) or last.space.fresh_until <= at:
        return
    ((first_night, last_day),) = wanted
    if last.space.max_nights is not None and (last_day - last.first_night).days > last.space.max_nights:
        return
    proposal = Proposal(
        request=request,
        space=last.space,
        first_night=first_night,
        last_day=last_day,
        people=request.people,
        leg=queries.next_leg(request),
        score=last.score,
        reasons=(Reason(Code.SAME_SPACE),),
    )
    with suppress(Refused):  # Not free: the worker looks elsewhere.
        transitions.propose(proposal, by=None, at=at)


def _end(match: Match, *, by: User, at: datetime) -> None:
    if match.status == Status.CHECKED_IN:
        raise HasLiveMatches("stay_until", day=match.last_day.isoformat())
    if match.status == Status.PROPOSED:
        transitions.expire(match.pk, at=at, reason="dates_changed")
    else:
        transitions.cancel(match.pk, by=by, at=at, reason="dates_changed")


def _urgency(request: ShelterRequest, at: datetime) -> str:
    urgency = intake.urgency_of(request.first_night, local_date(at))
    broken_off = request.matches.filter(status=Status.BROKEN_OFF).exists()
    return transitions.raised(urgency) if broken_off else urgency
