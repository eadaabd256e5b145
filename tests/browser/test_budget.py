"""The weight of the pages on the line, counted by the browser at a real gunicorn: few enough bytes for 2G.

`make test-pages ARGS="-n 0 -s -k budget"` prints the table. The tests assert counts, which are the same on every
machine; they assert no seconds.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from matching.web.need_forms import NEED_QUESTIONS
from tests.browser import journeys
from tests.browser.every_page import LANGUAGES, Stop, browsers, open_stop, world
from tests.browser.production import service

pytestmark = pytest.mark.django_db(transaction=True)

KB = 1000
FIRST_VIEW, FIRST_REQUESTS, LATER_PAGE, WHOLE_JOURNEY = 30 * KB, 5, 8 * KB, 120 * KB
HEAVIEST = ["ru", "ka"]
"""The languages with two and three bytes a letter and the longest words."""

PUBLIC = ["/", "/need/", "/need/people/", "/case/", "/offer/", "/offer/where/", "/host/sign-in/", "/nothing/"]


@dataclass
class Meter:
    """Counts what a page's browser receives, headers and redirects included: `bytes` in `requests`."""

    page: Page
    bytes: int = 0
    requests: int = 0
    fonts: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        wire = self.page.context.new_cdp_session(self.page)
        wire.send("Network.enable")
        wire.on("Network.requestWillBeSent", self._sent)
        wire.on("Network.responseReceived", self._received)
        wire.on("Network.requestServedFromCache", self._kept)
        wire.on("Network.loadingFinished", self._finished)

    def _sent(self, event: dict[str, Any]) -> None:
        self.requests += 1
        self.bytes += int(event.get("redirectResponse", {}).get("encodedDataLength", 0))

    def _received(self, event: dict[str, Any]) -> None:
        if event["type"] == "Font":
            self.fonts.append(event["response"]["url"])
        if event["response"].get("fromDiskCache"):
            self.requests -= 1

    def _kept(self, event: dict[str, Any]) -> None:
        self.requests -= 1

    def _finished(self, event: dict[str, Any]) -> None:
        self.bytes += int(event["encodedDataLength"])

    def reset(self) -> None:
        self.bytes = self.requests = 0


@pytest.fixture
def site(tmp_path: Path) -> Iterator[str]:
    with service(tmp_path) as address:
        yield address


def test_first_view_of_a_public_page_is_light(browser: Browser, site: str) -> None:
    weights: dict[tuple[str, str], tuple[int, int]] = {}
    for language in LANGUAGES:
        for address in PUBLIC:
            context = browser.new_context(base_url=site, locale=language)
            meter = Meter(context.new_page())
            meter.page.goto(address)
            meter.page.wait_for_load_state("networkidle")
            weights[address, language] = meter.bytes, meter.requests
            assert meter.fonts == []
            context.close()

    _print(
        "first view, bytes (requests)",
        LANGUAGES,
        PUBLIC,
        {key: f"{size} ({count})" for key, (size, count) in weights.items()},
    )
    too_much = {at: got for at, got in weights.items() if got[0] > FIRST_VIEW or got[1] > FIRST_REQUESTS}
    assert too_much == {}
    assert min(size for size, _count in weights.values()) > 3 * KB, "nothing was counted"


def test_later_pages_are_lighter(browser: Browser, site: str) -> None:
    seen = world()
    stops = [stop for stop in seen.stops if stop.name not in ("fault", "styleguide")]
    weights: dict[tuple[str, str], int] = {}
    for language in HEAVIEST:
        with browsers(browser, site, seen, language) as pages:
            meters = {}
            for visitor, page in pages.items():
                page.goto("/")  # The browser has kept the styles, the script and the mark from the first page.
                page.wait_for_load_state("networkidle")
                meters[visitor] = Meter(page)
            for stop in stops:
                meter = meters[stop.visitor]
                meter.reset()
                open_stop(meter.page, stop)
                weights[_short(stop), language] = meter.bytes

    _print("later page, bytes", HEAVIEST, [_short(stop) for stop in stops], weights)
    assert {at: size for at, size in weights.items() if size > LATER_PAGE} == {}
    assert min(weights.values()) > KB, "nothing was counted"


def test_whole_way_of_an_arrival_is_light(browser: Browser, site: str, tmp_path: Path) -> None:
    context = browser.new_context(base_url=site, locale="en-GB", viewport={"width": 360, "height": 740})
    meter = Meter(context.new_page())

    journeys.arrival_asks_is_matched_accepts_and_arrives(meter.page, tmp_path)

    print(f"\nthe whole way of an arrival: {meter.bytes} bytes in {meter.requests} requests")
    assert len(NEED_QUESTIONS.questions) * KB < meter.bytes <= WHOLE_JOURNEY
    context.close()


def _short(stop: Stop) -> str:
    steps = [step if len(step) < 30 else f"{step[:4]}…" for step in stop.address.split("/")]
    return f"{'/'.join(steps)} {stop.visitor}{' pressed' if stop.press else ''}"


def _print(title: str, languages: list[str], rows: list[str], cells: dict[tuple[str, str], Any]) -> None:
    print(f"\n{title:<44}" + "".join(f"{language:>12}" for language in languages))
    for row in rows:
        print(f"{row:<44}" + "".join(f"{cells[row, language]!s:>12}" for language in languages))
