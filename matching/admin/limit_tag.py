"""The template tag for the longest text that a field of the desk takes: `{% load limits %}`, then `{% longest "note" %}`."""

from __future__ import annotations

from django.template import Library

from matching.limits import LONGEST_NAME, LONGEST_NOTE, LONGEST_REASON

register = Library()

LONGEST = {"note": LONGEST_NOTE, "reason": LONGEST_REASON, "look": LONGEST_REASON, "name": LONGEST_NAME}
"""Characters, by kind of text. `look` is the note beside the reason to open personal fields."""


@register.simple_tag
def longest(what: str) -> int:
    """Return the length, in characters. Raises KeyError for a kind of text without a limit here."""
    return LONGEST[what]
