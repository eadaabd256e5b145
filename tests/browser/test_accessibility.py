"""Every page in every language: axe finds no fault, everything fits, and everything to tap is large enough."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page
from pytest_django.live_server_helper import LiveServer

from matching.web import urls
from tests.browser.every_page import LANGUAGES, LOOKED_AT_NOWHERE, Scheme, WithFaults, World, browsers, open_stop, world
from tests.examples import ALL_EXAMPLES

pytestmark = pytest.mark.django_db(transaction=True)

EVERY_RULE = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
BY_STYLE = ["color-contrast", "link-in-text-block", "target-size", "scrollable-region-focusable"]
"""The rules that depend on colours and sizes; the other rules read only the document, which no look changes."""

VIEWS: list[tuple[int, Scheme, list[str]]] = [
    (360, "light", EVERY_RULE),
    (360, "dark", BY_STYLE),
    (1280, "dark", BY_STYLE),
    (1280, "light", EVERY_RULE),
    (640, "light", BY_STYLE),
]
"""Widths in CSS pixels, colours and rules; 640 is a window of 1280 pixels at 200 %.

In every width and language each page must fit and be large enough to tap. axe reads each page in each view in one language,
which changes from page to page and from view to view: the document and its colours are the same in all. With
SHELTER_ALL_EXAMPLES (`make proof`), axe reads every view in every language.
"""

TOUCH = 44
TOO_SMALL = """least => [...document.querySelectorAll("a[href], button, summary, input:not([type=hidden]), textarea, select")]
  .filter(each => each.checkVisibility({visibilityProperty: true}) && !each.closest(".skip"))
  .map(each => each.matches("[type=radio], [type=checkbox]") ? each.closest("label, .choice") : each)
  .filter(each => {
    const within = each.parentElement, sentence = each.matches("a") && within.textContent.trim() !== each.textContent.trim();
    const {width, height} = each.getBoundingClientRect();
    return (height < least || width < least) && !(sentence && getComputedStyle(each).display === "inline");
  })
  .map(each => each.outerHTML.slice(0, 120))"""
"""Elements to tap smaller than `least` pixels. A link in a sentence may be as high as its line (WCAG 2.5.8)."""


@pytest.fixture
def seen(settings: Any) -> World:
    settings.ROOT_URLCONF = WithFaults
    settings.HELP_CONTACT = "+7 700 000 00 00"
    return world()


def test_every_page_is_looked_at(seen: World) -> None:
    names = {pattern.name for pattern in urls.urlpatterns}

    assert {stop.name for stop in seen.stops} - {"fault", "styleguide"} == names - set(LOOKED_AT_NOWHERE)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_page_has_nothing_wrong_fits_and_can_be_tapped(
    browser: Browser, live_server: LiveServer, seen: World, language: str
) -> None:
    wrong: dict[str, list[Any]] = {}
    with browsers(browser, live_server.url, seen, language, bypass_csp=True) as pages:
        for page in pages.values():
            page.add_init_script(
                Axe().axe_script
            )  # Sent once for each visitor, not for each page: it is half a megabyte.
        for number, stop in enumerate(seen.stops):
            page = pages[stop.visitor]
            open_stop(page, stop)
            for view, (width, scheme, rules) in enumerate(VIEWS):
                by_axe = ALL_EXAMPLES or LANGUAGES[(number + view) % len(LANGUAGES)] == language
                if scheme == "dark" and not by_axe:
                    continue  # Dark changes colours alone, and no size.
                page.set_viewport_size({"width": width, "height": 740})
                page.emulate_media(color_scheme=scheme)
                found = ["too wide"] if too_wide(page) else []
                found += page.evaluate(TOO_SMALL, TOUCH)
                if by_axe:
                    found += violations(page, rules)
                if found:
                    wrong[f"{stop} {width} {scheme}"] = found

    assert wrong == {}


WIDTH = "document.documentElement.scrollWidth"


def too_wide(page: Page) -> bool:
    assert page.viewport_size is not None
    return bool(page.evaluate(WIDTH) > page.viewport_size["width"])


def violations(page: Page, rules: list[str]) -> list[Any]:
    """Return what axe finds, which the page has loaded already: each rule and the elements that break it."""
    options = {"resultTypes": ["violations"], "runOnly": rules}
    found = page.evaluate("options => axe.run(document, options)", options)["violations"]
    return [(each["id"], [node["html"][:200] for node in each["nodes"]]) for each in found]


# -- the checks can fail ---------------------------------------------------------------------------


@pytest.fixture
def looked_at(browser: Browser, live_server: LiveServer) -> Iterator[Page]:
    context = browser.new_context(
        viewport={"width": 360, "height": 740}, base_url=live_server.url, locale="en", bypass_csp=True
    )
    page = context.new_page()
    page.add_init_script(Axe().axe_script)
    page.goto("/need/people/")
    yield page
    context.close()


def test_axe_finds_a_field_without_its_label(looked_at: Page) -> None:
    looked_at.evaluate("document.querySelector('label[for=id_adults]').remove()")

    assert [rule for rule, _nodes in violations(looked_at, EVERY_RULE)] == ["label"]


def test_what_is_too_small_or_too_wide_is_found(looked_at: Page) -> None:
    assert (looked_at.evaluate(TOO_SMALL, TOUCH), too_wide(looked_at)) == ([], False)

    looked_at.evaluate(
        """() => {
          const button = document.querySelector("main form .button");
          button.style.cssText = "min-height: 0; padding: 0; inline-size: 400px";
        }"""
    )

    assert [html.split(">")[0] for html in looked_at.evaluate(TOO_SMALL, TOUCH)] == [
        '<button class="button" style="min-height: 0px; padding: 0px; inline-size: 400px;"'
    ]
    assert too_wide(looked_at)
