"""Bearer tokens of the API: shown once, kept as a hash, scoped and expiring."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta

from accounts.models import AccessToken, User

PREFIX = "shk_"


def _hash(token: str) -> str:
    # 256 random bits need no slow hash: there is nothing to guess.
    return hashlib.sha256(token.encode()).hexdigest()


def issue(user: User, *, name: str, scope: str, days: int, at: datetime) -> tuple[AccessToken, str]:
    """Make a token for `user`, valid for `days`; return its row and the token itself, which is not kept."""
    token = PREFIX + secrets.token_urlsafe(32)
    row = AccessToken.objects.create(
        user=user, name=name, scope=scope, token_hash=_hash(token), created_at=at, expires_at=at + timedelta(days=days)
    )
    return row, token


def find(token: str, *, at: datetime) -> AccessToken | None:
    """Return the valid token's row with its user, or None."""
    row = (
        AccessToken.objects.select_related("user__coordinator")
        .filter(token_hash=_hash(token), revoked_at=None, expires_at__gt=at, user__is_active=True)
        .first()
    )
    if row and (row.last_used_at is None or at - row.last_used_at > timedelta(minutes=1)):
        AccessToken.objects.filter(pk=row.pk).update(last_used_at=at)
    return row


def revoke(row: AccessToken, *, at: datetime) -> None:
    """End a token now; ending it twice changes nothing."""
    AccessToken.objects.filter(pk=row.pk, revoked_at=None).update(revoked_at=at)
