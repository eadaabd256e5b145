"""Measure the work of coordinators for a placement, on the real pages, in a real browser, with the whole service running.

`python -m shelter.running with python -m benchmarks.coordinator [--proposals 500] [--ways keys,clicks,bulk] [--waiting 10000]`

For each way of working, the benchmark makes a new night of proposals of mixed risk. Two coordinators, Carla and Dana, work
through it in Chromium until nothing is left that they may decide. They decline, with a reason, every proposal with an
earlier complaint or an overdue check, and approve all others; both of them approve the high-risk ones. The ways are `keys`
(single keys), `clicks` (the mouse alone) and `bulk` (proposals that need one person in bulk by a filter, the others by
keys). Worker, placer and beat run as in production. They carry out decisions after a minute, and match declined requests
anew, so there is a little more to decide than `--proposals`. Then `--waiting` proposals wait at once, and pages of the
queue are loaded while nothing else runs. Prints one line of JSON for each way and one for the pages.

Counts clicks, keys, pages (documents loaded), queries and milliseconds of the server, and the wall clock of the browser
from the first page to the last. Nobody thinks during the drill, so the time is what the machine adds to a coordinator's
thinking. The minute between the two coordinators, in which the first one could still undo, is not counted.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shelter.settings")
os.environ.setdefault("DEBUG", "yes")
# Playwright's synchronous interface runs an event loop in this thread, so Django would refuse to use the database here.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")

QUEUE = "/admin/matching/match/queue/"
CHROMIUM = os.environ.get("SHELTER_CHROMIUM", "/usr/bin/chromium")


@dataclass
class Worker:
    """A coordinator in a browser. Counts their clicks, keys and pages."""

    page: Any
    clicks: int = 0
    keys: int = 0
    pages: int = 0

    def open(self, address: str) -> None:
        self.page.goto(address)
        self.pages += 1

    def click(self, target: Any, *, leads_on: bool = True) -> None:
        self.clicks += 1
        if leads_on:
            with self.page.expect_navigation(wait_until="domcontentloaded"):
                target.click()
            self.pages += 1
        else:
            target.click()

    def press(self, key: str, *, leads_on: bool = False) -> None:
        self.keys += 1
        if leads_on:
            with self.page.expect_navigation(wait_until="domcontentloaded"):
                self.page.keyboard.press(key)
            self.pages += 1
        else:
            self.page.keyboard.press(key)

    @property
    def first_card(self) -> Any:
        return self.page.locator("[data-card]").first

    def cards(self) -> int:
        return int(self.page.locator("[data-card]").count())

    def must_decline(self) -> bool:
        risks = self.first_card.locator(".sh-risk").all_inner_texts()
        return any("overdue" in words or "complaint" in words for words in risks)


def by_keys(worker: Worker) -> None:
    """Decide on every card of the queue by keys: j selects the first card, and each decision selects the next one."""
    worker.open(QUEUE)
    if worker.cards():
        worker.press("j")
    while worker.cards():
        if worker.must_decline():
            worker.press("d")
            worker.press("8", leads_on=True)
        else:
            worker.press("a", leads_on=True)


def by_clicks(worker: Worker) -> None:
    worker.open(QUEUE)
    while worker.cards():
        card = worker.first_card
        if worker.must_decline():
            worker.click(card.locator(".dq-decline summary"), leads_on=False)
            worker.click(card.locator('button[value="decline:not_safe"]'))
        else:
            worker.click(card.locator('button[value="approve"]'))


def in_bulk(worker: Worker) -> None:
    """Approve the proposals that need one person, five hundred at a time by a filter; then decide the others by keys."""
    worker.open(f"{QUEUE}?risk=low")
    while worker.cards():
        worker.click(worker.page.locator("summary", has_text="Many at once"), leads_on=False)
        worker.click(worker.page.locator('#bulk input[name="everything"]'), leads_on=False)
        worker.click(worker.page.locator('#bulk button[value="approve"]'))
        worker.click(worker.page.locator('#content button[value="approve"]'))
        worker.open(f"{QUEUE}?risk=low")
    by_keys(worker)


WAYS = {"keys": by_keys, "clicks": by_clicks, "bulk": in_bulk}


def drill(name: str, count: int, url: str, counted: Path, browser: Any) -> dict[str, Any]:
    """Make a night of `count` proposals, let both coordinators work through it, and return the figures."""
    from django.utils import timezone

    from benchmarks import coordinator_market
    from matching.models import Match
    from tests import people

    at = timezone.now()
    made = coordinator_market.proposals(count, seed=len(name), at=at)
    earlier = set(Match.objects.values_list("pk", flat=True)) - set(made)
    risky = Match.objects.filter(pk__in=made, high_risk=True).count()
    counted.write_text("")
    workers, seconds = [], 0.0
    for person in (people.carla(), people.carla("dana", name="Dana")):
        worker = Worker(_page(browser, url, person))
        began = time.perf_counter()
        WAYS[name](worker)
        seconds += time.perf_counter() - began
        worker.page.context.close()
        workers.append(worker)
        waited = _wait_for_the_worker()
    calls = [json.loads(line) for line in counted.read_text().splitlines()]
    calls = [call for call in calls if call["path"].startswith("/admin/")]
    statuses = list(Match.objects.exclude(pk__in=earlier).values_list("status", flat=True))
    placed = statuses.count("approved")
    acts = sum(worker.clicks + worker.keys for worker in workers)
    shown = [call["ms"] for call in calls if call["method"] == "GET"]
    return {
        "way": name,
        "proposals": len(statuses),
        "made_by_the_worker_meanwhile": len(statuses) - count,
        "high_risk": risky,
        "placed": placed,
        "declined": statuses.count("declined"),
        "left": statuses.count("proposed"),
        "clicks": sum(worker.clicks for worker in workers),
        "keys": sum(worker.keys for worker in workers),
        "pages": sum(worker.pages for worker in workers),
        "calls": len(calls),
        "seconds_until_the_worker_had_carried_out_the_last": round(waited, 1),
        "queries": sum(call["queries"] for call in calls),
        "per_placement": {
            "clicks_and_keys": round(acts / placed, 2),
            "pages": round(sum(worker.pages for worker in workers) / placed, 2),
            "queries": round(sum(call["queries"] for call in calls) / placed, 1),
            "server_ms": round(sum(call["ms"] for call in calls) / placed, 1),
            "of_them_cpu_ms": round(sum(call["cpu_ms"] for call in calls) / placed, 1),
            "browser_ms": round(seconds * 1000 / placed, 1),
        },
        "page_ms": _spread(shown),
        "most_queries_of_a_page": max(call["queries"] for call in calls if call["method"] == "GET"),
    }


def _wait_for_the_worker() -> float:
    """Wait until the worker has carried out every decision, a minute after it was made; return the seconds of waiting."""
    from matching.models import PendingDecision
    from tests.processes import wait_for

    began = time.perf_counter()
    wait_for(
        lambda: not PendingDecision.objects.filter(refusal="").exists(), seconds=600, what="carrying out the decisions"
    )
    return time.perf_counter() - began


def waiting(count: int, url: str, counted: Path, browser: Any) -> dict[str, Any]:
    """Let `count` proposals wait, load pages of the queue, and return the figures of the pages."""
    from django.db import connection
    from django.utils import timezone

    from benchmarks import coordinator_market
    from matching.models import Match
    from tests import people

    coordinator_market.proposals(count, seed=5, at=timezone.now())
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    page = _page(browser, url, people.carla())
    pages: dict[str, Any] = {}
    for name, address in (
        ("first", QUEUE),
        ("tonight", f"{QUEUE}?night=tonight"),
        ("high_risk", f"{QUEUE}?risk=high"),
        ("dashboard", "/admin/"),
    ):
        counted.write_text("")
        for _time in range(5):
            page.goto(address)
        pages[name] = _of_pages(counted)
    page.goto(QUEUE)
    counted.write_text("")
    for _time in range(10):
        page.get_by_role("link", name="Next", exact=True).click()
    pages["next"] = _of_pages(counted)
    return {"waiting": Match.objects.filter(status="proposed").count(), "pages": pages}


def _of_pages(counted: Path) -> dict[str, Any]:
    calls = [json.loads(line) for line in counted.read_text().splitlines()]
    calls = [call for call in calls if call["path"].startswith("/admin/") and "jsi18n" not in call["path"]]
    return {
        "server_ms": _spread([call["ms"] for call in calls]),
        "of_them_cpu_ms": _spread([call["cpu_ms"] for call in calls]),
        "queries": max(call["queries"] for call in calls),
    }


def _spread(values: list[float]) -> dict[str, float]:
    ordered = sorted(values)
    return {
        "least": round(ordered[0], 1),
        "median": round(statistics.median(ordered), 1),
        "p95": round(ordered[min(len(ordered) - 1, int(len(ordered) * 0.95))], 1),
        "worst": round(ordered[-1], 1),
    }


def _page(browser: Any, url: str, person: Any) -> Any:
    from django.conf import settings

    from tests import people

    context = browser.new_context(viewport={"width": 1280, "height": 800}, base_url=url, locale="en-GB")
    session = people.desk_client(person).cookies[settings.SESSION_COOKIE_NAME]
    context.add_cookies([{"name": session.key, "value": session.value, "url": url}])
    return context.new_page()


@contextmanager
def background(folder: Path) -> Iterator[None]:
    """Run worker, placer and beat with the commands of production."""
    from shelter.running import commands
    from tests import processes

    env = processes.environment(SHELTER_BEAT_FILE=str(folder / "beat"))
    with ExitStack() as stack:
        for name in ("WORKER", "PLACER", "BEAT"):
            log = folder / f"{name}.log"
            stack.enter_context(processes.running(*getattr(commands, name), log=log, env=env))
        yield


def _stop(number: int, _frame: FrameType | None) -> None:
    """Exit by an exception, so that every server is stopped. Ignore further signals, which would interrupt that."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    sys.exit(128 + number)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--proposals", type=int, default=500)
    parser.add_argument("--ways", default="keys,clicks,bulk")
    parser.add_argument("--waiting", type=int, default=10_000, help="0: no pages are timed")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, _stop)
    signal.signal(signal.SIGINT, _stop)
    django.setup()
    from django.conf import settings
    from django.core.management import call_command
    from playwright.sync_api import sync_playwright

    from tests import processes

    # Hash passwords quickly: there are many made-up people, and nobody signs in as one of them.
    settings.PASSWORD_HASHERS = ["tests.hashers.QuickArgon2", *settings.PASSWORD_HASHERS]
    call_command("migrate", verbosity=0)
    with tempfile.TemporaryDirectory() as folder, open(os.devnull, "w", encoding="utf-8") as nowhere:
        call_command("load_gazetteer", stdout=nowhere)
        counted = Path(folder) / "counted.jsonl"
        counted.touch()
        env = {"DJANGO_SETTINGS_MODULE": "benchmarks.counted", "SHELTER_COUNTED": str(counted)}
        with (
            processes.web(Path(folder) / "web.log", workers=1, threads=4, **env) as url,
            sync_playwright() as playwright,
        ):
            flags = ["--no-sandbox"] if os.geteuid() == 0 else []
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=flags)
            with background(Path(folder)) if options.ways else nullcontext():
                for name in filter(None, options.ways.split(",")):
                    print(json.dumps(drill(name, options.proposals, url, counted, browser)), flush=True)
            if options.waiting:
                print(json.dumps(waiting(options.waiting, url, counted, browser)), flush=True)
            browser.close()


if __name__ == "__main__":
    main()
