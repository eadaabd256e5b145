"""The input and the outcomes of a transport."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal
from uuid import UUID

ErrorClass = Literal["timeout", "rate_limited", "server", "unknown", "permanent", "lost"]


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

    `error_class` is the code that the desk words. `answer` holds the provider's own words, such as the status of its answer,
    and never ours; `exception` is the name of the exception where one of our program ended the attempt. Both are stored
    unencrypted, so they must name no address. `retry_after` is the number of seconds that the provider asked to wait.
    """

    def __init__(
        self, error_class: ErrorClass, answer: str = "", retry_after: float | None = None, *, exception: str = ""
    ) -> None:
        super().__init__(answer or exception)
        self.error_class = error_class
        self.answer = answer
        self.exception = exception
        self.retry_after = retry_after
