"""Every reference in a file can be followed in a clone: no file cites a page that a clone does not have."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.documents import ROOT

MADE_BY_PROGRAMS = re.compile(r"\.(?!ci$|github$).*|__pycache__|node_modules|staticfiles")
"""Folders that no clone has."""

READ = {".py", ".md", ".html", ".css", ".js", ".toml", ".in", ".yml", ".yaml", ".sh", ".po", "", ".example"}
"""Suffixes of the files that people write here; "" stands for Makefile, Dockerfile, LICENSE and `.ci/run`."""

PAGE = re.compile(r"(?<![\w/.-])(?:[\w.-]+/)*[\w-]+\.md\b")
SECTION = re.compile(r"\b(?!AGPL)[A-Z]{4,}(?:\.md)?,? (?:section|chapter) \d")
"""A reference to a section of a page named in capitals. AGPL is exempt: its text is in LICENSE."""

NAMING_WHAT_IS_MISSING = {"test_citations.py", "test_docs.py"}
"""Tests whose negative controls name missing pages."""


def files() -> list[Path]:
    """Return the files that people write, in every folder of the project."""
    found: list[Path] = []
    for folder, inner, names in os.walk(ROOT):
        inner[:] = [name for name in inner if not MADE_BY_PROGRAMS.fullmatch(name)]
        found += [Path(folder) / name for name in names if Path(name).suffix in READ]
    return sorted(found)


def cited_and_missing(path: Path, text: str) -> Iterator[str]:
    """Yield each page that the text of the file at `path` cites and a clone does not have."""
    for page in set(PAGE.findall(text)):
        if not any((folder / page).exists() for folder in (ROOT, ROOT / "docs", path.parent)):
            yield page
    yield from SECTION.findall(text)


def test_no_file_cites_a_page_that_a_clone_does_not_have() -> None:
    read = {path: path.read_text(encoding="utf-8") for path in files() if path.name not in NAMING_WHAT_IS_MISSING}

    assert len(read) > 300
    assert {
        str(path.relative_to(ROOT)): sorted(missing)
        for path, text in read.items()
        if (missing := list(cited_and_missing(path, text)))
    } == {}


@pytest.mark.parametrize(
    ("text", "missing"),
    [
        ("The objective (PLAN, section 4)", "PLAN, section 4"),
        ("see PLAN.md, section 3", "PLAN.md"),
        ("as docs/nowhere.md says", "docs/nowhere.md"),
        ("as ../elsewhere/page.md says", "../elsewhere/page.md"),
    ],
)
def test_a_page_that_is_missing_is_noticed(text: str, missing: str) -> None:
    assert missing in set(cited_and_missing(ROOT / "matching" / "states.py", text))


def test_a_page_that_is_there_may_be_cited() -> None:
    text = "docs/matching.md, matching.md, README.md and ../docs/states.md"

    assert list(cited_and_missing(ROOT / "matching" / "states.py", text)) == []
