"""Any HTTP gateway: one POST of JSON with an idempotency key.

    POST {SHELTER_GATEWAY_URL}   Idempotency-Key: <uuid>   Authorization: Bearer <token>
    {"channel": "sms", "to": "+77001234567", "subject": "...", "text": "...", "idempotency_key": "<uuid>"}

| answer                                        | outcome                                                     |
|-----------------------------------------------|-------------------------------------------------------------|
| 2xx                                           | accepted; the answer's `id`, if any, is stored              |
| 429                                           | rate_limited: tried again, not before its Retry-After       |
| no answer in time, 408                        | timeout: tried again                                        |
| 5xx                                           | server: tried again                                         |
| 400, 410, 413, 415, 422                       | permanent: the gateway will never accept this message       |
| everything else (401, 404, 409, 302, cut off) | unknown: tried again, as settings or network are at fault   |
"""

from __future__ import annotations

import functools
import json
import time
from datetime import UTC
from email.utils import parsedate_to_datetime

import httpx
from django.conf import settings

from notifications.channels.message import DeliveryFailed, Message, Sent

PERMANENT = frozenset({400, 410, 413, 415, 422})
MOST_ANSWER_BYTES = 65_536
"""Largest part of an answer that is read. A provider's id stands near the beginning."""


def send(message: Message) -> Sent:
    """Post the message to SHELTER_GATEWAY_URL. Raises DeliveryFailed."""
    key = str(message.idempotency_key)
    deadline = time.monotonic() + settings.GATEWAY_TIMEOUT_SECONDS
    try:
        with _client().stream(
            "POST",
            settings.GATEWAY_URL,
            json={
                "channel": message.channel,
                "to": message.address,
                "subject": message.subject,
                "text": message.sms if message.channel == "sms" else message.body,
                "idempotency_key": key,
            },
            headers={"Idempotency-Key": key} | _authorization(),
            timeout=settings.GATEWAY_TIMEOUT_SECONDS,
        ) as answer:
            _refuse(answer)
            return Sent(_provider_id(_read(answer, deadline)))
    except httpx.TimeoutException:
        raise DeliveryFailed("timeout") from None
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise DeliveryFailed("unknown", exception=error.__class__.__name__) from None


@functools.cache
def _client() -> httpx.Client:
    """Return the process's pool of connections, so that a message need not wait for a handshake."""
    return httpx.Client()


def _authorization() -> dict[str, str]:
    return {"Authorization": f"Bearer {settings.GATEWAY_TOKEN}"} if settings.GATEWAY_TOKEN else {}


def _refuse(answer: httpx.Response) -> None:
    status = answer.status_code
    if answer.is_success:
        return
    if status == 429:
        raise DeliveryFailed("rate_limited", "429", retry_after(answer.headers))
    if status == 408:
        raise DeliveryFailed("timeout", "408")
    if answer.is_server_error:
        raise DeliveryFailed("server", str(status))
    raise DeliveryFailed("permanent" if status in PERMANENT else "unknown", str(status))


def _read(answer: httpx.Response, deadline: float) -> bytes:
    # httpx limits the wait for each piece only. The deadline ends an answer that arrives drop by drop.
    body = b""
    for piece in answer.iter_bytes():
        body += piece
        if len(body) > MOST_ANSWER_BYTES or time.monotonic() > deadline:
            break
    return body


def _provider_id(body: bytes) -> str:
    try:
        answer = json.loads(body)
    except ValueError:
        return ""
    found = answer.get("id") if isinstance(answer, dict) else None
    # PostgreSQL refuses NUL in a text, and a strange id must not prevent the record.
    return str(found)[:200].replace("\0", "") if isinstance(found, str | int) else ""


def retry_after(headers: httpx.Headers) -> float | None:
    """Return the seconds of a Retry-After header (RFC 9110, section 10.2.3); None if it holds neither seconds nor a date.

    A date is compared with the answer's own Date header, since the two clocks may differ.
    """
    value = headers.get("Retry-After", "")
    if value.isascii() and value.isdigit():
        return float(value[:9])
    try:
        until, since = (parsedate_to_datetime(text) for text in (value, headers.get("Date", "")))
    except ValueError:
        return None
    # A date that ends in "-0000" comes without a zone and means UTC.
    seconds = (until.replace(tzinfo=until.tzinfo or UTC) - since.replace(tzinfo=since.tzinfo or UTC)).total_seconds()
    return max(0.0, seconds)
