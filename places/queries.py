"""Reads of the gazetteer's rows."""

from __future__ import annotations

from django.db.models import Exists, OuterRef, QuerySet

from places.gazetteer import KnownPlace, find_place
from places.models import Place, PlaceName
from places.names import key_of


def find(text: str) -> Place | None:
    """Return the row of the place that `gazetteer.find_place` finds, or None.

    Raises Place.DoesNotExist before `load_gazetteer` has run.
    """
    place = find_place(text)
    return row_of(place) if place else None


def search(text: str) -> QuerySet[Place]:
    """Return the places with a name that begins with `text`, the most populous first; all of them for ""."""
    key = key_of(text)
    names = PlaceName.objects.filter(place=OuterRef("pk"), key__startswith=key)
    return Place.objects.filter(Exists(names)) if key else Place.objects.all()


CHOICES_SHOWN = 10


def candidates(text: str) -> tuple[list[Place], bool]:
    """Return the places that `text` may mean, the most populous first, and whether they are called exactly so."""
    key = key_of(text)
    if not key:
        return [], False
    named = Exists(PlaceName.objects.filter(place=OuterRef("pk"), key=key))
    if exact := list(Place.objects.filter(named).order_by("-population", "pk")[:CHOICES_SHOWN]):
        return exact, True
    return list(search(text).order_by("-population", "pk")[:CHOICES_SHOWN]), False


def row_of(place: KnownPlace) -> Place:
    """Return the row of a place of the gazetteer. Raises Place.DoesNotExist before `load_gazetteer` has run."""
    return Place.objects.get(geoname_id=place.geoname_id)
