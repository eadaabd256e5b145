"""What protects the people who use this: who runs it, how hosts are checked, advice, and what is kept."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.models import HostCheck
from accounts.vetting import required_checks
from matching.web.every_page import unbroken
from matching.web.story import whom_to_contact


@require_safe
def trust(request: HttpRequest) -> HttpResponse:
    """Show the page, which is the same for everybody. The checks are those that this deployment requires."""
    return render(
        request,
        "trust.html",
        {
            "whom": whom_to_contact(),
            "checks": [HostCheck.CheckKind(kind).label for kind in required_checks()],
            "minors_helpline": unbroken(settings.MINORS_HELPLINE),
        },
    )
