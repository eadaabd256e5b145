"""Erasing a person: what is live ends first, then every table loses what it holds of them, in one transaction.

Who asks is the person on their own page, or a coordinator whom they asked. docs/decisions/0063-erasure.md gives the reasons.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db.models import Q, QuerySet

from accounts import coordinators
from accounts.models import Coordinator, CoordinatorEvent, Host, User
from matching import intake, queries, transitions, waiting
from matching.deadlines import local_date
from matching.models import Incident, IncidentReport, Match, PairVerdict, ShelterRequest, Space, WaitingChange
from matching.refusals import ErasureWaits, NotYours, one_act
from matching.states import HOLDS_BEDS, Status
from notifications.models import ContactPoint
from privacy import erasures, kept
from privacy.models import PersonErasure

HowAsked = PersonErasure.HowAsked


def erase_person(user_id: int, *, by: User, at: datetime, how: str, despite_incident: bool = False) -> None:
    """Erase a person who asked for it, with the rows that coordinators merged with theirs.

    Requests are withdrawn, matches that have not begun end, spaces are withdrawn; the other sides are told. `how` is a
    PersonErasure.HowAsked. With `despite_incident` a lead decides so although an incident is open.
    Raises NotYours unless `by` is the person, a coordinator of their places, or for a coordinator another lead; and
    ErasureWaits while a stay goes on, an incident is open, the host is suspended or refused, or nobody else is a lead.
    """
    with one_act():
        people = _locked(_same_person(user_id))
        _check_asked_by(people, by)
        lead = by.pk not in {user.pk for user in people} and coordinators.rights_of(by).is_lead
        decided = _check_nothing_hinders(people, by, lead=lead, despite_incident=despite_incident and lead)
        _erase(people, by=by, at=at, stays_too=decided)
        PersonErasure.objects.create(about_id=user_id, by=by, how=how, at=at, despite_incident=decided)


def may_be_erased_by(user_id: int, by: User) -> bool:
    """Return whether `by` may erase this person, whatever hinders it now."""
    try:
        _check_asked_by(list(User.objects.filter(pk__in=_same_person(user_id))), by)
    except NotYours:
        return False
    return True


def hindrance(user_id: int, by: User) -> ErasureWaits | None:
    """Return the refusal that `erase_person` would raise now, or None."""
    people = list(User.objects.filter(pk__in=_same_person(user_id)))
    try:
        _check_nothing_hinders(people, by, lead=False, despite_incident=False)
    except ErasureWaits as refusal:
        return refusal
    return None


def erase_old(user_id: int, *, at: datetime) -> bool:
    """Erase a person whose clock has run out; return whether it was done. One with something live is left for later."""
    with one_act():
        people = _locked(_same_person(user_id))
        try:
            _check_nothing_hinders(people, None, lead=False, despite_incident=False)
        except ErasureWaits:
            return False
        _erase(people, by=None, at=at, stays_too=False)
        return True


def erase_again(user_id: int, *, at: datetime) -> bool:
    """Erase a person once more, after an older copy of the database was restored; return whether they were there.

    What the copy shows as live ends, stays among it: the person has left since.
    """
    with one_act():
        people = [user for user in _locked([user_id]) if user.erased_at is None]
        if people:
            _erase(people, by=None, at=at, stays_too=True)
        return bool(people)


# -- who may, and when --------------------------------------------------------------------------------


def _same_person(user_id: int) -> list[int]:
    """Return the ids of the users that coordinators merged into one person, this one among them."""
    found, new = {user_id}, {user_id}
    while new:
        hosts = Host.objects.filter(user__in=new)
        near = set(
            Host.objects.filter(Q(merged_into__in=hosts) | Q(merged__in=hosts)).values_list("user_id", flat=True)
        )
        requests = [str(pk) for pk in ShelterRequest.objects.filter(arrival__user__in=new).values_list("pk", flat=True)]
        pairs = PairVerdict.objects.filter(
            kind=PairVerdict.PairKind.REQUESTS, verdict=PairVerdict.Verdict.MERGED
        ).filter(Q(one__in=requests) | Q(other__in=requests))
        merged = {pk for pair in pairs.values_list("one", "other") for pk in pair}
        near |= set(ShelterRequest.objects.filter(pk__in=merged).values_list("arrival__user_id", flat=True))
        new = near - found
        found |= new
    return sorted(found)


def _locked(ids: Sequence[int]) -> list[User]:
    return list(User.objects.filter(pk__in=ids).order_by("pk").select_for_update(no_key=True))


def _check_asked_by(people: Iterable[User], by: User) -> None:
    ids = [user.pk for user in people]
    if by.pk in ids:
        return
    if Coordinator.objects.filter(user__in=ids).exists() or User.objects.filter(pk__in=ids, is_staff=True).exists():
        if not coordinators.rights_of(by).may_name:
            raise NotYours
        return
    if queries.coordinator_of(by) is None:
        raise NotYours
    requests = ShelterRequest.objects.filter(arrival__user__in=ids).select_related("arrival")
    rows: list[ShelterRequest | Space] = [*requests, *Space.objects.filter(host__user__in=ids).select_related("host")]
    if rows and not any(queries.may_act_for(by, row) for row in rows):
        raise NotYours


def _check_nothing_hinders(people: Sequence[User], by: User | None, *, lead: bool, despite_incident: bool) -> bool:
    """Raise ErasureWaits, or return whether a lead decides although an incident is open.

    That an incident is open is said to nobody but the one who reported it, and to coordinators who may see it.
    """
    ids = [user.pk for user in people]
    mine = Q(request__arrival__user__in=ids) | Q(space__host__user__in=ids)
    incidents = Incident.objects.filter(closed_at=None)
    own = incidents.filter(match__in=Match.objects.filter(mine).values("pk"))
    decided = despite_incident and own.exists()
    if own.exists() and not decided:
        raise _incident_first(own, ids, by)
    if incidents.filter(acknowledged_by__in=ids).exists():
        raise ErasureWaits("on_duty")
    if Match.objects.filter(mine, status=Status.CHECKED_IN).exists() and not decided:
        raise ErasureWaits("stay")
    judged = Host.objects.filter(user__in=ids, status__in=[Host.Status.SUSPENDED, Host.Status.REFUSED])
    if judged.exists() and not lead:
        raise ErasureWaits if by is None or by.pk in ids else ErasureWaits("lead_decides")
    leads = Coordinator.objects.filter(role=Coordinator.Role.LEAD, user__is_active=True)
    if leads.filter(user__in=ids).exists() and not leads.exclude(user__in=ids).exists():
        raise ErasureWaits("last_lead")
    return decided


def _incident_first(open_ones: QuerySet[Incident], ids: Sequence[int], by: User | None) -> ErasureWaits:
    """Return the refusal of an erasure while these incidents are open, in words that give no reporter away."""
    if by is None:
        return ErasureWaits()
    if by.pk not in ids:
        seen = queries.incidents_visible_to(by).filter(pk__in=open_ones.values("pk"))
        return ErasureWaits("lead_decides") if seen.count() == open_ones.count() else ErasureWaits()
    reported = IncidentReport.objects.filter(incident__in=open_ones.values("pk"), by__in=ids)
    by_others = open_ones.exclude(pk__in=reported.values("incident"))
    return ErasureWaits() if by_others.exists() else ErasureWaits("incident")


# -- the act ------------------------------------------------------------------------------------------


def _erase(people: Sequence[User], *, by: User | None, at: datetime, stays_too: bool) -> None:
    # Whoever is erased by a clock has typed nothing for a long time: no browser and no answer is searched.
    marks = _marks(people) if by is not None or stays_too else frozenset()
    for user in people:
        _end_as_arrival(user, at=at)
        _end_as_host(user, at=at)
        if Coordinator.objects.filter(user=user).exists() and user.is_active:
            coordinators.note(user, CoordinatorEvent.CoordinatorChange.LEFT, by=by or user, at=at)
    for user in people:
        kept.erase_rows(user.pk, marks=marks, at=at)
        user.groups.clear()
        user.user_permissions.clear()
        if by is not None:  # Clocks run again after a restore, and what is erased again has its line.
            erasures.note("person", user.pk, at=at)


def _marks(people: Sequence[User]) -> frozenset[str]:
    """Return the texts by which rows without a foreign key are found: addresses of contacts, and case numbers."""
    addresses = [point.address for point in ContactPoint.objects.filter(user__in=people)]
    return frozenset(filter(None, [*addresses, *(user.username for user in people if hasattr(user, "arrival"))]))


def _end_as_arrival(user: User, *, at: datetime) -> None:
    today = local_date(at)
    for request in ShelterRequest.objects.filter(arrival__user=user, withdrawn_at=None).order_by("pk"):
        live = request.matches.filter(status__in=sorted(HOLDS_BEDS))
        for stay in live.filter(status=Status.CHECKED_IN).order_by("space_id", "pk"):
            transitions.break_off(stay.pk, by=user, at=at, reason="withdrawn")
        if request.last_day > today or live.exists():
            transitions.withdraw_request(request.pk, by=user, at=at)


def _end_as_host(user: User, *, at: datetime) -> None:
    live = Match.objects.filter(space__host__user=user, status__in=sorted(HOLDS_BEDS)).order_by("space_id", "pk")
    for match_id, status in list(live.values_list("pk", "status")):
        if status == Status.PROPOSED:
            transitions.expire(match_id, at=at, reason="withdrawn")
        elif status == Status.CHECKED_IN:
            transitions.break_off(match_id, by=user, at=at, reason="withdrawn")
        else:
            transitions.cancel(match_id, by=user, at=at, reason="withdrawn")
    for space in Space.objects.filter(host__user=user).exclude(status=Space.Status.WITHDRAWN).order_by("pk"):
        intake.withdraw_space(space.pk, by=user, at=at)
    for change in WaitingChange.objects.filter(host__user=user, outcome="").order_by("pk"):
        waiting.end(change, WaitingChange.ChangeOutcome.TAKEN_BACK, by=user, at=at)
