"""Middleware of the whole service: what it adds to every answer, whichever view wrote it."""

from collections.abc import Callable
from pathlib import Path

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.middleware import AuthenticationMiddleware
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.middleware.gzip import GZipMiddleware
from django.utils import timezone
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext as _

from accounts import desk_sessions, sign_ins
from deployment.rules import read_once
from shelter import faults, health


class PrivatePages:
    """Keep every page out of caches unless its view says otherwise.

    A phone that is handed on, or a shared computer at a meeting point, must not show the last person's case.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if not response.has_header("Cache-Control"):
            response["Cache-Control"] = "no-store"
        return response


class BehindProxies:
    """Make REMOTE_ADDR the address that the outermost of our own proxies saw. Tries are counted by this address.

    `settings.TRUSTED_PROXIES` is the number of our own proxies. With 0 the header X-Forwarded-For is ignored, because anybody
    could have written it.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        hops = [hop.strip() for hop in request.headers.get("X-Forwarded-For", "").split(",") if hop.strip()]
        trusted = settings.TRUSTED_PROXIES
        if 0 < trusted <= len(hops):
            request.META["REMOTE_ADDR"] = hops[-trusted]
        return self.get_response(request)


class CompressedPages(GZipMiddleware):
    """Compress pages to half their size or less: a line at a border crossing may carry 50 kbit/s.

    Compression can give away a secret in a page to somebody who sees the lengths of answers and can make the page repeat guesses
    (the BREACH attack). Three things stand against it here. The one lasting secret of a page, the token of its form, is masked
    anew each time. Django adds a random length (Heal-the-BREACH). Other sites cannot make a browser ask with our cookies
    (SameSite=Lax). Answers of the API are not compressed, because their entity tags must stay strong ones.
    """

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        if not response.headers.get("Content-Type", "").startswith("text/html"):
            return response
        return super().process_response(request, response)


class Maintenance:
    """Answer every page with "we are back soon" while the file `settings.MAINTENANCE_FILE` exists.

    It does not ask PostgreSQL, which may be the part under repair. It stands after the middleware that finds the language, and
    before all middleware that reads a session.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        switch = settings.MAINTENANCE_FILE
        if switch and request.path not in health.PATHS and Path(switch).exists():
            return faults.unavailable(request)
        return self.get_response(request)


class RulesReadOnce:
    """Read the deployment's rules at most once for each request, and only where a view asks for them."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        with read_once():
            return self.get_response(request)


class WhoIsSignedIn(AuthenticationMiddleware):
    """Make `request.user` the user of the session, as long as the session counts (`accounts.sign_ins`).

    Django's own middleware would let a session go on until it expires, or until the password changes.
    """

    def process_request(self, request: HttpRequest) -> None:
        def user() -> object:
            return sign_ins.user_of(request.session, at=timezone.now()) or AnonymousUser()

        request.user = SimpleLazyObject(user)  # type: ignore[assignment]


class IdleSignOut:
    """End an idle session of a coordinator before its request does anything.

    Only sessions with a second factor end like this. An arrival on a bad line stays signed in.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if desk_sessions.end_if_idle(request, at=timezone.now()):
            words = _("You were signed out because nobody used this page for a while. Sign in to go on.")
            messages.warning(request, words)
        return self.get_response(request)
