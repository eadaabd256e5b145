"""What the service refuses, in words. Every door turns a `Refused` into its own kind of answer, once."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _


class Refused(Exception):
    """An act that may not happen now. `code` is for machines, the message for the person who tried."""

    code = "refused"
    message = _("This is not possible now.")

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message if message is not None else self.message)

    def __str__(self) -> str:
        return str(self.args[0])


class WrongCode(Refused):
    """The one-time code is wrong, too old, used, or was tried too often."""

    code = "wrong_code"
    message = _("This code is not valid. Check the digits, or ask for a new code.")


class SecondFactorNeeded(Refused):
    """A coordinator came by a door that asks for one factor only."""

    code = "second_factor_needed"
    message = _("You are a coordinator: sign in to the admin with both factors, and make a token from that session.")


class TooManyTries(Refused):
    """Too many attempts within the time allowed; wait `retry_after` seconds."""

    code = "too_many_tries"
    message = _("Too many tries. Wait a few minutes and try again.")

    def __init__(self, retry_after: int) -> None:
        super().__init__()
        self.retry_after = retry_after


class ChecksMissing(Refused):
    """A host cannot be vetted before every required check is on record and valid."""

    code = "checks_missing"
