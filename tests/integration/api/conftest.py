"""Callers of the API: each of the four people with a bearer token, and a stranger without one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from accounts import tokens
from tests import people
from tests.people import Person

Calling = Callable[..., APIClient]


@pytest.fixture
def nobody(db: None) -> APIClient:
    """A caller without a token, who reads English."""
    return APIClient(headers={"accept-language": "en"})


@pytest.fixture
def calling(db: None) -> Calling:
    """Return a function that makes a client for a person, with a token of the wanted scope."""

    def with_token(person: Person, scope: str = "write") -> APIClient:
        _row, token = tokens.issue(person.user, name="test", scope=scope, days=1, at=timezone.now())
        return APIClient(headers={"accept-language": "en", "authorization": f"Bearer {token}"})

    return with_token


def space_body(**changes: Any) -> dict[str, Any]:
    """Return the body of an offer: 3 beds in Almaty for 30 nights from tonight."""
    people.place("Almaty")
    window = {"first_night": str(people.tonight()), "last_day": str(people.tonight(30))}
    return {"place": "Алматы", "address": "Abay Avenue 10", "beds": 3, "windows": [window]} | changes


def request_body(**changes: Any) -> dict[str, Any]:
    """Return the body of a need: 2 adults in Almaty for 5 nights from tonight."""
    people.place("Almaty")
    return {"place": "Almaty", "people": 2, "first_night": str(people.tonight()), "nights": 5} | changes
