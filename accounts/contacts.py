"""Contact points: reading a phone number or an e-mail address as people type it, and finding the person it reaches."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection
from datetime import datetime
from typing import Any

import phonenumbers
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import gettext_lazy as _

from accounts.models import Host, User
from accounts.refusals import Refused
from notifications.models import ContactPoint, indexed
from places.names import HOME_REGION
from privacy.fields import blind_indexes

_AROUND = re.compile(r"^[\s<(]*(?:(?:tel|mailto):)?\s*(?=[\w+(])|[\s>.,;)]+$", re.IGNORECASE)
_DIALLED_PLUS = re.compile(r"^\s*00\s*(?=[1-9])")


class UnreadableContact(Refused):
    """The text is neither an e-mail address nor a phone number."""

    code = "unreadable_contact"
    message = _("This is not a phone number or e-mail address. Write it like +7 700 123 45 67.")
    sentences = {"email": _("This is not an e-mail address. Write it like name@example.org.")}


class ContactTaken(Refused):
    """This contact already belongs to another host. No row keeps which contact it is."""

    code = "contact_taken"
    message = _("Another host is reached by this phone, e-mail or Telegram name already. Look among the duplicates.")
    sentences = {"named": _("This contact already belongs to another host: %(contact)s.")}

    @property
    def value(self) -> dict[str, Any]:
        return {"code": self.code}


def read_contact(text: str) -> tuple[str, str]:
    """Return (channel, address): ("email", lower-case address) or ("sms", number in ITU-T E.164).

    Accepts what people write and paste: full-width digits, spaces anywhere, "tel:" or "mailto:" in front, a full stop
    at the end, 00 for +. Raises UnreadableContact.
    """
    text = _AROUND.sub("", unicodedata.normalize("NFKC", text).replace("\u200b", ""))
    if "@" in text:
        text = "".join(text.split())
        try:
            validate_email(text)
        except ValidationError:
            raise UnreadableContact("email") from None
        return "email", text.lower()
    try:
        number = phonenumbers.parse(_DIALLED_PLUS.sub("+", text), HOME_REGION)
    except phonenumbers.NumberParseException:
        number = None
    if number is None or not _is_whole(number):
        raise UnreadableContact
    return "sms", phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _is_whole(number: phonenumbers.PhoneNumber) -> bool:
    """Return whether the number has its area code, so that it can be dialled from outside its town."""
    return phonenumbers.is_possible_number_with_reason(number) == phonenumbers.ValidationResult.IS_POSSIBLE


def indexes_of(channel: str, address: str) -> list[str]:
    """Return the indexes under which an address of this channel may stand, the present one first (`privacy.fields`)."""
    return blind_indexes(indexed(channel, address))


def find_contact_point(channel: str, address: str, *, hosts_only: bool = False) -> ContactPoint | None:
    """Return the oldest contact point with this address among active users (`hosts_only`: among hosts), or None."""
    points = ContactPoint.objects.select_related("user").filter(
        channel=channel, address_index__in=indexes_of(channel, address), user__is_active=True
    )
    if hosts_only:
        points = points.filter(user__host__isnull=False)
    return points.order_by("pk").first()


def add_contact_point(
    user: User, channel: str, address: str, *, verified_at: datetime | None = None, preferred: bool = False
) -> ContactPoint:
    """Return the contact point of `user` with this address, and create it if there is none."""
    indexes = indexes_of(channel, address)
    point, _created = ContactPoint.objects.filter(address_index__in=indexes).get_or_create(
        user=user,
        channel=channel,
        defaults={
            "address_index": indexes[0],
            "address": address,
            "verified_at": verified_at,
            "preferred": preferred,
        },
    )
    return point


def bring_up_to_date(user: User, *, name: str, contacts: Collection[tuple[str, str]]) -> bool:
    """Give `user` this name and the contact points they lack. Return whether anything changed.

    An empty `name` leaves the name alone, and no contact point is removed. Raises ContactTaken if `user` is a host
    and a contact belongs to another host.
    """
    known = {(point.channel, point.address_index) for point in user.contact_points.all()}
    new = [
        (channel, address)
        for channel, address in contacts
        if known.isdisjoint((channel, index) for index in indexes_of(channel, address))
    ]
    is_host = bool(new) and Host.objects.filter(user=user).exists()
    for channel, address in new:
        there = find_contact_point(channel, address, hosts_only=True) if is_host else None
        if there and there.user_id != user.pk:  # Added by another process since `known` was read.
            raise ContactTaken("named", contact=address)
        add_contact_point(user, channel, address, preferred=not known and address == new[0][1])
    renamed = bool(name) and user.name != name
    if renamed:
        user.name = name
        user.save(update_fields=["name"])
    return renamed or bool(new)


def take_back_update(user: User, *, name: str, name_before: str, points: Collection[int]) -> None:
    """Undo a `bring_up_to_date`.

    Restores `name_before` if the name is still `name`, and deletes those `points` (ids) to which nothing was ever sent.
    """
    if user.name == name and name != name_before:
        user.name = name_before
        user.save(update_fields=["name"])
    user.contact_points.filter(pk__in=points, deliveries=None).delete()
