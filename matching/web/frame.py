"""What stands around every page: where the exit leads and whom to call."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from matching.web.visitors import arrival_of, host_of


def frame(request: HttpRequest) -> dict[str, object]:
    """The template context every page has (a context processor)."""
    return {
        "exit_url": settings.EXIT_URL,
        "help_contact": settings.HELP_CONTACT,
        # Lazy, so that a page which does not ask costs no query, and one which asks twice costs one.
        "is_arrival": SimpleLazyObject(lambda: arrival_of(request) is not None),
        "is_host": SimpleLazyObject(lambda: host_of(request) is not None),
    }
