"""People: users, hosts and their checks, arrivals, coordinators, and the keys they sign in with."""

from __future__ import annotations

from typing import ClassVar

import pgtrigger
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import PermissionsMixin
from django.contrib.postgres.fields import ArrayField
from django.db import connection, models, transaction
from django.utils.translation import gettext_lazy as _
from django_otp.models import Device, DeviceManager

from accounts import user_names
from accounts.sign_in_rows import (
    PASSKEY_ENDS_SESSIONS,
    ROLE_ENDS_SESSIONS,
    SECOND_FACTOR_ENDS_SESSIONS,
    STAYS_REVOKED,
    USER_VERSION_COUNTS_UP,
)
from accounts.sign_in_rows import Invitation as Invitation  # Django finds a model where this file imports it.
from accounts.sign_in_rows import SignIn as SignIn
from notifications.models import ContactPoint
from privacy.fields import EncryptedBytesField, EncryptedTextField
from privacy.models import Remarked

CASE_SECRET = "case_hmac_sha256$"  # noqa: S105 - no password: the beginning of the hash of every case secret


class UserManager(BaseUserManager["User"]):
    def create_user(self, username: str, password: str | None = None, **fields: object) -> User:
        """Create a user who signs in as `username`. Without `password`, no password opens the account."""
        user = self.model(username=username, **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, username: str, password: str | None = None, **fields: object) -> User:
        """Create a superuser. Raises ValidationError for a user name that tells who they are; the command shows it."""
        user_names.validate(username)
        return self.create_user(username, password, is_staff=True, is_superuser=True, **fields)

    def keep_secret_as(self, user: User, password_hash: str) -> None:
        """Store the secret of `user` under another hash. It is the same secret, so sessions and tokens go on.

        Does nothing if the secret itself has changed since `user` was read.
        """
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT set_config('shanyrak.same_secret', 'yes', true)")
            self.filter(pk=user.pk, password=user.password).update(password=password_hash)
            cursor.execute("SELECT set_config('shanyrak.same_secret', '', true)")


class User(AbstractBaseUser, PermissionsMixin):
    """A person who can sign in: an arrival, a host or a coordinator.

    `username` is the case number of an arrival, a random name for a host (hosts sign in by a one-time code) and a
    chosen name for a coordinator.
    """

    username = models.CharField(_("username"), max_length=60, unique=True)
    name = EncryptedTextField(blank=True, default="")
    language = models.CharField(_("language"), max_length=5, default="ru")
    is_staff = models.BooleanField(_("works at the desk"), default=False)
    is_active = models.BooleanField(_("has access"), default=True)
    created_at = models.DateTimeField(_("made"), auto_now_add=True)
    erased_at = models.DateTimeField(null=True, blank=True, editable=False, help_text="When the person was erased.")
    # Counts up whenever everything that came from the user's keys must end: sessions and tokens of an earlier version
    # open nothing. The database counts it (`user_version_counts_up` and the triggers beside it).
    sign_in_version = models.PositiveIntegerField(default=0, db_default=0, editable=False)

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "username"

    class Meta:
        verbose_name = _("user")
        verbose_name_plural = _("users")
        triggers = [USER_VERSION_COUNTS_UP]

    def __str__(self) -> str:
        return self.username

    def get_short_name(self) -> str:
        return self.username

    def check_password(self, raw_password: str | None) -> bool:
        """Return whether this is the password of the account. The secret of a case is none (`accounts.case_secrets`).

        Django would store a secret that fits as the slow hash of a password. An account with a case does the same work
        as any other.
        """
        if self.password.startswith(CASE_SECRET):
            make_password(raw_password)
            return False
        return super().check_password(raw_password)


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
    """A person who offers space. Coordinators vet a host before anyone is sent to them."""

    class Status(models.TextChoices):
        UNVETTED = "unvetted", _("not vetted yet")
        VETTED = "vetted", _("vetted")
        REFUSED = "refused", _("refused")
        SUSPENDED = "suspended", _("suspended")
        MERGED = "merged", _("merged into another")

    user = models.OneToOneField(User, on_delete=models.PROTECT, related_name="host")
    status = models.CharField(_("status"), max_length=10, choices=Status.choices, default=Status.UNVETTED)
    refusal_by = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, blank=True, related_name="+", help_text="Who asked for a refusal."
    )
    refusal_seconded_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    refusal_reason = EncryptedTextField(
        blank=True, default="", help_text="Until the refusal is carried out or dropped."
    )
    said_no_at = models.DateTimeField(
        _("a sheet said no"),
        null=True,
        blank=True,
        help_text="Its column vetted; until somebody vets them at the desk.",
    )
    merged_into = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True, related_name="merged")
    created_at = models.DateTimeField(_("registered"), auto_now_add=True)

    class Meta:
        verbose_name = _("host")
        verbose_name_plural = _("hosts")
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
    """One check of a host: its kind and result, the coordinator, the moment, and the last day on which it counts.

    `note` holds the words that the coordinator typed. A check that an import put on record holds a code in `said`, which
    `matching.admin.line_words` words.
    """

    class CheckKind(models.TextChoices):
        IDENTITY_SEEN = "identity_seen", _("identity seen")
        PHONE_VERIFIED = "phone_verified", _("phone verified")
        REFERENCE = "reference", _("reference")
        HOME_VISIT = "home_visit", _("home visit")
        VIDEO_CALL = "video_call", _("video call")
        RULES_AGREED = "rules_agreed", _("rules agreed")

    host = models.ForeignKey(Host, on_delete=models.PROTECT, related_name="checks")
    kind = models.CharField(max_length=20, choices=CheckKind.choices)
    passed = models.BooleanField(default=True)
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    valid_until = models.DateField()
    note = EncryptedTextField(blank=True, default="")
    said = models.JSONField(null=True, blank=True)

    class Meta:
        verbose_name = _("check of a host")
        verbose_name_plural = _("checks of hosts")
        ordering = ["-at", "-id"]
        indexes = [models.Index(fields=["host", "kind", "-at"], name="host_check_latest")]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}, {self.at:%Y-%m-%d}"


class HostEvidence(models.Model):
    """A picture that a coordinator was shown, written anew by `accounts.evidence`. Removing it erases `picture` only."""

    host = models.ForeignKey(Host, on_delete=models.PROTECT, related_name="evidence")
    kind = models.CharField(max_length=20, choices=HostCheck.CheckKind.choices)
    picture = EncryptedBytesField(help_text="A JPEG without metadata, encrypted.")
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    removed_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    removed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("evidence")
        verbose_name_plural = _("evidence")
        ordering = ["-at", "-id"]
        constraints = [
            models.CheckConstraint(
                name="host_evidence_no_document",
                condition=~models.Q(kind="identity_seen") | models.Q(removed_at__isnull=False),
            )
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}, {self.at:%Y-%m-%d}"


class HostCall(Remarked):
    """One call to a host: the coordinator, the moment and the outcome. Append-only; a remark may stand beside it."""

    remark_about = ("host__user", "host__merged_into__user")

    class Outcome(models.TextChoices):
        REACHED = "reached", _("reached")
        NO_ANSWER = "no_answer", _("no answer")
        CALL_BACK = "call_back", _("will call back")
        WRONG_NUMBER = "wrong_number", _("wrong number")

    host = models.ForeignKey(Host, on_delete=models.PROTECT, related_name="calls")
    outcome = models.CharField(max_length=12, choices=Outcome.choices)
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        verbose_name = _("call to a host")
        verbose_name_plural = _("calls to hosts")
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
        return f"{self.get_outcome_display()}, {self.at:%Y-%m-%d %H:%M}"


class HostEvent(Remarked):
    """One change of a host's standing. Append-only.

    The remark holds the reason that a coordinator typed. An act that has something to say itself leaves a code with
    numbers in `said`, which `matching.admin.line_words` puts into the reader's language.
    """

    remark_about = ("host__user", "host__merged_into__user")

    host = models.ForeignKey(Host, on_delete=models.PROTECT, related_name="events", verbose_name=_("host"))
    from_status = models.CharField(_("before"), max_length=10, choices=Host.Status.choices)
    to_status = models.CharField(_("after"), max_length=10, choices=Host.Status.choices)
    by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+", verbose_name=_("by"))
    at = models.DateTimeField(_("at"))
    said = models.JSONField(null=True, blank=True)

    class Meta:
        verbose_name = _("change of a host")
        verbose_name_plural = _("changes of hosts")
        ordering = ["id"]
        triggers = [
            pgtrigger.Protect(name="host_event_append_only", operation=pgtrigger.Update | pgtrigger.Delete),
        ]

    def __str__(self) -> str:
        return f"{self.get_from_status_display()} → {self.get_to_status_display()}"


class Arrival(models.Model):
    """A person who needs shelter, alone or with a household, and may stay anonymous.

    The case number is the user's `username`, and the secret is the user's password
    (`accounts.case_secrets`). The arrival needs no
    name, e-mail address or phone.
    """

    user = models.OneToOneField(User, on_delete=models.PROTECT, related_name="arrival")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("arrival")
        verbose_name_plural = _("arrivals")

    def __str__(self) -> str:
        return self.case_number

    @property
    def case_number(self) -> str:
        return self.user.username


class Coordinator(models.Model):
    """A volunteer with access to the admin, for some places or for all (`all_places`). `role` says what they may do."""

    class Role(models.TextChoices):
        COORDINATOR = "coordinator", _("coordinator")
        LEAD = "lead", _("lead coordinator")
        AUDITOR = "auditor", _("auditor")

    user = models.OneToOneField(User, on_delete=models.PROTECT, related_name="coordinator", verbose_name=_("user"))
    role = models.CharField(_("role"), max_length=12, choices=Role.choices, default=Role.COORDINATOR)
    all_places = models.BooleanField(default=False)
    places = models.ManyToManyField("places.Place", blank=True, related_name="coordinators")
    invited_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    confirmed_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    confirmed_at = models.DateTimeField(
        null=True, blank=True, help_text="Until then this account is nobody's second person."
    )

    class Meta:
        verbose_name = _("coordinator")
        verbose_name_plural = _("coordinators")
        # Leads may export by their role. Others get this permission by an act of a lead (`accounts.coordinators`).
        permissions = [("export_personal", "Can export names, contacts, addresses and notes")]
        constraints = [
            models.CheckConstraint(
                name="coordinator_role_known", condition=models.Q(role__in=["coordinator", "lead", "auditor"])
            ),
            models.CheckConstraint(
                name="coordinator_confirmed_by_another",
                condition=models.Q(confirmed_by=None)
                | models.Q(invited_by=None)
                | ~models.Q(confirmed_by=models.F("invited_by")),
            ),
            models.CheckConstraint(
                name="coordinator_leads_all_places", condition=~models.Q(role="lead") | models.Q(all_places=True)
            ),
        ]
        triggers = [ROLE_ENDS_SESSIONS]

    def __str__(self) -> str:
        return self.user.username


class CoordinatorEvent(Remarked):
    """One change of a coordinator's rights or keys, or a sign-in: what was done, by whom and when. Append-only.

    `was` and `became` hold rights as codes: `{"role": "coordinator", "all_places": false, "places": ["Almaty"]}`. Lines
    from before there were codes hold `{"code": "said"}`. The remark holds the reason that somebody typed, after the words
    of such a line.
    """

    remark_about = ("about",)

    class CoordinatorChange(models.TextChoices):
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
        LOOKS_ALLOWED = "looks_allowed", _("may open more people for a day")
        SESSIONS_ENDED = "sessions_ended", _("a session or token was ended")
        PASSKEY_ADDED = "passkey_added", _("passkey added")
        PASSKEY_REMOVED = "passkey_removed", _("passkey removed")
        INVITED_AGAIN = "invited_again", _("sign-in reset, invited again")
        INVITATION_USED = "invitation_used", _("chose a password by invitation")
        CONFIRMED = "confirmed", _("account confirmed")

    about = models.ForeignKey(
        User, on_delete=models.PROTECT, related_name="coordinator_events", verbose_name=_("about")
    )
    what = models.CharField(_("what"), max_length=30, choices=CoordinatorChange.choices)
    was = models.JSONField(_("before"), null=True, blank=True)
    became = models.JSONField(_("after"), null=True, blank=True)
    by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+", verbose_name=_("by"))
    at = models.DateTimeField(_("at"))

    class Meta:
        verbose_name = _("change of a coordinator")
        verbose_name_plural = _("changes of coordinators")
        ordering = ["-at", "-id"]
        triggers = [
            pgtrigger.Protect(name="coordinator_event_append_only", operation=pgtrigger.Update | pgtrigger.Delete),
        ]

    def __str__(self) -> str:
        return f"{self.get_what_display()}, {self.at:%Y-%m-%d %H:%M}"


class Authenticator(Device):
    """A coordinator's second factor: an app on a phone that shows six new digits every 30 seconds (TOTP, RFC 6238).

    While `confirmed` is false the factor is being set up, and its codes open nothing. `last_step` is the time step of
    the last accepted code, so that no code is accepted twice.
    """

    secret = EncryptedTextField(help_text="20 random bytes in Base32.")
    last_step = models.BigIntegerField(default=-1)
    created_at = models.DateTimeField()

    objects: ClassVar[models.Manager[Authenticator]] = DeviceManager()  # type: ignore[assignment]

    class Meta:
        verbose_name = _("second factor")
        verbose_name_plural = _("second factors")
        constraints = [
            models.UniqueConstraint(
                name="authenticator_one_in_use", fields=["user"], condition=models.Q(confirmed=True)
            ),
        ]
        triggers = [SECOND_FACTOR_ENDS_SESSIONS]

    def __str__(self) -> str:
        return str(self.pk)


class Passkey(Device):
    """A coordinator's passkey (WebAuthn): a key pair of a phone, a computer or a stick. We keep its public half.

    It proves both factors at once: the device, and the finger, face or PIN that unlocks it.
    """

    name = EncryptedTextField(help_text="As its owner called it.")
    credential_id = models.BinaryField(unique=True, max_length=1023)
    public_key = models.BinaryField()
    sign_count = models.BigIntegerField(default=0)
    created_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)

    objects: ClassVar[models.Manager[Passkey]] = DeviceManager()  # type: ignore[assignment]

    class Meta:
        verbose_name = _("passkey")
        verbose_name_plural = _("passkeys")
        ordering = ["created_at"]
        triggers = [PASSKEY_ENDS_SESSIONS]

    def __str__(self) -> str:
        return str(self.pk)


class RecoveryCode(models.Model):
    """A code on paper for a coordinator who lost the phone. It is stored as a hash and works once."""

    authenticator = models.ForeignKey(Authenticator, on_delete=models.CASCADE, related_name="recovery_codes")
    code_hash = models.CharField(max_length=64)
    used_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("recovery code")
        verbose_name_plural = _("recovery codes")

    def __str__(self) -> str:
        return str(self.pk)


class CodeRequest(models.Model):
    """Somebody asked for a code at this address, which may be nobody's. The worker looks, answers, and deletes the row."""

    channel = models.CharField(max_length=10)
    address = EncryptedTextField()
    asked_at = models.DateTimeField()

    class Meta:
        verbose_name = _("request for a code")
        verbose_name_plural = _("requests for codes")

    def __str__(self) -> str:
        return str(self.pk)


class OneTimeCode(models.Model):
    """Six digits sent to a contact point of a user: valid for ten minutes and one sign-in, beside other codes.

    `used_from` is an index of the browser that signed in with the code. The same browser may repeat the code, since
    the answer to its first try may have been lost.
    """

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="codes")
    contact_point = models.ForeignKey(ContactPoint, on_delete=models.CASCADE, null=True, related_name="+")
    code_hash = models.CharField(max_length=64)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)
    used_from = models.CharField(max_length=64, blank=True, default="")

    class Meta:
        verbose_name = _("code")
        verbose_name_plural = _("codes")

    def __str__(self) -> str:
        return str(self.pk)


class AccessToken(models.Model):
    """A bearer token of the API, stored as a hash, with a scope and an end.

    It came from keys (`version`), and perhaps from a session (`sign_in`) or from other tokens (`ancestors`, the first
    one first). It opens nothing once one of them has ended.
    """

    class Scope(models.TextChoices):
        READ = "read", _("read")
        WRITE = "write", _("read and write")

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="tokens")
    version = models.PositiveIntegerField(default=0, help_text="The user's `sign_in_version` when it was made.")
    sign_in = models.ForeignKey(SignIn, on_delete=models.CASCADE, null=True, related_name="tokens")
    ancestors = ArrayField(models.BigIntegerField(), default=list)
    name = EncryptedTextField(help_text="As its owner called it.")
    token_hash = models.CharField(max_length=64, unique=True)
    scope = models.CharField(max_length=10, choices=Scope.choices, default=Scope.READ)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)
    last_used_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("token of the API")
        verbose_name_plural = _("tokens of the API")
        ordering = ["-created_at"]
        triggers = [
            pgtrigger.Trigger(
                name="token_stays_revoked",
                when=pgtrigger.Before,
                operation=pgtrigger.UpdateOf("revoked_at"),
                func=STAYS_REVOKED,
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Throttle(models.Model):
    """The number of tries of `key` in the window that began at `window_at`; `accounts.throttles` counts them."""

    key = models.CharField(max_length=120, primary_key=True)
    window_at = models.DateTimeField()
    count = models.PositiveIntegerField()

    class Meta:
        verbose_name = _("count of tries")
        verbose_name_plural = _("counts of tries")

    def __str__(self) -> str:
        return self.key
