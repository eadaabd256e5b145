"""Pictures of the main pages for the README, in two languages and two widths: `make screenshots`.

Not a test: pytest runs it for its database, its server and the four people. `tests/unit/test_screenshots.py` holds
README.md against what lies in `docs/screenshots/`.
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import Browser
from pytest_django.live_server_helper import LiveServer

from tests.browser.every_page import Stop, World, browsers, open_stop, world
from tests.unit.documents import ROOT

pytestmark = pytest.mark.django_db(transaction=True)

FOLDER = ROOT / "docs" / "screenshots"
LANGUAGES = ("en", "ru")
SIZES = {360: 740, 1280: 800}
"""Width of the window to its height, in pixels."""

PAGES = {
    "first-page": ("home", "stranger"),
    "question": ("need", "asking"),
    "answers": ("need_check", "asking"),
    "case": ("case", "berta"),
    "host": ("host", "hanna"),
    "nights": ("host_space_nights", "hanna"),
}
"""Name of the picture to the name of the page's address and whose browser sees it."""

COLOURS = 128


def main_page(seen: World, name: str, visitor: str) -> Stop:
    """Return the first such page of the world."""
    return next(stop for stop in seen.stops if (stop.name, stop.visitor) == (name, visitor))


def write_small(png: bytes, path: Path) -> None:
    """Write a picture with no more colours than it needs: a third of the bytes, and the same to the eye."""
    picture = Image.open(io.BytesIO(png)).convert("RGB")
    picture.quantize(COLOURS, dither=Image.Dither.NONE).save(path, optimize=True)


@pytest.mark.parametrize("language", LANGUAGES)
def test_take_screenshots(browser: Browser, live_server: LiveServer, settings: Any, language: str) -> None:
    settings.HELP_CONTACT = "+7 700 000 00 00"
    FOLDER.mkdir(exist_ok=True)
    seen = world()
    for width, height in SIZES.items():
        size = {"width": width, "height": height}
        with browsers(browser, live_server.url, seen, language, viewport=size) as pages:
            for picture, (name, visitor) in PAGES.items():
                page = pages[visitor]
                open_stop(page, main_page(seen, name, visitor))
                page.evaluate("document.fonts.ready")
                write_small(page.screenshot(), FOLDER / f"{picture}-{language}-{width}.png")
