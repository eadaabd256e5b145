"""The queue of proposals, and the page of one match with its history and the acts open now."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

from django.contrib import admin
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST

from accounts.models import User
from matching import queries, transitions
from matching.admin.access import LookOnly, back, coordinator, said
from matching.engine.objective import distance_km
from matching.models import Match
from matching.states import NEEDS_REASON, Act

PROPOSALS_A_PAGE = 25

ACTS: dict[Act, tuple[Any, Callable[..., Match]]] = {
    Act.APPROVE: (gettext_lazy("Approve"), transitions.approve),
    Act.DECLINE: (gettext_lazy("Decline"), transitions.decline),
    Act.CANCEL: (gettext_lazy("Cancel"), transitions.cancel),
    Act.CHECK_IN: (gettext_lazy("They have come"), transitions.check_in),
    Act.NO_SHOW: (gettext_lazy("They did not come"), transitions.no_show),
    Act.COMPLETE: (gettext_lazy("The stay has ended well"), transitions.complete),
    Act.BREAK_OFF: (gettext_lazy("The stay did not work out"), transitions.break_off),
    Act.UNFREEZE: (gettext_lazy("Let it go on"), transitions.unfreeze),
}

REASON_WORDS = {
    "dates_changed": gettext_lazy("the dates changed"),
    "too_many_people": gettext_lazy("too many people"),
    "not_now": gettext_lazy("not now"),
    "too_far": gettext_lazy("too far"),
    "not_suitable": gettext_lazy("not suitable"),
    "found_elsewhere": gettext_lazy("found something elsewhere"),
    "no_answer": gettext_lazy("no answer"),
    "not_safe": gettext_lazy("does not feel safe"),
    "withdrawn": gettext_lazy("withdrawn"),
    "other": gettext_lazy("another reason"),
}

RISK_WORDS = {
    "minor_in_household": gettext_lazy("a child in the household"),
    "minor_alone": gettext_lazy("a child alone"),
    "lone_woman": gettext_lazy("a woman alone"),
    "first_time_host": gettext_lazy("first stay with this host"),
    "check_overdue": gettext_lazy("a check of the host is overdue"),
    "earlier_complaint": gettext_lazy("an earlier complaint about this host"),
}


def words_of(match: Match) -> dict[str, Any]:
    """Return what a card or page says of a match beyond its columns."""
    request, space = match.request, match.space
    return {
        "match": match,
        "km": distance_km(request.latitude, request.longitude, space.latitude, space.longitude),
        "risks": [RISK_WORDS.get(risk, risk) for risk in match.risks],
        "waited": (timezone.now() - request.registered_at).days,
        "bed_nights": match.people * match.nights,
    }


@admin.register(Match)
class MatchAdmin(LookOnly[Match]):
    """Matches of the coordinator's places. Status moves only by the buttons of a match's page and of the queue."""

    list_display = ["__str__", "status", "first_night", "last_day", "people", "score", "high_risk", "due_at"]
    list_filter = ["status", "high_risk", "first_night"]
    date_hierarchy = "first_night"
    change_form_template = "admin/matching/match_page.html"
    change_list_template = "admin/matching/match_list.html"
    exclude = ["score", "reasons", "risks"]

    def visible(self, user: User) -> QuerySet[Match]:
        return queries.with_everyone(queries.matches_visible_to(user)).distinct()

    def get_urls(self) -> list[Any]:
        view = self.admin_site.admin_view
        return [
            path("queue/", view(self.queue), name="matching_match_queue"),
            path("queue/decide/", view(require_POST(self.decide)), name="matching_match_decide"),
            path("<uuid:match_id>/act/<slug:act>/", view(require_POST(self.act)), name="matching_match_act"),
            *super().get_urls(),
        ]

    # -- the queue --------------------------------------------------------------------------------

    def queue(self, request: HttpRequest) -> HttpResponse:
        """The proposals that wait, in the order they matter."""
        user = coordinator(request)
        page = Paginator(queries.queue(user).distinct(), PROPOSALS_A_PAGE).get_page(request.GET.get("page"))
        context = {
            **self.admin_site.each_context(request),
            "title": _("Proposals waiting"),
            "opts": self.opts,
            "page": page,
            "cards": [{**words_of(match), "mine": match.approved_by_id == user.pk} for match in page],
            "reasons": REASON_WORDS.items(),
        }
        return TemplateResponse(request, "admin/matching/queue.html", context)

    def decide(self, request: HttpRequest) -> HttpResponse:
        """Approve or decline one proposal or every one that is ticked; each is an act of its own."""
        user, at = coordinator(request), timezone.now()
        act, _sep, single = request.POST.get("act", "").partition(":")
        chosen = [single] if single else request.POST.getlist("match")
        ids = [match_id for text in chosen if (match_id := _uuid(text))]
        visible = set(queries.matches_visible_to(user).filter(pk__in=ids).values_list("pk", flat=True))
        done = sum(self._decide(request, act, match_id, user, at) for match_id in ids if match_id in visible)
        if not ids:
            self.message_user(request, _("Tick the proposals you want to decide on first."), "warning")
        elif done:
            self.message_user(
                request,
                ngettext("%(count)d decision is written.", "%(count)d decisions are written.", done) % {"count": done},
                "success",
            )
        return back(request, reverse("admin:matching_match_queue"))

    def _decide(self, request: HttpRequest, act: str, match_id: UUID, user: User, at: datetime) -> bool:
        from accounts.refusals import Refused

        try:
            if act == "approve":
                transitions.approve(match_id, by=user, at=at)
            elif act == "decline":
                transitions.decline(match_id, by=user, at=at, reason=request.POST.get("reason", ""))
            else:
                raise Http404
        except Refused as refusal:
            self.message_user(request, f"{str(match_id)[:8]}: {refusal}", "error")
            return False
        return True

    # -- one match --------------------------------------------------------------------------------

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        user = coordinator(request)
        match_id = _uuid(object_id)
        match = get_object_or_404(self.visible(user), pk=match_id)
        acts = [
            {"name": act, "words": ACTS[act][0], "needs_reason": act in NEEDS_REASON}
            for act in queries.acts_open(match, user)
            if act in ACTS
        ]
        context = {
            **self.admin_site.each_context(request),
            **words_of(match),
            "title": str(match),
            "opts": self.opts,
            "acts": acts,
            "mine": match.approved_by_id == user.pk,
            "events": match.events.select_related("by"),
            "before": {
                "host": _earlier(match, space__host=match.space.host_id),
                "arrival": _earlier(match, request__arrival=match.request.arrival_id),
            },
            "reasons": REASON_WORDS.items(),
        }
        return TemplateResponse(request, self.change_form_template, context)

    def act(self, request: HttpRequest, match_id: UUID, act: str) -> HttpResponse:
        """Make one move of one match."""
        user = coordinator(request)
        get_object_or_404(self.visible(user), pk=match_id)
        if act not in set(ACTS):
            raise Http404
        words, move = ACTS[Act(act)]
        details = {"note": request.POST.get("note", "")} if act in (*NEEDS_REASON, Act.UNFREEZE) else {}
        if act in NEEDS_REASON:
            details["reason"] = request.POST.get("reason", "")
        said(request, partial(move, match_id, by=user, at=timezone.now(), **details), f"{words}: {_('done')}.")
        return back(request, reverse("admin:matching_match_change", args=[match_id]))


def _earlier(match: Match, **of: int) -> QuerySet[Match]:
    return Match.objects.filter(**of).exclude(pk=match.pk).order_by("-created_at")[:10]


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
