"""The page of unplaced requests: why each could not be placed, and the smallest change that would make it possible."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import admin
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from matching import intake, queries
from matching.admin.access import back, coordinator, said
from matching.admin.queue import page_context
from matching.admin.words import CHANGE_WORDS
from matching.desk import unplaced
from matching.desk.unplaced import Change
from matching.engine.reasons import Code
from matching.intake import RequestDetails
from matching.models import ShelterRequest
from matching.refusals import ChangedSince

A_PAGE = 25


def urls() -> list[Any]:
    """Return the URL patterns of the unplaced requests, below those of the matches."""
    view = admin.site.admin_view
    return [
        path("unplaced/", view(unplaced_page), name="matching_match_unplaced"),
        path("unplaced/<uuid:request_id>/agreed/", view(require_POST(agreed)), name="matching_match_agreed"),
    ]


def unplaced_page(request: HttpRequest) -> HttpResponse:
    """Show unplaced requests by first night and urgency. Filters: the place, and the kind of change that would help."""
    user, at = coordinator(request), timezone.now()
    place = request.GET.get("place", "")
    kind = request.GET.get("kind", "")
    kind = kind if kind in unplaced.UNPLACED_KINDS else ""
    chosen = int(place) if place.isdecimal() and len(place) < 10 else None
    rows = unplaced.unplaced_requests(user, at, place=chosen, kind=kind)
    page = Paginator(rows.prefetch_related("matches"), A_PAGE).get_page(request.GET.get("page"))
    context = page_context(
        request,
        title=_("Unplaced"),
        here="unplaced",
        page=page,
        rows=unplaced.explained(list(page), at),
        kinds=CHANGE_WORDS.items(),
        kind=kind,
        change_words=CHANGE_WORDS,
        place=chosen,
        places=unplaced.places(user, at),
        query=urlencode({name: value for name, value in (("place", chosen), ("kind", kind)) if value}),
    )
    return TemplateResponse(request, "admin/matching/unplaced.html", context)


def agreed(request: HttpRequest, request_id: UUID) -> HttpResponse:
    """Change a request as the engine advised, because the household agreed. The next round looks at it again."""
    user = coordinator(request)
    asked = get_object_or_404(queries.requests_visible_to(user), pk=request_id)
    sent = request.POST.get("change", "")
    change = next((each for each in unplaced.changes_in(asked.left_over_reasons) if each.key == sent), None)
    page = reverse("admin:matching_match_unplaced")
    act = partial(_change, asked, change, by=user)
    said(request, act, _("The request is changed on the household's word; the next round looks at it."))
    return back(request, page)


def _change(asked: ShelterRequest, change: Change | None, *, by: Any) -> None:
    intake.change_request(asked.pk, changed(asked, change), by=by, at=timezone.now())


def changed(asked: ShelterRequest, change: Change | None) -> RequestDetails:
    """Return the details of the request with this change. Raises ChangedSince where the change is no longer advised."""
    if change is None:
        raise ChangedSince
    details = intake.details_of_request(asked)
    if change.radius_km is not None:
        return replace(details, radius_km=change.radius_km)
    if change.nights is not None:
        return replace(details, min_nights=min(change.nights, asked.nights))
    if change.first_night is not None:
        return replace(details, first_night=change.first_night)
    return replace(details, may_move=True) if change.reason.code is Code.MOVE else replace(details, may_split=True)
