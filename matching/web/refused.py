"""How a refusal becomes an answer on the web, for every page the same: an HTTP status and words."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from accounts.contacts import UnreadableContact
from accounts.refusals import Refused, TooManyTries, WrongCode
from accounts.signing_in import WrongSecret
from matching.refusals import Incomplete, NotYours, ReasonNeeded

WRONG_INPUT = 422
View = Callable[..., HttpResponse]
Page = Callable[[HttpRequest, Refused], HttpResponse]


def status_of(refusal: Refused) -> int:
    """Return the HTTP status that says what kind of refusal this is; 409 when the thing has moved on."""
    match refusal:
        case TooManyTries():
            return 429
        case NotYours():
            return 403
        case Incomplete() | ReasonNeeded() | UnreadableContact() | WrongCode() | WrongSecret():
            return WRONG_INPUT
        case _:
            return 409


def marked(response: HttpResponse, refusal: Refused) -> HttpResponse:
    """Give `response` the refusal's status, and say when to try again where that is known."""
    response.status_code = status_of(refusal)
    if isinstance(refusal, TooManyTries):
        response["Retry-After"] = str(refusal.retry_after)
    return response


def refused_form(
    request: HttpRequest, template: str, context: dict[str, Any], refusal: Refused, field: str | None = None
) -> HttpResponse:
    """Show `context["form"]` again, as it was filled in, with the refusal at `field` (None: at the whole form)."""
    form: forms.Form = context["form"]
    form.add_error(field, str(refusal))
    return marked(render(request, template, context), refusal)


def refused_page(request: HttpRequest, refusal: Refused) -> HttpResponse:
    """Return a page of its own that says what was refused."""
    template = "429.html" if isinstance(refusal, TooManyTries) else "refused.html"
    return marked(render(request, template, {"refusal": refusal}), refusal)


class RefusedPages:
    """Answer whatever refusal a page let through with a page of its own (a middleware)."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        return refused_page(request, exception) if isinstance(exception, Refused) else None


def refusals_shown_on(page: Page) -> Callable[[View], View]:
    """Decorate a view so that what it lets through as `Refused` is said on `page`, with the refusal's status."""

    def decorate(view: View) -> View:
        @functools.wraps(view)
        def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            try:
                return view(request, *args, **kwargs)
            except Refused as refusal:
                return marked(page(request, refusal), refusal)

        return answer

    return decorate
