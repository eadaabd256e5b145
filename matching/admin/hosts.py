"""Vetting hosts. The page stands in this app because suspending a host freezes matches."""

from __future__ import annotations

from functools import partial
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts import vetting
from accounts.models import Host, HostCheck, User
from matching import queries, transitions
from matching.admin.access import LookOnly, back, coordinator, said
from matching.deadlines import local_date
from matching.refusals import one_act


@admin.register(Host)
class HostAdmin(LookOnly[Host]):
    """Hosts with a space in the coordinator's places, or with none yet; their checks and their standing."""

    list_display = ["__str__", "status", "created_at"]
    list_filter = ["status"]
    change_form_template = "admin/accounts/host_page.html"

    def visible(self, user: User) -> QuerySet[Host]:
        return queries.hosts_visible_to(user).select_related("user")

    def get_urls(self) -> list[Any]:
        view = self.admin_site.admin_view
        return [
            path("<int:host_id>/check/", view(require_POST(self.check_)), name="accounts_host_check"),
            path(
                "<int:host_id>/standing/<slug:move>/", view(require_POST(self.standing)), name="accounts_host_standing"
            ),
            *super().get_urls(),
        ]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if not object_id.isdecimal():
            raise Http404
        host = get_object_or_404(self.visible(coordinator(request)), pk=int(object_id))
        words = dict(HostCheck.Kind.choices)
        context = {
            **self.admin_site.each_context(request),
            "title": str(host),
            "opts": self.opts,
            "host": host,
            "checks": host.checks.select_related("by"),
            "missing": [words[kind] for kind in vetting.missing_checks(host, local_date(timezone.now()))],
            "kinds": HostCheck.Kind.choices,
            "moves": [to for now, to in sorted(vetting.MOVES) if now == host.status],
            "spaces": host.spaces.select_related("place"),
            "events": host.events.select_related("by"),
        }
        return TemplateResponse(request, self.change_form_template, context)

    def check_(self, request: HttpRequest, host_id: int) -> HttpResponse:
        """Put a check on record."""
        user = coordinator(request)
        host = get_object_or_404(self.visible(user), pk=host_id)
        kind = request.POST.get("kind", "")
        page = reverse("admin:accounts_host_change", args=[host_id])
        if kind not in HostCheck.Kind.values:
            self.message_user(request, _("Choose what was checked."), "error")
            return back(request, page)
        passed = request.POST.get("passed") == "yes"
        note = request.POST.get("note", "")

        def record() -> None:
            with one_act():
                vetting.record_check(host, kind, by=user, at=timezone.now(), passed=passed, note=note)

        said(request, record, _("The check is on record."))
        return back(request, page)

    def standing(self, request: HttpRequest, host_id: int, move: str) -> HttpResponse:
        """Vet, refuse or suspend the host."""
        user = coordinator(request)
        get_object_or_404(self.visible(user), pk=host_id)
        page, at = reverse("admin:accounts_host_change", args=[host_id]), timezone.now()
        reason = request.POST.get("reason", "").strip()
        if move in ("refused", "suspended") and not reason:
            self.message_user(request, _("Write down the reason."), "error")
            return back(request, page)

        if move == Host.Status.VETTED:
            vet = partial(transitions.vet_host, host_id, by=user, at=at)
            said(request, vet, _("The host is vetted; their spaces can be matched now."))
        elif move == Host.Status.REFUSED:
            refuse = partial(transitions.refuse_host, host_id, by=user, at=at, reason=reason)
            said(request, refuse, _("The host is refused."))
        elif move == Host.Status.SUSPENDED:
            suspend = partial(transitions.suspend_host, host_id, by=user, at=at, reason=reason)
            said(request, suspend, _("The host is suspended and every match of theirs is on hold."))
        else:
            raise Http404
        return back(request, page)
