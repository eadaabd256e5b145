"""The events that people are told of, with the recipient, the urgency and the facts that the words need."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Side = Literal["host", "arrival", "coordinator", "both"]

CONTEXT = frozenset({"match", "space", "host", "case_number", "first_night", "last_day", "answer_by", "incident"})
"""The only fields that a notification may carry: ids, a case number, days and a moment (ISO 8601). None is personal."""


@dataclass(frozen=True, slots=True)
class Event:
    """One kind of event.

    recipient: the side that is told, to whose page the message points ("both": host and arrival get the same words).
    urgent: the message is sent in quiet hours too, and before messages that are not urgent.
    needs: the fields of the context that the words use.
    asks: the message asks for an answer by the context's `answer_by`, and is not sent after that moment.
    carries_code: the words hold a one-time code, so `outbox.tell` needs a `secret`.
    opens: the code is the end of a link that begins with this path, and the words show the link instead of the code.
    """

    recipient: Side
    urgent: bool = False
    needs: tuple[str, ...] = ()
    asks: bool = False
    carries_code: bool = False
    opens: str = ""


EVENTS: dict[str, Event] = {
    "request_received": Event("arrival", needs=("case_number",)),
    "asked_already": Event("arrival", needs=("case_number",)),
    "minor_alone": Event("coordinator", urgent=True, needs=("case_number",)),
    "proposals_waiting": Event("coordinator"),
    "handed_over": Event("coordinator", urgent=True, needs=("case_number",)),
    "host_asked": Event("host", urgent=True, needs=("answer_by",), asks=True),
    "arrival_asked": Event("arrival", urgent=True, needs=("answer_by",), asks=True),
    "host_confirmed": Event("host"),
    "arrival_confirmed": Event("arrival", urgent=True),
    "host_declined": Event("host"),
    "arrival_declined": Event("arrival"),
    "host_expired": Event("host"),
    "arrival_expired": Event("arrival"),
    "host_cancelled": Event("host", urgent=True),
    "arrival_cancelled": Event("arrival", urgent=True),
    "arrival_withdrawn": Event("arrival", urgent=True),
    "host_checked_in": Event("host"),
    "arrival_checked_in": Event("arrival"),
    "arrival_no_show": Event("arrival"),
    "coordinator_no_show": Event("coordinator"),
    "host_completed": Event("host"),
    "arrival_completed": Event("arrival"),
    "host_broken_off": Event("host"),
    "arrival_broken_off": Event("arrival"),
    "coordinator_broken_off": Event("coordinator", urgent=True),
    "not_safe": Event("coordinator", urgent=True),
    "not_safe_emergency": Event("coordinator", urgent=True),
    "nobody_on_call": Event("coordinator", urgent=True),
    "looks_unusual": Event("coordinator"),
    "match_frozen": Event("both", urgent=True),
    "host_vetted": Event("host"),
    "host_refused": Event("host"),
    "host_suspended": Event("coordinator", urgent=True),
    "host_on_hold": Event("host", urgent=True),
    "check_due": Event("host"),
    "checks_expiring": Event("coordinator"),
    "flag_raised": Event("coordinator"),
    "must_not_meet": Event("coordinator", urgent=True),
    "change_waits": Event("coordinator", urgent=True),
    "arrival_change_waits": Event("arrival"),
    "host_change_applied": Event("host"),
    "host_change_refused": Event("host"),
    "arrival_change_applied": Event("arrival", urgent=True),
    "still_available": Event("host", needs=("answer_by",), asks=True),
    "space_stale": Event("host"),
    "sign_in_code": Event("host", urgent=True, carries_code=True),
    "contact_code": Event("coordinator", urgent=True, carries_code=True),
    "invitation": Event("coordinator", urgent=True, carries_code=True, opens="/admin/i/"),
}

EVENTS_WITH_A_CODE = frozenset(name for name, event in EVENTS.items() if event.carries_code)
"""The events whose message carries a sign-in code."""
