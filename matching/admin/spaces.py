"""Spaces: what is offered, when, and which matches hold the beds."""

from __future__ import annotations

from functools import partial
from typing import Any
from uuid import UUID

from django.contrib import admin
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.models import User
from matching import intake, queries
from matching.admin import on_behalf, personal
from matching.admin.access import LookOnly, back, coordinator, said
from matching.models import Space

DESK_SPACE_ACTS = {
    "pause": intake.pause_space,
    "list": intake.list_space,
    "withdraw": intake.withdraw_space,
    "still-available": intake.confirm_still_available,
}


@admin.register(Space)
class SpaceAdmin(LookOnly[Space]):
    """Spaces of the coordinator's places. A coordinator opens the exact address by a click that is logged."""

    list_display = ["__str__", "place", "beds", "shared", "status", "who", "fresh_until"]
    list_filter = ["status", "shared", "who", "step_free", "pets"]
    change_form_template = "admin/matching/space_page.html"
    change_list_template = "admin/matching/space_list.html"

    def visible(self, user: User) -> QuerySet[Space]:
        return queries.spaces_visible_to(user).select_related("host__user", "place").prefetch_related("windows")

    def get_urls(self) -> list[Any]:
        view = self.admin_site.admin_view
        return [
            path("for-somebody/", view(partial(on_behalf.offer, self)), name="matching_space_on_behalf"),
            path("<uuid:space_id>/act/<slug:act>/", view(require_POST(self.act)), name="matching_space_act"),
            path("<uuid:space_id>/open/", view(require_POST(self.open_personal)), name="matching_space_open"),
            *super().get_urls(),
        ]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        return self._page(request, object_id)

    def _page(self, request: HttpRequest, object_id: str | UUID, **more: Any) -> HttpResponse:
        try:
            pk = UUID(str(object_id))
        except ValueError:
            raise Http404 from None
        space = get_object_or_404(self.visible(coordinator(request)), pk=pk)
        context = {
            **self.admin_site.each_context(request),
            "title": str(space),
            "opts": self.opts,
            "space": space,
            "held": queries.held_in(space),
            **personal.closed(_reads(space)),
            **more,
        }
        return TemplateResponse(request, self.change_form_template, context)

    def act(self, request: HttpRequest, space_id: UUID, act: str) -> HttpResponse:
        """Pause, list, withdraw or confirm a space, because the host asked for that."""
        user = coordinator(request)
        get_object_or_404(self.visible(user), pk=space_id)
        if act not in DESK_SPACE_ACTS:
            raise Http404
        said(request, partial(DESK_SPACE_ACTS[act], space_id, by=user, at=timezone.now()), _("Done."))
        return back(request, reverse("admin:matching_space_change", args=[space_id]))

    def open_personal(self, request: HttpRequest, space_id: UUID) -> HttpResponse:
        """Show the ticked fields (the host's name, contact, exact address) once, for a reason, and log the look."""
        user = coordinator(request)
        space = get_object_or_404(self.visible(user), pk=space_id)
        return self._page(request, space_id, **personal.opened(request, user, [space.host.user], _reads(space)))


def _reads(space: Space) -> personal.Reads:
    host = space.host.user
    return {
        "name": lambda: [host.name] if host.name else [],
        "contact": lambda: personal.contact_of(host),
        "address": lambda: [line for line in (space.address, space.directions) if line],
    }
