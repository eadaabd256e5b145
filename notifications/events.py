"""What there is to tell: to whom, whether it may wake somebody at night, and what the words need to know."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Side = Literal["host", "arrival", "coordinator", "both"]

CONTEXT = frozenset({"match", "space", "host", "case_number", "first_night", "last_day", "answer_by"})
"""All that a notification may carry: ids, a case number, ISO days and one ISO moment. Never a word of a person."""


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happens to people.

    recipient: whose page the message points to ("both": host and arrival get the same words).
    urgent: told in quiet hours too, and before everything that is not urgent.
    needs: the fields of the context without which the words make no sense.
    asks: it asks for an answer by the context's `answer_by`; after that moment it is not told any more.
    carries_code: its words hold the one-time code, so it must be given a `secret`.
    """

    recipient: Side
    urgent: bool = False
    needs: tuple[str, ...] = ()
    asks: bool = False
    carries_code: bool = False


EVENTS: dict[str, Event] = {
    "request_received": Event("arrival", needs=("case_number",)),
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
    "match_frozen": Event("both", urgent=True),
    "host_vetted": Event("host"),
    "host_refused": Event("host"),
    "host_suspended": Event("coordinator", urgent=True),
    "host_on_hold": Event("host", urgent=True),
    "check_due": Event("host"),
    "checks_expiring": Event("coordinator"),
    "still_available": Event("host", needs=("answer_by",), asks=True),
    "space_stale": Event("host"),
    "sign_in_code": Event("host", urgent=True, carries_code=True),
}

CODES = frozenset(name for name, event in EVENTS.items() if event.carries_code)
"""The events whose notification is a sign-in code."""
