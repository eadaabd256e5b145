"""Arrivals and hosts who are never brought together again."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Arrival, Host
from matching.models import guards
from privacy.fields import EncryptedTextField


class KeptApart(models.Model):
    """One of the two did not feel safe with the other.

    A row of persons, not of a request and a space: it holds for requests and spaces that come later. Merging two rows of
    one person copies it, and accounts that share a contact are treated as the same person's (`meeting.same_person`). The
    database refuses a match of the two (`match_kept_apart`).

    Two people at the desk, one of them a lead, may take it back: the first one (`asked_by`) says why, and the row counts no
    longer from `taken_back_at` on. A further report puts it in force again.
    """

    arrival = models.ForeignKey(Arrival, on_delete=models.PROTECT, related_name="kept_apart", verbose_name=_("arrival"))
    host = models.ForeignKey(Host, on_delete=models.PROTECT, related_name="kept_apart", verbose_name=_("host"))
    at = models.DateTimeField(_("at"))
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    reason = EncryptedTextField(blank=True, default="", db_default="")
    taken_back_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    taken_back_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("pair kept apart")
        verbose_name_plural = _("pairs kept apart")
        constraints = [
            models.UniqueConstraint(name="kept_apart_once", fields=["arrival", "host"]),
            models.CheckConstraint(
                name="kept_apart_taken_back_by_two",
                condition=Q(taken_back_at=None, taken_back_by=None)
                | Q(taken_back_at__isnull=False, taken_back_by__isnull=False, asked_by__isnull=False)
                & ~Q(taken_back_by=F("asked_by")),
            ),
        ]
        triggers = guards.CHANGES_OF_KEPT_APART

    def __str__(self) -> str:
        return f"{self.arrival} / {self.host_id}"
