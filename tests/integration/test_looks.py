"""A coordinator's looks have a budget: leads hear of what is unusual, and beyond the budget a second person agrees."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.conf import settings as service
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from accounts import coordinators
from accounts.coordinators import NotConfirmedYet, NotLead, NotOneself
from accounts.models import Coordinator, User
from deployment import rules
from matching import disclosure
from matching.disclosure import LookReason
from matching.importing import exports
from matching.importing.exports import ExportKind
from matching.refusals import LookNeedsSecond
from notifications.models import Notification
from privacy.models import AccessLog
from tests import people
from tests.people import Person

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 11, 30, 12, tzinfo=ZoneInfo(service.TIME_ZONE))


@pytest.fixture
def budget(lena: Person) -> int:
    """A small budget: six people a day."""
    rules.change({"looks_budget": 6}, by=lena.user, at=NOON, reason="few of us", seen=rules.latest_change())
    return 6


def arrivals(number: int) -> list[int]:
    return [people.amira(name=f"Somebody {at}").user.pk for at in range(number)]


def look(by: Person, about: list[int], at: datetime = NOON) -> None:
    disclosure.look(by.user, about, "name contact", reason=LookReason.ASKED, at=at)


def told() -> list[tuple[str, str]]:
    """Return who was told of unusual looks, and of which."""
    rows = Notification.objects.filter(event="looks_unusual").order_by("pk")
    return [(row.recipient.username, row.key.split(":")[2]) for row in rows]


# -- the budget ------------------------------------------------------------------------------------


def test_more_people_than_the_budget_need_a_lead_and_nothing_is_opened(carla: Person, budget: int) -> None:
    look(carla, arrivals(budget - 1))
    with pytest.raises(LookNeedsSecond, match="6 people"):
        look(carla, arrivals(2))

    assert AccessLog.objects.count() == budget - 1
    look(carla, arrivals(1))
    assert AccessLog.objects.count() == budget


def test_same_people_again_and_others_after_a_day_are_within_the_budget(carla: Person, budget: int) -> None:
    first = arrivals(budget)
    look(carla, first)

    look(carla, first[:2])
    look(carla, arrivals(budget), NOON + timedelta(hours=24))

    assert AccessLog.objects.count() == 2 * budget + 2


def test_budget_of_one_is_not_used_by_another_and_not_by_the_two_sides_of_a_match(
    carla: Person, lena: Person, budget: int
) -> None:
    look(lena, arrivals(budget))
    disclosure.log_look(
        carla.user, people.amira().user, "name contact", reason=LookReason.MATCH, match=_some_id(), at=NOON
    )

    look(carla, arrivals(budget))


def _some_id() -> Any:
    from uuid import uuid4

    return uuid4()


def test_lead_agrees_to_as_many_again_for_a_day(carla: Person, lena: Person, budget: int) -> None:
    look(carla, arrivals(budget))

    coordinators.allow_more_looks(carla.user.coordinator.pk, by=lena.user, at=NOON, reason="calls to all hosts")

    look(carla, arrivals(budget), NOON + timedelta(minutes=1))
    with pytest.raises(LookNeedsSecond):
        look(carla, arrivals(1), NOON + timedelta(minutes=2))
    with pytest.raises(LookNeedsSecond):  # The go-ahead has ended, and so have most of the looks, but not these.
        look(carla, arrivals(budget + 1), NOON + timedelta(hours=25))


def test_nobody_agrees_to_their_own_looks(carla: Person, lena: Person, budget: int) -> None:
    with pytest.raises(NotOneself):
        coordinators.allow_more_looks(lena.user.coordinator.pk, by=lena.user, at=NOON, reason="for me")
    with pytest.raises(NotLead):
        coordinators.allow_more_looks(lena.user.coordinator.pk, by=carla.user, at=NOON, reason="for her")


def test_lead_whom_no_second_lead_has_confirmed_lets_nobody_open_more(lena: Person) -> None:
    """A lead could name a second account of their own, and be their own second person."""
    second = people.carla("second", role=Coordinator.Role.LEAD)
    row = lena.user.coordinator
    Coordinator.objects.filter(user=second.user).update(confirmed_at=None)

    with pytest.raises(NotConfirmedYet):
        coordinators.allow_more_looks(row.pk, by=User.objects.get(pk=second.user.pk), at=NOON, reason="for her")

    Coordinator.objects.filter(user=second.user).update(confirmed_at=NOON)
    coordinators.allow_more_looks(row.pk, by=User.objects.get(pk=second.user.pk), at=NOON, reason="for her")


def test_export_of_persons_counts_each_of_them(lena: Person, budget: int) -> None:
    for number in range(budget + 1):
        people.space(people.hanna(contact=f"h{number}@example.org").host)

    with pytest.raises(LookNeedsSecond):
        exports.open_personal(ExportKind.SPACES, by=lena.user, at=NOON, reason="asked")

    assert AccessLog.objects.count() == 0


# -- what leads hear --------------------------------------------------------------------------------


def test_half_the_budget_is_told_to_the_other_leads_once_a_day(carla: Person, lena: Person, budget: int) -> None:
    other = people.carla("olga", role="lead")
    look(carla, arrivals(2))
    assert told() == []

    look(carla, arrivals(1))
    look(carla, arrivals(1))
    look(lena, arrivals(3))

    assert told() == [("lena", "many"), ("olga", "many"), ("olga", "many")]
    assert other.user.username == "olga"


@pytest.mark.parametrize(("hour", "found"), [(0, []), (1, ["night"]), (5, ["night"]), (6, []), (23, [])])
def test_look_at_night_is_told(carla: Person, lena: Person, hour: int, found: list[str]) -> None:
    look(carla, arrivals(1), NOON.replace(hour=hour))

    assert [what for _lead, what in told()] == found


def test_look_at_a_person_outside_ones_places_is_told(lena: Person, hanna: Person) -> None:
    here, there = people.place("Almaty"), people.place("Oral")
    people.space(hanna.host)
    look(people.carla("here", places=(here,)), [hanna.user.pk])
    assert told() == []

    look(people.carla("there", places=(there,)), [hanna.user.pk])

    assert told() == [("lena", "outside")]


def test_message_to_leads_names_nobody(carla: Person, lena: Person) -> None:
    look(carla, arrivals(1), NOON.replace(hour=2))

    (row,) = Notification.objects.filter(event="looks_unusual")
    assert row.context == {}


# -- exports without persons -------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ExportKind)
@pytest.mark.parametrize("who", ["carla", "lena", "adil"])
def test_export_without_persons_is_a_line_for_auditors_too(
    request: pytest.FixtureRequest, signed_in: Any, who: str, kind: ExportKind
) -> None:
    person = request.getfixturevalue(who)

    answer = signed_in(person).get(reverse("admin:matching_sheet_export_take", args=[kind.value, "csv"]))

    assert answer.status_code == 200
    (line,) = AccessLog.objects.all()
    assert (line.by, line.about, line.fields, line.reason) == (person.user, None, f"export: {kind.value}", "export")


def test_only_an_export_is_about_nobody(carla: Person) -> None:
    with pytest.raises(IntegrityError, match="access_log_about_somebody"), transaction.atomic():
        AccessLog.objects.create(by=carla.user, about=None, fields="name", reason="asked", at=NOON)


# -- the doors ---------------------------------------------------------------------------------------


def test_pages_say_what_to_do_and_show_nothing(carla: Person, lena: Person, signed_in: Any, budget: int) -> None:
    asked = people.request(people.amira(name="Amira Planted").arrival)
    look(carla, arrivals(budget), timezone.now())
    browser, address = signed_in(carla), reverse("admin:matching_request_open", args=[asked.pk])
    posted = {"why": "asked", "field": ["name", "notes"]}

    refused = browser.post(address, posted).content.decode()
    allow = reverse("admin:accounts_coordinator_act", args=[carla.user.coordinator.pk, "more-looks"])
    signed_in(lena).post(allow, {"reason": "a busy day"})
    opened = browser.post(address, posted).content.decode()

    fresh = people.request(people.amira().arrival)
    hash_before = fresh.arrival.user.password
    look(carla, arrivals(budget - 1), timezone.now())
    secret = browser.post(reverse("admin:matching_request_secret", args=[fresh.pk])).content.decode()
    fresh.arrival.user.refresh_from_db()

    assert "a lead coordinator has to agree" in secret
    assert fresh.arrival.user.password == hash_before
    assert "a lead coordinator has to agree" in refused
    assert ("Amira Planted" in refused, "Amira Planted" in opened) == (False, True)
