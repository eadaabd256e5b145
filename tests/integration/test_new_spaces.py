"""A new space of a host at whom somebody has looked waits to be looked at too; households hear of what changes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient

from accounts import tokens, vetting
from accounts.models import Coordinator, Host
from matching import intake, looking, transitions
from matching.desk import merging, on_behalf, tonight
from matching.desk.duplicates import PairKind
from matching.importing.row_by_row import take_in_spaces
from matching.intake import SpaceDetails, details_of_space
from matching.models import Match, Space, WaitingChange
from matching.states import Status
from notifications.models import Notification
from tests import people
from tests.integration.test_waiting_changes import row_of, sheet_of
from tests.people import Person
from tests.people import tonight as night

pytestmark = pytest.mark.django_db


def details(**more: Any) -> SpaceDetails:
    there = people.place()
    where: dict[str, Any] = {"place": there, "latitude": there.latitude, "longitude": there.longitude}
    return SpaceDetails(**where | {"address": "Dostyk 9", "beds": 2, "windows": ((night(), night(9)),)} | more)


# -- the doors --------------------------------------------------------------------------------------


def by_act(host: Host) -> None:
    intake.offer_space(host, details(), by=host.user, at=timezone.now())


def by_api(host: Host) -> None:
    _row, token = tokens.issue(host.user, name="test", scope="write", days=1, at=timezone.now())
    window = {"first_night": str(night()), "last_day": str(night(30))}
    body = {"place": "Almaty", "beds": 3, "windows": [window], "languages": ["ru"], "address": "Dostyk 9"}
    client = APIClient(headers={"authorization": f"Bearer {token}"})
    assert client.post("/api/v1/spaces/", body, format="json").status_code == 201


def by_telephone(host: Host) -> None:
    point = host.user.contact_points.get()
    on_behalf.offer(
        details(),
        key=uuid4(),
        by=people.carla().user,
        at=timezone.now(),
        language="en",
        name="Hanna",
        contact=(point.channel, point.address),
    )


def by_sheet(host: Host, *, vetted: str = "") -> None:
    row = row_of(sheet_of(Space(), email=host.user.contact_points.get().address, vetted=vetted))
    take_in_spaces([row], by=people.carla().user, at=timezone.now(), trust_vetted=True)


DOORS: dict[str, Callable[[Host], None]] = {
    "act": by_act,
    "API": by_api,
    "telephone": by_telephone,
    "sheet": by_sheet,
}


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("state", ["not vetted", "a check", "vetted"])
def test_new_space_waits_through_every_door(door: str, state: str, carla: Person) -> None:
    host = people.hanna(vetted=state == "vetted").host
    if state == "a check":
        vetting.record_check(host, "reference", by=carla.user, at=timezone.now())

    people.place()  # Doors that take a name find it.

    DOORS[door](host)

    space = Space.objects.get()
    waits = list(WaitingChange.objects.values_list("space", "kinds", "outcome"))
    told = Notification.objects.filter(event="change_waits").exists()
    if state == "not vetted":
        assert (space.status, waits, told) == ("listed", [], False)
    else:
        assert (space.status, waits, told) == ("paused", [(space.pk, ["new"], "")], True)


def test_space_of_a_sheet_for_which_a_coordinator_vouches_is_listed(carla: Person, hanna: Person) -> None:
    people.place()
    by_sheet(hanna.host, vetted="yes")

    assert (Space.objects.get().status, WaitingChange.objects.count()) == ("listed", 0)


# -- until somebody has looked ----------------------------------------------------------------------


@pytest.fixture
def new(hanna: Person) -> Space:
    by_act(hanna.host)
    return Space.objects.get()


def status(space: Space) -> str:
    return Space.objects.get(pk=space.pk).status


def waiting_one() -> WaitingChange:
    return WaitingChange.objects.get(outcome="")


def test_look_lists_the_space(new: Space, carla: Person) -> None:
    looking.apply(waiting_one().pk, by=carla.user, at=timezone.now())

    assert status(new) == "listed"
    intake.pause_space(new.pk, by=new.host.user, at=timezone.now())
    assert intake.list_space(new.pk, by=new.host.user, at=timezone.now()).status == "listed"


def test_neither_listing_again_nor_a_refusal_nor_taking_back_lists_it(new: Space, carla: Person, hanna: Person) -> None:
    at, found = timezone.now(), []
    for end in (
        lambda: None,
        lambda: looking.refuse(waiting_one().pk, by=carla.user, at=at),
        lambda: looking.take_back(waiting_one().pk, by=hanna.user, at=at),
    ):
        end()
        intake.list_space(new.pk, by=hanna.user, at=at)
        found.append((status(new), waiting_one().kinds))

    assert found == [("paused", ["new"])] * 3


def test_withdrawing_a_space_and_offering_it_anew_waits_too(hanna: Person) -> None:
    looked_at = people.space(hanna.host)
    intake.withdraw_space(looked_at.pk, by=hanna.user, at=timezone.now())
    by_act(hanna.host)

    assert sorted(Space.objects.values_list("status", flat=True)) == ["paused", "withdrawn"]


def test_look_at_a_withdrawn_space_lists_nothing(new: Space, hanna: Person) -> None:
    intake.withdraw_space(new.pk, by=hanna.user, at=timezone.now())

    assert (status(new), WaitingChange.objects.get().outcome) == ("withdrawn", "taken_back")


def test_change_of_a_new_space_waits_together_with_it(new: Space, carla: Person, hanna: Person) -> None:
    now = details_of_space(Space.objects.select_related("place").prefetch_related("windows").get())
    intake.change_space(new.pk, replace(now, beds=5), by=hanna.user, at=timezone.now())
    looking.apply(waiting_one().pk, by=carla.user, at=timezone.now())

    there = Space.objects.get()
    assert (there.status, there.beds) == ("listed", 5)


def test_pages_say_that_it_waits_and_what_is_to_be_looked_at(new: Space, hanna: Person, carla: Person) -> None:
    client = Client(headers={"accept-language": "en"})
    client.force_login(hanna.user)
    page = client.get("/host/").content.decode()
    tapped = client.post(f"/host/space/{new.pk}/list/", follow=True).content.decode()
    desk = people.desk_client(carla).get(f"/admin/matching/waitingchange/{waiting_one().pk}/change/").content.decode()

    assert "A coordinator looks at this space first." in page
    assert "offered as it was" not in client.get(f"/host/space/{new.pk}/").content.decode()
    assert "List again" not in page
    assert "The space is listed again." not in tapped
    assert "A new space" in desk
    assert "People who can sleep there" in desk


# -- what households hear -------------------------------------------------------------------------------


def case_page(match: Match) -> str:
    client = Client(headers={"accept-language": "en"})
    client.force_login(match.request.arrival.user)
    return client.get("/case/").content.decode()


def agreed(amira: Person, hanna: Person) -> Match:
    return people.match_in(Status.CONFIRMED, people.request(amira.arrival), people.space(hanna.host))


SINCE = "Since it was agreed, this has changed."


def test_arrival_reads_what_was_changed_of_an_agreed_match_and_when(
    amira: Person, hanna: Person, carla: Person
) -> None:
    match = agreed(amira, hanna)
    before = case_page(match)
    now = details_of_space(Space.objects.select_related("place").prefetch_related("windows").get())
    later = timezone.now() + timedelta(hours=1)
    _space, change = intake.change_space(match.space_id, replace(now, others=3), by=hanna.user, at=later)
    assert change is not None
    waits = case_page(match)
    looking.apply(change.pk, by=carla.user, at=later)

    page = case_page(match)
    assert (SINCE in before, SINCE in waits, SINCE in page) == (False, False, True)
    assert f"{timezone.localtime(later):%H:%M}: more people who live there" in " ".join(page.split())


def test_change_before_both_agreed_is_no_news(amira: Person, hanna: Person, carla: Person) -> None:
    space = people.space(hanna.host)
    now = details_of_space(Space.objects.select_related("place").prefetch_related("windows").get())
    long_ago = timezone.now() - timedelta(hours=1)
    _space, change = intake.change_space(space.pk, replace(now, others=3), by=hanna.user, at=long_ago)
    assert change is not None
    looking.apply(change.pk, by=carla.user, at=long_ago)
    match = people.match_in(Status.CONFIRMED, people.request(amira.arrival), Space.objects.get())

    assert SINCE not in case_page(match)


def test_merging_two_spaces_tells_the_households_whose_match_moves(amira: Person, hanna: Person, carla: Person) -> None:
    moves = agreed(amira, hanna)
    stays = people.space(hanna.host, beds=6, shared=True)
    other = people.amira(name="Olena")
    left = people.match_in(Status.CONFIRMED, people.request(other.arrival), stays)

    merging.merge(PairKind.SPACES, str(moves.space_id), str(stays.pk), by=carla.user, at=timezone.now())

    told = Notification.objects.filter(event="arrival_change_applied").values_list("recipient", flat=True)
    assert list(told) == [moves.request.arrival.user_id]
    assert left.request.arrival.user_id not in told


# -- who is party, at the desk ----------------------------------------------------------------------


def test_coordinator_who_is_party_sees_nothing_new_at_the_desk(amira: Person, hanna: Person, carla: Person) -> None:
    match = agreed(amira, hanna)
    Coordinator.objects.create(user=hanna.user, role="coordinator", all_places=True)
    party, at = type(hanna.user).objects.get(pk=hanna.user.pk), timezone.now()
    before = tonight.todo(party, at)
    transitions.report_not_safe(match.pk, by=amira.user, at=at)

    assert tonight.todo(party, at) == before
    assert tonight.incidents_open(party) == []
    desk = people.desk_client(Person(party, "", ""))
    assert desk.get(f"/admin/matching/match/{match.pk}/change/").status_code in (302, 404)
    assert str(match.pk) not in desk.get("/admin/matching/match/?frozen=yes").content.decode()
    # The control: Carla, who is no party, sees all of it.
    assert tonight.todo(carla.user, at).frozen == 1
    assert people.desk_client(carla).get(f"/admin/matching/match/{match.pk}/change/").status_code == 200
