"""Load the gazetteer into PostgreSQL. A second run brings the rows up to date."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand
from django.db import transaction

from places.gazetteer import all_places, keys_of
from places.models import Place, PlaceName
from places.names import SPELT_IN


class Command(BaseCommand):
    help = "Load the gazetteer (cities, towns, border crossings and their names). Safe to run again."

    def handle(self, *args: Any, **options: Any) -> None:
        with transaction.atomic():
            _load_places()
            added, removed = _load_names()
        self.stdout.write(f"{len(all_places())} places; {added} names added, {removed} removed.")


def is_loaded() -> bool:
    """Return whether every place of the gazetteer that nobody edited stands in the database as the gazetteer has it."""
    columns = ("geoname_id", "name", "region", "country", "kind", *(f"name_{language}" for language in SPELT_IN))
    there = set(Place.objects.values_list(*columns))
    edited = _edited()
    return all(
        (each.geoname_id, each.name, each.region, each.country, each.kind, *each.spelt) in there
        for each in all_places()
        if each.geoname_id not in edited
    )


def _load_places() -> None:
    """Write every place that nobody edited. Places that left the gazetteer stay: spaces and requests may name them."""
    edited = _edited()
    Place.objects.bulk_create(
        [
            Place(
                geoname_id=place.geoname_id,
                name=place.name,
                **dict(zip((f"name_{language}" for language in SPELT_IN), place.spelt, strict=True)),
                region=place.region,
                country=place.country,
                kind=place.kind,
                latitude=place.lat,
                longitude=place.lon,
                population=place.population,
            )
            for place in all_places()
            if place.geoname_id not in edited
        ],
        update_conflicts=True,
        unique_fields=["geoname_id"],
        update_fields=[
            "name",
            *(f"name_{language}" for language in SPELT_IN),
            "region",
            "country",
            "kind",
            "latitude",
            "longitude",
            "population",
        ],
        batch_size=1000,
    )


def _load_names() -> tuple[int, int]:
    """Add missing names and remove those that left the gazetteer; return the number added and the number removed.

    Places that people edited keep their names.
    """
    edited = _edited()
    pk_of = dict(Place.objects.values_list("geoname_id", "pk"))
    wanted: dict[tuple[int, str], str] = {}
    for place in (each for each in all_places() if each.geoname_id not in edited):
        for key, name in keys_of(place).items():
            wanted[pk_of[place.geoname_id], key] = name
    present = {(name.place_id, name.key): name.pk for name in PlaceName.objects.filter(place__edited_at=None)}
    gone = [pk for found, pk in present.items() if found not in wanted]
    missing = [
        PlaceName(place_id=pk, key=key, name=name) for (pk, key), name in wanted.items() if (pk, key) not in present
    ]
    PlaceName.objects.filter(pk__in=gone).delete()
    PlaceName.objects.bulk_create(missing, batch_size=5000)
    return len(missing), len(gone)


def _edited() -> set[int]:
    """Return the `geoname_id` of each place that people of the deployment changed."""
    return set(Place.objects.exclude(edited_at=None).values_list("geoname_id", flat=True))
