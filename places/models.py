"""The gazetteer as rows: places, their names and the changes that people made."""

from __future__ import annotations

import pgtrigger
from django.conf import settings
from django.db import models
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from places.names import SPELT_IN
from places.regions import with_area
from privacy.models import Remarked

OWN_FROM = -1_000_000
"""The highest `geoname_id` of places that people of the deployment add; the gazetteer's own numbers are higher."""

LONGEST_PLACE_NAME = 200
"""Characters. The longest name of a place."""


def reader_language() -> str:
    """Return the language of whoever reads (ISO 639-1)."""
    return (get_language() or "en").partition("-")[0]


class Place(models.Model):
    """A city, town or border crossing. `geoname_id` is GeoNames' number; places that GeoNames lacks have a negative one.

    `edited_at` is set on places that people changed: the gazetteer's loader leaves them alone. `closed_at` is set on
    places that nobody can choose any more; spaces and requests there keep them. `region` is a code of
    `places.regions`, or "". A name in a language is empty where it is the main name.
    """

    class PlaceKind(models.TextChoices):
        CITY = "city", _("city")
        TOWN = "town", _("town")
        CROSSING = "crossing", _("border crossing")

    geoname_id = models.BigIntegerField(unique=True)
    name = models.CharField(_("name"), max_length=LONGEST_PLACE_NAME)
    name_ru = models.CharField(_("name in Russian"), max_length=LONGEST_PLACE_NAME, blank=True, default="")
    name_kk = models.CharField(_("name in Kazakh"), max_length=LONGEST_PLACE_NAME, blank=True, default="")
    name_uk = models.CharField(_("name in Ukrainian"), max_length=LONGEST_PLACE_NAME, blank=True, default="")
    name_ka = models.CharField(_("name in Georgian"), max_length=LONGEST_PLACE_NAME, blank=True, default="")
    country = models.CharField(_("country"), max_length=2)
    region = models.CharField(_("region"), max_length=20, blank=True, default="")
    kind = models.CharField(_("kind"), max_length=10, choices=PlaceKind.choices)
    latitude = models.FloatField()
    longitude = models.FloatField()
    population = models.PositiveIntegerField(_("population"), default=0)
    edited_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("place")
        verbose_name_plural = _("places")
        ordering = ["-population", "name"]
        indexes = [models.Index(fields=["-population", "name"], name="place_biggest")]

    def __str__(self) -> str:
        return with_area(self.called, self.region, self.country, reader_language())

    @property
    def called(self) -> str:
        """The place's name in the reader's language."""
        return dict(zip(SPELT_IN, self.spelt, strict=True)).get(reader_language()) or self.name

    @property
    def spelt(self) -> tuple[str, ...]:
        """The place's name in each of `names.SPELT_IN` in turn, "" where it is the main name."""
        return tuple(getattr(self, f"name_{language}") for language in SPELT_IN)


class PlaceName(models.Model):
    """One name of a place, with its look-up key (`places.names.key_of`)."""

    place = models.ForeignKey(Place, on_delete=models.CASCADE, related_name="names")
    name = models.CharField(max_length=LONGEST_PLACE_NAME)
    key = models.CharField(max_length=LONGEST_PLACE_NAME)

    class Meta:
        verbose_name = _("name of a place")
        verbose_name_plural = _("names of places")
        constraints = [models.UniqueConstraint(fields=["place", "key"], name="place_name_once")]
        indexes = [models.Index(fields=["key"], name="place_name_key", opclasses=["varchar_pattern_ops"])]

    def __str__(self) -> str:
        return self.name


class PlaceChange(Remarked):
    """One change of a place by a person, with the old and the new details; the remark holds the reason. Append-only."""

    class PlaceEdit(models.TextChoices):
        ADDED = "added", _("added")
        CHANGED = "changed", _("changed")
        CLOSED = "closed", _("closed")
        OPENED = "opened", _("opened again")

    place = models.ForeignKey(Place, on_delete=models.PROTECT, related_name="changes", verbose_name=_("place"))
    what = models.CharField(_("what"), max_length=10, choices=PlaceEdit.choices)
    was = models.JSONField(default=dict, help_text="Of places.editing.PlaceDetails, only what is different.")
    became = models.JSONField(default=dict)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", verbose_name=_("by"))
    at = models.DateTimeField(_("at"))

    class Meta:
        verbose_name = _("change of a place")
        verbose_name_plural = _("changes of places")
        ordering = ["-at", "-id"]
        triggers = [
            pgtrigger.Protect(name="place_change_append_only", operation=pgtrigger.Update | pgtrigger.Delete),
        ]

    def __str__(self) -> str:
        return f"{self.get_what_display()}, {self.at:%Y-%m-%d %H:%M}"
