"""The words of one event, as a translator writes them."""

from __future__ import annotations

from typing import NamedTuple


class Words(NamedTuple):
    """The short and the long text of one event in one language.

    `sms` has at most 70 UCS-2 units and is also the subject of the e-mail. `body` says what the person can do now. Both
    may use {case}, {by} (the deadline of the answer) and, for a sign-in code, {code}. Neither holds a name, an address
    or a word that tells a stranger at the screen what the message is about.
    """

    sms: str
    body: str
