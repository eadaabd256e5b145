"""The rest of the desk's pages: axe finds no fault, every page fits its window, and Tab alone reaches everything.

A coordinator of another place sees none of the household's data, and an auditor finds no button to press.
"""

from __future__ import annotations

from typing import Any, Literal

import pytest
from playwright.sync_api import Page

from tests import people
from tests.browser.desk_pages import Opening, wrong
from tests.desk_pages import Desk, desk
from tests.people import Person

pytestmark = pytest.mark.django_db(transaction=True)

TABBED = """() => {
  const every = ":is(a[href], button, input:not([type=hidden]), select, textarea, summary)";
  const stops = [...document.querySelectorAll(`#content ${every}`)]
    .filter(each => each.checkVisibility({visibilityProperty: true}) && !each.disabled
                    && !(each.type === "radio" && !each.checked));
  stops.forEach((each, number) => each.dataset.stop = number);
  return stops.length;
}"""
"""Number every element of a page that can be pressed or filled in; of radio buttons only the checked one, as Tab does."""
AT = "() => document.activeElement.dataset.stop ?? ''"
VISIBLE = """() => { const style = getComputedStyle(document.activeElement); return style.outlineStyle !== "none"
  || style.boxShadow !== "none" || document.activeElement.closest("#searchbar, .related-widget-wrapper") !== null
  || parseFloat(style.borderWidth) > 0; }"""


@pytest.fixture
def hanna(transactional_db: None) -> Person:
    return people.hanna()


@pytest.mark.parametrize(("width", "scheme"), [(360, "dark"), (1280, "light")])
def test_every_page_has_nothing_wrong_and_fits(
    opening: Opening, hanna: Person, width: int, scheme: Literal["light", "dark"], pictures: Any
) -> None:
    there = desk(hanna)
    found = {}
    for person, pages in ((people.carla(), there.coordinators_pages), (people.lena(), there.leads_pages)):
        page = opening(person, width=width, color_scheme=scheme, bypass_csp=True)
        for name, address in pages.items():
            answer = page.goto(address)
            assert answer is not None
            page.evaluate("document.querySelectorAll('#content details').forEach((each) => (each.open = true))")
            page.screenshot(path=pictures / f"desk-{name}-{width}-{scheme}.png", full_page=True)
            found[name] = (answer.status, page.evaluate("document.documentElement.scrollWidth"), wrong(page))

    assert found == dict.fromkeys(found, (200, width, []))


def unreached(page: Page) -> list[int]:
    """Return the numbers of the elements that Tab does not reach, or reaches without a visible sign of the focus."""
    count = page.evaluate(TABBED)
    reached = set()
    for _press in range(count + 60):  # The header and the sidebar stand before the content.
        page.keyboard.press("Tab")
        stop = page.evaluate(AT)
        if stop and page.evaluate(VISIBLE):
            reached.add(int(stop))
        if len(reached) == count:
            break
    return sorted(set(range(count)) - reached)


def test_everything_is_reached_by_tab_alone(opening: Opening, hanna: Person) -> None:
    there = desk(hanna)
    names = ("match", "request", "space", "host", "calls", "request-on-behalf", "space-on-behalf", "place")
    carla, lena = opening(people.carla()), opening(people.lena())
    left = {}
    for page, pages in ((carla, {name: there.coordinators_pages[name] for name in names}), (lena, there.leads_pages)):
        for name, address in pages.items():
            if name.startswith("audit"):
                continue  # Django's own lists have a link for each filter.
            page.goto(address)
            left[name] = unreached(page)

    assert left == {name: [] for name in left}


def test_what_tab_does_not_reach_is_seen_here(opening: Opening, hanna: Person) -> None:
    """The negative control: a button that is taken out of the Tab order is found."""
    page = opening(people.carla())
    page.goto(desk(hanna).coordinators_pages["host"])
    page.evaluate("document.querySelector('#content button').tabIndex = -1")

    assert len(unreached(page)) == 1


def seen_on(page: Page, there: Desk, pages: dict[str, str]) -> dict[str, tuple[int, list[str]]]:
    """Return for each page its status and the marks that stand on it."""
    found = {}
    for name, address in pages.items():
        answer = page.goto(address)
        assert answer is not None
        found[name] = (answer.status, [mark for mark in there.marks if mark in page.content()])
    return found


def test_coordinator_of_another_place_sees_nothing_of_it(browser: Any, live_server: Any, hanna: Person) -> None:
    there = desk(hanna)
    pages = (
        there.coordinators_pages | there.leads_pages | {"tonight": "/admin/", "queue": "/admin/matching/match/queue/"}
    )
    page = _without_watching(browser, live_server, people.carla("elsewhere", places=(people.place("Oral"),)))

    found = seen_on(page, there, pages)

    # On a developer's machine the page of a refusal shows its own address, which may contain a mark.
    assert {name: marks for name, (status, marks) in found.items() if marks and status == 200} == {}
    closed = {name for name, (status, _marks) in found.items() if status in (403, 404)}
    assert closed == {"match", "request", "space", "host", *there.leads_pages}
    # The control: Carla sees every mark on some page.
    own = seen_on(_without_watching(browser, live_server, people.carla()), there, pages)
    assert {mark for _status, marks in own.values() for mark in marks} == set(there.marks)


def test_auditor_finds_nothing_to_press_and_no_name(browser: Any, live_server: Any, hanna: Person) -> None:
    there = desk(hanna)
    pages = there.coordinators_pages | there.leads_pages
    for name in ("request-on-behalf", "space-on-behalf", "place-new", "keys"):
        del pages[name]
    page = _without_watching(browser, live_server, people.adil())

    found = {}
    for name, address in pages.items():
        answer = page.goto(address)
        assert answer is not None
        buttons = page.locator("#content form[method=post] button, #content form[method=post] input[type=submit]")
        names = [
            words for words in ("Amira Testova", "Hanna Musterfrau", "Abay Avenue", "stairs") if words in page.content()
        ]
        found[name] = (answer.status, buttons.count(), names)

    assert found == dict.fromkeys(pages, (200, 0, []))


def _without_watching(browser: Any, live_server: Any, person: Person) -> Page:
    """Open a page on which a refusal is no fault, although the browser reports it as an error."""
    from django.conf import settings

    context = browser.new_context(base_url=live_server.url, locale="en-GB")
    session = people.desk_client(person).cookies[settings.SESSION_COOKIE_NAME]
    context.add_cookies([{"name": session.key, "value": session.value, "url": live_server.url}])
    return context.new_page()
