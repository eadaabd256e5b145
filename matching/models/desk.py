"""The coordinators' own rows: decisions that can still be undone, claims on households, notes, and their history."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from matching.models import guards
from matching.models.matches import Match
from matching.models.requests import ShelterRequest
from privacy.fields import EncryptedTextField
from privacy.models import Remarked


class PendingDecision(models.Model):
    """A coordinator's decision on one proposal, or what somebody said about the first evening of a stay.

    Until `due_at` its author may undo it; then it is carried out.

    See docs/decisions/0020-undo.md. Decisions on the legs of one household that are made together share a `bundle`. If a
    decision cannot be carried out, the row keeps the code of the `refusal`, and all of it as `refusal_value`, until the
    coordinator has read it (`accounts.refusals.words_of_value`).
    """

    class Act(models.TextChoices):
        APPROVE = "approve", _("approved")
        DECLINE = "decline", _("declined")
        CHECK_IN = "check_in", _("checked in")
        NO_SHOW = "no_show", _("no-show")

    bundle = models.UUIDField(default=uuid.uuid4)
    match = models.ForeignKey(Match, on_delete=models.CASCADE, related_name="decisions")
    version = models.PositiveIntegerField(help_text="Of the match as its author saw it.")
    act = models.CharField(max_length=10, choices=Act.choices)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    reason = models.CharField(max_length=20, blank=True)
    note = EncryptedTextField(blank=True, default="")
    decided_at = models.DateTimeField()
    due_at = models.DateTimeField()
    refusal = models.CharField(max_length=40, blank=True)
    refusal_value = models.JSONField(null=True, blank=True)

    class Meta:
        verbose_name = _("decision that can be undone")
        verbose_name_plural = _("decisions that can be undone")
        ordering = ["decided_at", "pk"]
        constraints = [
            models.CheckConstraint(
                name="decision_act_known", condition=Q(act__in=["approve", "decline", "check_in", "no_show"])
            ),
            models.UniqueConstraint(name="decision_once", fields=["match"], condition=Q(refusal="")),
        ]
        indexes = [
            models.Index(name="decision_due", fields=["due_at"], condition=Q(refusal="")),
            models.Index(name="decision_bundle", fields=["bundle"]),
        ]

    def __str__(self) -> str:
        return f"{self.get_act_display()}, {self.decided_at:%Y-%m-%d %H:%M}"


class Claim(models.Model):
    """A coordinator's lease on a household, so that two coordinators do not do the same work. It ends by itself."""

    request = models.OneToOneField(ShelterRequest, on_delete=models.CASCADE, related_name="claim")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="claims")
    handed_over_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    at = models.DateTimeField()
    until = models.DateTimeField()

    class Meta:
        verbose_name = _("claim")
        verbose_name_plural = _("claims")
        indexes = [models.Index(name="claim_mine", fields=["by", "until"])]

    def __str__(self) -> str:
        return f"{self.until:%Y-%m-%d %H:%M}"


class DeskNote(Remarked):
    """A note that a coordinator writes about a request for the others. Append-only; never shown to arrival or host.

    The remark holds the words that the coordinator typed. An act that leaves a note says what it did in `said`: a code with
    numbers, which `matching.admin.line_words` puts into the reader's language. `whom` is the coordinator who was handed
    the request.
    """

    remark_about = ("request__arrival__user",)

    request = models.ForeignKey(ShelterRequest, on_delete=models.CASCADE, related_name="desk_notes")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    said = models.JSONField(null=True, blank=True)
    whom = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField()

    class Meta:
        verbose_name = _("note between coordinators")
        verbose_name_plural = _("notes between coordinators")
        ordering = ["id"]
        triggers = [guards.append_only("desk_note_append_only")]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M}"


class DeskEvent(models.Model):
    """A line of history: a coordinator took a request, gave it back, handed it over, or wrote a note about it.

    Append-only. The line holds who did it, when, and the coordinator (`whom`) that the request was taken from or handed
    to. It never holds the text of a note.
    """

    class DeskStep(models.TextChoices):
        TAKEN = "taken", _("claimed")
        TAKEN_OVER = "taken_over", _("taken over")
        GIVEN_BACK = "given_back", _("given back")
        HANDED_OVER = "handed_over", _("handed over")
        NOTED = "noted", _("a note written")

    # PROTECT keeps the history: undoing a sheet withdraws a request that has such a line, and does not delete it.
    request = models.ForeignKey(
        ShelterRequest, on_delete=models.PROTECT, related_name="desk_events", verbose_name=_("shelter request")
    )
    what = models.CharField(_("what"), max_length=12, choices=DeskStep.choices)
    whom = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        verbose_name=_("from whom or to whom"),
    )
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", verbose_name=_("by"))
    at = models.DateTimeField(_("at"))

    class Meta:
        verbose_name = _("note or hand-over")
        verbose_name_plural = _("notes and hand-overs")
        ordering = ["-at", "-id"]
        constraints = [
            models.CheckConstraint(
                name="desk_event_what_known",
                condition=Q(what__in=["taken", "taken_over", "given_back", "handed_over", "noted"]),
            ),
        ]
        triggers = [guards.append_only("desk_event_append_only")]

    def __str__(self) -> str:
        return f"{self.get_what_display()}, {self.at:%Y-%m-%d %H:%M}"


class Heartbeat(models.Model):
    """When a repeated task last ran. The dashboard reads it from PostgreSQL, because Redis itself may be down."""

    name = models.CharField(max_length=40, primary_key=True)
    at = models.DateTimeField()

    class Meta:
        verbose_name = _("sign of life")
        verbose_name_plural = _("signs of life")

    def __str__(self) -> str:
        return f"{self.name}, {self.at:%Y-%m-%d %H:%M}"
