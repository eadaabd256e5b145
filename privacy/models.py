"""The words beside lines of history, the log of looks at personal fields, and the register of erasures."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import pgtrigger
from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from privacy.fields import EncryptedTextField

if TYPE_CHECKING:
    from django.db.models import Q


class Remark(models.Model):
    """The words that a person typed beside one line of an append-only history. They can be erased; the line stays.

    Once written, the text can only be erased: `text` is empty from `erased_at` on. `privacy.remarks` writes, reads and
    erases remarks.
    """

    text = EncryptedTextField(blank=True, default="")
    written_at = models.DateTimeField()
    erased_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("remark")
        verbose_name_plural = _("remarks")
        indexes = [models.Index(name="remark_kept", fields=["written_at"], condition=models.Q(erased_at=None))]
        triggers = [
            pgtrigger.Trigger(
                name="remark_is_only_erased",
                when=pgtrigger.Before,
                operation=pgtrigger.Update,
                func="""
                IF NEW IS NOT DISTINCT FROM OLD OR OLD.erased_at IS NULL AND NEW.erased_at IS NOT NULL AND NEW.text = ''
                        AND NEW.id = OLD.id AND NEW.written_at = OLD.written_at THEN
                    RETURN NEW;
                END IF;
                RAISE EXCEPTION 'remark % can be erased and not changed', OLD.id
                    USING ERRCODE = 'check_violation', CONSTRAINT = 'remark_is_only_erased';
                """,
            ),
        ]

    def __str__(self) -> str:
        return f"{self.written_at:%Y-%m-%d %H:%M}"


class Remarked(models.Model):
    """A line of an append-only history: codes, numbers, persons and a moment, and perhaps words beside it (`remark`).

    `remark_about` names the paths to the users whom the words are about, for `privacy.remarks.about`.
    """

    remark_about: ClassVar[tuple[str, ...]] = ()

    remark = models.OneToOneField(Remark, on_delete=models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        abstract = True

    @classmethod
    def is_about(cls, user_id: int) -> Q:
        """Return the condition for the lines whose words are about this user."""
        conditions = [models.Q(**{path: user_id}) for path in cls.remark_about]
        return models.Q(*conditions, _connector=models.Q.OR) if conditions else models.Q(pk__in=[])


class AccessLog(Remarked):
    """One look by one person at another's personal fields, with the reason. Append-only: PostgreSQL refuses changes.

    `reason` is a code; the remark holds the words that the person typed beside it. `match` is the match that opened a
    contact. A line about nobody says that an export without persons was taken.
    """

    remark_about = ("about",)

    class LookReason(models.TextChoices):
        # The first six are the reasons that a coordinator may choose; the list is short, so that they can be counted.
        CALL = "call", _("to call or write to them about a match")
        ASKED = "asked", _("they asked me")
        VETTING = "vetting", _("to vet the host")
        SAFETY = "safety", _("somebody may not be safe")
        MISTAKE = "mistake", _("to put a mistake right")
        OTHER = "other", _("another reason, written down beside")
        MATCH = "match", _("a match that both sides accepted")
        NEW_SECRET = "new_secret", _("gave a new secret")
        EXPORT = "export", _("took rows without persons")
        DESK = "desk", _("worked on the household at the desk")
        # A line from before there were codes; the remark holds its text.
        SAID = "said", _("written down beside")

    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", verbose_name=_("by"))
    about = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="looks", null=True, verbose_name=_("about")
    )
    fields = models.CharField(
        _("what was shown"), max_length=200, help_text="Which fields were shown, space-separated."
    )
    reason = models.CharField(_("reason"), max_length=12, choices=LookReason.choices)
    match = models.UUIDField(null=True, blank=True)
    at = models.DateTimeField(_("at"))

    class Meta:
        verbose_name = _("look at personal data")
        verbose_name_plural = _("looks at personal data")
        ordering = ["-at", "-id"]
        indexes = [
            models.Index(fields=["about", "-at"], name="access_log_about"),
            models.Index(fields=["by", "-at"], name="access_log_by"),
        ]
        constraints = [
            models.CheckConstraint(
                name="access_log_reason_known",
                condition=models.Q(
                    reason__in=[
                        *("call", "asked", "vetting", "safety", "mistake", "other", "match", "new_secret", "said"),
                        *("export", "desk"),
                    ]
                ),
            ),
            models.CheckConstraint(
                name="access_log_about_somebody",
                condition=models.Q(about__isnull=False) | models.Q(reason="export"),
            ),
            models.CheckConstraint(
                name="access_log_match_named",
                condition=models.Q(reason="match", match__isnull=False)
                | (~models.Q(reason="match") & models.Q(match=None)),
            ),
        ]
        triggers = [
            pgtrigger.Protect(name="access_log_append_only", operation=pgtrigger.Update | pgtrigger.Delete),
        ]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M}"


class Erasure(models.Model):
    """One erasure, so that it can be carried out again after a restore (`privacy.erasures`). Append-only, and names nobody."""

    kind = models.CharField(_("kind"), max_length=40)
    subject = models.CharField(_("subject"), max_length=64, help_text="The id of the row that was erased.")
    at = models.DateTimeField(_("at"))

    class Meta:
        verbose_name = _("erasure")
        verbose_name_plural = _("erasures")
        ordering = ["-at", "-id"]
        triggers = [
            pgtrigger.Protect(name="erasure_append_only", operation=pgtrigger.Update | pgtrigger.Delete),
        ]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M}"


class PersonErasure(models.Model):
    """A person was erased because somebody asked for it: who did it, and how it was asked. Append-only, codes only.

    `about` leads to a row that has no name and no contact any more.
    """

    class HowAsked(models.TextChoices):
        OWN_PAGE = "own_page", _("on their own page")
        TELEPHONE = "telephone", _("by telephone")
        IN_PERSON = "in_person", _("in person")
        WRITTEN = "written", _("in writing")
        ON_BEHALF = "on_behalf", _("by somebody who may speak for them")

    about = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", verbose_name=_("about")
    )
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", verbose_name=_("by"))
    how = models.CharField(_("how it was asked"), max_length=10, choices=HowAsked.choices)
    despite_incident = models.BooleanField(
        _("a lead decided so although an incident was open"), default=False, db_default=False
    )
    at = models.DateTimeField(_("at"))

    class Meta:
        verbose_name = _("erasure of a person")
        verbose_name_plural = _("erasures of persons")
        ordering = ["-at", "-id"]
        constraints = [
            models.CheckConstraint(
                name="person_erasure_how_known",
                condition=models.Q(how__in=["own_page", "telephone", "in_person", "written", "on_behalf"]),
            ),
        ]
        triggers = [
            pgtrigger.Protect(name="person_erasure_append_only", operation=pgtrigger.Update | pgtrigger.Delete),
        ]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M}"


class KeyRotation(models.Model):
    """How far the change of a key has come with one thing: a column of indexes, or all values in the old format.

    `cursor` is the primary key of the last row that was done, so that a run that was stopped goes on from there.
    """

    what = models.CharField(max_length=150, unique=True)
    key_id = models.CharField(max_length=8, blank=True, default="")
    cursor = models.CharField(max_length=100, blank=True, default="")
    left = models.PositiveIntegerField(default=0, help_text="Rows before the cursor that could not be written.")
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("change of a key")
        verbose_name_plural = _("changes of keys")

    def __str__(self) -> str:
        return self.what
