"""Who stands at the door: the signed-in arrival or host, a stranger, and where a try comes from."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from django.contrib.auth import login
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect

from accounts.models import Arrival, Host, User

View = Callable[..., HttpResponse]


def user_of(request: HttpRequest) -> User | None:
    """Return the signed-in user, or None."""
    return request.user if isinstance(request.user, User) else None


def arrival_of(request: HttpRequest) -> Arrival | None:
    """Return the arrival the signed-in user is, or None."""
    return getattr(user_of(request), "arrival", None)


def host_of(request: HttpRequest) -> Host | None:
    """Return the host the signed-in user is, or None."""
    return getattr(user_of(request), "host", None)


def source_of(request: HttpRequest) -> str:
    """Return where a try comes from; it is only counted, as an index, never kept."""
    return str(request.META.get("REMOTE_ADDR", ""))


def sign_in(request: HttpRequest, user: User) -> None:
    """Begin a session of `user`, whose code or secret was checked by `accounts.signing_in`."""
    login(request, user, backend="django.contrib.auth.backends.ModelBackend")


def for_arrivals(view: View) -> View:
    """Let only signed-in arrivals in: nobody yet is asked to sign in, somebody else finds nothing."""
    return _only_for(arrival_of, "web:case", view)


def for_hosts(view: View) -> View:
    """Let only signed-in hosts in: nobody yet is asked to sign in, somebody else finds nothing."""
    return _only_for(host_of, "web:host_sign_in", view)


def _only_for(role_of: Callable[[HttpRequest], object | None], sign_in_at: str, view: View) -> View:
    @functools.wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if user_of(request) is None:
            return redirect(sign_in_at)
        if role_of(request) is None:
            raise Http404
        return view(request, *args, **kwargs)

    return guarded
