"""Case secrets, kept as a keyed hash: HMAC-SHA256 (RFC 2104) under a key that is derived from a master key.

A secret has twelve random digits, few enough to try them all against any hash in a stolen dump, however slow. Under a key
that the dump does not hold there is nothing to try. The hash names its key, so that a new master key works beside the old
one. Versions before December 2026 kept secrets as Argon2id; those hashes are checked until their people next sign in.
"""

from __future__ import annotations

import functools
import hashlib
import hmac
from collections import Counter
from typing import Any

from django.contrib.auth.hashers import BasePasswordHasher, get_hasher, is_password_usable, make_password
from django.db import connection
from django.utils.crypto import get_random_string

from accounts.models import CASE_SECRET, User
from privacy import keys
from privacy.rotation import holds_keys

ALGORITHM = CASE_SECRET.rstrip("$")
HASH_PURPOSE = "case secret"
SALT_SIGNS = 22
SLOW = "argon2"


class CaseSecretHasher(BasePasswordHasher):
    """Hashes of case secrets, in the form of Django's password hashes: `ALGORITHM$KEYID$SALT$DIGEST`."""

    algorithm = ALGORITHM

    def salt(self) -> str:
        return get_random_string(SALT_SIGNS)

    def encode(self, password: str, salt: str) -> str:
        newest = keys.master_keys()[0]
        return f"{ALGORITHM}${keys.id_of(newest)}${salt}${_digest(newest, salt, password)}"

    def decode(self, encoded: str) -> dict[str, Any]:
        algorithm, key_id, salt, digest = encoded.split("$")
        return {"algorithm": algorithm, "key_id": key_id, "salt": salt, "hash": digest}

    def verify(self, password: str, encoded: str) -> bool:
        """Return whether the secret fits. A hash under a key that is not given any more fits nothing."""
        kept = self.decode(encoded)
        given = {keys.id_of(key): key for key in keys.master_keys()}
        key = given.get(kept["key_id"])
        made = _digest(key or keys.master_keys()[0], kept["salt"], password)
        return hmac.compare_digest(made, kept["hash"]) and key is not None

    def must_update(self, encoded: str) -> bool:
        return bool(self.decode(encoded)["key_id"] != keys.newest_id())

    def safe_summary(self, encoded: str) -> dict[Any, Any]:
        kept = self.decode(encoded)
        return {"algorithm": kept["algorithm"], "key": kept["key_id"]}

    def harden_runtime(self, password: str, encoded: str) -> None:
        """Do nothing: under whichever key, the work is the same."""


def _digest(master_key: str, salt: str, secret: str) -> str:
    return hmac.new(keys.derived(master_key, HASH_PURPOSE), f"{salt}${secret}".encode(), hashlib.sha256).hexdigest()


def hash_of(secret: str | None) -> str:
    """Return the hash under which a case secret is stored; with None, one that nobody's secret fits."""
    return make_password(secret, hasher=ALGORITHM)


def fits(user: User | None, secret: str) -> bool:
    """Return whether this is the case secret of `user`, after the same work for every user and for None.

    While the database has slow hashes, each call computes a slow one too: else time would tell their cases apart.
    """
    kept = user.password if user is not None and is_password_usable(user.password) else ""
    keyed = kept if kept.startswith(CASE_SECRET) else ""
    by_key = get_hasher(ALGORITHM).verify(secret, keyed or _hash_of_nobody(ALGORITHM, keys.newest_id()))
    found = bool(keyed) and by_key
    if User.objects.filter(arrival__isnull=False, password__startswith=SLOW).exists():
        slow = kept if kept.startswith(SLOW) else ""
        fits_slow = get_hasher(SLOW).verify(secret, slow or _hash_of_nobody("default"))
        found = found or (bool(slow) and fits_slow)
    return found


def bring_up_to_date(user: User, secret: str) -> None:
    """Store the secret with which `user` has just signed in under the newest key. It is the same: nothing ends."""
    if not user.is_staff and not user.password.startswith(f"{CASE_SECRET}{keys.newest_id()}$"):
        anew = hash_of(secret)
        User.objects.keep_secret_as(user, anew)
        user.password = anew


@functools.cache
def _hash_of_nobody(hasher: str, _key_id: str = "") -> str:
    """Return a hash to compare with where there is none: of no secret, since secrets have digits only."""
    return make_password("nobody", hasher=hasher)


@holds_keys("case secrets")
def _secrets_by_key() -> Counter[str]:
    """Return the number of case secrets by the id of the master key that checks them."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT split_part(password, '$', 2), count(*) FROM accounts_user"
            " WHERE starts_with(password, %s) GROUP BY 1",
            [CASE_SECRET],
        )
        return Counter({key_id: int(number) for key_id, number in cursor.fetchall()})
