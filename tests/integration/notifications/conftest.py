"""The recipients: Hanna has an e-mail address, Amira only her page, Carla a phone."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from accounts.contacts import add_contact_point
from accounts.models import User
from notifications import wakeups
from tests.standins.fixtures import gateway, mail_server

__all__ = ["gateway", "mail_server"]

NOON = datetime(2022, 9, 26, 6, 0, tzinfo=UTC)
"""Noon in Almaty."""


@pytest.fixture
def hanna(db: None) -> User:
    """The host, who reads English and her e-mail."""
    user = User.objects.create_user("hanna", language="en")
    add_contact_point(user, "email", "hanna@example.org", verified_at=NOON, preferred=True)
    return user


@pytest.fixture
def amira(db: None) -> User:
    """The arrival, who gave no address at all."""
    return User.objects.create_user("48217730", language="ru")


@pytest.fixture
def carla(db: None) -> User:
    """The coordinator, who is told by SMS."""
    user = User.objects.create_user("carla", language="en", is_staff=True)
    add_contact_point(user, "sms", "+77001234567", verified_at=NOON)
    return user


@pytest.fixture
def oskar(db: None) -> User:
    """The outsider."""
    return User.objects.create_user("oskar", language="en")


@pytest.fixture(autouse=True)
def _same_everywhere(monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    """Fix the length of links on every machine, and let wake-ups try a broker that an earlier test found dead."""
    settings.SITE_URL = "https://somewhere.example"
    settings.TIME_ZONE = "Asia/Almaty"
    monkeypatch.setattr(wakeups, "_failed_at", float("-inf"))
