"""QR codes of the service's own addresses, for paper."""

from __future__ import annotations

import segno
from django.utils.safestring import SafeString, mark_safe


def qr_code(address: str) -> SafeString:
    """Return a QR code of one of our own addresses as an SVG without a size, which the style sheet gives."""
    drawn = segno.make(address, error="m").svg_inline(border=4, light="#fff", dark="#000", omitsize=True)
    return mark_safe(drawn)  # noqa: S308 - segno draws the address as squares; no text of it is in the SVG
