"""Made-up weeks for the engine's benchmarks: a country, or one city where most spaces are near most households.

All people in them are invented. Shares and sizes follow the published figures of September 2022: mostly single people and
couples, and a few large households. Most ask for a week or so that begins in the next days.
"""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np

from matching.engine import Need, Offer
from places.gazetteer import all_places

MONDAY = date(2022, 9, 26)
PEOPLE = ((1, 2, 3, 4, 5, 6, 7, 8), (0.40, 0.25, 0.15, 0.11, 0.05, 0.02, 0.01, 0.01))
BEDS = ((1, 2, 3, 4, 5, 6, 7, 8), (0.27, 0.34, 0.16, 0.12, 0.05, 0.03, 0.01, 0.02))
RADII = ((3, 5, 10, 20, 50, 150, 600), (0.10, 0.18, 0.27, 0.18, 0.08, 0.13, 0.06))
LONGEST = ((0, 3, 5, 7, 10, 14, 30), (0.42, 0.08, 0.10, 0.16, 0.08, 0.09, 0.07))
KM = 1 / 111.195


def country(needs: int, offers: int, *, seed: int) -> tuple[list[Need], list[Offer]]:
    """Return a week of needs and offers in the towns of Kazakhstan, in proportion to their population."""
    random = np.random.default_rng(seed)
    towns = [place for place in all_places() if place.country == "KZ" and place.population >= 15_000]
    share = np.array([town.population for town in towns], dtype=float)
    points = np.array([(town.lat, town.lon) for town in towns])

    def draw(count: int) -> np.ndarray:
        return points[random.choice(len(towns), count, p=share / share.sum())] + random.normal(0, 4 * KM, (count, 2))

    return _needs(random, draw(needs)), _offers(random, draw(offers), longest_window=40)


def city(needs: int, offers: int, *, seed: int) -> tuple[list[Need], list[Offer]]:
    """Return a week of needs and offers in one city. Spaces are free for up to four months."""
    random = np.random.default_rng(seed)
    where = np.array([43.24, 76.92])
    return (
        _needs(random, where + random.normal(0, 5 * KM, (needs, 2))),
        _offers(random, where + random.normal(0, 5 * KM, (offers, 2)), longest_window=120),
    )


def _needs(random: np.random.Generator, where: np.ndarray) -> list[Need]:
    made = []
    for number, (lat, lon) in enumerate(where.tolist()):
        people = int(random.choice(PEOPLE[0], p=PEOPLE[1]))
        nights = int(min(90, 1 + random.exponential(9)))
        children = int(random.integers(0, people)) if people > 1 and random.random() < 0.4 else 0
        all_women = bool(random.random() < 0.18)
        smoking = random.random()
        made.append(
            Need(
                id=f"r{number}",
                lat=lat,
                lon=lon,
                radius_km=float(random.choice(RADII[0], p=RADII[1])),
                people=people,
                children=children,
                all_women=all_women,
                first_night=MONDAY + timedelta(days=int(random.triangular(0, 5, 14))),
                nights=nights,
                min_nights=nights if random.random() < 0.44 else int(random.integers(1, nights + 1)),
                pets=bool(random.random() < 0.08),
                step_free=bool(random.random() < 0.03),
                women_only=all_women and bool(random.random() < 0.2),
                smoking=True if smoking < 0.02 else False if smoking < 0.1 else None,
                languages=frozenset({"ru"}) | (frozenset({"kk"}) if random.random() < 0.1 else frozenset()),
                language_required=bool(random.random() < 0.03),
                urgency=float(random.choice([1, 1.5, 2.5, 4], p=[0.5, 0.3, 0.14, 0.06])),
                days_waiting=float(random.uniform(0, 6)),
                may_move=bool(random.random() < 0.27),
                may_split=people >= 4 and bool(random.random() < 0.06),
            )
        )
    return made


def _offers(random: np.random.Generator, where: np.ndarray, *, longest_window: int) -> list[Offer]:
    made = []
    for number, (lat, lon) in enumerate(where.tolist()):
        opens = MONDAY + timedelta(days=int(random.choice([0, random.integers(0, 14)])))
        closes = opens + timedelta(days=int(random.integers(3, longest_window)))
        windows = [(opens, closes)]
        if random.random() < 0.15:
            again = closes + timedelta(days=int(random.integers(1, 12)))
            windows.append((again, again + timedelta(days=int(random.integers(3, longest_window)))))
        made.append(
            Offer(
                id=f"s{number}",
                lat=lat,
                lon=lon,
                beds=int(random.choice(BEDS[0], p=BEDS[1])),
                shared=bool(random.random() < 0.26),
                windows=tuple(windows),
                max_nights=int(random.choice(LONGEST[0], p=LONGEST[1])) or None,
                who="women" if random.random() < 0.08 else "anyone",
                children=bool(random.random() < 0.8),
                pets=bool(random.random() < 0.3),
                smoking=bool(random.random() < 0.25),
                step_free=bool(random.random() < 0.2),
                languages=frozenset({"ru"}) | (frozenset({"kk"}) if random.random() < 0.6 else frozenset()),
            )
        )
    return made
