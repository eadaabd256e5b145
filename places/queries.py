"""Reads of the gazetteer's rows."""

from __future__ import annotations

from django.db.models import Exists, OuterRef, QuerySet

from places.gazetteer import KnownPlace, bare
from places.models import Place, PlaceName
from places.names import key_of


def find(text: str, *, closed: bool = False) -> Place | None:
    """Return the place called `text` in any of its languages, or None; of several, the most populous.

    As `gazetteer.find_place` looks up names, but among the places of this deployment: with those that people added or
    renamed, and without closed ones unless `closed`.
    """
    places = Place.objects.all() if closed else open_places()
    for key in dict.fromkeys((key_of(text), key_of(bare(text)))):
        named = Exists(PlaceName.objects.filter(place=OuterRef("pk"), key=key))
        if key and (place := places.filter(named).order_by("-population", "geoname_id").first()):
            return place
    return None


def known(text: str) -> KnownPlace | None:
    """Return the place that `find` finds, as the sheets know places: an argument for their `find_place`."""
    place = find(text)
    if place is None:
        return None
    return KnownPlace(
        geoname_id=place.geoname_id,
        name=place.name,
        country=place.country,
        kind=place.kind,
        lat=place.latitude,
        lon=place.longitude,
        population=place.population,
        names=(),
    )


def open_places() -> QuerySet[Place]:
    """Return the places that people can choose."""
    return Place.objects.filter(closed_at=None)


def search(text: str) -> QuerySet[Place]:
    """Return the open places with a name that begins with `text`, the most populous first; all of them for ""."""
    key = key_of(text)
    names = PlaceName.objects.filter(place=OuterRef("pk"), key__startswith=key)
    return open_places().filter(Exists(names)) if key else open_places()


CHOICES_SHOWN = 10


def candidates(text: str) -> tuple[list[Place], bool]:
    """Return the places that `text` may mean, the most populous first, and whether they are called exactly so."""
    key = key_of(text)
    if not key:
        return [], False
    named = Exists(PlaceName.objects.filter(place=OuterRef("pk"), key=key))
    if exact := list(open_places().filter(named).order_by("-population", "pk")[:CHOICES_SHOWN]):
        return exact, True
    return list(search(text).order_by("-population", "pk")[:CHOICES_SHOWN]), False


def row_of(place: KnownPlace) -> Place:
    """Return the row of a place of the gazetteer. Raises Place.DoesNotExist before `load_gazetteer` has run."""
    return Place.objects.get(geoname_id=place.geoname_id)
