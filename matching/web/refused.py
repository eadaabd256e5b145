"""Refusals on the web: every page turns a `Refused` into an HTTP status and words in the same way."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from accounts.contacts import UnreadableContact
from accounts.refusals import Refused, TooManyTries, WrongCode
from accounts.signing_in import WrongSecret
from matching.apart import CannotName
from matching.refusal_words import words_of
from matching.refusals import WRONG_INPUT, Incomplete, NotYours, ReasonNeeded
from matching.web.visitors import View

Page = Callable[[HttpRequest, Refused], HttpResponse]


def status_of(refusal: Refused) -> int:
    """Return the HTTP status of a refusal (RFC 9110, RFC 6585); 409 if the state of the row does not allow the act."""
    match refusal:
        case TooManyTries():
            return 429
        case NotYours():
            return 403
        case CannotName() | Incomplete() | ReasonNeeded() | UnreadableContact() | WrongCode() | WrongSecret():
            return WRONG_INPUT
        case _:
            return 409


def marked(response: HttpResponse, refusal: Refused) -> HttpResponse:
    """Give `response` the refusal's status, and a Retry-After header if the refusal says when to try again."""
    response.status_code = status_of(refusal)
    if isinstance(refusal, TooManyTries):
        response["Retry-After"] = str(refusal.retry_after)
    return response


def refused_form(
    request: HttpRequest, template: str, context: dict[str, Any], refusal: Refused, field: str | None = None
) -> HttpResponse:
    """Show `context["form"]` again as it was filled in, with the refusal at `field` (None: at the whole form)."""
    form: forms.Form = context["form"]
    form.add_error(field, words_of(refusal))
    return marked(render(request, template, context), refusal)


def refused_page(request: HttpRequest, refusal: Refused) -> HttpResponse:
    """Return a separate page that shows the refusal."""
    if isinstance(refusal, TooManyTries):
        minutes = math.ceil(refusal.retry_after / 60)
        return marked(render(request, "429.html", {"refusal": words_of(refusal), "minutes": minutes}), refusal)
    return marked(render(request, "refused.html", {"refusal": words_of(refusal)}), refusal)


class RefusedPages:
    """Answer a refusal that a view did not catch with `refused_page` (a middleware)."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        return refused_page(request, exception) if isinstance(exception, Refused) else None


def refusals_shown_on(page: Page) -> Callable[[View], View]:
    """Decorate a view so that a `Refused` that it raises is shown on `page`, with the refusal's status."""

    def decorate(view: View) -> View:
        @functools.wraps(view)
        def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            try:
                return view(request, *args, **kwargs)
            except Refused as refusal:
                return marked(page(request, refusal), refusal)

        return answer

    return decorate
