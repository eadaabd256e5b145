"""What is held about the visitor: they download it, or have it erased."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import User
from accounts.refusals import Refused
from matching import erasing
from matching.own_file import file_of
from matching.refusal_words import words_of
from matching.refusals import WRONG_INPUT
from matching.web.leaving import forgetting
from matching.web.plain_forms import PlainForm
from matching.web.visitors import arrival_of, for_anybody_signed_in, host_of, user_of


class SureForm(PlainForm):
    """One box to tick, because an erasure cannot be taken back."""

    sure = forms.BooleanField(
        label=gettext_lazy("I want everything about me erased. I know that it cannot be taken back."),
        error_messages={"required": gettext_lazy("Tick the box if you are sure. Nothing is erased yet.")},
    )


@require_safe
@for_anybody_signed_in
def my_data(request: HttpRequest) -> HttpResponse:
    """Say what is held about the visitor, with the file and the way to erase it."""
    return render(request, "own_data/page.html", _context(request))


@require_POST
@for_anybody_signed_in
def my_file(request: HttpRequest) -> HttpResponse:
    """Answer with the file of everything that is held about the visitor."""
    return file_of(_user(request), at=timezone.now())


@require_http_methods(["GET", "HEAD", "POST"])
@for_anybody_signed_in
def erase(request: HttpRequest) -> HttpResponse:
    """Say what an erasure does and what stays (GET); erase the visitor and end the visit (POST)."""
    user = _user(request)
    form = SureForm(request.POST if request.method == "POST" else None)
    refusal: Refused | None = erasing.hindrance(user.pk, user)
    if request.method == "POST" and form.is_valid() and refusal is None:
        try:
            erasing.erase_person(user.pk, by=user, at=timezone.now(), how=erasing.HowAsked.OWN_PAGE)
        except Refused as now:
            refusal = now
        else:
            logout(request)
            return forgetting(render(request, "own_data/erased.html"))
    status = WRONG_INPUT if request.method == "POST" else 200
    context = _context(request) | {"form": form, "hindered": words_of(refusal) if refusal else ""}
    return render(request, "own_data/erase.html", context, status=status)


def _context(request: HttpRequest) -> dict[str, Any]:
    is_arrival = arrival_of(request) is not None
    return {
        "home": "web:case" if is_arrival else "web:host",
        "is_arrival": is_arrival,
        "is_host": host_of(request) is not None,
    }


def _user(request: HttpRequest) -> User:
    user = user_of(request)
    assert user is not None
    return user
