"""Matches: one household in one space for a run of nights, and the history of each."""

from __future__ import annotations

import uuid
from datetime import date

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from matching.models import guards
from matching.models.requests import ShelterRequest
from matching.models.spaces import Space
from matching.states import ACCEPTED_BY_BOTH, APPROVED_ONCE, HOLDS_BEDS, Status
from privacy.fields import EncryptedTextField

STATUS_WORDS = [
    (Status.PROPOSED.value, _("proposed")),
    (Status.APPROVED.value, _("approved")),
    (Status.CONFIRMED.value, _("confirmed")),
    (Status.CHECKED_IN.value, _("checked in")),
    (Status.COMPLETED.value, _("completed")),
    (Status.DECLINED.value, _("declined")),
    (Status.EXPIRED.value, _("expired")),
    (Status.CANCELLED.value, _("cancelled")),
    (Status.NO_SHOW.value, _("no-show")),
    (Status.BROKEN_OFF.value, _("broken off")),
]


class Match(models.Model):
    """From the first proposal to the end of the stay. `status` is written by `matching.transitions` alone."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    request = models.ForeignKey(ShelterRequest, on_delete=models.PROTECT, related_name="matches")
    space = models.ForeignKey(Space, on_delete=models.PROTECT, related_name="matches")
    leg = models.PositiveSmallIntegerField(default=1)
    status = models.CharField(max_length=10, choices=STATUS_WORDS, default=Status.PROPOSED)
    first_night = models.DateField()
    last_day = models.DateField()
    people = models.PositiveSmallIntegerField()
    score = models.FloatField(default=0)
    reasons = models.JSONField(default=list, blank=True)
    risks = models.JSONField(default=list, blank=True)
    high_risk = models.BooleanField(default=False)
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    also_approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    host_accepted_at = models.DateTimeField(null=True, blank=True)
    arrival_accepted_at = models.DateTimeField(null=True, blank=True)
    due_at = models.DateTimeField(null=True, blank=True, help_text="Decide (proposed) or answer (approved) by then.")
    frozen_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField()
    version = models.PositiveIntegerField(default=1)

    class Meta:
        verbose_name_plural = "matches"
        constraints = [
            models.CheckConstraint(name="match_has_a_night", condition=Q(last_day__gt=F("first_night"))),
            models.CheckConstraint(name="match_people", condition=Q(people__gte=1)),
            models.CheckConstraint(
                name="match_status_known", condition=Q(status__in=sorted(status.value for status in Status))
            ),
            models.CheckConstraint(
                name="match_approved_by",
                condition=~Q(status__in=sorted(APPROVED_ONCE))
                | Q(approved_by__isnull=False, high_risk=False)
                | (
                    Q(approved_by__isnull=False, also_approved_by__isnull=False) & ~Q(also_approved_by=F("approved_by"))
                ),
            ),
            models.CheckConstraint(
                name="match_accepted_by_both",
                condition=~Q(status__in=sorted(ACCEPTED_BY_BOTH))
                | Q(host_accepted_at__isnull=False, arrival_accepted_at__isnull=False),
            ),
            models.UniqueConstraint(
                name="match_one_live_per_leg",
                fields=["request", "leg"],
                condition=Q(status__in=sorted(HOLDS_BEDS)),
            ),
        ]
        indexes = [
            models.Index(
                name="match_holding", fields=["space", "first_night"], condition=Q(status__in=sorted(HOLDS_BEDS))
            ),
            models.Index(name="match_due", fields=["due_at"], condition=Q(status__in=["approved", "proposed"])),
            # Of one status each: an index that begins with any status would seem as good as `match_holding` to a
            # planner that has not seen yet how large the table is.
            models.Index(name="match_queue", fields=["first_night"], condition=Q(status=Status.PROPOSED.value)),
            models.Index(name="match_staying", fields=["last_day"], condition=Q(status=Status.CHECKED_IN.value)),
        ]
        triggers = [
            guards.MATCH_LEGAL_MOVE,
            guards.MATCH_KEEPS_TO_SPACE,
            guards.MATCH_STATUS_IS_HISTORY,
            *guards.CHANGES_OF_MATCHES,
        ]

    def __str__(self) -> str:
        return _("match %(number)s") % {"number": str(self.id)[:8]}

    @property
    def nights(self) -> int:
        return (self.last_day - self.first_night).days

    @property
    def holds_beds(self) -> bool:
        return self.status in HOLDS_BEDS

    def covers(self, night: date) -> bool:
        return self.first_night <= night < self.last_day


class MatchEvent(models.Model):
    """One line of a match's history: who did what, when and why. Append-only; the last line says the status."""

    match = models.ForeignKey(Match, on_delete=models.PROTECT, related_name="events")
    act = models.CharField(max_length=20)
    from_status = models.CharField(max_length=10, blank=True)
    to_status = models.CharField(max_length=10)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    role = models.CharField(max_length=12)
    reason = models.CharField(max_length=20, blank=True)
    note = EncryptedTextField(blank=True, default="")
    at = models.DateTimeField()

    class Meta:
        ordering = ["id"]
        triggers = [guards.append_only("match_event_append_only")]

    def __str__(self) -> str:
        return f"{self.act} by {self.role}"
