"""Fixtures and settings of every test."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.conf import settings as service
from django.test import Client, TransactionTestCase
from django.utils import timezone
from django.utils.translation import override
from hypothesis import HealthCheck, settings
from whitenoise.middleware import WhiteNoiseMiddleware

from shelter.settings import broker
from tests import databases


def pytest_configure() -> None:
    """Let examples take as long as they need, and give each process of pytest-xdist a Redis database of its own.

    pytest-django does so with PostgreSQL databases.
    Otherwise a worker that a test starts in one process would take the wake-ups of a test in another process.
    """
    # A busy machine is no fault of the code: Hypothesis alone would fail an example that takes a fifth of a second.
    unhurried = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}
    settings.register_profile("unhurried", settings.default, **unhurried)
    settings.load_profile("unhurried")
    if process := os.environ.get("PYTEST_XDIST_WORKER"):
        service.REDIS_URL = redis_of_process(service.REDIS_URL, int(process.removeprefix("gw")))
        service.CELERY_BROKER_URL = broker(service.REDIS_URL)


def pytest_collection_finish() -> None:
    """Leave what is loaded by now out of every later search for garbage: a third of a million objects that stay to the end."""
    leave_out_what_is_loaded()
    gc.set_threshold(20_000, 20, 20)


def leave_out_what_is_loaded() -> None:
    gc.collect()
    gc.freeze()


def redis_of_process(url: str, number: int) -> str:
    """Return the URL of the Redis database `number` places after the one that `url` names."""
    parts = urlsplit(url)
    if parts.scheme == "unix":
        return f"unix://{parts.path}?db={int(parts.query.removeprefix('db=') or 0) + number}"
    return parts._replace(path=f"/{int(parts.path.strip('/') or 0) + number}").geturl()


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings_parallel_suffix: None, django_db_blocker: Any) -> None:
    """Copy the test database of this process from a template; pytest-django asks for this fixture before it makes one."""
    with django_db_blocker.unblock():
        databases.use_template()
    leave_out_what_is_loaded()  # The migrations leave much behind.


@pytest.fixture(scope="session", autouse=True)
def static_files_found_once() -> Iterator[None]:
    """Let WhiteNoise look for the static files once, not for every test client: each of them starts the middleware anew."""
    look, found = WhiteNoiseMiddleware.add_files_from_finders, dict[str, dict[str, Any]]()

    def remembered(self: WhiteNoiseMiddleware) -> None:
        where = service.STATICFILES_DIRS, service.STATICFILES_FINDERS, service.INSTALLED_APPS
        key = str((where, service.STORAGES, self.static_prefix, self.max_age))
        if key not in found:
            before = set(self.files)
            look(self)
            found[key] = {url: file for url, file in self.files.items() if url not in before}
        self.files.update(found[key])

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(WhiteNoiseMiddleware, "add_files_from_finders", remembered)
        yield


@pytest.fixture(scope="session", autouse=True)
def emptied_quickly() -> Iterator[None]:
    """Empty the database quickly after each test that commits."""
    flush = TransactionTestCase._fixture_teardown
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", lambda case: databases.emptied(case, flush))
        yield


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
