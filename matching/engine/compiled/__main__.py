"""`python -m matching.engine.compiled` compiles every kernel into its cache, so that nobody waits for it later.

With `--beside` it leaves the cores to whatever else wants them: `make run` starts the service meanwhile.
"""

from __future__ import annotations

import os
import sys
from datetime import date

from matching.engine import Arrangement, Need, Offer, plan
from matching.engine.board import Board

WARM_UP_FROM, WARM_UP_UNTIL = date(2022, 9, 26), date(2022, 10, 3)


def warm_up() -> None:
    """Make a plan and fill a board such that every kernel is called."""
    offers = [
        Offer(
            id=f"o{at}",
            lat=43.2,
            lon=76.9,
            beds=2,
            shared=at % 2 == 0,
            windows=((WARM_UP_FROM, WARM_UP_UNTIL),),
            max_nights=3,
            who="anyone",
            children=True,
            pets=True,
            smoking=False,
            step_free=True,
            languages=frozenset(),
        )
        for at in range(3)
    ]
    needs = [
        Need(
            id=f"n{at}",
            lat=43.2,
            lon=76.9,
            radius_km=5.0,
            people=2 + at % 2,
            children=0,
            all_women=False,
            first_night=WARM_UP_FROM,
            nights=5,
            min_nights=3,
            pets=False,
            step_free=False,
            women_only=False,
            smoking=None,
            languages=frozenset(),
            language_required=False,
            urgency=1.0,
            days_waiting=0.0,
            may_move=at % 2 == 0,
            may_split=at % 3 == 0,
        )
        for at in range(8)
    ]
    plan(needs, offers)
    board = Board(needs, offers)
    for offer in offers:
        board.refill(offer.id)
    for need in needs:
        answer = board.place(need)
        if isinstance(answer, Arrangement):
            board.stand(need, answer.placement)


if __name__ == "__main__":
    if "--beside" in sys.argv:
        os.nice(10)
    warm_up()
