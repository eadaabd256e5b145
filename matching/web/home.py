"""The first page, and signing out."""

from __future__ import annotations

from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from matching.web.leaving import forgetting


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """Show the first page with its two choices: I need a place to sleep, I can offer one."""
    return render(request, "home.html")


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    """End the session and ask the browser to forget this site."""
    logout(request)
    return forgetting(redirect("web:home"))
