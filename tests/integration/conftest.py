"""The four people as fixtures, and a way to sign them in."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

from tests import people
from tests.people import Person


@pytest.fixture
def amira(db: None) -> Person:
    """The arrival."""
    return people.amira()


@pytest.fixture
def hanna(db: None) -> Person:
    """The host, vetted."""
    return people.hanna()


@pytest.fixture
def carla(db: None) -> Person:
    """The coordinator of all places."""
    return people.carla()


@pytest.fixture
def lena(db: None) -> Person:
    """The lead coordinator."""
    return people.lena()


@pytest.fixture
def adil(db: None) -> Person:
    """The auditor."""
    return people.adil()


@pytest.fixture
def oskar(db: None) -> Person:
    """The outsider, who has a case and a space of his own."""
    return people.oskar()


@pytest.fixture
def signed_in(db: None) -> Callable[[Person], Client]:
    """Return a function that signs a person in and returns the browser; a coordinator signs in with both factors."""
    return people.client_of
