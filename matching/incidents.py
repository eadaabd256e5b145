"""Incidents: opened by every report that somebody does not feel safe, closed by two people.

No act here moves a match: `matching.transitions` calls `open_incident` within a report. The database refuses to let a match
go on while its incident is open and two people have not agreed (`match_held_by_incident`). Lock order: spaces, matches,
incidents.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Min

from accounts.coordinators import NotLead, check_counts_as_one_of_two, rights_of
from accounts.models import User
from deployment import rules
from matching import paging, queries, rota
from matching.models import Incident, IncidentEvent, IncidentNote, IncidentPage, IncidentReport, KeptApart, Match
from matching.refusals import (
    AcknowledgedAlready,
    AcknowledgeFirst,
    AnotherMustAgree,
    IncidentOpen,
    IncidentOver,
    Incomplete,
    NoNumberGiven,
    NotYours,
    OutcomeNeeded,
    one_act,
)
from matching.states import Role
from notifications.models import Delivery
from notifications.wakeups import wake

IncidentStep = IncidentEvent.IncidentStep
How = IncidentReport.How
IncidentOutcome = Incident.IncidentOutcome
OUTCOMES = (IncidentStep.CALLED, IncidentStep.REACHED, IncidentStep.NOT_REACHED)
"""What may come of a call to a reporter. CALLED: the call was made, and what came of it is still open."""


# -- reporting ------------------------------------------------------------------------------------


def open_incident(
    match: Match, *, reporter_role: Role, by: User | None, at: datetime, how: str, happened: str = ""
) -> Incident:
    """Open an incident and page whoever is on call, within the caller's act; a further report joins the open incident.

    `match` is locked by the caller. `reporter_role` is the side that does not feel safe (host, arrival), or coordinator where
    a coordinator saw it; `by` is the user who says so, and `how` an `IncidentReport.How`. `happened` is free text.
    """
    incident = Incident.objects.select_for_update().filter(match=match, closed_at=None).first()
    new = incident is None
    if incident is None:
        incident = Incident.objects.create(match=match, opened_at=at, next_step_at=at)
    incident.match = match
    _note(incident, IncidentStep.REPORTED if new else IncidentStep.REPORTED_AGAIN, by=by, at=at, role=reporter_role)
    report, first = IncidentReport.objects.get_or_create(
        incident=incident,
        role=reporter_role,
        defaults={"how": how, "by": by, "at": at, "happened": happened},
    )
    if not first:
        report.happened = f"{report.happened}\n\n{happened}".strip() if happened else report.happened
        report.reached_at = report.missed_at = None  # Whatever came of the earlier report, this one has no outcome yet.
        report.save(update_fields=["happened", "reached_at", "missed_at"])
    if new:
        paging.page_step(incident, at=at)
    else:
        _reported_again(incident, at=at)
    wake("matching.page_incidents")
    return incident


def _reported_again(incident: Incident, *, at: datetime) -> None:
    """Take back what was agreed before the further report; page the one who has acknowledged, once in a step's time.

    They have a further report to look after, so an outcome has to follow anew.
    """
    incident.outcome = ""
    incident.close_asked_by = incident.go_on_asked_by = incident.go_on_agreed_by = None
    minutes = timedelta(minutes=rules.current().page_minutes)
    again = incident.acknowledged_by
    if again is not None:
        incident.next_step_at = incident.next_step_at or _outcome_by(at)
    if again is not None and not incident.pages.filter(at__gt=at - minutes).exists():
        incident.steps += 1
        points = tuple(rota.contacts_to_page([again]).get(again.pk, ()))
        called = paging.Called(again, IncidentPage.Rung.ACKNOWLEDGED, points)
        paging.write_pages(incident, [called], step=incident.steps, at=at, until=at + minutes)
        _note(incident, IncidentStep.PAGED, by=None, at=at, number=incident.steps, people=int(bool(points)))
    incident.save()


def add_words(match: Match, *, by: User, at: datetime, reach: str, happened: str) -> IncidentReport:
    """Keep where a reporter can be reached and what happened, in place of what they wrote before.

    Raises NotYours for anybody but a side that reported, IncidentOver when the incident is closed.
    """
    role = queries.role_in(match, by)
    with one_act():
        report = (
            IncidentReport.objects.filter(incident__match=match, role=role).order_by("-incident__opened_at").first()
        )
        if report is None or role not in (Role.HOST, Role.ARRIVAL):
            raise NotYours
        incident = _locked(report.incident_id)
        if not incident.is_open:
            raise IncidentOver
        if report.reach != reach:
            report.promised_at = None  # The promise was to call the number that stood here before.
        report.reach, report.happened = reach, happened
        report.save(update_fields=["reach", "happened", "promised_at"])
        _note(incident, IncidentStep.TEXT_GIVEN, by=by, at=at, role=role)
        return report


# -- what a coordinator does ------------------------------------------------------------------------


def acknowledge(incident_id: UUID, *, by: User, at: datetime, promised: Collection[str] = ()) -> Incident:
    """Take an incident on, which pauses the paging. `promised` are the roles of the reporters whom `by` will call.

    The paging goes on unless an outcome follows within `outcome_minutes` (`note_outcome`). A second tap by the same person
    changes nothing but the promises. Raises NotYours (also for who is party to it),
    IncidentOver, AcknowledgedAlready when somebody else was first, NoNumberGiven for a promise to a side without a number.
    """
    with one_act():
        incident = _mine(incident_id, by)
        if incident.acknowledged_by_id not in (None, by.pk):
            raise AcknowledgedAlready
        if incident.acknowledged_by_id is None:
            _take_on(incident, by=by, at=at)
        for role in promised:
            _promise(incident, role, by=by, at=at)
        return incident


def _take_on(incident: Incident, *, by: User, at: datetime) -> None:
    incident.acknowledged_by, incident.acknowledged_at, incident.next_step_at = by, at, _outcome_by(at)
    incident.save(update_fields=["acknowledged_by", "acknowledged_at", "next_step_at"])
    _note(incident, IncidentStep.ACKNOWLEDGED, by=by, at=at)


def _outcome_by(at: datetime) -> datetime:
    """Return until when an outcome has to follow an act of `at`."""
    return at + timedelta(minutes=rules.current().outcome_minutes)


def note_outcome(incident_id: UUID, *, by: User, at: datetime, role: str, outcome: str) -> Incident:
    """Note what came of a call to the reporter in `role`: an IncidentStep of OUTCOMES.

    Once everybody who reported was reached, nobody is paged any more. Any other outcome gives `outcome_minutes` for the next
    one. Where nobody looks after the incident, `by` does from now on: their time may have run out a moment ago. Raises
    NotYours, IncidentOver, OutcomeNeeded for any other outcome or a side that reported nothing.
    """
    with one_act():
        incident = _mine(incident_id, by)
        report = incident.reports.filter(role=role).first()
        if report is None or outcome not in OUTCOMES:
            raise OutcomeNeeded
        if incident.acknowledged_by_id is None:
            _take_on(incident, by=by, at=at)
        _note(incident, outcome, by=by, at=at, role=role)
        if outcome != IncidentStep.CALLED:
            report.reached_at = at if outcome == IncidentStep.REACHED else None
            report.missed_at = at if outcome == IncidentStep.NOT_REACHED else None
            report.save(update_fields=["reached_at", "missed_at"])
        still_waiting = incident.reports.filter(reached_at=None).exists()
        incident.next_step_at = _outcome_by(at) if still_waiting else None
        incident.save(update_fields=["next_step_at"])
        return incident


def _promise(incident: Incident, role: str, *, by: User, at: datetime) -> None:
    report = incident.reports.filter(role=role).first()
    if report is None or not report.reach:
        raise NoNumberGiven
    if report.promised_at is None:
        report.promised_at = at
        report.save(update_fields=["promised_at"])
        _note(incident, IncidentStep.PROMISED, by=by, at=at, role=role)


def write_note(incident_id: UUID, text: str, *, by: User, at: datetime) -> IncidentNote:
    """Keep a coordinator's words about an incident. Raises NotYours."""
    with one_act():
        incident = _mine(incident_id, by, open_only=False)
        _note(incident, IncidentStep.NOTED, by=by, at=at)
        return IncidentNote.objects.create(incident=incident, by=by, text=text, at=at)


def close(incident_id: UUID, *, by: User, at: datetime, outcome: str) -> Incident:
    """Close an incident with this outcome, or as the first of two people say that it can be closed so.

    The second person has to choose the same outcome; another outcome begins anew, with `by` as the first. Raises NotYours,
    IncidentOver, AcknowledgeFirst, OutcomeNeeded, and AnotherMustAgree when the first person repeats it.
    """
    with one_act():
        incident = _mine(incident_id, by)
        if incident.acknowledged_at is None:
            raise AcknowledgeFirst
        if outcome not in IncidentOutcome.values:
            raise OutcomeNeeded
        check_counts_as_one_of_two(by)
        if incident.close_asked_by_id is None or incident.outcome != outcome:
            incident.close_asked_by, incident.outcome = by, outcome
            _note(incident, IncidentStep.CLOSE_ASKED, by=by, at=at, code=outcome)
        elif incident.close_asked_by_id == by.pk:
            raise AnotherMustAgree
        else:
            incident.closed_by, incident.closed_at, incident.next_step_at = by, at, None
            _note(incident, IncidentStep.CLOSED, by=by, at=at, code=outcome)
        incident.save()
        return incident


def agree_to_go_on(incident_id: UUID, *, by: User, at: datetime) -> Incident:
    """Say, as the first or the second of two people, that the match may go on while the incident is open.

    Raises NotYours, IncidentOver, AcknowledgeFirst, and AnotherMustAgree when one person says so twice.
    """
    with one_act():
        incident = _mine(incident_id, by)
        if incident.acknowledged_at is None:
            raise AcknowledgeFirst
        check_counts_as_one_of_two(by)
        if incident.go_on_asked_by_id is None:
            incident.go_on_asked_by = by
            _note(incident, IncidentStep.GO_ON_ASKED, by=by, at=at)
        elif incident.go_on_asked_by_id == by.pk or incident.go_on_agreed_by_id is not None:
            raise AnotherMustAgree
        else:
            incident.go_on_agreed_by = by
            _note(incident, IncidentStep.GO_ON_AGREED, by=by, at=at)
        incident.save()
        return incident


def kept_apart(incident: Incident) -> KeptApart | None:
    """Return the row that keeps the two sides of this incident apart, None where there is none in force."""
    sides = {"arrival": incident.match.request.arrival_id, "host": incident.match.space.host_id}
    return KeptApart.objects.select_related("asked_by").filter(**sides, taken_back_at=None).first()


def let_meet_again(incident_id: UUID, *, by: User, at: datetime, reason: str = "") -> KeptApart:
    """Say, as the first or the second of two people, that the two sides of a closed incident need not be kept apart.

    The first one says why; one of the two is a lead. Raises NotYours, IncidentOpen while any incident of the two is open,
    Incomplete without a reason, NotLead, and AnotherMustAgree when one person says so twice.
    """
    with one_act():
        incident = _mine(incident_id, by, open_only=False)
        row = kept_apart(incident)
        if row is None:
            raise IncidentOver("apart_no_longer")
        row = KeptApart.objects.select_for_update(of=("self",)).select_related("asked_by").get(pk=row.pk)
        check_counts_as_one_of_two(by)
        both = {"match__request__arrival": row.arrival_id, "match__space__host": row.host_id}
        if Incident.objects.filter(**both, closed_at=None).exists():
            raise IncidentOpen
        if row.asked_by is None:
            if not reason.strip():
                raise Incomplete("empty_note")
            row.asked_by, row.reason = by, reason.strip()
            _note(incident, IncidentStep.MEET_ASKED, by=by, at=at)
        elif row.asked_by_id == by.pk or row.taken_back_at is not None:
            raise AnotherMustAgree
        elif not (rights_of(by).is_lead or rights_of(row.asked_by).is_lead):
            raise NotLead
        else:
            row.taken_back_by, row.taken_back_at = by, at
            _note(incident, IncidentStep.MEET_AGREED, by=by, at=at)
        row.save()
        return row


def _locked(incident_id: UUID) -> Incident:
    rows = Incident.objects.select_for_update(of=("self",))
    return rows.select_related("match__request__arrival", "match__space__host").get(pk=incident_id)


def _mine(incident_id: UUID, by: User, *, open_only: bool = True) -> Incident:
    """Return the locked incident if `by` may act on it. Raises NotYours or IncidentOver."""
    incident = _locked(incident_id)
    if queries.coordinator_of(by) is None or not queries.incidents_visible_to(by).filter(pk=incident_id).exists():
        raise NotYours
    if open_only and not incident.is_open:
        raise IncidentOver
    return incident


def _note(
    incident: Incident,
    what: str,
    *,
    by: User | None,
    at: datetime,
    role: str = "",
    number: int | None = None,
    people: int | None = None,
    code: str = "",
) -> None:
    IncidentEvent.objects.create(
        incident=incident, what=what, role=role, number=number, people=people, code=code, by=by, at=at
    )


# -- what a reporter is told ------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Told:
    """What is true for one reporter, from rows.

    sent_at: when the first message left for somebody on call, None while it is under way. anybody: whether there was anybody
    to send it to. will_call: the one who acknowledged promised to call, and a number is given. reached_at, missed_at: when a
    coordinator wrote down that they spoke with this reporter, or tried in vain.
    """

    reported_at: datetime
    anybody: bool
    sent_at: datetime | None
    acknowledged_at: datetime | None
    will_call: bool
    reached_at: datetime | None
    missed_at: datetime | None
    closed_at: datetime | None
    reach: str
    happened: str


def told_to(matches: Collection[Match], role: Role) -> Mapping[UUID, Told]:
    """Return, by match, what the reporter in `role` is told of the latest incident that they reported."""
    reports = IncidentReport.objects.filter(incident__match__in=[match.pk for match in matches], role=role)
    latest = {report.incident.match_id: report for report in reports.select_related("incident").order_by("at", "pk")}
    pages = IncidentPage.objects.filter(incident__in=[report.incident_id for report in latest.values()])
    reached = pages.filter(notification__deliveries__isnull=False).order_by().values_list("incident")
    sent = dict(
        reached.filter(notification__deliveries__status=Delivery.Status.SENT).annotate(
            first=Min("notification__deliveries__sent_at")
        )
    )
    anybody = set(
        reached.exclude(notification__deliveries__status=Delivery.Status.FAILED).values_list("incident", flat=True)
    )
    return {
        match_id: Told(
            reported_at=report.at,
            anybody=report.incident_id in anybody,
            sent_at=sent.get(report.incident_id),
            acknowledged_at=report.incident.acknowledged_at,
            will_call=bool(report.reach and report.promised_at and not report.reached_at),
            reached_at=report.reached_at,
            missed_at=report.missed_at,
            closed_at=report.incident.closed_at,
            reach=report.reach,
            happened=report.happened,
        )
        for match_id, report in latest.items()
    }
