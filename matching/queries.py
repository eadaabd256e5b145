"""Every read worth a name: what is open, what is free, who may see what."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import date, datetime, timedelta

from django.conf import settings
from django.db.models import Exists, F, OuterRef, Q, QuerySet

from accounts.models import Coordinator, Host, HostCheck, User
from matching.models import Match, MatchEvent, ShelterRequest, Space
from matching.risks import HostRecord
from matching.states import HOLDS_BEDS, Act, RequestState, Role, Status, acts_open_to

SPENT = HOLDS_BEDS | {Status.COMPLETED, Status.NO_SHOW}
"""Nights of a request under such a match are not matched again."""


# -- who may see what -----------------------------------------------------------------------------


def coordinator_of(user: User) -> Coordinator | None:
    """Return the coordinator `user` is, or None; one who left (`is_active` false) is none."""
    return getattr(user, "coordinator", None) if user.is_active else None


def _places_of(coordinator: Coordinator) -> Q:
    return Q() if coordinator.all_places else Q(place__in=coordinator.places.all())


def spaces_visible_to(user: User) -> QuerySet[Space]:
    """Return the spaces whose every field but the address `user` may see: their own, or those in their places."""
    own = Q(host__user=user)
    if coordinator := coordinator_of(user):
        own |= _places_of(coordinator)
        if coordinator.all_places:
            return Space.objects.all()
    return Space.objects.filter(own)


def requests_visible_to(user: User) -> QuerySet[ShelterRequest]:
    """Return the shelter requests `user` may see: their own, or those in their places."""
    own = Q(arrival__user=user)
    if coordinator := coordinator_of(user):
        own |= _places_of(coordinator)
        if coordinator.all_places:
            return ShelterRequest.objects.all()
    return ShelterRequest.objects.filter(own)


def hosts_visible_to(user: User) -> QuerySet[Host]:
    """Return the hosts a coordinator may see: those with a space in their places, and those with no space yet."""
    coordinator = coordinator_of(user)
    if coordinator is None:
        return Host.objects.none()
    if coordinator.all_places:
        return Host.objects.all()
    return Host.objects.filter(Q(spaces__place__in=coordinator.places.all()) | Q(spaces=None)).distinct()


def matches_visible_to(user: User) -> QuerySet[Match]:
    """Return the matches `user` may see.

    A proposal is the coordinators' alone: host and arrival hear of a match when it is approved, and
    never of one that was not.
    """
    # Of a high-risk one the first approval is not yet the approval, whatever became of it afterwards.
    approved = Q(approved_by__isnull=False) & (Q(high_risk=False) | Q(also_approved_by__isnull=False))
    mine = approved & (Q(space__host__user=user) | Q(request__arrival__user=user))
    if coordinator := coordinator_of(user):
        if coordinator.all_places:
            return Match.objects.all()
        places = coordinator.places.all()
        mine |= Q(request__place__in=places) | Q(space__place__in=places)
    return Match.objects.filter(mine)


def role_in(match: Match, user: User | None) -> Role | None:
    """Return whose hand `user` is in this match (None for the worker itself), or None for a stranger.

    A coordinator who is also the host or the arrival of the match acts as that, never as its coordinator.
    """
    if user is None:
        return Role.WORKER
    if match.space.host.user_id == user.pk:
        return Role.HOST
    if match.request.arrival.user_id == user.pk:
        return Role.ARRIVAL
    if covers(user, match.request.place_id) or covers(user, match.space.place_id):
        return Role.COORDINATOR
    return None


def acts_open(match: Match, user: User) -> list[Act]:
    """Return what `user` may do to the match now, in the order a page shows it; nothing for a stranger."""
    role = role_in(match, user)
    if role is None:
        return []
    acts = list(acts_open_to(role, Status(match.status)))
    if match.frozen_at is not None:
        if role is not Role.COORDINATOR:
            return []
        acts.append(Act.UNFREEZE)
    stamp = {Role.HOST: match.host_accepted_at, Role.ARRIVAL: match.arrival_accepted_at}
    if match.status == Status.APPROVED and role in stamp and stamp[role] is None:
        acts.insert(0, Act.ACCEPT)
    if match.frozen_at is None and role in stamp:
        acts.append(Act.FREEZE)
    return acts


def history_visible_to(match: Match, role: Role | None) -> QuerySet[MatchEvent]:
    """Return the history of `match` as `role` may see it, oldest first.

    Host and arrival never see that the other one did not feel safe, nor what coordinators did about it.
    """
    if role is Role.COORDINATOR:
        return match.events.all()
    return match.events.exclude(~Q(role=role) & Q(act__in=[Act.FREEZE, Act.UNFREEZE, Act.FIRST_APPROVAL]))


def covers(user: User, place_id: int | None) -> bool:
    """Return whether `user` is a coordinator for this place (None: a point far from every known place)."""
    coordinator = coordinator_of(user)
    if coordinator is None:
        return False
    # Not by a query of its own: whoever asks for many rows has prefetched the places.
    return coordinator.all_places or place_id in {place.pk for place in coordinator.places.all()}


def coordinators_for(place_ids: Collection[int | None]) -> QuerySet[User]:
    """Return the users who coordinate any of these places."""
    return (
        User.objects.filter(is_active=True, coordinator__isnull=False)
        .filter(Q(coordinator__all_places=True) | Q(coordinator__places__in=[pk for pk in place_ids if pk]))
        .distinct()
        .order_by("pk")
    )


# -- requests -------------------------------------------------------------------------------------


def uncovered(request: ShelterRequest, today: date) -> list[tuple[date, date]]:
    """Return the runs of nights `[first_night, last_day)` still wanted from `today` on, in order.

    Nights under a live, completed or no-show match are not wanted again. A split covers a night only
    when its legs together hold the whole household.
    """
    spent = [match for match in request.matches.all() if match.status in SPENT]
    runs: list[tuple[date, date]] = []
    night = max(request.first_night, today)
    while night < request.last_day:
        held = sum(match.people for match in spent if match.covers(night))
        if held < request.people:
            if runs and runs[-1][1] == night:
                runs[-1] = (runs[-1][0], night + timedelta(days=1))
            else:
                runs.append((night, night + timedelta(days=1)))
        night += timedelta(days=1)
    return runs


def state_of(request: ShelterRequest, today: date) -> RequestState:
    """Derive what a request is from its matches (prefetch `matches` for many)."""
    if request.withdrawn_at is not None:
        return RequestState.WITHDRAWN
    counted = [match for match in request.matches.all() if match.status in SPENT]
    wanted = uncovered(request, today)
    if counted and not wanted:
        return RequestState.MET
    if request.last_day <= today:
        return RequestState.LAPSED
    return RequestState.PARTLY_MET if counted else RequestState.OPEN


def live_requests(today: date) -> QuerySet[ShelterRequest]:
    """Return the requests that are neither withdrawn nor over."""
    return ShelterRequest.objects.filter(withdrawn_at=None, first_night__gt=today - timedelta(days=730))


def desk_requests() -> QuerySet[ShelterRequest]:
    """Return the requests only people may match: children without an adult, live match or not."""
    return ShelterRequest.objects.filter(withdrawn_at=None, children=F("people"))


# -- matches --------------------------------------------------------------------------------------


def with_everyone(matches: QuerySet[Match]) -> QuerySet[Match]:
    """Load with each match whoever and whatever a page about it names."""
    return matches.select_related(
        "request__arrival__user", "request__place", "space__host__user", "space__place", "approved_by"
    )


def queue(user: User) -> QuerySet[Match]:
    """Return the proposals that wait for `user`'s decision, in the order they matter: soonest, most urgent, longest waiting."""
    visible = matches_visible_to(user).filter(status=Status.PROPOSED)
    return with_everyone(visible).order_by("first_night", "-request__urgency", "request__registered_at", "pk")


def held_in(space: Space) -> QuerySet[Match]:
    """Return the matches that hold beds of `space`."""
    return Match.objects.filter(space=space, status__in=sorted(HOLDS_BEDS)).order_by("first_night")


def declined_pairs(request_ids: Iterable[object] | None = None) -> QuerySet[Match]:
    """Return the declined matches: their (request, space) pairs are not proposed again."""
    declined = Match.objects.filter(status=Status.DECLINED)
    return declined if request_ids is None else declined.filter(request__in=list(request_ids))


def overdue(at: datetime) -> QuerySet[Match]:
    """Return the matches whose decision or answer is overdue, oldest first; frozen ones wait for a coordinator."""
    waiting = [Status.PROPOSED, Status.APPROVED]
    return Match.objects.filter(status__in=waiting, due_at__lte=at, frozen_at=None).order_by("due_at")


def stays_over(today: date) -> QuerySet[Match]:
    """Return the checked-in matches whose last day has come."""
    return Match.objects.filter(status=Status.CHECKED_IN, last_day__lte=today, frozen_at=None).order_by("last_day")


def next_leg(request: ShelterRequest) -> int:
    """Return the number of the first leg of `request` that has no live match."""
    taken = {match.leg for match in request.matches.all() if match.holds_beds}
    return next(leg for leg in range(1, len(taken) + 2) if leg not in taken)


# -- hosts ----------------------------------------------------------------------------------------


def records_of(host_ids: Collection[int], today: date) -> dict[int, HostRecord]:
    """Return what bears on risk for each host, in two queries whatever their number."""
    of_host = Match.objects.filter(space__host=OuterRef("pk"))
    hosts = Host.objects.filter(pk__in=host_ids).annotate(
        has_hosted=Exists(of_host.filter(status=Status.COMPLETED)),
        complaint=Exists(
            MatchEvent.objects.filter(match__space__host=OuterRef("pk"), act=Act.FREEZE, role=Role.ARRIVAL)
        ),
    )
    valid: dict[int, set[str]] = {}
    for host_id, kind in HostCheck.objects.filter(
        host__in=host_ids, passed=True, valid_until__gte=today, kind__in=settings.REQUIRED_CHECKS
    ).values_list("host_id", "kind"):
        valid.setdefault(host_id, set()).add(kind)
    return {
        host.pk: HostRecord(
            has_hosted=host.has_hosted,
            check_overdue=valid.get(host.pk, set()) != set(settings.REQUIRED_CHECKS),
            complaint=host.complaint,
        )
        for host in hosts
    }
