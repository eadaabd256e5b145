"""Small weeks drawn by hypothesis: crowded, with every rule, move, split and held bed in them."""

from __future__ import annotations

from hypothesis import strategies as st

from matching.engine import Held, Need, Offer
from tests.unit.engine.making import ALMATY, KM_NORTH, night

LANGUAGES = st.frozensets(st.sampled_from(["ru", "kk", "en"]), max_size=2)
SPOT = st.tuples(st.integers(0, 12), st.integers(0, 3))


@st.composite
def needs(draw: st.DrawFn, number: int) -> Need:
    people = draw(st.integers(1, 4))
    nights = draw(st.integers(1, 8))
    north, east = draw(SPOT)
    all_women = draw(st.booleans())
    return Need(
        id=f"n{number}",
        lat=ALMATY[0] + north * KM_NORTH,
        lon=ALMATY[1] + east * KM_NORTH,
        radius_km=float(draw(st.sampled_from([2, 5, 20]))),
        people=people,
        children=draw(st.integers(0, people - 1)),
        all_women=all_women,
        first_night=night(draw(st.integers(0, 4))),
        nights=nights,
        min_nights=draw(st.integers(1, nights)),
        pets=draw(st.integers(0, 5)) == 0,
        step_free=draw(st.integers(0, 5)) == 0,
        women_only=all_women and draw(st.integers(0, 3)) == 0,
        smoking=draw(st.sampled_from([None, None, None, True, False])),
        languages=draw(LANGUAGES),
        language_required=draw(st.integers(0, 5)) == 0,
        urgency=draw(st.sampled_from([1.0, 1.5, 2.5, 4.0])),
        days_waiting=float(draw(st.integers(0, 20))),
        may_move=draw(st.booleans()),
        may_split=draw(st.booleans()),
        declined=frozenset(draw(st.lists(st.sampled_from(["o0", "o1", "elsewhere"]), max_size=1))),
        apart=frozenset(draw(st.lists(st.sampled_from(["o1", "o2", "elsewhere"]), max_size=1))),
    )


@st.composite
def offers(draw: st.DrawFn, number: int) -> Offer:
    north, east = draw(SPOT)
    opens, closes = sorted(draw(st.lists(st.integers(-2, 14), min_size=2, max_size=2, unique=True)))
    again = closes + draw(st.integers(1, 3))
    windows = ((night(opens), night(closes)), (night(again), night(again + 4)))
    beds = draw(st.integers(1, 5))
    held = draw(st.lists(st.tuples(st.integers(0, 6), st.integers(1, 3), st.integers(1, beds)), max_size=1))
    return Offer(
        id=f"o{number}",
        lat=ALMATY[0] + north * KM_NORTH,
        lon=ALMATY[1] + east * KM_NORTH,
        beds=beds,
        shared=draw(st.booleans()),
        windows=windows,
        max_nights=draw(st.sampled_from([None, None, 3, 5])),
        who=draw(st.sampled_from(["anyone", "anyone", "anyone", "women", "families"])),
        children=draw(st.integers(0, 3)) > 0,
        pets=draw(st.booleans()),
        smoking=draw(st.booleans()),
        step_free=draw(st.booleans()),
        languages=draw(LANGUAGES),
        vetted=draw(st.integers(0, 9)) > 0,
        held=tuple(Held(night(first), night(first + length), people) for first, length, people in held),
    )


@st.composite
def weeks(draw: st.DrawFn) -> tuple[list[Need], list[Offer]]:
    """Draw up to eight needs and five offers."""
    return (
        [draw(needs(number)) for number in range(draw(st.integers(0, 8)))],
        [draw(offers(number)) for number in range(draw(st.integers(0, 5)))],
    )
