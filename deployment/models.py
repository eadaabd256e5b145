"""The changes that this deployment made to its rules, one append-only line for each."""

from __future__ import annotations

import pgtrigger
from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from privacy.models import Remarked


class SettingChange(Remarked):
    """One change of one rule by a lead, with the old and the new value; the remark holds the reason. Append-only.

    The last line of a name holds the present value. There is no table of present values, because it could contradict
    this history.
    """

    name = models.CharField(_("setting"), max_length=40)
    old = models.JSONField(null=True)
    new = models.JSONField(null=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", verbose_name=_("by"))
    at = models.DateTimeField(_("at"))

    class Meta:
        verbose_name = _("change of a setting")
        verbose_name_plural = _("changes of settings")
        ordering = ["-at", "-id"]
        indexes = [models.Index(name="setting_latest", fields=["name", "-id"])]
        triggers = [
            pgtrigger.Protect(name="setting_change_append_only", operation=pgtrigger.Update | pgtrigger.Delete),
        ]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M}"
