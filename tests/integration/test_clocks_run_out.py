"""Each clock erases when its days are over and not before; in the end nothing of anybody is left without anybody asking."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts import coordinators
from accounts.models import User
from deployment import rules
from matching import transitions
from matching.models import Incident, KeptApart, MatchEvent, MatchingRound, ShelterRequest
from matching.states import Status
from notifications.models import Delivery, Notification
from privacy.models import AccessLog, Remark
from privacy.retention import forget_what_is_old
from tests import people
from tests.integration.erasing_world import AMIRA, CARLA, HANNA, World, world
from tests.people import Person, tonight
from tests.rows import holding

pytestmark = pytest.mark.django_db


@pytest.fixture
def there() -> World:
    return world()


def later(days: float) -> dict[str, int]:
    erased = forget_what_is_old(at=timezone.now() + timedelta(days=days))
    assert set(erased) >= {"ended_cases", "hosts_gone"}, "a clock has failed"
    return {name: number for name, number in erased.items() if number}


def test_in_the_end_nothing_of_anybody_is_left(there: World) -> None:
    at = timezone.now()
    transitions.cancel(there.coming.pk, by=there.hanna.user, at=at, reason="not_now", note="HannaSentinel cannot")
    for request in ShelterRequest.objects.filter(arrival=there.amira.arrival, withdrawn_at=None):
        transitions.withdraw_request(request.pk, by=there.amira.user, at=at)
    coordinators.send_away(
        there.carla.user.coordinator.pk, by=people.lena().user, at=at, reason="CarlaSentinel moves away"
    )
    Delivery.objects.exclude(status="failed").update(status="sent", sent_at=at, leased_until=None)

    for _twice in range(2):
        later(4000)

    assert holding(*AMIRA, *HANNA, *CARLA) == set()
    assert (Incident.objects.count(), KeptApart.objects.count(), AccessLog.objects.count()) == (0, 0, 0)
    assert Notification.objects.count() == 0


def test_next_day_all_that_is_kept_for_longer_is_there(there: World) -> None:
    before = holding(*AMIRA, *HANNA, *CARLA)

    later(0.9)

    ended = {
        *(("accounts.CodeRequest", "address"), ("matching.PendingDecision", "note")),  # an hour
    }
    assert before - holding(*AMIRA, *HANNA, *CARLA) <= ended


@pytest.mark.parametrize(("days", "name"), [(364, "Amira Testova"), (366, "")])
def test_case_is_erased_a_year_after_its_last_night(amira: Person, days: int, name: str) -> None:
    people.request(amira.arrival, nights=1)

    later(days + 2)

    assert User.objects.get(pk=amira.user.pk).name == name


def test_case_with_a_live_match_or_a_late_request_stays(amira: Person, hanna: Person, carla: Person) -> None:
    people.match_in(Status.CHECKED_IN, people.request(amira.arrival), people.space(hanna.host))
    late = people.amira(name="Late")
    people.request(late.arrival, first_night=tonight(300), nights=300)

    later(500)

    assert set(User.objects.filter(erased_at=None)) >= {amira.user, hanna.user, late.user, carla.user}


def test_lead_s_days_are_the_clock_s(amira: Person, lena: Person) -> None:
    people.request(amira.arrival, nights=1)
    rules.change({"kept_days": {"ended_cases": 30}}, by=lena.user, at=timezone.now(), reason="a small team", seen=0)

    later(40)

    assert User.objects.get(pk=amira.user.pk).name == ""


def test_histories_keep_their_codes_and_the_last_round_stays(there: World) -> None:
    at = timezone.now()
    for days in (400, 300):
        then = at - timedelta(days=days)
        MatchingRound.objects.create(started_at=then, finished_at=then)
    lines = list(MatchEvent.objects.order_by("pk").values_list("pk", "act", "reason"))

    later(181)

    assert list(MatchEvent.objects.order_by("pk").values_list("pk", "act", "reason")) == lines
    assert {remark.text for remark in Remark.objects.filter(pk__in=MatchEvent.objects.values("remark"))} == {""}
    assert MatchingRound.objects.count() == 1


def test_guards_stand_again_after_words_were_emptied(there: World) -> None:
    from django.db import DatabaseError, transaction

    later(181)

    with pytest.raises(DatabaseError, match="update or delete"), transaction.atomic():
        MatchEvent.objects.update(reason="other")
