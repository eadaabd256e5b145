"""One small module for each transport, always the same shape: `send(message) -> Sent`, or `DeliveryFailed`.

A new channel, step by step:

1. Write `channels/NAME.py` with `send`. It gets a `Message`, calls the provider with time-outs and with
   `message.idempotency_key`, and touches no database: several are sent side by side, each in a thread.
   What went wrong it says as a `DeliveryFailed` with one of five classes (`channels.message.ErrorClass`):
   `permanent` only where sending the same again can never succeed. Neither an address nor a word of the
   provider's answer that may repeat one goes into the text of the error: it is kept in the clear.
2. Put its name into `TRANSPORTS` below and, for each kind of address it serves, into `outbox.TRANSPORTS_FOR`.
   A new kind of address is also a `ContactPoint.Channel` and something `accounts.contacts` can read.
3. Its settings come from the environment; what must be set with it is a check in `notifications.checks`.
4. Its test calls a real server, tests/standins/gateway.py shows how: taken, refused, broken, stalled, cut off.
5. Switch it on: `SHELTER_CHANNELS=email,NAME`.
"""

from __future__ import annotations

from collections.abc import Callable

from notifications.channels import console, email, gateway
from notifications.channels.message import DeliveryFailed, Message, Sent

TRANSPORTS: dict[str, Callable[[Message], Sent]] = {
    "console": console.send,
    "email": email.send,
    "gateway": gateway.send,
}

__all__ = ["TRANSPORTS", "DeliveryFailed", "Message", "Sent"]
