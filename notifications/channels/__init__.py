"""One small module for each transport. Each has one function: `send(message) -> Sent`, which may raise DeliveryFailed.

To add one, follow the recipe "A new channel" in CONTRIBUTING.md. `SHELTER_TRANSPORTS=email,NAME` switches it on.
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
