"""`match_files`: a plan for two spreadsheets, with no database."""

from __future__ import annotations

import csv
import json
import os
import resource
import signal
import time
from argparse import ArgumentTypeError
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime
from functools import cache
from pathlib import Path
from types import FrameType
from typing import IO, Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import translation

from matching.engine import Need, Placement, Plan, Reason, plan
from matching.engine.advice import Advice
from matching.engine.checking_fairness import passed_over
from matching.engine.fairness import by_days_waited
from matching.management.progress import shown
from matching.management.weeks import UnreadableFile, Week, now_or, read_week
from matching.reason_words import words_of
from matching.sheets import HeaderProblem, safe_cell
from places.gazetteer import nearest_place

COLUMNS = ("request_id", "leg", "space_id", "first_night", "last_day", "people", "score", "reasons")
BETWEEN_REASONS = "; "


class Command(BaseCommand):
    help = "Match the requests of one spreadsheet with the spaces of another; needs no database."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("spaces", type=Path, metavar="SPACES.csv", help="a CSV, XLSX or ODS")
        parser.add_argument("requests", type=Path, metavar="REQUESTS.csv", help="a CSV, XLSX or ODS")
        parser.add_argument("--out", type=Path, required=True, metavar="MATCHES.csv", help="one line for each leg")
        parser.add_argument(
            "--json",
            type=Path,
            metavar="SUMMARY.json",
            help="figures, fairness, advice, prices, and who is left over and why",
        )
        parser.add_argument(
            "--now", type=moment, metavar="ISO-8601", help="count waiting up to then (default: the clock)"
        )
        parser.add_argument("--time-limit", type=seconds, metavar="S", help="stop improving after so many seconds")
        parser.add_argument(
            "--existing", type=Path, metavar="MATCHES.csv", help="matches that stand and hold their beds"
        )
        parser.add_argument("--declined", type=Path, metavar="DECLINED.csv", help="pairs not to propose again")
        parser.add_argument(
            "--seed", type=int, default=0, help="of what is drawn by lot (default 0): same seed, same plan"
        )
        parser.add_argument(
            "--progress", choices=("bar", "json", "none"), default="bar", help="on stderr; bar only in a terminal"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        # The limit is for the whole process, so the start of Python and Django counts.
        began = time.perf_counter() - age()
        now = options["now"] or now_or(None)
        week = self._read(options, now)
        read = time.perf_counter() - began
        with stopped_by_hand() as stop, shown(options["progress"], self.stderr) as progress:
            found = plan(
                week.needs,
                week.offers,
                seed=options["seed"],
                time_limit=None if options["time_limit"] is None else max(0.0, options["time_limit"] - read),
                progress=progress,
                stop=stop,
            )
        writing = time.perf_counter()
        write(options["out"], lambda out: write_matches(found.placements, out))
        figures = summary(week.needs, found)
        figures["now"] = now.isoformat()
        figures["seconds"] = (
            {"read": round(read, 3)} | figures["seconds"] | {"write": round(time.perf_counter() - writing, 3)}
        )
        figures["seconds"]["total"] = round(time.perf_counter() - began, 3)
        if options["json"]:
            whole = (
                figures
                | reported(week, found)
                | certificate(found)
                | {"left_over": {one.need_id: [*map(english, one.reasons)] for one in found.unplaced}}
            )
            # Do not use json.dump: it would go through the prices of a nation one by one in Python, which is slow.
            write(options["json"], lambda out: out.write(json.dumps(whole, ensure_ascii=False)))
        self.stderr.write(
            "{households_placed:,} of {households_asked:,} households and {people_placed:,} of {people_asked:,} people "
            "placed, {full_stays:,} for all their nights; {words}.".format(words=_proof(figures["gap"]), **figures)
        )

    def _read(self, options: dict[str, Any], now: datetime) -> Week:
        try:
            week = read_week(
                options["spaces"],
                options["requests"],
                now=now,
                existing=options["existing"],
                declined=options["declined"],
            )
        except OSError as why:
            raise CommandError(f"{why.filename}: {why.strerror}. Check the path.") from why
        except (HeaderProblem, UnreadableFile) as why:
            raise CommandError(str(why)) from why
        for name, problems in week.problems.items():
            for problem in problems:
                column = f", column {problem.column}" if problem.column else ""
                self.stderr.write(f"{name}, line {problem.line}{column}: {problem.value!r}: {problem.reason}")
            if problems:
                rows = len({problem.line for problem in problems})
                unused = "1 row was" if rows == 1 else f"{rows} rows were"
                self.stderr.write(f"{name}: {unused} not used; the others were.")
        for sentence in week.skipped:
            self.stderr.write(sentence)
        return week


def age() -> float:
    """Return the seconds since this process began or, if the system does not tell, its processor time in seconds."""
    try:
        after_its_name = Path("/proc/self/stat").read_text().rpartition(")")[2].split()
        return time.clock_gettime(time.CLOCK_BOOTTIME) - int(after_its_name[19]) / os.sysconf("SC_CLK_TCK")
    except (OSError, AttributeError):
        return time.process_time()


def moment(text: str) -> datetime:
    try:
        return now_or(text)
    except ValueError as why:
        raise ArgumentTypeError(f"{text!r} is not a moment; write it like 2022-09-26T00:00:00Z") from why


def seconds(text: str) -> float:
    try:
        limit = float(text)
    except ValueError:
        limit = -1.0
    if not 0 < limit < float("inf"):
        raise ArgumentTypeError(f"{text!r} is not a number of seconds greater than 0")
    return limit


@contextmanager
def stopped_by_hand() -> Iterator[Any]:
    """Give a function that returns True after the first Ctrl-C. The second Ctrl-C ends the command at once."""
    asked = False

    def stop(number: int, frame: FrameType | None) -> None:
        nonlocal asked
        if asked:
            raise KeyboardInterrupt
        asked = True

    try:
        before = signal.signal(signal.SIGINT, stop)
    except ValueError:  # Outside the main thread nobody can press Ctrl-C.
        yield lambda: False
        return
    try:
        yield lambda: asked
    finally:
        signal.signal(signal.SIGINT, before)


def write(path: Path, fill: Any) -> None:
    """Write a file whole or not at all. Raises CommandError if it cannot be written."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with beside.open("w", encoding="utf-8", newline="") as out:
            fill(out)
        beside.replace(path)
    except OSError as why:
        beside.unlink(missing_ok=True)
        raise CommandError(f"{path}: {why.strerror}. Choose another path.") from why


@cache
def english(reason: Reason) -> str:
    """Return a reason in English even if another language is active, so that files are the same on every machine."""
    with translation.override(None):
        return words_of(reason)


def write_matches(placements: Sequence[Placement], out: IO[str]) -> None:
    """Write MATCHES.csv: one line for each leg. No spreadsheet program runs a cell."""
    lines = csv.writer(out)
    lines.writerow(COLUMNS)
    for placed in placements:
        reasons = safe_cell(BETWEEN_REASONS.join(map(english, placed.reasons)))
        for number, leg in enumerate(placed.legs, start=1):
            lines.writerow(
                (
                    safe_cell(placed.need_id),
                    number,
                    safe_cell(leg.offer_id),
                    leg.first_night,
                    leg.last_day,
                    leg.people,
                    f"{placed.score:.6f}",
                    reasons,
                )
            )


def summary(needs: Sequence[Need], found: Plan) -> dict[str, Any]:
    """Return the figures of the summary; docs/matching.md names them under "The files"."""
    return {
        **counted(needs, found.placements),
        "objective": found.objective,
        "bound": found.bound,
        "gap": found.gap,
        "seconds": {phase: round(took, 3) for phase, took in found.seconds.items()},
        "peak_memory_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
    }


def counted(needs: Sequence[Need], placements: Sequence[Placement]) -> dict[str, int]:
    """Return the numbers of households and people that asked, and of those placed, by kind of placement."""
    asked = {need.id: need for need in needs}
    two_legs = [placed for placed in placements if len(placed.legs) == 2]
    splits = sum(placed.legs[0].first_night == placed.legs[1].first_night for placed in two_legs)
    person_nights = (
        (asked[placed.need_id], sum(leg.people * leg.nights for leg in placed.legs)) for placed in placements
    )
    return {
        "households_asked": len(needs),
        "people_asked": sum(need.people for need in needs),
        "households_placed": len(placements),
        "people_placed": sum(asked[placed.need_id].people for placed in placements),
        "full_stays": sum(covered == need.people * need.nights for need, covered in person_nights),
        "moves": len(two_legs) - splits,
        "splits": splits,
    }


def reported(week: Week, found: Plan) -> dict[str, Any]:
    """Return the fairness of the plan, and advice on where one more space would help most."""
    placed = {placement.need_id for placement in found.placements}
    return {
        "fairness": {
            "waited": [asdict(tenth) for tenth in by_days_waited(week.needs, placed)],
            "passed_over": passed_over(week.needs, week.offers, found.placements),
        },
        "advice": [advised(one) for one in found.advice],
    }


def advised(one: Advice) -> dict[str, Any]:
    """Return one piece of advice as JSON values: a kind of space, the nights it is free, and a place nearby."""
    near = nearest_place(one.lat, one.lon)
    return {
        "place": near.name if near else None,
        "lat": one.lat,
        "lon": one.lon,
        "kind": one.kind.name,
        "beds": one.kind.beds,
        "first_night": one.first_night.isoformat(),
        "last_day": one.last_day.isoformat(),
        "gain": one.gain,
        "at_least": one.at_least,
        "nights": {night.isoformat(): round(price, 4) for night, price in one.nights},
    }


def certificate(found: Plan) -> dict[str, Any]:
    """Return the prices that prove the bound, as [space, night, [mu_1, mu_2, ...]] (see docs/matching.md)."""
    return {"prices": [[offer, night.isoformat(), each] for (offer, night), each in found.prices.items()]}


def _proof(gap: float) -> str:
    if gap == float("inf"):
        return "no bound was proven"
    if not gap:
        return "no plan can be better"
    return f"no plan can be more than {max(0.0, gap):.2%} better"
