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


def row_of(place: KnownPlace) -> Place:
    """Return the row of a place of the gazetteer. Raises Place.DoesNotExist before `load_gazetteer` has run."""
    return Place.objects.get(geoname_id=place.geoname_id)
