"""The outbox as rows: the contact points of people, the notifications to them, and the deliveries."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from privacy.fields import BlindIndexField, EncryptedTextField


def indexed(channel: str, address: str) -> str:
    """Return the text whose blind index finds an address of this channel."""
    return f"{channel}:{address}"


class ContactPoint(models.Model):
    """One address of a person. The address is encrypted, and `address_index` finds it without decrypting it."""

    class Channel(models.TextChoices):
        EMAIL = "email", _("e-mail")
        SMS = "sms", "SMS"
        TELEGRAM = "telegram", "Telegram"

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="contact_points")
    channel = models.CharField(max_length=10, choices=Channel.choices)
    address = EncryptedTextField()
    address_index = BlindIndexField(text=lambda point: indexed(point.channel, point.address))
    verified_at = models.DateTimeField(null=True, blank=True)
    preferred = models.BooleanField(default=False)
    quiet_from = models.TimeField(null=True, blank=True)
    quiet_until = models.TimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("contact")
        verbose_name_plural = _("contacts")
        indexes = [models.Index(fields=["channel", "address_index"], name="contact_point_address")]
        constraints = [
            models.UniqueConstraint(fields=["user", "channel", "address_index"], name="contact_point_once"),
            models.CheckConstraint(
                name="contact_point_quiet_hours",
                condition=Q(quiet_from__isnull=True, quiet_until__isnull=True)
                | Q(quiet_from__isnull=False, quiet_until__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_channel_display()}, {self.pk}"


class ContactCheck(models.Model):
    """A code on its way to a contact point, to see that messages reach its person there.

    While the row exists nothing else is sent to the contact point. It goes when the code comes back.
    """

    contact_point = models.OneToOneField(ContactPoint, on_delete=models.CASCADE, related_name="check_pending")
    code_hash = models.CharField(max_length=64)
    tries_left = models.PositiveSmallIntegerField()
    sent_at = models.DateTimeField()

    class Meta:
        verbose_name = _("check of a contact")
        verbose_name_plural = _("checks of contacts")

    def __str__(self) -> str:
        return str(self.pk)


class Notification(models.Model):
    """One thing to tell one person. Its unique `key` prevents telling it twice; `context` holds no personal data."""

    recipient = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="notifications")
    event = models.CharField(max_length=40)
    language = models.CharField(max_length=5)
    context = models.JSONField(default=dict)
    secret = EncryptedTextField(blank=True, default="", help_text="A sign-in code; emptied once it is sent or too old.")
    key = models.CharField(max_length=200, unique=True)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True, blank=True, help_text="Not worth telling after this moment.")
    read_at = models.DateTimeField(null=True, blank=True)
    tapped_at = models.DateTimeField(null=True, blank=True, help_text="When its one-tap link was used, which is once.")

    class Meta:
        verbose_name = _("message")
        verbose_name_plural = _("messages")
        ordering = ["-created_at", "-pk"]
        indexes = [models.Index(fields=["recipient", "-created_at"], name="notification_inbox")]

    def __str__(self) -> str:
        return _("message %(number)s") % {"number": self.pk}


class Delivery(models.Model):
    """The delivery of one notification to one contact point, with all its attempts.

    From `next_attempt_at` on, any worker may take a delivery that is waiting or being sent. While a delivery is being
    sent, `next_attempt_at` is the end of the lease. A worker still holds its lease if `leased_until` is the moment
    that the worker wrote.
    """

    class Status(models.TextChoices):
        WAITING = "waiting", _("waiting")
        SENDING = "sending", _("being sent")
        SENT = "sent", _("sent")
        FAILED = "failed", pgettext_lazy("a delivery", "failed")

    class ErrorClass(models.TextChoices):
        NONE = "", _("nothing")
        TIMEOUT = "timeout", _("no answer in time")
        RATE_LIMITED = "rate_limited", _("too many messages at once")
        SERVER = "server", _("a fault of the provider")
        PERMANENT = "permanent", _("the address does not work")
        UNKNOWN = "unknown", _("not known")
        # The service's own classes: no provider was asked, so `error_text` is empty.
        EXPIRED = "expired", _("too late to be told")
        NO_CHANNEL = "no_channel", _("no way to reach this address is switched on")
        LOST = "lost", _("every try of the service broke off before its end")

    notification = models.ForeignKey(Notification, on_delete=models.PROTECT, related_name="deliveries")
    contact_point = models.ForeignKey(ContactPoint, on_delete=models.PROTECT, related_name="deliveries")
    transport = models.CharField(
        _("way"), max_length=10, blank=True, help_text="Empty: no enabled channel serves the address."
    )
    urgent = models.BooleanField(default=False)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.WAITING)
    attempts = models.PositiveSmallIntegerField(_("tries"), default=0)
    next_attempt_at = models.DateTimeField()
    leased_until = models.DateTimeField(null=True, blank=True)
    idempotency_key = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    provider_id = EncryptedTextField(
        blank=True, default="", help_text="As the provider says it, who may repeat the address."
    )
    error_class = models.CharField(_("what went wrong"), max_length=12, choices=ErrorClass.choices, blank=True)
    # The words of the provider, never ours: `error_class` says in a code what the service itself knows.
    error_text = models.CharField(_("in the words of the provider"), max_length=500, blank=True)
    exception = models.CharField(_("name of the error in the program"), max_length=60, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("message not delivered")
        verbose_name_plural = _("messages not delivered")
        constraints = [
            models.CheckConstraint(
                name="delivery_status_known", condition=Q(status__in=["waiting", "sending", "sent", "failed"])
            ),
            models.CheckConstraint(
                name="delivery_leased_while_sending",
                condition=Q(status="sending", leased_until__isnull=False)
                | (~Q(status="sending") & Q(leased_until__isnull=True)),
            ),
            models.CheckConstraint(
                name="delivery_sent_at_a_moment",
                condition=Q(status="sent", sent_at__isnull=False) | (~Q(status="sent") & Q(sent_at__isnull=True)),
            ),
            models.UniqueConstraint(fields=["notification", "contact_point"], name="delivery_once"),
        ]
        indexes = [
            # For `delivering.claim`, in the order in which it reads. Deliveries that are over leave the index.
            models.Index(
                name="delivery_due",
                fields=["-urgent", "next_attempt_at"],
                condition=Q(status__in=["sending", "waiting"]),
            ),
            models.Index(name="delivery_failed", fields=["-id"], condition=Q(status="failed")),
        ]

    def __str__(self) -> str:
        return _("message %(number)s") % {"number": self.notification_id}
