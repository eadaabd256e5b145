"""Positions of charts and the map in an SVG, in its own units. Templates draw them.

The pictures need no script, no style attribute and no third party, as the pages' content security policy demands. Every
picture stands beside a table with the same figures.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import cos, radians, sqrt

from django.utils.translation import get_language

from places.gazetteer import KnownPlace

WIDTH, HEIGHT = 640, 200
LEFT, ABOVE, BOTTOM = 40, 12, 24

MAP_WIDTH = 900
EDGE = 16


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar: its position and size, the label under it, and its title (`says`)."""

    x: float
    y: float
    width: float
    height: float
    label: str
    says: str
    labelled: bool


@dataclass(frozen=True, slots=True)
class Tick:
    """A horizontal line with its value."""

    y: float
    value: str


@dataclass(frozen=True, slots=True)
class Chart:
    """Bars on a common ground, with five horizontal lines."""

    width: int
    height: int
    bars: list[Bar]
    ticks: list[Tick]
    ground: float


def bars(values: Sequence[tuple[str, float, str]], *, most: float | None = None) -> Chart:
    """Return a chart with a bar for each (label, value, title).

    `most` is the value at the top; by default it is the largest value, rounded up.
    """
    top = most or round_up(max((value for _label, value, _says in values), default=0))
    ground = HEIGHT - BOTTOM
    room = ground - ABOVE
    step = (WIDTH - LEFT) / max(1, len(values))
    every = max(1, len(values) // 7)
    return Chart(
        width=WIDTH,
        height=HEIGHT,
        bars=[
            Bar(
                x=round(LEFT + number * step + step * 0.15, 1),
                y=round(ground - room * min(value, top) / top, 1),
                width=round(step * 0.7, 1),
                height=round(room * min(value, top) / top, 1),
                label=label,
                says=says,
                labelled=number % every == 0,
            )
            for number, (label, value, says) in enumerate(values)
        ],
        ticks=[Tick(round(ground - room * part / 4, 1), f"{top * part / 4:g}") for part in range(5)],
        ground=ground,
    )


def round_up(value: float) -> float:
    """Return the least of 4, 8, 20, 40, 80, 200, ... that is not below `value`: a quarter of each is a whole number."""
    size = 1.0
    while True:
        for step in (4, 8, 20):
            if value <= step * size:
                return step * size
        size *= 10


@dataclass(frozen=True, slots=True)
class Dot:
    """A circle on the map: a town, or a mark."""

    x: float
    y: float
    r: float
    label: str = ""
    says: str = ""
    right: bool = True


@dataclass(frozen=True, slots=True)
class Map:
    """A map: all towns as faint dots, which show the shape of the country, some names, and the marks."""

    width: int
    height: int
    towns: list[Dot]
    names: list[Dot]
    needs: list[Dot]
    wants: list[Dot]


@dataclass(frozen=True, slots=True)
class Mark:
    """A mark on the map: its point in degrees, its amount, its label, and its title (`says`)."""

    latitude: float
    longitude: float
    amount: float
    label: str
    says: str


def country(towns: Sequence[KnownPlace], *, needs: Sequence[Mark], wants: Sequence[Mark], names: int = 9) -> Map:
    """Return a map of these towns with at most `names` of the largest named. The larger its amount, the larger a mark."""
    if not towns:
        return Map(width=MAP_WIDTH, height=EDGE * 2, towns=[], names=[], needs=[], wants=[])
    points = [(town.lat, town.lon) for town in towns] + [(mark.latitude, mark.longitude) for mark in (*needs, *wants)]
    south, north = min(lat for lat, _lon in points), max(lat for lat, _lon in points)
    west, east = min(lon for _lat, lon in points), max(lon for _lat, lon in points)
    narrow = cos(radians((south + north) / 2))
    scale = (MAP_WIDTH - 2 * EDGE) / max(0.5, (east - west) * narrow)

    def at(latitude: float, longitude: float) -> tuple[float, float]:
        return (
            round(EDGE + (longitude - west) * narrow * scale, 1),
            round(EDGE + (north - latitude) * scale, 1),
        )

    largest = sorted(towns, key=lambda town: -town.population)
    return Map(
        width=MAP_WIDTH,
        height=round((north - south) * scale) + 2 * EDGE,
        towns=[Dot(*at(town.lat, town.lon), r=1.6) for town in towns],
        names=_apart(largest, at, names),
        needs=_circles(needs, at),
        wants=_circles(wants, at),
    )


def _circles(marks: Sequence[Mark], at: Callable[[float, float], tuple[float, float]]) -> list[Dot]:
    most = max((mark.amount for mark in marks), default=1.0) or 1.0
    return [
        Dot(
            *at(mark.latitude, mark.longitude),
            r=round(5 + 17 * sqrt(mark.amount / most), 1),
            label=mark.label,
            says=mark.says,
        )
        for mark in marks
    ]


def _apart(largest: Sequence[KnownPlace], at: Callable[[float, float], tuple[float, float]], count: int) -> list[Dot]:
    """Return the largest towns, at most `count`, whose names do not overlap on the map."""
    named: list[Dot] = []
    for town in largest:
        x, y = at(town.lat, town.lon)
        if all(abs(x - other.x) > 110 or abs(y - other.y) > 18 for other in named):
            named.append(
                Dot(
                    x,
                    y,
                    r=2.5,
                    label=town.called((get_language() or "en").partition("-")[0]),
                    right=x < MAP_WIDTH - 120,
                )
            )
        if len(named) == count:
            break
    return named
