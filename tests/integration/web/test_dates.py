"""Amira's plans change: she gives other nights, and a match that no longer fits is replaced."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import Host
from matching import redating, transitions
from matching.models import Match, MatchingDue, ShelterRequest
from matching.refusals import HasLiveMatches, Incomplete, NotYours
from matching.states import Status
from matching.worker import matchmaking
from tests import people
from tests.integration.web.walks import problems_of, title_of
from tests.people import Person, tonight

pytestmark = pytest.mark.django_db


def asked_and_matched(status: Status, amira: Person, hanna: Person, **wanted: Any) -> Match:
    wanted = {"first_night": tonight(3), "nights": 4, "min_nights": 2, "urgency": "1.5"} | wanted
    return people.match_in(status, people.request(amira.arrival, **wanted), people.space(hanna.host))


def change(client: Client, asked: ShelterRequest, first: int, nights: int) -> Any:
    typed = {"start": "date", "date": tonight(first).isoformat(), "nights": str(nights)}
    return client.post(f"/case/request/{asked.pk}/dates/", typed, follow=True)


def nights_of(asked: ShelterRequest) -> tuple[object, ...]:
    now = ShelterRequest.objects.get(pk=asked.pk)
    return now.first_night, now.nights, now.min_nights


def test_dates_are_changed_and_a_round_is_due(client: Client, amira: Person) -> None:
    asked = people.request(amira.arrival, first_night=tonight(3), nights=4, min_nights=2)
    client.force_login(amira.user)
    MatchingDue.objects.all().delete()
    form = client.get(f"/case/request/{asked.pk}/dates/").context["form"]
    assert [form[name].value() for name in ("start", "date", "nights")] == ["date", tonight(3), 4]

    response = change(client, asked, 5, 6)

    assert response.request["PATH_INFO"] == "/case/"
    assert nights_of(asked) == (tonight(5), 6, 2)
    assert MatchingDue.objects.count() == 1


@pytest.mark.parametrize(("first", "nights"), [(3, 4), (1, 6), (3, 6), (2, 10)])
def test_agreement_that_still_fits_goes_on(
    client: Client, amira: Person, hanna: Person, first: int, nights: int
) -> None:
    match = asked_and_matched(Status.CONFIRMED, amira, hanna)
    client.force_login(amira.user)

    change(client, match.request, first, nights)

    assert Match.objects.get(pk=match.pk).status == Status.CONFIRMED
    assert nights_of(match.request)[:2] == (tonight(first), nights)


@pytest.mark.parametrize(("first", "nights"), [(4, 4), (3, 3), (10, 4), (0, 2)])
@pytest.mark.parametrize("status", [Status.APPROVED, Status.CONFIRMED])
def test_agreement_that_fits_no_more_is_cancelled_and_the_host_hears_of_it(
    client: Client, amira: Person, hanna: Person, status: Status, first: int, nights: int
) -> None:
    match = asked_and_matched(status, amira, hanna)
    client.force_login(amira.user)

    change(client, match.request, first, nights)

    event = Match.objects.get().events.last()
    assert (event.to_status, event.role, event.reason) == (Status.CANCELLED, "arrival", "dates_changed")
    assert hanna.user.notifications.filter(event="host_cancelled").count() == 1
    assert nights_of(match.request)[:2] == (tonight(first), nights)


def test_proposal_that_nobody_was_told_of_ends_silently(client: Client, amira: Person, hanna: Person) -> None:
    match = asked_and_matched(Status.PROPOSED, amira, hanna)
    client.force_login(amira.user)
    heard = hanna.user.notifications.count()

    response = change(client, match.request, 10, 2)

    assert (response.status_code, Match.objects.get().status) == (200, Status.EXPIRED)
    assert hanna.user.notifications.count() == heard


def test_worker_matches_the_new_nights(client: Client, amira: Person, hanna: Person) -> None:
    match = asked_and_matched(Status.CONFIRMED, amira, hanna)
    client.force_login(amira.user)
    change(client, match.request, 8, 2)

    matchmaking.match_open_requests(now=timezone.now)

    again = Match.objects.exclude(pk=match.pk).get()
    assert (again.space, again.status, again.first_night, again.nights) == (match.space, "proposed", tonight(8), 2)


def longer(client: Client, match: Match, nights: int, **more: str) -> list[Match]:
    """Ask for this many nights in all; return the matches that result."""
    client.force_login(match.request.arrival.user)
    client.post(f"/case/request/{match.request_id}/dates/", {"nights": str(nights)} | more)
    return list(Match.objects.exclude(pk=match.pk))


def test_longer_stay_is_proposed_in_the_same_space_as_a_new_leg(client: Client, amira: Person, hanna: Person) -> None:
    match = asked_and_matched(Status.CHECKED_IN, amira, hanna, first_night=tonight())

    (further,) = longer(client, match, 6)

    assert (further.space, further.leg, further.status) == (match.space, 2, Status.PROPOSED)
    assert (further.first_night, further.nights, further.people) == (tonight(4), 2, 2)
    assert client.get("/case/").context["cards"][0].live[0].match == match  # The page does not show a proposal yet.


@pytest.mark.parametrize("may_move", [True, False])
def test_longer_stay_in_a_taken_space_is_left_to_the_worker_if_they_may_move(
    client: Client, amira: Person, hanna: Person, may_move: bool
) -> None:
    match = asked_and_matched(Status.CHECKED_IN, amira, hanna, first_night=tonight())
    next_ = people.request(people.amira(name="Next").arrival, first_night=tonight(5), nights=1)
    taken = people.match_in(Status.CONFIRMED, next_, match.space)
    elsewhere = people.space(hanna.host)

    assert longer(client, match, 6, **({"may_move": "on"} if may_move else {})) == [taken]
    matchmaking.match_open_requests(now=timezone.now)

    further = Match.objects.exclude(pk__in=[match.pk, taken.pk])
    assert [(each.space, each.nights) for each in further] == ([(elsewhere, 2)] if may_move else [])
    assert ShelterRequest.objects.get(pk=match.request_id).may_move is may_move


def test_longer_stay_than_the_host_allows_is_not_proposed_there(client: Client, amira: Person, hanna: Person) -> None:
    asked = people.request(amira.arrival, nights=4)
    match = people.match_in(Status.CHECKED_IN, asked, people.space(hanna.host, max_nights=5))

    assert longer(client, match, 6) == []
    assert [each.nights for each in longer(client, match, 5)] == [1]


def test_household_that_wanted_the_whole_stay_still_wants_the_whole_stay(client: Client, amira: Person) -> None:
    asked = people.request(amira.arrival, nights=5, min_nights=5)
    client.force_login(amira.user)

    change(client, asked, 1, 3)

    assert nights_of(asked) == (tonight(1), 3, 3)


@pytest.mark.parametrize(("first", "urgency"), [(0, "4"), (1, "2.5"), (5, "1.5"), (20, "1")])
def test_urgency_follows_the_new_first_night(client: Client, amira: Person, first: int, urgency: str) -> None:
    asked = people.request(amira.arrival, first_night=tonight(6), urgency="1.5")
    client.force_login(amira.user)

    change(client, asked, first, 3)

    assert ShelterRequest.objects.get().urgency == urgency


def test_urgency_stays_raised_after_a_stay_that_was_broken_off(client: Client, amira: Person, hanna: Person) -> None:
    match = asked_and_matched(Status.BROKEN_OFF, amira, hanna, first_night=tonight())
    client.force_login(amira.user)

    change(client, match.request, 5, 3)

    assert ShelterRequest.objects.get().urgency == "2.5"


def test_stay_that_has_begun_can_be_made_longer(client: Client, amira: Person, hanna: Person) -> None:
    match = asked_and_matched(Status.CHECKED_IN, amira, hanna, first_night=tonight())
    client.force_login(amira.user)
    form = client.get(f"/case/request/{match.request_id}/dates/").context["form"]
    assert (list(form.fields), form["nights"].value()) == (["nights", "may_move"], 4)

    client.post(f"/case/request/{match.request_id}/dates/", {"nights": "6"})

    assert nights_of(match.request) == (tonight(), 6, 2)
    assert Match.objects.get(pk=match.pk).status == Status.CHECKED_IN


def test_stay_that_has_begun_is_not_cut_short_by_dates(client: Client, amira: Person, hanna: Person) -> None:
    match = asked_and_matched(Status.CHECKED_IN, amira, hanna, first_night=tonight())
    client.force_login(amira.user)

    response = client.post(f"/case/request/{match.request_id}/dates/", {"nights": "2"})

    ((_link, words),) = problems_of(response)
    assert (response.status_code, title_of(response)) == (409, "Error: Your case – Shanyrak")
    assert words.endswith("To leave earlier, say there that your stay has ended.")
    assert response.context["form"]["nights"].value() == "2"
    assert nights_of(match.request) == (tonight(), 4, 2)


def test_match_on_hold_ends_where_its_nights_are_not_wanted_any_more(
    client: Client, amira: Person, hanna: Person
) -> None:
    match = asked_and_matched(Status.CONFIRMED, amira, hanna)
    transitions.report_not_safe(match.pk, by=hanna.user, at=timezone.now())
    client.force_login(amira.user)

    change(client, match.request, 10, 2)

    assert (Match.objects.get(pk=match.pk).status, nights_of(match.request)[0]) == (Status.CANCELLED, tonight(10))


def test_wrong_dates_are_named_and_what_was_typed_stays(client: Client, amira: Person) -> None:
    asked = people.request(amira.arrival)
    client.force_login(amira.user)

    response = client.post(
        f"/case/request/{asked.pk}/dates/", {"start": "date", "date": "1.1.2020", "nights": "all winter"}
    )

    assert problems_of(response) == [
        ("id_date", "This date has passed. Give today or a later day."),
        ("id_nights", "How many nights: write a number from 1 to 730."),
    ]
    assert [response.context["form"][name].value() for name in ("date", "nights")] == ["1.1.2020", "all winter"]


def test_withdrawn_request_has_no_dates(client: Client, amira: Person) -> None:
    asked = people.request(amira.arrival)
    transitions.withdraw_request(asked.pk, by=amira.user, at=timezone.now())
    client.force_login(amira.user)

    assert change(client, asked, 5, 3).status_code == 404


# -- the act itself ---------------------------------------------------------------------------------


def test_dates_of_somebody_else_are_refused(amira: Person, hanna: Person, oskar: Person) -> None:
    match = asked_and_matched(Status.CONFIRMED, amira, hanna)

    for stranger in (oskar, hanna):
        with pytest.raises(NotYours):
            redating.change_dates(
                match.request_id, first_night=tonight(9), nights=2, may_move=False, by=stranger.user, at=timezone.now()
            )

    assert Match.objects.get(pk=match.pk).status == Status.CONFIRMED


def test_coordinator_may_change_them(amira: Person, carla: Person) -> None:
    asked = people.request(amira.arrival)

    redating.change_dates(asked.pk, first_night=tonight(9), nights=2, may_move=False, by=carla.user, at=timezone.now())

    assert nights_of(asked)[:2] == (tonight(9), 2)


@pytest.mark.parametrize(("first", "nights"), [(0, 0), (0, 731), (-9, 3), (731, 1)])
def test_dates_out_of_bounds_are_refused(amira: Person, first: int, nights: int) -> None:
    asked = people.request(amira.arrival)

    with pytest.raises(Incomplete):
        redating.change_dates(
            asked.pk, first_night=tonight(first), nights=nights, may_move=False, by=amira.user, at=timezone.now()
        )


def test_refused_change_cancels_no_match(amira: Person, hanna: Person) -> None:
    """The change is all or nothing: a stay in one leg refuses it, so the other leg is not cancelled either."""
    asked = people.request(amira.arrival, nights=6, may_move=True)
    host: Host = hanna.host
    short = ShelterRequest.objects.get(pk=asked.pk)
    short.nights = 2
    staying = people.match_in(Status.CHECKED_IN, short, people.space(host))
    later = ShelterRequest.objects.get(pk=asked.pk)
    later.first_night += timedelta(days=2)
    later.nights = 4
    agreed = people.proposed(later, people.space(host), leg=2)

    with pytest.raises(HasLiveMatches):
        redating.change_dates(
            asked.pk, first_night=tonight(1), nights=3, may_move=False, by=amira.user, at=timezone.now()
        )

    assert {match.pk: match.status for match in Match.objects.all()} == {
        staying.pk: Status.CHECKED_IN,
        agreed.pk: Status.PROPOSED,
    }
