"""What the coordinators' pages call reasons, risks and outcomes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy, ngettext

from matching.states import Status

REASON_WORDS: dict[str, Any] = {
    "not_suitable": gettext_lazy("not suitable"),
    "too_far": gettext_lazy("too far"),
    "too_many_people": gettext_lazy("too many people"),
    "dates_changed": gettext_lazy("the dates changed"),
    "found_elsewhere": gettext_lazy("found something elsewhere"),
    "no_answer": gettext_lazy("no answer"),
    "not_now": gettext_lazy("not now"),
    "not_safe": gettext_lazy("does not feel safe"),
    "withdrawn": gettext_lazy("withdrawn"),
    "other": gettext_lazy("another reason"),
}
"""`states.REASONS` in words, the most usual ones of a coordinator first: on the keyboard they are 1 to 9 and 0."""

RISK_WORDS: dict[str, Any] = {
    "minor_in_household": gettext_lazy("a child in the household"),
    "minor_alone": gettext_lazy("a child alone"),
    "lone_woman": gettext_lazy("a woman alone"),
    "first_time_host": gettext_lazy("first stay with this host"),
    "check_overdue": gettext_lazy("a check of the host is overdue"),
    "earlier_complaint": gettext_lazy("an earlier complaint about this host"),
}

OVERRIDE_WORDS: dict[str, Any] = {
    "household_asks": gettext_lazy("the household asked for it"),
    "host_asks": gettext_lazy("the host asked for them"),
    "know_each_other": gettext_lazy("they know each other"),
    "near_something": gettext_lazy("near work, school or a doctor"),
    "other": gettext_lazy("another reason, written down beside"),
}

CHANGE_WORDS: dict[str, Any] = {
    "farther": gettext_lazy("farther away"),
    "shorter": gettext_lazy("a shorter stay"),
    "other_dates": gettext_lazy("other dates"),
    "move": gettext_lazy("a move between two spaces"),
    "split": gettext_lazy("a split over two spaces"),
    "alone": gettext_lazy("children alone: only people decide"),
    "nothing": gettext_lazy("no single change would do"),
    "not_yet": gettext_lazy("not looked at by a round yet"),
}

NIGHT_WORDS: dict[str, Any] = {
    "tonight": gettext_lazy("tonight"),
    "tomorrow": gettext_lazy("tomorrow"),
    "week": gettext_lazy("within a week"),
    "later": gettext_lazy("later"),
}

WHOSE_WORDS: dict[str, Any] = {
    "free": gettext_lazy("nobody is looking at"),
    "mine": gettext_lazy("mine"),
    "second": gettext_lazy("approved by me, waiting for a second person"),
}

OUTCOME_WORDS: dict[str, Any] = {
    "new": gettext_lazy("new"),
    "changed": gettext_lazy("changed"),
    "unchanged": gettext_lazy("as it is already"),
    "refused": gettext_lazy("refused"),
}
"""What a row of a sheet comes to, in the order in which a coordinator wants to know."""

SHEET_COLUMN_WORDS: dict[str, Any] = {
    "contact": gettext_lazy("phone, e-mail or Telegram"),
    "latitude": "lat",
    "longitude": "lon",
}
"""Where a preview calls a column something else than the sheet."""

KIND_WORDS: dict[str, Any] = {
    "single": gettext_lazy("one bed"),
    "double": gettext_lazy("two beds"),
    "family": gettext_lazy("four beds, for a family"),
    "women": gettext_lazy("two beds, for women only"),
    "step-free": gettext_lazy("two beds, without steps"),
    "pets": gettext_lazy("two beds, pets allowed"),
    "shared": gettext_lazy("four beds, shared"),
}
"""The kinds of space that the prices of a round are for: `engine.advice.KINDS` in words."""

FAULT_WORDS: dict[str, Any] = {
    "worker": gettext_lazy("No round of matching has run lately: proposals do not come by themselves."),
    "sweep": gettext_lazy(
        "The worker does not carry out what is due: your decisions go out only while you use the queue."
    ),
    "messages": gettext_lazy("Messages are due and are not being sent."),
}


def record_words(counts: Mapping[str, int]) -> list[str]:
    """Return in words how earlier matches ended, by status; nothing for nothing."""
    phrases = {
        Status.COMPLETED: ngettext("%d stay ended well", "%d stays ended well", counts.get(Status.COMPLETED, 0)),
        Status.BROKEN_OFF: ngettext("%d broken off", "%d broken off", counts.get(Status.BROKEN_OFF, 0)),
        Status.NO_SHOW: ngettext("%d no-show", "%d no-shows", counts.get(Status.NO_SHOW, 0)),
        Status.CANCELLED: ngettext("%d cancelled", "%d cancelled", counts.get(Status.CANCELLED, 0)),
        Status.DECLINED: ngettext("%d declined", "%d declined", counts.get(Status.DECLINED, 0)),
        Status.EXPIRED: ngettext("%d not answered", "%d not answered", counts.get(Status.EXPIRED, 0)),
    }
    return [phrase % counts[status] for status, phrase in phrases.items() if counts.get(status)]
