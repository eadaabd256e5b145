"""A sheet for a meeting point, to print: where to ask and where to offer, in every language, with a QR code."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import override
from django.views.decorators.http import require_safe

from accounts.qr_codes import qr_code


@require_safe
def poster(request: HttpRequest) -> HttpResponse:
    """Show the sheet and a link to share. It is the same for everybody, and names nobody."""
    site = f"{settings.SITE_URL}/"
    return render(
        request,
        "poster.html",
        {
            "site": site,
            "code": qr_code(site),
            "wordings": [(code, _in(code)) for code, _name in settings.LANGUAGES],
        },
    )


def _in(language: str) -> dict[str, str]:
    with override(language):
        return {
            "title": _("A place to sleep"),
            "what": _(
                "Volunteers bring together people who need a place to sleep and people who have one. It costs nothing."
            ),
            "without_phone": _("No phone? Ask the volunteers here: they enter it for you and give you a card."),
        }
