"""Matching by hand and the unplaced: the possible choices, the rule against each other one, and overriding the advice."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from matching import intake, queries, transitions
from matching.desk import by_hand, unplaced
from matching.desk.rows_to_values import as_need
from matching.engine.reasons import SHIFTS, Code, Obstacles, Reason, why_left_over
from matching.models import DeskNote, Match, ShelterRequest
from matching.refusal_words import words_of
from matching.refusals import NotYours, OverrideNeedsReason, RuleForbids
from matching.states import Status
from matching.transitions import Proposal
from privacy import remarks
from tests import people
from tests.people import Person, tonight

pytestmark = pytest.mark.django_db


def now() -> Any:
    return timezone.now()


def spaces_for(asked: ShelterRequest, by: Person) -> by_hand.Choice:
    return by_hand.spaces_for(asked.pk, by=by.user, at=now())


# -- from a request -------------------------------------------------------------------------------


def test_possible_spaces_are_ranked_and_the_rest_names_its_rule(carla: Person, amira: Person, hanna: Person) -> None:
    asked = people.request(amira.arrival, pets=True)
    exact = people.space(hanna.host, pets=True, beds=2)
    roomy = people.space(hanna.host, pets=True, beds=6)
    without_pets = people.space(hanna.host)
    small = people.space(hanna.host, pets=True, beds=1)
    paused = people.space(hanna.host, pets=True)
    intake.pause_space(paused.pk, by=hanna.user, at=now())
    far = people.space(hanna.host, pets=True, latitude=44.25, longitude=76.92)

    choice = spaces_for(asked, carla)

    assert [option.space for option in choice.possible] == [exact, roomy]
    assert {each.space.pk: each.rules for each in choice.impossible} == {
        without_pets.pk: (Reason(Code.NO_PETS),),
        small.pk: (Reason(Code.TOO_FEW_BEDS, (1, 2)),),
        paused.pk: (Reason(Code.SPACE_NOT_LISTED),),
        far.pk: (Reason(Code.TOO_FAR, (111.2, 50.0)),),
    }
    assert choice.impossible[-1].space == far


def test_space_that_is_taken_says_so(carla: Person, amira: Person, hanna: Person) -> None:
    offered = people.space(hanna.host)
    people.proposed(people.request(people.amira().arrival), offered)

    choice = spaces_for(people.request(amira.arrival), carla)

    assert [each.rules for each in choice.impossible] == [(Reason(Code.TAKEN),)]


def test_coordinator_of_another_place_sees_no_choices_for_a_request(
    amira: Person, hanna: Person, oskar: Person
) -> None:
    asked, offered = people.request(amira.arrival), people.space(hanna.host)
    elsewhere = people.carla("elsewhere", places=(people.place("Oral"),))

    for person in (elsewhere, oskar):
        with pytest.raises(NotYours):
            spaces_for(asked, person)
        with pytest.raises(NotYours):
            by_hand.requests_for(offered.pk, by=person.user, at=now())


def test_alternatives_are_the_next_best_for_the_same_nights(amira: Person, hanna: Person) -> None:
    chosen, next_best, last = (people.space(hanna.host, beds=beds) for beds in (2, 3, 5))
    match = people.proposed(people.request(amira.arrival), chosen)

    worth, found = by_hand.alternatives(queries.with_everyone(Match.objects.all()).get(pk=match.pk), at=now())

    assert [option.space for option in found] == [next_best, last]
    assert worth > found[0].score > found[1].score


# -- from a space ---------------------------------------------------------------------------------


def test_open_requests_are_ranked_for_a_space_and_the_rest_names_its_rule(carla: Person, hanna: Person) -> None:
    offered = people.space(hanna.host, beds=2)
    urgent = people.request(people.amira().arrival, urgency="4")
    patient = people.request(people.amira().arrival, urgency="1")
    many = people.request(people.amira().arrival, people=5)
    with_dog = people.request(people.amira().arrival, pets=True)
    placed = people.request(people.amira().arrival)
    people.proposed(placed, people.space(hanna.host))

    choice = by_hand.requests_for(offered.pk, by=carla.user, at=now())

    assert [option.request for option in choice.possible] == [urgent, patient]
    assert {each.request.pk: each.rules for each in choice.impossible} == {
        many.pk: (Reason(Code.TOO_FEW_BEDS, (2, 5)),),
        with_dog.pk: (Reason(Code.NO_PETS),),
    }


# -- choosing -------------------------------------------------------------------------------------


def test_advised_choice_needs_no_reason(carla: Person, amira: Person, hanna: Person) -> None:
    asked, offered = people.request(amira.arrival), people.space(hanna.host)

    match = by_hand.propose(asked.pk, offered.pk, by=carla.user, at=now())

    assert (match.status, match.space, DeskNote.objects.count()) == (Status.PROPOSED, offered, 0)


@pytest.mark.parametrize(("reason", "note"), [("", ""), ("because", ""), ("other", " ")])
def test_choice_that_is_not_advised_needs_a_reason(
    carla: Person, amira: Person, hanna: Person, reason: str, note: str
) -> None:
    asked = people.request(amira.arrival)
    people.space(hanna.host, beds=2)
    roomy = people.space(hanna.host, beds=6)

    with pytest.raises(OverrideNeedsReason):
        by_hand.propose(asked.pk, roomy.pk, by=carla.user, at=now(), reason=reason, note=note)
    assert not Match.objects.exists()

    by_hand.propose(asked.pk, roomy.pk, by=carla.user, at=now(), reason="know_each_other", note="cousins")
    note_ = DeskNote.objects.get()
    assert (note_.request, note_.by, remarks.words_of(note_)) == (asked, carla.user, "cousins")


def test_request_out_of_turn_needs_a_reason(carla: Person, hanna: Person) -> None:
    offered = people.space(hanna.host, beds=2)
    people.request(people.amira().arrival, urgency="4")
    patient = people.request(people.amira().arrival, urgency="1")

    with pytest.raises(OverrideNeedsReason):
        by_hand.propose(patient.pk, offered.pk, by=carla.user, at=now(), instead_of="requests")
    match = by_hand.propose(patient.pk, offered.pk, by=carla.user, at=now(), instead_of="requests", reason="host_asks")
    assert match.request == patient


@pytest.mark.parametrize("reason", ["household_asks", "other"])
def test_hard_rule_is_never_overridden(carla: Person, amira: Person, hanna: Person, reason: str) -> None:
    asked, offered = people.request(amira.arrival, pets=True), people.space(hanna.host)

    with pytest.raises(RuleForbids) as refused:
        by_hand.propose(asked.pk, offered.pk, by=carla.user, at=now(), reason=reason, note="they insist")
    assert words_of(refused.value) == "no pets allowed"
    assert not Match.objects.exists()


def test_proposal_by_a_coordinator_of_another_place_is_refused(amira: Person, hanna: Person) -> None:
    asked, offered = people.request(amira.arrival), people.space(hanna.host)
    elsewhere = people.carla("elsewhere", places=(people.place("Oral"),))

    with pytest.raises(NotYours):
        by_hand.propose(asked.pk, offered.pk, by=elsewhere.user, at=now())


# -- open and unplaced requests --------------------------------------------------------------------


def leg(asked: ShelterRequest, offered: Any, start: int, end: int, *, people_: int | None = None, n: int = 1) -> Match:
    proposal = Proposal(asked, offered, tonight(start), tonight(end), people_ or asked.people, leg=n)
    return transitions.propose(proposal, by=None, at=now())


def test_open_requests_agree_with_the_nights_still_wanted(amira: Person, hanna: Person) -> None:
    """The query agrees with the rule it stands for, for every way in which a request can be covered."""
    spaces = [people.space(hanna.host, shared=True, beds=50) for _ in range(2)]
    plain = people.request(amira.arrival)
    covered = people.request(amira.arrival)
    leg(covered, spaces[0], 0, 5)
    half = people.request(amira.arrival)
    leg(half, spaces[0], 0, 2)
    moved = people.request(amira.arrival)
    leg(moved, spaces[0], 0, 2)
    leg(moved, spaces[1], 2, 5, n=2)
    split = people.request(amira.arrival, people=4)
    leg(split, spaces[0], 0, 5, people_=2)
    leg(split, spaces[1], 0, 5, people_=2, n=2)
    half_split = people.request(amira.arrival, people=4)
    leg(half_split, spaces[0], 0, 5, people_=2)
    over = people.request(amira.arrival)
    ShelterRequest.objects.filter(pk=over.pk).update(first_night=tonight(-5))
    ending = people.request(amira.arrival)
    ShelterRequest.objects.filter(pk=ending.pk).update(first_night=tonight(-4))
    withdrawn = people.request(amira.arrival)
    transitions.withdraw_request(withdrawn.pk, by=amira.user, at=now())
    declined = people.request(amira.arrival)
    transitions.decline(leg(declined, spaces[0], 0, 5).pk, by=people.carla().user, at=now(), reason="too_far")

    found = set(queries.open_requests(tonight()).values_list("pk", flat=True))

    by_rule = {
        each.pk
        for each in ShelterRequest.objects.filter(withdrawn_at=None).prefetch_related("matches")
        if queries.uncovered(each, tonight())
    }
    assert found == by_rule == {each.pk for each in (plain, half, half_split, ending, declined)}


NEED = {"radius_km": 20.0, "first_night": tonight(), "min_nights": 3}
NONE_FREE = {"within": 4, "refused": (0,) * 10, "suitable": 4, "possible": 0, "wider": (0, 0, 0), "shorter": (0, 0)}


@pytest.mark.parametrize(
    ("found", "change"),
    [
        ({"wider": (0, 3, 5)}, unplaced.Change(Reason(Code.FARTHER, (3, 40.0)), radius_km=40.0)),
        ({"shorter": (2, 6)}, unplaced.Change(Reason(Code.SHORTER, (6, 2)), nights=2)),
        ({"shorter": (1, 1)}, unplaced.Change(Reason(Code.SHORTER, (1, 1)), nights=1)),
        (
            {"shifted": (0, 0, 2, *(0,) * (len(SHIFTS) - 3))},
            unplaced.Change(Reason(Code.OTHER_DATES, (2, tonight(2))), first_night=tonight(2)),
        ),
        ({"move": True}, unplaced.Change(Reason(Code.MOVE))),
        ({"split": True}, unplaced.Change(Reason(Code.SPLIT))),
    ],
    ids=lambda each: each.kind if isinstance(each, unplaced.Change) else "",
)
def test_every_advice_of_the_engine_is_understood_and_found(
    amira: Person, carla: Person, found: dict[str, Any], change: unplaced.Change
) -> None:
    asked, other = people.request(amira.arrival), people.request(amira.arrival)
    need = as_need(asked, (tonight(), tonight(5)), declined=(), apart=(), at=now())
    need = type(need)(**{name: getattr(need, name) for name in need.__slots__} | NEED)
    reasons = why_left_over(need, Obstacles(**NONE_FREE | found))
    intake.note_unplaced({str(asked.pk): reasons, str(other.pk): [Reason(Code.NONE_WITHIN, (20.0,))]})
    asked.refresh_from_db()

    (explained,) = unplaced.explained([asked], now())

    assert (explained.changes, explained.obstacles) == ([change], [reasons[0]])
    for kind in unplaced.UNPLACED_KINDS:
        rows = unplaced.unplaced_requests(carla.user, now(), kind=kind)
        assert list(rows) == {change.kind: [asked], "nothing": [other]}.get(kind, [])


def test_unplaced_are_those_of_the_coordinators_places_tonight_first(carla: Person) -> None:
    here = people.request(people.amira().arrival, first_night=tonight(3))
    tonight_ = people.request(people.amira().arrival, first_night=tonight())
    there = people.request(people.amira().arrival, place=people.place("Oral"))
    alone = people.request(people.amira().arrival, people=1, children=1, children_ages=(15,))
    ShelterRequest.objects.filter(pk=tonight_.pk).update(registered_at=now() - timedelta(days=2))

    everywhere = unplaced.unplaced_requests(carla.user, now())
    elsewhere = unplaced.unplaced_requests(people.carla("elsewhere", places=(people.place("Oral"),)).user, now())

    assert list(everywhere) == [tonight_, there, alone, here]
    assert list(elsewhere) == [there]
    assert list(unplaced.unplaced_requests(carla.user, now(), place=people.place().pk)) == [tonight_, alone, here]
    assert list(unplaced.unplaced_requests(carla.user, now(), kind="not_yet")) == [tonight_, there, here]
    assert list(unplaced.unplaced_requests(carla.user, now(), kind="alone")) == [alone]
