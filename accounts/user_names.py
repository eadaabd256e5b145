"""What a coordinator's user name may be. Every history shows it and no key hides it, so it must not tell who somebody is."""

from __future__ import annotations

import re

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from accounts.refusals import Refused

ONE_WORD = re.compile(r"[\w.-]+")
FEWEST_DIGITS_OF_A_PHONE = 7


class UserNameTells(Refused):
    """The user name is a phone number, an address, several words, or the person's whole name."""

    code = "user_name_tells"
    message = _(
        "This user name would tell everybody who reads a history who it is. Choose one word that is no e-mail address, no "
        "phone number and not the whole name."
    )


def tells(username: str, name: str = "") -> bool:
    """Return whether a user name would tell who somebody is, who may be called `name`."""
    if not ONE_WORD.fullmatch(username) or len(re.findall(r"\d", username)) >= FEWEST_DIGITS_OF_A_PHONE:
        return True
    words = re.findall(r"\w+", name.casefold())
    return len(words) > 1 and all(word in username.casefold() for word in words)


def check(username: str, name: str = "") -> None:
    """Raise UserNameTells for a user name that tells who somebody is."""
    if tells(username, name):
        raise UserNameTells


def validate(username: str) -> None:
    """Do the same for a form or a command. Raises ValidationError."""
    if tells(username):
        raise ValidationError(UserNameTells.message, code=UserNameTells.code)
