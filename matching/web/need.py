"""An arrival asks for shelter: the questions, the check of all answers, and the secret that is shown once."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts import devices
from accounts.arrivals import grouped, open_case
from accounts.models import Arrival, SignIn, User
from accounts.refusals import Refused
from accounts.signing_in import case_account
from accounts.sources import source_of
from matching import intake, queries
from matching.deadlines import local_date
from matching.web.drafts import (
    KEPT_CASE,
    NEED_DRAFT,
    Draft,
    InSession,
    WithCase,
    case_of,
    draft_of,
    keep_case,
    sent_once,
)
from matching.web.need_forms import NEED_QUESTIONS as QUESTIONS
from matching.web.need_forms import request_details, tonight_answers
from matching.web.pictures import picture_of
from matching.web.questions import Answers
from matching.web.refused import marked
from matching.web.story import is_wanted
from matching.web.visitors import arrival_of, sign_in


@require_http_methods(["GET", "HEAD", "POST"])
def start(request: HttpRequest) -> HttpResponse:
    """Say what will be asked (GET), or begin anew (POST); a household that needs a place tonight gets fewer questions.

    An arrival with an open request is led to that request instead.
    """
    arrival = arrival_of(request)
    if arrival and _has_open_request(arrival):
        messages.info(request, _("You have an open request. Withdraw it first if you want to ask again."))
        return redirect("web:case")
    tonight = request.POST.get("when") == "tonight"
    shown_on = request.POST.get("asked_on") or local_date(timezone.now()).isoformat()
    given = tonight_answers(get_language() or "", shown_on) if tonight else None
    return QUESTIONS.begin(request, draft_of(request, NEED_DRAFT), given)


@require_http_methods(["GET", "HEAD", "POST"])
def question(request: HttpRequest, question: str) -> HttpResponse:
    """Show one question of the flow (GET), or store its answer (POST)."""
    return QUESTIONS.page(request, question, draft_of(request, NEED_DRAFT), local_date(timezone.now()))


# -- continuing later, or on another phone --------------------------------------------------------


@require_http_methods(["GET", "HEAD", "POST"])
def keep(request: HttpRequest) -> HttpResponse:
    """Give the draft a case (POST), so that number and secret find it from any phone; show both until they are noted."""
    draft = draft_of(request, NEED_DRAFT)
    if arrival_of(request) is None and request.method == "POST":
        if "noted" in request.POST:
            draft.facts.pop("secret", None)
            draft.note()
            return QUESTIONS.onward(QUESTIONS.read(draft, local_date(timezone.now())))
        _count(request)
        _give_case(request)
        return redirect("web:need_keep")
    if arrival := case_of(request):
        onward = QUESTIONS.read(draft, local_date(timezone.now())).missing
        context = _number_and_secret(arrival.case_number, draft) | {"onward": onward, "draft_days": settings.DRAFT_DAYS}
        return render(request, "need/kept.html", context)
    return render(request, "need/keep.html")


def _give_case(request: HttpRequest) -> None:
    with sent_once(request, NEED_DRAFT) as draft:
        if case_of(request):  # A second tap: the draft has its case.
            return
        arrival, secret = open_case(language=get_language() or "")
        draft.move_to(WithCase(arrival))
        draft.note(secret=secret)
        keep_case(request, arrival)


# -- sending --------------------------------------------------------------------------------------


@require_http_methods(["GET", "HEAD", "POST"])
def check(request: HttpRequest) -> HttpResponse:
    """Show every answer with its Change link (GET), or send the answers (POST), once for any number of taps."""
    draft = draft_of(request, NEED_DRAFT)
    if request.method != "POST":
        return _check_page(request, draft) if "case" not in draft.facts else redirect("web:need_done")
    try:
        _count(request)
        return _send(request)
    except Refused as refusal:
        return marked(_check_page(request, draft, refusal), refusal)


def _count(request: HttpRequest) -> None:
    intake.count_asking(source_of(request), at=timezone.now())


def _check_page(request: HttpRequest, draft: Draft, refusal: Refused | None = None) -> HttpResponse:
    reading = QUESTIONS.read(draft, local_date(timezone.now()))
    if reading.missing:
        return QUESTIONS.onward(reading)
    context = {"lines": QUESTIONS.lines(reading), "token": draft.token, "refusal": refusal, "flow": NEED_DRAFT}
    return render(request, "need/check.html", context)


def _send(request: HttpRequest) -> HttpResponse:
    with sent_once(request, NEED_DRAFT) as draft:
        reading = QUESTIONS.read(draft, local_date(timezone.now()))
        if "case" in draft.facts:
            return redirect("web:need_done")
        if not draft.answers and arrival_of(request):
            return redirect("web:case")
        if request.POST.get("token") != draft.token or reading.missing:
            return QUESTIONS.onward(reading)
        return _take_in(request, draft, reading.answers)


def _take_in(request: HttpRequest, draft: Draft, answers: Answers) -> HttpResponse:
    arrival, secret = case_of(request), draft.facts.get("secret", "")
    now, reach = timezone.now(), answers["reach"]
    details = request_details(answers, local_date(now))
    name, contacts = reach["name"], [reach["contact"]] if reach["contact"] else []
    if arrival is None:
        case = intake.open_case_and_ask(details, language=get_language() or "", at=now, name=name, contacts=contacts)
        arrival, secret = case.arrival, case.secret
    else:
        intake.ask_for_shelter(arrival, details, by=arrival.user, at=now, name=name, contacts=contacts)
    draft.forget()
    request.session.pop(KEPT_CASE, None)
    if arrival_of(request):
        messages.success(request, _("We have your request."))
        return redirect("web:case")
    Draft(InSession(request.session, NEED_DRAFT)).finish(
        case=arrival.case_number, secret=secret, version=arrival.user.sign_in_version
    )
    return redirect("web:need_done")


# -- number and secret ----------------------------------------------------------------------------


@require_http_methods(["GET", "HEAD", "POST"])
def done(request: HttpRequest) -> HttpResponse:
    """Show case number and secret until the arrival says that they are written down (POST); then sign in.

    Signing in changes the session's key, so it waits for this second step: if the answer to the first step were lost
    on a bad line, the new key would be lost with it, and with the key the only view of the secret.
    """
    draft = Draft(InSession(request.session, NEED_DRAFT))
    if "case" not in draft.facts:
        return redirect("web:case")
    user = User.objects.filter(username=draft.facts["case"], sign_in_version=draft.facts.get("version", 0)).first()
    if user is None:  # The case has got a new secret since: this session has proved an old one.
        draft.forget()
        return redirect("web:case")
    if request.method == "POST":
        draft.forget()
        sign_in(request, user, SignIn.Way.CASE)
        onward = redirect("web:case")
        devices.remember(request, onward, case_account(user.username))
        return onward
    return render(request, "need/done.html", _number_and_secret(draft.facts["case"], draft))


@require_safe
def picture(request: HttpRequest) -> HttpResponse:
    """Return case number and secret as a picture for the phone's gallery, while the page shows them."""
    draft = draft_of(request, NEED_DRAFT)
    arrival = case_of(request)
    number = draft.facts.get("case") or (arrival.case_number if arrival else "")
    if not number or not draft.facts.get("secret"):
        return redirect("web:case")
    response = HttpResponse(picture_of(grouped(number), grouped(draft.facts["secret"])), content_type="image/png")
    response["Content-Disposition"] = 'attachment; filename="numbers.png"'
    return response


def _number_and_secret(case_number: str, draft: Draft) -> dict[str, object]:
    return {"case_number": grouped(case_number), "secret": grouped(draft.facts.get("secret", ""))}


def _has_open_request(arrival: Arrival) -> bool:
    today = local_date(timezone.now())
    live = queries.live_requests(today).filter(arrival=arrival).prefetch_related("matches")
    return any(is_wanted(request, queries.state_of(request, today, to_arrival=True)) for request in live)
