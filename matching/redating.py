"""Changing the nights of a shelter request: matches that still fit go on, the others end, the rest is matched anew."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from uuid import UUID

from django.utils import formats
from django.utils.translation import gettext as _

from accounts.models import User
from matching import intake, queries, transitions
from matching.deadlines import local_date
from matching.models import Match, ShelterRequest
from matching.refusals import HasLiveMatches, Incomplete, NotYours, one_act
from matching.states import Status

MOST_NIGHTS = 730


def change_dates(request_id: UUID, *, first_night: date, nights: int, by: User, at: datetime) -> ShelterRequest:
    """Ask for `nights` from `first_night` on instead; all or nothing.

    A match with a night that is not wanted any more ends: a proposal quietly, an agreement as cancelled because the
    dates changed, so that the host hears of it. A stay that has begun keeps its nights.

    Raises Incomplete, NotYours, HasLiveMatches (a stay would lose nights), or Frozen.
    """
    if not 1 <= nights <= MOST_NIGHTS:
        raise Incomplete(_("Say for how many nights: a number from 1 to 730."))
    if first_night + timedelta(days=nights) <= local_date(at):
        raise Incomplete(_("These nights have passed. Give later ones."))
    with one_act():
        request = ShelterRequest.objects.select_related("arrival__user").get(pk=request_id)
        if request.arrival.user_id != by.pk and not queries.covers(by, request.place_id):
            raise NotYours
        if request.withdrawn_at is not None:
            raise Incomplete(_("This request is withdrawn. Ask again instead."))
        request.first_night, request.nights = first_night, nights
        for match in queries.live_outside(request):
            _end(match, by=by, at=at)
        return intake.set_dates(
            request_id, first_night=first_night, nights=nights, urgency=_urgency(request, at), by=by, at=at
        )


def _end(match: Match, *, by: User, at: datetime) -> None:
    if match.status == Status.CHECKED_IN:
        until = formats.date_format(match.last_day, "j E")
        raise HasLiveMatches(
            _("You are in a place until %(day)s. To leave earlier, say there that your stay has ended.")
            % {"day": until}
        )
    if match.status == Status.PROPOSED:
        transitions.expire(match.pk, at=at, reason="dates_changed")
    else:
        transitions.cancel(match.pk, by=by, at=at, reason="dates_changed")


def _urgency(request: ShelterRequest, at: datetime) -> str:
    urgency = intake.urgency_of(request.first_night, local_date(at))
    broken_off = request.matches.filter(status=Status.BROKEN_OFF).exists()
    return transitions.raised(urgency) if broken_off else urgency
