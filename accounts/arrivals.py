"""Opening a case: an arrival who may stay anonymous, known by a case number and a secret."""

from __future__ import annotations

import secrets

from django.db import IntegrityError, transaction

from accounts.models import Arrival, User

CASE_DIGITS = 8
SECRET_DIGITS = 12


def _digits(count: int) -> str:
    """Digits can be read aloud on a bad line in every language."""
    return "".join(secrets.choice("0123456789") for _ in range(count))


def grouped(digits: str) -> str:
    """Return digits in groups of four, as they are shown and read aloud: `4821 7730`."""
    return " ".join(digits[start : start + 4] for start in range(0, len(digits), 4))


def plain(text: str) -> str:
    """Return only the digits of what a person typed: spaces, dashes and full-width digits do not matter."""
    return "".join(str(int(sign)) for sign in text if sign.isdecimal())


def open_case(*, language: str, name: str = "") -> tuple[Arrival, str]:
    """Make an arrival with a fresh case number; return it and its secret, which is not kept."""
    secret = _digits(SECRET_DIGITS)
    return _new_arrival(secret, language, name), secret


def open_case_for(*, language: str, name: str = "") -> Arrival:
    """Make an arrival somebody else writes down: nobody can sign in until `renew_secret` has given them a secret."""
    return _new_arrival(None, language, name)


def _new_arrival(secret: str | None, language: str, name: str) -> Arrival:
    while True:
        try:
            with transaction.atomic():
                user = User.objects.create_user(_digits(CASE_DIGITS), secret, language=language, name=name)
        except IntegrityError:
            continue  # One chance in 10**8 a case: take another number.
        return Arrival.objects.create(user=user)


def renew_secret(arrival: Arrival) -> str:
    """Give the arrival a new secret (the old one stops working) and return it."""
    secret = _digits(SECRET_DIGITS)
    arrival.user.set_password(secret)
    arrival.user.save(update_fields=["password"])
    return secret
