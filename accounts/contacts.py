"""Contact points: reading a phone number or an e-mail address as people type it, and finding the person it reaches."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy as _

from accounts.models import Host, User
from accounts.refusals import Refused
from notifications.models import ContactPoint, indexed
from privacy.fields import blind_indexes
from reading import contacts
from reading.signs import Unreadable, plain


class UnreadableContact(Refused):
    """The text is neither an e-mail address nor a phone number."""

    code = "unreadable_contact"
    message = _("This is not a phone number or e-mail address. Write it like +7 700 123 45 67.")
    sentences = {
        "email": _("This is not an e-mail address. Write it like name@example.org."),
        "phone_country": _(
            "Which country is this number of? Write it with the country in front, like +7 701 555 01 01."
        ),
        "filler": _("Nobody is reached there. Write a phone number or an e-mail address."),
    }


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

    The readers of `reading.contacts` decide, as they do for sheets. Raises UnreadableContact, also for a filler.
    """
    channel, read = ("email", contacts.email) if "@" in plain(text) else ("sms", contacts.phone)
    try:
        address = read(text)
    except Unreadable as unreadable:
        raise UnreadableContact("" if unreadable.code == "phone" else unreadable.code) from None
    if not address:
        raise UnreadableContact("filler")
    return channel, address


def read_contact_if_any(text: str) -> tuple[str, str] | None:
    """Return what `read_contact` returns, or None for an empty text or a filler. Raises UnreadableContact."""
    return None if contacts.is_filler(text) else read_contact(text)


def indexes_of(channel: str, address: str) -> list[str]:
    """Return the indexes under which an address of this channel may stand, the present one first (`privacy.fields`)."""
    return blind_indexes(indexed(channel, address))


def every_index_of(channel: str, address: str) -> list[str]:
    """Return what `indexes_of` returns, then the same for the forms in which an earlier reader stored this address."""
    written = [address, *contacts.former_forms(channel, address)]
    return [index for form in written for index in indexes_of(channel, form)]


def find_contact_point(channel: str, address: str, *, hosts_only: bool = False) -> ContactPoint | None:
    """Return the oldest contact point with this address among active users (`hosts_only`: among hosts), or None.

    A contact that an earlier reader stored in another form is found too, until `reread_contacts` has rewritten it.
    """
    _user_id, point_id = find_ids(channel, address, hosts_only=hosts_only)
    return ContactPoint.objects.select_related("user").filter(pk=point_id).first() if point_id else None


def find_ids(channel: str, address: str, *, hosts_only: bool = False) -> tuple[int, int]:
    """Return the ids of the user and of the contact point that `find_contact_point` returns, or twice 0.

    One query, of which no row becomes an object: time must not tell whether anybody has the contact.
    """
    points = ContactPoint.objects.filter(channel=channel, user__is_active=True)
    if hosts_only:
        points = points.filter(user__host__isnull=False)
    own = indexes_of(channel, address)
    found = points.filter(address_index__in=every_index_of(channel, address)).order_by("pk")
    rows = list(found.values_list("user_id", "pk", "address_index"))
    return next(((user_id, pk) for user_id, pk, index in rows if index in own), rows[0][:2] if rows else (0, 0))


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
