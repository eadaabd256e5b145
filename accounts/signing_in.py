"""Signing in: an arrival by case number and secret, a host by a one-time code.

No answer here reveals whether a case, an address or a host exists. An unknown case number gets the same answer as a
wrong secret, after the same time; an unknown contact gets the same answer as a known one.
"""

from __future__ import annotations

import hmac
import secrets
from datetime import datetime, timedelta

from django.contrib.auth.hashers import check_password, make_password
from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext_lazy as _

from accounts import throttles
from accounts.arrivals import plain
from accounts.contacts import find_contact_point, read_contact
from accounts.models import OneTimeCode, User
from accounts.refusals import Refused, WrongCode
from accounts.throttles import TRIES_FROM_ONE_SOURCE, TRIES_OF_ONE, TRIES_SECONDS
from notifications.models import ContactPoint
from notifications.outbox import tell
from privacy.fields import blind_index, blind_indexes

CODE_MINUTES = 10
CODE_TRIES = 5
CODE_DIGITS = 6


class WrongSecret(Refused):
    """No case has this number with this secret."""

    code = "wrong_secret"
    message = _("This case number and secret do not fit together. Check the digits of both.")


def sign_in_to_case(case_number: str, secret: str, *, source: str, at: datetime) -> User:
    """Return the arrival's user. `source` is the network address of the caller, used for counting only.

    Raises WrongSecret, or TooManyTries (10 tries for a case and 30 from a source in 15 minutes).
    """
    number = plain(case_number)
    if number:
        throttles.count("case", number, limit=TRIES_OF_ONE, seconds=TRIES_SECONDS, at=at)
    throttles.count("case-from", source, limit=TRIES_FROM_ONE_SOURCE, seconds=TRIES_SECONDS, at=at)
    user = User.objects.filter(username=number, arrival__isnull=False, is_active=True).first()
    if user is None:
        make_password(secret)  # As slow as `check_password`, so that time does not reveal whether a case exists.
    if user is None or not check_password(plain(secret), user.password):
        raise WrongSecret
    return user


def send_code(contact: str, *, source: str, at: datetime) -> None:
    """Send a one-time code to a host's e-mail address or phone; do nothing for an unknown contact.

    Raises UnreadableContact, or TooManyTries (5 codes for an address and 20 from a source in an hour).
    """
    channel, address = read_contact(contact)
    throttles.count("code", address, limit=5, seconds=3600, at=at)
    throttles.count("code-from", source, limit=20, seconds=3600, at=at)
    point = find_contact_point(channel, address, hosts_only=True)
    if point is None:
        return
    code = "".join(secrets.choice("0123456789") for _ in range(CODE_DIGITS))
    with transaction.atomic():
        row = OneTimeCode.objects.create(
            user=point.user,
            code_hash=_hashes(point.user, code)[0],
            tries_left=CODE_TRIES,
            expires_at=at + timedelta(minutes=CODE_MINUTES),
        )
        tell(
            point.user,
            "sign_in_code",
            at=at,
            key=f"sign_in_code:{row.pk}",
            contact_point=point,
            secret=code,
            expires_at=row.expires_at,
        )


def sign_in_by_code(contact: str, code: str, *, source: str, at: datetime, browser: str = "") -> User:
    """Return the host's user if `code` is the latest code sent to `contact`, and use the code up.

    `browser` is a secret of one browser (its session's key), stored as an index. The same browser may repeat the code
    until it is ten minutes old, since the answer to the first try may be lost on the line.

    Raises UnreadableContact, WrongCode (wrong, over ten minutes old, used, or tried five times), or TooManyTries (60
    from a source in an hour).
    """
    channel, address = read_contact(contact)
    throttles.count("code-try-from", source, limit=60, seconds=3600, at=at)
    point = find_contact_point(channel, address, hosts_only=True)
    latest = OneTimeCode.objects.filter(user=point.user).order_by("-pk").first() if point else None
    if point is None or latest is None:
        raise WrongCode
    valid = OneTimeCode.objects.filter(pk=latest.pk, used_at=None, tries_left__gt=0, expires_at__gt=at)
    # Take the try before the digits are compared, so that parallel guesses cannot share one.
    paid = valid.update(tries_left=F("tries_left") - 1)
    if not any(hmac.compare_digest(latest.code_hash, each) for each in _hashes(point.user, plain(code))):
        raise WrongCode
    used_from = blind_index(f"code-used-from:{browser}") if browser else ""
    unused = OneTimeCode.objects.filter(pk=latest.pk, used_at=None)
    if paid and unused.update(used_at=at, used_from=used_from):
        ContactPoint.objects.filter(pk=point.pk, verified_at=None).update(verified_at=at)
    elif not (used_from and OneTimeCode.objects.filter(pk=latest.pk, used_from=used_from, expires_at__gt=at).exists()):
        raise WrongCode
    return point.user


def _hashes(user: User, code: str) -> list[str]:
    # The hash is keyed: six digits are soon guessed from a plain hash in a stolen dump.
    return blind_indexes(f"code:{user.pk}:{code}")
