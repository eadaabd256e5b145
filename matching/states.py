"""The statuses, roles and acts of a match, and the table of its moves. docs/states.md shows them to people.

Only this table says which move is legal and which roles may make it. `transitions` reads it, the database trigger
`match_legal_move` is generated from it, and a test compares `docs/states.md` with it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Status(StrEnum):
    """The one stored status of a match."""

    PROPOSED = "proposed"
    APPROVED = "approved"
    CONFIRMED = "confirmed"
    CHECKED_IN = "checked_in"
    COMPLETED = "completed"
    DECLINED = "declined"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    NO_SHOW = "no_show"
    BROKEN_OFF = "broken_off"


class Role(StrEnum):
    """Who makes a move."""

    WORKER = "worker"
    COORDINATOR = "coordinator"
    HOST = "host"
    ARRIVAL = "arrival"


class Act(StrEnum):
    """What may be done to a match. All but the last four are moves of the table."""

    PROPOSE = "propose"
    APPROVE = "approve"
    DECLINE = "decline"
    EXPIRE = "expire"
    CONFIRM = "confirm"
    CANCEL = "cancel"
    CHECK_IN = "check_in"
    NO_SHOW = "no_show"
    COMPLETE = "complete"
    BREAK_OFF = "break_off"
    UNDO_CHECK_IN = "undo_check_in"
    UNDO_NO_SHOW = "undo_no_show"
    ACCEPT = "accept"
    FIRST_APPROVAL = "first_approval"
    FREEZE = "freeze"
    UNFREEZE = "unfreeze"


@dataclass(frozen=True, slots=True)
class Move:
    """One row of the moves table: `act` leads from `source` (None: from nothing) to `target`."""

    act: Act
    source: Status | None
    target: Status
    roles: frozenset[Role]
    notes: str = ""


W, C, H, A = Role.WORKER, Role.COORDINATOR, Role.HOST, Role.ARRIVAL


def _move(act: Act, source: Status | None, target: Status, roles: Iterable[Role], notes: str = "") -> Move:
    return Move(act, source, target, frozenset(roles), notes)


MOVES: tuple[Move, ...] = (
    _move(Act.PROPOSE, None, Status.PROPOSED, (W, C), "holds the beds; carries score and reasons"),
    _move(Act.APPROVE, Status.PROPOSED, Status.APPROVED, (C,), "high-risk ones need two different coordinators"),
    _move(Act.DECLINE, Status.PROPOSED, Status.DECLINED, (C,), "with a reason; the pair is not proposed again"),
    _move(Act.EXPIRE, Status.PROPOSED, Status.EXPIRED, (W,), "nobody decided in time; the request is matched anew"),
    _move(Act.CONFIRM, Status.APPROVED, Status.CONFIRMED, (W,), "as soon as host and arrival have accepted"),
    _move(Act.DECLINE, Status.APPROVED, Status.DECLINED, (H, A, C), "with a reason; the pair is not proposed again"),
    _move(Act.EXPIRE, Status.APPROVED, Status.EXPIRED, (W,), "an answer is overdue"),
    _move(Act.CANCEL, Status.APPROVED, Status.CANCELLED, (H, A, C)),
    _move(Act.CANCEL, Status.CONFIRMED, Status.CANCELLED, (H, A, C)),
    _move(Act.CHECK_IN, Status.CONFIRMED, Status.CHECKED_IN, (H, A, C)),
    _move(Act.NO_SHOW, Status.CONFIRMED, Status.NO_SHOW, (H, C)),
    _move(Act.COMPLETE, Status.CHECKED_IN, Status.COMPLETED, (H, A, C, W)),
    _move(
        Act.BREAK_OFF,
        Status.CHECKED_IN,
        Status.BROKEN_OFF,
        (H, A, C),
        "the nights left are matched anew, at higher urgency",
    ),
    _move(Act.UNDO_CHECK_IN, Status.CHECKED_IN, Status.CONFIRMED, (H, A, C), "within an hour"),
    _move(Act.UNDO_NO_SHOW, Status.NO_SHOW, Status.CONFIRMED, (H, C), "within an hour, if the room is still free"),
)

HOLDS_BEDS = frozenset({Status.PROPOSED, Status.APPROVED, Status.CONFIRMED, Status.CHECKED_IN})
"""A match with one of these statuses is live and holds its beds."""

APPROVED_ONCE = frozenset(
    {Status.APPROVED, Status.CONFIRMED, Status.CHECKED_IN, Status.COMPLETED, Status.NO_SHOW, Status.BROKEN_OFF}
)
"""A match reaches these statuses only after it was approved."""

ACCEPTED_BY_BOTH = APPROVED_ONCE - {Status.APPROVED}
"""A match reaches these statuses only after both the host and the arrival accepted it."""

CONTACT_OPEN = frozenset({Status.CONFIRMED, Status.CHECKED_IN})
"""With these statuses, host and arrival see each other's name and contact, and the arrival sees the exact address."""

TAKEN_BACK_BY = {Act.CHECK_IN: Act.UNDO_CHECK_IN, Act.NO_SHOW: Act.UNDO_NO_SHOW}
"""What people say about the first evening, and the act that takes it back. Both wait a minute before they count."""

FORWARD = frozenset(
    {
        *(Act.PROPOSE, Act.APPROVE, Act.CONFIRM, Act.CHECK_IN, Act.NO_SHOW, Act.ACCEPT, Act.FIRST_APPROVAL),
        *(Act.UNDO_CHECK_IN, Act.UNDO_NO_SHOW),
    }
)
"""Nobody, not even a coordinator, does these acts while the match is frozen or its host is not vetted (`matching.hindrances`)."""

LEAVING = frozenset({Act.DECLINE, Act.EXPIRE, Act.CANCEL, Act.COMPLETE, Act.BREAK_OFF})
"""Acts that end a match. They stay open to both sides when the match is frozen or its host is suspended."""

GONE_ON = frozenset({Status.APPROVED, Status.CONFIRMED, Status.CHECKED_IN, Status.NO_SHOW})
"""A match reaches these statuses by acts of FORWARD only. The database asks for standing too (`match_goes_on`)."""

REASONS = (
    "dates_changed",
    "too_many_people",
    "not_now",
    "too_far",
    "not_suitable",
    "found_elsewhere",
    "no_answer",
    "not_safe",
    "withdrawn",
    "other",
)
"""The reasons to decline, cancel or break off. The list is short, so that the reasons can be counted and learnt from."""

BY_POLICY = "auto_approval"
"""The reason that the history gives for an approval by the deployment's rules, without a person's decision."""

SUSPENDED = "host_suspended"
"""The reason that the history gives for the end of a match because its host was suspended."""

REASON_NOT_SAFE = "not_safe"
"""The reason that does all that "I do not feel safe" does, whatever act it is given for."""

NEEDS_REASON = frozenset({Act.DECLINE, Act.CANCEL, Act.BREAK_OFF})


def find_move(act: Act, source: Status | None) -> Move | None:
    """Return the row of the table for `act` from `source`, or None where there is none."""
    return next((move for move in MOVES if move.act == act and move.source == source), None)


def acts_open_to(role: Role, source: Status) -> tuple[Act, ...]:
    """Return the acts of the table that `role` may do to a match in `source`, in the table's order."""
    return tuple(move.act for move in MOVES if move.source == source and role in move.roles)


class RequestState(StrEnum):
    """What a shelter request is, derived from its matches; never stored."""

    OPEN = "open"
    PARTLY_MET = "partly_met"
    MET = "met"
    WITHDRAWN = "withdrawn"
    LAPSED = "lapsed"
