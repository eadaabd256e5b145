"""What every test shares."""

from __future__ import annotations

from typing import Any

import pytest


@pytest.fixture(autouse=True)
def quick_people(settings: Any) -> None:
    """Hash secrets with Argon2id at the least cost: making people is not what most tests are about."""
    settings.PASSWORD_HASHERS = ["tests.hashers.QuickArgon2", "django.contrib.auth.hashers.Argon2PasswordHasher"]
