"""The gazetteer as rows: places, and every name they are known by."""

from __future__ import annotations

from django.db import models


class Place(models.Model):
    """A city, town or border crossing. `geoname_id` is GeoNames' number, negative for our own crossings."""

    class Kind(models.TextChoices):
        CITY = "city"
        TOWN = "town"
        CROSSING = "crossing"

    geoname_id = models.BigIntegerField(unique=True)
    name = models.CharField(max_length=200)
    country = models.CharField(max_length=2)
    kind = models.CharField(max_length=10, choices=Kind.choices)
    latitude = models.FloatField()
    longitude = models.FloatField()
    population = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ["-population", "name"]
        indexes = [models.Index(fields=["-population", "name"], name="place_biggest")]

    def __str__(self) -> str:
        return f"{self.name}, {self.country}"


class PlaceName(models.Model):
    """One name of a place, with the key it is looked up by (`places.names.key_of`)."""

    place = models.ForeignKey(Place, on_delete=models.CASCADE, related_name="names")
    name = models.CharField(max_length=200)
    key = models.CharField(max_length=200)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["place", "key"], name="place_name_once")]
        indexes = [models.Index(fields=["key"], name="place_name_key", opclasses=["varchar_pattern_ops"])]

    def __str__(self) -> str:
        return self.name
