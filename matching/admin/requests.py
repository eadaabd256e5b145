"""Shelter requests: what each household needs, why it is unplaced, and proposing a space by hand."""

from __future__ import annotations

from functools import partial
from typing import Any
from uuid import UUID

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts import arrivals
from accounts.models import User
from accounts.refusals import Refused
from matching import disclosure, queries, transitions
from matching.admin import on_behalf, personal
from matching.admin.access import LookOnly, back, coordinator, said
from matching.admin.secret_card import card
from matching.admin.words import OVERRIDE_WORDS, REQUEST_STATE_WORDS
from matching.deadlines import local_date
from matching.desk import by_hand
from matching.models import ShelterRequest
from matching.refusal_words import words_of
from matching.refusals import one_act

POSSIBLE_SHOWN = 15


@admin.register(ShelterRequest)
class RequestAdmin(LookOnly[ShelterRequest]):
    """Requests of the coordinator's places. A coordinator opens name, contact and notes by a click that is logged."""

    list_display = ["__str__", "place", "people", "children", "first_night", "nights", "urgency", "registered_at"]
    list_filter = ["urgency", "first_night", "step_free", "pets", "all_women"]
    date_hierarchy = "first_night"
    change_form_template = "admin/matching/request_page.html"
    change_list_template = "admin/matching/request_list.html"

    def visible(self, user: User) -> QuerySet[ShelterRequest]:
        visible = queries.requests_visible_to(user)
        return visible.select_related("arrival__user", "place").prefetch_related("matches__space__place")

    def get_urls(self) -> list[Any]:
        view = self.admin_site.admin_view
        return [
            path("for-somebody/", view(partial(on_behalf.ask, self)), name="matching_request_on_behalf"),
            path("<uuid:request_id>/open/", view(require_POST(self.open_personal)), name="matching_request_open"),
            path("<uuid:request_id>/secret/", view(require_POST(self.new_secret)), name="matching_request_secret"),
            path("<uuid:request_id>/withdraw/", view(require_POST(self.withdraw)), name="matching_request_withdraw"),
            *super().get_urls(),
        ]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        return self._page(request, object_id)

    def _page(self, request: HttpRequest, object_id: str | UUID, **more: Any) -> HttpResponse:
        user = coordinator(request)
        row = get_object_or_404(self.visible(user), pk=_pk(object_id))
        now = timezone.now()
        open_runs = row.withdrawn_at is None and queries.uncovered(row, local_date(now))
        choice = by_hand.Choice([], [])
        if open_runs and queries.covers(user, row.place_id):
            choice = by_hand.spaces_for(row.pk, by=user, at=now, impossible=0)
        context = {
            **self.admin_site.each_context(request),
            "title": str(row),
            "opts": self.opts,
            "row": row,
            "state": REQUEST_STATE_WORDS[queries.state_of(row, local_date(now))],
            "matches": row.matches.order_by("created_at"),
            "choice": choice,
            "possible": choice.possible[:POSSIBLE_SHOWN],
            "overrides": OVERRIDE_WORDS.items(),
            **personal.closed(_reads(row)),
            **more,
        }
        return TemplateResponse(request, self.change_form_template, context)

    def open_personal(self, request: HttpRequest, request_id: UUID) -> HttpResponse:
        """Show the ticked fields (name, contact, notes) once, for a reason, and log the look."""
        user = coordinator(request)
        row = get_object_or_404(self.visible(user), pk=request_id)
        shown = personal.opened(request, user, [row.arrival.user], _reads(row))
        return self._page(request, request_id, **shown)

    def new_secret(self, request: HttpRequest, request_id: UUID) -> HttpResponse:
        """Give the arrival a new secret and show it once, so that the coordinator reads it to them.

        It serves arrivals who lost their secret, or whose request came from a sheet. With `card` in the form it is shown
        as a card to print, for those without a phone.
        """
        user = coordinator(request)
        row = get_object_or_404(self.visible(user), pk=request_id)
        at = timezone.now()
        try:
            with one_act():
                disclosure.look(user, [row.arrival.user_id], "secret", reason=disclosure.LookReason.NEW_SECRET, at=at)
                secret = arrivals.renew_secret(row.arrival)
        except Refused as refusal:
            self.message_user(request, words_of(refusal), "error")
            return self._page(request, request_id)
        if "card" in request.POST:
            return render(request, "admin/matching/secret_card.html", {"row": row, **card(row.arrival, secret)})
        return self._page(request, request_id, secret=arrivals.grouped(secret))

    def withdraw(self, request: HttpRequest, request_id: UUID) -> HttpResponse:
        """Withdraw the request, because the household asked for that."""
        user = coordinator(request)
        get_object_or_404(self.visible(user), pk=request_id)
        withdraw = partial(transitions.withdraw_request, request_id, by=user, at=timezone.now())
        said(request, withdraw, _("The request is withdrawn."))
        return back(request, reverse("admin:matching_shelterrequest_change", args=[request_id]))


def _pk(text: str | UUID) -> UUID | None:
    try:
        return UUID(str(text))
    except ValueError:
        return None


def _reads(row: ShelterRequest) -> personal.Reads:
    somebody = row.arrival.user
    return {
        "name": lambda: [somebody.name] if somebody.name else [],
        "contact": lambda: personal.contact_of(somebody),
        "notes": lambda: [row.notes] if row.notes else [],
    }
