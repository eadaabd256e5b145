"""Arrivals and hosts who are never brought together again."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import Arrival, Host
from matching.models import guards


class KeptApart(models.Model):
    """One of the two did not feel safe with the other.

    A row of persons, not of a request and a space: it holds for requests and spaces that come later. Merging two rows of
    one person copies it, and a case that shares a contact with this arrival's is treated as the same person's
    (`guards.SAME_PERSON`). The database refuses a match of the two (`match_kept_apart`).
    """

    arrival = models.ForeignKey(Arrival, on_delete=models.PROTECT, related_name="kept_apart", verbose_name=_("arrival"))
    host = models.ForeignKey(Host, on_delete=models.PROTECT, related_name="kept_apart", verbose_name=_("host"))
    at = models.DateTimeField(_("at"))

    class Meta:
        verbose_name = _("pair kept apart")
        verbose_name_plural = _("pairs kept apart")
        constraints = [models.UniqueConstraint(name="kept_apart_once", fields=["arrival", "host"])]
        triggers = [guards.KEPT_APART_WRITTEN]

    def __str__(self) -> str:
        return f"{self.arrival} / {self.host_id}"
