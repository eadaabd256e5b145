"""The page of one match with its history and the acts open now.

Proposals are decided in the queue, where a decision can be undone (`matching.admin.queue`).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any
from uuid import UUID

from django.contrib import admin
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from accounts.coordinators import rights_of
from accounts.models import User
from matching import disclosure, queries, transitions
from matching.admin import by_hand, personal, queue, unplaced
from matching.admin.access import LookOnly, back, coordinator, note_of, said
from matching.admin.words import REASON_WORDS, risk_words
from matching.desk import claims
from matching.models import Match
from matching.states import HOLDS_BEDS, NEEDS_REASON, Act, Role, Status
from places.earth import distance_km
from privacy import remarks

DESK_MATCH_ACTS: dict[Act, tuple[Any, Callable[..., Match]]] = {
    Act.DECLINE: (gettext_lazy("Decline"), transitions.decline),
    Act.CANCEL: (gettext_lazy("Cancel"), transitions.cancel),
    Act.CHECK_IN: (gettext_lazy("They have come"), transitions.say_check_in),
    Act.NO_SHOW: (gettext_lazy("They did not come"), transitions.say_no_show),
    Act.UNDO_CHECK_IN: (gettext_lazy("Take it back: not here yet"), transitions.take_back_check_in),
    Act.UNDO_NO_SHOW: (gettext_lazy("Take it back: they may still come"), transitions.take_back_no_show),
    Act.COMPLETE: (gettext_lazy("The stay has ended well"), transitions.complete),
    Act.BREAK_OFF: (gettext_lazy("The stay did not work out"), transitions.break_off),
    Act.FREEZE: (gettext_lazy("Somebody does not feel safe"), transitions.report_not_safe),
    Act.UNFREEZE: (gettext_lazy("Let it go on"), transitions.unfreeze),
}


def words_of(match: Match) -> dict[str, Any]:
    """Return the words that a card or page shows for a match, besides its columns."""
    request, space = match.request, match.space
    return {
        "match": match,
        "km": distance_km(request.latitude, request.longitude, space.latitude, space.longitude),
        "risks": risk_words(match.risks),
        "waited": (timezone.now() - request.registered_at).days,
        "bed_nights": match.people * match.nights,
    }


class OnHold(admin.SimpleListFilter):
    """Filters for live matches on hold, which wait until a coordinator has looked at them."""

    title = gettext_lazy("on hold")
    parameter_name = "frozen"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("yes", gettext_lazy("Yes"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Match]) -> QuerySet[Match]:
        on_hold = queryset.filter(frozen_at__isnull=False, status__in=sorted(HOLDS_BEDS))
        return on_hold if self.value() == "yes" else queryset


@admin.register(Match)
class MatchAdmin(LookOnly[Match]):
    """Matches of the coordinator's places. Only the buttons of a match's page and of the queue change a status."""

    list_display = ["__str__", "status", "first_night", "last_day", "people", "score", "high_risk", "due_at"]
    list_filter = ["status", "high_risk", OnHold, "first_night"]
    date_hierarchy = "first_night"
    change_form_template = "admin/matching/match_page.html"
    change_list_template = "admin/matching/match_list.html"
    exclude = ["score", "reasons", "risks"]

    def visible(self, user: User) -> QuerySet[Match]:
        return queries.with_everyone(queries.matches_at_desk_of(user)).distinct()

    def get_urls(self) -> list[Any]:
        view = self.admin_site.admin_view
        return [
            *queue.urls(),
            *by_hand.urls(),
            *unplaced.urls(),
            path("<uuid:match_id>/open/", view(require_POST(self.open_personal)), name="matching_match_open"),
            path("<uuid:match_id>/act/<slug:act>/", view(require_POST(self.act)), name="matching_match_act"),
            *super().get_urls(),
        ]

    # -- one match --------------------------------------------------------------------------------

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        user = coordinator(request)
        return self._page(request, user, get_object_or_404(self.visible(user), pk=_uuid(object_id)))

    def open_personal(self, request: HttpRequest, match_id: UUID) -> HttpResponse:
        """Show the notes in the match's history once, for a reason, and log the look at host and arrival."""
        user = coordinator(request)
        match = get_object_or_404(self.visible(user), pk=match_id)
        about = [match.request.arrival.user, match.space.host.user]
        return self._page(request, user, match, **personal.opened(request, user, about, _reads(match)))

    def _page(self, request: HttpRequest, user: User, match: Match, **more: Any) -> HttpResponse:
        acts = [
            {
                "name": act,
                "words": DESK_MATCH_ACTS[act][0],
                "needs_reason": act in NEEDS_REASON,
                "asks_who": act in (*NEEDS_REASON, Act.FREEZE),
            }
            for act in queries.acts_open(match, user, timezone.now())
            if act in DESK_MATCH_ACTS and not (act == Act.DECLINE and match.status == Status.PROPOSED)
        ]
        notes = list(claims.notes_for(match.request_id, user))
        if notes and rights_of(user).may_act:
            disclosure.log_notes_shown(user, [match.request.arrival.user_id], at=timezone.now())
        context = {
            **self.admin_site.each_context(request),
            **words_of(match),
            "title": str(match),
            "opts": self.opts,
            "acts": acts,
            "notes": notes,
            "events": match.events.select_related("by"),
            "noted": match.events.filter(remark__isnull=False).exists(),
            **personal.closed(_reads(match)),
            "with_host": queries.others_with_host(match) if match.frozen_at else [],
            "before": {
                "host": _earlier(match, space__host=match.space.host_id),
                "arrival": _earlier(match, request__arrival=match.request.arrival_id),
            },
            "reasons": REASON_WORDS.items(),
            **more,
        }
        return TemplateResponse(request, self.change_form_template, context)

    def act(self, request: HttpRequest, match_id: UUID, act: str) -> HttpResponse:
        """Make one move of one match."""
        user = coordinator(request)
        match = get_object_or_404(self.visible(user), pk=match_id)
        if act not in set(DESK_MATCH_ACTS):
            raise Http404
        if match.status == Status.PROPOSED and act == Act.DECLINE:
            return HttpResponseRedirect(reverse("admin:matching_match_card", args=[match.request_id]))
        words, move = DESK_MATCH_ACTS[Act(act)]
        details: dict[str, Any] = {"note": note_of(request)} if act in (*NEEDS_REASON, Act.UNFREEZE, Act.FREEZE) else {}
        if act in (*NEEDS_REASON, Act.FREEZE):
            told_by = request.POST.get("told_by", "")
            details["told_by"] = Role(told_by) if told_by in (Role.HOST, Role.ARRIVAL) else None
        if act in NEEDS_REASON:
            details["reason"] = request.POST.get("reason", "")
        said(
            request,
            partial(move, match_id, by=user, at=timezone.now(), **details),
            _("%(act)s: done.") % {"act": words},
        )
        return back(request, reverse("admin:matching_match_change", args=[match_id]))


def _reads(match: Match) -> personal.Reads:
    def notes() -> list[str]:
        return [
            f"{event.get_act_display()}, {event.get_role_display()}: {remarks.words_of(event)}"
            for event in match.events.filter(remark__isnull=False).select_related("remark")
        ]

    return {"notes": notes}


def _earlier(match: Match, **of: int) -> QuerySet[Match]:
    return Match.objects.filter(**of).exclude(pk=match.pk).order_by("-created_at")[:10]


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
