"""Measure how quickly sheets are read and taken in, beside reading the same file with the csv module alone.

    python -m shelter.running with python -m benchmarks.importing [--rows 100000] [--taken-in 100000] [--turns 3]

Makes a sheet of `--rows` spaces and one of as many shelter requests from the sample week: every row has a key, a name and a
phone number of its own. Prints one line of JSON for each kind of sheet and one for the desk:

- `csv_alone`, `csv`, `xlsx`: rows a second of the csv module alone, of our reader on the same CSV file, and of our reader on
  a workbook of the same rows: the median of `--turns`, each in a new process, turn by turn. `peak_mb` is the most memory that
  such a process held, in MiB; a process that only loads the service holds `loaded_mb`;
- `ratio`: `csv_alone` divided by `csv`: how many times the csv module's time our reader takes;
- `taken_in`: rows a second that `take_in_spaces` or `take_in_requests` writes for the first `--taken-in` rows, and `again`
  for the same rows a second time, when nothing changes;
- `wanted`: 2,000 rows a second;
- the desk: a coordinator loads the queue again and again, alone and while a worker looks through a sheet of 5,000 rows and
  then takes it in: `p50`, `p95` and `worst` in milliseconds over HTTP (`wanted_p95`: 300), and the seconds of the worker.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import re
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import django

WANTED_A_SECOND = 2_000
WANTED_P95 = 300
DESK_ROWS = 5_000
QUEUE = "/admin/matching/match/queue/"
WAITING = 500
"""Proposals in the queue that the coordinator loads."""

KINDS = {"spaces": "SPACES.csv", "requests": "REQUESTS.csv"}
READERS = ("loaded", "csv_alone", "csv", "xlsx")


@dataclass(frozen=True)
class Read:
    """One reading of a file in a process of its own: its rows, seconds, and peak memory in MiB."""

    rows: int
    seconds: float
    peak_mb: int


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--taken-in", type=int, default=100_000)
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--no-desk", action="store_true", help="leave the desk out")
    parser.add_argument("--read", nargs=3, metavar=("HOW", "KIND", "FILE"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shelter.settings")
    os.environ.setdefault("DEBUG", "yes")
    if options.read:
        how, kind, file = options.read
        print(json.dumps(asdict(read_once(how, kind, Path(file)))))
        return
    django.setup()
    from django.conf import settings
    from django.core.management import call_command

    settings.DEBUG = False  # With it, Django keeps the text of every query.
    call_command("migrate", verbosity=0)
    call_command("load_gazetteer", stdout=sys.stderr)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for kind in KINDS:
            file, workbook = folder / f"{kind}.csv", folder / f"{kind}.xlsx"
            write_both(list(made_up(kind, options.rows)), file, workbook)
            figures = of_reading(kind, file, workbook, options.turns) | of_taking_in(kind, file, options.taken_in)
            print(json.dumps({"sheet": kind, "rows": options.rows, **figures, "wanted": WANTED_A_SECOND}), flush=True)
        if not options.no_desk:
            print(json.dumps(at_the_desk(folder)), flush=True)


# -- the files ------------------------------------------------------------------------------------


def made_up(kind: str, rows: int) -> Iterator[list[str]]:
    """Yield the header of the sample's sheet and `rows` rows, which repeat those of the sample with persons of their own."""
    from django.utils import timezone

    from matching.deadlines import local_date
    from matching.sheets.sample import REFERENCE_DATE, SAMPLE_DATA

    later = local_date(timezone.now()) - REFERENCE_DATE
    with open(SAMPLE_DATA / KINDS[kind], encoding="utf-8", newline="") as file:
        header, *sample = csv.reader(file)
    yield header
    at = {column: place for place, column in enumerate(header)}
    person = "host" if kind == "spaces" else "name"
    moved = ("windows",) if kind == "spaces" else ("first_night",)
    for number in range(rows):
        row = list(sample[number % len(sample)])
        row[0] = f"{kind[0]}{number}"
        row[at[person]] = f"{row[at[person]]} {number}"
        row[at["phone"]] = f"+7{7000000000 + 10_000_000 * (kind == 'requests') + number}"
        row[at["email"]] = row[at["telegram"]] = ""
        if kind == "spaces":
            row[at["address"]] = f"{row[at['address']]}, {number}"
        for column in moved:
            row[at[column]] = _moved(row[at[column]], later)
        yield row


def _moved(cell: str, later: timedelta) -> str:
    """Return the cell with each day in it (`2022-09-28/2022-11-07;…`) moved by `later`."""
    return re.sub(r"\d{4}-\d{2}-\d{2}", lambda day: (date.fromisoformat(day[0]) + later).isoformat(), cell)


def write_both(rows: Sequence[Sequence[str]], file: Path, workbook: Path) -> None:
    """Write the rows as CSV and as a workbook."""
    from openpyxl import Workbook

    with open(file, "w", encoding="utf-8", newline="") as to:
        csv.writer(to).writerows(rows)
    book = Workbook(write_only=True)
    sheet = book.create_sheet()
    for row in rows:
        sheet.append(list(row))
    book.save(workbook)


# -- reading --------------------------------------------------------------------------------------


def read_once(how: str, kind: str, file: Path) -> Read:
    """Read the file in one of the READERS' ways."""
    if how == "csv_alone":
        began = time.perf_counter()
        with open(file, encoding="utf-8", newline="") as opened:
            rows = len(list(csv.reader(opened))) - 1
        return Read(rows, time.perf_counter() - began, _peak_mb())
    django.setup()
    read = reader_of(kind)
    if how == "loaded":
        return Read(0, 0.0, _peak_mb())
    began = time.perf_counter()
    reading = read(file)
    seconds = time.perf_counter() - began
    assert not reading.problems, reading.problems[:3]
    return Read(len(reading.rows), seconds, _peak_mb())


def reader_of(kind: str) -> Callable[[Path], Any]:
    """Return the reader of this kind of sheet, which finds places as the commands do."""
    from matching.sheets import read_requests, read_spaces
    from places.queries import heard

    read = read_spaces if kind == "spaces" else read_requests
    return lambda file: read(file, find_place=heard)


def _peak_mb() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def of_reading(kind: str, file: Path, workbook: Path, turns: int) -> dict[str, Any]:
    """Read the file in every way, turn by turn, and return the figures."""
    reads: dict[str, list[Read]] = {how: [] for how in READERS}
    for _turn in range(turns):
        for how in READERS:
            source = workbook if how == "xlsx" else file
            command = [sys.executable, "-m", "benchmarks.importing", "--read", how, kind, str(source)]
            answer = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
            reads[how].append(Read(**json.loads(answer)))
    figures: dict[str, Any] = {
        how: {
            "rows_a_second": round(statistics.median(read.rows / read.seconds for read in reads[how])),
            "peak_mb": round(statistics.median(read.peak_mb for read in reads[how])),
        }
        for how in READERS
        if how != "loaded"
    }
    figures["loaded_mb"] = round(statistics.median(read.peak_mb for read in reads["loaded"]))
    figures["ratio"] = round(figures["csv_alone"]["rows_a_second"] / figures["csv"]["rows_a_second"], 1)
    return figures


# -- taking in ------------------------------------------------------------------------------------


def of_taking_in(kind: str, file: Path, rows: int) -> dict[str, Any]:
    """Take the first rows of the file in, twice, and return the figures."""
    from django.utils import timezone

    from matching.importing.row_by_row import take_in_requests, take_in_spaces

    take_in: Callable[..., Any] = take_in_spaces if kind == "spaces" else take_in_requests
    chosen = reader_of(kind)(file).rows[:rows]
    figures: dict[str, Any] = {"taken_in_rows": len(chosen)}
    for turn, outcome in (("taken_in", "new"), ("again", "unchanged")):
        began = time.perf_counter()
        imported = take_in(chosen, by=None, at=timezone.now())
        seconds = time.perf_counter() - began
        assert imported.outcomes[outcome] == len(chosen), (imported.outcomes, imported.problems[:3])
        figures[turn] = round(len(chosen) / seconds)
    return figures


# -- the desk -------------------------------------------------------------------------------------


def at_the_desk(folder: Path) -> dict[str, Any]:
    """Load the queue alone, and while a worker looks through a sheet and takes it in; return the figures."""
    from django.conf import settings
    from django.utils import timezone

    from benchmarks import coordinator_market
    from benchmarks.service import percentiles
    from matching.importing import uploads
    from matching.models import SheetImport
    from shelter.running import commands
    from tests import people, processes

    settings.PASSWORD_HASHERS = ["tests.hashers.QuickArgon2", *settings.PASSWORD_HASHERS]
    coordinator_market.proposals(WAITING, seed=3, at=timezone.now())
    carla = people.carla()
    file = folder / "desk.csv"
    write_both(list(_desk_rows()), file, folder / "desk.xlsx")
    env = processes.environment(SHELTER_BEAT_FILE=str(folder / "beat"))
    session = people.desk_client(carla).cookies[settings.SESSION_COOKIE_NAME].value
    with (
        processes.web(folder / "web.log", workers=1, threads=4) as site,
        processes.running(*commands.WORKER, log=folder / "worker.log", env=env),
    ):
        queue = Queue(site, session)
        queue.load(20)
        alone = queue.load(100)
        sheet = uploads.receive("spaces", file.read_bytes(), file_name="desk.csv", by=carla.user, at=timezone.now())
        looked, seconds_to_preview = queue.load_until(lambda: _state(sheet) == SheetImport.State.PREVIEWED)
        uploads.confirm(sheet.pk, trust_vetted=True, by=carla.user, at=timezone.now())
        taken, seconds_to_take_in = queue.load_until(lambda: _state(sheet) == SheetImport.State.DONE)
    return {
        "desk": f"a sheet of {DESK_ROWS} spaces, {WAITING} proposals in the queue",
        "queue_alone_ms": percentiles(alone),
        "queue_meanwhile_ms": percentiles([*looked, *taken]),
        "wanted_p95": WANTED_P95,
        "seconds_to_preview": round(seconds_to_preview, 1),
        "seconds_to_take_in": round(seconds_to_take_in, 1),
        "rows": dict(_outcomes(sheet)),
    }


def _desk_rows() -> Iterator[list[str]]:
    """Yield a sheet like the others, with keys and phone numbers that no other sheet has."""
    header, *rows = made_up("spaces", DESK_ROWS)
    phone = header.index("phone")
    yield header
    for row in rows:
        yield ["desk-" + row[0], *row[1:phone], f"+7{int(row[phone][2:]) + 50_000_000}", *row[phone + 1 :]]


def _state(sheet: Any) -> str:
    sheet.refresh_from_db(fields=["state"])
    return str(sheet.state)


def _outcomes(sheet: Any) -> Iterator[tuple[str, int]]:
    from django.db.models import Count

    yield from sheet.rows.order_by("outcome").values_list("outcome").annotate(Count("pk"))


class Queue:
    """The queue of proposals, as a signed-in coordinator loads it over HTTP."""

    def __init__(self, site: str, session: str) -> None:
        import httpx
        from django.conf import settings

        cookies = {settings.SESSION_COOKIE_NAME: session}
        self.browser = httpx.Client(base_url=site, cookies=cookies, timeout=60, headers={"accept-language": "ru"})

    def load(self, times: int) -> list[float]:
        """Load the queue so many times; return the seconds of each."""
        return [self._once() for _ in range(times)]

    def load_until(self, over: Callable[[], bool]) -> tuple[list[float], float]:
        """Load the queue until `over`, about five times a second; return the seconds of each load, and of all."""
        began, took = time.perf_counter(), []
        while not over():
            took.append(self._once())
            time.sleep(0.2)
        return took, time.perf_counter() - began

    def _once(self) -> float:
        began = time.perf_counter()
        page = self.browser.get(QUEUE)
        assert page.status_code == 200, page.status_code
        return time.perf_counter() - began


if __name__ == "__main__":
    main()
