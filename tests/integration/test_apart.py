"""Whom somebody must not meet: the two are kept apart, host from arrival and arrival from arrival, whatever comes later."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pgtrigger
import pytest
from django.db import transaction
from django.utils import timezone

from accounts.contacts import UnreadableContact, add_contact_point, indexes_of, read_contact
from accounts.models import User
from matching import apart, disclosure, intake, transitions
from matching.desk import by_hand, merging
from matching.engine.reasons import Code
from matching.models import Match, MustNotMeet, MustNotMeetFound, ShelterRequest, Space
from matching.refusals import NoRoomLeft, NotNow, NotYours, RuleForbids, one_act
from matching.states import Status
from matching.worker import matchmaking
from matching.worker.placing import Keeper
from notifications.models import Notification
from tests import people
from tests.people import Person, tonight

pytestmark = pytest.mark.django_db

AMIRAS, HANNAS = "+77010000001", "hanna@example.org"


@pytest.fixture
def amira(db: None) -> Person:
    return people.amira(contact=AMIRAS)


def names(who: Person, text: str) -> MustNotMeet:
    return apart.name(who.user, text, by=who.user, at=timezone.now())


def plan() -> None:
    matchmaking.match_open_requests(now=timezone.now)


def in_hall(host: Person) -> Space:
    return people.space(host.host, beds=6, shared=True)


# -- host and arrival ---------------------------------------------------------------------------------


def _by_arrival(amira: Person, hanna: Person, carla: Person) -> None:
    names(amira, HANNAS.upper())


def _by_host(amira: Person, hanna: Person, carla: Person) -> None:
    names(hanna, "8 (701) 000-00-01")


def _by_name(amira: Person, hanna: Person, carla: Person) -> None:
    people.request(amira.arrival, people=9)
    entry = names(amira, "Hanna M.")
    apart.resolve(entry.pk, numbers=str(hanna.host.pk), by=carla.user, at=timezone.now())


def _told_by_phone(amira: Person, hanna: Person, carla: Person) -> None:
    people.request(amira.arrival, people=9)
    apart.name(amira.user, HANNAS, by=carla.user, at=timezone.now())


WAYS = {"arrival": _by_arrival, "host": _by_host, "name": _by_name, "phone": _told_by_phone}


def _as_it_is(amira: Person, hanna: Person, carla: Person) -> tuple[ShelterRequest, Space]:
    return people.request(amira.arrival), people.space(hanna.host)


def _new_case(amira: Person, hanna: Person, carla: Person) -> tuple[ShelterRequest, Space]:
    return people.request(people.amira(contact=AMIRAS).arrival), people.space(hanna.host)


def _hosts_merged(amira: Person, hanna: Person, carla: Person) -> tuple[ShelterRequest, Space]:
    other = people.hanna(contact="hanna-too@example.org")
    space = people.space(other.host)
    merging.merge("hosts", str(hanna.host.pk), str(other.host.pk), by=carla.user, at=timezone.now())
    return people.request(amira.arrival), space


def _arrivals_merged(amira: Person, hanna: Person, carla: Person) -> tuple[ShelterRequest, Space]:
    going, staying = people.request(amira.arrival), people.request(people.amira().arrival)
    merging.merge("requests", str(going.pk), str(staying.pk), by=carla.user, at=timezone.now())
    return staying, people.space(hanna.host)


def _contacts_changed(amira: Person, hanna: Person, carla: Person) -> tuple[ShelterRequest, Space]:
    for person, new in ((amira, "+77010000009"), (hanna, "new@example.org")):
        channel, address = read_contact(new)
        person.user.contact_points.update(
            channel=channel, address=address, address_index=indexes_of(channel, address)[0]
        )
    return people.request(amira.arrival), people.space(hanna.host)


LATER = {
    "as it is": _as_it_is,
    "a new case": _new_case,
    "hosts merged": _hosts_merged,
    "arrivals merged": _arrivals_merged,
    "contacts changed": _contacts_changed,
}


@pytest.mark.parametrize("later", LATER)
@pytest.mark.parametrize("way", WAYS)
def test_two_who_must_not_meet_are_not_matched_by_worker_hand_or_database(
    way: str, later: str, amira: Person, hanna: Person, carla: Person
) -> None:
    WAYS[way](amira, hanna, carla)
    asked, space = LATER[later](amira, hanna, carla)

    plan()
    with pytest.raises(RuleForbids) as refused:
        by_hand.propose(asked.pk, space.pk, by=carla.user, at=timezone.now())
    assert [reason.code for reason in refused.value.reasons] == [Code.TAKEN]
    with pytest.raises(NoRoomLeft):
        people.proposed(asked, space)

    assert not Match.objects.filter(request=asked).exists()
    # The negative control: once every entry is taken back they meet.
    for entry in MustNotMeet.objects.filter(taken_back_at=None):
        apart.take_back(entry.pk, by=entry.by, at=timezone.now())
    assert people.proposed(asked, space).status == "proposed"


def test_contact_registered_later_is_found(amira: Person) -> None:
    names(amira, "hanna@example.org")

    hanna = people.hanna()

    with pytest.raises(NoRoomLeft):
        people.proposed(people.request(amira.arrival), people.space(hanna.host))


def test_without_the_trigger_a_later_contact_is_not_found(amira: Person) -> None:
    """The negative control; the sweep finds the contact all the same."""
    names(amira, "hanna@example.org")
    with pgtrigger.ignore("matching.ContactNamed:contact_is_found"):
        hanna = people.hanna()
    match = people.proposed(people.request(amira.arrival), people.space(hanna.host))

    assert apart.settle(at=timezone.now()) == 1

    match.refresh_from_db()
    assert match.status == "expired"


def test_market_in_memory_learns_of_an_entry_and_of_its_end(amira: Person, hanna: Person) -> None:
    asked, space = people.request(amira.arrival), people.space(hanna.host)
    intake.pause_space(space.pk, by=hanna.user, at=timezone.now())
    keeper = Keeper()
    matchmaking.match_open_requests(now=timezone.now, keeper=keeper)
    entry = names(amira, HANNAS)

    assert str(space.pk) in keeper.board(at=timezone.now())._state.waiting[str(asked.pk)].apart
    apart.take_back(entry.pk, by=amira.user, at=timezone.now())
    assert not keeper.board(at=timezone.now())._state.waiting[str(asked.pk)].apart


# -- arrivals in a shared space -----------------------------------------------------------------------


def test_two_arrivals_are_not_planned_into_one_shared_space_on_the_same_nights(amira: Person, hanna: Person) -> None:
    other = people.amira(contact="other@example.org")
    hall = in_hall(hanna)
    names(amira, "other@example.org")
    one, two = people.request(amira.arrival), people.request(other.arrival)

    plan()

    assert Match.objects.filter(space=hall, status="proposed").count() == 1
    waits = two if Match.objects.get(status="proposed").request_id == one.pk else one
    with pytest.raises(NoRoomLeft):
        people.proposed(waits, hall)
    elsewhere = in_hall(people.hanna(name="Olga", contact="olga@example.org"))
    plan()
    assert Match.objects.get(request=waits, status="proposed").space_id == elsewhere.pk


def test_two_arrivals_may_stay_one_after_the_other(amira: Person, hanna: Person) -> None:
    other = people.amira(contact="other@example.org")
    hall = in_hall(hanna)
    names(other, AMIRAS)

    people.proposed(people.request(amira.arrival, first_night=tonight(), nights=2, min_nights=2), hall)
    people.proposed(people.request(other.arrival, first_night=tonight(2), nights=2, min_nights=2), hall)

    assert Match.objects.filter(space=hall, status="proposed").count() == 2


# -- every forward move -------------------------------------------------------------------------------


def _approve(match: Match, amira: Person, hanna: Person, carla: Person) -> None:
    transitions.approve(match.pk, by=carla.user, at=timezone.now())


def _accept(match: Match, amira: Person, hanna: Person, carla: Person) -> None:
    transitions.accept(match.pk, by=amira.user, at=timezone.now())


def _accept_as_host(match: Match, amira: Person, hanna: Person, carla: Person) -> None:
    transitions.accept(match.pk, by=hanna.user, at=timezone.now())


def _check_in(match: Match, amira: Person, hanna: Person, carla: Person) -> None:
    transitions.check_in(match.pk, by=hanna.user, at=timezone.now())


def _open(match: Match, amira: Person, hanna: Person, carla: Person) -> None:
    disclosure.open_contact(match.pk, by=hanna.user, at=timezone.now())


FORWARD: dict[str, tuple[Status, Callable[..., None]]] = {
    "approve": (Status.PROPOSED, _approve),
    "accept": (Status.APPROVED, _accept),
    "accept as host": (Status.APPROVED, _accept_as_host),
    "check in": (Status.CONFIRMED, _check_in),
    "open the contact": (Status.CONFIRMED, _open),
}


@pytest.mark.parametrize("who", ["amira", "hanna"])
@pytest.mark.parametrize("move", FORWARD)
def test_live_match_does_not_go_forward(move: str, who: str, amira: Person, hanna: Person, carla: Person) -> None:
    status, act = FORWARD[move]
    match = people.match_in(status, people.request(amira.arrival), people.space(hanna.host))
    names({"amira": amira, "hanna": hanna}[who], {"amira": HANNAS, "hanna": AMIRAS}[who])

    with pytest.raises(NotNow):
        act(match, amira, hanna, carla)

    assert Match.objects.get(pk=match.pk).status == status
    # The negative control.
    MustNotMeet.objects.all().delete()
    act(match, amira, hanna, carla)


@pytest.mark.parametrize("status", [Status.APPROVED, Status.CONFIRMED])
def test_database_refuses_a_forward_move_too(status: Status, amira: Person, hanna: Person) -> None:
    match = people.match_in(status, people.request(amira.arrival), people.space(hanna.host))
    names(amira, HANNAS)
    step = {Status.APPROVED: {"host_accepted_at": timezone.now()}, Status.CONFIRMED: {"status": "checked_in"}}[status]

    with pytest.raises(NotNow), one_act():
        Match.objects.filter(pk=match.pk).update(**step)

    # The negative control; rolled back, since no line of history says so.
    with pgtrigger.ignore("matching.Match:match_goes_on_apart"), transaction.atomic():
        assert Match.objects.filter(pk=match.pk).update(**step) == 1
        transaction.set_rollback(True)


@pytest.mark.parametrize(
    ("status", "act"), [(Status.APPROVED, "decline"), (Status.CONFIRMED, "cancel"), (Status.CHECKED_IN, "break_off")]
)
@pytest.mark.parametrize("who", ["amira", "hanna"])
def test_both_may_leave_and_report(status: Status, act: str, who: str, amira: Person, hanna: Person) -> None:
    match = people.match_in(status, people.request(amira.arrival), people.space(hanna.host))
    names(amira, HANNAS)
    user = {"amira": amira, "hanna": hanna}[who].user

    transitions.report_not_safe(match.pk, by=user, at=timezone.now())
    getattr(transitions, act)(match.pk, by=user, at=timezone.now(), reason="other")

    assert not Match.objects.get(pk=match.pk).holds_beds


def test_proposal_expires_and_nobody_but_the_desk_is_told(amira: Person, hanna: Person, carla: Person) -> None:
    match = people.match_in(Status.PROPOSED, people.request(amira.arrival), people.space(hanna.host))
    told = set(Notification.objects.values_list("pk", flat=True))
    names(amira, HANNAS)

    assert (apart.settle(at=timezone.now()), apart.settle(at=timezone.now())) == (1, 0)

    assert Match.objects.get(pk=match.pk).status == "expired"
    assert set(Notification.objects.values_list("pk", flat=True)) == told


@pytest.mark.parametrize("status", [Status.APPROVED, Status.CONFIRMED, Status.CHECKED_IN])
def test_desk_hears_once_of_a_live_match(status: Status, amira: Person, hanna: Person, carla: Person) -> None:
    match = people.match_in(status, people.request(amira.arrival), people.space(hanna.host))
    told = set(Notification.objects.values_list("pk", flat=True))
    names(amira, HANNAS)

    apart.settle(at=timezone.now())
    apart.settle(at=timezone.now() + timedelta(minutes=1))

    new = Notification.objects.exclude(pk__in=told).values_list("recipient", "event")
    assert list(new) == [(carla.user.pk, "must_not_meet")]
    assert [each.pk for each in apart.meetings_visible_to(carla.user)] == [match.pk]
    assert Match.objects.get(pk=match.pk).status == status


# -- the list -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "code"),
    [("", "empty"), ("  ", "empty"), (AMIRAS, "own"), ("8 701 000 00 01", "own"), ("Olga@Example.org", "there")],
)
def test_what_cannot_be_named(text: str, code: str, amira: Person) -> None:
    names(amira, "olga@example.org")

    with pytest.raises(apart.CannotName) as refused:
        names(amira, text)

    assert refused.value.sentence == code


@pytest.mark.parametrize("text", ["123", "no@", "@", "+7 701"])
def test_contact_that_cannot_be_read_is_refused(text: str, amira: Person) -> None:
    with pytest.raises(UnreadableContact):
        names(amira, text)
    assert not MustNotMeet.objects.exists()


def test_list_holds_ten_and_counts_those_taken_back(amira: Person) -> None:
    for number in range(10):
        names(amira, f"n{number}@example.org")
    entry = apart.list_of(amira.user).first()
    assert entry is not None
    apart.take_back(entry.pk, by=amira.user, at=timezone.now())

    with pytest.raises(apart.CannotName):
        names(amira, "eleventh@example.org")
    MustNotMeet.objects.filter(pk=entry.pk).update(taken_back_at=timezone.now() - timedelta(days=31))
    names(amira, "eleventh@example.org")

    assert apart.list_of(amira.user).count() == 10


def test_entry_is_ciphertext_and_is_erased_when_taken_back(amira: Person, hanna: Person) -> None:
    entry = names(amira, HANNAS)
    assert (entry.said, entry.channel, MustNotMeetFound.objects.get().user_id) == (HANNAS, "email", hanna.user.pk)

    apart.take_back(entry.pk, by=amira.user, at=timezone.now())

    entry.refresh_from_db()
    assert (entry.said, entry.address_index, MustNotMeetFound.objects.count()) == ("", "", 0)


def test_nobody_else_takes_an_entry_back(amira: Person, hanna: Person, oskar: Person) -> None:
    entry = names(amira, HANNAS)
    for stranger in (hanna, oskar):
        with pytest.raises(NotYours):
            apart.take_back(entry.pk, by=stranger.user, at=timezone.now())
        with pytest.raises(NotYours):
            apart.name(amira.user, "x@example.org", by=stranger.user, at=timezone.now())


# -- names, at the desk -------------------------------------------------------------------------------


def test_name_is_told_to_coordinators_and_resolved_by_them(amira: Person, hanna: Person, carla: Person) -> None:
    people.request(amira.arrival, people=9)
    entry = names(amira, "Hanna M.")
    assert Notification.objects.filter(event="must_not_meet").count() == 1
    assert list(apart.names_visible_to(carla.user)) == [entry]

    with pytest.raises(apart.NobodyHasThis):
        apart.resolve(entry.pk, numbers=f"{hanna.host.pk}, 99999999", by=carla.user, at=timezone.now())
    apart.resolve(entry.pk, numbers="", by=carla.user, at=timezone.now())
    assert not MustNotMeetFound.objects.exists()
    apart.resolve(entry.pk, numbers=f"{hanna.host.pk}", by=carla.user, at=timezone.now())
    assert MustNotMeetFound.objects.get().user_id == hanna.user.pk


def test_coordinator_who_is_named_does_not_see_it(amira: Person, carla: Person) -> None:
    own_case = people.amira(contact="carla@example.org")
    add_contact_point(carla.user, *read_contact("carla@example.org"))
    people.request(amira.arrival, people=9)
    entry = names(amira, "Carla")
    lena = people.lena()
    apart.resolve(entry.pk, numbers=own_case.arrival.case_number, by=lena.user, at=timezone.now())

    assert not apart.names_visible_to(carla.user)
    assert list(apart.names_visible_to(lena.user)) == [entry]
    assert not apart.names_visible_to(people.adil().user)


def test_coordinator_of_another_place_sees_no_name(amira: Person) -> None:
    people.request(amira.arrival)
    names(amira, "Hanna M.")
    far = people.carla("far", places=(people.place("Oral"),))

    assert not apart.names_visible_to(far.user)
    with pytest.raises(NotYours):
        apart.name(amira.user, HANNAS, by=far.user, at=timezone.now())


def test_user_is_no_list_of_a_coordinator(carla: Person) -> None:
    with pytest.raises(NotYours):
        apart.name(User.objects.get(pk=carla.user.pk), HANNAS, by=carla.user, at=timezone.now())
