"""Opening pages of the coordinators' desk in Chromium, and what axe finds on one. The pages are in `tests.desk_pages`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

Opening = Callable[..., Page]
"""Opens a page of the desk as somebody; the fixture `opening`."""

RULES = {"runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}}


def wrong(page: Page) -> list[Any]:
    """Return what axe finds on a page at which it may run its script: the rule and the elements that break it."""
    found = Axe().run(page, options=RULES).response["violations"]
    return [(each["id"], [node["html"] for node in each["nodes"]]) for each in found]
