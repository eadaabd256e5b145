"""Measure how many cases are opened a second on one core, with the keyed hash of their secrets and with Argon2id before it.

    python -m benchmarks.intake [--seconds 10]

Ties itself and the PostgreSQL that it starts to one core. Then it opens cases one after the other by the act that all doors
call (`matching.intake.open_case_and_ask`): number, secret, need and due row in one transaction, for `--seconds` with each
hash, turn by turn, so that other work of the machine falls on both. Prints one line of JSON:

- `before`, `now`: cases opened in a second of processor time, of this process and of its PostgreSQL backend together. That is
  what one core does that does nothing else; other work of the machine hardly changes it;
- `ratio`: `now` divided by `before`; `wanted`: 50 cases a second;
- `wall_before`, `wall_now`: cases opened a second by the wall clock, on this machine as busy as it was;
- `cases`: the number of cases that were opened.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

import django

WANTED_A_SECOND = 50
TURNS = 5


@dataclass
class Opened:
    """Cases opened, with the wall clock and the processor time of both processes that it took, in seconds."""

    cases: int = 0
    wall: float = 0.0
    cpu: float = 0.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=10.0, help="with each of the two hashes")
    parser.add_argument("--with-servers", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.with_servers:
        print(json.dumps(measured(options.seconds)), flush=True)
        return
    # The server is a child of this process and inherits the core. Addresses of other servers would not stay on it.
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    given = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "REDIS_URL")}
    command = [sys.executable, "-m", "benchmarks.intake", "--with-servers", "--seconds", str(options.seconds)]
    sys.exit(subprocess.run([sys.executable, "-m", "shelter.running", "with", *command], env=given).returncode)


def measured(seconds: float) -> dict[str, Any]:
    """Open cases with both hashes, turn by turn, and return the figures."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shelter.settings")
    os.environ.setdefault("DEBUG", "yes")
    django.setup()
    from django.conf import settings
    from django.core.management import call_command

    settings.DEBUG = False  # With it, Django keeps the text of every query.
    call_command("migrate", verbosity=0)
    before, now = Opened(), Opened()
    for _turn in range(TURNS):
        with patch("accounts.arrivals.hash_of", slow_hash):
            open_cases(before, seconds / TURNS)
        open_cases(now, seconds / TURNS)
    return {
        "before": round(before.cases / before.cpu, 1),
        "now": round(now.cases / now.cpu, 1),
        "ratio": round(now.cases / now.cpu / (before.cases / before.cpu), 1),
        "wanted": WANTED_A_SECOND,
        "wall_before": round(before.cases / before.wall, 1),
        "wall_now": round(now.cases / now.wall, 1),
        "cases": before.cases + now.cases,
    }


def slow_hash(secret: str | None) -> str:
    """Return what was stored until November 2026: Argon2id with Django's parameters."""
    from django.contrib.auth.hashers import make_password

    return make_password(secret)


def open_cases(opened: Opened, seconds: float) -> None:
    """Open cases for so long, and add them to `opened`."""
    from django.utils import timezone

    from matching.deadlines import local_date
    from matching.intake import RequestDetails, open_case_and_ask

    began, cpu_began = time.perf_counter(), processor_seconds()
    while time.perf_counter() - began < seconds:
        at = timezone.now()
        details = RequestDetails(
            latitude=43.25,
            longitude=76.92,
            people=2,
            first_night=local_date(at) + timedelta(days=1),
            nights=3,
            languages=("ru",),
            notes="We can climb stairs.",
        )
        open_case_and_ask(details, language="ru", at=at)
        opened.cases += 1
    opened.wall += time.perf_counter() - began
    opened.cpu += processor_seconds() - cpu_began


def processor_seconds() -> float:
    """Return the processor time of this process and of its PostgreSQL backend, in user and system mode (proc(5))."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        (backend,) = cursor.fetchone()
    user, system = Path(f"/proc/{backend}/stat").read_text().rpartition(")")[2].split()[11:13]
    return time.process_time() + (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    main()
