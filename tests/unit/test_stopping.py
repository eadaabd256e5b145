"""A person presses Ctrl-C while `match_files` runs: the real process writes the best plan so far."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from django.core.management import call_command

from benchmarks.engine_weeks import country
from matching.engine import Need, Offer

ROOT = Path(__file__).resolve().parents[2]
NOW = "2022-09-26T00:00:00Z"
YES = {True: "yes", False: "no"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a week whose plan takes some seconds."""
    folder = tmp_path_factory.mktemp("week")
    needs, offers = country(1_500, 900, seed=3)
    _write(folder / "REQUESTS.csv", [_request(need) for need in needs])
    _write(folder / "SPACES.csv", [_space(offer) for offer in offers])
    return folder


def _write(path: Path, rows: list[dict[str, object]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as out:
        lines = csv.DictWriter(out, rows[0])
        lines.writeheader()
        lines.writerows(rows)


def _request(need: Need) -> dict[str, object]:
    return {
        "request_id": need.id,
        "lat": need.lat,
        "lon": need.lon,
        "radius_km": need.radius_km,
        "people": need.people,
        "first_night": need.first_night,
        "nights": need.nights,
        "min_nights": need.min_nights,
        "urgency": f"{need.urgency:g}",
        "may_move": YES[need.may_move],
    }


def _space(offer: Offer) -> dict[str, object]:
    return {
        "space_id": offer.id,
        "lat": offer.lat,
        "lon": offer.lon,
        "beds": offer.beds,
        "shared": YES[offer.shared],
        "windows": ";".join(f"{first}/{last}" for first, last in offer.windows),
        "vetted": "yes",
    }


def run(folder: Path, on_step: Callable[[subprocess.Popen[str], dict[str, object]], None]) -> list[str]:
    """Run the command, call `on_step` with each step, and return the phases in order."""
    files = [str(folder / name) for name in ("SPACES.csv", "REQUESTS.csv")]
    out = [f"--out={folder / 'MATCHES.csv'}", f"--json={folder / 'SUMMARY.json'}", f"--now={NOW}", "--progress=json"]
    command = [sys.executable, "manage.py", "match_files", *files, *out]
    phases = []
    with subprocess.Popen(
        command, cwd=ROOT, env={**os.environ, "DEBUG": "yes"}, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if line.startswith("{"):
                step = json.loads(line)
                phases.append(str(step["phase"]))
                on_step(process, step)
    assert process.returncode == 0
    return phases


def test_ctrl_c_writes_the_best_plan_so_far(folder: Path) -> None:
    def press(process: subprocess.Popen[str], step: dict[str, object]) -> None:
        if step["phase"] == "prices" and step["done"] == 0:
            process.send_signal(signal.SIGINT)

    phases = run(folder, press)

    # One line announces the turns, and no turn follows.
    assert (phases.count("improve"), phases[-1]) == (1, "done")
    summary = json.loads((folder / "SUMMARY.json").read_text(encoding="utf-8"))
    assert summary["households_placed"] > 0
    files = [str(folder / name) for name in ("SPACES.csv", "REQUESTS.csv", "MATCHES.csv", "SUMMARY.json")]
    call_command("verify_plan", *files)


def test_without_ctrl_c_every_phase_runs(folder: Path) -> None:
    phases = run(folder, lambda _process, _step: None)

    assert (phases.count("improve"), phases[-1]) == (12, "done")
