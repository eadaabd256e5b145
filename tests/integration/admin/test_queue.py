"""The queue: its order, its cards, and decisions with a minute to undo them, over HTTP as Carla would use them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from matching import transitions
from matching.admin import queue
from matching.admin.line_words import of_note
from matching.desk import claims, decisions, queueing
from matching.desk.queueing import Filters
from matching.models import Claim, DeskNote, Match, PendingDecision, ShelterRequest
from matching.states import Status
from tests import people
from tests.integration.test_decisions import two_legs
from tests.people import Person, tonight

pytestmark = pytest.mark.django_db

QUEUE = "/admin/matching/match/queue/"
DECIDE = f"{QUEUE}decide/"
BULK = f"{QUEUE}bulk/"
QUERIES = 14
"""Queries of a page of the queue, however much waits: one notes that the notes were shown. The promise is at most 15.

A server that keeps connections adds one query, to check that its connection is alive, and two once a minute, to note
that the coordinator is there.
"""
DECISION_QUERIES = 11
"""Queries of one decision, with the two that begin and end its transaction.

One more reads the places of a coordinator who has some.
"""

SignIn = Callable[[Person], Client]


@pytest.fixture
def proposal(amira: Person, hanna: Person) -> Match:
    return people.proposed(people.request(amira.arrival), people.space(hanna.host))


@pytest.fixture
def risky(hanna: Person) -> Match:
    woman = people.request(people.amira().arrival, people=1, all_women=True)
    return people.proposed(woman, people.space(hanna.host))


def seen(*legs: Match) -> str:
    return ",".join(f"{leg.pk}.{leg.version}" for leg in legs)


def status_of(*matches: Match) -> list[str]:
    return [Match.objects.get(pk=match.pk).status for match in matches]


def go_out(after: timedelta = timedelta(minutes=2)) -> int:
    return decisions.carry_out_due(at=timezone.now() + after)


def requests_on(page: Any) -> list[ShelterRequest]:
    return [card["request_"] for card in page.context["cards"]]


def english(client: Client) -> Client:
    client.defaults["HTTP_ACCEPT_LANGUAGE"] = "en"
    return client


# -- what a card shows ----------------------------------------------------------------------------


def test_card_shows_what_a_decision_needs_and_nothing_personal(
    carla: Person, proposal: Match, signed_in: SignIn
) -> None:
    claims.write_note(proposal.request_id, "called twice", by=carla.user, at=timezone.now())
    page = signed_in(carla).get(QUEUE)

    assert page.status_code == 200
    text = page.content.decode()
    for words in ("2 people", "Almaty", "0.0 km", "common language: ru", "first stay with this host", "called twice"):
        assert words in text
    assert [words for words in ("Amira Testova", "Abay Avenue", "hanna@", "climb stairs") if words in text] == []


def test_card_tells_both_histories(carla: Person, amira: Person, hanna: Person, signed_in: SignIn) -> None:
    people.match_in(Status.COMPLETED, people.request(people.amira().arrival), people.space(hanna.host))
    people.match_in(Status.NO_SHOW, people.request(amira.arrival), people.space(hanna.host))
    people.proposed(people.request(amira.arrival), people.space(hanna.host))

    (card,) = signed_in(carla).get(QUEUE).context["cards"]

    assert card["record"] == ["1 no-show"]
    assert card["legs"][0]["record"] == ["1 stay ended well", "1 no-show"]


def test_legs_of_a_household_are_one_card(carla: Person, hanna: Person, signed_in: SignIn) -> None:
    legs = two_legs(hanna)

    (card,) = signed_in(carla).get(QUEUE).context["cards"]

    assert [leg["match"] for leg in card["legs"]] == legs
    signed_in(carla).post(DECIDE, {"act": "approve", "seen": card["seen"]})
    assert go_out() == 1
    assert status_of(*legs) == ["approved", "approved"]


# -- the order, pages and filters -----------------------------------------------------------------


def mixed(hanna: Person, now: datetime) -> list[ShelterRequest]:
    """Return requests, each with a proposal, in the order that the queue should have."""
    offered = people.space(hanna.host, beds=50, shared=True)
    ordered = []
    for first_night, urgency, days in (
        (0, "4", 3),
        (0, "4", 1),
        (0, "2.5", 9),
        (0, "1.5", 0),
        (0, "1", 0),
        (1, "4", 2),
        (1, "1", 5),
        (8, "4", 2),
    ):
        asked = people.request(people.amira().arrival, first_night=tonight(first_night), urgency=urgency)
        ShelterRequest.objects.filter(pk=asked.pk).update(registered_at=now - timedelta(days=days))
        people.proposed(ShelterRequest.objects.get(pk=asked.pk), offered)
        ordered.append(asked)
    return ordered


def test_queue_is_in_the_order_that_matters(carla: Person, hanna: Person, signed_in: SignIn) -> None:
    ordered = mixed(hanna, timezone.now())

    assert requests_on(signed_in(carla).get(QUEUE)) == ordered


@pytest.mark.parametrize("size", [1, 3, 7, 8])
def test_pages_follow_each_other_forth_and_back(carla: Person, hanna: Person, size: int) -> None:
    now = timezone.now()
    ordered = mixed(hanna, now)
    heads = queueing.chosen(carla.user, Filters(), now)

    walked, after = [], None
    while True:
        page, has_before, has_after = queueing.page(heads, size=size, after=after)
        assert has_before == bool(walked)
        walked += [head.request for head in page]
        if not has_after:
            break
        after = queueing.position(str(queueing.position_of(page[-1])))
    assert walked == ordered

    back: list[ShelterRequest] = []
    before = queueing.position_of(page[0])
    while len(back) + len(page) < len(ordered):
        found, has_before, has_after = queueing.page(heads, size=size, before=before)
        assert has_after
        back = [head.request for head in found] + back
        if not has_before:
            break
        before = queueing.position_of(found[0])
    assert back == ordered[: len(back)]
    assert len(back) + len(page) == len(ordered)


@pytest.mark.parametrize("place", ["", "nonsense", "2022-09-26~4~yesterday~1", "2022-09-26~4~2022-09-26T10:00:00~1"])
def test_page_that_is_none_is_the_first(carla: Person, proposal: Match, signed_in: SignIn, place: str) -> None:
    assert requests_on(signed_in(carla).get(QUEUE, {"after": place})) == [proposal.request]


def test_filters_narrow_the_queue(carla: Person, hanna: Person, signed_in: SignIn, risky: Match) -> None:
    ordered = mixed(hanna, timezone.now())
    client = signed_in(carla)

    def found(**given: object) -> list[ShelterRequest]:
        return requests_on(client.get(QUEUE, given))

    assert found(night="tomorrow") == ordered[5:7]
    assert found(night="later") == ordered[7:]
    assert found(night="tonight", urgency="1") == [ordered[4]]
    assert found(risk="lone_woman") == found(risk="high") == [risky.request]
    assert set(found(risk="low")) == set(ordered)
    assert set(found(place=people.place().pk)) == {*ordered, risky.request}
    assert found(place=people.place("Oral").pk) == []
    assert len(found(place="x", night="never", risk="none", urgency="9", whose="all")) == 9


@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize("everywhere", [True, False])
def test_queue_needs_the_same_queries_for_one_and_three(
    hanna: Person, signed_in: SignIn, monkeypatch: pytest.MonkeyPatch, count: int, everywhere: bool
) -> None:
    monkeypatch.setattr(queue, "CARDS_A_PAGE", 3)
    person = people.carla("c", places=() if everywhere else (people.place(),))
    for number in range(count):
        asked = people.request(people.amira(name=f"Amira {number}").arrival)
        people.proposed(asked, people.space(hanna.host))
        claims.take(asked.pk, by=person.user, at=timezone.now())
        claims.write_note(asked.pk, "a note", by=person.user, at=timezone.now())
    two_legs(hanna)
    pending = people.proposed(people.request(people.amira().arrival), people.space(hanna.host))
    decisions.decide({pending.pk: 1}, "approve", by=person.user, at=timezone.now())
    client = signed_in(person)

    with CaptureQueriesContext(
        connection,
    ) as queries:
        page = client.get(QUEUE)

    shown, further = (len(page.context["cards"]), page.context["after"] is not None)
    assert (shown, further) == ((2, False) if count == 1 else (3, True))
    assert page.context["pending"].all == 1
    assert len(queries) == QUERIES


# -- deciding -------------------------------------------------------------------------------------


def test_approve_waits_a_minute_then_asks_host_and_arrival(carla: Person, proposal: Match, signed_in: SignIn) -> None:
    client = signed_in(carla)
    page = client.post(DECIDE, {"act": "approve", "seen": seen(proposal)}, follow=True)

    assert (requests_on(page), page.context["pending"].all, status_of(proposal)) == ([], 1, ["proposed"])
    assert go_out() == 1
    proposal.refresh_from_db()
    assert (proposal.status, proposal.approved_by) == (Status.APPROVED, carla.user)
    told = {
        n.event for user in (proposal.space.host.user, proposal.request.arrival.user) for n in user.notifications.all()
    }
    assert {"host_asked", "arrival_asked"} <= told


@pytest.mark.parametrize("legs", [1, 2])
@pytest.mark.parametrize("everywhere", [True, False])
def test_decision_needs_the_same_queries_whatever_was_before(
    hanna: Person, signed_in: SignIn, legs: int, everywhere: bool
) -> None:
    person = people.carla("c", places=() if everywhere else (people.place(),))
    asked = people.request(people.amira().arrival)
    decided = two_legs(hanna) if legs == 2 else [people.proposed(asked, people.space(hanna.host))]
    people.match_in(Status.COMPLETED, people.request(people.amira().arrival), people.space(hanna.host))
    client = signed_in(person)

    with CaptureQueriesContext(connection) as queries:
        client.post(DECIDE, {"act": "approve", "seen": seen(*decided)})

    assert PendingDecision.objects.count() == legs
    assert [each["sql"].split()[0] for each in queries if each["sql"].startswith(("INSERT", "DELETE"))] == ["INSERT"]
    assert len(queries) == DECISION_QUERIES + (not everywhere)


def test_undo_brings_the_card_back(carla: Person, proposal: Match, signed_in: SignIn) -> None:
    client = signed_in(carla)
    page = client.post(DECIDE, {"act": "approve", "seen": seen(proposal)}, follow=True)
    bundle = page.context["pending"].rows[0].bundle

    page = client.post(f"{QUEUE}decision/{bundle}/undo/", follow=True)

    assert (requests_on(page), page.context["pending"].rows, go_out()) == ([proposal.request], [], 0)


def test_send_now_and_a_late_undo(carla: Person, proposal: Match, signed_in: SignIn) -> None:
    client = english(signed_in(carla))
    page = client.post(DECIDE, {"act": "approve", "seen": seen(proposal)}, follow=True)
    bundle = page.context["pending"].rows[0].bundle

    client.post(f"{QUEUE}decision/{bundle}/now/")
    late = client.post(f"{QUEUE}decision/{bundle}/undo/", follow=True)

    assert status_of(proposal) == ["approved"]
    assert "the messages have gone" in late.content.decode()


def test_page_of_a_decisions_author_carries_it_out_when_no_worker_does(
    carla: Person, proposal: Match, signed_in: SignIn
) -> None:
    decisions.decide({proposal.pk: 1}, "approve", by=carla.user, at=timezone.now() - timedelta(minutes=5))

    page = signed_in(carla).get(QUEUE)

    assert (page.context["pending"].rows, status_of(proposal)) == ([], ["approved"])


def test_refused_decision_is_shown_until_it_is_read(
    carla: Person, amira: Person, proposal: Match, signed_in: SignIn
) -> None:
    client = signed_in(carla)
    client.post(DECIDE, {"act": "approve", "seen": seen(proposal)})
    transitions.withdraw_request(proposal.request_id, by=amira.user, at=timezone.now())
    go_out()

    (row,) = client.get(QUEUE).context["pending"].rows
    assert row.refusal
    client.post(f"{QUEUE}decision/{row.bundle}/dismiss/")
    assert client.get(QUEUE).context["pending"].rows == []


def test_last_few_decisions_are_shown_and_all_are_undone_at_once(
    carla: Person, hanna: Person, signed_in: SignIn
) -> None:
    client, clara = english(signed_in(carla)), people.carla("clara")
    made = several(hanna, 7)
    colleagues = people.proposed(people.request(people.amira().arrival), people.space(hanna.host))
    decisions.decide({colleagues.pk: 1}, "approve", by=clara.user, at=timezone.now())
    client.post(BULK, {"act": "approve", "card": [seen(match) for match in made]})

    page, whole = client.get(QUEUE), client.get(QUEUE, {"decisions": "all"})
    assert (len(page.context["pending"].rows), page.context["pending"].all) == (5, 7)
    assert len(whole.context["pending"].rows) == 7
    assert [words in page.content.decode() for words in ("Show all 7 decisions", "Undo all 7")] == [True, True]

    answer = client.post(f"{QUEUE}undo-all/", follow=True)
    again = client.post(f"{QUEUE}undo-all/", follow=True)

    assert "7 decisions are undone" in answer.content.decode()
    assert "nothing left to undo" in again.content.decode()
    assert [row.match for row in PendingDecision.objects.all()] == [colleagues]


def test_refused_decisions_stand_before_waiting_ones_and_undo_takes_back_the_latest_waiting_one(
    carla: Person, amira: Person, hanna: Person, proposal: Match, signed_in: SignIn
) -> None:
    client = signed_in(carla)
    client.post(DECIDE, {"act": "approve", "seen": seen(proposal)})
    transitions.withdraw_request(proposal.request_id, by=amira.user, at=timezone.now())
    go_out()
    (other,) = several(hanna, 1)
    client.post(DECIDE, {"act": "approve", "seen": seen(other)})

    pending = client.get(QUEUE).context["pending"]

    assert [row.match for row in pending.rows] == [proposal, other]
    assert pending.latest == pending.rows[1].bundle


def test_page_leaves_a_decision_that_has_just_become_due_to_the_worker(
    carla: Person, proposal: Match, signed_in: SignIn
) -> None:
    decisions.decide({proposal.pk: 1}, "approve", by=carla.user, at=timezone.now() - timedelta(seconds=70))

    page = signed_in(carla).get(QUEUE)

    assert (page.context["pending"].all, status_of(proposal)) == (1, ["proposed"])


def test_decline_takes_the_reason_of_its_button(carla: Person, proposal: Match, signed_in: SignIn) -> None:
    signed_in(carla).post(DECIDE, {"act": "decline:too_far", "seen": seen(proposal)})
    go_out()

    last = proposal.events.last()
    assert last is not None
    assert (last.to_status, last.reason, last.by) == ("declined", "too_far", carla.user)


def test_decline_without_a_reason_changes_nothing_and_says_so(
    carla: Person, proposal: Match, signed_in: SignIn
) -> None:
    page = signed_in(carla).post(DECIDE, {"act": "decline", "seen": seen(proposal)}, follow=True)

    assert "Choose a reason from the list." in page.content.decode()
    assert (go_out(), status_of(proposal)) == (0, ["proposed"])


def test_card_that_has_changed_is_shown_again(carla: Person, risky: Match, signed_in: SignIn) -> None:
    before = seen(risky)
    transitions.approve(risky.pk, by=people.carla("clara").user, at=timezone.now())

    page = signed_in(carla).post(DECIDE, {"act": "approve", "seen": before}, follow=True)

    assert "Somebody changed this in the meantime" in page.content.decode()
    assert requests_on(page) == [risky.request]


def test_high_risk_needs_two_different_coordinators(carla: Person, risky: Match, signed_in: SignIn) -> None:
    client = english(signed_in(carla))
    client.post(DECIDE, {"act": "approve", "seen": seen(risky)})
    go_out()
    risky.refresh_from_db()

    assert requests_on(client.get(QUEUE)) == []
    assert requests_on(client.get(QUEUE, {"whose": "second"})) == [risky.request]
    again = client.post(DECIDE, {"act": "approve", "seen": seen(risky)}, follow=True)
    assert "another coordinator must approve it too" in again.content.decode()

    other = signed_in(people.carla("clara"))
    assert requests_on(other.get(QUEUE)) == [risky.request]
    other.post(DECIDE, {"act": "approve", "seen": seen(risky)})
    go_out()
    assert status_of(risky) == ["approved"]


def test_match_in_the_coordinators_own_space_is_left_to_another(carla: Person, signed_in: SignIn) -> None:
    """Carla hosts as well, and a match in her own space is not hers to decide."""
    people.vet(people.hosts.Host.objects.create(user=carla.user), by=people.carla("clara"))
    carla.user.refresh_from_db()
    match = people.proposed(people.request(people.amira().arrival), people.space(carla.user.host))

    assert requests_on(signed_in(carla).get(QUEUE)) == []
    assert requests_on(signed_in(people.carla("clara")).get(QUEUE)) == [match.request]


# -- many at once ---------------------------------------------------------------------------------


def several(hanna: Person, count: int) -> list[Match]:
    return [people.proposed(people.request(people.amira().arrival), people.space(hanna.host)) for _ in range(count)]


def test_bulk_approves_the_ticked_cards(carla: Person, hanna: Person, signed_in: SignIn) -> None:
    proposals = several(hanna, 3)

    signed_in(carla).post(BULK, {"act": "approve", "card": [seen(match) for match in proposals[:2]]})

    assert go_out() == 2
    assert status_of(*proposals) == ["approved", "approved", "proposed"]


def test_bulk_approval_leaves_high_risk_out_and_declining_does_not(
    carla: Person, hanna: Person, risky: Match, signed_in: SignIn
) -> None:
    (plain,) = several(hanna, 1)
    client = english(signed_in(carla))

    page = client.post(BULK, {"act": "approve", "card": [seen(plain), seen(risky)]}, follow=True)
    assert "1 high-risk proposal is left" in page.content.decode()
    go_out()
    assert status_of(plain, risky) == ["approved", "proposed"]

    client.post(BULK, {"act": "decline", "reason": "not_safe", "card": [seen(risky)]})
    go_out()
    assert status_of(risky) == ["declined"]


def test_bulk_of_a_filter_shows_first_and_decides_then(
    carla: Person, hanna: Person, risky: Match, signed_in: SignIn
) -> None:
    for_tonight = several(hanna, 2)
    held = several(hanna, 1)[0]
    later = people.proposed(people.request(people.amira().arrival, first_night=tonight(2)), people.space(hanna.host))
    claims.take(held.request_id, by=people.carla("clara").user, at=timezone.now())
    client = signed_in(carla)

    page = client.post(BULK, {"act": "approve", "everything": "yes", "night": "tonight"})
    assert (PendingDecision.objects.count(), page.context["left_out"]) == (0, 1)
    client.post(BULK, {"act": "approve", "card": [each["seen"] for each in page.context["taken"]]})
    go_out()

    assert status_of(*for_tonight, held, risky, later) == ["approved", "approved", "proposed", "proposed", "proposed"]


@pytest.mark.parametrize(
    "body", [{"act": "approve"}, {"act": "decline"}, {"act": "fly"}, {"act": "approve", "card": "x"}]
)
def test_incomplete_bulk_changes_nothing(
    carla: Person, proposal: Match, signed_in: SignIn, body: dict[str, str]
) -> None:
    assert signed_in(carla).post(BULK, body).status_code == 302
    assert not PendingDecision.objects.exists()


def test_bulk_of_many_needs_the_same_queries(carla: Person, hanna: Person, signed_in: SignIn) -> None:
    client = signed_in(carla)
    counts = []
    for number in (1, 3):
        cards = [seen(match) for match in several(hanna, number)]
        with CaptureQueriesContext(connection) as queries:
            client.post(BULK, {"act": "approve", "card": cards})
        counts.append(len(queries))

    assert counts[0] == counts[1]
    assert PendingDecision.objects.count() == 4


# -- claims -----------------------------------------------------------------------------------------


def test_claim_is_shown_to_others_and_taken_over(carla: Person, proposal: Match, signed_in: SignIn) -> None:
    clara = people.carla("clara")
    here, there = signed_in(carla), english(signed_in(clara))
    claim = f"{QUEUE}{proposal.request_id}/claim"

    here.post(f"{claim}/take/")
    page = there.get(QUEUE)
    assert page.context["cards"][0]["holder"] == carla.user
    refused = there.post(DECIDE, {"act": "approve", "seen": seen(proposal)}, follow=True)
    assert "carla is looking at this" in refused.content.decode()
    there.post(f"{claim}/over/")
    assert Claim.objects.get().by == clara.user
    there.post(f"{claim}/release/")
    assert not Claim.objects.exists()


def test_take_the_next_ten_takes_unclaimed_cards(carla: Person, hanna: Person, signed_in: SignIn) -> None:
    proposals = several(hanna, 12)
    claims.take(proposals[0].request_id, by=people.carla("clara").user, at=timezone.now())

    page = signed_in(carla).post(f"{QUEUE}take/", follow=True)

    assert len(requests_on(page)) == 10
    assert proposals[0].request not in requests_on(page)


def test_note_and_handing_over(carla: Person, proposal: Match, signed_in: SignIn) -> None:
    clara = people.carla("clara")
    client = signed_in(carla)
    claim = f"{QUEUE}{proposal.request_id}/claim"

    client.post(f"{claim}/note/", {"note": "call after nine"})
    client.post(f"{claim}/hand-over/", {"to": clara.user.pk, "note": "please"})

    (card,) = signed_in(clara).get(QUEUE, {"whose": "mine"}).context["cards"]
    assert [of_note(note) for note in card["card"].notes] == ["call after nine", "Handed over to clara. please"]
    assert DeskNote.objects.count() == 2


# -- one card -------------------------------------------------------------------------------------


def test_card_page_compares_the_next_best_spaces(
    carla: Person, amira: Person, hanna: Person, signed_in: SignIn
) -> None:
    asked = people.request(amira.arrival)
    people.proposed(asked, people.space(hanna.host, beds=2))
    roomy = people.space(hanna.host, beds=6)
    client = english(signed_in(carla))

    page = client.get(f"{QUEUE}{asked.pk}/")
    part = client.get(f"{QUEUE}{asked.pk}/?part")

    (option,) = page.context["others"][0]["options"]
    assert (option["option"].space, option["idle"], option["farther"]) == (roomy, 4, 0)
    # The loss of two people in six beds instead of two: 0.25 x 0.2 x weight 4 x 2 people x (1 - 2/6).
    assert round(option["lost"], 3) == 0.267
    assert "4 beds stay empty" in part.content.decode()
    assert "<html" not in part.content.decode()


def test_card_of_a_match_that_is_no_longer_proposed_leads_to_the_request(
    carla: Person, proposal: Match, signed_in: SignIn
) -> None:
    transitions.approve(proposal.pk, by=carla.user, at=timezone.now())

    answer = signed_in(carla).get(f"{QUEUE}{proposal.request_id}/")

    assert answer["Location"] == f"/admin/matching/shelterrequest/{proposal.request_id}/change/"


def test_match_page_offers_only_the_acts_of_the_table(carla: Person, proposal: Match, signed_in: SignIn) -> None:
    client, page = signed_in(carla), f"/admin/matching/match/{proposal.pk}/change/"

    # A report that somebody does not feel safe is open in every status; a proposal is decided on its card.
    assert [act["name"] for act in client.get(page).context["acts"]] == ["freeze"]
    transitions.approve(proposal.pk, by=carla.user, at=timezone.now())
    assert [act["name"] for act in client.get(page).context["acts"]] == ["decline", "cancel", "freeze"]


def test_frozen_match_goes_on_after_a_coordinator_has_looked(
    carla: Person, amira: Person, proposal: Match, signed_in: SignIn
) -> None:
    transitions.approve(proposal.pk, by=carla.user, at=timezone.now())
    transitions.report_not_safe(proposal.pk, by=amira.user, at=timezone.now())
    people.agreed_to_go_on(proposal)

    signed_in(carla).post(f"/admin/matching/match/{proposal.pk}/act/unfreeze/", {"note": "called both"})

    proposal.refresh_from_db()
    assert proposal.frozen_at is None


# -- who may enter ---------------------------------------------------------------------------------


@pytest.mark.parametrize("who", ["amira", "hanna", "oskar"])
def test_nobody_but_coordinators_gets_in(
    who: str, proposal: Match, signed_in: SignIn, request: pytest.FixtureRequest
) -> None:
    client = signed_in(request.getfixturevalue(who))

    answers = [
        client.get(QUEUE).status_code,
        client.get(f"{QUEUE}{proposal.request_id}/").status_code,
        client.post(DECIDE, {"act": "approve", "seen": seen(proposal)}).status_code,
    ]

    assert (answers, PendingDecision.objects.count()) == ([302, 302, 302], 0)


def test_a_coordinator_of_another_place_sees_and_decides_nothing(proposal: Match, signed_in: SignIn) -> None:
    elsewhere = signed_in(people.carla("clara-of-oral", places=(people.place("Oral"),)))

    page = elsewhere.get(QUEUE)
    assert (page.context["cards"], page.context["waiting"].all, page.context["places"]) == ([], 0, [])
    assert elsewhere.get(f"{QUEUE}{proposal.request_id}/").status_code == 404
    assert elsewhere.post(DECIDE, {"act": "approve", "seen": seen(proposal)}).status_code == 404
    assert elsewhere.post(f"{QUEUE}{proposal.request_id}/claim/take/").status_code == 404
    elsewhere.post(BULK, {"act": "approve", "card": seen(proposal)})
    assert not PendingDecision.objects.exists()


def test_a_coordinator_of_the_spaces_place_sees_and_decides(proposal: Match, hanna: Person, signed_in: SignIn) -> None:
    oral = people.place("Oral")
    there = people.space(hanna.host, place=oral)
    asked = people.request(people.amira().arrival, radius_km=3000)
    match = people.proposed(asked, there)
    client = signed_in(people.carla("clara-of-oral", places=(oral,)))

    assert requests_on(client.get(QUEUE)) == [asked]
    client.post(DECIDE, {"act": "approve", "seen": seen(match)})
    go_out()
    assert status_of(match) == ["approved"]


def test_auditor_looks_without_notes_and_buttons(
    adil: Person, carla: Person, proposal: Match, signed_in: SignIn
) -> None:
    claims.write_note(proposal.request_id, "her cousin called", by=carla.user, at=timezone.now())

    for address in (QUEUE, f"{QUEUE}{proposal.request_id}/"):
        text = signed_in(adil).get(address).content.decode()
        assert [words for words in ("her cousin called", 'value="approve"', "claim/take") if words in text] == []
    assert signed_in(adil).post(DECIDE, {"act": "approve", "seen": seen(proposal)}).status_code == 403
