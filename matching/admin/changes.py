"""Changes that wait until a coordinator has looked: the queue, and one change with what was vetted beside it."""

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
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from accounts.models import User
from matching import looking, waiting
from matching.admin import personal
from matching.admin.access import LookOnly, back, coordinator, said
from matching.models import WaitingChange

ACTS = {"apply": looking.apply, "refuse": looking.refuse}

SHOWN_UNASKED = {
    "beds": gettext_lazy("People who can sleep there"),
    "others": gettext_lazy("Other people who live there"),
    "shared": gettext_lazy("Several households at the same time"),
}
"""The columns of a space that a change shows without a logged look, in words."""


@admin.register(WaitingChange)
class WaitingChangeAdmin(LookOnly[WaitingChange]):
    """Changes of spaces and hosts in the coordinator's places; those that wait stand first, the oldest above."""

    list_display = ["__str__", "kinds_told", "host", "space", "asked_at", "outcome", "decided_by"]
    list_filter = ["outcome", "asked_at"]
    list_select_related = ["host", "space", "decided_by"]
    ordering = ["outcome", "asked_at", "pk"]
    change_form_template = "admin/matching/change_page.html"

    @admin.display(description=gettext_lazy("what"))
    def kinds_told(self, change: WaitingChange) -> str:
        return ", ".join(change.kinds_in_words)

    def visible(self, user: User) -> QuerySet[WaitingChange]:
        return looking.visible_to(user).select_related("host__user", "space__place", "asked_by", "decided_by")

    def get_urls(self) -> list[Any]:
        view = self.admin_site.admin_view
        return [
            path("<int:change_id>/open/", view(require_POST(self.open_personal)), name="matching_waitingchange_open"),
            path("<int:change_id>/act/<slug:act>/", view(require_POST(self.act)), name="matching_waitingchange_act"),
            *super().get_urls(),
        ]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        return self._page(request, object_id)

    def _page(self, request: HttpRequest, object_id: str | int, **more: Any) -> HttpResponse:
        user = coordinator(request)
        if not str(object_id).isdecimal():
            raise Http404
        change = get_object_or_404(self.visible(user), pk=object_id)
        context = {
            **self.admin_site.each_context(request),
            "title": str(change),
            "opts": self.opts,
            "change": change,
            "lines": _lines(change),
            "promised": waiting.promised(change.host, change.space),
            **personal.closed(_reads(change)),
            **more,
        }
        return TemplateResponse(request, self.change_form_template, context)

    def act(self, request: HttpRequest, change_id: int, act: str) -> HttpResponse:
        """Apply the change, or refuse it, after a look."""
        user = coordinator(request)
        get_object_or_404(self.visible(user), pk=change_id)
        if act not in ACTS:
            raise Http404
        said(request, partial(ACTS[act], change_id, by=user, at=timezone.now()), _("Done."))
        return back(request, reverse("admin:matching_waitingchange_change", args=[change_id]))

    def open_personal(self, request: HttpRequest, change_id: int) -> HttpResponse:
        """Show what was vetted and what is wanted once, for a reason, and log the look."""
        user = coordinator(request)
        change = get_object_or_404(self.visible(user), pk=change_id)
        return self._page(request, change_id, **personal.opened(request, user, [change.host.user], _reads(change)))


def _lines(change: WaitingChange) -> list[tuple[Any, Any, Any]]:
    """Return the words of each column that is no personal field, with its value now and the wanted one."""
    wanted = waiting.wanted_of(change) if change.space and change.outcome == waiting.ChangeOutcome.WAITING else {}
    is_new = waiting.ChangeKind.NEW in change.kinds  # Then all of it is to be looked at.
    return [
        (words, _in_words(getattr(change.space, column)), _in_words(wanted[column]) if column in wanted else "")
        for column, words in SHOWN_UNASKED.items()
        if column in wanted or (is_new and wanted)
    ]


def _in_words(value: Any) -> str:
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    return _("not said") if value is None else str(value)


def _reads(change: WaitingChange) -> personal.Reads:
    """Return the personal fields of the change: each shows what holds now, and below it what is wanted."""
    host, space, wanted = change.host.user, change.space, waiting.wanted_of(change)
    wants = _("Wanted: %(what)s")
    reads: dict[str, Any] = {"name": lambda: [host.name] if host.name else []}
    new = [wants % {"what": address} for _channel, address in wanted.get("contacts", [])]
    reads["contact"] = lambda: [*personal.contact_of(host), *new]
    if space is not None:
        lines = [wanted[name] for name in ("address", "directions") if wanted.get(name)]
        reads["address"] = lambda: [
            *(line for line in (space.address, space.directions) if line),
            *(wants % {"what": line} for line in lines),
        ]
    return reads
