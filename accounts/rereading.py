"""Contacts that were stored by an earlier reader are read again by the present one (`reading.contacts`).

It may be stopped at any moment and run again, or run twice: a contact that reads as it is stored is left alone. What no
reader can settle is listed by ids for a coordinator: a contact that reaches nobody, and two people with one contact.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from django.db import transaction
from django.db.models import Count

from accounts.contacts import indexes_of
from accounts.models import Host
from notifications.models import ContactPoint
from reading import contacts
from reading.signs import Unreadable

POINTS_AT_ONCE = 500

READ = {
    ContactPoint.Channel.EMAIL: contacts.email,
    ContactPoint.Channel.SMS: contacts.phone,
    ContactPoint.Channel.TELEGRAM: contacts.telegram,
}


@dataclass(slots=True)
class Reread:
    """What came of it: numbers of contacts, and ids for a coordinator.

    `rewritten` reads otherwise than it was stored; `removed` was the same as another contact of its person. `busy` was held
    by another process or had messages and is left for the next run. `nobody` lists (person, contact) where the contact is a
    filler or no number of any country. `shared` lists pairs of hosts with one contact, `joined` hosts with several spaces
    and a contact in `nobody`, which probably joined them.
    """

    seen: int = 0
    rewritten: int = 0
    removed: int = 0
    busy: int = 0
    nobody: list[tuple[int, int]] = field(default_factory=list)
    shared: list[tuple[int, int]] = field(default_factory=list)
    joined: list[int] = field(default_factory=list)


def reread_contacts(*, watch: Callable[[int], None] = lambda seen: None) -> Reread:
    """Read every stored contact again, oldest first, in short transactions. `watch` is told how many have been seen."""
    done, last = Reread(), 0
    while True:
        with transaction.atomic():
            ids = list(
                ContactPoint.objects.filter(pk__gt=last).order_by("pk").values_list("pk", flat=True)[:POINTS_AT_ONCE]
            )
            points = list(ContactPoint.objects.select_for_update(skip_locked=True).filter(pk__in=ids).order_by("pk"))
            done.busy += len(ids) - len(points)
            for point in points:
                _read_again(point, done)
        if not ids:
            break
        last = ids[-1]
        done.seen += len(points)
        watch(done.seen)
    people = {person for person, _point in done.nobody}
    several = Host.objects.filter(user__in=people).annotate(count=Count("spaces")).filter(count__gt=1)
    done.joined = sorted(several.values_list("pk", flat=True))
    return done


def _read_again(point: ContactPoint, done: Reread) -> None:
    try:
        address = READ[ContactPoint.Channel(point.channel)](point.address)
    except Unreadable:
        address = ""
    if not address:
        done.nobody.append((point.user_id, point.pk))
        return
    if address == point.address:
        return
    same = ContactPoint.objects.filter(channel=point.channel, address_index__in=indexes_of(point.channel, address))
    if same.filter(user=point.user_id).exists():
        if point.deliveries.exists() or point.preferred:
            done.busy += 1
        else:
            point.delete()
            done.removed += 1
        return
    point.address = address
    point.address_index = indexes_of(point.channel, address)[0]
    point.save(update_fields=["address", "address_index"])
    done.rewritten += 1
    if mine := _host_of(point.user_id):
        others = Host.objects.filter(user__in=same.exclude(user=point.user_id).values("user"))
        done.shared += [(min(mine, other), max(mine, other)) for other in others.values_list("pk", flat=True)]


def _host_of(user: int) -> int | None:
    return Host.objects.filter(user=user).values_list("pk", flat=True).first()
