"""The page on which an arrival changes the nights of a request (`matching.redating`)."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from accounts.refusals import Refused
from matching import queries, redating
from matching.deadlines import local_date
from matching.limits import LONGEST_STAY
from matching.models import ShelterRequest
from matching.refusals import WRONG_INPUT
from matching.states import Status
from matching.web.need_forms import WhenForm
from matching.web.plain_forms import whole_number
from matching.web.questions import QuestionForm
from matching.web.refused import refused_form
from matching.web.visitors import arrival_of, for_arrivals

MAY_MOVE = gettext_lazy("If one place is not free for all of it, we can move to another one")


class DatesForm(WhenForm):
    title = gettext_lazy("Change the nights")
    why = gettext_lazy("A place that fits the new nights stays yours. For the other nights we start looking at once.")
    may_move = forms.BooleanField(label=MAY_MOVE, required=False)


class LongerForm(QuestionForm):
    """The form for a household that is already staying at a place: the first night cannot change."""

    title = gettext_lazy("Change how long you need it")
    why = gettext_lazy("You keep the place where you are. We ask there first for the nights after it.")
    nights = whole_number(gettext_lazy("How many nights in all, from the first one on"), 1, LONGEST_STAY)
    may_move = forms.BooleanField(label=MAY_MOVE, required=False)


@require_http_methods(["GET", "HEAD", "POST"])
@for_arrivals
def dates(request: HttpRequest, request_id: UUID) -> HttpResponse:
    """Ask for the new nights (GET), or change them (POST)."""
    arrival = arrival_of(request)
    assert arrival is not None
    mine = queries.requests_visible_to(arrival.user).filter(arrival=arrival, withdrawn_at=None)
    asked = get_object_or_404(mine.prefetch_related("matches"), pk=request_id)
    now = timezone.now()
    form = _form(asked, request.POST if request.method == "POST" else None)
    context = {"form": form, "asked": asked}
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        try:
            redating.change_dates(
                asked.pk,
                first_night=said.get("first_night", asked.first_night),
                nights=said["nights"],
                may_move=said["may_move"],
                by=arrival.user,
                at=now,
            )
        except Refused as refusal:
            return refused_form(request, "case/dates.html", context, refusal)
        messages.success(request, _("The nights are changed."))
        return redirect("web:case")
    return render(request, "case/dates.html", context, status=WRONG_INPUT if request.method == "POST" else 200)


def _form(asked: ShelterRequest, typed: Any) -> QuestionForm:
    today = local_date(timezone.now())
    staying = any(match.status == Status.CHECKED_IN for match in asked.matches.all())
    form = (LongerForm if staying else DatesForm)(typed, answers={}, today=today)
    later = asked.first_night > today
    form.initial = {
        "start": "date" if later else "tonight",
        "date": asked.first_night if later else None,
        "nights": asked.nights if later or staying else max(1, (asked.last_day - today).days),
        "may_move": asked.may_move,
    }
    return form
