"""Pages in a right-to-left language: the pages are mirrored, and longer words fit. No such language is offered yet."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.conf import settings as service
from django.template.loader import render_to_string
from django.utils import translation
from playwright.sync_api import Browser, Page
from pytest_django.live_server_helper import LiveServer

from tests.browser.every_page import WithFaults, browsers, open_stop, world

pytestmark = pytest.mark.django_db(transaction=True)

PHYSICAL = re.compile(
    r"(?<![\w-])((?:margin|padding|border|scroll-margin|scroll-padding)-(?:left|right|top|bottom)[\w-]*"
    r"|left|right|top|bottom|float|(?:min-|max-)?(?:width|height))\s*:"
    r"|text-align:\s*(?:left|right)"
)
"""CSS properties that name a side of the screen although CSS has a property for a side of the text."""

TURN_AND_LENGTHEN = """() => {
  document.documentElement.dir = "rtl";
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const text = texts.currentNode;
    const longer = text.textContent.replace(/\\p{L}{4,}/gu, word => word + word.slice(0, word.length / 2));
    if (text.textContent.trim()) text.textContent = longer;
  }
}"""
"""Turn the page round, and make every word half as long again, because a translation may be that long."""

SIDES = """() => {
  const x = what => document.querySelector(what).getBoundingClientRect().x;
  return [x(".leave") < x(".name"), getComputedStyle(document.querySelector("h1")).textAlign];
}"""


def test_page_in_a_language_from_the_right_says_so() -> None:
    with translation.override("ar"):
        assert '<html lang="ar" dir="rtl">' in render_to_string("404.html")
    with translation.override("ka"):
        assert '<html lang="ka">' in render_to_string("404.html")


def test_styles_name_no_side_of_the_screen() -> None:
    css = (service.BASE_DIR / "static" / "pages.css").read_text(encoding="utf-8")
    rules = re.sub(r"/\*.*?\*/|@media[^{]*", "", css, flags=re.S)

    assert [found[0] for found in PHYSICAL.finditer(rules)] == []
    assert [found[0] for found in PHYSICAL.finditer("a { margin-left: 1px; left: 0; text-align: right }")] == [
        "margin-left:",
        "left:",
        "text-align: right",
    ]


def test_every_page_mirrors_itself_and_longer_words_fit(
    browser: Browser, live_server: LiveServer, settings: Any
) -> None:
    settings.ROOT_URLCONF = WithFaults
    seen = world()
    wrong: dict[str, Any] = {}
    with browsers(browser, live_server.url, seen, "en") as pages:
        for stop in seen.stops:
            if stop.address == "/fault/leave":  # This page has no frame.
                continue
            page = pages[stop.visitor]
            page.set_viewport_size({"width": 360, "height": 740})
            open_stop(page, stop)
            page.evaluate(TURN_AND_LENGTHEN)
            for width in (360, 1280):
                page.set_viewport_size({"width": width, "height": 740})
                found = (page.evaluate(SIDES), reaches_outside(page))
                if found != ([True, "start"], False):
                    wrong[f"{stop} {width}"] = found

    assert wrong == {}


def reaches_outside(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"))
