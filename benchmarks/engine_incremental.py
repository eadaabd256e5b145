"""Measure how fast the board places one request and refills one space, with all spaces of a country in memory.

`python -m benchmarks.engine_incremental [--offers 60000] [--waiting 20000] [--asked 2000]`; prints one line of JSON. First,
households are placed one after the other, each as a proposal that may still be moved, until most beds are taken. A market
with many free beds would be too easy.
"""

from __future__ import annotations

import argparse
import json
import resource
import time

import numpy as np

from benchmarks.engine_weeks import city, country
from matching.engine import Arrangement
from matching.engine.board import Board


def milliseconds(took: list[float]) -> dict[str, float]:
    p50, p95, p99 = np.percentile(np.array(took) * 1000, [50, 95, 99]).tolist()
    figures = {"p50": p50, "p95": p95, "p99": p99, "worst": max(took) * 1000}
    return {name: round(figure, 2) for name, figure in figures.items()} | {"count": len(took)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--offers", type=int, default=60_000)
    parser.add_argument("--standing", type=int, default=80_000, help="households placed before the clock runs")
    parser.add_argument("--waiting", type=int, default=20_000)
    parser.add_argument("--asked", type=int, default=2_000)
    parser.add_argument("--city", action="store_true", help="one city instead of a country")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    total = options.standing + options.waiting + options.asked
    needs, offers = (city if options.city else country)(total, options.offers, seed=options.seed)
    began = time.perf_counter()
    board = Board([], offers)
    loaded = time.perf_counter() - began
    asked = {need.id: need for need in needs}

    def tell(answer: Arrangement) -> None:
        for placement in (*answer.moved, answer.placement):
            board.stand(asked[placement.need_id], placement)

    left = []
    for need in needs[: options.standing]:
        answer = board.place(need)
        if isinstance(answer, Arrangement):
            tell(answer)
        else:
            left.append(need)
    filled = time.perf_counter() - began - loaded
    for need in (*left, *needs[options.standing : options.standing + options.waiting]):
        board.put_need(need)

    placing, telling, moved, placed = [], [], 0, 0
    for need in needs[-options.asked :]:
        begin = time.perf_counter()
        answer = board.place(need)
        placing.append(time.perf_counter() - begin)
        if isinstance(answer, Arrangement):
            begin = time.perf_counter()
            tell(answer)
            telling.append(time.perf_counter() - begin)
            placed += 1
            moved += len(answer.moved)
    refilling, found = [], 0
    draw = np.random.default_rng(options.seed)
    for need_id in draw.choice([need.id for need in needs[: options.standing]], options.asked).tolist():
        there = board.standing(need_id)
        if there is None:
            continue
        board.drop_need(need_id)
        begin = time.perf_counter()
        placements = board.refill(there.legs[0].offer_id)
        refilling.append(time.perf_counter() - begin)
        for placement in placements:
            board.stand(asked[placement.need_id], placement)
        found += len(placements)
    figures = {
        "offers": len(offers),
        "waiting": len(board.waiting),
        "load_seconds": round(loaded, 2),
        "fill_seconds": round(filled, 2),
        "place_ms": milliseconds(placing),
        "placed": placed,
        "moved": moved,
        "stand_ms": milliseconds(telling),
        "refill_ms": milliseconds(refilling),
        "refilled": found,
        "peak_memory_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
