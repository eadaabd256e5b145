"""The coordinators' second factor: six digits of an app (TOTP, RFC 6238), and ten recovery codes on paper.

A coordinator sets the factor up at the first sign-in. Every code works once: the time step of the last accepted code
is stored under the row's lock. Tries are counted in PostgreSQL (`accounts.throttles`).
"""

from __future__ import annotations

import base64
import hmac
import secrets
from contextlib import AbstractContextManager
from datetime import datetime
from urllib.parse import quote, urlencode

from django.db import transaction
from django.utils.translation import gettext_lazy as _
from django_otp.oath import TOTP

from accounts import throttles
from accounts.arrivals import plain
from accounts.coordinators import CoordinatorChange, note
from accounts.models import Authenticator, RecoveryCode, User
from accounts.refusals import Refused
from accounts.throttles import TRIES_OF_ONE, TRIES_SECONDS, Budget
from privacy.fields import blind_indexes

STEP_SECONDS = 30
DIGITS = 6
TOLERANCE = 1
"""Time steps by which a phone's clock may be early or late (RFC 6238, section 5.2)."""
RECOVERY_CODES = 10
RECOVERY_SIGNS = "abcdefghjkmnpqrstuvwxyz23456789"
RECOVERY_LENGTH = 10
ISSUER = "Shanyrak"
KNOWN_TO_EVERYBODY = "SHANYRAKSHANYRAKSHANYRAKSHANYRAK"
"""The TOTP secret of every person of the demo. It is public, so the console channel may print its digits."""


class WrongSecondFactor(Refused):
    """The code is neither the app's present digits, not used yet, nor an unused recovery code."""

    code = "wrong_second_factor"
    message = _("This code is not valid. Wait for the next six digits in the app, or take an unused recovery code.")


# -- setting up -----------------------------------------------------------------------------------


def authenticator_of(user: User) -> Authenticator | None:
    """Return the second factor in use, or None."""
    return Authenticator.objects.filter(user=user, confirmed=True).first()


def begin(user: User, *, at: datetime) -> Authenticator:
    """Return the authenticator that `user` is setting up. Every call returns the same one until it is confirmed."""
    with transaction.atomic():
        User.objects.select_for_update().get(pk=user.pk)  # Two tabs must show one secret.
        waiting = Authenticator.objects.filter(user=user, confirmed=False).first()
        if waiting is not None:
            return waiting
        secret = base64.b32encode(secrets.token_bytes(20)).decode()
        return Authenticator.objects.create(user=user, name="app", confirmed=False, secret=secret, created_at=at)


def confirm(user: User, code: str, *, at: datetime) -> tuple[Authenticator, list[str]]:
    """Put the new authenticator of `user` into use in place of an earlier one; return it and its recovery codes.

    Raises WrongSecondFactor, TooManyTries.
    """
    with _trying(user, at), transaction.atomic():
        waiting = Authenticator.objects.select_for_update().filter(user=user, confirmed=False).first()
        if waiting is None or not _takes(waiting, code, at):
            raise WrongSecondFactor
        Authenticator.objects.filter(user=user, confirmed=True).delete()
        waiting.confirmed = True
        waiting.save(update_fields=["confirmed", "last_step"])
        codes = _write_recovery_codes(waiting)
        note(user, CoordinatorChange.SECOND_FACTOR_SET_UP, by=user, at=at)
    return waiting, codes


def make_recovery_codes(user: User, *, at: datetime) -> list[str]:
    """Return ten new recovery codes, to show once. The earlier codes stop working.

    Raises Authenticator.DoesNotExist if `user` has no second factor in use.
    """
    with transaction.atomic():
        authenticator = Authenticator.objects.select_for_update().get(user=user, confirmed=True)
        authenticator.recovery_codes.all().delete()
        note(user, CoordinatorChange.RECOVERY_CODES_MADE, by=user, at=at)
        return _write_recovery_codes(authenticator)


def unused_recovery_codes(user: User) -> int:
    """Return the number of recovery codes left to `user`."""
    return RecoveryCode.objects.filter(authenticator__user=user, authenticator__confirmed=True, used_at=None).count()


def address_for_app(authenticator: Authenticator) -> str:
    """Return the `otpauth:` address that an app reads from the QR code (Google Authenticator's Key Uri Format)."""
    label = quote(f"{ISSUER}:{authenticator.user.username}")
    return f"otpauth://totp/{label}?" + urlencode({"secret": authenticator.secret, "issuer": ISSUER})


# -- proving --------------------------------------------------------------------------------------


def prove(user: User, code: str, *, at: datetime) -> Authenticator:
    """Return the user's second factor if `code` is its present six digits or an unused recovery code.

    The code is used up. Raises WrongSecondFactor, TooManyTries (10 failures in 15 minutes).
    """
    with _trying(user, at), transaction.atomic():
        authenticator = Authenticator.objects.select_for_update().filter(user=user, confirmed=True).first()
        if authenticator is None:
            raise WrongSecondFactor
        if _takes(authenticator, code, at):
            authenticator.save(update_fields=["last_step"])
            return authenticator
        unused = authenticator.recovery_codes.filter(used_at=None, code_hash__in=_hashes(user, code))
        if not unused.update(used_at=at):
            raise WrongSecondFactor
        note(user, CoordinatorChange.RECOVERY_CODE_USED, by=user, at=at)
        return authenticator


def set_up_demo(user: User, *, at: datetime) -> Authenticator:
    """Give a person of the demo the second factor with the public secret."""
    return Authenticator.objects.create(user=user, name="demo", secret=KNOWN_TO_EVERYBODY, created_at=at)


def digits_now(secret: str, *, at: datetime) -> str:
    """Return the six digits that an app with this secret (Base32) shows at the moment `at`."""
    return f"{_clock(secret, at).token():0{DIGITS}}"


def _clock(secret: str, at: datetime) -> TOTP:
    clock = TOTP(base64.b32decode(secret), step=STEP_SECONDS, digits=DIGITS)
    clock.time = at.timestamp()
    return clock


def _takes(authenticator: Authenticator, code: str, at: datetime) -> bool:
    """Return whether `code` has the present digits, not accepted before; if so, set `last_step` without saving it."""
    digits = plain(code)
    clock = _clock(authenticator.secret, at)
    now = clock.t()
    for step in range(now - TOLERANCE, now + TOLERANCE + 1):
        clock.drift = step - now
        fits = hmac.compare_digest(f"{clock.token():0{DIGITS}}", digits)
        if fits and step > authenticator.last_step:
            authenticator.last_step = step
            return True
    return False


def _trying(user: User, at: datetime) -> AbstractContextManager[None]:
    # Pay before the digits are compared, outside the transaction: a wrong code rolls that back. Only somebody who knows
    # the password comes here, so a stranger cannot use these tries up.
    return throttles.trying(Budget("second-factor", str(user.pk), TRIES_OF_ONE, TRIES_SECONDS), at=at)


def _write_recovery_codes(authenticator: Authenticator) -> list[str]:
    codes = ["".join(secrets.choice(RECOVERY_SIGNS) for _ in range(RECOVERY_LENGTH)) for _ in range(RECOVERY_CODES)]
    RecoveryCode.objects.bulk_create(
        [RecoveryCode(authenticator=authenticator, code_hash=_hashes(authenticator.user, code)[0]) for code in codes]
    )
    return [f"{code[:5]}-{code[5:]}" for code in codes]


def _hashes(user: User, code: str) -> list[str]:
    # The hash is keyed and bound to the user. A code has 49 random bits and ten tries in 15 minutes: a slow hash adds
    # nothing.
    return blind_indexes(f"recovery:{user.pk}:{''.join(sign for sign in code.lower() if sign.isalnum())}")
