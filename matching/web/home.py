"""The first page, and leaving."""

from __future__ import annotations

from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """Two choices: I need a place to sleep, I can offer one."""
    return render(request, "home.html")


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    """End the session and ask the browser to forget everything of it."""
    logout(request)
    response = redirect("web:home")
    response["Clear-Site-Data"] = '"cache", "cookies", "storage"'
    return response
