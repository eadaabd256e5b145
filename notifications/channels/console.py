"""Print the message. This is the default, so that a trial needs no provider; a deployment must not use it."""

from __future__ import annotations

import sys

from notifications.channels.message import Message, Sent


def send(message: Message) -> Sent:
    """Write the message to standard output."""
    sys.stdout.write(f"\n--- {message.channel} to {message.address}\n{message.subject}\n\n{message.body}\n---\n")
    sys.stdout.flush()
    return Sent(str(message.idempotency_key))
