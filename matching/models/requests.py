"""Shelter requests: one household's need."""

from __future__ import annotations

import uuid
from datetime import date, timedelta

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Arrival
from matching.limits import DEFAULT_RADIUS_KM, LONGEST_STAY, MOST_PEOPLE
from matching.models import guards
from places.models import Place
from privacy.fields import BlindIndexField, EncryptedTextField


class ShelterRequest(models.Model):
    """One household's need. Whether it is open, partly met, met, withdrawn or lapsed is derived (`queries.state_of`)."""

    class Urgency(models.TextChoices):
        NORMAL = "1", _("can wait a few days")
        SOON = "1.5", _("soon")
        URGENT = "2.5", _("urgent")
        TONIGHT = "4", _("nowhere to sleep tonight")

    class Smoking(models.TextChoices):
        NO_MATTER = "", _("no matter")
        YES = "yes", _("needs to smoke")
        NO = "no", _("needs a non-smoking space")

    class Composition(models.TextChoices):
        UNKNOWN = "", _("not asked")
        WOMEN = "women", _("only women, or women with children")
        MIXED = "mixed", _("men, or men and women")
        UNSAID = "unsaid", _("would rather not say")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    arrival = models.ForeignKey(Arrival, on_delete=models.PROTECT, related_name="requests")
    external_id = EncryptedTextField(  # type: ignore[misc]  # None where nobody gave it a key
        null=True, blank=True, found_by="external_index", help_text="Its request_id in an imported spreadsheet."
    )
    external_index = BlindIndexField(
        text=lambda request: request.external_id or "",
        blank=True,
        default="",
        db_default="",
        help_text="Finds a row by its key, which people make up: it may be a name or a phone number.",
    )
    place = models.ForeignKey(Place, on_delete=models.PROTECT, null=True, related_name="+", verbose_name=_("place"))
    latitude = models.FloatField()
    longitude = models.FloatField()
    radius_km = models.FloatField(default=DEFAULT_RADIUS_KM)
    people = models.PositiveSmallIntegerField(_("people"))
    children = models.PositiveSmallIntegerField(_("children"), default=0)
    children_ages = ArrayField(models.PositiveSmallIntegerField(), default=list, blank=True)
    all_women = models.BooleanField(_("all women"), default=False)
    composition = models.CharField(
        _("who they are"),
        max_length=6,
        choices=Composition.choices,
        default=Composition.UNKNOWN,
        blank=True,
        db_default="",
    )
    first_night = models.DateField(_("first night"))
    nights = models.PositiveSmallIntegerField(_("nights"))
    min_nights = models.PositiveSmallIntegerField()
    pets = models.BooleanField(_("pets"), default=False)
    step_free = models.BooleanField(_("step-free"), default=False)
    women_only = models.BooleanField(default=False)
    smoking = models.CharField(max_length=3, choices=Smoking.choices, default=Smoking.NO_MATTER, blank=True)
    languages = ArrayField(models.CharField(max_length=3), default=list, blank=True)
    language_required = models.BooleanField(default=False)
    urgency = models.CharField(_("urgency"), max_length=3, choices=Urgency.choices, default=Urgency.NORMAL)
    may_move = models.BooleanField(default=False)
    may_split = models.BooleanField(default=False)
    notes = EncryptedTextField(blank=True, default="")
    registered_at = models.DateTimeField(_("asked"))
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    desk_since = models.DateTimeField(
        null=True, blank=True, help_text="Only coordinators place this household: a host did not feel safe with it."
    )
    looks_like = models.ForeignKey(
        "self",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        help_text="An earlier request that is perhaps of the same household: a coordinator looks at both.",
    )
    left_over_reasons = models.JSONField(default=list, blank=True, help_text="Why the last round could not place it.")
    version = models.PositiveIntegerField(default=1)

    class Meta:
        verbose_name = _("shelter request")
        verbose_name_plural = _("shelter requests")
        constraints = [
            models.UniqueConstraint(
                name="request_key_once", fields=["external_index"], condition=~Q(external_index="")
            ),
            models.CheckConstraint(name="request_people", condition=Q(people__gte=1, people__lte=MOST_PEOPLE)),
            models.CheckConstraint(name="request_children", condition=Q(children__lte=F("people"))),
            models.CheckConstraint(name="request_nights", condition=Q(nights__gte=1, nights__lte=LONGEST_STAY)),
            models.CheckConstraint(
                name="request_shortest_stay", condition=Q(min_nights__gte=1, min_nights__lte=F("nights"))
            ),
            models.CheckConstraint(name="request_radius", condition=Q(radius_km__gt=0)),
            models.CheckConstraint(name="request_urgency_known", condition=Q(urgency__in=["1", "1.5", "2.5", "4"])),
            models.CheckConstraint(name="request_smoking_known", condition=Q(smoking__in=["", "yes", "no"])),
            models.CheckConstraint(
                name="request_composition_known", condition=Q(composition__in=["", "women", "mixed", "unsaid"])
            ),
            models.CheckConstraint(
                name="request_women_are_women",
                condition=Q(all_women=True, composition="women") | (Q(all_women=False) & ~Q(composition="women")),
            ),
            models.CheckConstraint(
                name="request_on_earth",
                condition=Q(latitude__gte=-90, latitude__lte=90, longitude__gte=-180, longitude__lte=180),
            ),
        ]
        indexes = [
            models.Index(fields=["first_night"], name="request_open", condition=Q(withdrawn_at=None)),
        ]
        triggers = [guards.REQUEST_KEEPS_MATCHES, *guards.CHANGES_OF_REQUESTS]

    def __str__(self) -> str:
        return _("Case %(case_number)s") % {"case_number": self.arrival.case_number}

    @property
    def last_day(self) -> date:
        return self.first_night + timedelta(days=self.nights)

    @property
    def is_minor_alone(self) -> bool:
        """Whether the household is children only. The worker never places them; coordinators do."""
        return self.children == self.people
