"""One-tap links from messages. Each link shows its question first, and takes one answer.

A link signs nobody in, and opening it changes nothing: a mail program or a messenger that fetches the address for a
preview gets the page with the question.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django import forms
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone, translation
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from accounts.models import User
from accounts.refusals import Refused
from matching import hindrances, intake, queries
from matching.models import Match, Space
from matching.refusals import WRONG_INPUT, one_act
from matching.states import NEEDS_REASON, Act, Role, Status
from matching.web import acts
from matching.web.case import match_cards
from matching.web.refused import marked
from matching.web.visitors import user_of
from notifications import taps
from notifications.models import Notification

ROLES = {"host_asked": Role.HOST, "arrival_asked": Role.ARRIVAL}
MATCH_ACTS = (Act.ACCEPT, Act.DECLINE)
ACTS_BY_TAP = {"still_available": intake.confirm_still_available, "pause": intake.pause_space}


@dataclass(frozen=True, slots=True)
class AskedAbout:
    """The object of a link's question: a match (with the side that is asked) or a space."""

    notification: Notification
    match: Match | None = None
    role: Role = Role.HOST
    space: Space | None = None

    @property
    def user(self) -> User:
        recipient = self.notification.recipient
        assert isinstance(recipient, User)
        return recipient

    @property
    def is_open(self) -> bool:
        """Return whether the question can still be answered."""
        if self.notification.tapped_at or taps.is_over(self.notification, at=timezone.now()):
            return False
        if self.match is None:
            return True
        accepted = self.match.host_accepted_at if self.role is Role.HOST else self.match.arrival_accepted_at
        return (
            self.match.status == Status.APPROVED
            and accepted is None
            and not hindrances.known_hindrance(self.match, self.role)
        )

    @property
    def names(self) -> tuple[str, ...]:
        return MATCH_ACTS if self.match else tuple(ACTS_BY_TAP)


@require_safe
def tap(request: HttpRequest, token: str) -> HttpResponse:
    """Show the question with a button for each answer, or say that it is answered, or that its time is over."""
    asked = _asked(request, token)
    if not asked.is_open:
        return _closed(request, asked)
    return _shown(request, token, asked)


@csrf_exempt  # The signed address replaces a CSRF token, since a mail program's browser may keep no cookie.
@require_http_methods(["GET", "HEAD", "POST"])
def act(request: HttpRequest, token: str, act: str) -> HttpResponse:
    """Ask for the reason of an answer (GET), or take the answer once (POST)."""
    asked = _asked(request, token)
    if act not in asked.names:
        raise Http404
    if not asked.is_open:
        return _closed(request, asked) if request.method != "POST" else redirect("web:tap", token=token)
    typed = request.POST if request.method == "POST" else None
    form: forms.Form | None = acts.ReasonForm(typed, role=asked.role) if act in NEEDS_REASON else None
    if request.method != "POST" or (form is not None and not form.is_valid()):
        context = {"token": token, "act": act, "form": form, "label": acts.LABELS[asked.role].get(act, "")}
        if form is None:
            return redirect("web:tap", token=token)
        return render(request, "t/reason.html", context, status=WRONG_INPUT if typed is not None else 200)
    try:
        _answer(asked, act, form.cleaned_data if form else {})
    except Refused as refusal:
        return marked(_shown(request, token, asked, refusal), refusal)
    return redirect("web:tap", token=token)


def _answer(asked: AskedAbout, name: str, said: Mapping[str, str]) -> None:
    """Use the link and do its act in one transaction, so that a refused act leaves the link unused."""
    now = timezone.now()
    with one_act():
        if not taps.use(asked.notification, at=now):
            return  # A second tap: the next page says when the first one was noted.
        if asked.match is not None:
            acts.do_once(asked.match.pk, name, by=asked.user, said=said)
        elif asked.space is not None:
            ACTS_BY_TAP[name](asked.space.pk, by=asked.user, at=now)


def _asked(request: HttpRequest, token: str) -> AskedAbout:
    """Return the question of a token. Raises Http404 if the token is not ours or its person may not answer any more."""
    notification = taps.find(token)
    if notification is None or not notification.recipient.is_active:
        raise Http404
    if user_of(request) is None and settings.LANGUAGE_COOKIE_NAME not in request.COOKIES:
        # Use the language of the message, since no other language was chosen on this device.
        translation.activate(notification.language)
    asked = AskedAbout(notification)
    if (role := ROLES.get(notification.event)) is not None:
        match = acts.match_of(asked.user, UUID(notification.context["match"]), role)
        return AskedAbout(notification, match=match, role=role)
    mine = queries.spaces_visible_to(asked.user).filter(host__user=asked.user).select_related("place")
    return AskedAbout(notification, space=get_object_or_404(mine, pk=notification.context["space"]))


def _shown(request: HttpRequest, token: str, asked: AskedAbout, refusal: Refused | None = None) -> HttpResponse:
    context: dict[str, Any] = {"token": token, "refusal": refusal, "by": asked.notification.expires_at}
    if asked.match is None:
        return render(request, "t/space.html", context | {"space": asked.space})
    card = match_cards([asked.match], asked.role)[0]
    context |= {"card": card, "is_host_asked": asked.role is Role.HOST, "labels": acts.LABELS[asked.role]}
    return render(request, "t/match.html", context)


def _closed(request: HttpRequest, asked: AskedAbout) -> HttpResponse:
    """Say that the question is answered (200, so that a second tap after a lost reply is no error) or over (410)."""
    answered = asked.notification.tapped_at
    home = "web:case" if asked.role is Role.ARRIVAL and asked.match else "web:host"
    return render(request, "t/closed.html", {"answered_at": answered, "home": home}, status=200 if answered else 410)
