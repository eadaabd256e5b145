"""The on-call rota, and the people who are party to a match and so are never paged about it.

All hours are hours of the clock in the deployment's time zone (`TIME_ZONE`).
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.contacts import indexes_of
from accounts.coordinators import NotLead, coordinator_of, rights_of
from accounts.models import Coordinator, Host, User
from accounts.refusals import Refused
from matching.models import Match, MustNotMeet, MustNotMeetFound, OnCallShift
from notifications.models import ContactPoint
from notifications.outbox import transport_for
from places.models import Place

DAYS_AHEAD = 8
"""How far ahead the next in the rota is looked for: a week, and the rest of a night that began before."""


class NoSuchHours(Refused):
    """A shift has neither a weekday nor a date, or both, or its date is over."""

    code = "no_such_hours"
    message = _("Choose the days of the week, or one date from today on, and not both.")


class NotOnTheDesk(Refused):
    """The person cannot act at the desk for any of the places of the shift."""

    code = "not_on_the_desk"
    message = _("This person cannot act for these places. Choose places of theirs, or another coordinator.")


@dataclass(frozen=True, slots=True)
class Hours:
    """Hours on `weekdays` (0 is Monday) of every week, or on `day`. An `end` not after `start` is on the next day."""

    start: time
    end: time
    weekdays: tuple[int, ...] = ()
    day: date | None = None

    def as_text(self) -> str:
        """Return the hours as JSON, as they are stored."""
        day = self.day.isoformat() if self.day else None
        return json.dumps([f"{self.start:%H:%M}", f"{self.end:%H:%M}", list(self.weekdays), day])

    @classmethod
    def of_text(cls, text: str) -> Hours:
        """Return the hours that `as_text` stored."""
        start, end, weekdays, day = json.loads(text)
        return cls(
            time.fromisoformat(start),
            time.fromisoformat(end),
            tuple(weekdays),
            date.fromisoformat(day) if day else None,
        )

    def begin_on(self, day: date) -> bool:
        return day == self.day if self.day else day.weekday() in self.weekdays

    def cover(self, clock: datetime) -> bool:
        """Return whether `clock`, a moment of the local clock without a zone, lies within these hours."""
        days = (clock.date(), clock.date() - timedelta(days=1))
        return any(self.begin_on(day) and self._from(day) <= clock < self._until(day) for day in days)

    def next_after(self, clock: datetime) -> datetime | None:
        """Return when these hours begin next after `clock`, within DAYS_AHEAD days, or None."""
        days = (clock.date() + timedelta(days=number) for number in range(DAYS_AHEAD))
        return next((self._from(day) for day in days if self.begin_on(day) and self._from(day) > clock), None)

    def are_over(self, clock: datetime) -> bool:
        return self.day is not None and self._until(self.day) <= clock

    def _from(self, day: date) -> datetime:
        return datetime.combine(day, self.start)

    def _until(self, day: date) -> datetime:
        return datetime.combine(day + timedelta(days=self.end <= self.start), self.end)


def clock_at(at: datetime) -> datetime:
    """Return the deployment's local clock at `at`, without a zone."""
    return timezone.localtime(at, timezone.get_default_timezone()).replace(tzinfo=None)


# -- reading --------------------------------------------------------------------------------------


def shifts_in_force() -> list[tuple[OnCallShift, Hours]]:
    """Return every shift that was not ended, of people who can act at the desk, with its hours. Takes three queries."""
    rows = OnCallShift.objects.filter(
        ended_at=None,
        user__is_active=True,
        user__coordinator__role__in=[Coordinator.Role.COORDINATOR, Coordinator.Role.LEAD],
    )
    rows = rows.select_related("user__coordinator").prefetch_related("places", "user__coordinator__places")
    return [(row, Hours.of_text(row.hours)) for row in rows]


def serves(shift: OnCallShift, places: Collection[int | None]) -> bool:
    """Return whether a shift is for one of `places` (None: a point far from every place) that its coordinator has."""
    coordinator = shift.user.coordinator
    theirs = {place.pk for place in coordinator.places.all()}
    named = {place.pk for place in shift.places.all()}
    return any((shift.all_places or place in named) and (coordinator.all_places or place in theirs) for place in places)


def on_call(places: Collection[int | None], at: datetime) -> list[User]:
    """Return the people on the rota at `at` for any of `places`, each once."""
    clock = clock_at(at)
    found = [shift.user for shift, hours in shifts_in_force() if hours.cover(clock) and serves(shift, places)]
    return list(dict.fromkeys(found))


def next_on_call(places: Collection[int | None], at: datetime) -> list[User]:
    """Return the people whose hours for any of `places` begin next, all those who begin together; [] for nobody."""
    clock = clock_at(at)
    coming: dict[datetime, list[User]] = {}
    for shift, hours in shifts_in_force():
        begins = hours.next_after(clock)
        if begins is not None and not hours.cover(clock) and serves(shift, places):
            coming.setdefault(begins, []).append(shift.user)
    return list(dict.fromkeys(coming[min(coming)])) if coming else []


def leads() -> list[User]:
    """Return the lead coordinators with access, in the order of their rows."""
    return list(User.objects.filter(is_active=True, coordinator__role=Coordinator.Role.LEAD).order_by("pk"))


def contacts_to_page(people: Iterable[User]) -> dict[int, list[ContactPoint]]:
    """Return the contact points by which each of `people` can be paged now: verified, of a kind that is switched on."""
    verified = ContactPoint.objects.filter(user__in=[person.pk for person in people], verified_at__isnull=False)
    found: dict[int, list[ContactPoint]] = {}
    for point in verified.defer("address").order_by("pk"):
        if transport_for(point):
            found.setdefault(point.user_id, []).append(point)
    return found


def parties_to(match: Match) -> set[int]:
    """Return the ids of the users who are party to `match`.

    They are the host, the arrival, and every user who is the same person or lives with them as far as the rows say: an
    account that was merged into one of the two or the other way round, and an account with one of their contacts. Whoever
    stands on a list of one of the two keeps out of it like a party: see decision 0072.
    """
    host, arrival = match.space.host, match.request.arrival
    users = {host.user_id, arrival.user_id}
    users |= set(Host.objects.filter(merged_into=host.pk).values_list("user", flat=True))
    if host.merged_into_id:
        users.add(Host.objects.values_list("user", flat=True).get(pk=host.merged_into_id))
    entries = MustNotMeet.objects.filter(by__in=users, taken_back_at=None)
    users |= set(MustNotMeetFound.objects.filter(entry__in=entries).values_list("user", flat=True))
    return users | set(with_a_contact_of(users).values_list("user", flat=True))


def with_a_contact_of(users: Collection[int]) -> QuerySet[ContactPoint]:
    """Return every contact point, of anybody, that has an address of one of these users (ids)."""
    points = ContactPoint.objects.filter(user__in=users)
    # Computed anew: while the index key changes, equal addresses may stand under two indexes.
    indexes = [index for point in points for index in indexes_of(point.channel, point.address)]
    return ContactPoint.objects.filter(address_index__in=indexes)


def is_party(user: User, match: Match) -> bool:
    """Return whether `user` is party to `match`, and so is neither paged about it nor shown its incidents."""
    return user.pk in parties_to(match)


# -- changing -------------------------------------------------------------------------------------


def add_shift(
    user: User, hours: Hours, *, places: Collection[Place] | None, by: User, at: datetime, note: str = ""
) -> OnCallShift:
    """Put `user` on the rota for `places` (None: all places). Raises NotLead, NoSuchHours or NotOnTheDesk."""
    if not rights_of(by).is_lead:
        raise NotLead
    if bool(hours.weekdays) == (hours.day is not None) or hours.are_over(clock_at(at)):
        raise NoSuchHours
    coordinator = coordinator_of(user)
    theirs = {place.pk for place in coordinator.places.all()} if coordinator else set()
    if coordinator is None or not (
        coordinator.all_places or places is None or any(place.pk in theirs for place in places)
    ):
        raise NotOnTheDesk
    with transaction.atomic():
        shift = OnCallShift.objects.create(
            user=user, all_places=places is None, hours=hours.as_text(), note=note, made_by=by, made_at=at
        )
        shift.places.set(places or ())
        return shift


def end_shift(shift_id: int, *, by: User, at: datetime) -> None:
    """Take hours off the rota; ending them twice keeps the first moment. Raises NotLead."""
    if not rights_of(by).is_lead:
        raise NotLead
    OnCallShift.objects.filter(pk=shift_id, ended_at=None).update(ended_by=by, ended_at=at)
