"""Devices that signed in before. Each has tries of its own, so that strangers who fail cannot shut it out.

The cookie holds a random number and, as indexes, the accounts that signed in on this device. It is sealed, so nobody can
make one or read in it whose device this is. It opens nothing: it only says from which budget a try is paid. (OWASP
describes it as "device cookies".) Leaving quickly and signing out make the browser forget it.
"""

from __future__ import annotations

import json
import secrets
from datetime import timedelta

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from accounts.throttles import Budget
from privacy.fields import blind_index
from privacy.seals import seal, unseal

DEVICE_COOKIE = "device"
KNOWN_FOR = timedelta(days=365)
MOST_ACCOUNTS = 5
"""Accounts that one device is known for: the phone of a household, or of a volunteer."""
DEVICE_PURPOSE = "a device that signed in"


def device_of(request: HttpRequest) -> str:
    """Return the sealed cookie of a device, or ""."""
    return str(request.COOKIES.get(DEVICE_COOKIE, ""))


def budgets(device: str, account: str, own: Budget, of_strangers: tuple[Budget, ...]) -> tuple[Budget, ...]:
    """Return the budgets that a try at `account` is paid from: `own` of a device that knows it, else those of strangers.

    `own` names the account; the number of the device is added to it.
    """
    number, known = _read(device)
    if number and _index(account) in known:
        return (Budget(f"{own.what}-device", f"{own.whose}:{number}", own.limit, own.seconds),)
    return of_strangers


def remember(request: HttpRequest, response: HttpResponseBase, account: str) -> None:
    """Let this device be known for `account`, which has just signed in on it."""
    number, known = _read(device_of(request))
    accounts = [_index(account), *(each for each in known if each != _index(account))][:MOST_ACCOUNTS]
    response.set_cookie(
        DEVICE_COOKIE,
        seal(json.dumps([number or secrets.token_urlsafe(16), accounts]), purpose=DEVICE_PURPOSE),
        max_age=KNOWN_FOR,
        httponly=True,
        secure=settings.SESSION_COOKIE_SECURE,
        samesite="Lax",
    )


def _read(device: str) -> tuple[str, list[str]]:
    """Return the number of a device and the accounts it is known for; ("", []) for no device of ours."""
    text = unseal(device, purpose=DEVICE_PURPOSE, within=KNOWN_FOR)
    if not text:
        return "", []
    number, accounts = json.loads(text)
    return number, accounts


def _index(account: str) -> str:
    # Half of an index is enough to tell a few accounts apart, and keeps the cookie short.
    return blind_index(f"device:{account}")[:32]
