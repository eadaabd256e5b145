"""Read the project's documents for tests: their tables, their links, and the names in their backticks."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent

APPS: tuple[str, ...] = tuple(
    tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["root_packages"]
)
"""The project's own packages, from the import contract, so that a new package falls under the other rules as well."""

Table = list[list[str]]


def documents() -> list[Path]:
    """Return every document for readers."""
    return sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), ROOT / "sample_data" / "README.md"])


def table_under(text: str, heading: str) -> Table:
    """Return the rows, without the header, of the first table under the heading of that name."""
    section = re.split(rf"^#+ {re.escape(heading)}\n", text, maxsplit=1, flags=re.M)[1]
    rows: Table = []
    for line in section.splitlines():
        if line.startswith("|"):
            rows.append([cell.strip() for cell in line.strip().strip("|").split("|")])
        elif rows:
            break
    return rows[2:]


def words(cell: str) -> list[str]:
    """Return the comma-separated words of a cell, without backticks."""
    return [word.strip().strip("`") for word in cell.split(",") if word.strip()]


def without_code_blocks(text: str) -> str:
    return re.sub(r"^```.*?^```", "", text, flags=re.M | re.S)


def links(text: str) -> list[str]:
    """Return the targets of the document's links within the project."""
    found = re.findall(r"\]\(([^)\s]+)\)", without_code_blocks(text))
    return [link.split("#")[0] for link in found if not re.match(r"[a-z]+:|#", link)]


def backticked(text: str) -> list[str]:
    """Return the texts in backticks, without blocks of code."""
    return re.findall(r"`([^`\n]+)`", without_code_blocks(text))
