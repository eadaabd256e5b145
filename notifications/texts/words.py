"""What a translator writes for one event."""

from __future__ import annotations

from typing import NamedTuple


class Words(NamedTuple):
    """`sms` says it in at most 70 UCS-2 units and is also an e-mail's subject; `body` says what to do now.

    Both may name {case}, {by} (the answer's deadline) and, for a sign-in code, {code}. Neither holds a
    name, an address or a word that tells a stranger at the screen what this is about.
    """

    sms: str
    body: str
