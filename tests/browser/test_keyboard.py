"""The pages with the keyboard alone: the focus reaches everything, is visible, and is never covered."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from matching.models import ShelterRequest
from tests import people
from tests.browser.every_page import WithFaults, browsers, open_stop, world

pytestmark = pytest.mark.django_db(transaction=True)

REACHABLE = """() => {
  const problem = document.querySelector(".problem"), groups = new Set();
  return [...document.querySelectorAll("a[href], button, summary, input:not([type=hidden]), textarea, select")]
    .filter(each => each.checkVisibility({visibilityProperty: true}))
    .filter(each => !problem || problem.compareDocumentPosition(each) & Node.DOCUMENT_POSITION_FOLLOWING)
    .filter(each => {
      if (each.type !== "radio") return true;
      const chosen = document.querySelector(`[name="${each.name}"]:checked`);
      if (chosen ? chosen !== each : groups.has(each.name)) return false;
      return groups.add(each.name);
    }).map(each => [...document.querySelectorAll("*")].indexOf(each) + " " + each.outerHTML.slice(0, 100));
}"""
"""The elements at which Tab must stop, in document order; after a problem, starting from the element with the problem."""

FOCUSED = """() => {
  const here = document.activeElement;
  if (here === document.body) return null;
  const marked = here.matches("[type=radio], [type=checkbox]") ? here.closest("label, .choice") : here;
  const {outlineStyle, outlineWidth} = getComputedStyle(marked), box = marked.getBoundingClientRect();
  const top = document.elementFromPoint(box.x + box.width / 2, box.y + Math.min(box.height / 2, 20));
  return {
    what: [...document.querySelectorAll("*")].indexOf(here) + " " + here.outerHTML.slice(0, 100),
    seen: outlineStyle === "auto" || (outlineStyle !== "none" && parseFloat(outlineWidth) >= 2),
    uncovered: top !== null && (marked.contains(top) || top.contains(marked)),
  };
}"""


def steps(page: Page, key: str) -> list[Any]:
    """Press `key` until the focus leaves the page or starts again; return the stops; a date's parts are one stop."""
    focused: list[Any] = []
    for _press in range(300):
        page.keyboard.press(key)
        here = page.evaluate(FOCUSED)
        if here is None or (len(focused) > 1 and focused[0]["what"] == here["what"]):
            return focused
        if not (focused and focused[-1]["what"] == here["what"]):
            focused.append(here)
    raise AssertionError("the focus does not leave the page")


def test_everything_is_reached_in_order_seen_and_uncovered(
    browser: Browser, live_server: LiveServer, settings: Any
) -> None:
    settings.ROOT_URLCONF = WithFaults
    wrong: dict[str, Any] = {}
    seen = world()
    with browsers(browser, live_server.url, seen, "en", java_script_enabled=False) as pages:
        for stop in seen.stops:
            page = pages[stop.visitor]
            open_stop(page, stop)
            onward, reachable = steps(page, "Tab"), page.evaluate(REACHABLE)
            # The browser may start again after the last stop.
            in_order = [each["what"] for each in onward][: len(reachable)]
            if in_order != reachable:
                wrong[f"{stop} order"] = [in_order, reachable]
            back = steps(page, "Shift+Tab")
            if hidden := [each for each in onward + back if not (each["seen"] and each["uncovered"])]:
                wrong[f"{stop} focus"] = hidden

    assert wrong == {}


def test_focus_moves_to_what_went_wrong(page: Page) -> None:
    page.goto("/need/people/")
    page.get_by_role("button", name="Continue").click()

    expect(page.get_by_role("alert")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_label("Adults")).to_be_focused()


ANSWERS = {"adults": "2", "place": "Алматы", "nights": "3", "min_nights": "1"}


def test_arrival_asks_for_shelter_with_the_keyboard_alone(page: Page) -> None:
    people.place()
    page.goto("/")
    press(page, "I need a place to sleep")
    press(page, "For another night")
    for _question in range(8):
        if "/need/check/" in page.url:
            break
        answer(page)
    press(page, "Ask for shelter")

    expect(page.get_by_role("heading", level=1)).to_have_text("We have your request")
    asked = ShelterRequest.objects.get()
    assert (asked.people, asked.nights, asked.languages) == (2, 3, ["ru"])


def press(page: Page, words: str) -> None:
    """Press Tab until the link or button with these words has the focus, and press it."""
    for _stop in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.textContent.trim()") == words:
            with page.expect_navigation():
                page.keyboard.press("Enter")
            return
    raise AssertionError(f"Tab does not reach {words!r}")


def answer(page: Page) -> None:
    """Answer a question by Tab: type, choose the first option, tick Russian, and continue."""
    while True:
        page.keyboard.press("Tab")
        kind, name, value, words, empty = page.evaluate(
            """(() => { const here = document.activeElement;
              return [here.type ?? "", here.name ?? "", here.value ?? "", here.textContent.trim(),
                      !document.querySelector(`[name="${here.name}"]:checked`)] })()"""
        )
        if name in ANSWERS and kind in ("text", "number"):
            page.keyboard.press("Control+A")
            page.keyboard.type(ANSWERS[name])
        elif (kind == "radio" and empty) or (kind == "checkbox" and value == "ru"):
            page.keyboard.press("Space")
        elif words == "Continue":
            with page.expect_navigation():
                page.keyboard.press("Enter")
            return
