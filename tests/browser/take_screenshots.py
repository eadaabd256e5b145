"""Take pictures of the main pages for docs/pages.md, in two languages and two widths: `make screenshots`.

Also write the list of the pictures. This is not a test: pytest runs it for its database, its server and the four
people. `tests/unit/test_screenshots.py` compares the documents with the files in `docs/screenshots/`.
"""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Browser
from pytest_django.live_server_helper import LiveServer

from tests.browser.every_page import Stop, World, browsers, open_stop, world
from tests.browser.picture_lists import FOLDER, Picture, write_list, write_small
from tests.unit.documents import ROOT

pytestmark = pytest.mark.django_db(transaction=True)

DOCUMENT = ROOT / "docs" / "pages.md"
LANGUAGES = {"en": "English", "ru": "Russian"}
SIZES = {360: 740, 1280: 800}
"""The height of the window for each width, in pixels."""

WIDTH_SHOWN = {360: 150, 1280: 260}

PAGES = {
    "first-page": ("The first page: two choices", "home", "stranger"),
    "question": ("A question to an arrival, and why it is asked", "need", "asking"),
    "answers": ("All answers with their Change links", "need_check", "asking"),
    "case": ("A case: what happened, what comes next, by when, whom to ask", "case", "berta"),
    "not-safe": ("Somebody does not feel safe: what is true now, and where to be reached", "case_safety", "amira"),
    "not-safe-host": ("A host does not feel safe: the same page, with the same promises", "host_safety", "hanna"),
    "host": ("A host's page with the question that waits", "host", "hanna"),
    "nights": ("The nights on which a space is free", "host_space_nights", "hanna"),
}
"""For each picture's name: what it shows, the name of the page's address, and the visitor whose browser sees it."""


def pictures() -> dict[str, list[Picture]]:
    """Return the pictures of each page under its title."""
    return {
        title: [
            (f"{name}-{language}-{width}.png", f"{title}; in {spoken}, {width} pixels wide", shown)
            for width, shown in WIDTH_SHOWN.items()
            for language, spoken in LANGUAGES.items()
        ]
        for name, (title, _address, _visitor) in PAGES.items()
    }


def main_page(seen: World, name: str, visitor: str) -> Stop:
    """Return the first page of the world with this address and visitor."""
    return next(stop for stop in seen.stops if (stop.name, stop.visitor) == (name, visitor))


@pytest.mark.parametrize("language", list(LANGUAGES))
def test_take_screenshots(browser: Browser, live_server: LiveServer, settings: Any, language: str) -> None:
    settings.HELP_CONTACT = "+7 700 000 00 00"
    FOLDER.mkdir(exist_ok=True)
    seen = world()
    for width, height in SIZES.items():
        size = {"width": width, "height": height}
        with browsers(browser, live_server.url, seen, language, viewport=size) as pages:
            for picture, (_title, name, visitor) in PAGES.items():
                page = pages[visitor]
                open_stop(page, main_page(seen, name, visitor))
                page.evaluate("document.fonts.ready")
                write_small(page.screenshot(), FOLDER / f"{picture}-{language}-{width}.png")


def test_list_screenshots() -> None:
    write_list(DOCUMENT, pictures())
