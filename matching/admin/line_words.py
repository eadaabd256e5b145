"""The words for what an act leaves on a note or a line of history: the row holds a code with numbers, never a sentence.

A line from before there were codes has its sentence as a remark, in the language of its author, and shows it as it is. Where
the words of a line were erased, the pages say so (`privacy.remarks.words_of`).
"""

from __future__ import annotations

import json
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import Coordinator, HostCheck, HostEvent
from matching.admin.words import OVERRIDE_WORDS
from matching.models import DeskNote, MatchEvent
from privacy.models import AccessLog
from privacy.remarks import words_of


def of_note(note: DeskNote) -> str:
    """Return a note in the active language: what its act says, then the words that its author typed."""
    return " ".join(filter(None, [_said_on_note(note.said, note), words_of(note)]))


def of_reason(event: MatchEvent) -> str:
    """Return the reason of an act on a match in the active language, with the limits of the rules that approved it."""
    reason = event.get_reason_display()
    match event.numbers:
        case {"km": int(km), "stays": int(stays)}:
            limits = ngettext(
                "at most %(km)d km, host after %(stays)d stay", "at most %(km)d km, host after %(stays)d stays", stays
            )
            return f"{reason}: {limits % {'km': km, 'stays': stays}}"
    return str(reason)


def of_host_event(event: HostEvent) -> str:
    """Return the reason for a change of a host's standing in the active language."""
    match event.said:
        case {"code": "refusal_asked"}:
            return _("asks to refuse: %(reason)s") % {"reason": words_of(event)}
        case {"code": "refusal_taken_back"}:
            return words_of(event) or _("the refusal asked for was taken back")
        case {"code": "merged", "number": int(number)}:
            return _("host %(number)d was merged into this one") % {"number": number}
        case {"code": "import_undone"}:
            return _("The import that vouched for this host was undone.")
    return words_of(event) or _as_stored(event.said)


def of_check(check: HostCheck) -> str:
    """Return the note of a check in the active language: what its act says, then the words that its author typed."""
    return " ".join(filter(None, [_said_on_check(check.said), check.note]))


def of_rights(value: Any) -> str:
    """Return the rights that a line of history keeps (`accounts.coordinators.Granted.value`), in the active language."""
    match value:
        case {"role": str(role), "all_places": everywhere, "places": list(places)}:
            where = _("all places") if everywhere else ", ".join(map(str, places))
            return f"{dict(Coordinator.Role.choices).get(role, role)}: {where}"
        case {"code": "said"}:
            return _("written down beside")
    return _as_stored(value)


def of_look(look: AccessLog) -> str:
    """Return the reason of a look in the active language, with the note that its author typed beside it."""
    match look.reason:
        case AccessLog.LookReason.MATCH:
            return _("match %(number)s") % {"number": look.match}
        case AccessLog.LookReason.SAID:
            return words_of(look)
    reason = look.get_reason_display()
    words = words_of(look)
    return f"{reason}: {words}" if words else reason


def _as_stored(said: Any) -> str:
    """Return a value that has no words here as it is stored: it is of a later version, which was rolled back, or damaged."""
    return json.dumps(said, ensure_ascii=False) if said else ""


def _said_on_check(said: Any) -> str:
    match said:
        case {"code": "vouched"}:
            return _("From an imported sheet, on the coordinator's word.")
        case {"code": "import_undone"}:
            return _("The import that vouched for this host was undone.")
    return _as_stored(said)


def _said_on_note(said: Any, note: DeskNote) -> str:
    match said:
        case {
            "code": "override",
            "reason": str(reason),
            "score": float(score) | int(score),
            "best": float(best) | int(best),
        }:
            return _("Chosen instead of what was advised (%(score).2f against %(best).2f): %(reason)s.") % {
                "score": score,
                "best": best,
                "reason": OVERRIDE_WORDS.get(reason, reason),
            }
        case {"code": "handed_over"}:
            return _("Handed over to %(who)s.") % {"who": note.whom}
        case {"code": "merged", "number": number}:
            return _("Merged with case %(number)s, whose request is withdrawn.") % {"number": number}
    return _as_stored(said)
