"""What every test shares."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.conf import settings as service
from django.utils.translation import override

from shelter.settings import broker


def pytest_configure() -> None:
    """Give each process of pytest-xdist a Redis database of its own, as pytest-django gives it one of PostgreSQL.

    Otherwise the worker of a test in one process would hear, and use up, the wake-ups of a test in the other.
    """
    if process := os.environ.get("PYTEST_XDIST_WORKER"):
        service.REDIS_URL = redis_of_process(service.REDIS_URL, int(process.removeprefix("gw")))
        service.CELERY_BROKER_URL = broker(service.REDIS_URL)


def redis_of_process(url: str, number: int) -> str:
    """Return the URL of the database `number` places after the one `url` names."""
    parts = urlsplit(url)
    if parts.scheme == "unix":
        return f"unix://{parts.path}?db={int(parts.query.removeprefix('db=') or 0) + number}"
    return parts._replace(path=f"/{int(parts.path.strip('/') or 0) + number}").geturl()


@pytest.fixture(autouse=True)
def in_english(settings: Any) -> Iterator[None]:
    """Read what the service says in the language of the source, unless a test asks for another."""
    settings.LANGUAGE_CODE = "en"
    with override("en"):
        yield


@pytest.fixture(autouse=True)
def quick_people(settings: Any) -> None:
    """Hash secrets with Argon2id at the least cost: making people is not what most tests are about."""
    settings.PASSWORD_HASHERS = ["tests.hashers.QuickArgon2", "django.contrib.auth.hashers.Argon2PasswordHasher"]
