"""Opening the names, phones and exact addresses of a confirmed match; every look is in the access log."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from accounts.models import User
from matching import queries
from matching.models import Match
from matching.refusals import NotYours, one_act
from matching.states import CONTACT_OPEN, Role
from notifications.models import ContactPoint
from privacy.models import AccessLog


@dataclass(frozen=True, slots=True)
class Contact:
    """What one side of a confirmed match sees of the other. The address is the host's; an arrival has none."""

    name: str
    contact_points: tuple[tuple[str, str], ...]
    address: str


def open_contact(match_id: UUID, *, by: User, at: datetime) -> Contact:
    """Return the other side's name, contact points and (for the arrival) the exact address, and log the look.

    Raises NotYours for everybody but the two sides, and before and after the match is confirmed or
    checked in.
    """
    match = queries.with_everyone(Match.objects.all()).get(pk=match_id)
    role = queries.role_in(match, by)
    if role not in (Role.HOST, Role.ARRIVAL) or match.status not in CONTACT_OPEN:
        raise NotYours
    other = match.request.arrival.user if role is Role.HOST else match.space.host.user
    address = match.space.address if role is Role.ARRIVAL else ""
    with one_act():
        log_look(by, other, "name contact" + (" address" if address else ""), reason=f"match {match.pk}", at=at)
    points = ContactPoint.objects.filter(user=other).order_by("-preferred", "pk")
    return Contact(
        name=other.name,
        contact_points=tuple((point.channel, point.address) for point in points),
        address=address,
    )


def log_look(by: User, about: User, fields: str, *, reason: str, at: datetime) -> None:
    """Note in the access log that `by` saw these personal `fields` of `about`, and why."""
    AccessLog.objects.create(by=by, about=about, fields=fields, reason=reason, at=at)
