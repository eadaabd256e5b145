"""Measure whether time tells a contact that a host has from one that nobody has.

    python -m shelter.running with python -m benchmarks.sign_in [--tries 400]

Asks for a code, and tries a wrong one, at contacts of hosts and at contacts of nobody, mixed at random. Prints one line of JSON
for each of the two:

- `known_ms`, `unknown_ms`: the medians of both kinds in milliseconds;
- `chance`: how often the slower of a known and an unknown one, drawn at random, is the known one: 0.5 tells nothing, 1 tells
  all (the area under the ROC curve, Mann and Whitney 1947);
- `noise`: twice the standard deviation of `chance` where nothing differs. A `chance` within 0.5 ± `noise` tells nothing.

No test asserts a time: `tests/integration/test_equal_work.py` compares queries, rows and wake-ups instead.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import statistics
import time
from collections.abc import Callable

import django


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tries", type=int, default=400, help="of each kind")
    options = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shelter.settings")
    os.environ.setdefault("DEBUG", "yes")
    django.setup()
    from django.conf import settings
    from django.core.management import call_command
    from django.utils import timezone

    from accounts import hosts, signing_in
    from accounts.refusals import WrongCode

    settings.DEBUG = False
    call_command("migrate", verbosity=0)
    known = [f"host{number}@example.org" for number in range(options.tries)]
    unknown = [f"nobody{number}@example.org" for number in range(options.tries)]
    for contact in known:
        hosts.register_host(name="Hanna", contacts=[("email", contact)], language="ru")

    def ask(contact: str, source: str) -> None:
        signing_in.send_code(contact, source=source, at=timezone.now())

    def guess(contact: str, source: str) -> None:
        try:
            signing_in.sign_in_by_code(contact, "x", source=source, at=timezone.now())
        except WrongCode:
            return

    print(json.dumps({"act": "asking for a code", **measured(ask, known, unknown)}), flush=True)
    signing_in.answer_code_requests(at=timezone.now())
    print(json.dumps({"act": "trying a code", **measured(guess, known, unknown)}), flush=True)


def measured(act: Callable[[str, str], None], known: list[str], unknown: list[str]) -> dict[str, float]:
    """Do the act once for each contact, mixed, each from a source of its own, and return the figures."""
    tries = [(True, contact) for contact in known] + [(False, contact) for contact in unknown]
    random.Random(1947).shuffle(tries)
    took: dict[bool, list[float]] = {True: [], False: []}
    for number, (is_known, contact) in enumerate(tries):
        began = time.perf_counter()
        act(contact, f"source {number}")
        took[is_known].append(time.perf_counter() - began)
    slower = sum((one > other) + (one == other) / 2 for one in took[True] for other in took[False])
    many, others = len(took[True]), len(took[False])
    return {
        "known_ms": round(1000 * statistics.median(took[True]), 2),
        "unknown_ms": round(1000 * statistics.median(took[False]), 2),
        "chance": round(slower / (many * others), 3),
        "noise": round(2 * ((many + others + 1) / (12 * many * others)) ** 0.5, 3),
    }


if __name__ == "__main__":
    main()
