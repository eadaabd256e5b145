"""Matches: one household in one space for a run of nights, and the history of each."""

from __future__ import annotations

import uuid
from datetime import date

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from matching.models import guards, meeting
from matching.models.requests import ShelterRequest
from matching.models.spaces import Space
from matching.states import ACCEPTED_BY_BOTH, APPROVED_ONCE, BY_POLICY, HOLDS_BEDS, SUSPENDED, Act, Role, Status
from privacy.models import Remarked

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

ACT_WORDS = [
    (Act.PROPOSE.value, _("proposed")),
    (Act.APPROVE.value, _("approved")),
    (Act.DECLINE.value, _("declined")),
    (Act.EXPIRE.value, _("expired")),
    (Act.CONFIRM.value, _("confirmed")),
    (Act.CANCEL.value, _("cancelled")),
    (Act.CHECK_IN.value, _("checked in")),
    (Act.NO_SHOW.value, _("no-show")),
    (Act.COMPLETE.value, _("completed")),
    (Act.BREAK_OFF.value, _("broken off")),
    (Act.UNDO_CHECK_IN.value, _("arrival taken back")),
    (Act.UNDO_NO_SHOW.value, _("no-show taken back")),
    (Act.ACCEPT.value, _("accepted")),
    (Act.FIRST_APPROVAL.value, _("approved by the first of two people")),
    (Act.FREEZE.value, _("put on hold")),
    (Act.UNFREEZE.value, _("no longer on hold")),
]
"""The acts in words, for lines of history. A move has the words of the status that it leads to."""

ROLE_WORDS = [
    (Role.WORKER.value, _("the service itself")),
    (Role.COORDINATOR.value, _("coordinator")),
    (Role.HOST.value, _("host")),
    (Role.ARRIVAL.value, _("arrival")),
]

REASON_CHOICES = [
    ("not_suitable", _("not suitable")),
    ("too_far", _("too far")),
    ("too_many_people", _("too many people")),
    ("dates_changed", _("the dates changed")),
    ("found_elsewhere", _("found something elsewhere")),
    ("no_answer", _("no answer")),
    ("not_now", _("not now")),
    ("not_safe", _("does not feel safe")),
    ("withdrawn", _("withdrawn")),
    ("other", _("another reason")),
]
"""`states.REASONS` in words, the reasons that coordinators use most first: the keys 1 to 9 and 0 choose them."""


REASONS_OF_THE_SERVICE = [
    (BY_POLICY, _("approved by the rules")),
    (SUSPENDED, _("the host was suspended")),
]


class Match(models.Model):
    """One match, from the first proposal to the end of the stay. Only `matching.transitions` writes `status`."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    request = models.ForeignKey(ShelterRequest, on_delete=models.PROTECT, related_name="matches")
    space = models.ForeignKey(Space, on_delete=models.PROTECT, related_name="matches")
    leg = models.PositiveSmallIntegerField(default=1)
    status = models.CharField(_("status"), max_length=10, choices=STATUS_WORDS, default=Status.PROPOSED)
    first_night = models.DateField(_("first night"))
    last_day = models.DateField(_("day of leaving"))
    people = models.PositiveSmallIntegerField(_("people"))
    score = models.FloatField(_("score"), default=0)
    reasons = models.JSONField(default=list, blank=True)
    risks = models.JSONField(default=list, blank=True)
    high_risk = models.BooleanField(_("high risk"), default=False)
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    also_approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    host_accepted_at = models.DateTimeField(null=True, blank=True)
    arrival_accepted_at = models.DateTimeField(null=True, blank=True)
    due_at = models.DateTimeField(
        _("waits until"), null=True, blank=True, help_text="Decide (proposed) or answer (approved) by then."
    )
    frozen_at = models.DateTimeField(null=True, blank=True)
    quiet_for = models.CharField(
        max_length=7,
        blank=True,
        default="",
        db_default="",
        help_text="The side whose pages do not show the freeze yet: the other side said that it does not feel safe.",
    )
    quiet_until = models.DateTimeField(null=True, blank=True, help_text="When that side reads that all is paused.")
    created_at = models.DateTimeField()
    version = models.PositiveIntegerField(default=1)

    class Meta:
        verbose_name = _("match")
        verbose_name_plural = _("matches")
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
            models.CheckConstraint(
                name="match_quiet_while_frozen",
                condition=Q(quiet_for="", quiet_until=None)
                | Q(
                    quiet_for__in=[Role.ARRIVAL.value, Role.HOST.value],
                    quiet_until__isnull=False,
                    frozen_at__isnull=False,
                ),
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
            # Each of these indexes covers one status. An index over every status would seem as good as `match_holding` to
            # PostgreSQL's planner while it does not know yet how large the table is.
            models.Index(name="match_queue", fields=["first_night"], condition=Q(status=Status.PROPOSED.value)),
            models.Index(name="match_quiet", fields=["quiet_until"], condition=Q(quiet_until__isnull=False)),
            models.Index(name="match_staying", fields=["last_day"], condition=Q(status=Status.CHECKED_IN.value)),
        ]
        triggers = [
            guards.MATCH_LEGAL_MOVE,
            guards.MATCH_GOES_ON,
            guards.MATCH_GOES_ON_ALONE,
            meeting.MATCH_KEPT_APART,
            meeting.MATCH_GOES_ON_APART,
            guards.MATCH_KEEPS_TO_SPACE,
            guards.MATCH_STATUS_IS_HISTORY,
            guards.MATCH_HELD_BY_INCIDENT,
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


class MatchEvent(Remarked):
    """One line of a match's history: who did what, when and why. Append-only. The last line holds the present status."""

    match = models.ForeignKey(Match, on_delete=models.PROTECT, related_name="events", verbose_name=_("match"))
    act = models.CharField(_("act"), max_length=20, choices=ACT_WORDS)
    from_status = models.CharField(_("before"), max_length=10, choices=STATUS_WORDS, blank=True)
    to_status = models.CharField(_("after"), max_length=10, choices=STATUS_WORDS)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", verbose_name=_("by")
    )
    role = models.CharField(_("role"), max_length=12, choices=ROLE_WORDS)
    reason = models.CharField(
        _("reason"), max_length=20, choices=[*REASON_CHOICES, *REASONS_OF_THE_SERVICE], blank=True
    )
    told_by = models.CharField(
        max_length=12,
        choices=ROLE_WORDS,
        blank=True,
        default="",
        db_default="",
        help_text="The side that told a coordinator.",
    )
    numbers = models.JSONField(null=True, blank=True, help_text="Of the reason: the limits of the rules that approved.")
    at = models.DateTimeField(_("at"))

    class Meta:
        verbose_name = _("act on a match")
        verbose_name_plural = _("acts on matches")
        ordering = ["id"]
        triggers = [guards.append_only("match_event_append_only")]

    def __str__(self) -> str:
        return f"{self.get_act_display()} ({self.get_role_display()})"

    @classmethod
    def is_about(cls, user_id: int) -> Q:
        """Return the condition for the lines of this user's matches, but those whose words the other side wrote.

        Such words belong to the other side, and go with it or by their clock.
        """
        arrival, host = "match__request__arrival__user", "match__space__host__user"
        as_arrival = Q(**{arrival: user_id}) & (Q(by=None) | Q(by=user_id) | ~Q(by=F(host)))
        return as_arrival | (Q(**{host: user_id}) & (Q(by=None) | Q(by=user_id) | ~Q(by=F(arrival))))
