"""Signing in: an arrival by case number and secret, a host by a one-time code.

Nothing here tells whether a case, an address or a host exists: the answer to a wrong one is the
same, and takes as long.
"""

from __future__ import annotations

import hmac
import secrets
from datetime import datetime, timedelta

from django.contrib.auth.hashers import check_password, make_password
from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext as _

from accounts import throttles
from accounts.arrivals import plain
from accounts.contacts import find_contact_point, read_contact
from accounts.models import OneTimeCode, User
from accounts.refusals import Refused, WrongCode
from notifications.models import ContactPoint
from notifications.outbox import tell
from privacy.fields import blind_index

CODE_MINUTES = 10
CODE_TRIES = 5
CODE_DIGITS = 6


class WrongSecret(Refused):
    """No case has this number with this secret."""

    code = "wrong_secret"


def sign_in_to_case(case_number: str, secret: str, *, source: str, at: datetime) -> User:
    """Return the arrival's user. `source` is where the try comes from (an address), only counted.

    Raises WrongSecret or TooManyTries (10 tries a case and 30 a source in 15 minutes).
    """
    number = plain(case_number)
    if number:
        throttles.count("case", number, limit=10, seconds=900, at=at)
    throttles.count("case-from", source, limit=30, seconds=900, at=at)
    user = User.objects.filter(username=number, arrival__isnull=False, is_active=True).first()
    if user is None:
        make_password(secret)  # As slow as a right number, so that numbers cannot be told apart by time.
    if user is None or not check_password(plain(secret), user.password):
        raise WrongSecret(_("This case number and secret do not fit together. Check the digits of both."))
    return user


def send_code(contact: str, *, source: str, at: datetime) -> None:
    """Send a one-time code to a host's e-mail address or phone; for an unknown one, do nothing visible.

    Raises Incomplete when it is neither, TooManyTries (5 an address and 20 a source in an hour).
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
            code_hash=_hash(point.user, code),
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


def sign_in_by_code(contact: str, code: str, *, source: str, at: datetime) -> User:
    """Return the host's user when `code` is the latest one sent to `contact`; using it ends it.

    Raises WrongCode (wrong, over ten minutes old, used, or tried five times) or TooManyTries.
    """
    channel, address = read_contact(contact)
    throttles.count("code-try-from", source, limit=60, seconds=3600, at=at)
    point = find_contact_point(channel, address, hosts_only=True)
    latest = OneTimeCode.objects.filter(user=point.user).order_by("-pk").first() if point else None
    if point is None or latest is None:
        raise WrongCode
    valid = OneTimeCode.objects.filter(pk=latest.pk, used_at=None, tries_left__gt=0, expires_at__gt=at)
    # The try is paid for before the digits are compared: parallel guesses cannot share one.
    if not valid.update(tries_left=F("tries_left") - 1):
        raise WrongCode
    if not hmac.compare_digest(latest.code_hash, _hash(point.user, plain(code))):
        raise WrongCode
    if not OneTimeCode.objects.filter(pk=latest.pk, used_at=None).update(used_at=at):
        raise WrongCode
    ContactPoint.objects.filter(pk=point.pk, verified_at=None).update(verified_at=at)
    return point.user


def _hash(user: User, code: str) -> str:
    # Keyed, since six digits are soon guessed from a bare hash in a stolen dump.
    return blind_index(f"code:{user.pk}:{code}")
