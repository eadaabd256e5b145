"""Who people are: users, hosts and their checks, arrivals, coordinators, and the keys they sign in with."""

from __future__ import annotations

from typing import ClassVar

import pgtrigger
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.db import models
from django.utils.translation import gettext_lazy as _

from privacy.fields import EncryptedTextField


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


class Host(models.Model):
    """A person who offers space; vetted by coordinators before anyone is sent to them."""

    class Status(models.TextChoices):
        UNVETTED = "unvetted", _("not vetted yet")
        VETTED = "vetted", _("vetted")
        REFUSED = "refused", _("refused")
        SUSPENDED = "suspended", _("suspended")

    user = models.OneToOneField(User, on_delete=models.PROTECT, related_name="host")
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.UNVETTED)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="host_status_known",
                condition=models.Q(status__in=["unvetted", "vetted", "refused", "suspended"]),
            )
        ]

    def __str__(self) -> str:
        return f"host {self.pk}"


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
        ordering = ["-at"]

    def __str__(self) -> str:
        return f"{self.kind} of host {self.host_id}"


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
    """A volunteer with access to the admin, for some places or (`all_places`) for all."""

    user = models.OneToOneField(User, on_delete=models.PROTECT, related_name="coordinator")
    all_places = models.BooleanField(default=False)
    places = models.ManyToManyField("places.Place", blank=True, related_name="coordinators")

    def __str__(self) -> str:
        return f"coordinator {self.user.username}"


class OneTimeCode(models.Model):
    """Six digits sent to a contact point of a user: valid ten minutes, five tries, once."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="codes")
    code_hash = models.CharField(max_length=64)
    tries_left = models.PositiveSmallIntegerField(default=5)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)

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
