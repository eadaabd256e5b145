"""The on-call rota: who can be paged at which hours for which places."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from privacy.fields import EncryptedTextField


class OnCallShift(models.Model):
    """Some hours of one coordinator on call, each week or on one date, for some places or all.

    `hours` is encrypted JSON (`matching.rota.Hours`): when a volunteer is awake and at home is private. `note` is for leads
    only. A shift is ended, not changed, so that the rows tell who was on call when, until a clock erases them.
    """

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="shifts", verbose_name=_("coordinator")
    )
    all_places = models.BooleanField(_("all places"), default=False)
    places = models.ManyToManyField("places.Place", blank=True, related_name="+")
    hours = EncryptedTextField()
    note = EncryptedTextField(blank=True, default="")
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField()
    ended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("hours on call")
        verbose_name_plural = _("hours on call")
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(
                name="shift_ended_by_somebody",
                condition=Q(ended_at=None, ended_by=None) | Q(ended_at__isnull=False, ended_by__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return str(self.pk)
