"""Fixtures and settings of every test."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.conf import settings as service
from django.test import Client
from django.utils import timezone
from django.utils.translation import override

from shelter.settings import broker


def pytest_configure() -> None:
    """Give each process of pytest-xdist its own Redis database, as pytest-django gives each its own PostgreSQL database.

    Otherwise a worker that a test starts in one process would take the wake-ups of a test in another process.
    """
    if process := os.environ.get("PYTEST_XDIST_WORKER"):
        service.REDIS_URL = redis_of_process(service.REDIS_URL, int(process.removeprefix("gw")))
        service.CELERY_BROKER_URL = broker(service.REDIS_URL)


def redis_of_process(url: str, number: int) -> str:
    """Return the URL of the Redis database `number` places after the one that `url` names."""
    parts = urlsplit(url)
    if parts.scheme == "unix":
        return f"unix://{parts.path}?db={int(parts.query.removeprefix('db=') or 0) + number}"
    return parts._replace(path=f"/{int(parts.path.strip('/') or 0) + number}").geturl()


@pytest.fixture(autouse=True)
def in_english(settings: Any) -> Iterator[None]:
    """Show the service's texts in English, the language of the source, unless a test asks for another."""
    settings.LANGUAGE_CODE = "en"
    with override("en"):
        yield


@pytest.fixture(autouse=True)
def quick_people(settings: Any) -> None:
    """Hash secrets with Argon2id at the least cost: few tests are about hashing, and most make people."""
    settings.PASSWORD_HASHERS = ["tests.hashers.QuickArgon2", *settings.PASSWORD_HASHERS]


@pytest.fixture(autouse=True)
def sessions_that_count(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let Django's `Client.force_login` write the row of its session, as every door of the service does."""
    force = Client.force_login

    def force_login(self: Client, user: Any, backend: str | None = None) -> None:
        from accounts import sign_ins  # Django loads the models after it has read this file.
        from accounts.models import SignIn

        force(self, user, backend)
        session = self.session
        sign_ins.register(session, user, SignIn.Way.CASE, at=timezone.now())
        session.save()

    monkeypatch.setattr(Client, "force_login", force_login)
