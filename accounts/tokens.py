"""Bearer tokens of the API (RFC 6750): shown once, stored as a hash, with a scope and an end."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta

from accounts.models import AccessToken, User

PREFIX = "shk_"


def _hash(token: str) -> str:
    # A fast hash is enough: 256 random bits cannot be guessed.
    return hashlib.sha256(token.encode()).hexdigest()


def issue(user: User, *, name: str, scope: str, days: int, at: datetime) -> tuple[AccessToken, str]:
    """Create a token for `user`, valid for `days`; return its row and the token, of which only the hash is stored."""
    token = PREFIX + secrets.token_urlsafe(32)
    row = AccessToken.objects.create(
        user=user, name=name, scope=scope, token_hash=_hash(token), created_at=at, expires_at=at + timedelta(days=days)
    )
    return row, token


def find(token: str, *, at: datetime) -> AccessToken | None:
    """Return the row of a valid token, with its user, or None; note when the token was last used, to the minute."""
    row = (
        AccessToken.objects.select_related("user__coordinator")
        .filter(token_hash=_hash(token), revoked_at=None, expires_at__gt=at, user__is_active=True)
        .first()
    )
    if row and (row.last_used_at is None or at - row.last_used_at > timedelta(minutes=1)):
        AccessToken.objects.filter(pk=row.pk).update(last_used_at=at)
    return row


def revoke(row: AccessToken, *, at: datetime) -> None:
    """End a token now. A second call changes nothing."""
    AccessToken.objects.filter(pk=row.pk, revoked_at=None).update(revoked_at=at)
