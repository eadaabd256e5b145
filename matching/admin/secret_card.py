"""A card with the case number and a new secret, to print for those without a phone."""

from __future__ import annotations

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import override

from accounts.arrivals import grouped
from accounts.models import Arrival
from accounts.qr_codes import qr_code


def card(arrival: Arrival, secret: str) -> dict[str, object]:
    """Return the context of a card with the case number and its secret, in the arrival's language.

    Its QR code leads to the page on which both are typed and holds neither.
    """
    address = f"{settings.SITE_URL}{reverse('web:case')}"
    with override(arrival.user.language):
        words = {
            "number": _("Case number"),
            "secret": _("Secret"),
            "keep": _("Whoever has both can see and change your request. Keep them apart from others."),
            "danger": _("In danger? Call 112."),
        }
    return {
        "address": address,
        "code": qr_code(address),
        "language": arrival.user.language,
        "words": words,
        "case_number": grouped(arrival.case_number),
        "secret": grouped(secret),
    }
