"""The threat model and the checklist of ASVS name tests that exist and hold tests, and leave no requirement out."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

from tests.unit.documents import ROOT, table_under

THREATS, ASVS = ((ROOT / "docs" / name).read_text(encoding="utf-8") for name in ("threat-model.md", "asvs.md"))
REQUIREMENTS = 253
"""Of the levels 1 (70) and 2 (183) of ASVS 5.0."""


def named_in(text: str) -> list[str]:
    return re.findall(r"`(tests/[\w/.]+)`", text)


def holds_tests(path: Path) -> bool:
    return path.is_file() and re.search(r"^def test_", path.read_text(encoding="utf-8"), re.M) is not None


def rows_of(text: str) -> list[list[str]]:
    """Return the cells of every row of every table, without heads."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    rows = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]
    return [row for row in rows if not set("".join(row)) <= set("|-: ")]


@pytest.mark.parametrize("text", [THREATS, ASVS], ids=["threat model", "asvs"])
def test_every_named_test_exists_and_holds_tests(text: str) -> None:
    assert [name for name in named_in(text) if not holds_tests(ROOT / name)] == []
    assert len(named_in(text)) > 30


def test_name_of_no_test_is_found() -> None:
    assert [
        name for name in named_in("`tests/unit/test_nothing.py` `tests/people.py`") if holds_tests(ROOT / name)
    ] == []


def test_everything_that_holds_somebody_off_is_shown_by_a_test() -> None:
    rows = [row for row in rows_of(THREATS) if not row[1].startswith("shown by")]

    assert [row[0] for row in rows if not named_in(row[1])] == []


def test_each_of_the_seven_is_there_with_what_does_not_hold() -> None:
    parts = re.findall(r"^## (A .*)$", THREATS, re.M)

    assert len(parts) == 7
    assert THREATS.count("**Does not hold:**") == 7


def test_every_requirement_stands_there_once_with_a_state_and_a_reason() -> None:
    rows = table_under(ASVS, "The list")
    numbers = [number for row in rows for number in row[0].split(", ")]

    assert (len(numbers), len(set(numbers))) == (REQUIREMENTS, REQUIREMENTS)
    assert [number for number in numbers if not re.fullmatch(r"V\d{1,2}\.\d{1,2}\.\d{1,2}", number)] == []
    assert {row[2] for row in rows} == {"yes", "part", "open", "none"}
    assert [row[0] for row in rows if len(row) != 4 or not row[3]] == []


def test_sums_are_right() -> None:
    said = {row[0]: int(row[1]) for row in table_under(ASVS, "OWASP ASVS 5.0, level 2: where we stand")}
    found = Counter(row[2] for row in table_under(ASVS, "The list") for _number in row[0].split(", "))

    assert said == found
