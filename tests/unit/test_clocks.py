"""Every clock of the service is in the operator's table with its length, and is registered beside its app's rows."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from deployment import rules
from deployment.lengths import LENGTHS
from matching.admin.kept_words import KEPT_WORDS
from privacy.retention import clocks
from tests.unit.documents import ROOT, table_under

UNITS = {"hour": timedelta(hours=1), "day": timedelta(days=1)}


def length_in(cell: str) -> timedelta:
    """Return the length in a table's cell: "6 hours", "30 days", or "until …" (zero) for rows with their own end."""
    if cell.startswith("until"):
        return timedelta(0)
    number, unit = re.search(r"(\d+) (hour|day)", cell).groups()  # type: ignore[union-attr]
    return int(number) * UNITS[unit]


def test_documented_clocks_are_the_clocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules, "current", rules.defaults)
    rows = table_under((ROOT / "docs" / "running.md").read_text(), "What is kept for how long")

    assert {row[0].strip("`"): length_in(row[1]) for row in rows} == {
        name: clock.length() for name, clock in clocks().items()
    }


@pytest.mark.parametrize(
    ("cell", "length"),
    [("1 day", timedelta(days=1)), ("`X` (30 days)", timedelta(days=30)), ("until it ends", timedelta(0))],
)
def test_length_is_read_from_the_table(cell: str, length: timedelta) -> None:
    assert length_in(cell) == length


def test_clocks_are_registered_beside_their_rows() -> None:
    """At set-up only each app's `retention.py` is imported, so a clock in another file might never run."""
    assert {clock.forget.__module__.partition(".")[2] for clock in clocks().values()} == {"retention"}


def test_each_length_that_leads_set_is_that_of_a_clock_and_has_words() -> None:
    assert set(LENGTHS) <= set(clocks())
    assert list(LENGTHS) == list(KEPT_WORDS)


def test_lengths_that_no_lead_sets_are_short() -> None:
    """Whatever is kept for longer than 30 days is kept as long as the deployment decides."""
    fixed = {name: clock.length() for name, clock in clocks().items() if name not in LENGTHS}

    assert {name: length for name, length in fixed.items() if length > timedelta(days=30)} == {}
