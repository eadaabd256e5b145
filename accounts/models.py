"""Who people are: users, hosts and their checks, arrivals, coordinators, and the keys they sign in with."""

from __future__ import annotations

from typing import ClassVar

import pgtrigger
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.db import models
from django.utils.translation import gettext_lazy as _
from django_otp.models import Device, DeviceManager

from privacy.fields import EncryptedBytesField, EncryptedTextField


class UserManager(BaseUserManager["User"]):
    def create_user(self, username: str, password: str | None = None, **fields: object) -> User:
        """Create a user who signs in as `username`; without a password nobody can sign in by one."""
        user = self.model(username=username, **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, username: str, password: str | None = None, **fields: object) -> User:
        return self.create_user(username, password, is_staff=True, is_superuser=True, **fields)


class User(AbstractBaseUser, PermissionsMixin):
    """A person with a key to some door: an arrival, a host or a coordinator.

    `username` is a case number for an arrival, a made-up name for a host (who signs in by a
    one-time code) and a chosen name for a coordinator.
    """

    username = models.CharField(max_length=60, unique=True)
    name = EncryptedTextField(blank=True, default="")
    language = models.CharField(max_length=5, default="ru")
    is_staff = models.BooleanField(default=False)
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "username"

    def __str__(self) -> str:
        return self.username

    def get_short_name(self) -> str:
        return self.username


HOST_REFUSED_BY_TWO = pgtrigger.Trigger(
    name="host_refused_by_two",
    when=pgtrigger.Before,
    operation=pgtrigger.Insert | pgtrigger.UpdateOf("status"),
    func="""
    IF NEW.status <> 'refused' OR (TG_OP = 'UPDATE' AND OLD.status = 'refused') THEN
        RETURN NEW;
    END IF;
    IF NEW.refusal_by_id IS NULL OR NEW.refusal_seconded_by_id IS NULL
            OR NEW.refusal_by_id = NEW.refusal_seconded_by_id THEN
        RAISE EXCEPTION 'host % is refused by two people or not at all', NEW.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'host_refused_by_two';
    END IF;
    RETURN NEW;
    """,
)


class Host(models.Model):
    """A person who offers space; vetted by coordinators before anyone is sent to them."""

    class Status(models.TextChoices):
        UNVETTED = "unvetted", _("not vetted yet")
        VETTED = "vetted", _("vetted")
        REFUSED = "refused", _("refused")
        SUSPENDED = "suspended", _("suspended")
        MERGED = "merged", _("merged into another")

    user = models.OneToOneField(User, on_delete=models.PROTECT, related_name="host")
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.UNVETTED)
    refusal_by = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, blank=True, related_name="+", help_text="Who asked for a refusal."
    )
    refusal_seconded_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    refusal_reason = models.CharField(max_length=200, blank=True)
    merged_into = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True, related_name="merged")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="host_status_known",
                condition=models.Q(status__in=["unvetted", "vetted", "refused", "suspended", "merged"]),
            ),
            models.CheckConstraint(
                name="host_merged_somewhere",
                condition=models.Q(status="merged", merged_into__isnull=False)
                | (~models.Q(status="merged") & models.Q(merged_into=None)),
            ),
        ]
        triggers = [HOST_REFUSED_BY_TWO]

    def __str__(self) -> str:
        return _("host %(number)s") % {"number": self.pk}


class HostCheck(models.Model):
    """One check of a host: what was seen, by whom, when, and until when it counts."""

    class Kind(models.TextChoices):
        IDENTITY_SEEN = "identity_seen", _("identity seen")
        PHONE_VERIFIED = "phone_verified", _("phone verified")
        REFERENCE = "reference", _("reference")
        HOME_VISIT = "home_visit", _("home visit")
        VIDEO_CALL = "video_call", _("video call")
        RULES_AGREED = "rules_agreed", _("rules agreed")

    host = models.ForeignKey(Host, on_delete=models.PROTECT, related_name="checks")
    kind = models.CharField(max_length=20, choices=Kind.choices)
    passed = models.BooleanField(default=True)
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    valid_until = models.DateField()
    note = EncryptedTextField(blank=True, default="")

    class Meta:
        ordering = ["-at", "-id"]
        indexes = [models.Index(fields=["host", "kind", "-at"], name="host_check_latest")]

    def __str__(self) -> str:
        return f"{self.kind} of host {self.host_id}"


class HostEvidence(models.Model):
    """A picture a coordinator was shown, as `accounts.evidence` made it anew. Emptied when it is removed; the line stays."""

    host = models.ForeignKey(Host, on_delete=models.PROTECT, related_name="evidence")
    kind = models.CharField(max_length=20, choices=HostCheck.Kind.choices)
    picture = EncryptedBytesField(help_text="A JPEG without metadata, encrypted.")
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    removed_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    removed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-at", "-id"]
        verbose_name_plural = "evidence"

    def __str__(self) -> str:
        return f"evidence {self.pk} of host {self.host_id}"


class HostCall(models.Model):
    """One call to a host: who called, when, and what came of it. Append-only."""

    class Outcome(models.TextChoices):
        REACHED = "reached", _("reached")
        NO_ANSWER = "no_answer", _("no answer")
        CALL_BACK = "call_back", _("will call back")
        WRONG_NUMBER = "wrong_number", _("wrong number")

    host = models.ForeignKey(Host, on_delete=models.PROTECT, related_name="calls")
    outcome = models.CharField(max_length=12, choices=Outcome.choices)
    note = EncryptedTextField(blank=True, default="")
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        ordering = ["-at", "-id"]
        indexes = [models.Index(fields=["host", "-at"], name="host_call_latest")]
        constraints = [
            models.CheckConstraint(
                name="host_call_outcome_known",
                condition=models.Q(outcome__in=["reached", "no_answer", "call_back", "wrong_number"]),
            )
        ]
        triggers = [
            pgtrigger.Protect(name="host_call_append_only", operation=pgtrigger.Update | pgtrigger.Delete),
        ]

    def __str__(self) -> str:
        return f"call to host {self.host_id}: {self.outcome}"


class HostEvent(models.Model):
    """One change of a host's standing. Append-only."""

    host = models.ForeignKey(Host, on_delete=models.PROTECT, related_name="events")
    from_status = models.CharField(max_length=10)
    to_status = models.CharField(max_length=10)
    by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField()
    reason = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ["id"]
        triggers = [
            pgtrigger.Protect(name="host_event_append_only", operation=pgtrigger.Update | pgtrigger.Delete),
        ]

    def __str__(self) -> str:
        return f"host {self.host_id}: {self.from_status} to {self.to_status}"


class Arrival(models.Model):
    """A person who needs shelter, alone or with a household; may stay anonymous.

    The case number is the user's `username`, the secret its password (Argon2id): the arrival
    needs neither name, e-mail nor phone.
    """

    user = models.OneToOneField(User, on_delete=models.PROTECT, related_name="arrival")
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"case {self.user.username}"

    @property
    def case_number(self) -> str:
        return self.user.username


class Coordinator(models.Model):
    """A volunteer with access to the admin, for some places or (`all_places`) for all; what they may do says `role`."""

    class Role(models.TextChoices):
        COORDINATOR = "coordinator", _("coordinator")
        LEAD = "lead", _("lead coordinator")
        AUDITOR = "auditor", _("auditor")

    user = models.OneToOneField(User, on_delete=models.PROTECT, related_name="coordinator")
    role = models.CharField(max_length=12, choices=Role.choices, default=Role.COORDINATOR)
    all_places = models.BooleanField(default=False)
    places = models.ManyToManyField("places.Place", blank=True, related_name="coordinators")

    class Meta:
        # Leads have it by their role; to others a lead gives it, by an act with a line of history.
        permissions = [("export_personal", "Can export names, contacts, addresses and notes")]
        constraints = [
            models.CheckConstraint(
                name="coordinator_role_known", condition=models.Q(role__in=["coordinator", "lead", "auditor"])
            ),
            models.CheckConstraint(
                name="coordinator_leads_all_places", condition=~models.Q(role="lead") | models.Q(all_places=True)
            ),
        ]

    def __str__(self) -> str:
        return f"coordinator {self.user.username}"


class CoordinatorEvent(models.Model):
    """One thing that happened to a coordinator's rights or keys: who did it, when, from what to what. Append-only."""

    class What(models.TextChoices):
        NAMED = "named", _("named")
        RIGHTS_CHANGED = "rights_changed", _("rights changed")
        LEFT = "left", _("has left")
        RETURNED = "returned", _("has returned")
        PASSWORD_GIVEN = "password_given", _("new password given")
        SIGNED_IN = "signed_in", _("signed in")
        SECOND_FACTOR_SET_UP = "second_factor_set_up", _("second factor set up")
        SECOND_FACTOR_REMOVED = "second_factor_removed", _("second factor removed")
        RECOVERY_CODE_USED = "recovery_code_used", _("recovery code used")
        RECOVERY_CODES_MADE = "recovery_codes_made", _("new recovery codes made")
        EXPORT_PERMITTED = "export_permitted", _("may export names and contacts")
        EXPORT_FORBIDDEN = "export_forbidden", _("may export names and contacts no longer")

    about = models.ForeignKey(User, on_delete=models.PROTECT, related_name="coordinator_events")
    what = models.CharField(max_length=30, choices=What.choices)
    was = models.CharField(max_length=500, blank=True)
    became = models.CharField(max_length=500, blank=True)
    reason = models.CharField(max_length=200, blank=True)
    by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField()

    class Meta:
        ordering = ["-at", "-id"]
        triggers = [
            pgtrigger.Protect(name="coordinator_event_append_only", operation=pgtrigger.Update | pgtrigger.Delete),
        ]

    def __str__(self) -> str:
        return f"{self.about_id}: {self.what}"


class Authenticator(Device):
    """A coordinator's second factor: the app on a phone that shows six digits, new ones every 30 seconds (RFC 6238).

    Without `confirmed` it is being set up and opens nothing. `last_step` is the time step of the last code
    taken, so that no code opens twice.
    """

    secret = EncryptedTextField(help_text="20 random bytes in Base32.")
    last_step = models.BigIntegerField(default=-1)
    created_at = models.DateTimeField()

    objects: ClassVar[models.Manager[Authenticator]] = DeviceManager()  # type: ignore[assignment]

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="authenticator_one_in_use", fields=["user"], condition=models.Q(confirmed=True)
            ),
        ]

    def __str__(self) -> str:
        return f"authenticator {self.pk}"


class RecoveryCode(models.Model):
    """A code on paper for who lost the phone: hashed, and good once."""

    authenticator = models.ForeignKey(Authenticator, on_delete=models.CASCADE, related_name="recovery_codes")
    code_hash = models.CharField(max_length=64)
    used_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"recovery code {self.pk}"


class OneTimeCode(models.Model):
    """Six digits sent to a contact point of a user: valid ten minutes, five tries, once.

    `used_from` is an index of the browser that used it: that one may repeat it, since the answer may have been lost.
    """

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="codes")
    code_hash = models.CharField(max_length=64)
    tries_left = models.PositiveSmallIntegerField(default=5)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)
    used_from = models.CharField(max_length=64, blank=True, default="")

    def __str__(self) -> str:
        return f"code for user {self.user_id}"


class AccessToken(models.Model):
    """A bearer token of the API: hashed, scoped, expiring."""

    class Scope(models.TextChoices):
        READ = "read", _("read")
        WRITE = "write", _("read and write")

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="tokens")
    name = models.CharField(max_length=60)
    token_hash = models.CharField(max_length=64, unique=True)
    scope = models.CharField(max_length=10, choices=Scope.choices, default=Scope.READ)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)
    last_used_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return f"token {self.name}"


class Throttle(models.Model):
    """How often `key` was used in the window that began at `window_at`; counted by one atomic upsert."""

    key = models.CharField(max_length=120, primary_key=True)
    window_at = models.DateTimeField()
    count = models.PositiveIntegerField()

    def __str__(self) -> str:
        return self.key
