"""A coordinator on somebody's list, or party to a match of theirs, has no part in that person's case at the desk."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import Host, User
from matching import apart, flags, hosts, intake, messages, queries, transitions
from matching.desk import queueing
from matching.models import Flag, Match, MustNotMeet, SheetImport
from matching.queries import sheet_rows_visible_to as visible
from matching.refusals import NotYours
from matching.states import Status
from places.models import Place
from tests import people
from tests.integration.test_decisions import two_legs
from tests.integration.test_sheet_imports import of_spaces, previewed, taken_in
from tests.people import Person

pytestmark = pytest.mark.django_db

LISTS: dict[str, Callable[[Person], int]] = {
    "requests": lambda who: queries.requests_visible_to(who.user).count(),
    "spaces": lambda who: queries.spaces_visible_to(who.user).count(),
    "hosts": lambda who: queries.hosts_visible_to(who.user).count(),
    "matches": lambda who: queries.matches_visible_to(who.user).count(),
    "at the desk": lambda who: queries.matches_at_desk_of(who.user).count(),
    "proposals": lambda who: queries.proposals_visible_to(who.user).count(),
}
HIDDEN = {
    "amira": {"requests", "matches", "at the desk", "proposals"},
    "hanna": {"spaces", "hosts", "matches", "at the desk", "proposals"},
}
CARLA = "+77015550199"


@pytest.fixture
def match(amira: Person, hanna: Person) -> Match:
    return people.proposed(people.request(amira.arrival), people.space(hanna.host))


def named(*places: Place) -> Person:
    carla = people.carla("named", places=places)
    return people.on_call(carla, CARLA)


def words(answer: Any) -> str:
    """Return the page without its own address and its tokens, which differ in every answer."""
    return re.sub(r"/[^\s\"]*[0-9a-f]{8}-[^\s\"]*|value=\"\w{64}\"|\"\w{64}\"", "", answer.content.decode())


def as_read_anew(who: Person) -> Person:
    """Return the person as the next call at a door reads them."""
    return Person(User.objects.get(pk=who.user.pk), who.secret, who.contact)


def seen_by(who: Person) -> dict[str, int]:
    return {name: count(as_read_anew(who)) for name, count in LISTS.items()}


@pytest.mark.parametrize("all_places", [True, False])
@pytest.mark.parametrize("namer", ["amira", "hanna"])
def test_named_coordinator_sees_nothing_of_the_namer(
    namer: str, all_places: bool, match: Match, amira: Person, hanna: Person
) -> None:
    there = () if all_places else (people.place(),)
    carla = named(*there)
    other = people.carla("other", places=there)
    before = seen_by(carla)
    person = {"amira": amira, "hanna": hanna}[namer].user

    entry = apart.name(person, CARLA, by=person, at=timezone.now())

    assert seen_by(carla) == {name: 0 if name in HIDDEN[namer] else 1 for name in LISTS}
    assert seen_by(other) == before == dict.fromkeys(LISTS, 1)
    apart.take_back(entry.pk, by=person, at=timezone.now())
    assert seen_by(carla) == before


@pytest.mark.parametrize("namer", ["amira", "hanna"])
def test_named_coordinator_acts_on_nothing_of_the_namer(namer: str, match: Match, amira: Person, hanna: Person) -> None:
    carla, other = named(), people.carla("other")
    person = {"amira": amira, "hanna": hanna}[namer]
    apart.name(person.user, CARLA, by=person.user, at=timezone.now())
    row = match.request if namer == "amira" else match.space

    assert (queries.may_act_for(carla.user, row), queries.may_act_for(other.user, row)) == (False, True)
    with pytest.raises(NotYours):
        transitions.approve(match.pk, by=carla.user, at=timezone.now())
    assert transitions.approve(match.pk, by=other.user, at=timezone.now()).status == Status.APPROVED


def test_named_coordinator_opens_no_page_and_is_answered_as_for_a_row_that_is_not_there(
    match: Match, amira: Person
) -> None:
    carla, other = named(), people.carla("other")
    apart.name(amira.user, CARLA, by=amira.user, at=timezone.now())
    kept_out, free = people.desk_client(carla), people.desk_client(other)
    gone = "/admin/matching/shelterrequest/00000000-0000-4000-8000-000000000000/open/"

    for url in (
        f"/admin/matching/shelterrequest/{match.request_id}/open/",
        f"/admin/matching/match/{match.pk}/open/",
    ):
        answer = kept_out.post(url, {"reason": "call"})
        nothing = kept_out.post(gone, {"reason": "call"})
        assert (answer.status_code, words(answer)) == (404, words(nothing)), url
        assert free.post(url, {"reason": "call"}).status_code != 404, url
    assert MustNotMeet.objects.count() == 1


def test_named_coordinator_hears_nothing_of_the_namers_matches_and_flags(match: Match, amira: Person) -> None:
    """When the list stops the match, the coordinators of the place are told: a message at that moment would give Amira away."""
    carla, other = named(), people.carla("other")
    Flag.objects.create(
        kind=Flag.FlagKind.LOOKED_AND_CANCELLED, about=amira.user, first_at=timezone.now(), last_at=timezone.now()
    )
    apart.name(amira.user, CARLA, by=amira.user, at=timezone.now())

    messages.meeting_stopped(match, at=timezone.now())

    told = [
        (who.user.notifications.filter(event="must_not_meet").count(), flags.flags_visible_to(who.user).count())
        for who in (carla, other)
    ]
    assert told == [(0, 0), (1, 1)]


@pytest.mark.parametrize("event", ["minor_alone", "change_waits", "host_suspended"])
def test_named_coordinator_gets_no_message_with_the_number_of_the_namer(
    event: str, amira: Person, hanna: Person
) -> None:
    carla, other = named(), people.carla("other")
    offered = people.space(hanna.host)
    for person in (amira, hanna):
        apart.name(person.user, CARLA, by=person.user, at=timezone.now())

    if event == "minor_alone":
        people.request(amira.arrival, people=1, children=1, composition="unsaid")
    elif event == "change_waits":
        details = replace(intake.details_of_space(offered), beds=9)
        intake.change_space(offered.pk, details, by=hanna.user, at=timezone.now())
    else:
        hosts.suspend(hanna.host.pk, by=other.user, at=timezone.now(), reason="x")

    assert [who.user.notifications.filter(event=event).count() for who in (carla, other)] == [0, 1]


def test_coordinator_does_not_speak_for_the_other_side_of_their_own_match(match: Match, carla: Person) -> None:
    host = match.space.host
    assert queries.may_act_for(carla.user, match.request)

    host.user = carla.user
    host.save(update_fields=["user"])

    assert not queries.may_act_for(carla.user, match.request)
    assert queries.may_act_for(carla.user, match.space)


@pytest.mark.parametrize("all_places", [True, False])
def test_leg_at_a_host_who_named_the_coordinator_hides_no_later_leg(hanna: Person, all_places: bool) -> None:
    carla = named(*([] if all_places else [people.place()]))
    first, second = two_legs(hanna)
    assert list(queueing.waiting_heads(carla.user)) == [first]
    other = people.hanna(name="Helga", contact="helga@example.org")
    Match.objects.filter(pk=second.pk).update(space=people.space(other.host))

    apart.name(hanna.user, CARLA, by=hanna.user, at=timezone.now())

    kept_out = as_read_anew(carla).user
    assert list(queueing.waiting_heads(kept_out)) == [second]
    (card,) = queueing.cards([second], timezone.now(), by=kept_out)
    assert card.legs == [second]
    (card,) = queueing.cards([first], timezone.now(), by=people.carla("other").user)
    assert card.legs == [first, second]


SHEETS: dict[str, tuple[Callable[..., SheetImport], dict[str, str]]] = {
    "previewed, unchanged": (previewed, {}),
    "previewed, changed": (previewed, {"beds": "4"}),
    "taken in, unchanged": (taken_in, {}),
    "taken in, changed": (taken_in, {"beds": "4"}),
}


@pytest.mark.parametrize("sheet", SHEETS)
def test_sheet_shows_the_named_coordinator_no_row_of_the_namer(sheet: str) -> None:
    carla, other = named(), people.carla("other")
    people.place()
    first = taken_in(of_spaces({}), other)
    act, change = SHEETS[sheet]
    second = act(of_spaces(change), other)
    host = Host.objects.get().user

    def seen() -> list[tuple[int, int]]:
        both = [as_read_anew(who).user for who in (carla, other)]
        return [(visible(who, first).count(), visible(who, second).count()) for who in both]

    assert seen() == [(1, 1), (1, 1)]
    apart.name(host, CARLA, by=host, at=timezone.now())
    assert seen() == [(0, 0), (1, 1)]
