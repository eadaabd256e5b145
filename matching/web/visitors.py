"""The visitor of a page: the signed-in arrival or host, their network address and their browser."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone

from accounts import sign_ins
from accounts.models import Arrival, Host, User

View = Callable[..., HttpResponse]


def user_of(request: HttpRequest) -> User | None:
    """Return the signed-in user, or None."""
    return request.user if isinstance(request.user, User) else None


def arrival_of(request: HttpRequest) -> Arrival | None:
    """Return the Arrival of the signed-in user, or None."""
    return getattr(user_of(request), "arrival", None)


def host_of(request: HttpRequest) -> Host | None:
    """Return the Host of the signed-in user, or None."""
    return getattr(user_of(request), "host", None)


def browser_of(request: HttpRequest) -> str:
    """Return the session's key from the browser's cookie, even if that session has ended; "" without a cookie.

    Only this browser holds the key, so it identifies the browser.
    """
    return str(request.COOKIES.get(settings.SESSION_COOKIE_NAME, ""))


def sign_in(request: HttpRequest, user: User, way: str) -> None:
    """Begin a session of `user`. The caller has checked the code or secret with `accounts.signing_in`."""
    sign_ins.begin(request, user, way, at=timezone.now())


def for_arrivals(view: View) -> View:
    """Decorate a view for arrivals: an anonymous visitor is led to sign in, and any other user gets Http404."""
    return _only_for(arrival_of, "web:case", view)


def for_hosts(view: View) -> View:
    """Decorate a view for hosts: an anonymous visitor is led to sign in, and any other user gets Http404."""
    return _only_for(host_of, "web:host_sign_in", view)


def for_anybody_signed_in(view: View) -> View:
    """Decorate a view for arrivals and hosts: an anonymous visitor is led to sign in, a coordinator gets Http404."""
    return _only_for(lambda request: arrival_of(request) or host_of(request), "web:case", view)


def _only_for(role_of: Callable[[HttpRequest], object | None], sign_in_at: str, view: View) -> View:
    @functools.wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if user_of(request) is None:
            return redirect(sign_in_at)
        if role_of(request) is None:
            raise Http404
        return view(request, *args, **kwargs)

    return guarded
