"""Incidents at the desk: the list, and a page on which a coordinator acknowledges, promises a call, and two people close it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

from django.contrib import admin, messages
from django.db.models import Min, QuerySet
from django.db.models.functions import Length
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from accounts.models import User
from matching import disclosure, incidents, queries
from matching.admin import on_call
from matching.admin.access import LookOnly, acting, back, coordinator, note_of, said
from matching.models import Incident, IncidentReport, Match
from matching.refusals import one_act
from matching.states import Role


class HowFar(admin.SimpleListFilter):
    """Filters incidents by how far they are."""

    title = gettext_lazy("how far it is")
    parameter_name = "is"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [
            ("waiting", gettext_lazy("nobody has acknowledged")),
            ("open", gettext_lazy("open")),
            ("closed", gettext_lazy("closed")),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Incident]) -> QuerySet[Incident]:
        match self.value():
            case "waiting":
                return queryset.filter(acknowledged_at=None)
            case "open":
                return queryset.filter(closed_at=None)
            case "closed":
                return queryset.filter(closed_at__isnull=False)
        return queryset


@admin.register(Incident)
class IncidentAdmin(LookOnly[Incident]):
    """Incidents of the coordinator's places. Who is party to one sees nothing of it."""

    list_display = ["__str__", "opened_at", "steps", "acknowledged_at", "acknowledged_by", "closed_at", "outcome"]
    list_filter = [HowFar, "outcome"]
    list_select_related = ["acknowledged_by"]
    change_form_template = "admin/matching/incident_page.html"

    def visible(self, user: User) -> QuerySet[Incident]:
        everybody = ("match__request__arrival__user", "match__space__host__user", "acknowledged_by", "close_asked_by")
        return queries.incidents_visible_to(user).select_related(*everybody, "closed_by", "go_on_asked_by")

    def get_urls(self) -> list[Any]:
        view = self.admin_site.admin_view
        return [
            *on_call.urls(),
            path("<uuid:incident_id>/open/", view(require_POST(self.open_texts)), name="matching_incident_open"),
            path("<uuid:incident_id>/act/<slug:act>/", view(require_POST(self.act)), name="matching_incident_act"),
            *super().get_urls(),
        ]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        user = coordinator(request)
        try:
            incident_id = UUID(object_id)
        except ValueError:
            raise Http404 from None
        return self._page(request, user, get_object_or_404(self.visible(user), pk=incident_id))

    def open_texts(self, request: HttpRequest, incident_id: UUID) -> HttpResponse:
        """Show where the reporters can be reached and what happened, and log the look at each of them."""
        user = acting(request)
        incident = get_object_or_404(self.visible(user), pk=incident_id)
        reports = list(incident.reports.all())
        with one_act():
            for person in _people(incident, reports):
                disclosure.log_look(user, person, "contact notes", reason="safety", at=timezone.now())
        return self._page(request, user, incident, told=reports, notes=incident.notes.select_related("by"))

    def _page(self, request: HttpRequest, user: User, incident: Incident, **more: Any) -> HttpResponse:
        pages = incident.pages.select_related("recipient").annotate(sent=Min("notification__deliveries__sent_at"))
        outcomes: dict[str, Any] = dict(Incident.IncidentOutcome.choices)
        reports = [(report, report.written > 0) for report in _without_texts(incident)]
        context = {
            **self.admin_site.each_context(request),
            "title": str(incident),
            "opts": self.opts,
            "incident": incident,
            "may_see_match": queries.matches_at_desk_of(user).filter(pk=incident.match_id).exists(),
            "reports": reports,
            "may_promise": any(can_be_called and not report.promised_at for report, can_be_called in reports),
            "pages": pages,
            "events": [(event, outcomes.get(event.code, "")) for event in incident.events.select_related("by")],
            "outcomes": Incident.IncidentOutcome.choices,
            "came_of_it": [(step.value, step.label) for step in incidents.OUTCOMES],
            "mine": incident.acknowledged_by_id == user.pk,
            "has_notes": incident.notes.exists(),
            "with_host": _of_same_host(incident, user),
            "kept_apart": incidents.kept_apart(incident),
            **more,
        }
        return TemplateResponse(request, self.change_form_template, context)

    def act(self, request: HttpRequest, incident_id: UUID, act: str) -> HttpResponse:
        """Do one act on an incident."""
        user, at = coordinator(request), timezone.now()
        get_object_or_404(self.visible(user), pk=incident_id)
        if act not in INCIDENT_ACTS:
            raise Http404
        do, done = INCIDENT_ACTS[act]
        if act == "note" and not note_of(request).strip():
            messages.error(request, _("Write the note first."))
        else:
            said(request, partial(do, request, incident_id, user, at), str(done))
        return back(request, reverse("admin:matching_incident_change", args=[incident_id]))


def _acknowledge(request: HttpRequest, incident_id: UUID, user: User, at: datetime) -> None:
    incidents.acknowledge(incident_id, by=user, at=at, promised=request.POST.getlist("promise"))


def _close(request: HttpRequest, incident_id: UUID, user: User, at: datetime) -> None:
    incidents.close(incident_id, by=user, at=at, outcome=request.POST.get("outcome", ""))


def _agree(request: HttpRequest, incident_id: UUID, user: User, at: datetime) -> None:
    incidents.agree_to_go_on(incident_id, by=user, at=at)


def _write(request: HttpRequest, incident_id: UUID, user: User, at: datetime) -> None:
    incidents.write_note(incident_id, note_of(request), by=user, at=at)


def _meet(request: HttpRequest, incident_id: UUID, user: User, at: datetime) -> None:
    incidents.let_meet_again(incident_id, by=user, at=at, reason=note_of(request))


def _outcome(request: HttpRequest, incident_id: UUID, user: User, at: datetime) -> None:
    role, outcome = request.POST.get("role", ""), request.POST.get("came_of_it", "")
    incidents.note_outcome(incident_id, by=user, at=at, role=role, outcome=outcome)


INCIDENT_ACTS: dict[str, tuple[Callable[[HttpRequest, UUID, User, datetime], None], Any]] = {
    "acknowledge": (
        _acknowledge,
        gettext_lazy("It is yours now. Write down here in time what came of it; otherwise others are called again."),
    ),
    "outcome": (_outcome, gettext_lazy("Written down.")),
    "close": (_close, gettext_lazy("Written down. It is closed once a second coordinator says the same.")),
    "go-on": (_agree, gettext_lazy("Written down. The match may go on once two coordinators have said so.")),
    "meet-again": (
        _meet,
        gettext_lazy("Written down. The two may be brought together once a second coordinator says the same."),
    ),
    "note": (_write, gettext_lazy("The note is written.")),
}


def _of_same_host(incident: Incident, user: User) -> QuerySet[Match]:
    """Return the other matches of this host that `user` may see: whoever is there may need help as well."""
    others = queries.others_with_host(incident.match)
    return others.filter(pk__in=queries.matches_visible_to(user).values("pk")).select_related("request__place")


def _people(incident: Incident, reports: list[IncidentReport]) -> list[User]:
    """Return the people whose words the reports hold: the sides that reported, or both for a coordinator's report."""
    sides = {Role.HOST: incident.match.space.host.user, Role.ARRIVAL: incident.match.request.arrival.user}
    roles = {report.role for report in reports}
    return [person for role, person in sides.items() if role in roles or Role.COORDINATOR in roles]


def _without_texts(incident: Incident) -> QuerySet[Any]:
    """Return the reports with `written`, the length of the encrypted number or place, and without reading any text."""
    return incident.reports.defer("reach", "happened").annotate(written=Length("reach"))
