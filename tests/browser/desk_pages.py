"""Open pages of the coordinators' desk in Chromium, and run axe on them. `tests.desk_pages` lists the pages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

Opening = Callable[..., Page]
"""Opens a page of the desk as a person; the fixture `opening` provides it."""

RULES = {"runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}}


def wrong(page: Page) -> list[Any]:
    """Return what axe finds on a page that allows axe's script: each rule and the elements that break it."""
    found = Axe().run(page, options=RULES).response["violations"]
    return [(each["id"], [node["html"] for node in each["nodes"]]) for each in found]
