"""Drafts of arrivals who have a case: they find their answers again from any phone, by case number and secret."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import Arrival
from privacy.fields import EncryptedTextField


class KeptDraft(models.Model):
    """The draft of a shelter request. It is deleted when it is sent.

    A draft that is never sent is erased after a while, because nothing else uses it (`matching.retention`).
    """

    arrival = models.OneToOneField(Arrival, on_delete=models.CASCADE, primary_key=True, related_name="kept_draft")
    content = EncryptedTextField()
    kept_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name = _("request not sent yet")
        verbose_name_plural = _("requests not sent yet")

    def __str__(self) -> str:
        return f"draft of arrival {self.arrival_id}"
