"""One small module for each transport. Each has one function: `send(message) -> Sent`, which may raise DeliveryFailed.

A new channel, step by step:

1. Write `channels/NAME.py` with `send`. `send` gets a `Message` and calls the provider with time-outs and with
   `message.idempotency_key`. It touches no database, since several threads send messages side by side. It reports a
   fault as `DeliveryFailed` with one of five classes (`channels.message.ErrorClass`); use `permanent` only if the same
   message can never succeed. The text of the error is stored unencrypted, so keep addresses out of it, and also the
   provider's words, which may repeat an address.
2. Put its name into `TRANSPORTS` below and, for each kind of address that it serves, into `outbox.TRANSPORTS_FOR`.
   For a new kind of address, extend `ContactPoint.Channel` and `accounts.contacts.read_contact` too.
3. Read its settings from the environment, and check the required ones in `notifications.checks`.
4. Test it against a real server that accepts, refuses, breaks, stalls and cuts off, as tests/standins/gateway.py does.
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
