"""The refusals of the service. Each door (pages, admin, API) turns a `Refused` into its own kind of answer."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _


class Refused(Exception):
    """An act is not possible now. `code` is for programs, the message for the person who tried."""

    code = "refused"
    message = _("This is not possible now.")

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message if message is not None else self.message)

    def __str__(self) -> str:
        return str(self.args[0])


class WrongCode(Refused):
    """The one-time code is wrong, expired, used already, or was tried too often."""

    code = "wrong_code"
    message = _("This code is not valid. Check the digits, or ask for a new code.")


class SecondFactorNeeded(Refused):
    """A coordinator tried to sign in at a door that asks for one factor only."""

    code = "second_factor_needed"
    message = _("You are a coordinator: sign in to the admin with both factors, and make a token from that session.")


class TooManyTries(Refused):
    """Too many tries in the time window. The next try may come after `retry_after` seconds."""

    code = "too_many_tries"
    message = _("Too many tries. Wait a few minutes and try again.")

    def __init__(self, retry_after: int) -> None:
        super().__init__()
        self.retry_after = retry_after


class ChecksMissing(Refused):
    """A required check of the host is missing or no longer valid, so the host cannot be vetted."""

    code = "checks_missing"
