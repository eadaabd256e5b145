"""Changes of a space, or of a host's contact, that wait until a coordinator has looked at them."""

from __future__ import annotations

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Host
from matching.models import guards
from matching.models.spaces import Space
from privacy.fields import EncryptedTextField


class WaitingChange(models.Model):
    """What somebody wants to change of what was vetted: of one space, or (`space` is None) of its host's contact.

    The space and the contact stay as they are until a coordinator applies the change. `wanted` is JSON: the columns of the
    space, or the contacts as [channel, address]. A new space is paused, and wants to be listed. Its clock empties `wanted` some
    time after the decision. At most one change of a space, and one of a host's contact, waits at a time.
    """

    class ChangeKind(models.TextChoices):
        ADDRESS = "address", _("another address")
        BEDS = "beds", _("more beds")
        OTHERS = "others", _("more people who live there")
        SHARED = "shared", _("several households at a time")
        CONTACT = "contact", _("another contact")
        NEW = "new", _("a new space")

    class ChangeOutcome(models.TextChoices):
        WAITING = "", _("waits")
        APPLIED = "applied", _("applied")
        REFUSED = "refused", _("refused")
        TAKEN_BACK = "taken_back", _("taken back")

    host = models.ForeignKey(Host, on_delete=models.PROTECT, related_name="waiting_changes", verbose_name=_("host"))
    space = models.ForeignKey(
        Space, on_delete=models.CASCADE, null=True, related_name="waiting_changes", verbose_name=_("space")
    )
    kinds = ArrayField(models.CharField(max_length=10, choices=ChangeKind.choices))
    wanted = EncryptedTextField(blank=True, default="")
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", verbose_name=_("by")
    )
    asked_at = models.DateTimeField(_("asked"))
    outcome = models.CharField(
        _("outcome"), max_length=10, choices=ChangeOutcome.choices, default=ChangeOutcome.WAITING, blank=True
    )
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", verbose_name=_("decided by")
    )
    decided_at = models.DateTimeField(_("decided"), null=True)
    erased = models.BooleanField(default=False, help_text="Its clock has emptied `wanted`.")

    class Meta:
        verbose_name = _("change that waits")
        verbose_name_plural = _("changes that wait")
        ordering = ["-asked_at", "-id"]
        constraints = [
            models.CheckConstraint(
                name="waiting_change_decided_by_somebody",
                condition=Q(outcome="", decided_by=None, decided_at=None)
                | Q(
                    outcome__in=["applied", "refused", "taken_back"], decided_by__isnull=False, decided_at__isnull=False
                ),
            ),
            models.CheckConstraint(
                name="waiting_change_kinds_fit",
                condition=Q(space=None, kinds=["contact"])
                | (
                    Q(space__isnull=False, kinds__contained_by=["address", "beds", "new", "others", "shared"])
                    & Q(kinds__len__gte=1)
                ),
            ),
            models.UniqueConstraint(
                name="waiting_change_once_for_space", fields=["space"], condition=Q(outcome="", space__isnull=False)
            ),
            models.UniqueConstraint(
                name="waiting_change_once_for_contact", fields=["host"], condition=Q(outcome="", space=None)
            ),
        ]
        triggers = [guards.CHANGE_IS_DECIDED_ONCE]

    def __str__(self) -> str:
        return _("change %(number)s") % {"number": self.pk}

    @property
    def kinds_in_words(self) -> list[str]:
        return [str(self.ChangeKind(kind).label) for kind in self.kinds]
