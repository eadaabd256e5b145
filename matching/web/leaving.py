"""Leaving at once: nothing of the visit stays behind on the phone."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

FORGET_ALL = '"cache", "cookies", "storage"'
"""What the browser is asked to forget of us (`Clear-Site-Data`, W3C)."""


def forgetting(response: HttpResponse) -> HttpResponse:
    """Have the browser forget everything it keeps of this site once it has `response`."""
    response["Clear-Site-Data"] = FORGET_ALL
    return response


@csrf_exempt
@require_POST
def leave(request: HttpRequest) -> HttpResponse:
    """End the session, have the browser forget us, and lead to a page about nothing.

    It needs no token, because it must work on a page that was open for a day as well. Another site cannot use it
    against anybody: what comes from there carries none of our cookies (SameSite=Lax), and then nothing is ended.
    The way on is a `Refresh`, which the policy against forms that lead elsewhere (`form-action`) does not stop.
    """
    ours = {settings.SESSION_COOKIE_NAME, settings.CSRF_COOKIE_NAME, settings.LANGUAGE_COOKIE_NAME}
    known = not ours.isdisjoint(request.COOKIES)
    if known:
        logout(request)
    response = render(request, "leave.html")
    response["Refresh"] = f"0; url={settings.EXIT_URL}"
    return forgetting(response) if known else response
