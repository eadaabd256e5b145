"""Paging whoever is on call, step by step, until somebody acknowledges and says what came of it. The incident's row is the queue.

A step locks the incident's row, looks again whether it is due, and writes its messages and the moment of the next step in
one transaction. So two workers side by side page nobody twice in one step, and a dead Redis loses nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from accounts.emergency import emergency_contact
from accounts.models import User
from deployment import rules
from matching import rota
from matching.models import Incident, IncidentEvent, IncidentPage, Match
from matching.states import CONTACT_OPEN
from notifications.models import ContactPoint
from notifications.outbox import Telling, tell_many

Rung = IncidentPage.Rung


@dataclass(frozen=True, slots=True)
class Called:
    """One person to page in a step: why (`rung`), and by which contact points (none: only their inbox)."""

    user: User
    rung: str
    points: tuple[ContactPoint, ...]


def ladder(match: Match, *, at: datetime) -> list[list[Called]]:
    """Return the rungs of the fallback at `at`, each with somebody who can be reached, without the parties to `match`.

    The order: on the rota now for the place of either side, next in the rota, the leads, the deployment's emergency
    contact. Who stands on two rungs is on the first. A rung on which nobody can be reached is put together with the next.
    """
    places = [match.request.place_id, match.space.place_id]
    emergency = emergency_contact(at=at)
    rungs: list[tuple[str, Sequence[User]]] = [
        (Rung.ROTA, rota.on_call(places, at)),
        (Rung.NEXT, rota.next_on_call(places, at)),
        (Rung.LEADS, rota.leads()),
        (Rung.EMERGENCY, [emergency] if emergency else []),
    ]
    seen = rota.parties_to(match)
    points = rota.contacts_to_page([user for _rung, users in rungs for user in users])
    found: list[list[Called]] = []
    waiting: list[Called] = []
    for rung, users in rungs:
        new = [user for user in users if user.pk not in seen]
        seen |= {user.pk for user in new}
        waiting += [Called(user, rung, tuple(points.get(user.pk, ()))) for user in new]
        if any(called.points for called in waiting):
            found.append(waiting)
            waiting = []
    return [*found, waiting] if waiting else found


def page_step(incident: Incident, *, at: datetime, also: User | None = None) -> None:
    """Page the next step of a locked incident that nobody looks after, within the caller's act.

    Step 1 pages the first rung, each further step one rung more, and the rungs before again. `also` is who acknowledged and
    gave no outcome in time.
    """
    step = incident.steps + 1
    minutes = timedelta(minutes=rules.current().page_minutes)
    called = [each for rung in ladder(incident.match, at=at)[:step] for each in rung]
    if also is not None and all(each.user.pk != also.pk for each in called):
        called.append(Called(also, Rung.ACKNOWLEDGED, tuple(rota.contacts_to_page([also]).get(also.pk, ()))))
    write_pages(incident, called, step=step, at=at, until=at + minutes)
    IncidentEvent.objects.create(
        incident=incident,
        what=IncidentEvent.IncidentStep.PAGED
        if any(each.points for each in called)
        else IncidentEvent.IncidentStep.NOBODY,
        number=step,
        people=len([each for each in called if each.points]),
        at=at,
    )
    incident.steps, incident.next_step_at = step, at + minutes
    incident.save(update_fields=["steps", "next_step_at"])


def write_pages(incident: Incident, called: Sequence[Called], *, step: int, at: datetime, until: datetime) -> None:
    """Write one message to each, through every contact at once. After `until` it is not sent: a newer one has gone."""
    told = tell_many(
        [
            Telling(
                each.user,
                "not_safe_emergency" if each.rung == Rung.EMERGENCY else "not_safe",
                key=f"not_safe:{incident.pk}:{step}:{each.user.pk}",
                context={"incident": str(incident.pk)},
                everywhere=each.points,
                expires_at=until,
            )
            for each in called
        ],
        at=at,
    )
    IncidentPage.objects.bulk_create(
        [
            IncidentPage(
                incident=incident, step=step, rung=each.rung, recipient=each.user, notification=notification, at=at
            )
            for each, notification in zip(called, told, strict=True)
        ]
    )


def page_what_is_due(*, at: datetime) -> int:
    """Page every incident whose next step is due, each in a transaction of its own; return the number of steps."""
    due = Incident.objects.filter(next_step_at__lte=at).order_by("next_step_at")
    return sum(_page_if_due(incident_id, at=at) for incident_id in list(due.values_list("pk", flat=True)))


def _page_if_due(incident_id: UUID, *, at: datetime) -> bool:
    with transaction.atomic():
        due = Incident.objects.select_for_update(of=("self",)).filter(pk=incident_id, next_step_at__lte=at)
        incident = due.select_related("match__request", "match__space__host").first()
        if (
            incident is None
        ):  # A moment ago another worker paged this step, or somebody acknowledged or gave an outcome.
            return False
        late = incident.acknowledged_by
        if late is not None:
            _lapse(incident, at=at)
        page_step(incident, at=at, also=late)
        return True


def _lapse(incident: Incident, *, at: datetime) -> None:
    """Take an acknowledgement back on which no outcome followed in time, and what was promised with it."""
    by = incident.acknowledged_by
    IncidentEvent.objects.create(incident=incident, what=IncidentEvent.IncidentStep.LAPSED, by=by, at=at)
    incident.acknowledged_by, incident.acknowledged_at = None, None
    incident.save(update_fields=["acknowledged_by", "acknowledged_at", "next_step_at"])
    incident.reports.update(promised_at=None)


def places_without_anybody(*, at: datetime) -> set[int | None] | None:
    """Return the places of live matches for which nobody who can be reached is on call at `at`; None: nobody is at all.

    None of the set stands for a point far from every place. An empty set means that every place has somebody.
    """
    clock = rota.clock_at(at)
    shifts = [(shift, hours) for shift, hours in rota.shifts_in_force() if hours.cover(clock)]
    reached = rota.contacts_to_page([shift.user for shift, _hours in shifts])
    here = [shift for shift, _hours in shifts if shift.user_id in reached]
    if not here:
        return None
    live = Match.objects.filter(status__in=sorted(CONTACT_OPEN)).order_by()
    places = set(live.values_list("request__place", flat=True)) | set(live.values_list("space__place", flat=True))
    return {place for place in places if not any(rota.serves(shift, [place]) for shift in here)}


def page_empty_hour(*, at: datetime) -> bool:
    """Tell the emergency contact, once an hour, that nobody is on call; return whether there was something to tell."""
    if places_without_anybody(at=at) == set():
        return False
    emergency = emergency_contact(at=at)
    if emergency is None:
        return False
    hour = at.replace(minute=0, second=0, microsecond=0)
    points = tuple(rota.contacts_to_page([emergency]).get(emergency.pk, ()))
    told = Telling(
        emergency,
        "nobody_on_call",
        key=f"nobody_on_call:{hour.isoformat()}",
        everywhere=points,
        expires_at=hour + timedelta(hours=1),
    )
    with transaction.atomic():
        return tell_many([told], at=at)[0].created_at == at
