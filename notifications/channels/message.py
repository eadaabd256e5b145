"""What a transport is given and what it gives back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal
from uuid import UUID

ErrorClass = Literal["timeout", "rate_limited", "server", "unknown", "permanent"]


@dataclass(frozen=True, slots=True)
class Message:
    """One thing to send to one address; equal `idempotency_key`s are the same thing sent again.

    `channel` is the kind of address ("email", "sms", "telegram"); `sms` says the same as `body` in at most
    70 UCS-2 units.
    """

    channel: str
    address: str
    subject: str
    body: str
    sms: str
    idempotency_key: UUID


@dataclass(frozen=True, slots=True)
class Sent:
    """The provider took it, under this id of its own."""

    provider_id: str = ""


class DeliveryFailed(Exception):
    """The attempt failed: `permanent` is never tried again, every other class is.

    `retry_after`: the seconds the provider asked to be left alone. The text is kept in the clear, so it
    names no address.
    """

    def __init__(self, error_class: ErrorClass, text: str, retry_after: float | None = None) -> None:
        super().__init__(text)
        self.error_class = error_class
        self.retry_after = retry_after
