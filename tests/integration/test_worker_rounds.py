"""Whole rounds: region by region, finished by the next worker, and without moving proposals that people look at."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from matching import due, engine, transitions
from matching.models import (
    Match,
    MatchEvent,
    MatchingChange,
    MatchingDue,
    MatchingPrice,
    MatchingRegion,
    MatchingRound,
    ShelterRequest,
    Space,
)
from matching.states import Status
from matching.worker import matchmaking, planning
from matching.worker.market import whole_market
from matching.worker.proposing import propose_placements
from privacy.retention import forget_what_is_old
from tests import people
from tests.people import Person, tonight

pytestmark = pytest.mark.django_db

TOWNS = ("Almaty", "Oral", "Tbilisi")


@pytest.fixture(autouse=True)
def small_regions(settings: Any) -> None:
    settings.LARGEST_REGION = 2


def three_towns(hanna: Person, *, each: int = 2) -> None:
    """Write as many spaces as requests in each town, and remove their due rows, so that only a round places them."""
    for town in TOWNS:
        where = people.place(town)
        for number in range(each):
            people.space(hanna.host, place=where, beds=2 + number)
            people.request(people.amira(name=f"{town} {number}").arrival, place=where, people=1 + number)
    MatchingDue.objects.all().delete()


def run() -> list[MatchingRound]:
    """Make a round due, and run it."""
    with transaction.atomic():
        due.note(timezone.now())
    return matchmaking.match_open_requests(now=timezone.now).rounds


def live() -> dict[Any, Any]:
    return dict(Match.objects.filter(status=Status.PROPOSED).values_list("request", "space"))


def test_towns_far_apart_are_planned_apart_and_as_well_as_together(hanna: Person) -> None:
    three_towns(hanna)
    market = whole_market(timezone.now())
    together = engine.plan(market.needs(), market.offers())

    (done,) = run()

    found = {str(request): str(space) for request, space in live().items()}
    assert found == {placed.need_id: placed.legs[0].offer_id for placed in together.placements}
    assert [region.number for region in done.regions.all()] == [1, 2, 3]
    assert sum(region.objective for region in done.regions.all()) == pytest.approx(together.objective, rel=1e-3)
    assert (done.needs, done.offers, done.proposals, done.left_over) == (6, 6, 6, 0)
    assert {(tuple(region.requests), tuple(region.spaces)) for region in done.regions.all()} == {((), ())}


def test_request_that_reaches_several_regions_tries_the_others_in_the_last_step(hanna: Person) -> None:
    near, far = people.place("Almaty"), people.place("Oral")
    people.space(hanna.host, place=near)
    spare = people.space(hanna.host, place=far)
    for number in range(2):
        people.request(people.amira(name=f"Almaty {number}").arrival, place=near, urgency="4")
    goes_anywhere = people.request(people.amira(name="Goes anywhere").arrival, place=near, urgency="1", radius_km=3000)
    MatchingDue.objects.all().delete()

    (done,) = run()

    assert [region.number for region in done.regions.all()] == [0, 1, 2]
    assert live()[goes_anywhere.pk] == spare.pk
    assert (done.proposals, done.left_over) == (2, 1)


def test_a_round_that_was_left_unfinished_is_finished_by_the_next_and_doubles_nothing(hanna: Person) -> None:
    three_towns(hanna)
    with transaction.atomic():
        due.note(timezone.now())
    opened = planning.open_round(now=timezone.now)
    assert opened is not None
    # The state after a worker is killed in its second region, with half of that region written.
    assert planning._plan_if_free(opened.regions.get(number=1).pk, now=timezone.now)
    market = whole_market(timezone.now())
    half = engine.plan(market.needs(), market.offers()).placements[:1]
    propose_placements(market, half, now=timezone.now)

    done = matchmaking.match_open_requests(now=timezone.now).rounds

    assert [each.pk for each in done] == [opened.pk]
    assert len(live()) == Match.objects.count() == MatchEvent.objects.count() == 6
    assert not MatchingRegion.objects.filter(finished_at=None).exists()
    assert matchmaking.match_open_requests(now=timezone.now).rounds == []


def test_second_opening_returns_the_open_round(hanna: Person) -> None:
    three_towns(hanna)

    first, second = planning.open_round(now=timezone.now), planning.open_round(now=timezone.now)

    assert first == second
    assert MatchingRound.objects.count() == 1


def test_row_noted_while_a_round_is_planned_stays_due(hanna: Person) -> None:
    three_towns(hanna)
    with transaction.atomic():
        due.note(timezone.now())
    opened = planning.open_round(now=timezone.now)
    assert opened is not None
    with transaction.atomic():
        due.note(timezone.now())

    planning.work_on(opened, now=timezone.now)

    assert MatchingDue.objects.count() == 1


def test_refused_placement_becomes_due_by_name(hanna: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    three_towns(hanna, each=1)
    taken = Space.objects.get(place__name="Oral")
    asked = ShelterRequest.objects.get(place__name="Oral")
    opened = planning.open_round(now=timezone.now)
    assert opened is not None
    real = engine.plan

    def plan_and_be_overtaken(*given: Any, **more: Any) -> engine.Plan:
        found = real(*given, **more)
        if any(placed.need_id == str(asked.pk) for placed in found.placements):
            other = people.request(people.amira(name="Quicker").arrival, place=people.place("Oral"))
            people.proposed(other, taken)
            MatchingDue.objects.all().delete()
        return found

    # The real engine plans; the wrapper only adds what happens meanwhile.
    monkeypatch.setattr(planning.engine, "plan", plan_and_be_overtaken)
    planning.work_on(opened, now=timezone.now)

    assert list(MatchingDue.objects.values_list("request_id", "space_id")) == [(asked.pk, None)]
    assert asked.pk not in live()
    assert len(live()) == 3


# -- stable proposals -----------------------------------------------------------------------------


def test_a_later_round_changes_no_proposal_without_need(hanna: Person) -> None:
    three_towns(hanna)
    run()
    before = list(Match.objects.order_by("pk").values())
    people.space(hanna.host, beds=1)
    MatchingDue.objects.all().delete()

    (done,) = run()

    assert list(Match.objects.order_by("pk").values()) == before
    assert (done.needs, done.proposals) == (0, 0)


def one_stands_where_only_another_fits(hanna: Person) -> tuple[Space, Space, Match, ShelterRequest]:
    pets_too = people.space(hanna.host, pets=True)
    stands = people.proposed(people.request(people.amira().arrival), pets_too)
    other = people.space(hanna.host, latitude=43.3)
    asked = people.request(people.amira(name="With a dog").arrival, pets=True)
    MatchingDue.objects.all().delete()
    return pets_too, other, stands, asked


def test_a_later_round_moves_a_proposal_where_a_household_gains_a_roof(hanna: Person) -> None:
    pets_too, other, stands, asked = one_stands_where_only_another_fits(hanna)

    run()

    stands.refresh_from_db()
    assert (stands.status, stands.events.last().reason) == (Status.EXPIRED, "rearranged")
    assert live() == {stands.request_id: other.pk, asked.pk: pets_too.pk}


def test_a_later_round_does_not_move_an_approved_match(hanna: Person) -> None:
    _pets_too, _other, stands, asked = one_stands_where_only_another_fits(hanna)
    transitions.approve(stands.pk, by=people.carla().user, at=timezone.now())

    run()

    stands.refresh_from_db()
    assert stands.status == Status.APPROVED
    assert asked.pk not in live()


def test_proposal_approved_while_the_round_is_planned_stays(hanna: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    _pets_too, _other, stands, asked = one_stands_where_only_another_fits(hanna)
    real = engine.plan

    def plan_and_be_overtaken(*given: Any, **more: Any) -> engine.Plan:
        found = real(*given, **more)
        transitions.approve(stands.pk, by=people.carla().user, at=timezone.now())
        return found

    monkeypatch.setattr(planning.engine, "plan", plan_and_be_overtaken)
    run()

    stands.refresh_from_db()
    assert stands.status == Status.APPROVED
    assert asked.pk not in live()
    assert list(stands.events.values_list("act", flat=True)) == ["propose", "approve"]


@pytest.mark.parametrize("what", ["request withdrawn", "request changed", "space changed", "declined", "word run out"])
def test_placement_whose_rows_have_changed_since_they_were_read_is_not_proposed(
    what: str, amira: Person, hanna: Person
) -> None:
    space, asked = people.space(hanna.host), people.request(amira.arrival)
    market = whole_market(timezone.now())
    plan = engine.plan(market.needs(), market.offers())
    if what == "request withdrawn":
        transitions.withdraw_request(asked.pk, by=amira.user, at=timezone.now())
    elif what == "request changed":
        ShelterRequest.objects.filter(pk=asked.pk).update(version=2, pets=True)
    elif what == "space changed":
        Space.objects.filter(pk=space.pk).update(version=2, who="women")
    elif what == "word run out":
        Space.objects.filter(pk=space.pk).update(fresh_until=timezone.now())
    else:
        match = people.proposed(asked, space)
        transitions.decline(match.pk, by=people.carla().user, at=timezone.now(), reason="other")

    assert propose_placements(market, plan.placements, now=timezone.now) == (0, [str(asked.pk)])


# -- the results that a round keeps -----------------------------------------------------------------


def test_prices_show_where_one_more_bed_is_needed(amira: Person, hanna: Person) -> None:
    people.space(hanna.host, beds=2)
    people.request(amira.arrival)
    people.request(people.amira(name="Left over").arrival)

    (done,) = run()

    prices = MatchingPrice.objects.filter(kind="double")
    assert {price.place.name for price in prices} == {"Almaty"}
    assert {price.night for price in prices} <= {tonight(days) for days in range(5)}
    assert sum(price.price for price in prices) > 0
    assert set(MatchingPrice.objects.values_list("round", flat=True)) == {done.pk}


def test_prices_of_the_last_round_are_replaced(amira: Person, hanna: Person) -> None:
    people.space(hanna.host, beds=2)
    people.request(amira.arrival)
    people.request(people.amira(name="Left over").arrival)
    run()
    people.space(hanna.host, beds=2)

    run()

    assert not MatchingPrice.objects.exists()


def test_notes_of_changes_are_kept_for_hours_only(hanna: Person) -> None:
    people.space(hanna.host)
    MatchingChange.objects.update(at=timezone.now() - timedelta(hours=13))
    people.space(hanna.host)
    kept = MatchingChange.objects.filter(at__gt=timezone.now() - timedelta(hours=1)).count()

    forget_what_is_old(at=timezone.now())

    assert MatchingChange.objects.count() == kept > 0


def test_round_without_time_for_reasons_keeps_the_known_reasons(hanna: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    people.space(hanna.host, pets=False)
    asked = people.request(people.amira().arrival, pets=True)
    MatchingDue.objects.all().delete()
    run()
    known = ShelterRequest.objects.get(pk=asked.pk).left_over_reasons

    monkeypatch.setattr(planning, "SECONDS_A_REGION", 1e-9)
    run()

    assert {"code": "count_no_pets", "count": 1} in known
    assert ShelterRequest.objects.get(pk=asked.pk).left_over_reasons == known
