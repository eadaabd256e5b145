"""The contacts by which coordinators are told and paged: added by the coordinator, proved by a code that was sent there."""

from __future__ import annotations

import hmac
import secrets
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext_lazy as _

from accounts import throttles
from accounts.contacts import add_contact_point, indexes_of, read_contact
from accounts.models import User
from accounts.refusals import Refused, WrongCode
from accounts.signing_in import CODE_DIGITS
from accounts.throttles import CODE_SECONDS
from notifications.models import ContactCheck, ContactPoint, Delivery
from notifications.outbox import tell, transport_for
from privacy.fields import blind_index, blind_indexes

GONE = ""
"""The hash of a check that no code can answer: it marks a contact point that was taken away."""

PROVING_TRIES = 5
"""Tries for one code that was sent to a contact. Another code can be asked for."""


class ContactThere(Refused):
    """The coordinator has this contact already, and it is proved."""

    code = "contact_there"
    message = _("You have this contact already.")


class NoWayToReach(Refused):
    """No channel of this deployment serves this kind of address."""

    code = "no_way_to_reach"
    message = _("This service cannot send to such an address. Add one of another kind.")


def contacts_of(user: User) -> list[ContactPoint]:
    """Return the contact points of a coordinator, those that are proved first."""
    points = ContactPoint.objects.filter(user=user).exclude(check_pending__code_hash=GONE).order_by("pk")
    return sorted(points, key=lambda point: point.verified_at is None)


def add(user: User, contact: str, *, at: datetime) -> ContactPoint:
    """Add a contact, or ask anew to prove it, and send a code there. Nothing else is sent before the code came back.

    Raises UnreadableContact, ContactThere, NoWayToReach, or TooManyTries (5 codes in an hour).
    """
    channel, address = read_contact(contact)
    if not transport_for(ContactPoint(channel=channel)):
        raise NoWayToReach
    throttles.count("contact-code", str(user.pk), limit=5, seconds=3600, at=at)
    code = "".join(secrets.choice("0123456789") for _digit in range(CODE_DIGITS))
    with transaction.atomic():
        point = add_contact_point(user, channel, address)
        if point.verified_at is not None:
            raise ContactThere
        ContactCheck.objects.update_or_create(
            contact_point=point,
            defaults={"code_hash": blind_index(_keyed(point, code)), "tries_left": PROVING_TRIES, "sent_at": at},
        )
        tell(
            user,
            "contact_code",
            at=at,
            key=f"contact_code:{point.pk}:{secrets.token_hex(8)}",
            contact_point=point,
            secret=code,
            expires_at=at + timedelta(seconds=CODE_SECONDS),
        )
    return point


def prove(user: User, point_id: int, code: str, *, at: datetime) -> ContactPoint:
    """Note that the code which was sent to a contact point came back. Raises WrongCode (also for an old or used one)."""
    valid = ContactCheck.objects.filter(
        contact_point=point_id,
        contact_point__user=user,
        tries_left__gt=0,
        sent_at__gt=at - timedelta(seconds=CODE_SECONDS),
    )
    check = valid.select_related("contact_point").first()
    # Take the try before the digits are compared, so that parallel guesses cannot share one.
    if check is None or not valid.update(tries_left=F("tries_left") - 1):
        raise WrongCode
    digits = "".join(sign for sign in code if sign.isdigit())
    hashes = blind_indexes(_keyed(check.contact_point, digits))
    if not any(hmac.compare_digest(check.code_hash, each) for each in hashes):
        raise WrongCode
    with transaction.atomic():
        ContactPoint.objects.filter(pk=point_id).update(verified_at=at)
        check.delete()
    return ContactPoint.objects.get(pk=point_id)


def remove(user: User, point_id: int, *, at: datetime) -> None:
    """Take a contact away: its address is erased, and what waited for it is not sent. The record of deliveries stays."""
    with transaction.atomic():
        point = ContactPoint.objects.select_for_update().filter(pk=point_id, user=user).first()
        if point is None:
            return
        waiting = [Delivery.Status.WAITING, Delivery.Status.SENDING]
        Delivery.objects.filter(contact_point=point, status__in=waiting).update(
            status=Delivery.Status.FAILED, leased_until=None, error_class=Delivery.ErrorClass.EXPIRED
        )
        if not point.deliveries.exists():
            point.delete()
            return
        # Not an address, and no two alike: the index stays unique, also under a new key.
        point.address = f"gone-{point.pk}"
        point.address_index = indexes_of(point.channel, point.address)[0]
        point.verified_at, point.preferred = None, False
        point.save()
        # While a check is pending nothing is sent. This one has no tries, so it stays for ever.
        ContactCheck.objects.update_or_create(
            contact_point=point, defaults={"code_hash": GONE, "tries_left": 0, "sent_at": at}
        )


def _keyed(point: ContactPoint, code: str) -> str:
    # Stored as a keyed hash: six digits are soon guessed from a plain hash in a stolen dump.
    return f"contact-code:{point.pk}:{code}"
