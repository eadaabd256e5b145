"""`manage.py` as a person in a shell calls it, without any variable of the service set."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from tests.processes import ROOT

SHEETS = ("sample_data/SPACES.csv", "sample_data/REQUESTS.csv")


def manage(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "manage.py", *words], cwd=ROOT, env={}, capture_output=True, text=True)


def test_files_are_matched_and_checked_with_nothing_set(tmp_path: Path) -> None:
    out, summary = str(tmp_path / "MATCHES.csv"), str(tmp_path / "SUMMARY.json")

    matched = manage("match_files", *SHEETS, "--out", out, "--json", summary, "--now", "2022-09-26T00:00:00Z")
    checked = manage("verify_plan", *SHEETS, out, summary)

    assert (matched.returncode, checked.returncode) == (0, 0), matched.stderr + checked.stderr
    assert json.loads(Path(summary).read_text())["households_asked"] == 300


def test_service_still_refuses_to_start_without_its_secrets() -> None:
    refused = manage("check")

    assert refused.returncode != 0
    assert "Set SECRET_KEY in the environment" in refused.stderr
