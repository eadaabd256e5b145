"""Who looked at whose personal fields, and why."""

from __future__ import annotations

import pgtrigger
from django.conf import settings
from django.db import models


class AccessLog(models.Model):
    """One look at one person's personal fields. Append-only: the database refuses change and deletion."""

    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    about = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="looks")
    fields = models.CharField(max_length=200, help_text="Which fields were shown, space-separated.")
    reason = models.CharField(max_length=200)
    at = models.DateTimeField()

    class Meta:
        ordering = ["-at", "-id"]
        indexes = [models.Index(fields=["about", "-at"], name="access_log_about")]
        triggers = [
            pgtrigger.Protect(name="access_log_append_only", operation=pgtrigger.Update | pgtrigger.Delete),
        ]

    def __str__(self) -> str:
        return f"{self.by_id} saw {self.fields} of {self.about_id}"
