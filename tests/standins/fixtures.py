"""The stand-ins as fixtures; a conftest imports those that its tests need."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.standins.gateway import TOKEN, Gateway
from tests.standins.mailserver import MailServer


@pytest.fixture
def gateway(settings: Any) -> Iterator[Gateway]:
    """An HTTP gateway to which this process sends every message; this process waits half a second for its answers."""
    with Gateway() as server:
        settings.NOTIFICATION_TRANSPORTS = ["gateway"]
        settings.GATEWAY_URL = server.url
        settings.GATEWAY_TOKEN = TOKEN
        settings.GATEWAY_TIMEOUT_SECONDS = 0.5
        yield server


@pytest.fixture
def mail_server(settings: Any) -> Iterator[MailServer]:
    """An SMTP server to which this process sends its e-mail; this process waits half a second for its answers."""
    with MailServer() as server:
        settings.NOTIFICATION_TRANSPORTS = ["email"]
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", server.port
        settings.EMAIL_TIMEOUT = 0.5
        settings.DEFAULT_FROM_EMAIL = "Shanyrak <we@example.org>"
        yield server
