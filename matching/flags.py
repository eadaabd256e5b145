"""Raising flags: opening contacts and cancelling again and again, many requests from one network address, and a second
request of one household.

A flag tells coordinators to look, and forbids nothing: an honest person may cancel three times, and a hall of five hundred
people asks from one address.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

from django.db import connection
from django.db.models import Q, QuerySet

from accounts.contacts import indexes_of
from accounts.models import Arrival, User
from matching import queries
from matching.deadlines import local_date
from matching.limits import LONGEST_STAY
from matching.models import Flag, Match, MatchEvent, ShelterRequest
from matching.states import Act
from notifications.models import ContactPoint
from notifications.outbox import Telling, tell, tell_many
from places.names import key_of
from privacy.fields import blind_index
from privacy.models import AccessLog

FlagKind = Flag.FlagKind

AGAIN = 3
"""So many matches that one side accepted, opened and cancelled within LATELY raise a flag."""

MANY_SHARE = 5
"""So many households with one contact have it from an organisation or a volunteer: they are not one household."""

MOST_NAMES = 200
"""The most names that are compared for one new request: those of the newest ones of its place and size."""

LATELY = timedelta(days=30)

RAISE = """
    INSERT INTO matching_flag AS kept (kind, about_id, source, times, first_at, last_at)
    VALUES (%(kind)s, %(about)s, %(source)s, %(times)s, %(at)s, %(at)s)
    ON CONFLICT (kind, about_id, source) WHERE looked_at IS NULL
    DO UPDATE SET times = kept.times + 1, last_at = excluded.last_at
    RETURNING times, (xmax = 0) AS new
"""


def note_cancelled(match: Match, *, by: User, at: datetime) -> None:
    """Raise a flag if `by`, who has just cancelled this match, has accepted, opened and cancelled AGAIN times lately."""
    own = MatchEvent.objects.filter(act=Act.CANCEL, by=by, at__gt=at - LATELY).values_list("match", flat=True)
    looks = AccessLog.objects.filter(by=by, reason=AccessLog.LookReason.MATCH, match__in=list(own))
    opened = set(looks.values_list("match", flat=True))
    times = len(opened)
    if times >= AGAIN and match.pk in opened:
        _raise(FlagKind.LOOKED_AND_CANCELLED, about=by, source="", times=times, at=at)
        places = [match.request.place_id, match.space.place_id]
        _tell(queries.coordinators_for(places).exclude(pk=by.pk), at=at)


def many_requests(source: str, *, at: datetime) -> None:
    """Raise a flag because a network address sends more requests in an hour than one hall is likely to."""
    if _raise(FlagKind.MANY_REQUESTS, about=None, source=blind_index(f"flag:{source}"), times=1, at=at):
        _tell(queries.coordinators_for([]), at=at)


def same_household(
    request: ShelterRequest, *, contacts: Collection[tuple[str, str]], tells: bool, at: datetime
) -> None:
    """Note on a new request the earlier one that is perhaps of the same household; forbid nothing, and say nothing to who asks.

    The two share some nights, and a contact, or the name and the numbers of people and children in one place. If they share
    a contact and `tells`, the earlier arrival hears there that they have a request already, at most once a day. A contact of
    many households is an organisation's, and says nothing.

    One table at a time is asked: in the night of a long sheet, what PostgreSQL knows of the size of the tables is hours old, and
    for a join it would compare every row with every other.
    """
    others = ShelterRequest.objects.filter(
        withdrawn_at=None,
        first_night__lt=request.last_day,
        first_night__gt=request.first_night - timedelta(days=LONGEST_STAY),
    ).exclude(pk=request.pk)
    nights = request.first_night
    indexes = [(channel, index) for channel, address in contacts for index in indexes_of(channel, address)]
    by_contact: list[ShelterRequest] = []
    if indexes:
        points = ContactPoint.objects.filter(
            channel__in={channel for channel, _index in indexes},
            address_index__in=[index for _channel, index in indexes],
        )
        users = list(points.order_by().values_list("user", flat=True))
        arrivals = list(Arrival.objects.filter(user__in=users).values_list("pk", flat=True)) if users else []
        sharing = others.filter(arrival__in=arrivals).prefetch_related("arrival__user")
        by_contact = [each for each in sharing.order_by("registered_at", "pk")[:MANY_SHARE] if each.last_day > nights]
    if len(by_contact) == MANY_SHARE:
        return
    found = by_contact[0] if by_contact else _of_the_same_name(request, others)
    if found is None:
        return
    ShelterRequest.objects.filter(pk=request.pk).update(looks_like=found)
    request.looks_like = found
    for earlier in by_contact if tells else ():
        number = {"case_number": earlier.arrival.case_number}
        key = f"asked_already:{earlier.pk}:{local_date(at):%Y-%m-%d}"
        tell(earlier.arrival.user, "asked_already", at=at, key=key, context=number)


def _of_the_same_name(request: ShelterRequest, others: QuerySet[ShelterRequest]) -> ShelterRequest | None:
    """Return the first request with the name, the people and the children of this one in its place, or None."""
    name = key_of(request.arrival.user.name)
    if not name or request.place_id is None:
        return None
    alike = others.filter(place=request.place_id, people=request.people, children=request.children)
    for each in alike.prefetch_related("arrival__user").order_by("-registered_at", "pk")[:MOST_NAMES]:
        if each.last_day > request.first_night and key_of(each.arrival.user.name) == name:
            return each
    return None


def _raise(kind: str, *, about: User | None, source: str, times: int, at: datetime) -> bool:
    """Write the flag, or count once more on the one that nobody has looked at; return whether it is new."""
    values = {"kind": kind, "about": about.pk if about else None, "source": source, "times": times, "at": at}
    with connection.cursor() as cursor:
        cursor.execute(RAISE, values)
        _times, new = cursor.fetchone()
    return bool(new)


def _tell(coordinators: QuerySet[User], *, at: datetime) -> None:
    """Tell these coordinators, each at most once a day, that there are flags to look at."""
    today = f"{local_date(at):%Y-%m-%d}"
    tell_many([Telling(each, "flag_raised", f"flag_raised:{each.pk}:{today}") for each in coordinators], at=at)


# -- looking --------------------------------------------------------------------------------------


def flags_visible_to(user: User) -> QuerySet[Flag]:
    """Return the flags that `user` may see at the desk: about hosts and arrivals of their places; at every place, all."""
    if queries.sees_all_places(user):
        return Flag.objects.exclude(Q(about=user) | Q(about__in=queries.who_must_not_meet(user)))
    hosts, requests = queries.hosts_visible_to(user), queries.requests_visible_to(user)
    theirs = Q(about__host__in=hosts.values("pk")) | Q(about__arrival__in=requests.values("arrival"))
    return Flag.objects.filter(theirs).exclude(about=user) if queries.coordinator_of(user) else Flag.objects.none()


def look_at(flag_id: int, *, by: User, at: datetime) -> int:
    """Note that `by` has looked at a flag; return how many rows that changed. Later times raise a new flag."""
    mine = flags_visible_to(by).filter(pk=flag_id, looked_at=None)
    return Flag.objects.filter(pk__in=mine.values("pk")).update(looked_by=by, looked_at=at)
