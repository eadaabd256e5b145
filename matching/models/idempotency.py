"""Answers to creating POSTs. A POST that is sent again gets the stored answer and creates nothing."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from privacy.fields import EncryptedTextField


class IdempotencyKey(models.Model):
    """One key of one caller. The answer is encrypted: it may hold a case's secret."""

    caller = models.CharField(max_length=80, help_text="user:ID, or an index of where an anonymous call came from.")
    key = models.CharField(max_length=64, help_text="An index of what the caller sent, which may be anything.")
    fingerprint = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField(default=0)
    answer = EncryptedTextField(default="")
    created_at = models.DateTimeField()

    class Meta:
        verbose_name = _("answer kept for a repeated call")
        verbose_name_plural = _("answers kept for repeated calls")
        constraints = [models.UniqueConstraint(fields=["caller", "key"], name="idempotency_key_once")]
        indexes = [models.Index(fields=["created_at"], name="idempotency_key_age")]

    def __str__(self) -> str:
        return f"{self.key} of {self.caller}"
