"""Decisions that can be undone until they are carried out, and claims of a household."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from accounts.refusals import Refused
from matching import queries, transitions
from matching.desk import claims, decisions
from matching.models import Claim, DeskEvent, DeskNote, Heartbeat, Match, PendingDecision
from matching.refusals import (
    ChangedSince,
    DecidedAlready,
    Frozen,
    GoneOut,
    IllegalMove,
    Incomplete,
    NotYours,
    ReasonNeeded,
    SecondPersonNeeded,
    TakenByAnother,
)
from matching.states import Status
from matching.transitions import Proposal
from matching.worker import matchmaking
from notifications.models import Notification
from privacy.remarks import words_of
from tests import people
from tests.people import Person, tonight

pytestmark = pytest.mark.django_db
HOLD = 60


@pytest.fixture(autouse=True)
def a_minute_to_undo(settings: Any) -> None:
    settings.DECISION_HOLD_SECONDS = HOLD


@pytest.fixture
def now() -> datetime:
    return timezone.now()


@pytest.fixture
def proposal(amira: Person, hanna: Person) -> Match:
    return people.proposed(people.request(amira.arrival), people.space(hanna.host))


@pytest.fixture
def risky(hanna: Person) -> Match:
    woman = people.request(people.amira().arrival, people=1, all_women=True)
    match = people.proposed(woman, people.space(hanna.host))
    assert match.high_risk
    return match


def two_legs(hanna: Person) -> list[Match]:
    """Return a move: two nights in one space, three in the next."""
    asked, now = people.request(people.amira().arrival, may_move=True), timezone.now()
    first, second = people.space(hanna.host), people.space(hanna.host)
    common: dict[str, Any] = {"request": asked, "people": asked.people, "score": 1.0}
    return [
        transitions.propose(
            Proposal(space=space, first_night=tonight(start), last_day=tonight(end), leg=leg, **common), by=None, at=now
        )
        for leg, space, start, end in ((1, first, 0, 2), (2, second, 2, 5))
    ]


def seen(*matches: Match) -> dict[Any, int]:
    return {match.pk: match.version for match in matches}


def status_of(*matches: Match) -> list[str]:
    return [Match.objects.get(pk=match.pk).status for match in matches]


def told() -> list[str]:
    return sorted(Notification.objects.filter(event__endswith="_asked").values_list("event", flat=True))


# -- carrying out and undoing -----------------------------------------------------------------------


def test_approval_is_carried_out_when_its_time_has_come_and_not_before(
    carla: Person, proposal: Match, now: datetime
) -> None:
    decisions.decide(seen(proposal), "approve", by=carla.user, at=now)

    assert decisions.carry_out_due(at=now + timedelta(seconds=HOLD - 1)) == 0
    assert (status_of(proposal), told()) == ([Status.PROPOSED], [])
    assert decisions.carry_out_due(at=now + timedelta(seconds=HOLD)) == 1
    assert (status_of(proposal), told()) == ([Status.APPROVED], ["arrival_asked", "host_asked"])
    assert not PendingDecision.objects.exists()
    assert decisions.carry_out_due(at=now + timedelta(hours=1)) == 0


def test_decline_is_carried_out_with_its_reason_and_note(carla: Person, proposal: Match, now: datetime) -> None:
    decisions.decide(seen(proposal), "decline", by=carla.user, at=now, reason="not_suitable", note="stairs")
    decisions.carry_out_due(at=now + timedelta(seconds=HOLD))

    last = proposal.events.last()
    assert last is not None
    assert (last.act, last.reason, words_of(last), last.by) == ("decline", "not_suitable", "stairs", carla.user)


def test_undo_leaves_the_proposal_as_it_was_and_tells_nobody(carla: Person, proposal: Match, now: datetime) -> None:
    bundle = decisions.decide(seen(proposal), "approve", by=carla.user, at=now)
    decisions.undo(bundle, by=carla.user)

    assert decisions.carry_out_due(at=now + timedelta(hours=1)) == 0
    assert (status_of(proposal), told(), proposal.events.count()) == ([Status.PROPOSED], [], 1)
    decisions.decide(seen(proposal), "approve", by=carla.user, at=now)


def test_undo_after_the_messages_have_gone_is_refused(carla: Person, proposal: Match, now: datetime) -> None:
    bundle = decisions.decide(seen(proposal), "approve", by=carla.user, at=now)
    decisions.carry_out_due(at=now + timedelta(seconds=HOLD))

    with pytest.raises(GoneOut):
        decisions.undo(bundle, by=carla.user)


def test_undo_of_somebody_elses_decision_is_refused(carla: Person, proposal: Match, now: datetime) -> None:
    bundle = decisions.decide(seen(proposal), "approve", by=carla.user, at=now)

    with pytest.raises(NotYours):
        decisions.undo(bundle, by=people.carla("clara").user)
    with pytest.raises(GoneOut):
        decisions.send_now(bundle, by=people.carla("clara").user, at=now)


def test_decision_sent_now_is_carried_out_at_once(carla: Person, proposal: Match, now: datetime) -> None:
    bundle = decisions.decide(seen(proposal), "approve", by=carla.user, at=now)
    decisions.send_now(bundle, by=carla.user, at=now)

    assert (status_of(proposal), told()) == ([Status.APPROVED], ["arrival_asked", "host_asked"])


def test_decision_without_a_hold_is_carried_out_by_the_next_sweep(
    carla: Person, proposal: Match, now: datetime, settings: Any
) -> None:
    settings.DECISION_HOLD_SECONDS = 0
    decisions.decide(seen(proposal), "approve", by=carla.user, at=now)

    assert decisions.carry_out_due(at=now) == 1


def test_proposal_decided_on_does_not_expire_meanwhile(carla: Person, proposal: Match, now: datetime) -> None:
    assert proposal.due_at is not None
    late = proposal.due_at - timedelta(seconds=1)
    decisions.decide(seen(proposal), "approve", by=carla.user, at=late)

    assert list(queries.overdue(proposal.due_at + timedelta(seconds=5))) == []
    matchmaking.expire_overdue(at=proposal.due_at + timedelta(seconds=5))
    decisions.carry_out_due(at=late + timedelta(seconds=HOLD))
    assert status_of(proposal) == [Status.APPROVED]


def test_carry_out_leaves_a_heartbeat(now: datetime) -> None:
    decisions.carry_out_due(at=now)
    decisions.carry_out_due(at=now + timedelta(seconds=10))

    assert list(Heartbeat.objects.values_list("name", "at")) == [("carry_out_decisions", now + timedelta(seconds=10))]


# -- refusals ---------------------------------------------------------------------------------------


def test_second_decision_on_the_same_proposal_is_refused(carla: Person, proposal: Match, now: datetime) -> None:
    decisions.decide(seen(proposal), "approve", by=carla.user, at=now)

    with pytest.raises(DecidedAlready):
        decisions.decide(seen(proposal), "decline", by=people.carla("clara").user, at=now, reason="too_far")


@pytest.mark.parametrize(
    ("act", "reason", "refusal"),
    [("decline", "", ReasonNeeded), ("decline", "because", ReasonNeeded), ("cancel", "other", IllegalMove)],
)
def test_decision_without_a_valid_reason_or_act_is_refused(
    carla: Person, proposal: Match, now: datetime, act: str, reason: str, refusal: type[Refused]
) -> None:
    with pytest.raises(refusal):
        decisions.decide(seen(proposal), act, by=carla.user, at=now, reason=reason)
    assert not PendingDecision.objects.exists()


@pytest.mark.parametrize("who", ["amira", "hanna", "oskar", "adil"])
def test_decision_by_anybody_but_a_coordinator_is_refused(
    who: str, proposal: Match, now: datetime, request: pytest.FixtureRequest
) -> None:
    with pytest.raises(NotYours):
        decisions.decide(seen(proposal), "approve", by=request.getfixturevalue(who).user, at=now)


def test_a_coordinator_of_another_place_decides_nothing(proposal: Match, now: datetime) -> None:
    elsewhere = people.carla("elsewhere", places=(people.place("Oral"),))

    with pytest.raises(NotYours):
        decisions.decide(seen(proposal), "approve", by=elsewhere.user, at=now)


def test_decision_on_a_match_that_has_changed_since_it_was_seen_is_refused(
    carla: Person, risky: Match, now: datetime
) -> None:
    before = seen(risky)
    transitions.approve(risky.pk, by=people.carla("clara").user, at=now)

    with pytest.raises(ChangedSince):
        decisions.decide(before, "approve", by=carla.user, at=now)


def test_approval_of_a_frozen_proposal_is_refused(carla: Person, proposal: Match, now: datetime) -> None:
    transitions.report_not_safe(proposal.pk, by=carla.user, at=now)
    proposal.refresh_from_db()

    with pytest.raises(Frozen):
        decisions.decide(seen(proposal), "approve", by=carla.user, at=now)


def test_decision_overtaken_by_events_is_kept_with_the_reason_until_it_is_read(
    carla: Person, proposal: Match, now: datetime
) -> None:
    bundle = decisions.decide(seen(proposal), "approve", by=carla.user, at=now)
    transitions.withdraw_request(proposal.request_id, by=proposal.request.arrival.user, at=now)

    decisions.carry_out_due(at=now + timedelta(seconds=HOLD))

    assert list(PendingDecision.objects.values_list("refusal", "refusal_value")) == [
        ("illegal_move", {"code": "illegal_move"})
    ]
    assert (status_of(proposal), told()) == ([Status.EXPIRED], [])
    decisions.dismiss(bundle, by=carla.user)
    assert not PendingDecision.objects.exists()


def test_coordinator_who_has_left_approves_nothing_any_more(carla: Person, proposal: Match, now: datetime) -> None:
    decisions.decide(seen(proposal), "approve", by=carla.user, at=now)
    carla.user.is_active = False
    carla.user.save()

    decisions.carry_out_due(at=now + timedelta(seconds=HOLD))

    assert (status_of(proposal), told()) == ([Status.PROPOSED], [])


# -- two people, two legs -------------------------------------------------------------------------


def test_high_risk_takes_two_different_people(carla: Person, risky: Match, now: datetime) -> None:
    decisions.decide(seen(risky), "approve", by=carla.user, at=now)
    decisions.carry_out_due(at=now + timedelta(seconds=HOLD))
    risky.refresh_from_db()
    assert (risky.status, risky.approved_by, told()) == (Status.PROPOSED, carla.user, [])

    with pytest.raises(SecondPersonNeeded):
        decisions.decide(seen(risky), "approve", by=carla.user, at=now)
    decisions.decide(seen(risky), "approve", by=people.carla("clara").user, at=now)
    decisions.carry_out_due(at=now + timedelta(seconds=HOLD))
    assert status_of(risky) == [Status.APPROVED]


def test_legs_of_a_household_are_decided_together(carla: Person, hanna: Person, now: datetime) -> None:
    legs = two_legs(hanna)

    with pytest.raises(ChangedSince):
        decisions.decide(seen(legs[0]), "approve", by=carla.user, at=now)
    decisions.decide(seen(*legs), "approve", by=carla.user, at=now)
    assert decisions.carry_out_due(at=now + timedelta(seconds=HOLD)) == 1

    assert status_of(*legs) == [Status.APPROVED, Status.APPROVED]


def test_legs_are_carried_out_all_or_none(carla: Person, hanna: Person, now: datetime) -> None:
    legs = two_legs(hanna)
    decisions.decide(seen(*legs), "approve", by=carla.user, at=now)
    transitions.decline(legs[1].pk, by=people.carla("clara").user, at=now, reason="too_far")

    decisions.carry_out_due(at=now + timedelta(seconds=HOLD))

    assert (status_of(*legs), told()) == ([Status.PROPOSED, Status.DECLINED], [])


def test_leg_that_needs_one_approval_waits_for_the_leg_that_needs_two(
    carla: Person, hanna: Person, now: datetime
) -> None:
    legs = two_legs(hanna)
    Match.objects.filter(pk=legs[1].pk).update(high_risk=True)

    decisions.decide(seen(*legs), "approve", by=carla.user, at=now)
    decisions.carry_out_due(at=now + timedelta(seconds=HOLD))
    assert (status_of(*legs), told()) == ([Status.PROPOSED, Status.PROPOSED], [])

    legs = list(Match.objects.filter(pk__in=[leg.pk for leg in legs]))
    decisions.decide(seen(*legs), "approve", by=people.carla("clara").user, at=now)
    decisions.carry_out_due(at=now + timedelta(seconds=HOLD))
    assert status_of(*legs) == [Status.APPROVED, Status.APPROVED]


# -- claims -----------------------------------------------------------------------------------------


def test_claim_keeps_others_from_deciding_until_it_ends(carla: Person, proposal: Match, now: datetime) -> None:
    clara = people.carla("clara")
    claims.take(proposal.request_id, by=carla.user, at=now)

    with pytest.raises(TakenByAnother, match="carla"):
        decisions.decide(seen(proposal), "approve", by=clara.user, at=now)
    with pytest.raises(TakenByAnother):
        claims.take(proposal.request_id, by=clara.user, at=now)
    claims.take(proposal.request_id, by=clara.user, at=now + claims.LEASE)
    with pytest.raises(TakenByAnother):
        decisions.decide(seen(proposal), "approve", by=carla.user, at=now + claims.LEASE)


def test_claim_is_taken_over_given_back_and_ended_by_the_decision(
    carla: Person, proposal: Match, now: datetime
) -> None:
    clara = people.carla("clara")
    claims.take(proposal.request_id, by=carla.user, at=now)
    claims.take(proposal.request_id, by=clara.user, at=now, over=True)
    assert Claim.objects.get().by == clara.user

    claims.release(proposal.request_id, by=carla.user, at=now)
    assert Claim.objects.count() == 1
    claims.release(proposal.request_id, by=clara.user, at=now)
    claims.take(proposal.request_id, by=carla.user, at=now)
    decisions.decide(seen(proposal), "approve", by=carla.user, at=now)
    assert not Claim.objects.exists()


def test_hand_over_gives_the_household_and_a_note_to_another(carla: Person, proposal: Match, now: datetime) -> None:
    clara = people.carla("clara", name="Clara")
    claims.take(proposal.request_id, by=carla.user, at=now)

    claims.hand_over(proposal.request_id, clara.user, by=carla.user, at=now, note="she speaks Kazakh")

    claim = Claim.objects.get()
    assert (claim.by, claim.handed_over_by, claim.until) == (clara.user, carla.user, now + claims.HANDED_OVER)
    note = DeskNote.objects.get()
    assert (words_of(note), note.said, note.whom) == ("she speaks Kazakh", {"code": "handed_over"}, clara.user)


def test_hand_over_tells_the_new_holder_and_nobody_else(carla: Person, proposal: Match, now: datetime) -> None:
    clara, clio = people.carla("clara"), people.carla("clio")
    claims.take(proposal.request_id, by=carla.user, at=now)

    claims.hand_over(proposal.request_id, clara.user, by=carla.user, at=now)

    told = Notification.objects.filter(event="handed_over")
    assert [(each.recipient, each.context) for each in told] == [
        (clara.user, {"case_number": proposal.request.arrival.case_number})
    ]
    # A refused hand-over tells nobody, and a later one tells the next coordinator.
    with pytest.raises(TakenByAnother):
        claims.hand_over(proposal.request_id, clio.user, by=carla.user, at=now + timedelta(minutes=1))
    claims.hand_over(proposal.request_id, clio.user, by=clara.user, at=now + timedelta(minutes=2))
    assert [each.recipient for each in told.order_by("pk")] == [clara.user, clio.user]


def test_claims_notes_and_hand_overs_leave_a_line_each_without_the_written_words(
    carla: Person, proposal: Match, now: datetime
) -> None:
    clara, it, what = people.carla("clara"), proposal.request_id, DeskEvent.DeskStep
    claims.take(it, by=carla.user, at=now)
    claims.take(it, by=carla.user, at=now)  # Renewing the coordinator's own claim writes no line.
    with pytest.raises(TakenByAnother):
        claims.take(it, by=clara.user, at=now)
    claims.take(it, by=clara.user, at=now, over=True)
    claims.write_note(it, "call Amira on +7 700 000 00 00", by=clara.user, at=now)
    claims.hand_over(it, carla.user, by=clara.user, at=now, note="please")
    claims.release(it, by=clara.user, at=now)  # Clara no longer holds the claim, so this writes no line.
    claims.release(it, by=carla.user, at=now)

    lines = DeskEvent.objects.order_by("pk").values_list("request", "what", "by", "whom", "at")
    assert list(lines) == [
        (it, what.TAKEN, carla.user.pk, None, now),
        (it, what.TAKEN_OVER, clara.user.pk, carla.user.pk, now),
        (it, what.NOTED, clara.user.pk, None, now),
        (it, what.HANDED_OVER, clara.user.pk, carla.user.pk, now),
        (it, what.GIVEN_BACK, carla.user.pk, None, now),
    ]
    with connection.cursor() as cursor:
        cursor.execute("SELECT string_agg(t::text, ' ') FROM matching_deskevent t")
        assert "700" not in cursor.fetchone()[0]


def test_notes_cannot_be_read_in_a_place_that_the_household_has_left(
    amira: Person, hanna: Person, carla: Person, now: datetime, signed_in: Callable[[Person], Client]
) -> None:
    """The household asks in Almaty. Oral's coordinators read its notes only while a space in Oral is proposed to it."""
    oral = people.place("Oral")
    offered = people.space(hanna.host, place=oral)
    asked = people.request(amira.arrival)
    match, there = people.proposed(asked, offered), people.carla("there", places=(oral,))
    claims.write_note(asked.pk, "before the proposal ends", by=carla.user, at=now)
    page = f"/admin/matching/match/{match.pk}/change/"
    assert "before the proposal ends" in signed_in(there).get(page).content.decode()

    transitions.decline(match.pk, by=carla.user, at=now, reason="too_far")
    claims.write_note(asked.pk, "long afterwards", by=carla.user, at=now)

    assert [note in signed_in(there).get(page).content.decode() for note in ("before the", "long after")] == [False] * 2
    # The negative control: Carla, who coordinates the household's place, reads both notes on the same page.
    assert [note in signed_in(carla).get(page).content.decode() for note in ("before the", "long after")] == [True] * 2


def test_hand_over_to_a_person_who_may_not_see_the_request_is_refused(
    carla: Person, amira: Person, proposal: Match
) -> None:
    elsewhere = people.carla("elsewhere", places=(people.place("Oral"),))
    for other in (elsewhere, amira, carla):
        with pytest.raises(NotYours):
            claims.hand_over(proposal.request_id, other.user, by=carla.user, at=timezone.now())


def test_note_is_written_by_coordinators_of_the_place_only(carla: Person, proposal: Match, now: datetime) -> None:
    claims.write_note(proposal.request_id, " called twice ", by=carla.user, at=now)
    elsewhere = people.carla("elsewhere", places=(people.place("Oral"),))

    with pytest.raises(NotYours):
        claims.write_note(proposal.request_id, "hello", by=elsewhere.user, at=now)
    with pytest.raises(NotYours):
        claims.take(proposal.request_id, by=elsewhere.user, at=now)
    with pytest.raises(Incomplete):
        claims.write_note(proposal.request_id, "  ", by=carla.user, at=now)
    assert [words_of(note) for note in DeskNote.objects.all()] == ["called twice"]
