"""The two journeys without JavaScript, on a phone and on a desktop, on a good line and on a bad line."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page
from pytest_django.live_server_helper import LiveServer

from tests.browser import journeys
from tests.browser.badline import BadLine, bad_line

pytestmark = pytest.mark.django_db(transaction=True)


def test_arrival_asks_is_matched_accepts_and_arrives(page: Page, pictures: Path) -> None:
    journeys.arrival_asks_is_matched_accepts_and_arrives(page, pictures)


def test_host_offers_is_vetted_accepts_and_pauses(page: Page, pictures: Path) -> None:
    journeys.host_offers_is_vetted_accepts_and_pauses(page, pictures)


@pytest.fixture
def line(live_server: LiveServer) -> Iterator[BadLine]:
    """A line as at a border crossing: 50 kbit/s, a round trip of half a second, one segment in twenty lost."""
    port = urlsplit(live_server.url).port
    assert port is not None
    with bad_line(port, kbit_a_second=50, round_trip=0.5, loss=0.05) as line:
        yield line


@pytest.fixture
def far_page(browser: Browser, line: BadLine) -> Iterator[Page]:
    """A small phone at the end of that line, without JavaScript."""
    context = browser.new_context(
        viewport={"width": 360, "height": 740}, base_url=line.address, locale="en-GB", java_script_enabled=False
    )
    yield context.new_page()
    context.close()


def test_arrival_arrives_on_a_bad_line(far_page: Page, line: BadLine, pictures: Path) -> None:
    journeys.arrival_asks_is_matched_accepts_and_arrives(far_page, pictures)

    _tell("arrival", line)
    assert line.lost > 0


def test_host_hosts_on_a_bad_line(far_page: Page, line: BadLine, pictures: Path) -> None:
    journeys.host_offers_is_vetted_accepts_and_pauses(far_page, pictures)

    _tell("host", line)
    assert line.lost > 0


def _tell(who: str, line: BadLine) -> None:
    print(f"\n{who}: {line.down.carried / 1000:.0f} KB down, {line.up.carried / 1000:.0f} KB up, {line.lost} lost")
