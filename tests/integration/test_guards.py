"""The database's guards hold for every write: too many people, nights outside windows, broken promises."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.utils import timezone

from accounts.models import Host
from matching import intake, transitions
from matching.models import Match, MatchEvent, ShelterRequest, Space, SpaceWindow
from matching.refusals import (
    HasLiveMatches,
    LegTaken,
    NoRoomLeft,
    OutsideRequest,
    OutsideWindow,
    Overtaken,
    PlacedAlready,
    Refused,
    RequestNotOpen,
    SpaceNotOpen,
    one_act,
)
from matching.states import Status
from tests import people
from tests.people import Person, tonight

pytestmark = pytest.mark.django_db


def ask(**changes: object) -> ShelterRequest:
    return people.request(people.amira().arrival, **changes)


def refusal(write: object) -> type[Refused] | None:
    """Run a write past the acts, with refusals mapped as at every door; return the refusal's class."""
    try:
        with one_act():
            write()  # type: ignore[operator]
    except Refused as error:
        return type(error)
    return None


def insert(asked: ShelterRequest, space: Space, **changes: object) -> None:
    """Write a match by bulk_create, past every act, with a truthful history."""
    values = {
        "request": asked,
        "space": space,
        "first_night": asked.first_night,
        "last_day": asked.last_day,
        "people": asked.people,
        "created_at": timezone.now(),
        **changes,
    }
    (match,) = Match.objects.bulk_create([Match(**values)])
    MatchEvent.objects.create(match=match, act="propose", to_status="proposed", role="worker", at=timezone.now())


def test_shared_space_holds_as_many_people_as_beds(hanna: Person) -> None:
    space = people.space(hanna.host, beds=4, shared=True)
    people.proposed(ask(), space)
    people.proposed(ask(), space)

    assert refusal(lambda: insert(ask(people=1), space)) is NoRoomLeft


def test_unshared_space_holds_one_household(hanna: Person) -> None:
    space = people.space(hanna.host, beds=4)
    people.proposed(ask(people=1), space)

    assert refusal(lambda: insert(ask(people=1), space)) is NoRoomLeft


def test_household_larger_than_the_beds_is_refused(hanna: Person) -> None:
    space = people.space(hanna.host, beds=2)

    assert refusal(lambda: insert(ask(people=3), space)) is NoRoomLeft


@pytest.mark.parametrize(("nights_after", "expected"), [(4, NoRoomLeft), (5, None)])
def test_room_is_counted_night_by_night(nights_after: int, expected: type[Refused] | None, hanna: Person) -> None:
    space = people.space(hanna.host)
    people.proposed(ask(nights=5), space)

    later = ask(first_night=tonight(nights_after), nights=3)

    assert refusal(lambda: insert(later, space)) is expected


def test_two_matches_of_one_statement_are_counted_together(hanna: Person) -> None:
    space, first, second = people.space(hanna.host), ask(), ask()
    rows = [
        Match(
            request=asked,
            space=space,
            first_night=asked.first_night,
            last_day=asked.last_day,
            people=2,
            created_at=timezone.now(),
        )
        for asked in (first, second)
    ]

    assert refusal(lambda: Match.objects.bulk_create(rows)) is NoRoomLeft


def test_night_outside_every_window_is_refused(hanna: Person) -> None:
    space = people.space(hanna.host, windows=((tonight(), tonight(3)), (tonight(4), tonight(9))))

    assert refusal(lambda: insert(ask(nights=5), space)) is OutsideWindow
    assert refusal(lambda: insert(ask(nights=3), space)) is None


def test_nights_may_lie_in_two_windows_that_touch(hanna: Person) -> None:
    space = people.space(hanna.host, windows=((tonight(), tonight(3)), (tonight(3), tonight(9))))

    assert refusal(lambda: insert(ask(nights=5), space)) is None


def test_request_has_one_live_match_a_leg(hanna: Person) -> None:
    asked = ask(nights=7)
    insert(asked, people.space(hanna.host), last_day=tonight(5))

    later = {"first_night": tonight(5), "last_day": tonight(7)}

    assert refusal(lambda: insert(asked, people.space(hanna.host), **later)) is LegTaken
    assert refusal(lambda: insert(asked, people.space(hanna.host), leg=2, **later)) is None


@pytest.mark.parametrize(
    ("first_night", "last_day", "how_many", "expected"),
    [(4, 6, 1, PlacedAlready), (5, 7, 1, None), (0, 5, 2, PlacedAlready)],
)
def test_household_is_not_in_two_places_in_one_night(
    first_night: int, last_day: int, how_many: int, expected: type[Refused] | None, hanna: Person
) -> None:
    asked = ask(people=2, nights=7)
    insert(asked, people.space(hanna.host), last_day=tonight(5))
    again = {"first_night": tonight(first_night), "last_day": tonight(last_day), "people": how_many, "leg": 2}

    assert refusal(lambda: insert(asked, people.space(hanna.host), **again)) is expected


def test_household_may_be_split_over_two_spaces(hanna: Person) -> None:
    asked = ask(people=3)

    assert refusal(lambda: insert(asked, people.space(hanna.host), people=2)) is None
    assert refusal(lambda: insert(asked, people.space(hanna.host), people=1, leg=2)) is None


def test_withdrawn_request_is_not_matched(hanna: Person) -> None:
    asked = ask()
    transitions.withdraw_request(asked.pk, by=asked.arrival.user, at=timezone.now())

    assert refusal(lambda: insert(asked, people.space(hanna.host))) is RequestNotOpen


@pytest.mark.parametrize(
    ("first_night", "last_day", "expected"),
    [(1, 6, None), (2, 5, None), (0, 6, OutsideRequest), (1, 7, OutsideRequest), (8, 9, OutsideRequest)],
)
def test_night_that_is_not_asked_for_is_refused(
    first_night: int, last_day: int, expected: type[Refused] | None, hanna: Person
) -> None:
    asked = ask(first_night=tonight(1), nights=5)
    nights = {"first_night": tonight(first_night), "last_day": tonight(last_day)}

    assert refusal(lambda: insert(asked, people.space(hanna.host), **nights)) is expected


def test_match_is_not_moved_to_nights_that_are_not_asked_for(hanna: Person) -> None:
    match = people.proposed(ask(nights=5), people.space(hanna.host))

    assert refusal(lambda: Match.objects.filter(pk=match.pk).update(last_day=tonight(6))) is OutsideRequest
    assert refusal(lambda: Match.objects.filter(pk=match.pk).update(last_day=tonight(4))) is None


@pytest.mark.parametrize(
    ("status", "expected"), [(Status.PROPOSED, Overtaken), (Status.CHECKED_IN, Overtaken), (Status.CANCELLED, None)]
)
def test_request_keeps_the_nights_of_its_live_matches(
    status: Status, expected: type[Refused] | None, hanna: Person
) -> None:
    asked = ask(nights=5)
    people.match_in(status, asked, people.space(hanna.host))
    rows = ShelterRequest.objects.filter(pk=asked.pk)

    assert refusal(lambda: rows.update(nights=4, min_nights=1)) is expected
    assert refusal(lambda: rows.update(first_night=tonight(1))) is expected
    assert refusal(lambda: rows.update(nights=9)) is None


@pytest.mark.parametrize("how", ["unvetted host", "paused space"])
def test_space_that_is_not_open_is_refused(how: str, hanna: Person) -> None:
    space = people.space(hanna.host)
    if how == "unvetted host":
        Host.objects.filter(pk=hanna.host.pk).update(status="suspended")
    else:
        intake.pause_space(space.pk, by=hanna.user, at=timezone.now())

    assert refusal(lambda: insert(ask(), space)) is SpaceNotOpen


def test_moved_nights_are_counted_again(hanna: Person) -> None:
    space = people.space(hanna.host)
    people.proposed(ask(nights=3), space)
    asked = ask(nights=8)
    insert(asked, space, first_night=tonight(5))
    later, earlier = asked.matches.get(), tonight(1)

    def shift() -> None:
        Match.objects.filter(pk=later.pk).update(first_night=earlier, last_day=earlier + timedelta(days=3))

    assert refusal(shift) is NoRoomLeft


def test_space_keeps_what_it_promised(hanna: Person) -> None:
    space = people.space(hanna.host, beds=4, shared=True)
    people.proposed(ask(), space)
    people.proposed(ask(), space)

    assert refusal(lambda: Space.objects.filter(pk=space.pk).update(beds=3)) is HasLiveMatches
    assert refusal(lambda: Space.objects.filter(pk=space.pk).update(shared=False)) is HasLiveMatches
    assert refusal(lambda: SpaceWindow.objects.filter(space=space).delete()) is HasLiveMatches
    assert refusal(lambda: SpaceWindow.objects.filter(space=space).update(last_day=tonight(2))) is HasLiveMatches


def test_beds_are_free_again_when_a_match_ends(hanna: Person) -> None:
    space = people.space(hanna.host)
    match = people.match_in(Status.CONFIRMED, ask(), space)
    transitions.cancel(match.pk, by=hanna.user, at=timezone.now(), reason="not_now")

    assert refusal(lambda: insert(ask(), space)) is None


def test_room_is_counted_under_read_committed_only(hanna: Person) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SHOW transaction_isolation")
        assert cursor.fetchone() == ("read committed",)
        cursor.execute("SELECT prosrc FROM pg_proc WHERE prosrc LIKE '%%match_read_committed%%'")
        assert len(cursor.fetchall()) == 1


def test_without_the_guard_two_households_get_one_bed(hanna: Person) -> None:
    """The negative control: with the trigger off the same writes go through, so the refusals above come from it."""
    space = people.space(hanna.host)
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT tgname FROM pg_trigger WHERE tgrelid = 'matching_match'::regclass AND tgname LIKE %s",
                ["pgtrigger_match_keeps_to_space%"],
            )
            (name,) = cursor.fetchone()
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute(f'ALTER TABLE matching_match DISABLE TRIGGER "{name}"')
            cursor.execute("SET CONSTRAINTS ALL DEFERRED")
        people.proposed(ask(), space)
        people.proposed(ask(), space)
        assert Match.objects.filter(space=space).count() == 2
        transaction.set_rollback(True)
