"""What every answer of the service carries, whoever wrote the view."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse


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
