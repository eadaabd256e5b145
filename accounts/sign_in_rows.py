"""Rows of signing in: sessions that somebody began, and invitations. `accounts.models` imports them for Django."""

from __future__ import annotations

import pgtrigger
from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from notifications.models import ContactPoint

STAYS_REVOKED = """
    IF OLD.revoked_at IS NOT NULL THEN
        NEW.revoked_at := OLD.revoked_at;
    END IF;
    RETURN NEW;
"""
"""What was revoked stays revoked, whatever a row that was read earlier says when it is saved."""

ENDS_WHAT_CAME_FROM_IT = "UPDATE accounts_user SET sign_in_version = sign_in_version + 1 WHERE id = OLD.user_id;"


USER_VERSION_COUNTS_UP = pgtrigger.Trigger(
    name="user_version_counts_up",
    when=pgtrigger.Before,
    operation=pgtrigger.Update,
    func="""
    IF (NEW.password IS DISTINCT FROM OLD.password
            AND coalesce(current_setting('shanyrak.same_secret', true), '') <> 'yes')
            OR (OLD.is_active AND NOT NEW.is_active)
            OR (OLD.is_staff AND NOT NEW.is_staff)
            OR (OLD.is_superuser AND NOT NEW.is_superuser) THEN
        NEW.sign_in_version := OLD.sign_in_version + 1;
    ELSE
        NEW.sign_in_version := greatest(NEW.sign_in_version, OLD.sign_in_version);
    END IF;
    RETURN NEW;
    """,
)
"""Another password, lost access or a lost right ends every session and token of the user, whoever writes the row.

`UserManager.keep_secret_as` stores the same secret under another hash, which ends nothing.
"""

ROLE_ENDS_SESSIONS = pgtrigger.Trigger(
    name="role_ends_sessions",
    when=pgtrigger.After,
    operation=pgtrigger.UpdateOf("role") | pgtrigger.Delete,
    func=f"""
    IF TG_OP = 'DELETE' OR NEW.role <> OLD.role THEN
        {ENDS_WHAT_CAME_FROM_IT}
    END IF;
    RETURN NULL;
    """,
)


def _removed(name: str) -> pgtrigger.Trigger:
    """Return the trigger that ends what came from a factor in use when its row goes."""
    return pgtrigger.Trigger(
        name=name,
        when=pgtrigger.After,
        operation=pgtrigger.Delete,
        func=f"""
    IF OLD.confirmed THEN
        {ENDS_WHAT_CAME_FROM_IT}
    END IF;
    RETURN NULL;
    """,
    )


SECOND_FACTOR_ENDS_SESSIONS = _removed("second_factor_ends_sessions")
PASSKEY_ENDS_SESSIONS = _removed("passkey_ends_sessions")


class SignIn(models.Model):
    """One signing in: the session that it began, and the root of the tokens that were made in this session.

    It counts while `version` is the user's `sign_in_version` and nobody has revoked it. Signing out ends the session
    (its row of `django_session` goes) and leaves the tokens; revoking ends both.
    """

    class Way(models.TextChoices):
        CASE = "case", _("case number and secret")
        CODE = "code", _("a code that we sent")
        DESK = "desk", _("password and second factor")
        PASSKEY = "passkey", _("passkey")

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="sign_ins")
    way = models.CharField(max_length=10, choices=Way.choices)
    version = models.PositiveIntegerField(help_text="The user's `sign_in_version` when their keys were proved.")
    session_key = models.CharField(max_length=40, db_index=True)
    began_at = models.DateTimeField()
    seen_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("session")
        verbose_name_plural = _("sessions")
        ordering = ["-began_at", "-id"]
        triggers = [
            pgtrigger.Trigger(
                name="sign_in_stays_revoked",
                when=pgtrigger.Before,
                operation=pgtrigger.UpdateOf("revoked_at"),
                func=STAYS_REVOKED,
            ),
        ]

    def __str__(self) -> str:
        return str(self.pk)


class Invitation(models.Model):
    """A link that was sent to a coordinator's own contact, with which they choose a password. It works once.

    The link holds 80 random bits, of which only a hash is stored.
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="invitations")
    contact_point = models.ForeignKey(ContactPoint, on_delete=models.CASCADE, related_name="+")
    token_hash = models.CharField(max_length=64, unique=True)
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    made_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)
    withdrawn_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("invitation")
        verbose_name_plural = _("invitations")
        constraints = [
            models.UniqueConstraint(
                name="invitation_one_open",
                fields=["user"],
                condition=models.Q(used_at=None, withdrawn_at=None),
            ),
        ]

    def __str__(self) -> str:
        return str(self.pk)
