"""The page of hosts to call today with figures of their checks, and the form that notes a call."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts import vetting
from accounts.models import HostCall
from accounts.vetting import CheckState
from matching import hosts
from matching.admin.access import back, coordinator, note_of, said
from matching.desk import call_list
from matching.desk.call_list import ReasonToCall

if TYPE_CHECKING:
    from matching.admin.hosts import HostAdmin

REASON_TO_CALL_WORDS = {
    ReasonToCall.NO_ANSWER: gettext_lazy("has not answered about a match"),
    ReasonToCall.BROKEN_OFF: gettext_lazy("a stay ended early, and a call was promised"),
    ReasonToCall.SUSPENDED: gettext_lazy("is suspended, and a call was promised"),
    ReasonToCall.UNVETTED: gettext_lazy("waits to be vetted"),
    ReasonToCall.CHECK: gettext_lazy("a check runs out or has run out"),
    ReasonToCall.STALE: gettext_lazy("has not said whether the offer still stands"),
}
CHECK_STATE_WORDS = {
    CheckState.PASSED: gettext_lazy("passed"),
    CheckState.EXPIRING: gettext_lazy("runs out soon"),
    CheckState.EXPIRED: gettext_lazy("has run out"),
    CheckState.FAILED: gettext_lazy("failed"),
    CheckState.MISSING: gettext_lazy("missing"),
}


def page(desk: HostAdmin, request: HttpRequest) -> HttpResponse:
    """Show the hosts to call today, the most pressing first; `?why` selects one reason."""
    user, at = coordinator(request), timezone.now()
    asked = request.GET.get("why", "")
    only = ReasonToCall(asked) if asked in list(ReasonToCall) else None
    found = call_list.to_call(user, at, only)
    context: dict[str, Any] = {
        **desk.admin_site.each_context(request),
        "title": _("Hosts to call today"),
        "opts": desk.opts,
        "only": only,
        "kinds": [(why, REASON_TO_CALL_WORDS[why], found.counts[why]) for why in ReasonToCall],
        "called_today": found.called_today,
        "lines": [
            {
                "call": call,
                "why": [(REASON_TO_CALL_WORDS[why], since) for why, since in call.reasons],
                "lacking": [(item.words, CHECK_STATE_WORDS[item.state]) for item in call.lacking],
            }
            for call in found.calls
        ],
        "outcomes": HostCall.Outcome.choices,
        "to_second": call_list.refusals_to_second(user),
        "states": list(CHECK_STATE_WORDS.values()),
        "figures": [(row, [row.counts[state] for state in CHECK_STATE_WORDS]) for row in call_list.figures(user, at)],
    }
    return TemplateResponse(request, "admin/accounts/host_calls.html", context)


def called(desk: HostAdmin, request: HttpRequest, host_id: int) -> HttpResponse:
    """Note a call; the host leaves today's list."""
    user = coordinator(request)
    host = get_object_or_404(desk.visible(user), pk=host_id)
    outcome, note = request.POST.get("outcome", ""), note_of(request)
    default = reverse("admin:accounts_host_call")
    if outcome not in HostCall.Outcome.values:
        desk.message_user(request, _("Choose what came of the call."), "error")
        return back(request, default)

    def note_call() -> None:
        hosts.check_may_judge(host.pk, user)
        vetting.note_call(host, outcome, by=user, at=timezone.now(), note=note)

    said(request, note_call, _("The call is noted; the host is off today's list."))
    return back(request, default)
