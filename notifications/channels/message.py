"""The input and the outcomes of a transport."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal
from uuid import UUID

ErrorClass = Literal["timeout", "rate_limited", "server", "unknown", "permanent"]


@dataclass(frozen=True, slots=True)
class Message:
    """One message to one address. A message that is sent again has the same `idempotency_key`.

    `channel` is the kind of address ("email", "sms", "telegram"). `sms` says the same as `body` in at most 70 UCS-2
    units, which is one SMS.
    """

    channel: str
    address: str
    subject: str
    body: str
    sms: str
    idempotency_key: UUID


@dataclass(frozen=True, slots=True)
class Sent:
    """The provider accepted the message and gave it this id."""

    provider_id: str = ""


class DeliveryFailed(Exception):
    """The attempt failed. A `permanent` failure is not tried again; every other class is.

    `retry_after` is the number of seconds that the provider asked to wait. The text is stored unencrypted, so it must
    name no address.
    """

    def __init__(self, error_class: ErrorClass, text: str, retry_after: float | None = None) -> None:
        super().__init__(text)
        self.error_class = error_class
        self.retry_after = retry_after
