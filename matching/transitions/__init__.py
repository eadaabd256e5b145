"""The acts that move a match: the only writers of `Match.status`.

Every act here
1. locks the space's row, then the match's,
2. refuses in words what the moves table, the person's role or a freeze forbids,
3. writes the line of history, the new status and the messages in one transaction,
4. notes that matching is due (`matching.due`) where it freed a bed or left a household without one.

No act counts beds: the database does, under the same lock, and refuses (`matching.models.guards`).
`by` is the user who acts, None for the worker; `at` is the moment.
"""

from matching.transitions.endings import end_matches_of, withdraw_request
from matching.transitions.holding import (
    SAID,
    held_of,
    say_check_in,
    say_no_show,
    take_back_check_in,
    take_back_no_show,
)
from matching.transitions.moves import (
    accept,
    approve,
    approve_by_policy,
    break_off,
    cancel,
    check_in,
    complete,
    decline,
    expire,
    no_show,
    undo_check_in,
    undo_no_show,
)
from matching.transitions.proposals import Proposal, propose, propose_many
from matching.transitions.reports import report_not_safe, say_neutral_words, unfreeze
from matching.transitions.writing import raised

__all__ = [
    "SAID",
    "Proposal",
    "accept",
    "approve",
    "approve_by_policy",
    "break_off",
    "cancel",
    "check_in",
    "complete",
    "decline",
    "end_matches_of",
    "expire",
    "held_of",
    "no_show",
    "propose",
    "propose_many",
    "raised",
    "report_not_safe",
    "say_check_in",
    "say_neutral_words",
    "say_no_show",
    "take_back_check_in",
    "take_back_no_show",
    "undo_check_in",
    "undo_no_show",
    "unfreeze",
    "withdraw_request",
]
