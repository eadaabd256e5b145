"""The page on which a host changes the nights of a space."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.refusals import Refused
from matching import intake
from matching.deadlines import local_date
from matching.models import Space
from matching.refusals import WRONG_INPUT
from matching.sheets.fields import Window
from matching.web.offer_forms import NightsForm
from matching.web.refused import refused_form
from matching.web.space_offer import space_of
from matching.web.visitors import for_hosts


@require_http_methods(["GET", "HEAD", "POST"])
@for_hosts
def space_nights(request: HttpRequest, space_id: UUID) -> HttpResponse:
    """Show the runs of nights to come (GET), or change them (POST). `change_space` refuses to drop nights of a match."""
    space = space_of(request, space_id)
    now = timezone.now()
    past, to_come = _windows(space, local_date(now))
    form = NightsForm(
        request.POST if request.method == "POST" else None,
        answers={},
        today=local_date(now),
        runs=max(3, len(to_come) + 1),
    )
    form.initial = _as_typed(to_come)
    context = {"form": form, "space": space}
    if request.method == "POST" and form.is_valid():
        details = replace(intake.details_of_space(space), windows=(*past, *form.cleaned_data["windows"]))
        try:
            intake.change_space(space.pk, details, by=space.host.user, at=now)
        except Refused as refusal:
            return refused_form(request, "host/nights.html", context, refusal)
        messages.success(request, _("The nights are changed."))
        return redirect("web:host")
    status = WRONG_INPUT if request.method == "POST" else 200
    return render(request, "host/nights.html", context, status=status)


def _windows(space: Space, today: date) -> tuple[list[Window], list[Window]]:
    """Return two lists of windows: those that are over, and those that are not."""
    windows = [(window.first_night, window.last_day) for window in space.windows.all()]
    return [each for each in windows if each[1] <= today], [each for each in windows if each[1] > today]


def _as_typed(windows: list[Window]) -> dict[str, date]:
    typed: dict[str, date] = {}
    for run, (first, last) in enumerate(windows, start=1):
        typed |= {f"first_{run}": first, f"last_{run}": last}
    return typed
