"""Acts on changes that wait: a coordinator has looked, and applies or refuses one; or whoever wanted it takes it back."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Q, QuerySet

from accounts.contacts import bring_up_to_date
from accounts.coordinators import desk_of
from accounts.models import User
from matching import due, messages, queries, waiting
from matching.models import Space, WaitingChange
from matching.refusals import ChangeDecided, NotYours, one_act
from matching.waiting import ChangeOutcome
from places.models import Place


def visible_to(user: User) -> QuerySet[WaitingChange]:
    """Return the changes, decided or not, that `user` may see at the desk: of spaces and hosts in their places."""
    hosts, spaces = queries.hosts_visible_to(user), queries.spaces_visible_to(user)
    of_the_desk = WaitingChange.objects.filter(
        Q(space=None, host__in=hosts.values("pk")) | Q(space__in=spaces.values("pk"))
    )
    return of_the_desk if desk_of(user) else WaitingChange.objects.none()


def apply(change_id: int, *, by: User, at: datetime) -> WaitingChange:
    """Write the change, since a coordinator has looked at it; tell the host, and the households that were promised the space.

    Raises NotYours unless `by` coordinates the place and has a part in what concerns the host, ChangeDecided, ContactTaken,
    or HasLiveMatches where live matches were promised more.
    """
    with one_act():
        change = _to_decide(change_id, by)
        wanted, space = waiting.wanted_of(change), change.space
        waiting.end(change, ChangeOutcome.APPLIED, by=by, at=at)
        if space is None:
            contacts = [(channel, address) for channel, address in wanted["contacts"]]
            bring_up_to_date(change.host.user, name="", contacts=contacts)
        else:
            if "place" in wanted:
                wanted["place"] = Place.objects.get(pk=wanted["place"]) if wanted["place"] else None
            for column, value in wanted.items():
                setattr(space, column, value)
            space.looked_change = change.pk
            space.version += 1
            space.save()
            due.note(at, spaces=[space.pk])
        messages.change_applied(change, waiting.promised(change.host, space), at=at)
        return change


def refuse(change_id: int, *, by: User, at: datetime) -> WaitingChange:
    """Leave all as it was vetted, and tell the host. Raises NotYours, ChangeDecided."""
    with one_act():
        change = _to_decide(change_id, by)
        waiting.end(change, ChangeOutcome.REFUSED, by=by, at=at)
        messages.change_refused(change, at=at)
        return change


def take_back(change_id: int, *, by: User, at: datetime) -> WaitingChange:
    """Take a change back before anybody decides on it. Raises NotYours unless `by` is its host, ChangeDecided."""
    with one_act():
        change = _locked(change_id)
        if change.host.user_id != by.pk:
            raise NotYours
        _check_waits(change)
        waiting.end(change, ChangeOutcome.TAKEN_BACK, by=by, at=at)
        return change


def _to_decide(change_id: int, by: User) -> WaitingChange:
    change = _locked(change_id)
    if queries.keeps_out_of(by, change.host.user_id) or not _covers(by, change):
        raise NotYours
    _check_waits(change)
    return change


def _covers(by: User, change: WaitingChange) -> bool:
    """Return whether `by` coordinates the place of the space, or for a contact the place of any space of the host."""
    spaces = [change.space] if change.space else Space.objects.filter(host=change.host)
    return queries.coordinators_for({space.place_id for space in spaces}).filter(pk=by.pk).exists()


def _check_waits(change: WaitingChange) -> None:
    if change.outcome != ChangeOutcome.WAITING:
        raise ChangeDecided


def _locked(change_id: int) -> WaitingChange:
    """Lock the space, then the change. Raises DoesNotExist."""
    change = WaitingChange.objects.get(pk=change_id)
    if change.space_id is not None:
        Space.objects.select_for_update(of=("self",)).get(pk=change.space_id)
    found = waiting.locked(change)
    assert found is not None
    return found
