"""Signing in: an arrival by case number and secret, a host by a one-time code.

No answer here reveals whether a case, an address or a host exists, and neither does the work behind it: the same queries,
rows, hashes and wake-ups for all (docs/decisions/0055-equal-work.md). Only the worker looks who a code is for.
"""

from __future__ import annotations

import hmac
import secrets
from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts import case_secrets, devices, throttles
from accounts.arrivals import plain
from accounts.contacts import find_contact_point, find_ids, read_contact
from accounts.models import CodeRequest, OneTimeCode, User
from accounts.refusals import Refused, WrongCode
from accounts.throttles import CODE_SECONDS, CODES, TRIES_OF_ONE, TRIES_SECONDS, Budget
from notifications.models import ContactPoint
from notifications.outbox import tell
from notifications.wakeups import wake
from privacy.fields import blind_index, blind_indexes

CODE_DIGITS = 6
SECRET_TRIES = 100
"""Failures at one case from one source in TRIES_SECONDS: more than a stranger types, far less than guessing takes."""
SECRET_TRIES_OF_ALL = 1_000
"""Failures at one case from all sources together in TRIES_SECONDS."""
SECRET_TRIES_FROM = 300
"""Failures at all cases from one source in TRIES_SECONDS: a hall of 500 people mistypes less often."""
CODE_TRIES = 10
"""Wrong codes for one contact from one source, or on one device that signed in before, in an hour."""
CODE_TRIES_OF_ALL = 20
"""Wrong codes for one contact from all sources together in an hour, over all codes that are valid."""
CODE_TRIES_FROM = 60
"""Wrong codes for all contacts from one source in an hour."""
CODES_FROM = 100
"""Codes that one source may ask for in an hour."""
HOUR = 3600


class WrongSecret(Refused):
    """No case has this number with this secret."""

    code = "wrong_secret"
    message = _("This case number and secret do not fit together. Check the digits of both.")


def case_account(case_number: str) -> str:
    """Return the name by which a device knows a case."""
    return f"case:{plain(case_number)}"


def host_account(contact: str) -> str:
    """Return the name by which a device knows a host's contact. Raises UnreadableContact."""
    return "host:{}:{}".format(*read_contact(contact))


def sign_in_to_case(case_number: str, secret: str, *, source: str, at: datetime, device: str = "") -> User:
    """Return the arrival's user.

    `source` (`accounts.sources`) and `device` (`accounts.devices`) are used for counting failures only. Raises
    WrongSecret, or TooManyTries.
    """
    number = plain(case_number)
    budgets = devices.budgets(
        device,
        case_account(number),
        Budget("case", number, TRIES_OF_ONE, TRIES_SECONDS),
        (
            Budget("case-from", source, SECRET_TRIES_FROM, TRIES_SECONDS),
            Budget("case-here", f"{number} {source}", SECRET_TRIES, TRIES_SECONDS),
            Budget("case", number, SECRET_TRIES_OF_ALL, TRIES_SECONDS),
        ),
    )
    with throttles.trying(*budgets, at=at):
        return _user_of_case(number, secret)


def _user_of_case(number: str, secret: str) -> User:
    user = User.objects.filter(username=number, arrival__isnull=False, is_active=True).first()
    if not case_secrets.fits(user, plain(secret)) or user is None:
        raise WrongSecret
    case_secrets.bring_up_to_date(user, plain(secret))
    return user


def send_code(contact: str, *, source: str, at: datetime, device: str = "") -> None:
    """Ask the worker to send a one-time code to this e-mail address or phone, if it is a host's.

    Codes sent before stay valid. Raises UnreadableContact, or TooManyTries: then a code that was sent in the last ten
    minutes is still valid, so nobody who asks again and again can shut the host out.
    """
    channel, address = read_contact(contact)
    own = Budget("code", address, CODES, CODE_SECONDS)
    budgets = devices.budgets(device, host_account(contact), own, (Budget("code-from", source, CODES_FROM, HOUR), own))
    throttles.pay(*budgets, at=at)
    with transaction.atomic():
        CodeRequest.objects.create(channel=channel, address=address, asked_at=at)
        wake("accounts.answer_code_requests")


def answer_code_requests(*, at: datetime) -> int:
    """Make and tell the code of each request from a host's contact; return how many. Requests of others only go.

    The worker calls it. A request older than a code lives gets none: the person has asked again, or has left.
    """
    told = 0
    while (request := _answered(at)) is not None:
        told += request
    return told


def _answered(at: datetime) -> bool | None:
    """Answer the oldest request that nobody else is answering: return whether a code was told, None without a request."""
    with transaction.atomic():
        request = CodeRequest.objects.select_for_update(skip_locked=True).order_by("pk").first()
        if request is None:
            return None
        point = find_contact_point(request.channel, request.address, hosts_only=True)
        expires_at = request.asked_at + timedelta(seconds=CODE_SECONDS)
        request.delete()
        if point is None or expires_at <= at:
            return False
        code = "".join(secrets.choice("0123456789") for _ in range(CODE_DIGITS))
        row = OneTimeCode.objects.create(
            user=point.user,
            contact_point=point,
            code_hash=_hashes(point.user_id, code)[0],
            expires_at=expires_at,
        )
        tell(
            point.user,
            "sign_in_code",
            at=at,
            key=f"sign_in_code:{row.pk}",
            contact_point=point,
            secret=code,
            expires_at=expires_at,
        )
        return True


def sign_in_by_code(contact: str, code: str, *, source: str, at: datetime, browser: str = "", device: str = "") -> User:
    """Return the host's user if `code` is one of the valid codes sent to `contact`, and use the code up.

    `browser` is a secret of one browser (its session's key), stored as an index. The same browser may repeat the code
    until it is ten minutes old, since the answer to the first try may be lost on the line.

    Raises UnreadableContact, WrongCode (wrong, over ten minutes old, or used), or TooManyTries.
    """
    channel, address = read_contact(contact)
    budgets = devices.budgets(
        device,
        host_account(contact),
        Budget("code-try", address, CODE_TRIES, HOUR),
        (
            Budget("code-try-from", source, CODE_TRIES_FROM, HOUR),
            Budget("code-try-here", f"{address} {source}", CODE_TRIES, HOUR),
            Budget("code-try", address, CODE_TRIES_OF_ALL, HOUR),
        ),
    )
    with throttles.trying(*budgets, at=at):
        user_id, point_id = find_ids(channel, address, hosts_only=True)
        if not _uses_code(user_id, point_id, plain(code), browser=browser, at=at):
            raise WrongCode
        return User.objects.get(pk=user_id)


def _uses_code(user_id: int, point_id: int, code: str, *, browser: str, at: datetime) -> bool:
    """Return whether `code` is valid for this contact point, and use it up. For the id 0 the work of a wrong code is done."""
    sent = OneTimeCode.objects.filter(user=user_id, contact_point=point_id, expires_at__gt=at)
    wanted = _hashes(user_id, code)
    fits = [pk for pk, kept in sent.values_list("pk", "code_hash") if _fits(kept, wanted)]
    if not fits:
        return False
    used_from = blind_index(f"code-used-from:{browser}") if browser else ""
    # The oldest code that fits is used up by one call only, however many come at once.
    unused = sent.filter(pk__in=fits[:1], used_at=None)
    if unused.update(used_at=at, used_from=used_from):
        ContactPoint.objects.filter(pk=point_id, verified_at=None).update(verified_at=at)
        return True
    return bool(used_from) and sent.filter(pk__in=fits, used_from=used_from).exists()


def _hashes(user_id: int, code: str) -> list[str]:
    # The hash is keyed: six digits are soon guessed from a plain hash in a stolen dump.
    return blind_indexes(f"code:{user_id}:{code}")


def _fits(kept: str, wanted: list[str]) -> bool:
    return any(hmac.compare_digest(kept, each) for each in wanted)
