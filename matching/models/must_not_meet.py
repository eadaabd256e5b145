"""Whom somebody must not meet: a phone or an e-mail exactly, or a name that a coordinator finds."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from matching.models import guards, meeting
from notifications.models import ContactPoint, indexed
from privacy.fields import BlindIndexField, EncryptedTextField


class MustNotMeet(models.Model):
    """One entry of the list of `by`: a contact (`channel` and its address in `said`), or a name (`channel` is empty).

    `found` has the accounts that it names. A name is found by a coordinator; without an account after `looked_at` nobody here
    has that name. Taking an entry back erases the text; the row is counted for some time longer, so that nobody can try one
    contact after the other.
    """

    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="must_not_meet")
    entered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        help_text="Themself, or a coordinator whom they told.",
    )
    channel = models.CharField(max_length=10, choices=ContactPoint.Channel.choices, blank=True, default="")
    said = EncryptedTextField(help_text="The address or the name; empty once it is taken back.")
    address_index = BlindIndexField(
        text=lambda entry: indexed(entry.channel, entry.said) if entry.channel and entry.said else "",
        blank=True,
        default="",
    )
    at = models.DateTimeField(_("at"))
    looked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("looked at by"),
    )
    looked_at = models.DateTimeField(_("looked at"), null=True, blank=True)
    taken_back_at = models.DateTimeField(_("taken back"), null=True, blank=True)

    class Meta:
        verbose_name = _("person not to be met")
        verbose_name_plural = _("persons not to be met")
        ordering = ["at", "pk"]
        indexes = [
            models.Index(
                name="must_not_meet_contact",
                fields=["channel", "address_index"],
                condition=Q(taken_back_at=None) & ~Q(address_index=""),
            ),
            models.Index(name="must_not_meet_to_find", fields=["at"], condition=Q(looked_at=None, channel="")),
        ]
        constraints = [
            models.CheckConstraint(
                name="must_not_meet_contact_or_name",
                condition=Q(taken_back_at__isnull=False, address_index="")
                | Q(taken_back_at=None, channel="", address_index="")
                | Q(taken_back_at=None) & ~Q(channel="") & ~Q(address_index=""),
            ),
            models.CheckConstraint(
                name="must_not_meet_looked_at_by_somebody",
                condition=Q(looked_by=None, looked_at=None) | Q(looked_by__isnull=False, looked_at__isnull=False),
            ),
            models.UniqueConstraint(
                name="must_not_meet_once",
                fields=["by", "channel", "address_index"],
                condition=Q(taken_back_at=None) & ~Q(address_index=""),
            ),
        ]
        triggers = [meeting.ENTRY_WAITS_FOR_MATCHES, meeting.ENTRY_FINDS, guards.ENTRY_REWRITTEN]

    def __str__(self) -> str:
        return str(self.pk)


class MustNotMeetFound(models.Model):
    """An account that an entry names. It stays noted when the person gives up the contact by which they were found."""

    entry = models.ForeignKey(MustNotMeet, on_delete=models.CASCADE, related_name="found")
    # No deletion of the account meets this row, or its page would tell of it: an import that is undone removes the account as
    # it would without. A row without its account means nothing; imported anew, the contact is found again.
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.DO_NOTHING, db_constraint=False, related_name="+"
    )

    class Meta:
        verbose_name = _("account found for a person not to be met")
        verbose_name_plural = _("accounts found for persons not to be met")
        constraints = [models.UniqueConstraint(name="must_not_meet_found_once", fields=["entry", "user"])]
        triggers = [guards.FOUND_WRITTEN]

    def __str__(self) -> str:
        return str(self.pk)


class ContactNamed(ContactPoint):
    """A contact, with the trigger by which entries find it however late it is registered."""

    class Meta:
        proxy = True
        verbose_name = _("contact")
        verbose_name_plural = _("contacts")
        triggers = [meeting.CONTACT_IS_FOUND]
