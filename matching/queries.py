"""Every read worth a name: what is open, what is free, who may see what."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import date, datetime, timedelta
from typing import NamedTuple, Protocol
from uuid import UUID

from django.db.models import (
    Count,
    DateField,
    DurationField,
    Exists,
    ExpressionWrapper,
    F,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Sum,
    Value,
)
from django.db.models.functions import Coalesce, Greatest, Least

from accounts import vetting
from accounts.coordinators import coordinator_of as coordinator_of  # the doors and acts ask for it here
from accounts.coordinators import desk_of
from accounts.models import Arrival, Coordinator, Host, User
from matching import hindrances
from matching.copy_rows import read
from matching.deadlines import TIME_TO_TAKE_BACK, evening_of, local_date
from matching.limits import LONGEST_STAY
from matching.models import (
    Incident,
    IncidentPage,
    Match,
    MatchEvent,
    MustNotMeet,
    MustNotMeetFound,
    PendingDecision,
    SheetImport,
    SheetImportRow,
    ShelterRequest,
    Space,
)
from matching.models.meeting import APART_OF_REQUESTS
from matching.refusals import Frozen
from matching.risks import HostRecord
from matching.rota import with_a_contact_of
from matching.states import (
    FORWARD,
    HOLDS_BEDS,
    REASON_NOT_SAFE,
    TAKEN_BACK_BY,
    Act,
    RequestState,
    Role,
    Status,
    acts_open_to,
)
from notifications import outbox
from notifications.models import ContactPoint, Delivery
from places.models import Place
from places.names import HOME_REGION
from places.queries import open_places
from privacy.fields import blind_indexes

SPENT = HOLDS_BEDS | {Status.COMPLETED, Status.NO_SHOW}
"""Nights of a request under such a match are not matched again."""


# -- who may see what -----------------------------------------------------------------------------
# An auditor sees what a coordinator of the same places sees, in the admin alone, and may do nothing. So reading asks
# `desk_of`, which knows auditors; acting asks `coordinator_of` or `covers`, which do not.


def _places_of(coordinator: Coordinator) -> Q:
    return Q() if coordinator.all_places else Q(place__in=coordinator.places.all())


_BOTH = ("space__host__user", "request__arrival__user")


def who_must_not_meet(user: User) -> QuerySet[MustNotMeet, tuple[int]]:
    """Return the ids of the users on whose list `user` stands, by this account or another one with a contact of theirs.

    At the desk nothing of these persons is there for `user`: see decision 0072.
    """
    same = Q(user=user) | Q(user__in=_sharing_a_contact(user))
    entries = MustNotMeetFound.objects.filter(same).values("entry")
    return MustNotMeet.objects.filter(pk__in=entries, taken_back_at=None).exclude(by=user).order_by().values_list("by")


def _sharing_a_contact(user: User) -> QuerySet[ContactPoint, tuple[int]]:
    mine = ContactPoint.objects.filter(user=user).exclude(address_index="").values("address_index")
    return ContactPoint.objects.filter(address_index__in=mine).order_by().values_list("user")


class _Closed(NamedTuple):
    """Who is closed to a coordinator at the desk: `namers` have them on their list; `own` are their accounts as a host or
    an arrival, whichever of them they have signed in with.
    """

    namers: frozenset[int]
    own: frozenset[int]


def _closed_to(user: User) -> _Closed:
    # Kept with the user who was read for this request, as the places are: a query for each row of a page would be too many.
    closed: _Closed | None = user.__dict__.get("_closed")
    if closed is None:
        same = Q(user=user) | Q(user__in=_sharing_a_contact(user))
        merged = Q(merged_into__user=user) | Q(merged__user=user)
        lists = who_must_not_meet(user).annotate(mine=Value(False)).values_list("by", "mine")
        hosts, arrivals = Host.objects.filter(same | merged), Arrival.objects.filter(same)
        own = [rows.order_by().annotate(mine=Value(True)).values_list("user", "mine") for rows in (hosts, arrivals)]
        found = list(lists.union(*own))
        closed = user.__dict__["_closed"] = _Closed(
            frozenset(pk for pk, mine in found if not mine), frozenset(pk for pk, mine in found if mine)
        )
    return closed


def _not_of(persons: frozenset[int], *lookups: str) -> Q:
    """Return the condition that none of the users at these lookups is one of `persons`."""
    others = Q()
    # Nearly always there are none. Then no query of the desk joins a table because of them.
    if persons:
        for lookup in lookups:
            others &= ~Q(**{f"{lookup}__in": persons})
    return others


def not_on_lists(user: User, *lookups: str) -> Q:
    """Return the condition that none of the users at these lookups has `user` on their list."""
    return _not_of(_closed_to(user).namers, *lookups)


def not_closed(user: User) -> Q:
    """Return the condition for matches to which `user` is no party, by any account, and on neither side's list."""
    closed = _closed_to(user)
    return _not_of(closed.namers | closed.own, *_BOTH)


def _either(own: Q, at_desk: Q) -> Q:
    """Return the condition that one of the two holds. `at_desk` without a condition holds for every row."""
    return own | at_desk if at_desk else at_desk


def is_on_a_list_of(user: User, *persons: int) -> bool:
    """Return whether any of these persons (ids of users) has `user` on their list."""
    return not _closed_to(user).namers.isdisjoint(persons)


def is_closed_to(user: User, *persons: int) -> bool:
    """Return whether any of these persons (ids of users) is `user`, by any account, or has `user` on their list."""
    closed = _closed_to(user)
    return not (closed.namers | closed.own).isdisjoint(persons)


def keeps_out_of(user: User, *persons: int) -> bool:
    """Return whether coordinator `user` has no part at the desk in what concerns any of these persons: see `kept_out`."""
    return user.pk in persons or is_closed_to(user, *persons) or bool(kept_out(user, persons))


def kept_out(user: User, persons: Collection[int]) -> set[int]:
    """Return those of these persons (ids of users) in whose case coordinator `user` has no part at the desk.

    It is themself, by any of their accounts; or the person's list names them; or a match joins the two. A proposal of which
    nobody was told, and which has ended, joins nobody: to be refused because of it would tell that it was there.
    """
    joins = Q(status__in=sorted(HOLDS_BEDS)) | Q(approved_by__isnull=False) | Q(incidents__isnull=False)
    joined = _matches_of_party(user).filter(joins).order_by().values_list("space__host__user", "request__arrival__user")
    closed = _closed_to(user)
    return set(persons) & {user.pk, *closed.namers, *closed.own, *(person for both in joined for person in both)}


def _matches_in_places_of(coordinator: Coordinator) -> Q:
    # This is `covers_match` in a query.
    if coordinator.all_places:
        return Q()
    places = coordinator.places.all()
    return Q(request__place__in=places) | Q(space__place__in=places)


def sees_all_places(user: User) -> bool:
    """Return whether `user` is a coordinator or auditor of every place."""
    coordinator = desk_of(user)
    return coordinator is not None and coordinator.all_places


def spaces_visible_to(user: User) -> QuerySet[Space]:
    """Return the spaces that `user` may see, all but the address: their own, and at the desk those in their places."""
    own = Q(host__user=user)
    if coordinator := desk_of(user):
        own = _either(own, _places_of(coordinator) & not_on_lists(user, "host__user"))
    return Space.objects.filter(own)


def requests_visible_to(user: User) -> QuerySet[ShelterRequest]:
    """Return the shelter requests that `user` may see: their own, and at the desk those in their places."""
    own = Q(arrival__user=user)
    if coordinator := desk_of(user):
        own = _either(own, _places_of(coordinator) & not_on_lists(user, "arrival__user"))
    return ShelterRequest.objects.filter(own)


def hosts_visible_to(user: User) -> QuerySet[Host]:
    """Return the hosts that a coordinator or auditor may see: with a space in their places, or with no space yet."""
    coordinator = desk_of(user)
    if coordinator is None:
        return Host.objects.none()
    hosts = Host.objects.filter(not_on_lists(user, "user"))
    if coordinator.all_places:
        return hosts
    places, merged = coordinator.places.all(), Q(status=Host.Status.MERGED)
    theirs = Q(spaces__place__in=places) | Q(merged_into__spaces__place__in=places)
    return hosts.filter(theirs | Q(spaces=None) & ~merged).distinct()


def matches_visible_to(user: User) -> QuerySet[Match]:
    """Return the matches that `user` may see.

    Only coordinators see a proposal. Host and arrival see a match from its approval on, and never one that was not
    approved.
    """
    # A high-risk match is approved by the second of two approvals; one with the first alone may have ended since.
    approved = Q(approved_by__isnull=False) & (Q(high_risk=False) | Q(also_approved_by__isnull=False))
    mine = approved & (Q(space__host__user=user) | Q(request__arrival__user=user))
    if coordinator := desk_of(user):
        mine = _either(mine, _matches_in_places_of(coordinator) & not_closed(user))
    return Match.objects.filter(mine)


def proposals_visible_to(user: User) -> QuerySet[Match]:
    """Return the proposals that `user` may see: the same as `matches_visible_to`, for a queue of ten thousand.

    Host and arrival see no proposal, and a coordinator sees none of their own, whichever account of theirs it is with.
    """
    coordinator = desk_of(user)
    if coordinator is None:
        return Match.objects.none()
    proposed = Match.objects.filter(not_closed(user), status=Status.PROPOSED)
    return proposed.filter(_matches_in_places_of(coordinator))


def sheets_visible_to(user: User) -> QuerySet[SheetImport]:
    """Return the imported sheets that `user` may see: their own, and those with a row in one of their places.

    In somebody else's sheet they see the rows of their own places only: see `sheet_rows_visible_to`.
    """
    coordinator = desk_of(user)
    if coordinator is None:
        return SheetImport.objects.none()
    if coordinator.all_places:
        return SheetImport.objects.all()
    theirs = SheetImportRow.objects.filter(sheet=OuterRef("pk"), place__in=coordinator.places.all())
    return SheetImport.objects.filter(Q(by=user) | Exists(theirs))


def sheet_rows_visible_to(user: User, sheet: SheetImport) -> QuerySet[SheetImportRow]:
    """Return the rows of a sheet that `user` may see: every row of their own sheet, else the rows in their places.

    A row that could not be read has no place: only the person who brought the sheet sees it, and puts it right. Nobody sees
    the row of a person who must not meet them.
    """
    coordinator = desk_of(user)
    if coordinator is None:
        return SheetImportRow.objects.none()
    rows = sheet.rows.all()
    if namers := _closed_to(user).namers:
        spaces = Space.objects.filter(host__user__in=namers).values("pk")
        requests = ShelterRequest.objects.filter(arrival__user__in=namers).values("pk")
        rows = rows.filter(Q(object_id=None) | ~Q(object_id__in=spaces) & ~Q(object_id__in=requests))
    if coordinator.all_places or sheet.by_id == user.pk:
        return rows
    return rows.filter(place__in=coordinator.places.all())


def undelivered_to_people_of(user: User) -> QuerySet[Delivery]:
    """Return the deliveries that failed for good, to people in `user`'s places or to `user`."""
    coordinator = desk_of(user)
    if coordinator is None:
        return Delivery.objects.none()
    undelivered = outbox.undelivered().filter(not_on_lists(user, "notification__recipient"))
    if coordinator.all_places:
        return undelivered
    recipient = OuterRef("notification__recipient")
    return undelivered.filter(
        Exists(requests_visible_to(user).filter(arrival__user=recipient))
        | Exists(hosts_visible_to(user).filter(user=recipient))
        | Q(notification__recipient=user)
    )


def incidents_visible_to(user: User) -> QuerySet[Incident]:
    """Return the incidents that `user` may see at the desk: of matches in their places, and those they were paged about.

    Who is party to a match sees none of its incidents. An auditor sees the incidents of their places.
    """
    coordinator = desk_of(user)
    if coordinator is None:
        return Incident.objects.none()
    seen = Incident.objects.filter(not_on_lists(user, *(f"match__{person}" for person in _BOTH)))
    if not coordinator.all_places:
        places = coordinator.places.all()
        paged = IncidentPage.objects.filter(incident=OuterRef("pk"), recipient=user)
        seen = seen.filter(Q(match__request__place__in=places) | Q(match__space__place__in=places) | Exists(paged))
    return seen.exclude(match__in=_matches_of_party(user).values("pk"))


def matches_at_desk_of(user: User) -> QuerySet[Match]:
    """Return the matches that `user` may see at the desk, which are none to which they are party themselves.

    The desk's pages of a match tell of a report at its moment. So who is party sees their match on the pages of arrivals and
    hosts only, before a report as after it.
    """
    return matches_visible_to(user).exclude(pk__in=_matches_of_party(user).values("pk"))


def _matches_of_party(user: User) -> QuerySet[Match]:
    """Return the matches to which `user` is party, by any account that is theirs as far as the rows say.

    Theirs is this account, one it was merged with, and one that has a contact of theirs.
    """
    same = Q(user=user) | Q(user__in=with_a_contact_of([user.pk]).values("user"))
    hosts = Host.objects.filter(same)
    return Match.objects.filter(
        Q(space__host__in=hosts)
        | Q(space__host__merged__in=hosts)
        | Q(space__host__merged_into__in=hosts)
        | Q(request__arrival__in=Arrival.objects.filter(same))
    )


def role_in(match: Match, user: User | None) -> Role | None:
    """Return the role in which `user` acts on this match, None for a stranger. A `user` of None is the worker.

    A coordinator who is also the host or the arrival of the match acts as that, never as its coordinator; where they are it
    by another account, they act by that one.
    """
    if user is None:
        return Role.WORKER
    if match.space.host.user_id == user.pk:
        return Role.HOST
    if match.request.arrival.user_id == user.pk:
        return Role.ARRIVAL
    persons = [match.space.host.user_id, match.request.arrival.user_id]
    if covers_match(user, match) and not is_closed_to(user, *persons):
        return Role.COORDINATOR
    return None


def acts_open(match: Match, user: User, at: datetime) -> list[Act]:
    """Return the acts that are open to `user` now, in the order in which a page shows them; none for a stranger."""
    role = role_in(match, user)
    if role is None:
        return []
    unsayable = _unsayable(match, at)
    acts = [act for act in acts_open_to(role, Status(match.status)) if act not in unsayable]
    stamp = {Role.HOST: match.host_accepted_at, Role.ARRIVAL: match.arrival_accepted_at}
    if match.status == Status.APPROVED and role in stamp and stamp[role] is None:
        acts.insert(0, Act.ACCEPT)
    known = hindrances.known_hindrance(match, role)
    if known:
        acts = [act for act in acts if act not in FORWARD]
    if match.frozen_at is not None and role is Role.COORDINATOR and not _is_held(match):
        acts.append(Act.UNFREEZE)
    if not isinstance(known, Frozen):
        acts.append(Act.FREEZE)
    return acts


def _unsayable(match: Match, at: datetime) -> set[Act]:
    """Return the acts that the dates of a match forbid at this moment; `transitions` refuses them too."""
    acts = set()
    if local_date(at) < match.first_night:
        acts.add(Act.CHECK_IN)
    if at < evening_of(match.first_night):
        acts.add(Act.NO_SHOW)
    said = {Status.CHECKED_IN: Act.CHECK_IN, Status.NO_SHOW: Act.NO_SHOW}.get(Status(match.status))
    if said and not match.events.filter(act=said, at__gte=at - TIME_TO_TAKE_BACK).exists():
        acts.add(TAKEN_BACK_BY[said])
    return acts


def has_reported(match: Match, role: Role) -> bool:
    """Return whether this side said, here or to a coordinator, that it does not feel safe."""
    said = match.events.filter(act=Act.FREEZE, reason=REASON_NOT_SAFE)
    return said.filter(Q(role=role) | Q(told_by=role)).exists()


def _is_held(match: Match) -> bool:
    """Return whether an incident about `match` is open and two coordinators have not agreed that the match goes on."""
    return match.incidents.filter(closed_at=None, go_on_agreed_by=None).exists()


def history_visible_to(match: Match, role: Role | None) -> QuerySet[MatchEvent]:
    """Return the lines of history of `match` that `role` may see, oldest first.

    Host and arrival see neither that the other one did not feel safe nor what coordinators did about it.
    """
    if role is Role.COORDINATOR:
        return match.events.all()
    return match.events.exclude(~Q(role=role) & Q(act__in=[Act.FREEZE, Act.UNFREEZE, Act.FIRST_APPROVAL]))


def may_act_for(user: User, row: ShelterRequest | Space) -> bool:
    """Return whether `user` may change this shelter request or space: it is their own, or lies in a place they coordinate.

    Read the request with its `arrival`, the space with its `host`.
    """
    person = row.arrival if isinstance(row, ShelterRequest) else row.host
    return may_speak_for(user, person, row.place_id)


def may_speak_for(user: User, person: Arrival | Host, place_id: int | None) -> bool:
    """Return whether `user` may enter something new for this arrival or host.

    It is they; or `user` coordinates the place and does not keep out of what concerns them (`keeps_out_of`).
    """
    if person.user_id == user.pk:
        return True
    return covers(user, place_id) and not keeps_out_of(user, person.user_id)


def covers(user: User, place_id: int | None) -> bool:
    """Return whether `user` is a coordinator for this place (None: a point far from every known place)."""
    coordinator = coordinator_of(user)
    if coordinator is None:
        return False
    # Read from what was prefetched: a query for each row of a page would be too many.
    return coordinator.all_places or place_id in {place.pk for place in coordinator.places.all()}


class InAPlace(Protocol):
    """A request or a space, as a row or as the columns of one: it lies in a place, or far from every known place (None)."""

    @property
    def place_id(self) -> int | None: ...


class Joining(Protocol):
    """A request and a space that a match joins, or that a proposal would join."""

    @property
    def request(self) -> InAPlace: ...
    @property
    def space(self) -> InAPlace: ...


def covers_match(user: User, match: Joining) -> bool:
    """Return whether `user` is a coordinator for the place of the request or of the space.

    Read a match with its `request` and its `space`.
    """
    return covers(user, match.request.place_id) or covers(user, match.space.place_id)


def coordinators_for(place_ids: Collection[int | None]) -> QuerySet[User]:
    """Return the users who coordinate any of these places, without auditors: messages are for those who can act."""
    return (
        User.objects.filter(is_active=True, coordinator__isnull=False)
        .exclude(coordinator__role=Coordinator.Role.AUDITOR)
        .filter(Q(coordinator__all_places=True) | Q(coordinator__places__in=[pk for pk in place_ids if pk]))
        .distinct()
        .order_by("pk")
    )


def coordinators_told_of(place_ids: Collection[int | None], *persons: int) -> QuerySet[User]:
    """Return those of `coordinators_for` who may hear of these persons (ids of users): nobody on the list of one of them."""
    named = MustNotMeetFound.objects.filter(entry__by__in=persons, entry__taken_back_at=None).values("user")
    theirs = ContactPoint.objects.filter(user__in=named).exclude(address_index="").values("address_index")
    same = ContactPoint.objects.filter(address_index__in=theirs).values("user")
    return coordinators_for(place_ids).exclude(Q(pk__in=named) | Q(pk__in=same))


# -- requests -------------------------------------------------------------------------------------


class Wanting(Protocol):
    """The nights that a household asks for: a shelter request, or the columns of one."""

    @property
    def people(self) -> int: ...
    @property
    def first_night(self) -> date: ...
    @property
    def last_day(self) -> date: ...


class Holding(Protocol):
    """The nights that a match holds: a match, or the columns of one."""

    @property
    def people(self) -> int: ...
    @property
    def first_night(self) -> date: ...
    @property
    def last_day(self) -> date: ...


def uncovered(request: ShelterRequest, today: date) -> list[tuple[date, date]]:
    """Return the runs of nights `[first_night, last_day)` that are still wanted from `today` on, in order.

    Nights under a live, completed or no-show match are not wanted again. Two legs side by side cover a night only
    when they hold the whole household together.
    """
    return runs_wanted(request, [match for match in request.matches.all() if uses_nights(match)], today)


def uses_nights(match: Match) -> bool:
    """Return whether the request does not want the nights of this match again. A frozen match leaves them wanted."""
    return match.status in SPENT and match.frozen_at is None


def runs_wanted(asked: Wanting, spent: Collection[Holding], today: date) -> list[tuple[date, date]]:
    """Like `uncovered`, for callers that have already read the matches.

    `spent` are the matches whose nights count: live, completed or no-show.
    """
    night = max(asked.first_night, today)
    if not spent:
        return [(night, asked.last_day)] if night < asked.last_day else []
    runs: list[tuple[date, date]] = []
    while night < asked.last_day:
        held = sum(match.people for match in spent if match.first_night <= night < match.last_day)
        if held < asked.people:
            if runs and runs[-1][1] == night:
                runs[-1] = (runs[-1][0], night + timedelta(days=1))
            else:
                runs.append((night, night + timedelta(days=1)))
        night += timedelta(days=1)
    return runs


def state_of(request: ShelterRequest, today: date, *, to_arrival: bool = False) -> RequestState:
    """Return the state of a request, which follows from its matches (prefetch `matches` for many).

    `to_arrival`: as its arrival may know it, who does not hear at once that their host did not feel safe.
    """
    if request.withdrawn_at is not None:
        return RequestState.WITHDRAWN
    counted = [
        match
        for match in request.matches.all()
        if uses_nights(match) or (to_arrival and match.status in SPENT and match.quiet_for == Role.ARRIVAL)
    ]
    wanted = runs_wanted(request, counted, today)
    if counted and not wanted:
        return RequestState.MET
    if request.last_day <= today:
        return RequestState.LAPSED
    return RequestState.PARTLY_MET if counted else RequestState.OPEN


def live_requests(today: date) -> QuerySet[ShelterRequest]:
    """Return the requests that are neither withdrawn nor over."""
    return ShelterRequest.objects.filter(withdrawn_at=None, first_night__gt=today - timedelta(days=LONGEST_STAY))


def open_requests(today: date) -> QuerySet[ShelterRequest]:
    """Return the requests that have a night, from `today` on, which live and spent matches do not hold for everybody.

    The database compares the person-nights wanted with the person-nights held, which is exact as long as no match holds
    more people than the household has.
    """
    last_day = ExpressionWrapper(F("first_night") + F("nights"), output_field=DateField())
    from_now = Greatest(F("first_night"), Value(today))
    nights_held = Least(F("last_day"), OuterRef("over")) - Greatest(F("first_night"), OuterRef("from_now"))
    held = (
        Match.objects.filter(request=OuterRef("pk"), status__in=sorted(SPENT), frozen_at=None)
        .filter(last_day__gt=OuterRef("from_now"), first_night__lt=OuterRef("over"))
        .order_by()
        .values("request")
        .annotate(held=Sum(ExpressionWrapper(nights_held * F("people"), output_field=DurationField())))
        .values("held")
    )
    wanted = ExpressionWrapper((F("over") - F("from_now")) * F("people"), output_field=DurationField())
    live = ShelterRequest.objects.filter(withdrawn_at=None).annotate(over=last_day, from_now=from_now)
    counted = live.filter(over__gt=today).annotate(wanted=wanted, held=Coalesce(Subquery(held), Value(timedelta(0))))
    return counted.filter(wanted__gt=F("held"))


def for_people_only() -> Q:
    """Return the condition for requests that the worker never places: of children alone, and those handed to the desk."""
    return Q(children=F("people")) | Q(desk_since__isnull=False)


# -- places ---------------------------------------------------------------------------------------


def places_visible_to(user: User) -> QuerySet[Place]:
    """Return the places whose figures `user` may see at the desk."""
    coordinator = desk_of(user)
    if coordinator is None:
        return Place.objects.none()
    return Place.objects.all() if coordinator.all_places else coordinator.places.all()


# -- matches --------------------------------------------------------------------------------------


def with_everyone(matches: QuerySet[Match]) -> QuerySet[Match]:
    """Load each match with the people, places and rows that a page about it names."""
    return matches.select_related(
        "request__arrival__user", "request__place", "space__host__user", "space__place", "approved_by"
    )


def held_in(space: Space) -> QuerySet[Match]:
    """Return the matches that hold beds of `space`."""
    return Match.objects.filter(space=space, status__in=sorted(HOLDS_BEDS)).order_by("first_night")


def apart_pairs(request_ids: Iterable[object]) -> set[tuple[UUID, UUID]]:
    """Return the (request, space) pairs of these requests whose persons must not meet.

    The space is of a host who is kept apart from the arrival, or an arrival who is stays there on nights of the request.
    """
    return set(read(APART_OF_REQUESTS, {"ids": [UUID(str(pk)) for pk in request_ids]}))


def others_with_host(match: Match) -> QuerySet[Match]:
    """Return the other agreed or begun matches of this match's host: the people to look at when one did not feel safe."""
    others = Match.objects.filter(space__host=match.space.host_id, status__in=sorted(HOLDS_BEDS - {Status.PROPOSED}))
    return others.exclude(pk=match.pk).order_by("first_night", "pk")


def declined_pairs(request_ids: Iterable[object] | None = None) -> QuerySet[Match]:
    """Return the declined matches, of these requests or of all: their (request, space) pairs are not proposed again."""
    declined = Match.objects.filter(status=Status.DECLINED)
    return declined if request_ids is None else declined.filter(request__in=list(request_ids))


def overdue(at: datetime) -> QuerySet[Match]:
    """Return the matches that wait for a decision or an answer past its time, oldest first.

    Not overdue are frozen matches, which wait for a coordinator, and decided ones, whose decision is about to go out. A
    frozen proposal runs out like any other: nobody has been promised anything, and its beds are wanted.
    """
    waiting = [Status.PROPOSED, Status.APPROVED]
    decided = PendingDecision.objects.filter(match=OuterRef("pk"), refusal="")
    free = Q(frozen_at=None) | Q(status=Status.PROPOSED)
    overdue = Match.objects.filter(~Exists(decided), free, status__in=waiting, due_at__lte=at)
    return overdue.order_by("due_at")


def stays_over(today: date) -> QuerySet[Match]:
    """Return the checked-in matches whose last day has come."""
    return Match.objects.filter(status=Status.CHECKED_IN, last_day__lte=today, frozen_at=None).order_by("last_day")


def live_outside(request: ShelterRequest) -> QuerySet[Match]:
    """Return the live matches of `request` with a night it does not ask for, but frozen stays, in the order of their spaces."""
    live = Match.objects.filter(request=request, status__in=sorted(HOLDS_BEDS))
    live = live.exclude(status=Status.CHECKED_IN, frozen_at__isnull=False)
    outside = Q(first_night__lt=request.first_night) | Q(last_day__gt=request.last_day)
    return live.filter(outside).order_by("space_id", "pk")


def next_leg(request: ShelterRequest) -> int:
    """Return the number of the first leg of `request` that has no live match."""
    taken = {match.leg for match in request.matches.all() if match.holds_beds}
    return next(leg for leg in range(1, len(taken) + 2) if leg not in taken)


# -- places ---------------------------------------------------------------------------------------


def places_with_most_room(limit: int) -> list[Place]:
    """Return the places with the most listed spaces of vetted hosts; then, up to `limit`, the home country's largest towns."""
    open_ = Space.objects.filter(place__isnull=False, status=Space.Status.LISTED, host__status=Host.Status.VETTED)
    counted = (
        open_.filter(place__closed_at=None)
        .values_list("place")
        .annotate(number=Count("pk"))
        .order_by("-number", "place")[:limit]
    )
    ids = [pk for pk, _number in counted]
    rows = Place.objects.in_bulk(ids)
    largest = open_places().filter(country=HOME_REGION).exclude(pk__in=ids).order_by("-population", "name")
    return [rows[pk] for pk in ids] + list(largest[: limit - len(ids)])


# -- keys of sheets and forms -----------------------------------------------------------------------


def called(keys: Collection[str]) -> Q:
    """Return the condition for spaces or requests that a sheet or a form gave one of these keys.

    The keys are encrypted, since people make them up, so rows are found by an index.
    """
    return Q(external_index__in=[index for key in keys if key for index in blind_indexes(key)])


# -- hosts ----------------------------------------------------------------------------------------


def stays_that_count(today: date) -> QuerySet[Match]:
    """Return the stays by which a host has hosted: ended well, confirmed by the arrival, the last night before `today`.

    The arrival confirmed a stay by noting its beginning or its end. A host alone could note both on the first day. An arrival
    with a contact of the host's is perhaps the host, under a case that they opened themself.
    """
    confirmed = MatchEvent.objects.filter(match=OuterRef("pk"), role=Role.ARRIVAL, act__in=[Act.CHECK_IN, Act.COMPLETE])
    of_arrival = ContactPoint.objects.filter(user=OuterRef(OuterRef("request__arrival__user"))).exclude(
        address_index=""
    )
    shared = ContactPoint.objects.filter(
        user=OuterRef("space__host__user"), address_index__in=of_arrival.values("address_index")
    )
    return Match.objects.filter(Exists(confirmed), ~Exists(shared), status=Status.COMPLETED, last_day__lte=today)


def complaints() -> QuerySet[MatchEvent]:
    """Return the lines of history by which an arrival did not feel safe, by whatever door and for whatever act.

    A coordinator's own worry counts as well; a host's does not, for it is about the household.
    """
    of_desk = Q(act=Act.FREEZE, role=Role.COORDINATOR) & ~Q(told_by=Role.HOST)
    return MatchEvent.objects.filter(Q(role=Role.ARRIVAL) | of_desk, reason=REASON_NOT_SAFE)


def records_of(host_ids: Collection[int], today: date) -> dict[int, HostRecord]:
    """Return, for each host, the facts that bear on risk: in two queries, without objects of the ORM."""
    hosts = Host.objects.filter(pk__in=host_ids).annotate(
        has_hosted=Exists(stays_that_count(today).filter(space__host=OuterRef("pk"))),
        complaint=Exists(complaints().filter(match__space__host=OuterRef("pk"))),
    )
    complete = vetting.with_every_check(host_ids, today)
    return {
        pk: HostRecord(has_hosted=has_hosted, check_overdue=pk not in complete, complaint=complaint)
        for pk, has_hosted, complaint in hosts.values_list("pk", "has_hosted", "complaint")
    }
