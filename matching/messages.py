"""The messages that go with an act on a match or a request: rows of the outbox, written in the act's transaction.

`notifications.texts` words them. A message names days, deadlines and case numbers, and no person or address.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

from accounts.models import Host, HostCheck, User
from matching import queries, rota
from matching.deadlines import local_date
from matching.models import Match, MustNotMeet, ShelterRequest, Space, WaitingChange
from matching.states import Role
from notifications.outbox import Telling, tell, tell_many


def _tell(recipients: Iterable[User], event: str, match: Match, at: datetime) -> None:
    for recipient in recipients:
        tell(
            recipient,
            event,
            at=at,
            key=f"{event}:{match.pk}:{match.version}:{recipient.pk}",
            context={
                "match": str(match.pk),
                "first_night": match.first_night.isoformat(),
                "last_day": match.last_day.isoformat(),
                "answer_by": match.due_at.isoformat() if match.due_at else "",
            },
        )


def _host(match: Match) -> User:
    return match.space.host.user


def _arrival(match: Match) -> User:
    return match.request.arrival.user


def _coordinators(match: Match) -> Iterable[User]:
    places = [match.request.place_id, match.space.place_id]
    return queries.coordinators_told_of(places, match.request.arrival.user_id, match.space.host.user_id)


def proposals_waiting(places: Collection[int | None], *, at: datetime) -> None:
    """Tell the coordinators of these places that proposals wait; each hears so at most once an hour."""
    tell_many(
        [
            Telling(coordinator, "proposals_waiting", key=f"proposals_waiting:{coordinator.pk}:{at:%Y-%m-%dT%H}")
            for coordinator in queries.coordinators_for(places)
        ],
        at=at,
    )


def looks_unusual(by: User, what: str, *, at: datetime) -> None:
    """Tell every other lead that a coordinator's looks at personal data are unusual, once a day for each thing.

    `what` says what is unusual and stands in the key only: the message names nobody.
    """
    key = f"looks_unusual:{by.pk}:{what}:{local_date(at)}"
    leads = [lead for lead in rota.leads() if lead.pk != by.pk]
    tell_many([Telling(lead, "looks_unusual", key=f"{key}:{lead.pk}") for lead in leads], at=at)


def handed_over(request: ShelterRequest, to: User, *, at: datetime) -> None:
    """Tell a coordinator that a household was handed over to them."""
    tell(
        to,
        "handed_over",
        at=at,
        key=f"handed_over:{request.pk}:{to.pk}:{at.isoformat()}",
        context={"case_number": request.arrival.case_number},
    )


def name_to_find(entry: MustNotMeet, places: Collection[int | None], *, at: datetime) -> None:
    """Tell coordinators of these places that somebody named a person whom they must not meet; the message names nobody."""
    coordinators = queries.coordinators_for(places).exclude(pk=entry.by_id)
    tell_many(
        [Telling(each, "must_not_meet", f"name_to_find:{entry.pk}:{each.pk}") for each in coordinators],
        at=at,
    )


def meeting_stopped(match: Match, *, at: datetime) -> None:
    """Tell coordinators, once, of a live match that somebody's list stops; neither side hears of it, nor a party at the desk."""
    coordinators = queries.coordinators_for([match.request.place_id, match.space.place_id])
    tell_many(
        [
            Telling(each, "must_not_meet", f"meeting_stopped:{match.pk}:{each.pk}")
            for each in coordinators.exclude(pk__in=rota.parties_to(match))
        ],
        at=at,
    )


def asked(match: Match, *, at: datetime) -> None:
    """Ask the host and the arrival about an approved match, each with the deadline."""
    _tell([_host(match)], "host_asked", match, at)
    _tell([_arrival(match)], "arrival_asked", match, at)


def confirmed(match: Match, *, at: datetime) -> None:
    """Tell host and arrival that both have accepted, and that each can see the other's contact now."""
    _tell([_host(match)], "host_confirmed", match, at)
    _tell([_arrival(match)], "arrival_confirmed", match, at)


def ended(match: Match, how: str, *, by_role: Role, at: datetime, request_ends: bool = False) -> None:
    """Tell host and arrival that a match they were asked about is over, unless it was they who ended it.

    `how` is "declined", "expired" or "cancelled". `request_ends`: the whole request is withdrawn, so nobody looks further.
    """
    if by_role is not Role.HOST:
        _tell([_host(match)], f"host_{how}", match, at)
    if by_role is not Role.ARRIVAL:
        _tell([_arrival(match)], "arrival_withdrawn" if request_ends else f"arrival_{how}", match, at)


def checked_in(match: Match, *, by_role: Role, at: datetime) -> None:
    """Tell host and arrival that the household has come, unless it was they who said so."""
    if by_role is not Role.HOST:
        _tell([_host(match)], "host_checked_in", match, at)
    if by_role is not Role.ARRIVAL:
        _tell([_arrival(match)], "arrival_checked_in", match, at)


def no_show(match: Match, *, at: datetime) -> None:
    """Tell the arrival and the coordinators that the household did not come."""
    _tell([_arrival(match)], "arrival_no_show", match, at)
    _tell(_coordinators(match), "coordinator_no_show", match, at)


def taken_back(match: Match, *, by_role: Role, at: datetime) -> None:
    """Tell the sides that the stay is agreed as before, but the one that took back what was said about its first evening."""
    if by_role is not Role.HOST:
        _tell([_host(match)], "host_confirmed", match, at)
    if by_role is not Role.ARRIVAL:
        _tell([_arrival(match)], "arrival_confirmed", match, at)


def completed(match: Match, *, by_role: Role, at: datetime) -> None:
    """Tell host and arrival that the stay has ended well, unless it was they who said so."""
    if by_role is not Role.HOST:
        _tell([_host(match)], "host_completed", match, at)
    if by_role is not Role.ARRIVAL:
        _tell([_arrival(match)], "arrival_completed", match, at)


def broken_off(match: Match, *, by_role: Role, at: datetime, request_ends: bool = False) -> None:
    """Tell the other side and the coordinators that a stay did not work out; `request_ends` as in `ended`."""
    if by_role is not Role.HOST:
        _tell([_host(match)], "host_broken_off", match, at)
    if by_role is not Role.ARRIVAL:
        _tell([_arrival(match)], "arrival_withdrawn" if request_ends else "arrival_broken_off", match, at)
    _tell(_coordinators(match), "coordinator_broken_off", match, at)


def frozen(match: Match, side: Role, *, at: datetime) -> None:
    """Tell a side of a match in neutral words that it is paused and somebody will call, whatever the cause is."""
    _tell([_host(match) if side is Role.HOST else _arrival(match)], "match_frozen", match, at)


def host_suspended(host: Host, stays: Collection[Match], *, at: datetime) -> None:
    """Tell a suspended host, once however many matches there are, and the coordinators of their spaces and of `stays`.

    `stays` are the matches with people who are staying there now.
    """
    tell(host.user, "host_on_hold", at=at, key=f"host_on_hold:{host.pk}:{at.isoformat()}")
    places = set(Space.objects.filter(host=host).values_list("place_id", flat=True))
    places |= {stay.request.place_id for stay in stays if stay.request.place_id}
    for coordinator in queries.coordinators_told_of(places, host.user_id):
        tell(
            coordinator,
            "host_suspended",
            at=at,
            key=f"host_suspended:{host.pk}:{at.isoformat()}:{coordinator.pk}",
            context={"host": host.pk},
        )


def request_received(request: ShelterRequest, *, at: datetime) -> None:
    """Tell the arrival that the request is in; for a child without an adult, tell the coordinators as well."""
    arrival = request.arrival.user
    tell(
        arrival,
        "request_received",
        at=at,
        key=f"request_received:{request.pk}",
        context={"case_number": request.arrival.case_number},
    )
    if request.is_minor_alone:
        for coordinator in queries.coordinators_told_of([request.place_id], request.arrival.user_id):
            tell(
                coordinator,
                "minor_alone",
                at=at,
                key=f"minor_alone:{request.pk}:{coordinator.pk}",
                context={"case_number": request.arrival.case_number},
            )


def change_waits(change: WaitingChange, promised: Iterable[Match], *, at: datetime) -> None:
    """Tell the coordinators that a change waits for them, and the households that were promised the space as it was."""
    key = f"{change.pk}:{at.isoformat()}"
    places = _places_of(change)
    for coordinator in queries.coordinators_told_of(places, change.host.user_id):
        tell(
            coordinator,
            "change_waits",
            at=at,
            key=f"change_waits:{key}:{coordinator.pk}",
            context={"host": change.host_id},
        )
    _tell_promised(promised, "arrival_change_waits", key, at)


def change_applied(change: WaitingChange, promised: Iterable[Match], *, at: datetime) -> None:
    """Tell the host that a coordinator has looked and the change holds now, and the households that it concerns."""
    key = f"{change.pk}:{at.isoformat()}"
    tell(change.host.user, "host_change_applied", at=at, key=f"host_change_applied:{key}")
    _tell_promised(promised, "arrival_change_applied", key, at)


def change_refused(change: WaitingChange, *, at: datetime) -> None:
    """Tell the host that all stays as it was."""
    tell(change.host.user, "host_change_refused", at=at, key=f"host_change_refused:{change.pk}")


def space_merged(promised: Iterable[Match], *, at: datetime) -> None:
    """Tell the households whose match moved to another row of their space to look at the details again."""
    _tell_promised(promised, "arrival_change_applied", f"merged:{at.isoformat()}", at)


def _places_of(change: WaitingChange) -> set[int | None]:
    if change.space is not None:
        return {change.space.place_id}
    return set(Space.objects.filter(host=change.host).values_list("place_id", flat=True))


def _tell_promised(promised: Iterable[Match], event: str, key: str, at: datetime) -> None:
    for match in promised:
        tell(_arrival(match), event, at=at, key=f"{event}:{key}:{match.pk}", context={"match": str(match.pk)})


def still_available(space: Space, *, at: datetime) -> None:
    """Ask the host whether the space still stands, with the day until which their word counts."""
    tell(
        space.host.user,
        "still_available",
        at=at,
        key=f"still_available:{space.pk}:{at.isoformat()}",
        context={"space": str(space.pk), "answer_by": space.fresh_until.isoformat()},
    )


def checks_run_out(checks: Sequence[HostCheck], *, at: datetime) -> int:
    """Tell each host of each check that runs out, once, and their coordinators once a day; return how many are new."""
    told = tell_many(
        [Telling(check.host.user, "check_due", f"check_due:{check.pk}", {"host": check.host_id}) for check in checks],
        at=at,
    )
    new = [check for check, row in zip(checks, told, strict=True) if row.created_at == at]
    if new:
        spaces = Space.objects.filter(host__in={check.host_id for check in new})
        coordinators = queries.coordinators_for(set(spaces.values_list("place_id", flat=True)))
        today = f"{local_date(at):%Y-%m-%d}"
        tell_many(
            [Telling(each, "checks_expiring", f"checks_expiring:{each.pk}:{today}") for each in coordinators], at=at
        )
    return len(new)
