"""Compare the engine with simpler ways of matching, on made-up weeks or on two files: `python -m benchmarks.engine --help`.

Prints one line of JSON for each week. `python -m benchmarks.engine --table` prints the whole table of docs/matching.md.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks.engine_others import in_turn, one_to_one
from benchmarks.engine_weeks import city as one_city
from benchmarks.engine_weeks import country
from matching.engine import Need, Offer, plan
from matching.engine.checking_fairness import passed_over
from matching.engine.compiled.__main__ import warm_up
from matching.engine.fairness import by_days_waited

SIZES = {"1k": (1_000, 600), "10k": (10_000, 6_000), "100k": (100_000, 60_000), "city": (30_000, 8_700)}


def week_of(size: str, seed: int) -> tuple[list[Need], list[Offer]]:
    return (one_city if size == "city" else country)(*SIZES[size], seed=seed)


def week_from(folder: Path, now: str) -> tuple[list[Need], list[Offer]]:
    from matching.management.weeks import now_or, read_week

    read = read_week(folder / "SPACES.csv", folder / "REQUESTS.csv", now=now_or(now))
    return read.needs, read.offers


def timed(make: Callable[[], dict[str, Any] | None]) -> dict[str, Any] | None:
    began = time.perf_counter()
    figures = make()
    return None if figures is None else figures | {"seconds": round(time.perf_counter() - began, 2)}


def ours(needs: list[Need], offers: list[Offer], seed: int) -> dict[str, Any]:
    asked = {need.id: need for need in needs}
    found = plan(needs, offers, seed=seed)
    return {
        "objective": found.objective,
        "bound": found.bound,
        "gap": found.gap,
        "people_placed": sum(asked[placed.need_id].people for placed in found.placements),
        "full_stays": sum(
            sum(leg.nights * leg.people for leg in placed.legs)
            == asked[placed.need_id].nights * asked[placed.need_id].people
            for placed in found.placements
        ),
        "phases": {phase: round(took, 2) for phase, took in found.seconds.items()},
        "waited": [asdict(tenth) for tenth in by_days_waited(needs, {placed.need_id for placed in found.placements})],
        "passed_over": len(passed_over(needs, offers, found.placements)),
    }


def compare(needs: list[Need], offers: list[Offer], seed: int) -> dict[str, Any]:
    return {
        "needs": len(needs),
        "offers": len(offers),
        "people": sum(need.people for need in needs),
        "first_come": timed(lambda: in_turn(needs, offers, first=lambda need: need.days_waiting)),
        "most_urgent": timed(lambda: in_turn(needs, offers, first=lambda need: need.urgency * 100 + need.days_waiting)),
        "one_to_one": timed(lambda: one_to_one(needs, offers)),
        "ours": timed(lambda: ours(needs, offers, seed)),
        "peak_memory_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
    }


HEAD = """| week | way | people | full stays | objective | proven gap | seconds | peak memory |
|---|---|--:|--:|--:|--:|--:|--:|"""


def as_rows(figures: dict[str, Any]) -> str:
    """Return one row of the table for each way of matching. The memory is the peak of the whole comparison."""
    rows = []
    for way in ("first_come", "most_urgent", "one_to_one", "ours"):
        found = figures[way]
        if found is not None:
            gap = f"{found['gap']:.2%}" if "gap" in found else ""
            memory = f"{figures['peak_memory_mb'] / 1024:.2f} GB" if way == "ours" else ""
            rows.append(
                f"| {figures['needs']:,} x {figures['offers']:,} ({figures['week']}) | {way.replace('_', ' ')} "
                f"| {found['people_placed']:,} | {found['full_stays']:,} | {found['objective']:,.0f} | {gap} "
                f"| {found['seconds']:.1f} | {memory} |"
            )
    return "\n".join(rows)


def alone(week: str, seed: int, now: str) -> dict[str, Any]:
    """Return the figures of one week. It runs in its own process, so that peak memory is of this week alone."""
    command = [sys.executable, "-m", "benchmarks.engine", week, f"--seed={seed}", f"--now={now}"]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return dict(json.loads(done.stdout))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "weeks", nargs="*", help=f"{', '.join(SIZES)} (default: all), or a folder with SPACES.csv and REQUESTS.csv"
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--table", action="store_true", help="print a table in Markdown instead of JSON")
    parser.add_argument(
        "--now", default="2022-09-26T00:00:00Z", help="the moment up to which days of waiting in a folder are counted"
    )
    options = parser.parse_args()
    weeks = options.weeks or list(SIZES)
    if options.table:
        print(HEAD, flush=True)
    for name in weeks:
        if len(weeks) > 1:
            figures = alone(name, options.seed, options.now)
        else:
            needs, offers = week_of(name, options.seed) if name in SIZES else week_from(Path(name), options.now)
            warm_up()  # Load the kernels from their cache now, so that no way of matching is charged for it.
            figures = {"week": Path(name).name, **compare(needs, offers, options.seed)}
        print(as_rows(figures) if options.table else json.dumps(figures), flush=True)


if __name__ == "__main__":
    main()
