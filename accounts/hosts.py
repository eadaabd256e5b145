"""Registering hosts. A host is a person who offers space and is reached by at least one contact point."""

from __future__ import annotations

import secrets

from accounts.contacts import add_contact_point, find_contact_point
from accounts.models import Host, User


def find_host(contacts: list[tuple[str, str]]) -> Host | None:
    """Return the host reached by any of `contacts` (channel, address), or None."""
    for channel, address in contacts:
        if point := find_contact_point(channel, address, hosts_only=True):
            return Host.objects.select_related("user").get(user=point.user_id)
    return None


def register_host(*, name: str, contacts: list[tuple[str, str]], language: str) -> Host:
    """Return the host reached by any of `contacts` (channel, address), or create one, unvetted, if there is none.

    The caller has read the contacts (`contacts.read_contact`). A new host prefers the first contact.
    """
    if known := find_host(contacts):
        return known
    user = User.objects.create_user(f"host-{secrets.token_hex(6)}", name=name, language=language)
    for channel, address in contacts:
        add_contact_point(user, channel, address, preferred=(channel, address) == contacts[0])
    return Host.objects.create(user=user)
