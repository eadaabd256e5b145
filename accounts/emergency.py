"""The deployment's emergency contact: paged when nobody on the desk answers.

The setting EMERGENCY_CONTACTS names its phone numbers and e-mail addresses. The outbox sends to contact points of users,
so the contact has a user of its own, who cannot sign in.
"""

from __future__ import annotations

from datetime import datetime

from django.conf import settings

from accounts.contacts import add_contact_point, indexes_of, read_contact
from accounts.models import User
from notifications.models import ContactPoint

USERNAME = "emergency-contact"


def emergency_contact(*, at: datetime) -> User | None:
    """Return the user of the emergency contact with the contact points that the setting names now; None without any.

    A contact that the setting no longer names is not paged any more. Raises UnreadableContact for one that nobody can read
    (the system check shelter.E010 finds it before the start).
    """
    wanted = [read_contact(each) for each in settings.EMERGENCY_CONTACTS]
    if not wanted:
        return None
    user, _new = User.objects.get_or_create(
        username=USERNAME, defaults={"is_active": False, "password": "!", "language": settings.LANGUAGE_CODE}
    )
    indexes: list[str] = []
    for channel, address in wanted:
        add_contact_point(user, channel, address, verified_at=at)
        indexes += indexes_of(channel, address)
    points = ContactPoint.objects.filter(user=user)
    points.exclude(address_index__in=indexes).update(verified_at=None)
    points.filter(address_index__in=indexes, verified_at=None).update(verified_at=at)
    return user
