"""Opening a case. An arrival may stay anonymous: a case number and a secret are enough to sign in."""

from __future__ import annotations

import secrets

from django.db import IntegrityError, transaction

from accounts.case_secrets import hash_of
from accounts.models import Arrival, User

CASE_DIGITS = 8
SECRET_DIGITS = 12


def _digits(count: int) -> str:
    """Return `count` random digits: digits can be read aloud on a bad line in every language."""
    return "".join(secrets.choice("0123456789") for _ in range(count))


def grouped(digits: str) -> str:
    """Return `digits` in groups of four, for showing and reading aloud: `4821 7730`."""
    return " ".join(digits[start : start + 4] for start in range(0, len(digits), 4))


def plain(text: str) -> str:
    """Return the digits of `text` as ASCII, without the spaces and dashes that people type between them."""
    return "".join(str(int(sign)) for sign in text if sign.isdecimal())


def open_case(*, language: str, name: str = "") -> tuple[Arrival, str]:
    """Create an arrival with a new case number; return the arrival and the secret, which is stored only as a hash."""
    secret = _digits(SECRET_DIGITS)
    return _new_arrival(secret, language, name), secret


def open_case_for(*, language: str, name: str = "") -> Arrival:
    """Create an arrival on behalf of a person. Nobody can sign in to it until `renew_secret` has made a secret."""
    return _new_arrival(None, language, name)


def _new_arrival(secret: str | None, language: str, name: str) -> Arrival:
    while True:
        try:
            with transaction.atomic():
                user = User.objects.create(
                    username=_digits(CASE_DIGITS), password=hash_of(secret), language=language, name=name
                )
        except IntegrityError:
            continue  # The number is taken, a chance of one in 10**8 for each open case: draw another.
        return Arrival.objects.create(user=user)


def renew_secret(arrival: Arrival) -> str:
    """Give the arrival a new secret and return it. The old secret stops working."""
    secret = _digits(SECRET_DIGITS)
    arrival.user.password = hash_of(secret)
    arrival.user.save(update_fields=["password"])
    return secret
