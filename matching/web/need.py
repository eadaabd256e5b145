"""An arrival asks for shelter: the questions, the check of all answers, and the secret that is shown once."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts import throttles
from accounts.arrivals import grouped, open_case
from accounts.contacts import add_contact_point
from accounts.models import Arrival, User
from accounts.refusals import Refused
from matching import intake, queries
from matching.deadlines import local_date
from matching.web.drafts import Draft, sent_once
from matching.web.need_forms import NEED, request_details
from matching.web.questions import Answers, Reading
from matching.web.refused import marked
from matching.web.story import is_wanted
from matching.web.visitors import arrival_of, sign_in, source_of

REQUESTS_AN_HOUR = 300
"""From one source: a whole meeting point may share one line, a flood may not."""


@require_http_methods(["GET", "HEAD", "POST"])
def start(request: HttpRequest) -> HttpResponse:
    """Say what will be asked (on POST, after forgetting a draft); who has an open request goes to it instead."""
    arrival = arrival_of(request)
    if arrival and _has_open_request(arrival):
        messages.info(request, _("You have an open request. Withdraw it first if you want to ask anew."))
        return redirect("web:case")
    return NEED.begin(request, Draft(request.session, "need"))


@require_http_methods(["GET", "HEAD", "POST"])
def question(request: HttpRequest, question: str) -> HttpResponse:
    """One question of the flow."""
    return NEED.page(request, question, Draft(request.session, "need"), local_date(timezone.now()))


@require_http_methods(["GET", "HEAD", "POST"])
def check(request: HttpRequest) -> HttpResponse:
    """Show every answer with its Change link; on POST send them, once however often it is tapped."""
    draft = Draft(request.session, "need")
    if request.method != "POST":
        return _check_page(request, draft) if "case" not in draft.facts else redirect("web:need_done")
    try:
        throttles.count("need", source_of(request), limit=REQUESTS_AN_HOUR, seconds=3600, at=timezone.now())
        return _send(request)
    except Refused as refusal:
        return marked(_check_page(request, draft, refusal), refusal)


def _check_page(request: HttpRequest, draft: Draft, refusal: Refused | None = None) -> HttpResponse:
    reading = NEED.read(draft, local_date(timezone.now()))
    if reading.missing:
        return NEED.onward(reading)
    context = {"lines": NEED.lines(reading), "token": draft.token, "refusal": refusal, "flow": "need"}
    return render(request, "need/check.html", context)


def _send(request: HttpRequest) -> HttpResponse:
    with sent_once(request, "need") as draft:
        reading = NEED.read(draft, local_date(timezone.now()))
        if "case" in draft.facts:
            return redirect("web:need_done")
        if not draft.answers and arrival_of(request):
            return redirect("web:case")
        if request.POST.get("token") != draft.token or reading.missing:
            return NEED.onward(reading)
        return _take_in(request, draft, reading)


def _take_in(request: HttpRequest, draft: Draft, reading: Reading) -> HttpResponse:
    if arrival := arrival_of(request):
        _ask(arrival, reading.answers, by=arrival.user)
        draft.forget()
        messages.success(request, _("We have your request."))
        return redirect("web:case")
    arrival, secret = _open_case(reading.answers)
    draft.finish(case=arrival.case_number, secret=secret)
    return redirect("web:need_done")


def _open_case(answers: Answers) -> tuple[Arrival, str]:
    """Open a case and ask for shelter in it: both, or neither when the request is refused."""
    reach = answers["reach"]
    with transaction.atomic():
        arrival, secret = open_case(language=get_language() or "", name=reach["name"])
        if reach["contact"]:
            add_contact_point(arrival.user, *reach["contact"], preferred=True)
        _ask(arrival, answers, by=arrival.user)
    return arrival, secret


def _ask(arrival: Arrival, answers: Answers, *, by: User) -> None:
    now = timezone.now()
    intake.ask_for_shelter(arrival, request_details(answers, local_date(now)), by=by, at=now)


@require_http_methods(["GET", "HEAD", "POST"])
def done(request: HttpRequest) -> HttpResponse:
    """Show case number and secret until the arrival says they are written down; then never again, and sign in.

    Signing in changes the session's key. It waits for this second step because the answer to the
    first may be lost on a bad line, and with it the key and the only sight of the secret.
    """
    draft = Draft(request.session, "need")
    facts: dict[str, Any] = draft.facts
    if "case" not in facts:
        return redirect("web:case")
    if request.method == "POST":
        user = User.objects.get(username=facts["case"])
        draft.forget()
        sign_in(request, user)
        return redirect("web:case")
    context = {"case_number": grouped(facts["case"]), "secret": grouped(facts["secret"])}
    return render(request, "need/done.html", context)


def _has_open_request(arrival: Arrival) -> bool:
    today = local_date(timezone.now())
    live = queries.live_requests(today).filter(arrival=arrival).prefetch_related("matches")
    return any(is_wanted(request, queries.state_of(request, today)) for request in live)
