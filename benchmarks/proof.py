"""Run the proofs that take longer than a test may (`make proof`); docs/proof.md says what each of them shows.

`python -m benchmarks.proof [NAME ...]` runs all proofs, or those named. They run one after another, because most of them
measure time. Their output is printed, and at the end one line for each with its result and seconds. The exit status is 1 if
a proof failed.
"""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

PROOFS = {
    "image": "python -m benchmarks.image",
    "first-page": "python -m benchmarks.first_page",
    "weeks": "env SHELTER_ALL_EXAMPLES=yes DEBUG=yes python -m pytest -q tests/unit/engine",
    "matrices": (
        "env SHELTER_ALL_EXAMPLES=yes python -m shelter.running with python -m pytest -q"
        " tests/integration/test_nothing_is_opened.py tests/integration/admin/test_desk_languages.py"
    ),
    "migrations": "python -m shelter.running with python -m pytest -q -m long tests/integration",
    "pages": "env SHELTER_ALL_EXAMPLES=yes make test-pages ARGS=tests/browser/test_accessibility.py",
    "optimum": "python -m benchmarks.engine_exact",
    "others": "python -m benchmarks.engine 1k 10k 100k city",
    "service": "python -m benchmarks.service 100k",
    "importing": "python -m shelter.running with python -m benchmarks.importing",
    "desk": "python -m shelter.running with python -m benchmarks.coordinator",
}


def main(names: list[str]) -> int:
    if unknown := [name for name in names if name not in PROOFS]:
        print(f"no such proof: {', '.join(unknown)}; there are: {', '.join(PROOFS)}", file=sys.stderr)
        return 2
    told = []
    for name in names or PROOFS:
        print(f"== {name}: {PROOFS[name]}", flush=True)
        began = time.monotonic()
        words = [sys.executable if word == "python" else word for word in PROOFS[name].split()]
        status = subprocess.run(words, cwd=ROOT).returncode
        told.append((name, status, time.monotonic() - began))
    for name, status, seconds in told:
        print(f"{name}: {'ok' if status == 0 else f'FAILED ({status})'} in {seconds:.0f} s")
    return int(any(status for _name, status, _seconds in told))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
