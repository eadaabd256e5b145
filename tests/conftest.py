"""What every test shares."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.utils.translation import override


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
