"""The pages of matching by hand: every space for a request, every open request for a space, and proposing a pair."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import admin
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from matching import queries
from matching.admin.access import back, coordinator, note_of, said
from matching.admin.queue import page_context
from matching.admin.words import OVERRIDE_WORDS
from matching.deadlines import local_date
from matching.desk import by_hand

CARDS_SHOWN = 100
"""The most pairs that a page lists, the best first. Nobody reads more."""


def urls() -> list[Any]:
    """Return the URL patterns of matching by hand, below those of the matches."""
    view = admin.site.admin_view
    return [
        path("by-hand/request/<uuid:request_id>/", view(spaces_for), name="matching_match_spaces_for"),
        path("by-hand/space/<uuid:space_id>/", view(requests_for), name="matching_match_requests_for"),
        path("by-hand/propose/", view(require_POST(propose)), name="matching_match_propose"),
    ]


def spaces_for(request: HttpRequest, request_id: UUID) -> HttpResponse:
    """Show the spaces that are possible for a request, the best first, then impossible ones nearby with their reasons."""
    user, at = coordinator(request), timezone.now()
    visible = queries.requests_visible_to(user).select_related("arrival__user", "place").prefetch_related("matches")
    asked = get_object_or_404(visible, pk=request_id)
    choice = by_hand.spaces_for(request_id, by=user, at=at)
    context = page_context(
        request,
        title=_("Spaces for a request"),
        asked=asked,
        runs=queries.uncovered(asked, local_date(at)),
        choice=choice,
        possible=choice.possible[:CARDS_SHOWN],
        overrides=OVERRIDE_WORDS.items(),
        instead_of="spaces",
    )
    return TemplateResponse(request, "admin/matching/spaces_for.html", context)


def requests_for(request: HttpRequest, space_id: UUID) -> HttpResponse:
    """Show the open requests that fit a space, the best first, then those that do not fit with their reasons."""
    user, at = coordinator(request), timezone.now()
    visible = queries.spaces_visible_to(user).select_related("host__user", "place").prefetch_related("windows")
    space = get_object_or_404(visible, pk=space_id)
    choice = by_hand.requests_for(space_id, by=user, at=at)
    context = page_context(
        request,
        title=_("Requests for a space"),
        space=space,
        choice=choice,
        possible=choice.possible[:CARDS_SHOWN],
        overrides=OVERRIDE_WORDS.items(),
        instead_of="requests",
    )
    return TemplateResponse(request, "admin/matching/requests_for.html", context)


def propose(request: HttpRequest) -> HttpResponse:
    """Propose one pair: the advised pair with one click, any other with a reason."""
    user = coordinator(request)
    request_id, space_id = _uuid(request.POST.get("request", "")), _uuid(request.POST.get("space", ""))
    instead_of = request.POST.get("instead_of", "spaces")
    # Answer 404 where the coordinator may not see the page that the form is on. The act checks the other rights.
    if instead_of == "requests":
        get_object_or_404(queries.spaces_visible_to(user), pk=space_id)
        get_object_or_404(queries.requests_visible_to(user), pk=request_id)
        page = reverse("admin:matching_match_requests_for", args=[space_id])
    else:
        get_object_or_404(queries.requests_visible_to(user), pk=request_id)
        page = reverse("admin:matching_match_spaces_for", args=[request_id])
    said(
        request,
        lambda: by_hand.propose(
            request_id,
            space_id,
            by=user,
            at=timezone.now(),
            instead_of=instead_of,
            reason=request.POST.get("reason", ""),
            note=note_of(request),
        ),
        _("The proposal is written and waits for approval."),
    )
    return back(request, page)


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise Http404 from None
