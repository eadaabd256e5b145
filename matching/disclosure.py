"""Opening personal fields: to the two sides of a confirmed match, and to coordinators for a reason. Every look is logged.

A coordinator's looks have a budget: beyond it a second person has to agree, and before that the leads hear of it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from accounts.models import CoordinatorEvent, User
from deployment import rules
from matching import hindrances, messages, queries
from matching.models import Match, ShelterRequest, Space
from matching.refusals import LookNeedsSecond, NotNow, NotYours, one_act
from matching.states import CONTACT_OPEN, Role
from notifications.models import ContactPoint
from privacy import remarks
from privacy.models import AccessLog

LookReason = AccessLog.LookReason
LOOKS_ALLOWED = CoordinatorEvent.CoordinatorChange.LOOKS_ALLOWED

A_DAY = timedelta(hours=24)
NIGHT = range(1, 6)
"""Hours of the day, in the deployment's zone, in which leads are told of a look: from one to six in the morning."""

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
        if hindrances.hindrance(match) or hindrances.is_stopped(match) or _has_looked_enough(match, by, at):
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


def look(by: User, about: Iterable[int], fields: str, *, reason: str, at: datetime, note: str = "") -> None:
    """Log that a coordinator opens these personal `fields` of these people (ids of users), before any of them is read.

    The other leads are told where that is unusual (`unusual`). Raises LookNeedsSecond, and logs nothing, where it would be more
    people within a day than one coordinator may open without a lead's go-ahead; NotYours where `by` has no part in what
    concerns one of them: whoever is party to a match opens the other side by the match, and not at the desk.
    """
    people = set(about)
    if queries.kept_out(by, people):
        raise NotYours
    with one_act():
        # One look of a coordinator at a time, so that two side by side do not both fit the budget.
        User.objects.select_for_update(no_key=True, of=("self",)).get(pk=by.pk)
        seen = opened_within_a_day(by, at)
        most = rules.current().looks_budget
        go_aheads = CoordinatorEvent.objects.filter(about=by, what=LOOKS_ALLOWED, at__gt=at - A_DAY).count()
        if people - seen and len(seen | people) > most * (1 + go_aheads):
            raise LookNeedsSecond("budget", most=most)
        written = remarks.write_each([note] * len(people), at=at)
        AccessLog.objects.bulk_create(
            [
                AccessLog(by=by, about_id=pk, fields=fields, reason=reason, remark=remark, at=at)
                for pk, remark in zip(sorted(people), written, strict=True)
            ]
        )
        for what in unusual(by, people, len(seen | people), most=most, at=at):
            messages.looks_unusual(by, what, at=at)


def opened_within_a_day(by: User, at: datetime) -> set[int]:
    """Return the people whose personal fields this coordinator has opened in the 24 hours before."""
    looks = AccessLog.objects.filter(by=by, at__gt=at - A_DAY, about__isnull=False)
    looks = looks.exclude(reason__in=[LookReason.MATCH, LookReason.DESK])
    return set(looks.order_by().values_list("about", flat=True).distinct())


def unusual(by: User, people: Collection[int], number: int, *, most: int, at: datetime) -> list[str]:
    """Return what is unusual about a look: `many`, `night`, `outside`.

    `number` counts the people opened within a day, this look included. A person is outside where they have a space or a
    request, and none of them lies in a place of this coordinator.
    """
    found = []
    if number * 2 >= most:
        found.append("many")
    if timezone.localtime(at).hour in NIGHT:
        found.append("night")
    where: dict[int, set[int | None]] = {}
    for person, place in (
        *Space.objects.filter(host__user__in=people).values_list("host__user", "place"),
        *ShelterRequest.objects.filter(arrival__user__in=people).values_list("arrival__user", "place"),
    ):
        where.setdefault(person, set()).add(place)
    own = {place for places in where.values() for place in places if queries.covers(by, place)}
    if not all(places & own for places in where.values()):
        found.append("outside")
    return found


def log_notes_shown(by: User, about: Iterable[int], *, at: datetime) -> None:
    """Note in the access log that a page showed `by` what coordinators wrote to each other about these people (ids of users).

    It has no budget: whoever decides on a household must be able to read these notes. Takes one query, or none for nobody.
    """
    AccessLog.objects.bulk_create(
        [AccessLog(by=by, about_id=pk, fields="desk_notes", reason=LookReason.DESK, at=at) for pk in about]
    )


def log_export(by: User, what: str, *, at: datetime) -> None:
    """Note in the access log that `by`, who may be an auditor, took an export without persons."""
    AccessLog.objects.create(by=by, about=None, fields=f"export: {what}", reason=LookReason.EXPORT, at=at)


def _has_looked_enough(match: Match, by: User, at: datetime) -> bool:
    looks = AccessLog.objects.filter(by=by, reason=LookReason.MATCH, match=match.pk, at__gt=at - timedelta(hours=1))
    return looks.count() >= LOOKS_AN_HOUR


def log_look(
    by: User, about: User, fields: str, *, reason: str, at: datetime, note: str = "", match: UUID | None = None
) -> None:
    """Note in the access log that `by` saw these personal `fields` of `about`, and why.

    `reason` is one of `AccessLog.LookReason`, `note` the words typed beside it, and `match` belongs to the reason MATCH.
    """
    with transaction.atomic():
        remark = remarks.write(note, at=at)
        AccessLog.objects.create(by=by, about=about, fields=fields, reason=reason, remark=remark, match=match, at=at)
