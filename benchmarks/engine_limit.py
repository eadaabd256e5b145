"""Measure how well time limits are kept: `python -m benchmarks.engine_limit FOLDER [--limits 5 10] [--now ISO-8601] [--busy N]`.

Runs the whole process `match_files` on a folder with SPACES.csv and REQUESTS.csv, once under each limit. Prints one line of
JSON for each: the seconds of wall clock, the share by which they exceed the limit, the gap of the plan, and how many
requests that are left over had no time for reasons. `--busy` keeps N processor cores busy with other work meanwhile.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import django

from matching.engine.reasons import NO_TIME
from matching.management.commands.match_files import english


def under(limit: float, folder: Path, now: str) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as name:
        summary = Path(name) / "SUMMARY.json"
        command = [sys.executable, "manage.py", "match_files", str(folder / "SPACES.csv"), str(folder / "REQUESTS.csv")]
        command += ["--out", f"{name}/MATCHES.csv", "--json", str(summary), f"--now={now}", "--progress=none"]
        began = time.perf_counter()
        subprocess.run(
            [*command, f"--time-limit={limit}"],
            check=True,
            stderr=subprocess.DEVNULL,
        )
        took = time.perf_counter() - began
        figures = json.loads(summary.read_text(encoding="utf-8"))
    return {
        "limit": limit,
        "seconds": round(took, 2),
        "over": round(took / limit - 1, 4),
        "gap": figures["gap"],
        "left_over": len(figures["left_over"]),
        "not_looked_into": sum(english(NO_TIME) in words for words in figures["left_over"].values()),
        "phases": figures["seconds"],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--limits", type=float, nargs="+", default=[5, 10, 30])
    parser.add_argument("--now", default="2022-09-26T00:00:00Z")
    parser.add_argument("--busy", type=int, default=0)
    options = parser.parse_args()
    os.environ |= {"DEBUG": "yes", "DJANGO_SETTINGS_MODULE": "shelter.settings"}
    django.setup()
    with ExitStack() as others:
        for _core in range(options.busy):
            busy = others.enter_context(subprocess.Popen([sys.executable, "-c", "while True: pass"]))
            others.callback(busy.terminate)
        for limit in options.limits:
            print(json.dumps(under(limit, options.folder, options.now)), flush=True)


if __name__ == "__main__":
    main()
