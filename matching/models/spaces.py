"""Spaces: the beds at one address, and the windows of nights on which they are free."""

from __future__ import annotations

import uuid

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Host
from matching.limits import MOST_BEDS
from matching.models import guards
from places.models import Place
from places.names import key_of_address
from privacy.fields import BlindIndexField, EncryptedTextField


class Space(models.Model):
    """A place to sleep at one address. `latitude` and `longitude` are rounded to 0.01 degree, about a kilometre."""

    class Status(models.TextChoices):
        LISTED = "listed", _("listed")
        PAUSED = "paused", _("paused")
        WITHDRAWN = "withdrawn", _("withdrawn")

    class Who(models.TextChoices):
        ANYONE = "anyone", _("anyone")
        WOMEN = "women", _("women only")
        FAMILIES = "families", _("families with children only")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    host = models.ForeignKey(Host, on_delete=models.PROTECT, related_name="spaces")
    external_id = EncryptedTextField(  # type: ignore[misc]  # None where nobody gave it a key
        null=True, blank=True, found_by="external_index", help_text="Its space_id in an imported spreadsheet."
    )
    external_index = BlindIndexField(
        text=lambda space: space.external_id or "",
        blank=True,
        default="",
        db_default="",
        help_text="Finds a row by its key, which people make up: it may be a name or a phone number.",
    )
    status = models.CharField(_("status"), max_length=10, choices=Status.choices, default=Status.LISTED)
    place = models.ForeignKey(Place, on_delete=models.PROTECT, null=True, related_name="+", verbose_name=_("place"))
    address = EncryptedTextField(blank=True, default="")
    address_index = BlindIndexField(
        text=lambda space: key_of_address(space.address),
        blank=True,
        default="",
        db_default="",
        help_text="Equal for addresses that read the same.",
    )
    directions = EncryptedTextField(blank=True, default="", help_text="How to find the door; shown with the address.")
    latitude = models.FloatField()
    longitude = models.FloatField()
    beds = models.PositiveSmallIntegerField(_("beds"))
    others = models.PositiveSmallIntegerField(
        _("other people who live there"), null=True, blank=True, help_text="Empty: nobody has said."
    )
    shared = models.BooleanField(_("shared"), default=False, help_text="Several households at a time.")
    max_nights = models.PositiveSmallIntegerField(null=True, blank=True, help_text="Longest stay; empty: no limit.")
    who = models.CharField(_("who"), max_length=10, choices=Who.choices, default=Who.ANYONE)
    children = models.BooleanField(default=True)
    pets = models.BooleanField(_("pets"), default=False)
    smoking = models.BooleanField(default=False)
    step_free = models.BooleanField(_("step-free"), default=False)
    languages = ArrayField(models.CharField(max_length=3), default=list, blank=True)
    fresh_until = models.DateTimeField(
        _("fresh until"), help_text="After this moment it is not matched until the host confirms it."
    )
    asked_at = models.DateTimeField(null=True, blank=True, help_text="When the host was last asked whether it stands.")
    created_at = models.DateTimeField()
    looked_change = models.BigIntegerField(
        null=True, blank=True, help_text="The last waiting change (its id) that a coordinator applied."
    )
    version = models.PositiveIntegerField(default=1)

    class Meta:
        verbose_name = _("space")
        verbose_name_plural = _("spaces")
        constraints = [
            models.UniqueConstraint(name="space_key_once", fields=["external_index"], condition=~Q(external_index="")),
            models.CheckConstraint(name="space_beds", condition=Q(beds__gte=1, beds__lte=MOST_BEDS)),
            models.CheckConstraint(name="space_longest_stay", condition=Q(max_nights=None) | Q(max_nights__gte=1)),
            models.CheckConstraint(
                name="space_status_known", condition=Q(status__in=["listed", "paused", "withdrawn"])
            ),
            models.CheckConstraint(name="space_who_known", condition=Q(who__in=["anyone", "women", "families"])),
            models.CheckConstraint(
                name="space_on_earth",
                condition=Q(latitude__gte=-90, latitude__lte=90, longitude__gte=-180, longitude__lte=180),
            ),
        ]
        indexes = [
            models.Index(fields=["status", "fresh_until"], name="space_matchable"),
            models.Index(fields=["address_index"], name="space_same_address", condition=~Q(address_index="")),
        ]
        triggers = [guards.SPACE_KEEPS_PROMISES, guards.SPACE_AS_VETTED, *guards.CHANGES_OF_SPACES]

    def __str__(self) -> str:
        return _("space %(number)s") % {"number": str(self.id)[:8]}


class SpaceWindow(models.Model):
    """A run of nights on which the space is free, `[first_night, last_day)`."""

    space = models.ForeignKey(Space, on_delete=models.CASCADE, related_name="windows")
    first_night = models.DateField()
    last_day = models.DateField()

    class Meta:
        verbose_name = _("window")
        verbose_name_plural = _("windows")
        ordering = ["first_night"]
        constraints = [
            models.CheckConstraint(name="window_has_a_night", condition=Q(last_day__gt=F("first_night"))),
            models.UniqueConstraint(fields=["space", "first_night"], name="window_once"),
        ]
        triggers = [guards.WINDOW_KEEPS_PROMISES, *guards.CHANGES_OF_WINDOWS]

    def __str__(self) -> str:
        return f"{self.first_night}/{self.last_day}"


class HostStanding(Host):
    """A host, with the trigger that brings a new standing of theirs to every market in memory."""

    class Meta:
        proxy = True
        verbose_name = _("host")
        verbose_name_plural = _("hosts")
        triggers = [guards.STANDING_REWRITTEN]
