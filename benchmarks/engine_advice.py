"""Test the engine's advice: add an advised space, plan again, and compare the promised with the real gain.

`python -m benchmarks.engine_advice [--week 1k] [--seeds 5] [--each 3]`; prints one line of JSON for each seed. For every
kind of space, the best `each` pieces of advice are tried, one at a time. `gained` is the rise of the objective from the
first plan to the second, in its units. Neither plan is exactly the best one, so a single rise is noise where the plans'
gap is large beside the gain. The sums say more.
"""

from __future__ import annotations

import argparse
import json
from collections import defaultdict

from benchmarks.engine import SIZES, week_of
from matching.engine import Need, Offer, plan
from matching.engine.advice import Advice


def tried(needs: list[Need], offers: list[Offer], each: int) -> list[tuple[Advice, float]]:
    """Return the pieces of advice that were tried, each with the rise of the objective that its space alone brought."""
    before = plan(needs, offers)
    by_kind: defaultdict[str, list[Advice]] = defaultdict(list)
    for one in before.advice:
        by_kind[one.kind.name].append(one)
    chosen = [one for those in by_kind.values() for one in those[:each]]
    return [(one, plan(needs, [*offers, one.as_offer("advised")]).objective - before.objective) for one in chosen]


def summed(found: list[tuple[Advice, float]]) -> dict[str, float]:
    promised, gained = sum(one.gain for one, _gained in found), sum(gained for _one, gained in found)
    return {
        "spaces": len(found),
        "promised": round(promised, 2),
        "at_least": round(sum(one.at_least for one, _gained in found), 2),
        "gained": round(gained, 2),
        "gained_of_promised": round(gained / promised, 3) if promised else 1.0,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--week", choices=SIZES, default="1k")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--each", type=int, default=3, help="number of spaces of each kind to try")
    options = parser.parse_args()
    for seed in range(1, options.seeds + 1):
        found = tried(*week_of(options.week, seed), options.each)
        kinds = sorted({one.kind.name for one, _gained in found})
        by_kind = {name: summed([each for each in found if each[0].kind.name == name]) for name in kinds}
        print(json.dumps({"week": options.week, "seed": seed, **summed(found), "kinds": by_kind}), flush=True)


if __name__ == "__main__":
    main()
