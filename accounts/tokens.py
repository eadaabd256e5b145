"""Bearer tokens of the API (RFC 6750): shown once, stored as a hash, with a scope and an end.

A token ends with everything it came from: the keys of its user, the session or the token that made it.
"""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, Q, QuerySet

from accounts.coordinators import rights_of
from accounts.models import AccessToken, User

PREFIX = "shk_"


def _hash(token: str) -> str:
    # A fast hash is enough: 256 random bits cannot be guessed.
    return hashlib.sha256(token.encode()).hexdigest()


def issue(
    user: User,
    *,
    name: str,
    scope: str,
    days: int,
    at: datetime,
    parent: AccessToken | None = None,
    sign_in_id: int | None = None,
) -> tuple[AccessToken, str]:
    """Create a token for `user`, valid for `days`; return its row and the token, of which only the hash is stored.

    `user` is as read when their keys were proved. A token made by another one (`parent`) ends with it at the latest;
    one made in a session (`sign_in_id`) ends when the session is revoked.
    """
    token = PREFIX + secrets.token_urlsafe(32)
    ends = at + timedelta(days=days)
    row = AccessToken.objects.create(
        user=user,
        version=user.sign_in_version,
        sign_in_id=parent.sign_in_id if parent else sign_in_id,
        ancestors=[*parent.ancestors, parent.pk] if parent else [],
        name=name,
        scope=scope,
        token_hash=_hash(token),
        created_at=at,
        expires_at=min(ends, parent.expires_at) if parent else ends,
    )
    return row, token


def find(token: str, *, at: datetime) -> AccessToken | None:
    """Return the row of a valid token, with its user, or None; note when the token was last used, to the minute."""
    row = valid(at=at).select_related("user__coordinator").filter(token_hash=_hash(token)).first()
    if row is None or _an_ancestor_has_ended(row):
        return None
    if row.last_used_at is None or at - row.last_used_at > timedelta(minutes=1):
        AccessToken.objects.filter(pk=row.pk).update(last_used_at=at)
    return row


def valid(*, at: datetime) -> QuerySet[AccessToken]:
    """Return the tokens that have not ended at `at`. One made by a token that is being revoked may be among them."""
    return AccessToken.objects.filter(
        Q(sign_in=None) | Q(sign_in__revoked_at=None),
        revoked_at=None,
        expires_at__gt=at,
        user__is_active=True,
        version=F("user__sign_in_version"),
    )


def is_valid(row: AccessToken, *, at: datetime) -> bool:
    """Return whether this token opens anything at `at`, as `valid` does for many."""
    stands = row.sign_in is None or row.sign_in.revoked_at is None
    keys = row.user.is_active and row.version == row.user.sign_in_version
    return stands and keys and row.revoked_at is None and row.expires_at > at


def _an_ancestor_has_ended(row: AccessToken) -> bool:
    # `revoke` ends the tokens that it can see. One that was being made at the same moment is caught here.
    standing = AccessToken.objects.filter(pk__in=row.ancestors, revoked_at=None)
    return bool(row.ancestors) and standing.count() < len(row.ancestors)


def visible_to(user: User) -> QuerySet[AccessToken]:
    """Return the tokens that `user` may list and end: their own, and for a lead coordinator everybody's."""
    rows = AccessToken.objects.select_related("user", "sign_in")
    return rows if rights_of(user).is_lead else rows.filter(user=user)


def revoke(row: AccessToken, *, at: datetime) -> None:
    """End a token now, with every token that it made. A second call changes nothing."""
    with transaction.atomic():
        family = AccessToken.objects.filter(Q(pk=row.pk) | Q(ancestors__contains=[row.pk]))
        family.filter(revoked_at=None).update(revoked_at=at)
