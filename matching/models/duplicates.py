"""Coordinators' verdicts on two rows that may describe the same host, space or request."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Host
from matching.models import guards
from matching.models.requests import ShelterRequest
from matching.models.spaces import Space
from privacy.models import Remarked


class PairVerdict(Remarked):
    """A verdict on two hosts, spaces or requests: they were the same and are merged, or they are not the same.

    Append-only. The id `one` sorts before the id `other` as text, so that a pair has only one row. `stays` is the id that
    a merged pair keeps. The remark holds the reason that the coordinator typed.
    """

    class PairKind(models.TextChoices):
        HOSTS = "hosts", _("hosts")
        SPACES = "spaces", _("spaces")
        REQUESTS = "requests", _("shelter requests")

    class Verdict(models.TextChoices):
        MERGED = "merged", _("merged")
        DIFFERENT = "different", _("not the same")

    kind = models.CharField(_("kind"), max_length=10, choices=PairKind.choices)
    verdict = models.CharField(_("verdict"), max_length=10, choices=Verdict.choices)
    one = models.CharField(_("one"), max_length=36)
    other = models.CharField(_("the other"), max_length=36)
    stays = models.CharField(_("stays"), max_length=36, blank=True)
    moved = models.JSONField(
        _("went over"), default=dict, blank=True, help_text="How many rows of each kind went over."
    )
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", verbose_name=_("by"))
    at = models.DateTimeField(_("at"))

    class Meta:
        verbose_name = _("verdict on duplicates")
        verbose_name_plural = _("verdicts on duplicates")
        ordering = ["-at", "-id"]
        constraints = [
            models.CheckConstraint(name="pair_kind_known", condition=Q(kind__in=["hosts", "spaces", "requests"])),
            models.CheckConstraint(name="pair_verdict_known", condition=Q(verdict__in=["merged", "different"])),
            models.CheckConstraint(
                name="pair_keeps_one",
                condition=Q(verdict="different", stays="") | Q(stays=F("one")) | Q(stays=F("other")),
            ),
        ]
        indexes = [models.Index(name="pair_of_two", fields=["kind", "one", "other"])]
        triggers = [guards.append_only("pair_verdict_append_only")]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}, {self.one}, {self.other}: {self.get_verdict_display()}"

    @classmethod
    def is_about(cls, user_id: int) -> Q:
        """Return the condition for the pairs in which a row of this user stands."""
        owned = {
            cls.PairKind.HOSTS: Host.objects.filter(user=user_id),
            cls.PairKind.SPACES: Space.objects.filter(host__user=user_id),
            cls.PairKind.REQUESTS: ShelterRequest.objects.filter(arrival__user=user_id),
        }
        found = Q(pk__in=[])
        for kind, rows in owned.items():
            ids = [str(pk) for pk in rows.values_list("pk", flat=True)]
            found |= Q(kind=kind) & (Q(one__in=ids) | Q(other__in=ids))
        return found
