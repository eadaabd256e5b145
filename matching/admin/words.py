"""The words for reasons, risks, outcomes and the like on the coordinators' pages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy, ngettext

from matching.models.matches import REASON_CHOICES
from matching.sheets import fields
from matching.states import RequestState, Status

REASON_WORDS: dict[str, Any] = dict(REASON_CHOICES)

RISK_WORDS: dict[str, Any] = {
    "minor_in_household": gettext_lazy("a child in the household"),
    "minor_alone": gettext_lazy("a child alone"),
    "lone_woman": gettext_lazy("a woman alone"),
    "two_women": gettext_lazy("two women"),
    "not_said": gettext_lazy("one or two people who did not say who they are"),
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
    "alone": gettext_lazy("only people decide: children alone, or a host did not feel safe"),
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

KIND_WORDS: dict[str, Any] = {
    "single": gettext_lazy("one bed"),
    "double": gettext_lazy("two beds"),
    "family": gettext_lazy("four beds, for a family"),
    "women": gettext_lazy("two beds, for women only"),
    "step-free": gettext_lazy("two beds, without steps"),
    "pets": gettext_lazy("two beds, pets allowed"),
    "shared": gettext_lazy("four beds, shared"),
}
"""The kinds of space that have prices: `engine.advice.KINDS` in words."""

REQUEST_STATE_WORDS: dict[str, Any] = {
    RequestState.OPEN: gettext_lazy("looking for a place"),
    RequestState.PARTLY_MET: gettext_lazy("has a place for some of the nights"),
    RequestState.MET: gettext_lazy("has a place"),
    RequestState.WITHDRAWN: gettext_lazy("withdrawn"),
    RequestState.LAPSED: gettext_lazy("its nights are over"),
}
"""The states of a shelter request in words."""

EVENT_WORDS: dict[str, Any] = {
    "request_received": gettext_lazy("the request has come in"),
    "asked_already": gettext_lazy("somebody has asked again with this contact"),
    "minor_alone": gettext_lazy("a child alone asks for shelter"),
    "proposals_waiting": gettext_lazy("proposals wait"),
    "handed_over": gettext_lazy("a household was handed over"),
    "host_asked": gettext_lazy("the host is asked"),
    "arrival_asked": gettext_lazy("the household is asked"),
    "host_confirmed": gettext_lazy("confirmed, to the host"),
    "arrival_confirmed": gettext_lazy("confirmed, to the household"),
    "host_declined": gettext_lazy("declined, to the host"),
    "arrival_declined": gettext_lazy("declined, to the household"),
    "host_expired": gettext_lazy("not answered in time, to the host"),
    "arrival_expired": gettext_lazy("not answered in time, to the household"),
    "host_cancelled": gettext_lazy("cancelled, to the host"),
    "arrival_cancelled": gettext_lazy("cancelled, to the household"),
    "arrival_withdrawn": gettext_lazy("the request is withdrawn, to the household"),
    "host_checked_in": gettext_lazy("the stay has begun, to the host"),
    "arrival_checked_in": gettext_lazy("the stay has begun, to the household"),
    "arrival_no_show": gettext_lazy("they did not come, to the household"),
    "coordinator_no_show": gettext_lazy("they did not come, to the coordinators"),
    "host_completed": gettext_lazy("the stay has ended, to the host"),
    "arrival_completed": gettext_lazy("the stay has ended, to the household"),
    "host_broken_off": gettext_lazy("broken off, to the host"),
    "arrival_broken_off": gettext_lazy("broken off, to the household"),
    "coordinator_broken_off": gettext_lazy("broken off, to the coordinators"),
    "not_safe": gettext_lazy("somebody does not feel safe"),
    "not_safe_emergency": gettext_lazy("nobody on call has answered"),
    "nobody_on_call": gettext_lazy("nobody is on call"),
    "looks_unusual": gettext_lazy("a coordinator's looks are unusual"),
    "match_frozen": gettext_lazy("the match is on hold"),
    "host_vetted": gettext_lazy("the host is vetted"),
    "host_refused": gettext_lazy("the host is refused"),
    "host_suspended": gettext_lazy("a host is suspended"),
    "host_on_hold": gettext_lazy("the spaces are on hold"),
    "check_due": gettext_lazy("a check is due"),
    "checks_expiring": gettext_lazy("checks of hosts run out"),
    "flag_raised": gettext_lazy("a flag is raised"),
    "must_not_meet": gettext_lazy("somebody must not meet somebody"),
    "change_waits": gettext_lazy("a change of a space or a contact waits"),
    "arrival_change_waits": gettext_lazy("a change waits, to the household"),
    "host_change_applied": gettext_lazy("a change holds, to the host"),
    "host_change_refused": gettext_lazy("a change is refused, to the host"),
    "arrival_change_applied": gettext_lazy("a change holds, to the household"),
    "still_available": gettext_lazy("does the offer still stand?"),
    "space_stale": gettext_lazy("the space is no longer proposed"),
    "sign_in_code": gettext_lazy("a code to sign in"),
    "contact_code": gettext_lazy("a code to add a contact"),
    "invitation": gettext_lazy("an invitation to the desk"),
}
"""The events that messages tell of: `notifications.events.EVENTS` in words."""

WAY_WORDS: dict[str, Any] = {
    "email": gettext_lazy("e-mail"),
    "gateway": gettext_lazy("the gateway"),
    "console": gettext_lazy("the console"),
    "": gettext_lazy("none is switched on"),
}
"""The transports of messages in words: the modules of `notifications.channels`, and "" for none."""

OUTCOME_WORDS: dict[str, Any] = {
    "new": gettext_lazy("new"),
    "changed": gettext_lazy("changed"),
    "unchanged": gettext_lazy("as it is already"),
    "refused": gettext_lazy("refused"),
}
"""The outcomes of a row of a sheet in words, in the order in which pages list them."""

SHEET_COLUMN_WORDS: dict[str, Any] = {
    "contact": gettext_lazy("phone, e-mail or Telegram"),
    "waits": gettext_lazy("waits until a coordinator has looked"),
}
"""The words of a preview for a field that fills several columns of a sheet."""

SHEET_COLUMNS = {field.name: field.column for field in (*fields.SPACE, *fields.REQUEST) if field.column}
"""The column of a sheet for each field of a space or a request."""

FAULT_WORDS: dict[str, Any] = {
    "worker": gettext_lazy("No round of matching has run lately: proposals do not come by themselves."),
    "sweep": gettext_lazy(
        "The worker does not carry out what is due: your decisions go out only while you use the queue."
    ),
    "messages": gettext_lazy("Messages are due and are not being sent."),
    "rota": gettext_lazy(
        "Nobody who can be reached is on call now for every place of a stay. Whoever does not feel safe is answered later."
    ),
}


def risk_words(risks: Any) -> list[str]:
    """Return the words for stored risks. A risk of a later version, which was rolled back, is shown by its code."""
    known = risks if isinstance(risks, list | tuple) else []
    return [str(RISK_WORDS.get(risk, risk)) for risk in known if isinstance(risk, str)]


def record_words(counts: Mapping[str, int]) -> list[str]:
    """Return phrases that say how earlier matches ended. `counts` is by status; a status without matches has no phrase."""
    phrases = {
        Status.COMPLETED: ngettext("%d stay ended well", "%d stays ended well", counts.get(Status.COMPLETED, 0)),
        Status.BROKEN_OFF: ngettext("%d broken off", "%d broken off", counts.get(Status.BROKEN_OFF, 0)),
        Status.NO_SHOW: ngettext("%d no-show", "%d no-shows", counts.get(Status.NO_SHOW, 0)),
        Status.CANCELLED: ngettext("%d cancelled", "%d cancelled", counts.get(Status.CANCELLED, 0)),
        Status.DECLINED: ngettext("%d declined", "%d declined", counts.get(Status.DECLINED, 0)),
        Status.EXPIRED: ngettext("%d not answered", "%d not answered", counts.get(Status.EXPIRED, 0)),
    }
    return [phrase % counts[status] for status, phrase in phrases.items() if counts.get(status)]
