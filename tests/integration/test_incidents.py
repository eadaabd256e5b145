"""Somebody does not feel safe: whoever is on call is paged, step by step, until somebody acknowledges."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.contacts import add_contact_point, read_contact
from accounts.coordinators import NotLead
from accounts.emergency import USERNAME
from accounts.models import Coordinator, Host
from deployment import rules
from matching import incidents, paging, queries, rota, transitions
from matching.incidents import Told
from matching.models import Incident, IncidentEvent, IncidentPage, IncidentReport, Match, OnCallShift
from matching.refusals import (
    AcknowledgedAlready,
    AcknowledgeFirst,
    AnotherMustAgree,
    IncidentOpen,
    IncidentOver,
    NoNumberGiven,
    NotYours,
    OutcomeNeeded,
)
from matching.rota import Hours, NoSuchHours, NotOnTheDesk
from matching.states import Role, Status
from notifications.models import Delivery, Notification
from privacy.retention import forget_what_is_old
from tests import people
from tests.people import Person, tonight

pytestmark = pytest.mark.django_db

ALL_DAY = Hours(time(0), time(0), weekdays=(0, 1, 2, 3, 4, 5, 6))
NOON = timezone.make_aware(datetime.fromisoformat("2026-12-02T12:00"), timezone.get_default_timezone())
"""A Wednesday, 12:00 in the deployment's time zone."""
AFTERNOON = Hours(time(14), time(18), weekdays=(2,))
"""Begins two hours after NOON."""


@pytest.fixture(autouse=True)
def _nobody_yet(settings: Any) -> None:
    settings.NOTIFICATION_TRANSPORTS = ["email", "gateway"]
    settings.EMERGENCY_CONTACTS = ["+7 700 000 00 01", "emergency@example.org"]


@pytest.fixture
def match(amira: Person, hanna: Person) -> Match:
    return people.match_in(Status.CONFIRMED, people.request(amira.arrival), people.space(hanna.host))


def reached_by(person: Person, *contacts: str) -> Person:
    """Give a coordinator these contacts, proved."""
    for contact in contacts:
        add_contact_point(person.user, *read_contact(contact), verified_at=timezone.now())
    return person


def on_the_rota(person: Person, hours: Hours = ALL_DAY, at: datetime = NOON, **more: Any) -> None:
    rota.add_shift(person.user, hours, places=more.get("places"), by=people.lena().user, at=at)


def report(match: Match, by: Person, at: datetime = NOON) -> Incident:
    transitions.report_not_safe(match.pk, by=by.user, at=at)
    return Incident.objects.get(match=match, closed_at=None)


def paged(incident: Incident, step: int) -> set[tuple[str, str]]:
    rows = IncidentPage.objects.filter(incident=incident, step=step)
    return set(rows.values_list("recipient__username", "rung"))


def channels(incident: Incident, step: int, username: str) -> set[str]:
    page = IncidentPage.objects.get(incident=incident, step=step, recipient__username=username)
    return set(page.notification.deliveries.values_list("contact_point__channel", flat=True))


# -- who is paged ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Rota:
    """Who is on the rota: `now` and `next` are usernames; `reached` have a proved contact; `party` is party to the match."""

    now: tuple[str, ...] = ()
    next: tuple[str, ...] = ()
    reached: tuple[str, ...] = ("carla", "dana", "lena")
    party: str = ""
    emergency: bool = True


EMERGENCY = (USERNAME, "emergency")
LEAD = ("lena", "leads")
CARLA, DANA = ("carla", "rota"), ("dana", "next")
ROTAS: list[tuple[Rota, list[set[tuple[str, str]]]]] = [
    # Each step pages one rung more, and the rungs before again; the last step is repeated.
    (Rota(("carla",), ("dana",)), [{CARLA}, {CARLA, DANA}, {CARLA, DANA, LEAD}, *[{CARLA, DANA, LEAD, EMERGENCY}] * 2]),
    (Rota(("carla",)), [{CARLA}, {CARLA, LEAD}, {CARLA, LEAD, EMERGENCY}]),
    (Rota((), ("dana",)), [{DANA}, {DANA, LEAD}, {DANA, LEAD, EMERGENCY}]),
    (Rota(), [{LEAD}, {LEAD, EMERGENCY}]),
    # Who has no proved contact gets a line in the inbox only, and does not hold up the next rung.
    (Rota(("carla",), ("dana",), reached=("dana", "lena")), [{CARLA, DANA}, {CARLA, DANA, LEAD}]),
    (Rota(("carla",), reached=()), [{CARLA, LEAD, EMERGENCY}]),
    (Rota(reached=()), [{LEAD, EMERGENCY}]),
    (Rota(reached=(), emergency=False), [{LEAD}]),
    (Rota(("carla",), emergency=False), [{CARLA}, {CARLA, LEAD}, {CARLA, LEAD}]),
    # Who is party to the match is not paged, and the next rung is paged at once.
    (Rota(("carla",), ("dana",), party="carla"), [{DANA}, {DANA, LEAD}]),
    (Rota(("carla", "dana"), party="carla"), [{("dana", "rota")}, {("dana", "rota"), LEAD}]),
    (Rota(("carla",), party="lena"), [{CARLA}, {CARLA, EMERGENCY}]),
    (Rota(party="lena"), [{EMERGENCY}]),
]


@pytest.mark.parametrize("side", ["host", "arrival", "host's phone", "arrival's phone"])
@pytest.mark.parametrize(("state", "steps"), ROTAS, ids=[f"{number}" for number in range(len(ROTAS))])
def test_steps_page_the_rungs_in_order_and_never_a_party(
    settings: Any, state: Rota, steps: list[set[tuple[str, str]]], side: str
) -> None:
    settings.EMERGENCY_CONTACTS = settings.EMERGENCY_CONTACTS if state.emergency else []
    desk = {name: people.carla(name) for name in ("carla", "dana")} | {"lena": people.lena()}
    for number, name in enumerate(sorted(desk)):
        if name in state.reached:
            reached_by(desk[name], f"{name}@example.org", f"+7 701 000 00 0{number}")
    for name in state.now:
        on_the_rota(desk[name])
    for name in state.next:
        on_the_rota(desk[name], AFTERNOON)
    match = match_with(desk.get(state.party), side)

    incident = report(match, Person(match.request.arrival.user))
    for step in range(1, len(steps)):
        assert paging.page_what_is_due(at=NOON + timedelta(minutes=5 * step)) == 1

    assert [paged(incident, step) for step in range(1, len(steps) + 1)] == steps
    for page in IncidentPage.objects.filter(incident=incident).exclude(recipient__username=USERNAME):
        expected = {"email", "sms"} if page.recipient.username in state.reached else set()
        assert channels(incident, page.step, page.recipient.username) == expected


def match_with(party: Person | None, side: str) -> Match:
    """Return a confirmed match with `party` on this side: by the account itself, or by a contact that they share."""
    amira, hanna = people.amira(contact="amira@example.org"), people.hanna(coordinator=people.carla("vetter"))
    Coordinator.objects.filter(user__username="vetter").delete()
    if party and side == "host":
        hanna = _as_host(party)
    asked = people.request(amira.arrival)
    if party and side == "arrival":
        asked.arrival.user = party.user
        asked.arrival.save()
    offered = people.space(hanna.host)
    if party and "phone" in side:
        other = hanna.user if side.startswith("host") else amira.user
        theirs = party.user.contact_points.first()
        if theirs is None:
            add_contact_point(party.user, "email", "shared@example.org")
            theirs = party.user.contact_points.get()
        add_contact_point(other, theirs.channel, theirs.address)
    helpers = [people.carla("one").user, people.carla("two").user]
    match = people.proposed(asked, offered)
    for helper in helpers:
        transitions.approve(match.pk, by=helper, at=timezone.now())
        match.refresh_from_db()
        if match.status == Status.APPROVED:
            break
    transitions.accept(match.pk, by=match.space.host.user, at=timezone.now())
    transitions.accept(match.pk, by=match.request.arrival.user, at=timezone.now())
    return queries.with_everyone(Match.objects.all()).get(pk=match.pk)


def _as_host(person: Person) -> Person:
    people.vet(Host.objects.create(user=person.user), by=people.carla("one"))
    return Person(type(person.user).objects.get(pk=person.user.pk))


def test_message_of_a_page_carries_no_person_and_no_place(match: Match, amira: Person) -> None:
    lena = reached_by(people.lena(), "lena@example.org")

    incident = report(match, amira)

    row = Notification.objects.get(recipient=lena.user, event="not_safe")
    assert (row.context, row.expires_at) == ({"incident": str(incident.pk)}, NOON + timedelta(minutes=5))
    assert row.deliveries.get().urgent


def test_shift_of_another_place_or_of_a_place_its_coordinator_lost_pages_nobody(match: Match, amira: Person) -> None:
    oral = people.place("Oral")
    reached_by(people.lena(), "lena@example.org")
    elsewhere = reached_by(people.carla("elsewhere", places=(oral,)), "elsewhere@example.org")
    moved = reached_by(people.carla("moved"), "moved@example.org")
    on_the_rota(elsewhere)
    on_the_rota(moved, places=[people.place()])
    Coordinator.objects.filter(user=moved.user).update(all_places=False)

    assert paged(report(match, amira), 1) == {LEAD}


@pytest.mark.parametrize(
    ("hours", "moment", "covered"),
    [
        (Hours(time(9), time(17), weekdays=(2,)), "2026-12-02T09:00", True),
        (Hours(time(9), time(17), weekdays=(2,)), "2026-12-02T17:00", False),
        (Hours(time(9), time(17), weekdays=(1,)), "2026-12-02T10:00", False),
        (Hours(time(22), time(6), weekdays=(2,)), "2026-12-03T05:59", True),
        (Hours(time(22), time(6), weekdays=(2,)), "2026-12-03T06:00", False),
        (Hours(time(22), time(6), weekdays=(2,)), "2026-12-02T05:00", False),
        (Hours(time(0), time(0), weekdays=(2,)), "2026-12-02T23:59", True),
        (Hours(time(0), time(0), weekdays=(2,)), "2026-12-03T00:00", False),
        (Hours(time(22), time(6), day=date(2026, 12, 2)), "2026-12-03T01:00", True),
        (Hours(time(22), time(6), day=date(2026, 12, 2)), "2026-12-09T23:00", False),
    ],
)
def test_hours_cover_what_the_clock_says(hours: Hours, moment: str, covered: bool) -> None:
    assert Hours.of_text(hours.as_text()) == hours
    assert hours.cover(datetime.fromisoformat(moment)) is covered


def test_rota_is_for_leads_and_refuses_hours_that_never_come(carla: Person, lena: Person) -> None:
    over = Hours(time(9), time(17), day=tonight(-2))
    now = timezone.now()

    with pytest.raises(NotLead):
        rota.add_shift(carla.user, ALL_DAY, places=None, by=carla.user, at=now)
    for hours in (Hours(time(9), time(17)), over, Hours(time(9), time(17), weekdays=(1,), day=tonight(1))):
        with pytest.raises(NoSuchHours):
            rota.add_shift(carla.user, hours, places=None, by=lena.user, at=now)
    with pytest.raises(NotOnTheDesk):
        rota.add_shift(people.adil().user, ALL_DAY, places=None, by=lena.user, at=now)
    with pytest.raises(NotLead):
        rota.end_shift(1, by=carla.user, at=now)


# -- acknowledging --------------------------------------------------------------------------------


def test_acknowledging_ends_the_paging(match: Match, amira: Person, carla: Person) -> None:
    incident = report(match, amira)

    incidents.acknowledge(incident.pk, by=carla.user, at=NOON + timedelta(minutes=2))

    assert paging.page_what_is_due(at=NOON + timedelta(minutes=16)) == 0
    with pytest.raises(AcknowledgedAlready):
        incidents.acknowledge(incident.pk, by=people.carla("dana").user, at=NOON)


def test_nobody_acknowledges_who_is_party_or_not_at_the_desk_of_the_place(match: Match, amira: Person) -> None:
    incident = report(match, amira)
    hanna = match.space.host.user
    Coordinator.objects.create(user=hanna, role="coordinator", all_places=True)
    elsewhere = people.carla("elsewhere", places=(people.place("Oral"),))

    for nobody in (hanna, elsewhere.user, people.adil().user, people.oskar().user):
        with pytest.raises(NotYours):
            incidents.acknowledge(incident.pk, by=type(nobody).objects.get(pk=nobody.pk), at=NOON)
    seen = [queries.incidents_visible_to(type(who).objects.get(pk=who.pk)).count() for who in (hanna, elsewhere.user)]
    assert seen == [0, 0]


def test_who_was_paged_from_another_place_may_see_and_acknowledge(match: Match, amira: Person, carla: Person) -> None:
    incident = report(match, amira)
    elsewhere = people.carla("elsewhere", places=(people.place("Oral"),))
    told = Notification.objects.create(
        recipient=elsewhere.user, event="not_safe", language="en", key="x", created_at=NOON
    )
    IncidentPage.objects.create(
        incident=incident, step=9, rung="next", recipient=elsewhere.user, notification=told, at=NOON
    )

    assert incidents.acknowledge(incident.pk, by=elsewhere.user, at=NOON).acknowledged_by == elsewhere.user


# -- what the reporter is told --------------------------------------------------------------------


def told(match: Match) -> Told | None:
    return incidents.told_to([match], Role.ARRIVAL).get(match.pk)


def test_reporter_is_told_what_rows_say(match: Match, amira: Person, carla: Person) -> None:
    reached_by(people.lena(), "lena@example.org")
    sent, seen = NOON + timedelta(minutes=1), NOON + timedelta(minutes=3)
    before = told(match)
    incident = report(match, amira)

    def expected(**more: Any) -> Told:
        as_begun = {"sent_at": None, "acknowledged_at": None, "will_call": False, "closed_at": None}
        as_begun |= {"reached_at": None, "missed_at": None}
        return Told(**{"reported_at": NOON, "anybody": True, **as_begun, "reach": "", "happened": "", **more})

    steps = [before, told(match)]
    Delivery.objects.filter(notification__event="not_safe").update(status="sent", sent_at=sent)
    steps.append(told(match))
    with pytest.raises(NoNumberGiven):
        incidents.acknowledge(incident.pk, by=carla.user, at=seen, promised=["arrival"])
    incidents.acknowledge(incident.pk, by=carla.user, at=seen)
    steps.append(told(match))
    incidents.add_words(match, by=amira.user, at=seen, reach="+7 700 1", happened="He shouts.")
    steps.append(told(match))
    incidents.acknowledge(incident.pk, by=carla.user, at=seen, promised=["arrival"])
    steps.append(told(match))
    incidents.add_words(match, by=amira.user, at=seen, reach="the station", happened="He shouts.")
    steps.append(told(match))

    words = {"reach": "+7 700 1", "happened": "He shouts."}
    assert steps == [
        None,
        expected(),
        expected(sent_at=sent),
        expected(sent_at=sent, acknowledged_at=seen),
        expected(sent_at=sent, acknowledged_at=seen, **words),
        expected(sent_at=sent, acknowledged_at=seen, will_call=True, **words),
        expected(sent_at=sent, acknowledged_at=seen, **words | {"reach": "the station"}),
    ]
    assert incidents.told_to([match], Role.HOST) == {}


def test_nobody_to_page_is_not_called_being_told(settings: Any, match: Match, amira: Person) -> None:
    settings.EMERGENCY_CONTACTS = []

    incident = report(match, amira)

    assert (told(match).anybody, incident.events.last().what) == (False, "nobody")  # type: ignore[union-attr]
    assert incident.next_step_at == NOON + timedelta(minutes=5)


def test_words_are_taken_from_reporters_only(match: Match, amira: Person, hanna: Person, carla: Person) -> None:
    report(match, amira)

    for nobody in (hanna, carla, people.oskar()):
        with pytest.raises(NotYours):
            incidents.add_words(match, by=nobody.user, at=NOON, reach="x", happened="x")


# -- a second report ------------------------------------------------------------------------------


def test_second_report_joins_and_takes_back_what_was_agreed(match: Match, amira: Person, hanna: Person) -> None:
    carla, dana = reached_by(people.carla(), "carla@example.org"), people.carla("dana")
    incident = report(match, amira)
    incidents.acknowledge(incident.pk, by=carla.user, at=NOON)
    incidents.agree_to_go_on(incident.pk, by=carla.user, at=NOON)
    incidents.agree_to_go_on(incident.pk, by=dana.user, at=NOON)
    incidents.close(incident.pk, by=carla.user, at=NOON, outcome="safe")
    later = NOON + timedelta(minutes=30)

    assert report(match, hanna, at=later) == incident
    report(match, hanna, at=later + timedelta(minutes=1))

    incident.refresh_from_db()
    assert (incident.go_on_agreed_by, incident.close_asked_by, incident.outcome) == (None, None, "")
    assert incident.acknowledged_by == carla.user
    assert [paged(incident, step) for step in (2, 3)] == [{("carla", "acknowledged")}, set()]
    assert list(IncidentReport.objects.values_list("role", "how")) == [("arrival", "button"), ("host", "button")]
    with pytest.raises(IncidentOpen):
        transitions.unfreeze(match.pk, by=carla.user, at=later)


# -- two people -----------------------------------------------------------------------------------


def test_match_goes_on_only_when_two_agree_or_the_incident_is_closed(
    match: Match, amira: Person, carla: Person
) -> None:
    dana = people.carla("dana")
    incident = report(match, amira)

    with pytest.raises(AcknowledgeFirst):
        incidents.agree_to_go_on(incident.pk, by=carla.user, at=NOON)
    incidents.acknowledge(incident.pk, by=carla.user, at=NOON)
    incidents.agree_to_go_on(incident.pk, by=carla.user, at=NOON)
    with pytest.raises(AnotherMustAgree):
        incidents.agree_to_go_on(incident.pk, by=carla.user, at=NOON)
    with pytest.raises(IncidentOpen):
        transitions.unfreeze(match.pk, by=carla.user, at=NOON)
    incidents.agree_to_go_on(incident.pk, by=dana.user, at=NOON)

    assert transitions.unfreeze(match.pk, by=carla.user, at=NOON).frozen_at is None


def test_two_people_close_an_incident_with_the_same_outcome(match: Match, amira: Person, carla: Person) -> None:
    dana = people.carla("dana")
    incident = report(match, amira)

    def close(person: Person, outcome: str) -> None:
        incidents.close(incident.pk, by=person.user, at=NOON, outcome=outcome)

    with pytest.raises(AcknowledgeFirst):
        close(carla, "safe")
    incidents.acknowledge(incident.pk, by=carla.user, at=NOON)
    with pytest.raises(OutcomeNeeded):
        close(carla, "")
    close(carla, "safe")
    with pytest.raises(AnotherMustAgree):
        close(carla, "safe")
    close(dana, "moved")
    close(carla, "moved")

    incident.refresh_from_db()
    assert (incident.close_asked_by, incident.closed_by, incident.outcome) == (dana.user, carla.user, "moved")
    with pytest.raises(IncidentOver):
        close(dana, "moved")
    transitions.unfreeze(match.pk, by=carla.user, at=NOON)
    assert report(match, amira) != incident


@pytest.mark.parametrize(
    ("change", "constraint"),
    [
        ({"closed_by_id": 1, "closed_at": NOON, "close_asked_by_id": 1, "outcome": "safe"}, "incident_closed_by_two"),
        ({"go_on_asked_by_id": 1, "go_on_agreed_by_id": 1}, "incident_go_on_by_two"),
        ({"next_step_at": None}, "incident_paged_until_acknowledged"),
        ({"acknowledged_at": NOON}, "incident_acknowledged_by_somebody"),
        ({"outcome": "forgotten"}, "incident_outcome_known"),
    ],
)
def test_database_refuses(match: Match, amira: Person, change: dict[str, Any], constraint: str) -> None:
    incident = report(match, amira)
    known = {name: (amira.user.pk if name.endswith("_id") else value) for name, value in change.items()}
    if "closed_at" in known:
        known |= {"acknowledged_by_id": amira.user.pk, "acknowledged_at": NOON, "next_step_at": None}

    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        Incident.objects.filter(pk=incident.pk).update(**known)


def test_raw_unfreeze_is_refused_while_an_incident_is_open(match: Match, amira: Person) -> None:
    report(match, amira)

    with pytest.raises(IntegrityError, match="incident"), transaction.atomic():
        Match.objects.filter(pk=match.pk).update(frozen_at=None)


# -- an hour without anybody ----------------------------------------------------------------------


def test_hour_without_anybody_tells_the_emergency_contact_once(match: Match) -> None:
    lena = people.lena()
    carla = people.carla()

    told = [paging.page_empty_hour(at=NOON + timedelta(minutes=minutes)) for minutes in (0, 30, 60)]
    on_the_rota(carla)
    unreached = paging.places_without_anybody(at=NOON)
    reached_by(carla, "carla@example.org")

    assert told == [True, False, True]
    assert (unreached, paging.places_without_anybody(at=NOON)) == (None, set())
    assert not paging.page_empty_hour(at=NOON + timedelta(hours=5))
    assert not lena.user.notifications.filter(event="nobody_on_call").exists()
    events = Notification.objects.filter(event="nobody_on_call")
    assert set(events.values_list("recipient__username", "deliveries__contact_point__channel")) == {
        (USERNAME, "email"),
        (USERNAME, "sms"),
    }


def test_place_of_a_stay_without_anybody_is_named(match: Match) -> None:
    oral = people.place("Oral")
    elsewhere = reached_by(people.carla("elsewhere", places=(oral,)), "elsewhere@example.org")
    on_the_rota(elsewhere)

    assert paging.places_without_anybody(at=NOON) == {people.place().pk}


def test_minutes_between_steps_are_a_rule(match: Match, amira: Person, lena: Person) -> None:
    rules.change({"page_minutes": 2}, by=lena.user, at=NOON, reason="a small team", seen=rules.latest_change())

    assert report(match, amira).next_step_at == NOON + timedelta(minutes=2)


def test_log_cannot_be_changed(match: Match, amira: Person) -> None:
    incident = report(match, amira)

    for rows in (IncidentEvent.objects.filter(incident=incident), IncidentPage.objects.filter(incident=incident)):
        with pytest.raises(Exception, match="Cannot update or delete"), transaction.atomic():
            rows.update(at=NOON)


# -- what is erased -------------------------------------------------------------------------------


@pytest.mark.parametrize(("days", "left"), [(89, ("+7 700 1", "He shouts.", 1)), (91, ("", "", 0))])
def test_words_are_erased_after_the_incident_is_closed_and_codes_stay(
    match: Match, amira: Person, carla: Person, days: int, left: tuple[str, str, int]
) -> None:
    incident = report(match, amira)
    incidents.add_words(match, by=amira.user, at=NOON, reach="+7 700 1", happened="He shouts.")
    incidents.acknowledge(incident.pk, by=carla.user, at=NOON)
    incidents.write_note(incident.pk, "called", by=carla.user, at=NOON)
    forget_what_is_old(at=NOON + timedelta(days=1000))
    assert IncidentReport.objects.get().reach == "+7 700 1", "an open incident keeps its words"
    for who in (carla, people.carla("dana")):
        incidents.close(incident.pk, by=who.user, at=NOON, outcome="safe")
    lines = incident.events.count()

    forget_what_is_old(at=NOON + timedelta(days=days))

    told = IncidentReport.objects.get()
    assert (told.reach, told.happened, incident.notes.count()) == left
    assert incident.events.count() == lines


@pytest.mark.parametrize(("days", "left"), [(89, 1), (91, 0)])
def test_hours_off_the_rota_are_erased(carla: Person, lena: Person, days: int, left: int) -> None:
    on_the_rota(carla)
    rota.end_shift(OnCallShift.objects.get().pk, by=lena.user, at=NOON)

    forget_what_is_old(at=NOON + timedelta(days=days))

    assert OnCallShift.objects.count() == left
