"""Reads of the gazetteer's rows."""

from __future__ import annotations

from django.db.models import Exists, OuterRef, QuerySet

from places.gazetteer import KnownPlace, bare
from places.models import Place, PlaceName
from places.names import key_of


def find(text: str, *, closed: bool = False) -> Place | None:
    """Return the most populous place of this deployment called `text` in any language, or None.

    Names are compared as in `gazetteer.find_place`. Places that people added or renamed are found too; closed places
    only if `closed`.
    """
    places = Place.objects.all() if closed else open_places()
    for key in dict.fromkeys((key_of(text), key_of(bare(text)))):
        named = Exists(PlaceName.objects.filter(place=OuterRef("pk"), key=key))
        if key and (place := places.filter(named).order_by("-population", "geoname_id").first()):
            return place
    return None


def known(text: str) -> KnownPlace | None:
    """Return the place that `find` returns as a KnownPlace: the sheets take this function as their `find_place`."""
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
    """Return the open places with a name that begins with `text`, the most populous first; every open place for ""."""
    key = key_of(text)
    names = PlaceName.objects.filter(place=OuterRef("pk"), key__startswith=key)
    return open_places().filter(Exists(names)) if key else open_places()


CHOICES_SHOWN = 10


def candidates(text: str) -> tuple[list[Place], bool]:
    """Return at most CHOICES_SHOWN open places that `text` may mean, and whether `text` is exactly their name.

    The most populous place comes first. Places with a name that only begins with `text` are returned if no place has
    exactly that name.
    """
    key = key_of(text)
    if not key:
        return [], False
    named = Exists(PlaceName.objects.filter(place=OuterRef("pk"), key=key))
    if exact := list(open_places().filter(named).order_by("-population", "pk")[:CHOICES_SHOWN]):
        return exact, True
    return list(search(text).order_by("-population", "pk")[:CHOICES_SHOWN]), False


def row_of(place: KnownPlace) -> Place:
    """Return the row of a gazetteer's place. Raises Place.DoesNotExist until `load_gazetteer` has run."""
    return Place.objects.get(geoname_id=place.geoname_id)
