"""A real browser (the system's Chromium) against the real server, with JavaScript switched off."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright
from pytest_django.live_server_helper import LiveServer

from tests import people
from tests.browser.desk_pages import Opening
from tests.people import Person
from tests.standins.fixtures import gateway

__all__ = ["gateway"]

# Playwright's synchronous interface runs an event loop in this thread, while the tests use the database outside of it.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")

GIVEN_UP = "net::ERR_ABORTED"
PATIENCE_MS = 120_000
"""The longest wait for anything: a busy machine may be slow, and only a broken build must end."""

CHROMIUM = os.environ.get("SHELTER_CHROMIUM", "/usr/bin/chromium")
HEADLESS = os.environ.get("SHELTER_CHROMIUM") or shutil.which("chromium-headless-shell") or CHROMIUM
"""The same engine without the window around it, where the system has it: a page takes a quarter less of the processor."""


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium without a window; as root it cannot use its own sandbox."""
    with sync_playwright() as playwright:
        flags = ["--no-sandbox"] if os.geteuid() == 0 else []
        chromium = playwright.chromium.launch(executable_path=HEADLESS, args=flags)
        new_context = chromium.new_context

        def patient(**options: Any) -> BrowserContext:
            context = new_context(**options)
            context.set_default_timeout(PATIENCE_MS)
            return context

        chromium.new_context = patient  # type: ignore[method-assign]
        expect.set_options(timeout=PATIENCE_MS)
        yield chromium
        chromium.close()


@pytest.fixture(params=[360, 1280], ids=["phone", "desktop"])
def page(request: pytest.FixtureRequest, browser: Browser, live_server: LiveServer) -> Iterator[Page]:
    """A page in English without JavaScript, as wide as a small phone or a desktop; any fault on it fails the test."""
    context = browser.new_context(
        viewport={"width": request.param, "height": 740},
        base_url=live_server.url,
        locale="en-GB",
        java_script_enabled=False,
    )
    faults: list[str] = []
    page = context.new_page()
    page.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
    # A quick visitor leaves while the icon is still loading: a request that the browser itself gave up is no fault.
    page.on(
        "requestfailed", lambda failed: faults.append(f"failed: {failed.url}") if failed.failure != GIVEN_UP else None
    )
    page.on(
        "request", lambda sent: faults.append(f"elsewhere: {sent.url}") if _elsewhere(sent.url, live_server) else None
    )
    yield page
    context.close()
    assert [fault for fault in faults if "422" not in fault] == []


def _elsewhere(url: str, live_server: LiveServer) -> bool:
    return not url.startswith(live_server.url)


@pytest.fixture
def pictures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder for this test's screenshots: SHELTER_PICTURES. Without it nobody would look at them, so none is taken."""
    if "SHELTER_PICTURES" not in os.environ:
        monkeypatch.setattr(Page, "screenshot", lambda *_words, **_options: b"")
    folder = Path(os.environ.get("SHELTER_PICTURES", str(tmp_path)))
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture
def opening(browser: Browser, live_server: LiveServer) -> Iterator[Opening]:
    """Open a page as a person, with or without scripts; a fault or a request to another site fails the test."""
    faults: list[str] = []
    contexts = []

    def open_(person: Person, *, scripts: bool = True, width: int = 1280, **more: Any) -> Page:
        context = browser.new_context(
            viewport={"width": width, "height": 800},
            base_url=live_server.url,
            locale="en-GB",
            java_script_enabled=scripts,
            **more,
        )
        contexts.append(context)
        session = people.desk_client(person).cookies[settings.SESSION_COOKIE_NAME]
        context.add_cookies([{"name": session.key, "value": session.value, "url": live_server.url}])
        page = context.new_page()
        page.on("console", lambda said: faults.append(said.text) if said.type == "error" else None)
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on(
            "request",
            lambda sent: None if sent.url.startswith(live_server.url) else faults.append(f"elsewhere: {sent.url}"),
        )
        return page

    yield open_
    for context in contexts:
        context.close()
    assert faults == []


@pytest.fixture
def carla(transactional_db: None) -> Person:
    return people.carla()
