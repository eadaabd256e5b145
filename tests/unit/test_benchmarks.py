"""The benchmarks' comparison runs, and on the same week our plan is worth no less than the other methods' plans."""

from __future__ import annotations

from benchmarks.engine import SIZES, compare
from benchmarks.engine_weeks import city, country


def test_every_way_of_matching_has_its_figures_and_ours_is_worth_most() -> None:
    for make in (country, city):
        figures = compare(*make(60, 40, seed=1), 0)
        worth = {way: figures[way]["objective"] for way in ("first_come", "most_urgent", "one_to_one", "ours")}

        assert max(worth, key=lambda way: worth[way]) == "ours"
        assert min(worth.values()) > 0
        assert figures["ours"]["bound"] >= worth["ours"]
        assert figures["ours"]["passed_over"] == 0


def test_weeks_have_the_sizes_that_the_documents_name() -> None:
    assert SIZES == {"1k": (1_000, 600), "10k": (10_000, 6_000), "100k": (100_000, 60_000), "city": (30_000, 8_700)}
