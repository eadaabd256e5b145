"""The nights of a stay as a file for a calendar (RFC 5545). It holds the dates only: other people may see a calendar."""

from __future__ import annotations

from datetime import datetime
from urllib.parse import urlsplit
from uuid import UUID

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe
from icalendar import Calendar, Event

from accounts.models import User
from matching import hindrances
from matching.models import Match
from matching.states import Role
from matching.web import acts
from matching.web.visitors import for_arrivals, for_hosts, user_of


@require_safe
@for_arrivals
def of_arrival(request: HttpRequest, match_id: UUID) -> HttpResponse:
    """Return the nights for the arrival's calendar, once the stay is agreed. Raises Http404 before."""
    return _file(request, match_id, Role.ARRIVAL)


@require_safe
@for_hosts
def of_host(request: HttpRequest, match_id: UUID) -> HttpResponse:
    """Return the nights for the host's calendar, once the stay is agreed. Raises Http404 before."""
    return _file(request, match_id, Role.HOST)


def _file(request: HttpRequest, match_id: UUID, role: Role) -> HttpResponse:
    user = user_of(request)
    assert isinstance(user, User)
    match = acts.match_of(user, match_id, role)
    if not hindrances.contact_is_shown_open(match, role):
        raise Http404
    response = HttpResponse(calendar_of(match, at=timezone.now()), content_type="text/calendar; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="dates.ics"'
    return response


def calendar_of(match: Match, *, at: datetime) -> bytes:
    """Return an iCalendar file (UTF-8) with one event of whole days, from the first night until the day of leaving.

    A later file of the same match replaces an earlier one (SEQUENCE).
    """
    event = Event()
    event.add("uid", f"{match.pk}@{urlsplit(settings.SITE_URL).hostname}")
    event.add("sequence", match.version)
    event.add("dtstamp", at)
    event.add("dtstart", match.first_night)
    event.add("dtend", match.last_day)
    event.add("summary", _("Planned"))
    event.add("url", settings.SITE_URL + "/")
    event.add("class", "PRIVATE")
    event.add("transp", "TRANSPARENT")
    calendar = Calendar()
    calendar.add("prodid", "-//Shanyrak//pages//EN")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    calendar.add_component(event)
    return bytes(calendar.to_ical())
