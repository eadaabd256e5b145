"""Checks, standing and calls: the last check counts, a refusal takes two people, and urgent hosts are called first."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts import vetting
from accounts.models import Host, HostCall, HostCheck, HostEvent
from accounts.vetting import CheckState, SecondPersonRefuses, WrongStanding
from matching import hosts
from matching.desk import call_list
from matching.desk.call_list import ReasonToCall
from matching.models import Match, Space
from matching.refusals import NotYours
from matching.states import Status
from notifications.models import Notification
from tests import people
from tests.people import Person, tonight

pytestmark = pytest.mark.django_db


@pytest.fixture
def now() -> datetime:
    return timezone.now()


def states(host: Host) -> list[str]:
    return [item.state.value for item in vetting.checklist(host, tonight())]


def told(person: Person) -> list[str]:
    return sorted(Notification.objects.filter(recipient=person.user).values_list("event", flat=True))


# -- checks ---------------------------------------------------------------------------------------


def test_checklist_says_how_each_required_check_stands(carla: Person, now: datetime) -> None:
    host = people.hanna(vetted=False).host
    assert states(host) == ["missing", "missing", "missing"]

    vetting.record_check(host, "identity_seen", by=carla.user, at=now)
    vetting.record_check(host, "phone_verified", by=carla.user, at=now, valid_days=29)
    vetting.record_check(host, "rules_agreed", by=carla.user, at=now - timedelta(days=400))

    assert states(host) == ["passed", "expiring", "expired"]
    assert vetting.missing_checks(host, tonight()) == ["rules_agreed"]


def test_last_check_of_a_kind_counts(carla: Person, hanna: Person, now: datetime) -> None:
    vetting.record_check(hanna.host, "identity_seen", by=carla.user, at=now, passed=False)
    assert states(hanna.host) == ["failed", "passed", "passed"]
    assert vetting.with_every_check([hanna.host.pk], tonight()) == set()

    vetting.record_check(hanna.host, "identity_seen", by=carla.user, at=now + timedelta(minutes=1))

    assert states(hanna.host) == ["passed", "passed", "passed"]
    assert vetting.with_every_check([hanna.host.pk], tonight()) == {hanna.host.pk}


def test_kinds_and_validity_are_the_deployments(carla: Person, hanna: Person, now: datetime, settings) -> None:  # type: ignore[no-untyped-def]
    settings.REQUIRED_CHECKS = {"video_call": 10, "identity_seen": 365}

    vetting.record_check(hanna.host, "video_call", by=carla.user, at=now)

    assert [item.kind for item in vetting.checklist(hanna.host, tonight())] == ["video_call", "identity_seen"]
    assert HostCheck.objects.get(kind="video_call").valid_until == tonight(10)


def test_failed_check_makes_the_next_proposal_high_risk(
    carla: Person, amira: Person, hanna: Person, now: datetime
) -> None:
    vetting.record_check(hanna.host, "reference", by=carla.user, at=now, passed=False)
    assert not people.proposed(people.request(amira.arrival), people.space(hanna.host)).high_risk

    vetting.record_check(hanna.host, "rules_agreed", by=carla.user, at=now, passed=False)

    assert people.proposed(people.request(people.amira().arrival), people.space(hanna.host)).risks == [
        "first_time_host",
        "check_overdue",
    ]


# -- a refusal takes two --------------------------------------------------------------------------


def test_refusal_takes_two_different_coordinators(carla: Person, now: datetime) -> None:
    hanna = people.hanna(vetted=False)
    other = people.carla("second")

    hosts.refuse(hanna.host.pk, by=carla.user, at=now, reason="no key to the flat")
    assert (Host.objects.get().status, told(hanna)) == ("unvetted", [])
    with pytest.raises(SecondPersonRefuses):
        hosts.refuse(hanna.host.pk, by=carla.user, at=now, reason="again")
    hosts.refuse(hanna.host.pk, by=other.user, at=now)

    host = Host.objects.get()
    assert (host.status, told(hanna)) == ("refused", ["host_refused"])
    assert list(HostEvent.objects.values_list("by", "from_status", "to_status", "remark__text", "said")) == [
        (carla.user.pk, "unvetted", "unvetted", "no key to the flat", {"code": "refusal_asked"}),
        (other.user.pk, "unvetted", "refused", "no key to the flat", None),
    ]


def test_refusal_asked_for_can_be_taken_back(carla: Person, now: datetime) -> None:
    hanna = people.hanna(vetted=False)
    hosts.refuse(hanna.host.pk, by=carla.user, at=now, reason="a mistake")

    hosts.keep_unrefused(hanna.host.pk, by=people.carla("second").user, at=now)

    host = Host.objects.get()
    assert (host.status, host.refusal_by, host.refusal_reason) == ("unvetted", None, "")
    with pytest.raises(WrongStanding):
        hosts.keep_unrefused(hanna.host.pk, by=carla.user, at=now)


def test_vetting_ends_a_refusal_asked_for(carla: Person, now: datetime) -> None:
    hanna = people.hanna(vetted=False)
    hosts.refuse(hanna.host.pk, by=carla.user, at=now, reason="a mistake")

    people.vet(hanna.host, by=carla)

    host = Host.objects.get()
    assert (host.status, host.refusal_by) == ("vetted", None)


def test_database_refuses_a_refusal_by_one_person(carla: Person) -> None:
    host = people.hanna(vetted=False).host

    for columns in ({}, {"refusal_by": carla.user}, {"refusal_by": carla.user, "refusal_seconded_by": carla.user}):
        with pytest.raises(IntegrityError, match="two people"), transaction.atomic():
            Host.objects.filter(pk=host.pk).update(status="refused", **columns)

    # The negative control: with two people the same write goes through.
    both = {"refusal_by": carla.user, "refusal_seconded_by": people.carla("second").user}
    assert Host.objects.filter(pk=host.pk).update(status="refused", **both) == 1


# -- suspension -----------------------------------------------------------------------------------


def test_suspension_ends_or_freezes_matches_and_says_so_to_those_affected(
    carla: Person, hanna: Person, now: datetime
) -> None:
    knows, does_not, elsewhere = people.amira(), people.amira(name="Proposed"), people.amira(name="Elsewhere")
    stays = people.amira(name="Stays")
    staying = people.match_in(Status.CHECKED_IN, people.request(stays.arrival), people.space(hanna.host))
    confirmed = people.match_in(Status.CONFIRMED, people.request(knows.arrival), people.space(hanna.host))
    proposed = people.proposed(people.request(does_not.arrival), people.space(hanna.host))
    other = people.hanna(contact="other@example.org")
    untouched = people.match_in(Status.CONFIRMED, people.request(elsewhere.arrival), people.space(other.host))
    before = {person: told(person) for person in (knows, does_not, elsewhere, stays, hanna, other, carla)}

    hosts.suspend(hanna.host.pk, by=carla.user, at=now, reason="a complaint")

    def news(person: Person) -> list[str]:
        after = told(person)
        for event in before[person]:
            after.remove(event)
        return after

    assert {m.pk: (m.status, m.frozen_at) for m in Match.objects.all()} == {
        staying.pk: ("checked_in", now),
        confirmed.pk: ("cancelled", None),
        proposed.pk: ("expired", None),
        untouched.pk: ("confirmed", None),
    }
    assert (news(hanna), news(stays), news(knows)) == (["host_on_hold"], ["match_frozen"], ["arrival_cancelled"])
    assert (news(does_not), news(elsewhere), news(other)) == ([], [], [])
    assert news(carla) == ["host_suspended"]


def test_coordinator_of_another_place_judges_nobody_here(hanna: Person, now: datetime) -> None:
    people.space(hanna.host)
    stranger = people.carla("elsewhere", places=(people.place("Oral"),))

    for act in (hosts.vet, hosts.refuse, hosts.keep_unrefused):
        with pytest.raises(NotYours):
            act(hanna.host.pk, by=stranger.user, at=now)
    with pytest.raises(NotYours):
        hosts.suspend(hanna.host.pk, by=stranger.user, at=now, reason="x")
    assert Host.objects.get(pk=hanna.host.pk).status == "vetted"


def test_auditor_judges_nobody(adil: Person, hanna: Person, now: datetime) -> None:
    with pytest.raises(NotYours):
        hosts.suspend(hanna.host.pk, by=adil.user, at=now, reason="x")


# -- rechecks ---------------------------------------------------------------------------------------


def test_rechecks_are_asked_for_ahead_and_once(carla: Person, now: datetime) -> None:
    hanna = people.hanna(vetted=False)
    for kind in people.REQUIRED_CHECKS:
        vetting.record_check(hanna.host, kind, by=carla.user, at=now, valid_days=100)
    hosts.vet(hanna.host.pk, by=carla.user, at=now)
    people.space(hanna.host)
    stranger = people.carla("elsewhere", places=(people.place("Oral"),))

    assert call_list.ask_for_rechecks(at=now + timedelta(days=69)) == 0
    assert call_list.ask_for_rechecks(at=now + timedelta(days=71)) == 3
    assert call_list.ask_for_rechecks(at=now + timedelta(days=71, hours=1)) == 0

    assert told(hanna).count("check_due") == 3
    assert (told(carla).count("checks_expiring"), told(stranger)) == (1, [])


def test_rechecks_are_not_asked_for_hosts_with_a_new_check(carla: Person, hanna: Person, now: datetime) -> None:
    later = now + timedelta(days=350)
    for kind in people.REQUIRED_CHECKS:
        vetting.record_check(hanna.host, kind, by=carla.user, at=later)

    assert call_list.ask_for_rechecks(at=later + timedelta(minutes=1)) == 0


# -- the hosts to call ------------------------------------------------------------------------------


def called(user: Person, at: datetime, only: ReasonToCall | None = None) -> list[tuple[int, list[str]]]:
    return [
        (call.host.pk, [why.value for why, _at in call.reasons])
        for call in call_list.to_call(user.user, at, only).calls
    ]


def test_calls_come_in_the_order_of_need(carla: Person, amira: Person, hanna: Person, now: datetime) -> None:
    quiet = people.match_in(Status.APPROVED, people.request(amira.arrival), people.space(hanna.host))
    first, second = (people.hanna(vetted=False, contact=f"{name}@example.org").host for name in ("one", "two"))
    Host.objects.filter(pk=first.pk).update(created_at=now - timedelta(days=2))
    checked = people.hanna(contact="checked@example.org")
    vetting.record_check(checked.host, "identity_seen", by=carla.user, at=timezone.now(), valid_days=3)
    stale = people.hanna(contact="stale@example.org")
    Space.objects.filter(pk=people.space(stale.host).pk).update(fresh_until=now - timedelta(days=1))
    fine = people.hanna(contact="fine@example.org")
    people.space(fine.host)

    found = called(carla, quiet.due_at or now)

    assert found == [
        (hanna.host.pk, ["no_answer"]),
        (first.pk, ["unvetted"]),
        (second.pk, ["unvetted"]),
        (checked.host.pk, ["check"]),
        (stale.host.pk, ["stale"]),
    ]
    assert call_list.to_call(carla.user, quiet.due_at or now).counts == {
        ReasonToCall.NO_ANSWER: 1,
        ReasonToCall.BROKEN_OFF: 0,
        ReasonToCall.SUSPENDED: 0,
        ReasonToCall.UNVETTED: 2,
        ReasonToCall.CHECK: 1,
        ReasonToCall.STALE: 1,
    }
    assert called(carla, quiet.due_at or now, ReasonToCall.CHECK) == [(checked.host.pk, ["check"])]


def test_host_who_let_a_question_expire_is_called(carla: Person, amira: Person, hanna: Person, now: datetime) -> None:
    people.match_in(Status.EXPIRED, people.request(amira.arrival), people.space(hanna.host))

    assert called(carla, now, ReasonToCall.NO_ANSWER) == [(hanna.host.pk, ["no_answer"])]
    assert called(carla, now + timedelta(days=4), ReasonToCall.NO_ANSWER) == []


def test_host_called_today_leaves_the_list_until_tomorrow(carla: Person, now: datetime) -> None:
    host = people.hanna(vetted=False).host

    vetting.note_call(host, "no_answer", by=carla.user, at=now, note="rang twice")

    assert (called(carla, now), call_list.to_call(carla.user, now).called_today) == ([], 1)
    assert called(carla, now + timedelta(days=1)) == [(host.pk, ["unvetted"])]


def test_call_on_record_cannot_be_changed(carla: Person, hanna: Person, now: datetime) -> None:
    vetting.note_call(hanna.host, "reached", by=carla.user, at=now)

    with pytest.raises(Exception, match="Cannot update"), transaction.atomic():
        HostCall.objects.update(outcome="no_answer")


def test_coordinator_of_another_place_calls_nobody_here(hanna: Person, now: datetime) -> None:
    people.space(hanna.host)
    Space.objects.update(fresh_until=now - timedelta(days=1))
    stranger = people.carla("elsewhere", places=(people.place("Oral"),))

    assert (called(stranger, now), call_list.to_call(stranger.user, now).counts[ReasonToCall.STALE]) == ([], 0)
    assert called(people.carla("here", places=(people.place(),)), now) == [(hanna.host.pk, ["stale"])]


def test_calls_cost_the_same_queries_for_many(carla: Person, now: datetime, django_assert_max_num_queries) -> None:  # type: ignore[no-untyped-def]
    for number in range(12):
        people.space(people.hanna(vetted=False, contact=f"h{number}@example.org").host)

    with django_assert_max_num_queries(21):
        assert len(call_list.to_call(carla.user, now).calls) == 12


# -- figures --------------------------------------------------------------------------------------


def test_figures_count_each_state_once(carla: Person, hanna: Person, now: datetime) -> None:
    waiting = people.hanna(vetted=False, contact="waiting@example.org").host
    vetting.record_check(waiting, "identity_seen", by=carla.user, at=now, passed=False)
    vetting.record_check(hanna.host, "rules_agreed", by=carla.user, at=now, valid_days=2)

    found = {
        (row.status, row.kind): {s.value: n for s, n in row.counts.items() if n}
        for row in call_list.figures(carla.user, now)
    }

    assert found == {
        ("vetted", "identity_seen"): {"passed": 1},
        ("vetted", "phone_verified"): {"passed": 1},
        ("vetted", "rules_agreed"): {"expiring": 1},
        ("not vetted yet", "identity_seen"): {"failed": 1},
        ("not vetted yet", "phone_verified"): {"missing": 1},
        ("not vetted yet", "rules_agreed"): {"missing": 1},
    }
    assert CheckState.MISSING in call_list.figures(carla.user, now)[0].counts
