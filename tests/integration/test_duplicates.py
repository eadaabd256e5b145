"""Two rows for one thing are found, and merged without losing a bed, a decision or a line of history."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone

from accounts import hosts as registering
from accounts.contacts import add_contact_point, find_contact_point, read_contact
from accounts.merging import CannotMerge, KeepTheOther
from accounts.models import Host, HostCheck, HostEvent, User
from matching import hosts, queries, transitions
from matching.desk import duplicates, merging
from matching.models import DeskNote, Match, PairVerdict, ShelterRequest, Space
from matching.refusals import HasLiveMatches, NoRoomLeft, NotYours, OutsideWindow
from matching.states import Status
from notifications.models import ContactPoint
from privacy.remarks import words_of
from tests import people
from tests.people import Person, tonight

pytestmark = pytest.mark.django_db
PairKind, Why = PairVerdict.PairKind, duplicates.Likeness


def found(kind: str, by: Person, **options: Any) -> dict[tuple[str, str], list[str]]:
    return {
        pair: [str(why) for why in all_]
        for pair, all_ in duplicates.find(kind, by.user, tonight(), **options).pairs.items()
    }


def pair(*rows: Any) -> tuple[str, str]:
    one, other = sorted(str(row.pk) for row in rows)
    return one, other


def host(name: str, contact: str, **space: Any) -> Host:
    """Return an unvetted host with one space in Almaty."""
    row = registering.register_host(name=name, contacts=[read_contact(contact)], language="en")
    people.space(row, **{"address": f"{name} street 1", **space})
    return row


def merge(kind: str, goes: Any, stays: Any, by: Person, **more: Any) -> PairVerdict:
    return merging.merge(kind, str(goes.pk), str(stays.pk), by=by.user, at=timezone.now(), **more)


# -- finding --------------------------------------------------------------------------------------


@pytest.fixture
def two_hosts(carla: Person) -> tuple[Host, Host]:
    """One person as two hosts, the first vetted with an e-mail and the second unvetted with a phone; and another host."""
    host("Zarina Akhmetova", "zarina@example.org")
    one = people.hanna(name="Айгуль Нурланова", contact="a@example.org").host
    people.space(one, address="ул. Абая, д. 10, кв. 5")
    return one, host("Aigul Nurlanova", "+77015550101", address="Абая 10-5")


def test_hosts_with_one_address_and_one_name_in_two_alphabets_are_found(
    two_hosts: tuple[Host, Host], carla: Person
) -> None:
    assert found(PairKind.HOSTS, carla) == {pair(*two_hosts): ["address", "name"]}


def test_hosts_with_one_phone_are_found(carla: Person) -> None:
    one, other = host("Anna Ivanova", "a@example.org"), host("Bella Petrova", "b@example.org")
    for each in (one, other):
        add_contact_point(each.user, "sms", "+77015550101")

    assert found(PairKind.HOSTS, carla) == {pair(one, other): ["contact"]}


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        ("Anna Ivanova", "Ivanova Anna", True),
        ("Anna Ivanova", "Ánna  IVANOVA", True),
        ("Nurlan Akhmetov", "Nurlan Ahmetov", True),
        ("Наталія Шевченко", "Наталия Шевченко", True),
        ("Anna Ivanova", "Anna Petrova", False),
        ("Anna", "Anna", False),
        ("", "", False),
    ],
)
def test_names_are_nearly_the_same_or_not(carla: Person, one: str, other: str, alike: bool) -> None:
    pairs = (host(one, "a@example.org", address="x"), host(other, "b@example.org", address="y"))

    assert found(PairKind.HOSTS, carla) == ({pair(*pairs): ["name"]} if alike else {})


def test_same_name_in_another_place_is_another_host(carla: Person) -> None:
    host("Anna Ivanova", "a@example.org")
    host("Anna Ivanova", "b@example.org", place=people.place("Oral"))

    assert found(PairKind.HOSTS, carla) == {}


def test_spaces_of_one_host_at_one_address_are_found(hanna: Person, carla: Person) -> None:
    one, other = (people.space(hanna.host, address=text) for text in ("Abay Avenue 10, flat 5", "abay ave. 10 - 5"))
    people.space(hanna.host, address="Abay Avenue 10, flat 6")
    people.space(hanna.host, address="")
    people.space(hanna.host, address="Abay Avenue 10, flat 5", place=people.place("Oral"))

    assert found(PairKind.SPACES, carla) == {pair(one, other): ["address"]}


def test_requests_of_one_household_for_the_same_nights_are_found(carla: Person) -> None:
    first, second, third = (people.amira(name=name) for name in ("Amira Testova", "Амира Тестова", "Amira Testova"))
    for each in (first, second):
        add_contact_point(each.user, "sms", "+77015550101")
    one, other = people.request(first.arrival), people.request(second.arrival)
    people.request(third.arrival, first_night=tonight(20))
    people.request(first.arrival, first_night=tonight(40))

    assert found(PairKind.REQUESTS, carla) == {pair(one, other): ["contact", "name"]}


def test_coordinator_of_another_place_finds_nothing(two_hosts: tuple[Host, Host]) -> None:
    elsewhere = people.carla("elsewhere", places=(people.place("Oral"),))

    assert [found(kind, elsewhere) for kind in PairKind.values] == [{}, {}, {}]


def test_search_in_a_chosen_place_finds_only_its_pairs(two_hosts: tuple[Host, Host], carla: Person) -> None:
    of = {name: found(PairKind.HOSTS, carla, place=people.place(name).pk) for name in ("Almaty", "Oral")}

    assert of == {"Almaty": {pair(*two_hosts): ["address", "name"]}, "Oral": {}}


def test_pair_that_is_not_the_same_is_not_shown_again(two_hosts: tuple[Host, Host], carla: Person) -> None:
    merging.keep_apart(PairKind.HOSTS, *pair(*two_hosts), by=carla.user, at=timezone.now())

    assert found(PairKind.HOSTS, carla) == {}


@pytest.mark.parametrize("kind", PairKind.values)
def test_verdict_of_a_row_that_is_merged_holds_for_the_one_that_stays(hanna: Person, carla: Person, kind: str) -> None:
    goes, stays, third = _three_of(kind, hanna)
    merging.keep_apart(kind, *pair(goes, third), by=carla.user, at=timezone.now())
    assert set(found(kind, carla)) == {pair(goes, stays), pair(stays, third)}  # the negative control

    merging.merge(kind, str(goes.pk), str(stays.pk), by=carla.user, at=timezone.now())

    assert found(kind, carla) == {}
    kept = PairVerdict.objects.filter(kind=kind, verdict="different").order_by("pk")
    assert list(kept.values_list("one", "other", "by")) == [
        (*pair(goes, third), carla.user.pk),
        (*pair(stays, third), carla.user.pk),
    ]


def _three_of(kind: str, hanna: Person) -> list[Any]:
    """Return three rows that look like one."""
    if kind == PairKind.HOSTS:
        return [host("Anna Ivanova", f"{n}@example.org", address="Abay 10") for n in range(3)]
    if kind == PairKind.SPACES:
        return [people.space(hanna.host, address="Abay Avenue 10, flat 5") for _ in range(3)]
    return [people.request(people.amira(name="Amira Testova").arrival) for _ in range(3)]


def test_names_beyond_the_limit_of_comparison_are_told(carla: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(duplicates, "MOST_NAMES_COMPARED", 2)
    rows = [host("Anna Ivanova", f"{n}@example.org", address=f"street {n}") for n in range(3)]

    answer = duplicates.find(PairKind.HOSTS, carla.user, tonight())

    assert (answer.cut, list(answer.pairs)) == (True, [pair(*rows[1:])])


# -- merging hosts --------------------------------------------------------------------------------


def test_merged_host_gives_over_everything_and_signs_in_no_more(two_hosts: tuple[Host, Host], carla: Person) -> None:
    stays, goes = two_hosts
    HostCheck.objects.create(
        host=goes, kind="reference", by=carla.user, at=timezone.now(), valid_until=tonight(99), note="a neighbour"
    )

    verdict = merge(PairKind.HOSTS, goes, stays, carla, reason="told on the phone")

    assert verdict.moved == {"spaces": 1, "contact_points": 1, "checks": 1}
    goes, stays = Host.objects.get(pk=goes.pk), Host.objects.get(pk=stays.pk)
    assert (goes.status, goes.merged_into, goes.user.is_active, stays.status) == ("merged", stays, False, "vetted")
    assert (goes.spaces.count(), stays.spaces.count(), stays.checks.count()) == (0, 2, 4)
    point = find_contact_point("sms", "+77015550101", hosts_only=True)
    assert point is not None
    assert point.user == stays.user
    assert registering.find_host([("sms", "+77015550101")]) == stays
    assert set(
        HostEvent.objects.filter(at=verdict.at).values_list("host", "from_status", "to_status", "by", "remark__text")
    ) == {
        (goes.pk, "unvetted", "merged", carla.user.pk, "told on the phone"),
        (stays.pk, "vetted", "vetted", carla.user.pk, None),
    }
    assert stays.events.get(at=verdict.at).said == {"code": "merged", "number": goes.pk}
    assert found(PairKind.HOSTS, carla) == {}


def test_match_goes_on_with_the_host_who_stays(two_hosts: tuple[Host, Host], amira: Person, carla: Person) -> None:
    stays, goes = two_hosts
    people.vet(goes, by=carla)
    match = people.match_in(Status.APPROVED, people.request(amira.arrival), goes.spaces.get())

    merge(PairKind.HOSTS, goes, stays, carla)
    transitions.accept(match.pk, by=stays.user, at=timezone.now())

    match.refresh_from_db()
    assert (match.host_accepted_at is None, queries.role_in(match, User.objects.get(pk=goes.user_id))) == (False, None)


@pytest.mark.parametrize("standing", ["suspended", "refusal asked for"])
def test_host_with_a_decision_against_them_is_not_merged(
    two_hosts: tuple[Host, Host], carla: Person, standing: str
) -> None:
    stays, goes = two_hosts
    if standing == "suspended":
        hosts.suspend(stays.pk, by=carla.user, at=timezone.now(), reason="x")
    else:
        hosts.refuse(goes.pk, by=carla.user, at=timezone.now(), reason="x")

    with pytest.raises(CannotMerge):
        merge(PairKind.HOSTS, goes, stays, carla)


def test_vetted_host_stays(two_hosts: tuple[Host, Host], carla: Person) -> None:
    vetted, other = two_hosts

    with pytest.raises(KeepTheOther):
        merge(PairKind.HOSTS, vetted, other, carla)


def test_host_who_is_an_arrival_as_well_stays(oskar: Person, carla: Person) -> None:
    other = people.hanna(name="Oskar Zwei").host

    with pytest.raises(KeepTheOther):
        merge(PairKind.HOSTS, oskar.host, other, carla)
    merge(PairKind.HOSTS, other, oskar.host, carla)

    assert User.objects.get(pk=oskar.user.pk).is_active


def test_hosts_are_merged_only_by_a_coordinator_who_covers_every_place_of_both(two_hosts: tuple[Host, Host]) -> None:
    stays, goes = two_hosts
    people.space(goes, place=people.place("Oral"))
    here = people.carla("here", places=(people.place("Almaty"),))

    for act in (
        lambda: merge(PairKind.HOSTS, goes, stays, here),
        lambda: merging.keep_apart(PairKind.HOSTS, *pair(stays, goes), by=here.user, at=timezone.now()),
        lambda: merge(PairKind.HOSTS, goes, stays, people.adil()),
    ):
        with pytest.raises(NotYours):
            act()
    assert PairVerdict.objects.count() == 0


def test_merged_host_is_seen_only_where_the_other_is(two_hosts: tuple[Host, Host], carla: Person) -> None:
    stays, goes = two_hosts
    merge(PairKind.HOSTS, goes, stays, carla)

    def sees(name: str) -> bool:
        somebody = people.carla(name, places=(people.place(name),))
        return queries.hosts_visible_to(somebody.user).filter(pk=goes.pk).exists()

    assert [sees(name) for name in ("Almaty", "Oral")] == [True, False]


# -- merging spaces -------------------------------------------------------------------------------


def test_matches_of_a_merged_space_go_over(hanna: Person, amira: Person, carla: Person) -> None:
    goes, stays = people.space(hanna.host), people.space(hanna.host)
    match = people.match_in(Status.CONFIRMED, people.request(amira.arrival), goes)

    verdict = merge(PairKind.SPACES, goes, stays, carla)

    match.refresh_from_db()
    goes.refresh_from_db()
    assert (match.space, match.status, goes.status, verdict.moved) == (stays, "confirmed", "withdrawn", {"matches": 1})


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [({"beds": 1}, NoRoomLeft), ({"windows": ((tonight(20), tonight(30)),)}, OutsideWindow)],
)
def test_match_that_does_not_fit_the_remaining_space_refuses_the_merge(
    hanna: Person, amira: Person, carla: Person, changes: dict[str, Any], refusal: type[Exception]
) -> None:
    goes, stays = people.space(hanna.host), people.space(hanna.host, **changes)
    match = people.match_in(Status.CONFIRMED, people.request(amira.arrival), goes)

    with pytest.raises(refusal):
        merge(PairKind.SPACES, goes, stays, carla)

    match.refresh_from_db()
    assert (match.space, PairVerdict.objects.count()) == (goes, 0)


def test_two_households_in_one_bed_refuse_the_merge(hanna: Person, amira: Person, carla: Person) -> None:
    goes, stays = people.space(hanna.host), people.space(hanna.host)
    people.match_in(Status.CONFIRMED, people.request(amira.arrival), goes)
    people.match_in(Status.PROPOSED, people.request(people.amira().arrival), stays)

    with pytest.raises(NoRoomLeft):
        merge(PairKind.SPACES, goes, stays, carla)


def test_spaces_of_two_hosts_are_not_merged(hanna: Person, carla: Person) -> None:
    other = host("Anna Ivanova", "a@example.org")

    with pytest.raises(CannotMerge):
        merge(PairKind.SPACES, other.spaces.get(), people.space(hanna.host), carla)


# -- merging requests -----------------------------------------------------------------------------


@pytest.mark.parametrize("whose", ["goes", "stays", "neither"])
def test_household_whose_host_reported_is_placed_by_people_only_after_a_merge(
    whose: str, hanna: Person, carla: Person
) -> None:
    """And it stays as urgent as the more urgent of the two."""
    goes = people.request(people.amira(contact="+77015550101").arrival, urgency="2.5")
    stays = people.request(people.amira().arrival, urgency="1")
    if whose != "neither":
        match = people.match_in(Status.CONFIRMED, {"goes": goes, "stays": stays}[whose], people.space(hanna.host))
        transitions.report_not_safe(match.pk, by=hanna.user, at=timezone.now())
        transitions.cancel(match.pk, by=hanna.user, at=timezone.now(), reason="other")

    merge(PairKind.REQUESTS, goes, stays, carla)

    kept = ShelterRequest.objects.get(pk=stays.pk)
    assert (kept.desk_since is not None, kept.urgency) == (whose != "neither", "2.5")


def test_merged_request_is_withdrawn_and_gives_over_what_the_other_lacks(carla: Person) -> None:
    first = people.amira(contact="+77015550101")
    goes, stays = people.request(first.arrival, notes="A dog"), people.request(people.amira().arrival, notes="Stairs")

    verdict = merge(PairKind.REQUESTS, goes, stays, carla)

    goes.refresh_from_db()
    stays = ShelterRequest.objects.get(pk=stays.pk)
    assert (goes.withdrawn_at is None, verdict.moved) == (False, {"contact_points": 1})
    assert (stays.registered_at, stays.notes) == (goes.registered_at, "Stairs\nA dog")
    assert [point.address for point in stays.arrival.user.contact_points.all()] == ["+77015550101"]
    note = DeskNote.objects.get()
    assert (words_of(note), note.said) == ("", {"code": "merged", "number": first.arrival.case_number})


def test_declined_pair_is_not_proposed_again_after_a_merge(hanna: Person, carla: Person) -> None:
    goes, stays = people.request(people.amira().arrival), people.request(people.amira().arrival)
    people.match_in(Status.DECLINED, goes, people.space(hanna.host))

    merge(PairKind.REQUESTS, goes, stays, carla)

    assert queries.declined_pairs([stays.pk]).count() == 1


def test_request_with_a_match_stays_and_two_with_matches_are_not_merged(hanna: Person, carla: Person) -> None:
    placed, other = people.request(people.amira().arrival), people.request(people.amira().arrival)
    people.match_in(Status.APPROVED, placed, people.space(hanna.host))

    with pytest.raises(KeepTheOther):
        merge(PairKind.REQUESTS, placed, other, carla)
    people.match_in(Status.CONFIRMED, other, people.space(hanna.host))
    with pytest.raises(HasLiveMatches):
        merge(PairKind.REQUESTS, other, placed, carla)
    with pytest.raises(HasLiveMatches):
        merge(PairKind.REQUESTS, placed, other, carla)


def test_proposal_of_the_request_that_goes_ends(hanna: Person, carla: Person) -> None:
    goes, stays = people.request(people.amira().arrival), people.request(people.amira().arrival)
    match = people.match_in(Status.PROPOSED, goes, people.space(hanna.host))

    merge(PairKind.REQUESTS, goes, stays, carla)

    assert Match.objects.get(pk=match.pk).status == Status.EXPIRED


# -- the preview of a merge -------------------------------------------------------------------------


def test_preview_of_a_merge_is_what_happens_and_keeps_nothing(two_hosts: tuple[Host, Host], carla: Person) -> None:
    stays, goes = two_hosts

    foreseen = merging.foresee(PairKind.HOSTS, str(goes.pk), str(stays.pk), by=carla.user, at=timezone.now())
    refused = merging.foresee(PairKind.HOSTS, str(stays.pk), str(goes.pk), by=carla.user, at=timezone.now())

    assert (Host.objects.filter(status="merged").count(), PairVerdict.objects.count()) == (0, 0)
    assert foreseen == merge(PairKind.HOSTS, goes, stays, carla).moved == {"spaces": 1, "contact_points": 1}
    assert str(refused) == "Keep the vetted host: matches may depend on it."


def test_verdict_cannot_be_changed(two_hosts: tuple[Host, Host], carla: Person) -> None:
    merging.keep_apart(PairKind.HOSTS, *pair(*two_hosts), by=carla.user, at=timezone.now())

    with pytest.raises(Exception, match="Cannot update or delete rows from matching_pairverdict"):
        PairVerdict.objects.update(stays="x")


def test_row_is_not_merged_with_itself(hanna: Person, carla: Person) -> None:
    space = people.space(hanna.host)
    for kind, row in ((PairKind.HOSTS, hanna.host), (PairKind.SPACES, space)):
        with pytest.raises(CannotMerge):
            merge(kind, row, row, carla)
    assert (Space.objects.get().status, ContactPoint.objects.count()) == ("listed", 1)
