"""A host offers a space: the questions, the check of all answers, and the code that proves the contact."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts import devices, throttles
from accounts.hosts import register_host
from accounts.models import Host, SignIn
from accounts.refusals import Refused
from accounts.signing_in import host_account, send_code, sign_in_by_code
from accounts.sources import source_of
from matching import intake
from matching.deadlines import local_date
from matching.refusals import WRONG_INPUT
from matching.web.drafts import Draft, draft_of, sent_once
from matching.web.host import enter_by_code
from matching.web.offer_forms import ANOTHER, OFFER_QUESTIONS, space_details
from matching.web.questions import Answers, Flow
from matching.web.refused import marked, refused_form
from matching.web.sign_in_forms import CodeForm
from matching.web.visitors import browser_of, host_of, sign_in

OFFERS_AN_HOUR = 20
"""The limit for one network address: an offer may write to any contact, known to us or not."""

ANOTHER_CODE_AFTER = timedelta(seconds=30)
"""Time in which a second tap sends no second code."""


def _flow(request: HttpRequest) -> Flow:
    return ANOTHER if host_of(request) else OFFER_QUESTIONS


@require_http_methods(["GET", "HEAD", "POST"])
def start(request: HttpRequest) -> HttpResponse:
    """Say what will be asked (GET), or forget an earlier draft and begin (POST)."""
    return _flow(request).begin(request, draft_of(request, "offer"))


@require_http_methods(["GET", "HEAD", "POST"])
def question(request: HttpRequest, question: str) -> HttpResponse:
    """Show one question of the flow (GET), or store its answer (POST)."""
    return _flow(request).page(request, question, draft_of(request, "offer"), local_date(timezone.now()))


@require_http_methods(["GET", "HEAD", "POST"])
def check(request: HttpRequest) -> HttpResponse:
    """Show every answer with its Change link (GET); on POST offer the space, or send a code to a host not signed in."""
    draft = draft_of(request, "offer")
    if request.method != "POST":
        return _check_page(request, draft)
    try:
        return _send(request)
    except Refused as refusal:
        return marked(_check_page(request, draft, refusal), refusal)


def _check_page(request: HttpRequest, draft: Draft, refusal: Refused | None = None) -> HttpResponse:
    flow = _flow(request)
    reading = flow.read(draft, local_date(timezone.now()))
    if reading.missing:
        return flow.onward(reading)
    context = {
        "lines": flow.lines(reading),
        "token": draft.token,
        "refusal": refusal,
        "flow": "offer",
        "signed_in": host_of(request) is not None,
    }
    return render(request, "offer/check.html", context)


def _send(request: HttpRequest) -> HttpResponse:
    now = timezone.now()
    with sent_once(request, "offer") as draft:
        reading = _flow(request).read(draft, local_date(now))
        host = host_of(request)
        if host and not draft.answers:
            return redirect("web:host")
        if request.POST.get("token") != draft.token or reading.missing:
            return _flow(request).onward(reading)
        if host:
            _offer(host, reading.answers, at=now)
            draft.forget()
            messages.success(request, _("Thank you. Your space is registered."))
            return redirect("web:host")
        intake.complete_space(space_details(reading.answers), local_date(now))
        _send_code(request, draft, reading.answers, at=now)
        return redirect("web:offer_code")


def _send_code(request: HttpRequest, draft: Draft, answers: Answers, *, at: datetime) -> None:
    """Register the host of the contact, unvetted, and send a code there. A quick second tap sends no second code."""
    you = answers["you"]
    channel, address = you["contact"]
    sent = draft.facts.get("code_sent", {})
    if sent.get("to") == address and at - datetime.fromisoformat(sent["at"]) < ANOTHER_CODE_AFTER:
        return
    throttles.count("offer-from", source_of(request), limit=OFFERS_AN_HOUR, seconds=3600, at=at)
    with transaction.atomic():
        register_host(name=you["name"], contacts=[(channel, address)], language=get_language() or "")
        send_code(address, source=source_of(request), at=at, device=devices.device_of(request))
    draft.note(code_sent={"to": address, "at": at.isoformat()})


@require_http_methods(["GET", "HEAD", "POST"])
def code(request: HttpRequest) -> HttpResponse:
    """Ask for the code (GET). On POST, if the code is right, offer the space once and sign the host in."""
    draft = draft_of(request, "offer")
    typed = request.POST if request.method == "POST" else None
    contact = draft.facts.get("code_sent", {}).get("to", "")
    form = CodeForm(typed, contact=contact)
    if typed is not None and form.is_valid():
        return _register(request, form)
    if not contact:
        # Without answers, the draft was sent and the answer to that was lost: lead the host to their page.
        return redirect("web:offer_check" if draft.answers else "web:host")
    context = {"form": form, "contact": contact, "again": "web:offer_code_again"}
    return render(request, "offer/code.html", context, status=WRONG_INPUT if typed is not None else 200)


def _register(request: HttpRequest, form: CodeForm) -> HttpResponse:
    now = timezone.now()
    with sent_once(request, "offer") as draft:
        reading = OFFER_QUESTIONS.read(draft, local_date(now))
        if "code_sent" not in draft.facts:
            return _enter_again(request, form)
        if reading.missing:
            return OFFER_QUESTIONS.onward(reading)
        contact = draft.facts["code_sent"]["to"]
        try:
            # Catch the refusal inside the transaction, so that the count of a wrong try is committed.
            user = sign_in_by_code(
                contact,
                form.cleaned_data["code"],
                source=source_of(request),
                at=now,
                browser=browser_of(request),
                device=devices.device_of(request),
            )
            host = Host.objects.get(user=user)
            host.user = user
            _offer(host, reading.answers, at=now)
        except Refused as refusal:
            context = {"form": form, "contact": contact, "again": "web:offer_code_again"}
            return refused_form(request, "offer/code.html", context, refusal, "code")
        draft.forget()
        sign_in(request, user, SignIn.Way.CODE)
    messages.success(request, _("Thank you. Your space is registered."))
    onward = redirect("web:host")
    devices.remember(request, onward, host_account(contact))
    return onward


def _enter_again(request: HttpRequest, form: CodeForm) -> HttpResponse:
    """If the space is registered already, sign the host in by the same code.

    That happens when the first answer was lost, or when a second tap overtook it.
    """
    if not (contact := form.cleaned_data["to"]):
        return redirect("web:host" if host_of(request) else "web:offer_check")
    draft_of(request, "offer").forget()  # This tap read the draft before the other tap sent it.
    return enter_by_code(request, {"form": form, "contact": contact, "again": "web:host_sign_in"})


def _offer(host: Host, answers: Answers, *, at: datetime) -> None:
    intake.offer_space(host, space_details(answers), by=host.user, at=at)


@require_http_methods(["GET", "HEAD", "POST"])
def code_again(request: HttpRequest) -> HttpResponse:
    """Send another code to the same contact (POST). A GET leads back to the page for the code."""
    draft = draft_of(request, "offer")
    if request.method != "POST" or "code_sent" not in draft.facts:
        return redirect("web:offer_code")
    contact = draft.facts["code_sent"]["to"]
    try:
        send_code(contact, source=source_of(request), at=timezone.now(), device=devices.device_of(request))
    except Refused as refusal:
        form = CodeForm({"code": ""}, contact=contact)
        form.errors.clear()
        context = {"form": form, "contact": contact, "again": "web:offer_code_again"}
        return refused_form(request, "offer/code.html", context, refusal)
    messages.info(request, _("We have sent another code."))
    return redirect("web:offer_code")
