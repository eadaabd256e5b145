"""Compare planning by regions with one plan for all: `python -m benchmarks.engine_regions [1k|10k|100k]`.

Cuts a made-up week as a round does. Plans the regions, and then the requests that reach several regions and are left over.
Prints one line of JSON: objective and seconds of both ways, and the gap of both to the bound of the single plan.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from benchmarks.engine import SIZES
from benchmarks.engine_weeks import country
from matching.engine import Held, Need, Offer, Placement, plan
from matching.worker.regions import Points, cut


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("size", choices=[size for size in SIZES if size != "city"], nargs="?", default="10k")
    parser.add_argument("--largest", type=int, help="requests in a region (default: a fifth)")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    needs, offers = country(*SIZES[options.size], seed=options.seed)
    print(json.dumps({"requests": len(needs), "spaces": len(offers)} | compare(needs, offers, options.largest)))


def compare(needs: list[Need], offers: list[Offer], largest: int | None) -> dict[str, Any]:
    began = time.perf_counter()
    whole = plan(needs, offers)
    whole_took = time.perf_counter() - began
    began = time.perf_counter()
    parts = cut(
        _points(needs, [need.people for need in needs], [need.radius_km for need in needs]),
        _points(offers, [offer.beds for offer in offers], [0.0] * len(offers)),
        largest=largest or len(needs) // 5,
    )
    placed: list[Placement] = []
    sizes = []
    for region in range(parts.regions):
        here = [need for need, at in zip(needs, parts.of_request, strict=True) if at == region]
        there = [offer for offer, at in zip(offers, parts.of_space, strict=True) if at == region]
        placed += plan(here, there).placements
        sizes.append([len(here), len(there)])
    at_last = _last(needs, offers, placed, parts.several.tolist())
    objective = sum(placement.score for placement in [*placed, *at_last])
    return {
        "whole": {"objective": round(whole.objective), "gap": whole.gap, "seconds": round(whole_took, 1)},
        "regions": {
            "objective": round(objective),
            "gap": whole.bound / objective - 1,
            "seconds": round(time.perf_counter() - began, 1),
            "sizes": sizes,
            "reach_several": int(parts.several.sum()),
            "placed_at_last": len(at_last),
        },
        "cost": 1 - objective / whole.objective,
    }


def _last(
    needs: Sequence[Need], offers: Sequence[Offer], placed: Sequence[Placement], several: Sequence[bool]
) -> Sequence[Placement]:
    held: defaultdict[str, list[Held]] = defaultdict(list)
    for placement in placed:
        for leg in placement.legs:
            held[leg.offer_id].append(Held(leg.first_night, leg.last_day, leg.people))
    done = {placement.need_id for placement in placed}
    left = [need for need, reaches in zip(needs, several, strict=True) if reaches and need.id not in done]
    return plan(left, [replace(offer, held=tuple(held[offer.id])) for offer in offers]).placements


def _points(where: Sequence[Need] | Sequence[Offer], size: Sequence[int], reach: Sequence[float]) -> Points:
    return Points(
        np.array([each.lat for each in where]),
        np.array([each.lon for each in where]),
        np.array(size, dtype=float),
        np.array(reach),
    )


if __name__ == "__main__":
    main()
