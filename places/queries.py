"""Reads of the gazetteer's rows."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db.models import Count, Exists, Max, OuterRef, QuerySet

from places import hearing
from places.gazetteer import Directory, KnownPlace
from places.hearing import Heard
from places.models import Place, PlaceChange, PlaceName, reader_language
from places.names import key_of
from places.regions import described

_kept: tuple[Any, Directory] | None = None
"""The directory of the open places, with the mark of the rows that it was read from."""


def directory() -> Directory:
    """Return the open places of this deployment for looking up. They are read anew when a row has changed."""
    global _kept
    mark = (
        Place.objects.aggregate(Count("pk"), Count("closed_at"), Max("pk"), Max("closed_at"), Max("edited_at")),
        PlaceName.objects.aggregate(Max("pk")),
        PlaceChange.objects.aggregate(Max("pk")),
    )
    if _kept is None or _kept[0] != mark:
        _kept = mark, _read()
    return _kept[1]


def _read() -> Directory:
    rows = list(open_places().order_by("-population", "geoname_id"))
    rank_of = {row.pk: rank for rank, row in enumerate(rows)}
    names = PlaceName.objects.filter(place__closed_at=None).values_list("key", "place_id")
    return Directory([as_known(row) for row in rows], ((key, rank_of[pk]) for key, pk in names if pk in rank_of))


def heard(text: str) -> Heard:
    """Return what a text means among the open places of this deployment: the reader of every door that has a database."""
    return hearing.heard(text, directory())


def rows_of(places: Iterable[KnownPlace]) -> list[Place]:
    """Return the rows of these places in their order."""
    numbers = [place.geoname_id for place in places]
    rows = {row.geoname_id: row for row in Place.objects.filter(geoname_id__in=numbers)}
    return [rows[number] for number in numbers if number in rows]


def labels(places: Iterable[Place]) -> list[str]:
    """Return the places in words that tell them apart, in the reader's language."""
    return described([as_known(row) for row in places], reader_language(), directory().places)


def as_known(row: Place) -> KnownPlace:
    """Return a row as a plain value, without the names that it once had."""
    return KnownPlace(
        geoname_id=row.geoname_id,
        name=row.name,
        country=row.country,
        kind=row.kind,
        lat=row.latitude,
        lon=row.longitude,
        population=row.population,
        names=(),
        region=row.region,
        spelt=row.spelt if any(row.spelt) else (),
    )


def find(text: str, *, closed: bool = False) -> Place | None:
    """Return the most populous place of this deployment called `text` in any language, or None.

    It asks nobody which place is meant. Closed places are found too if `closed`.
    """
    if (place := heard(text).likeliest) is not None:
        return row_of(place)
    if not closed:
        return None
    named = Exists(PlaceName.objects.filter(place=OuterRef("pk"), key=key_of(text)))
    return Place.objects.filter(named).order_by("-population", "geoname_id").first() if key_of(text) else None


def nearest(latitude: float, longitude: float, within_km: float) -> Place | None:
    """Return the open place nearest to a point (degrees), or None if none lies within `within_km` kilometres."""
    place = directory().nearest(latitude, longitude, within_km)
    return row_of(place) if place is not None else None


def open_places() -> QuerySet[Place]:
    """Return the places that people can choose."""
    return Place.objects.filter(closed_at=None)


def search(text: str) -> QuerySet[Place]:
    """Return the open places with a name that begins with `text`, the most populous first; every open place for ""."""
    key = key_of(text)
    names = PlaceName.objects.filter(place=OuterRef("pk"), key__startswith=key)
    return open_places().filter(Exists(names)) if key else open_places()


def row_of(place: KnownPlace) -> Place:
    """Return the row of a gazetteer's place. Raises Place.DoesNotExist until `load_gazetteer` has run."""
    return Place.objects.get(geoname_id=place.geoname_id)
