"""The answers of a service that cannot serve: a fault of ours, or work on the machine. None of them asks PostgreSQL."""

from __future__ import annotations

import sys

from django.conf import settings
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string
from django.utils.translation import gettext as _

from matching.web.every_page import help_contact

RETRY_AFTER_SECONDS = 60


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer after an error that no code expected (Django's `handler500`): 503 while PostgreSQL is away, else 500."""
    if isinstance(sys.exc_info()[1], (OperationalError, InterfaceError)):
        return unavailable(request)
    return _answer(request, 500, "500.html", "server_error", _("Something went wrong on our side"))


def unavailable(request: HttpRequest) -> HttpResponse:
    """Say that we are back soon, with the seconds after which to try again."""
    response = _answer(request, 503, "maintenance.html", "unavailable", _("We are back soon"))
    response["Retry-After"] = str(RETRY_AFTER_SECONDS)
    response["Cache-Control"] = "no-store"
    return response


def _answer(request: HttpRequest, status: int, template: str, code: str, title: str) -> HttpResponse:
    """Return the page, or the same as problem+json (RFC 9457) for the API."""
    if request.path.startswith("/api/"):
        detail = _("Nothing was taken in, or all of it. Send it again with the same Idempotency-Key.")
        problem = {"type": "about:blank", "title": title, "status": status, "detail": detail, "code": code}
        return JsonResponse(problem, status=status, content_type="application/problem+json")
    # Without the request no session is read and no form has a token, so nothing can fail a second time.
    frame = {"exit_url": settings.EXIT_URL, "help_contact": help_contact(), "source_url": settings.SOURCE_URL}
    return HttpResponse(render_to_string(template, frame), status=status)
