"""The page of a space's answers, as its host gave them, and the page that changes one answer."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.datastructures import MultiValueDict
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.refusals import Refused
from matching import intake, looking, queries
from matching.deadlines import local_date
from matching.models import Space
from matching.refusals import WRONG_INPUT
from matching.waiting import ChangeOutcome
from matching.web.host import host_page
from matching.web.offer_forms import HOUSE, MEANING, SPACE_QUESTIONS
from matching.web.questions import AnswerLine, QuestionForm
from matching.web.refused import refusals_shown_on, refused_form
from matching.web.visitors import for_hosts, host_of

QUESTIONS = {question.name: question.form for question in SPACE_QUESTIONS if question.name != "nights"}
"""The forms by question. The nights have their own page, because a space may have many runs of them."""


@require_safe
@for_hosts
def space_offer(request: HttpRequest, space_id: UUID) -> HttpResponse:
    """Show every answer about the space with its Change link."""
    space = space_of(request, space_id)
    today = local_date(timezone.now())
    lines = [(name, line) for name in QUESTIONS for line in _lines(name, space, today)]
    waits = space.waiting_changes.filter(outcome=ChangeOutcome.WAITING).first()
    return render(request, "host/space.html", {"space": space, "lines": lines, "waits": waits})


@require_POST
@for_hosts
@refusals_shown_on(host_page)
def take_back(request: HttpRequest, space_id: UUID, change_id: int) -> HttpResponse:
    """Take back a change that waits."""
    space = space_of(request, space_id)
    change = get_object_or_404(space.waiting_changes, pk=change_id)
    looking.take_back(change.pk, by=space.host.user, at=timezone.now())
    messages.success(request, _("It is taken back. Your space is offered as it was."))
    return redirect("web:host_space", space_id=space.pk)


@require_http_methods(["GET", "HEAD", "POST"])
@for_hosts
def change(request: HttpRequest, space_id: UUID, question: str) -> HttpResponse:
    """Show one answer (GET), or change it (POST). `change_space` refuses a change that breaks a live match."""
    space = space_of(request, space_id)
    if question not in QUESTIONS:
        raise Http404
    now = timezone.now()
    typed = request.POST if request.method == "POST" else stated(space, question)
    form = QUESTIONS[question](typed, answers={}, today=local_date(now))
    if request.method != "POST":
        # Show the present answer without errors: a space from a spreadsheet may lack an answer that this form requires.
        form.is_valid()
        form.errors.clear()
        return render(request, "host/change.html", {"form": form, "space": space})
    context = {"form": form, "space": space}
    if not form.is_valid():
        return render(request, "host/change.html", context, status=WRONG_INPUT)
    try:
        details = replace(intake.details_of_space(space), **MEANING[question](form.cleaned_data))
        _space, waits = intake.change_space(space.pk, details, by=space.host.user, at=now)
    except Refused as refusal:
        return refused_form(request, "host/change.html", context, refusal)
    if waits is None:
        messages.success(request, _("It is changed."))
    else:
        messages.info(
            request, _("It waits until a coordinator has looked at it. Until then your space is offered as it was.")
        )
    return redirect("web:host_space", space_id=space.pk)


def space_of(request: HttpRequest, space_id: UUID) -> Space:
    """Return a space of the signed-in host. Raises Http404 for another host's space."""
    host = host_of(request)
    assert host is not None
    mine = queries.spaces_visible_to(host.user).filter(host=host).prefetch_related("windows")
    return get_object_or_404(mine.select_related("place", "host__user"), pk=space_id)


def stated(space: Space, question: str) -> MultiValueDict[str, str]:
    """Return the answer to `question` as it would have been typed."""
    typed: dict[str, list[str]] = {
        "where": {"place": [""], "place_id": [str(space.place_id or "")]},
        "address": {"address": [space.address], "directions": [space.directions]},
        "beds": {"beds": [str(space.beds)], "others": ["" if space.others is None else str(space.others)]},
        "shared": {"shared": ["yes" if space.shared else "no"]},
        "longest": {"max_nights": [str(space.max_nights or "")]},
        "who": {"who": [space.who]},
        "house": {"house": [rule for rule, _words in HOUSE if getattr(space, rule)]},
        "languages": {"languages": list(space.languages)},
    }[question]
    return MultiValueDict(typed)


def _lines(question: str, space: Space, today: date) -> list[AnswerLine]:
    form: QuestionForm = QUESTIONS[question](stated(space, question), answers={}, today=today)
    return form.lines() if form.is_valid() else [(form.title, "–")]
