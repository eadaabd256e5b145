"""The worker's acts, one by one, on a real database (tests/chaos runs the worker's processes)."""

from __future__ import annotations

from datetime import timedelta
from io import StringIO

import pytest
from django.conf import settings
from django.core.management import call_command
from django.utils import timezone

from accounts import vetting
from matching import intake, transitions
from matching.models import Match, MatchingDue, ShelterRequest, Space
from matching.queries import state_of
from matching.states import RequestState, Status
from matching.worker import matchmaking
from tests import people
from tests.people import Person, tonight

pytestmark = pytest.mark.django_db


def match_now() -> matchmaking.MatchingDone:
    return matchmaking.match_open_requests(now=timezone.now)


def test_new_request_is_proposed_with_reasons(amira: Person, hanna: Person) -> None:
    space = people.space(hanna.host)
    asked = people.request(amira.arrival)

    match_now()

    match = Match.objects.get()
    assert (match.request, match.space, match.status, match.last_day) == (asked, space, "proposed", asked.last_day)
    assert match.reasons == [
        {"code": "distance", "km": 0.0},
        {"code": "common_language", "languages": ["ru"]},
        {"code": "people_in_beds", "people": 2, "beds": 3},
        {"code": "all_nights", "nights": 5},
    ]
    assert not MatchingDue.objects.exists()


def test_left_over_request_says_why(amira: Person, hanna: Person) -> None:
    people.space(hanna.host, pets=False)
    asked = people.request(amira.arrival, pets=True)

    match_now()

    asked.refresh_from_db()
    assert {"code": "count_no_pets", "count": 1} in asked.left_over_reasons


def test_freed_space_is_matched_again(amira: Person, hanna: Person, carla: Person) -> None:
    match = people.match_in(Status.CONFIRMED, people.request(amira.arrival), people.space(hanna.host))
    other = people.request(people.amira(name="Aigul").arrival)
    match_now()
    assert not other.matches.exists()

    transitions.cancel(match.pk, by=amira.user, at=timezone.now(), reason="found_elsewhere")
    transitions.withdraw_request(match.request_id, by=amira.user, at=timezone.now())
    match_now()

    assert other.matches.get().status == "proposed"


@pytest.mark.parametrize("why", ["unvetted host", "paused", "stale"])
def test_space_that_may_not_be_matched_is_not(why: str, amira: Person) -> None:
    host = people.hanna(vetted=why != "unvetted host").host
    space = people.space(host)
    if why == "paused":
        intake.pause_space(space.pk, by=host.user, at=timezone.now())
    if why == "stale":
        Space.objects.filter(pk=space.pk).update(fresh_until=timezone.now())
    people.request(amira.arrival)

    match_now()

    assert not Match.objects.exists()


def test_child_alone_is_never_proposed_by_the_worker_and_coordinators_are_paged(
    amira: Person, hanna: Person, carla: Person
) -> None:
    people.space(hanna.host)
    people.request(amira.arrival, people=1, children=1)

    match_now()

    assert not Match.objects.exists()
    assert [n.event for n in carla.user.notifications.all()].count("minor_alone") == 1


def test_round_runs_only_when_something_is_due(amira: Person, hanna: Person) -> None:
    people.space(hanna.host)
    people.request(amira.arrival)

    assert (len(match_now().rounds), len(match_now().rounds)) == (1, 0)


def test_broken_off_stay_is_matched_anew_for_the_nights_left_and_more_urgently(amira: Person, hanna: Person) -> None:
    asked = people.request(amira.arrival, urgency="1.5")
    match = people.match_in(Status.CHECKED_IN, asked, people.space(hanna.host))
    other = people.space(people.hanna(contact="second@example.org").host)

    transitions.break_off(match.pk, by=amira.user, at=timezone.now(), reason="not_suitable")
    match_now()

    again = Match.objects.exclude(pk=match.pk).get()
    assert ShelterRequest.objects.get(pk=asked.pk).urgency == "2.5"
    assert again.status == "proposed"
    assert again.space_id in (match.space_id, other.pk)


@pytest.mark.parametrize(
    ("status", "told"), [(Status.PROPOSED, []), (Status.APPROVED, ["arrival_expired", "host_expired"])]
)
def test_overdue_match_expires_and_the_people_who_were_asked_are_told(
    status: Status, told: list[str], amira: Person, hanna: Person
) -> None:
    match = people.match_in(status, people.request(amira.arrival), people.space(hanna.host))
    Match.objects.filter(pk=match.pk).update(due_at=timezone.now() - timedelta(minutes=1))

    matchmaking.expire_overdue(at=timezone.now())

    match.refresh_from_db()
    heard = sorted(
        n.event for user in (amira.user, hanna.user) for n in user.notifications.all() if "expired" in n.event
    )
    assert (match.status, heard) == (Status.EXPIRED, told)


def test_silent_host_is_not_matched_again_before_answering(amira: Person, hanna: Person) -> None:
    match = people.match_in(Status.APPROVED, people.request(amira.arrival), people.space(hanna.host))

    transitions.expire(match.pk, at=timezone.now())
    match_now()
    assert Match.objects.count() == 1

    intake.confirm_still_available(match.space_id, by=hanna.user, at=timezone.now())
    match_now()
    assert Match.objects.count() == 2


def test_frozen_match_does_not_expire(amira: Person, hanna: Person) -> None:
    match = people.match_in(Status.APPROVED, people.request(amira.arrival), people.space(hanna.host))
    transitions.report_not_safe(match.pk, by=amira.user, at=timezone.now())
    Match.objects.filter(pk=match.pk).update(due_at=timezone.now() - timedelta(minutes=1))

    matchmaking.expire_overdue(at=timezone.now())

    match.refresh_from_db()
    assert match.status == Status.APPROVED


def test_stay_that_is_over_is_completed(amira: Person, hanna: Person) -> None:
    match = people.match_in(Status.CHECKED_IN, people.request(amira.arrival), people.space(hanna.host))

    matchmaking.expire_overdue(at=timezone.now() + timedelta(days=match.nights + 1))

    match.refresh_from_db()
    assert match.status == Status.COMPLETED


@pytest.mark.parametrize(("nights_ahead", "hours"), [(0, 3), (1, 6), (5, 24), (20, 48)])
def test_deadline_is_shorter_for_tonight(nights_ahead: int, hours: int, amira: Person, hanna: Person) -> None:
    now = timezone.now()
    asked = people.request(amira.arrival, first_night=tonight(nights_ahead))

    match = people.proposed(asked, people.space(hanna.host), at=now)

    assert match.due_at == now + timedelta(hours=hours)


def test_host_is_asked_once_whether_the_space_still_stands(hanna: Person) -> None:
    space = people.space(hanna.host)
    soon = timezone.now() + timedelta(days=settings.FRESH_DAYS - 1)

    assert (intake.ask_if_still_available(at=soon), intake.ask_if_still_available(at=soon)) == (1, 0)

    intake.confirm_still_available(space.pk, by=hanna.user, at=soon)
    space.refresh_from_db()
    assert space.fresh_until == soon + timedelta(days=settings.FRESH_DAYS)


def test_request_state_is_derived_from_its_matches(amira: Person, hanna: Person) -> None:
    asked = people.request(amira.arrival, min_nights=2)
    assert state_of(asked, tonight()) == RequestState.OPEN
    assert state_of(asked, tonight(9)) == RequestState.LAPSED

    people.space(hanna.host, windows=((tonight(), tonight(3)),))
    match_now()
    assert state_of(ShelterRequest.objects.get(pk=asked.pk), tonight()) == RequestState.PARTLY_MET

    transitions.withdraw_request(asked.pk, by=amira.user, at=timezone.now())
    assert state_of(ShelterRequest.objects.get(pk=asked.pk), tonight()) == RequestState.WITHDRAWN


def test_sweep_from_cron_does_all_the_workers_acts(amira: Person, hanna: Person) -> None:
    people.space(hanna.host)
    people.request(amira.arrival)
    said = StringIO()

    call_command("sweep", stdout=said)

    assert said.getvalue().startswith(
        "0 steps paged, 0 decisions carried out, 0 ended, 1 proposed, 0 approved by policy, 0 hosts asked, 0 checks asked for, "
    )
    assert Match.objects.get().status == "proposed"


def test_sweep_asks_for_checks_that_run_out(carla: Person, hanna: Person) -> None:
    vetting.record_check(hanna.host, "phone_verified", by=carla.user, at=timezone.now(), valid_days=3)
    said = StringIO()

    call_command("sweep", stdout=said)

    assert ", 1 checks asked for, " in said.getvalue()
    assert [each.event for each in hanna.user.notifications.all()].count("check_due") == 1
