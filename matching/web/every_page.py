"""The parts of every page: the exit, the coordinators' contact, and the link to the source code."""

from __future__ import annotations

import re

from django.conf import settings
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject
from django.utils.html import format_html

from matching.web.visitors import arrival_of, host_of

PHONE = re.compile(r"\+?[\d ().-]{6,}")


def help_contact() -> str:
    """Return the coordinators' contact as pages show it: a phone number is a link that stays on one line."""
    contact: str = settings.HELP_CONTACT
    if not PHONE.fullmatch(contact):
        return contact
    return format_html('<a href="tel:{}">{}</a>', re.sub(r"[^\d+]", "", contact), unbroken(contact))


def unbroken(contact: str) -> str:
    """Return `contact` with no-break spaces if it is a phone number, so that it stays on one line."""
    return contact.replace(" ", "\N{NO-BREAK SPACE}") if PHONE.fullmatch(contact) else contact


def surroundings(request: HttpRequest) -> dict[str, object]:
    """Return the template context of every page (a context processor)."""
    return {
        "exit_url": settings.EXIT_URL,
        "help_contact": help_contact(),
        "source_url": settings.SOURCE_URL,
        # Lazy, so that the query runs once, and only on pages that ask.
        "is_arrival": SimpleLazyObject(lambda: arrival_of(request) is not None),
        "is_host": SimpleLazyObject(lambda: host_of(request) is not None),
    }
