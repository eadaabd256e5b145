"""Leaving at once, so that no trace of the visit stays on the phone."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from accounts.devices import DEVICE_COOKIE

FORGET_ALL = '"cache", "cookies", "storage"'
"""The data of this site that the browser is asked to delete (`Clear-Site-Data`, W3C)."""


def forgetting(response: HttpResponse) -> HttpResponse:
    """Return `response` with a header that makes the browser delete everything that it stores of this site."""
    response["Clear-Site-Data"] = FORGET_ALL
    return response


@csrf_exempt
@require_POST
def leave(request: HttpRequest) -> HttpResponse:
    """End the session, make the browser delete our data, and lead to a harmless page (EXIT_URL).

    The form needs no CSRF token, because it must work even on a page that was open for a day. Another site cannot
    misuse it: a POST from there carries none of our cookies (SameSite=Lax), and without them no session is ended. The
    answer leads on by a `Refresh` header, since the content security policy (`form-action`) would stop a redirect.
    """
    ours = {settings.SESSION_COOKIE_NAME, settings.CSRF_COOKIE_NAME, settings.LANGUAGE_COOKIE_NAME, DEVICE_COOKIE}
    known = not ours.isdisjoint(request.COOKIES)
    if known:
        logout(request)
    response = render(request, "leave.html")
    response["Refresh"] = f"0; url={settings.EXIT_URL}"
    return forgetting(response) if known else response
