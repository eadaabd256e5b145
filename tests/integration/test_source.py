"""The source offered to every visitor (AGPL, section 13): the link in the foot, and the archive behind the link."""

from __future__ import annotations

import io
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.utils.translation import override

from shelter import faults, source
from tests.unit.documents import ROOT

pytestmark = pytest.mark.django_db

LINK = '<a href="/source.tar.gz">'


@pytest.mark.parametrize("address", ["/", "/need/", "/case/", "/offer/", "/admin/login/", "/api/v1/docs/", "/nowhere/"])
def test_foot_of_every_page_leads_to_the_source(client: Client, address: str) -> None:
    page = client.get(address, follow=True).content.decode()

    assert page.count(LINK) == 1


def test_page_of_a_fault_leads_to_the_source_too(rf: Any) -> None:
    with override("en"):
        assert LINK in faults.unavailable(rf.get("/")).content.decode()


def test_foot_leads_to_the_operators_own_repository_where_it_is_set(client: Client, settings: Any) -> None:
    settings.SOURCE_URL = "https://git.example.org/our-shanyrak"

    page = client.get("/").content.decode()

    assert '<a href="https://git.example.org/our-shanyrak">' in page
    assert LINK not in page


def unpacked(client: Client, folder: Path) -> Path:
    answer = client.get("/source.tar.gz")
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/gzip")
    assert answer["Cache-Control"] == "public, max-age=3600"
    with tarfile.open(fileobj=io.BytesIO(answer.content)) as tar:
        assert {(entry.uid, entry.uname) for entry in tar} == {(0, "")}
        tar.extractall(folder)  # Without the filter, which Python has since 3.11.4: the archive is our own.
    return folder / source.ARCHIVE_FOLDER


def test_archive_is_a_service_that_stands_on_its_own(client: Client, tmp_path: Path) -> None:
    folder = unpacked(client, tmp_path)

    checked = subprocess.run(
        [sys.executable, "manage.py", "check"],
        cwd=folder,
        env={"DEBUG": "yes", "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
    )
    assert (checked.returncode, checked.stderr) == (0, "")
    kept = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split(
        "\n"
    )
    program = {
        path
        for path in tracked
        if path and (ROOT / path).exists() and not path.startswith((".ci", ".git", "tests/", "benchmarks/", "docs/"))
    }
    # The archive leaves out documents for developers, the build's list of ignored files, and sheets that may hold
    # people.
    left_out = {path for path in program - kept if not path.startswith(".") and not path.endswith(".md")}
    assert left_out == {"sample_data/REQUESTS.csv", "sample_data/SPACES.csv"}


PLANTED = (
    ".env",
    "keys.json",
    "dump.sql",
    "sample_data/REQUESTS.csv",
    "sample_data/people.xlsx",
    "matching/arrivals.csv",
    "static/.env",
    "templates/notes.docx",
    "shelter/__pycache__/settings.cpython-311.pyc",
    "staticfiles/copy.css",
    ".git/config",
)


def test_archive_leaves_out_files_that_somebody_left_beside_the_code(tmp_path: Path) -> None:
    for name in (*PLANTED, "shelter/settings.py", "manage.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("Amira, +7 700 000 00 00")
    (tmp_path / "matching" / "elsewhere.py").symlink_to("/etc/passwd")

    assert [str(path.relative_to(tmp_path)) for path in source.files(tmp_path)] == ["manage.py", "shelter/settings.py"]
