"""Incidents: somebody did not feel safe. Who was paged, who acknowledged, and how it ended.

The row of an incident, its log and its pages hold codes only. Free text stands beside them in rows that can be erased
(`IncidentReport`, `IncidentNote`).
"""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from matching.models import guards
from matching.models.matches import ROLE_WORDS, Match
from privacy.fields import EncryptedTextField


def _both_or_neither(one: str, other: str) -> Q:
    return Q(**{f"{one}__isnull": True, f"{other}__isnull": True}) | Q(
        **{f"{one}__isnull": False, f"{other}__isnull": False}
    )


class Incident(models.Model):
    """Somebody reported that they do not feel safe in a match. A match has one open incident at most.

    The row is its own queue: at `next_step_at` the next step of paging is due. It is due until somebody acknowledges, and
    again when the one who acknowledged has not written down in time what came of it (`incidents.note_outcome`).
    """

    class IncidentOutcome(models.TextChoices):
        SAFE = "safe", _("everybody is safe, and it can stay as it is")
        MOVED = "moved", _("somebody has gone to another place")
        HANDED_ON = "handed_on", _("police, doctors or another service have taken over")
        NOT_REACHED = "not_reached", _("nobody could be reached")
        MISTAKE = "mistake", _("it was reported by mistake")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    match = models.ForeignKey(Match, on_delete=models.PROTECT, related_name="incidents", verbose_name=_("match"))
    opened_at = models.DateTimeField(_("reported at"))
    steps = models.PositiveSmallIntegerField(_("times paged"), default=0)
    next_step_at = models.DateTimeField(null=True, blank=True, help_text="When the next step of paging is due.")
    acknowledged_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("acknowledged by"),
    )
    acknowledged_at = models.DateTimeField(_("acknowledged at"), null=True, blank=True)
    outcome = models.CharField(_("outcome"), max_length=12, choices=IncidentOutcome.choices, blank=True)
    close_asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    closed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    closed_at = models.DateTimeField(_("closed at"), null=True, blank=True)
    go_on_asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    go_on_agreed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )

    class Meta:
        verbose_name = _("incident")
        verbose_name_plural = _("incidents")
        ordering = ["-opened_at", "pk"]
        constraints = [
            models.UniqueConstraint(name="incident_one_open", fields=["match"], condition=Q(closed_at=None)),
            models.CheckConstraint(
                name="incident_outcome_known",
                condition=Q(outcome__in=["", "handed_on", "mistake", "moved", "not_reached", "safe"]),
            ),
            models.CheckConstraint(
                name="incident_acknowledged_by_somebody",
                condition=_both_or_neither("acknowledged_by", "acknowledged_at"),
            ),
            models.CheckConstraint(
                name="incident_paged_until_acknowledged",
                condition=Q(acknowledged_at=None, closed_at=None, next_step_at__isnull=False)
                | (~Q(acknowledged_at=None) & (Q(closed_at=None) | Q(next_step_at=None))),
            ),
            models.CheckConstraint(
                name="incident_closed_by_two",
                condition=Q(closed_at=None, closed_by=None)
                | (
                    Q(closed_at__isnull=False, closed_by__isnull=False, close_asked_by__isnull=False)
                    & ~Q(closed_by=F("close_asked_by"))
                    & ~Q(outcome="")
                ),
            ),
            models.CheckConstraint(
                name="incident_go_on_by_two",
                condition=Q(go_on_agreed_by=None)
                | (Q(go_on_asked_by__isnull=False) & ~Q(go_on_agreed_by=F("go_on_asked_by"))),
            ),
        ]
        indexes = [
            models.Index(name="incident_to_page", fields=["next_step_at"], condition=Q(next_step_at__isnull=False)),
            models.Index(name="incident_open", fields=["opened_at"], condition=Q(closed_at=None)),
        ]

    def __str__(self) -> str:
        return _("incident %(number)s") % {"number": str(self.id)[:8]}

    @property
    def is_open(self) -> bool:
        return self.closed_at is None


class IncidentReport(models.Model):
    """What one side said: by which door, where they can be reached, what happened. The two texts can be erased.

    `promised_at` is when the person who acknowledged promised to call this side. `reached_at` is when a coordinator wrote
    down that they spoke with this side, `missed_at` that they tried and did not reach it; the later of the two stands.
    """

    class How(models.TextChoices):
        BUTTON = "button", _("by “I do not feel safe”")
        REASON = "reason", _("as the reason of another act")
        TOLD = "told", _("told to a coordinator")

    incident = models.ForeignKey(Incident, on_delete=models.PROTECT, related_name="reports")
    role = models.CharField(_("role"), max_length=12, choices=ROLE_WORDS)
    how = models.CharField(_("how"), max_length=12, choices=How.choices)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField(_("at"))
    reach = EncryptedTextField(blank=True, default="", help_text="A number or a place to be reached.")
    happened = EncryptedTextField(blank=True, default="")
    promised_at = models.DateTimeField(null=True, blank=True)
    reached_at = models.DateTimeField(null=True, blank=True)
    missed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("report of an incident")
        verbose_name_plural = _("reports of incidents")
        ordering = ["at", "pk"]
        constraints = [
            models.UniqueConstraint(name="incident_report_once", fields=["incident", "role"]),
            models.CheckConstraint(
                name="incident_report_role_known", condition=Q(role__in=["arrival", "coordinator", "host"])
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_role_display()}, {self.at:%Y-%m-%d %H:%M}"


class IncidentNote(models.Model):
    """A coordinator's words about an incident, for the other coordinators. The row can be erased."""

    incident = models.ForeignKey(Incident, on_delete=models.PROTECT, related_name="notes")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    text = EncryptedTextField()
    at = models.DateTimeField()

    class Meta:
        verbose_name = _("note on an incident")
        verbose_name_plural = _("notes on incidents")
        ordering = ["at", "pk"]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M}"


class IncidentEvent(models.Model):
    """One line of an incident's log. Append-only, codes only: the texts stand in rows that can be erased.

    `role` is the side that the line is about, `number` the step of paging with `people` paged, `code` the outcome.
    """

    class IncidentStep(models.TextChoices):
        REPORTED = "reported", _("reported")
        REPORTED_AGAIN = "reported_again", _("reported again")
        PAGED = "paged", _("paged")
        NOBODY = "nobody", _("nobody there to page")
        TEXT_GIVEN = "text_given", _("a number or words were added")
        ACKNOWLEDGED = "acknowledged", _("acknowledged")
        PROMISED = "promised", _("a call was promised")
        CALLED = "called", _("called, no outcome yet")
        REACHED = "reached", _("reached")
        NOT_REACHED = "not_reached", _("not reached")
        LAPSED = "lapsed", _("no outcome followed in time; others are called again")
        NOTED = "noted", _("a note written")
        CLOSE_ASKED = "close_asked", _("wants to close it")
        CLOSED = "closed", _("closed by the second of two people")
        GO_ON_ASKED = "go_on_asked", _("wants the match to go on")
        MEET_ASKED = "meet_asked", _("wants to let the two meet again")
        MEET_AGREED = "meet_agreed", _("the second of two people agrees that the two may meet again")
        GO_ON_AGREED = "go_on_agreed", _("the second of two people agrees that the match goes on")

    incident = models.ForeignKey(Incident, on_delete=models.PROTECT, related_name="events", verbose_name=_("incident"))
    what = models.CharField(_("what"), max_length=16, choices=IncidentStep.choices)
    role = models.CharField(_("role"), max_length=12, choices=ROLE_WORDS, blank=True)
    number = models.PositiveSmallIntegerField(null=True)
    people = models.PositiveSmallIntegerField(null=True)
    code = models.CharField(max_length=12, choices=Incident.IncidentOutcome.choices, blank=True)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", verbose_name=_("by")
    )
    at = models.DateTimeField(_("at"))

    class Meta:
        verbose_name = _("line of an incident")
        verbose_name_plural = _("lines of incidents")
        ordering = ["id"]
        triggers = [guards.append_only("incident_event_append_only")]

    def __str__(self) -> str:
        return f"{self.get_what_display()}, {self.at:%Y-%m-%d %H:%M}"


class IncidentPage(models.Model):
    """One person paged in one step of an incident, by one message that goes to each of their verified contacts."""

    class Rung(models.TextChoices):
        ROTA = "rota", _("on call now")
        NEXT = "next", _("next in the rota")
        LEADS = "leads", _("lead coordinators")
        EMERGENCY = "emergency", _("the deployment's emergency contact")
        ACKNOWLEDGED = "acknowledged", _("who acknowledged")

    incident = models.ForeignKey(Incident, on_delete=models.PROTECT, related_name="pages")
    step = models.PositiveSmallIntegerField()
    rung = models.CharField(max_length=12, choices=Rung.choices)
    recipient = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    notification = models.ForeignKey("notifications.Notification", on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        verbose_name = _("page of an incident")
        verbose_name_plural = _("pages of incidents")
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(name="incident_page_once", fields=["incident", "step", "recipient"]),
        ]
        triggers = [guards.append_only("incident_page_append_only")]

    def __str__(self) -> str:
        return f"{self.step}, {self.get_rung_display()}"
