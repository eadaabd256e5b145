"""Flags: what somebody does again and again, for a coordinator to look at."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class Flag(models.Model):
    """One thing done again and again by one user (`about`) or from one network address (`source`, a blind index).

    It forbids nothing. While nobody has looked, further times are counted in the same row.
    """

    class FlagKind(models.TextChoices):
        LOOKED_AND_CANCELLED = "looked_cancelled", _("accepted, opened the contact and cancelled, again and again")
        MANY_REQUESTS = "many_requests", _("many requests from one network address")

    kind = models.CharField(_("what"), max_length=20, choices=FlagKind.choices)
    about = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="flags", verbose_name=_("about")
    )
    source = models.CharField(max_length=64, blank=True, default="", help_text="A blind index, never an address.")
    times = models.PositiveIntegerField(_("times"), default=1)
    first_at = models.DateTimeField(_("first"))
    last_at = models.DateTimeField(_("last"))
    looked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", verbose_name=_("looked at by")
    )
    looked_at = models.DateTimeField(_("looked at"), null=True)

    class Meta:
        verbose_name = _("flag")
        verbose_name_plural = _("flags")
        ordering = ["-last_at", "-id"]
        constraints = [
            models.CheckConstraint(
                name="flag_about_one",
                condition=Q(about__isnull=False, source="") | (Q(about=None) & ~Q(source="")),
            ),
            models.CheckConstraint(
                name="flag_looked_at_by_somebody",
                condition=Q(looked_by=None, looked_at=None) | Q(looked_by__isnull=False, looked_at__isnull=False),
            ),
            models.UniqueConstraint(
                name="flag_once_while_open",
                fields=["kind", "about", "source"],
                condition=Q(looked_at=None),
                nulls_distinct=False,
            ),
        ]

    def __str__(self) -> str:
        return _("flag %(number)s") % {"number": self.pk}
