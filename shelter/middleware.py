"""What every answer of the service carries, whoever wrote the view."""

from collections.abc import Callable
from pathlib import Path

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.middleware.gzip import GZipMiddleware
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import desk_sessions
from deployment.rules import read_once
from shelter import faults, health


class PrivatePages:
    """Keep every page made for one person out of caches.

    Only static files and the health pages may be kept: a phone that is handed on, or a shared
    computer at a meeting point, must not show the last person's case.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if not response.has_header("Cache-Control"):
            response["Cache-Control"] = "no-store"
        return response


class BehindProxies:
    """Make REMOTE_ADDR the address that the outermost of our own proxies saw.

    `settings.TRUSTED_PROXIES` says how many proxies of ours stand in front (0: none, and the header is
    ignored, since anybody could write it). Tries are counted by this address.
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
    """Send pages compressed, since a line at a border crossing may carry 50 kbit/s; a page shrinks to half or less.

    Compressing what holds a secret can tell it to whoever sees the lengths and makes the page repeat guesses (BREACH).
    Hence only pages, whose one lasting secret, the token of a form, is masked anew for each page; Django adds
    a random length besides (Heal-the-BREACH); and other sites cannot make a browser ask with our cookies
    (SameSite=Lax). The API is left alone: its entity tags must stay strong ones.
    """

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        if not response.headers.get("Content-Type", "").startswith("text/html"):
            return response
        return super().process_response(request, response)


class Maintenance:
    """Say on every page that we are back soon while the file `settings.MAINTENANCE_FILE` exists.

    Nothing of it asks PostgreSQL, which may be what is being looked after. It stands behind the middleware that
    knows the language and before everything that reads a session.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        switch = settings.MAINTENANCE_FILE
        if switch and request.path not in health.PATHS and Path(switch).exists():
            return faults.unavailable(request)
        return self.get_response(request)


class RulesReadOnce:
    """Read the deployment's rules at most once for a request, and only if somebody asks for them."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        with read_once():
            return self.get_response(request)


class IdleSignOut:
    """End a coordinator's session that nobody used for a while, before anything of it is done.

    Only sessions with a second factor end so; an arrival on a bad line stays signed in.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if desk_sessions.end_if_idle(request, at=timezone.now()):
            words = _("You were signed out because nobody used this page for a while. Sign in to go on.")
            messages.warning(request, words)
        return self.get_response(request)
