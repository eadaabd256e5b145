"""Measure the whole service at the size of a country, while people look at pages and make new requests.

`python -m benchmarks.service [1k|10k|100k]` starts its own embedded PostgreSQL and Redis, fills them with a made-up week,
and runs the real commands of `make run` (gunicorn, a worker, the placer). Prints one line of JSON:

- `round`: seconds from the opening of the round to its end, and the seconds of loading, planning and writing: the sum over
  the regions (which are planned at the same time), and the longest region;
- `memory_mb`: the peak memory of the worker with its children, and of the placer (proportional set size, PSS: memory that
  processes share is counted once);
- `case_page_ms`: milliseconds until an arrival's page has loaded over HTTP, during the round and after it;
- `answer_ms`: milliseconds from the POST of a new request until its proposal, or the reasons why there is none, are stored,
  during the round and after it.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

SIZES = {"1k": (1_000, 600), "10k": (10_000, 6_000), "100k": (100_000, 60_000)}
PAUSE = 0.1
"""Seconds between two looks of an arrival at the page."""

LOOKING = 2
"""Number of arrivals who look at their pages at the same time."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("size", choices=SIZES, nargs="?", default="10k")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--asking", type=int, default=60, help="number of new requests after the round")
    parser.add_argument("--beside-servers", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.beside_servers:
        print(json.dumps(measure(options.size, options.seed, options.asking)), flush=True)
        return
    from shelter.running.servers import servers

    with tempfile.TemporaryDirectory(prefix="shanyrak-bench-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        # Start the servers as `make run` does, with fsync on; the tests turn it off.
        with servers(folder) as urls:
            env = {**os.environ, **urls, "DEBUG": "yes", "SHELTER_STATIC_ROOT": str(folder / "static")}
            command = [sys.executable, "-m", "benchmarks.service", *sys.argv[1:], "--beside-servers"]
            sys.exit(subprocess.run(command, env=env, check=False).returncode)


def say(words: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {words}", file=sys.stderr, flush=True)


def measure(size: str, seed: int, asking: int) -> dict[str, Any]:
    """Fill the database, run the service and a round, and return the figures."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shelter.settings")
    import django

    django.setup()
    from django.core.management import call_command
    from django.db import transaction
    from django.utils import timezone

    from benchmarks.engine_weeks import country
    from benchmarks.service_rows import write_week
    from matching import due
    from matching.deadlines import local_date
    from matching.models import Match, MatchingRound
    from shelter.running import commands
    from tests import processes

    say("migrating")
    call_command("migrate", verbosity=0)
    call_command("load_gazetteer", stdout=sys.stderr)
    needs, offers = country(*SIZES[size], seed=seed)
    began = time.perf_counter()
    write_week(needs, offers, at=timezone.now(), today=local_date(timezone.now()))
    say(f"filled in {time.perf_counter() - began:.0f} s")
    figures: dict[str, Any] = {"requests": len(needs), "spaces": len(offers)}
    del needs, offers

    logs = Path(tempfile.mkdtemp(prefix="shanyrak-bench-logs-"))
    env = processes.environment(SHELTER_SWEEP_SECONDS="30")
    with (
        processes.web(logs / "web.log") as site,
        processes.running(*commands.WORKER, log=logs / "worker.log", env=env) as worker,
        processes.running(*commands.PLACER, log=logs / "placer.log", env=env) as placer,
        Watched({"worker": worker.pid, "placer": placer.pid}) as memory,
    ):
        newcomers = Newcomers(site, count=20)
        say("a round is due")
        with transaction.atomic():
            due.note(timezone.now())
        waiting = time.perf_counter()
        while not MatchingRound.objects.exists():
            time.sleep(0.05)
        figures["opened_after"] = round(time.perf_counter() - waiting, 2)
        with looking(site, newcomers) as while_it_runs:
            asked = newcomers.ask_until(lambda: MatchingRound.objects.filter(finished_at=None).exists() is False)
        say("the round is over")
        with looking(site, newcomers) as afterwards:
            asked_afterwards = newcomers.ask(asking)
        figures["round"] = of_round(MatchingRound.objects.get())
        figures["matches"] = Match.objects.count()
        figures["memory_mb"] = memory.most
        figures["case_page_ms"] = {"round": percentiles(while_it_runs), "after": percentiles(afterwards)}
        figures["answer_ms"] = {"round": of_answers(asked), "after": of_answers(asked_afterwards)}
    return figures


def of_round(done: Any) -> dict[str, Any]:
    regions = list(done.regions.order_by("number"))
    parts = ("load", "plan", "write")
    apart = sum(region.objective for region in regions)
    return {
        "seconds": round((done.finished_at - done.started_at).total_seconds(), 1),
        "all": {part: round(sum(region.seconds[part] for region in regions), 1) for part in parts},
        "longest": {part: round(max(region.seconds[part] for region in regions), 1) for part in parts},
        "regions": [[region.needs, region.offers, region.proposals] for region in regions],
        "proposals": done.proposals,
        "left_over": done.left_over,
        "objective": round(apart),
    }


def percentiles(took: list[float]) -> dict[str, float]:
    import numpy as np

    if not took:
        return {"count": 0}
    p50, p95, worst = (np.percentile(np.array(took) * 1000, at) for at in (50, 95, 100))
    return {"p50": round(p50, 1), "p95": round(p95, 1), "worst": round(worst, 1), "count": len(took)}


def of_answers(answers: list[tuple[float, bool]]) -> dict[str, Any]:
    return {
        **percentiles([took for took, _placed in answers]),
        "placed": sum(placed for _took, placed in answers),
    }


class Watched:
    """Measures the peak memory (PSS, in MiB) of processes with their children, once a second."""

    def __init__(self, pids: dict[str, int]) -> None:
        self.most: dict[str, int] = {}
        self._pids = pids
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Watched:
        self._thread.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        import psutil

        def held(pid: int) -> int:
            try:
                family = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
                return sum(int(each.memory_full_info().pss) for each in family) // 2**20
            except psutil.Error:
                return 0

        while not self._over.wait(1.0):
            now = {name: held(pid) for name, pid in self._pids.items()}
            now["together"] = sum(now.values())
            self.most = {name: max(held, self.most.get(name, 0)) for name, held in now.items()}


class Newcomers:
    """Arrivals with a case each, who make requests through the API and look at their pages."""

    def __init__(self, site: str, *, count: int) -> None:
        from django.utils import timezone

        from accounts import tokens
        from accounts.arrivals import open_case

        self.site = site
        self.cases = [open_case(language="en") for _ in range(count)]
        self.tokens = [
            tokens.issue(arrival.user, name="bench", scope="write", days=1, at=timezone.now())[1]
            for arrival, _secret in self.cases
        ]

    def ask(self, times: int) -> list[tuple[float, bool]]:
        answers = []
        for time_ in range(times):
            answers.append(self._ask_once(time_))
            time.sleep(0.2)
        return answers

    def ask_until(self, over: Callable[[], bool]) -> list[tuple[float, bool]]:
        answers: list[tuple[float, bool]] = []
        while not over():
            answers.append(self._ask_once(len(answers)))
            time.sleep(0.5)
        return answers

    def _ask_once(self, number: int) -> tuple[float, bool]:
        import httpx
        from django.utils import timezone

        from matching.deadlines import local_date
        from matching.models import Match, ShelterRequest

        body = {
            "latitude": 43.25 + number % 7 / 100,
            "longitude": 76.92 + number % 5 / 100,
            "people": 1 + number % 3,
            "first_night": local_date(timezone.now()).isoformat(),
            "nights": 2 + number % 6,
            "min_nights": 1,
            "radius_km": 30,
            "languages": ["ru"],
            "urgency": "4",
        }
        token = self.tokens[number % len(self.tokens)]
        began = time.perf_counter()
        answer = httpx.post(
            f"{self.site}/api/v1/requests/", json=body, headers={"Authorization": f"Bearer {token}"}, timeout=60
        )
        answer.raise_for_status()
        pk = answer.json()["id"]
        while True:
            if Match.objects.filter(request=pk).exists():
                return time.perf_counter() - began, True
            if ShelterRequest.objects.filter(pk=pk).exclude(left_over_reasons=[]).exists():
                return time.perf_counter() - began, False
            time.sleep(0.005)


@contextmanager
def looking(site: str, newcomers: Newcomers) -> Iterator[list[float]]:
    """Let arrivals load their pages again and again. Yield the list to which the seconds of each load are added."""
    import httpx

    took: list[float] = []
    over = threading.Event()

    def look(arrival: Any, secret: str) -> None:
        with httpx.Client(base_url=site, timeout=60) as browser:
            browser.get("/case/")
            signed_in = browser.post(
                "/case/",
                data={
                    "case_number": arrival.case_number,
                    "secret": secret,
                    "csrfmiddlewaretoken": browser.cookies["csrftoken"],
                },
            )
            assert signed_in.status_code == 302, signed_in.status_code
            while not over.wait(PAUSE):
                began = time.perf_counter()
                page = browser.get("/case/")
                took.append(time.perf_counter() - began)
                assert page.status_code == 200
                assert arrival.case_number[:4] in page.text

    threads = [threading.Thread(target=look, args=case, daemon=True) for case in newcomers.cases[:LOOKING]]
    for thread in threads:
        thread.start()
    try:
        yield took
    finally:
        over.set()
        for thread in threads:
            thread.join()


if __name__ == "__main__":
    main()
