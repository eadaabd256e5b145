"""Personal fields at the desk. A coordinator ticks fields and gives a reason; the page shows them once and logs the look."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django.contrib import messages
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from accounts.refusals import Refused
from matching import disclosure
from matching.admin.access import LOOK_REASONS, why_look
from matching.refusal_words import words_of

PERSONAL_FIELD_WORDS: dict[str, Any] = {
    "name": gettext_lazy("Name"),
    "contact": gettext_lazy("Phone, e-mail and the like"),
    "address": gettext_lazy("Address, and how to find the door"),
    "notes": gettext_lazy("Notes"),
    "secret": gettext_lazy("A new secret"),
    "evidence": gettext_lazy("Evidence"),
    "desk_notes": gettext_lazy("Notes that coordinators wrote to each other"),
}

Reads = Mapping[str, Callable[[], Sequence[str]]]
"""For each field of PERSONAL_FIELD_WORDS that a page may open, a function that reads it and returns its lines."""


def contact_of(user: User) -> list[str]:
    """Return the contact points of a person, one line for each."""
    return [
        f"{point.get_channel_display()}: {point.address}" for point in user.contact_points.order_by("-preferred", "pk")
    ]


def closed(reads: Reads) -> dict[str, Any]:
    """Return the context with which a page offers these fields without showing them."""
    return {"personal": [(name, PERSONAL_FIELD_WORDS[name]) for name in reads], "look_reasons": LOOK_REASONS.items()}


def opened(request: HttpRequest, user: User, about: Sequence[User], reads: Reads) -> dict[str, Any]:
    """Open the ticked fields (`field`) for a reason and log the look at each person in `about`.

    Return the page's context: `opened` has the words and the lines of each field. If no field is ticked or the reason is
    missing, tell the user and return {}. No field is read before the look is logged.
    """
    chosen = [name for name in reads if name in request.POST.getlist("field")]
    if not chosen:
        messages.error(request, _("Tick what you need to see; each is logged."))
        return {}
    why = why_look(request)
    if why is None:
        return {}
    try:
        disclosure.look(
            user, [each.pk for each in about], " ".join(chosen), reason=why.reason, note=why.note, at=timezone.now()
        )
    except Refused as refusal:
        messages.error(request, words_of(refusal))
        return {}
    return {"opened": [(PERSONAL_FIELD_WORDS[name], reads[name]()) for name in chosen]}
