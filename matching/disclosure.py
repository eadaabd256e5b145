"""Opening name, contact and exact address to the two sides of a confirmed match; every look is in the access log."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from accounts.models import User
from matching import hindrances, queries
from matching.models import Match, Space
from matching.refusals import NotNow, NotYours, one_act
from matching.states import CONTACT_OPEN, Role
from notifications.models import ContactPoint
from privacy.models import AccessLog

LookReason = AccessLog.LookReason

LOOKS_AN_HOUR = 10
"""How often a person may open one contact within an hour. After that the refusal is the same as while a match is frozen,
so the refusal alone says nothing."""


@dataclass(frozen=True, slots=True)
class OpenedContact:
    """What one side of a confirmed match sees of the other. Address and directions are empty when the other is the arrival."""

    name: str
    contact_points: tuple[tuple[str, str], ...]
    address: str
    directions: str


def open_contact(match_id: UUID, *, by: User, at: datetime) -> OpenedContact:
    """Return the other side's name and contact points, and to the arrival the exact address; log the look.

    Raises NotYours unless `by` is one of the two sides and the match is confirmed or checked in; NotNow while the match is
    frozen or its host is not vetted, and after LOOKS_AN_HOUR looks. The row of the space is locked until the look is
    logged, so that no freeze and no suspension comes in between.
    """
    with one_act():
        Space.objects.select_for_update().get(matches=match_id)
        match = queries.with_everyone(Match.objects.all()).get(pk=match_id)
        role = queries.role_in(match, by)
        if role not in (Role.HOST, Role.ARRIVAL) or match.status not in CONTACT_OPEN:
            raise NotYours
        if hindrances.hindrance(match) or _has_looked_enough(match, by, at):
            raise NotNow
        other = match.request.arrival.user if role is Role.HOST else match.space.host.user
        address, directions = (match.space.address, match.space.directions) if role is Role.ARRIVAL else ("", "")
        log_look(
            by, other, "name contact" + (" address" if address else ""), reason=LookReason.MATCH, match=match.pk, at=at
        )
    points = ContactPoint.objects.filter(user=other).order_by("-preferred", "pk")
    return OpenedContact(
        name=other.name,
        contact_points=tuple((point.channel, point.address) for point in points),
        address=address,
        directions=directions,
    )


def _has_looked_enough(match: Match, by: User, at: datetime) -> bool:
    looks = AccessLog.objects.filter(by=by, reason=LookReason.MATCH, match=match.pk, at__gt=at - timedelta(hours=1))
    return looks.count() >= LOOKS_AN_HOUR


def log_look(
    by: User, about: User, fields: str, *, reason: str, at: datetime, note: str = "", match: UUID | None = None
) -> None:
    """Note in the access log that `by` saw these personal `fields` of `about`, and why.

    `reason` is one of `AccessLog.LookReason`, `note` the words typed beside it, and `match` belongs to the reason MATCH.
    """
    AccessLog.objects.create(by=by, about=about, fields=fields, reason=reason, note=note, match=match, at=at)
