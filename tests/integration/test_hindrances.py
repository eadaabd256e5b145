"""A frozen match and a suspended host take part in no forward move and no opening; leaving stays open.

Every act, in every live status, by every role, through every door, with the match frozen or not and its host vetted or
not. The expectation is made of three tables: the moves, `FORWARD` and `CONTACT_OPEN` (`matching.states`).
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from datetime import timedelta
from itertools import product

import pgtrigger
import pytest
from django.db import connection, transaction
from django.test import Client
from django.utils import timezone

from accounts.models import Host
from accounts.refusals import Refused
from matching import disclosure, hindrances, hosts, queries, redating, transitions
from matching.desk import decisions
from matching.models import Incident, Match, MatchEvent, MatchingDue, Space
from matching.refusals import Frozen, HostNotVetted, NotNow, SpaceNotOpen, one_act
from matching.states import (
    CONTACT_OPEN,
    FORWARD,
    HOLDS_BEDS,
    LEAVING,
    MOVES,
    NEEDS_REASON,
    Act,
    Role,
    Status,
    find_move,
)
from notifications import taps
from notifications.models import Notification
from tests import people
from tests.people import Person, tonight

pytestmark = pytest.mark.django_db

OPENINGS = ("contact", "stay")
ACTS = (*sorted({move.act for move in MOVES} | {Act.ACCEPT, Act.UNFREEZE}), *OPENINGS)
BY_PEOPLE = tuple(act for act in ACTS if act not in (Act.PROPOSE, Act.CONFIRM, Act.EXPIRE))
"""The worker confirms and expires, and nobody proposes a match that there is: tests of their own try these three."""

ROLE_OF = {"carla": Role.COORDINATOR, "hanna": Role.HOST, "amira": Role.ARRIVAL, "oskar": None}
STATES = tuple(product((False, True), ("vetted", "unvetted", "refused", "suspended")))
SECRETS = ("Abay Avenue 10", "Amira Testova", "Hanna Musterfrau", "BEGIN:VCALENDAR")

Seen = tuple[object, ...]


@pytest.fixture
def cast(amira: Person, hanna: Person, carla: Person, oskar: Person) -> dict[str, Person]:
    return {"amira": amira, "hanna": hanna, "carla": carla, "oskar": oskar}


@pytest.fixture
def clients(cast: dict[str, Person]) -> dict[str, Client]:
    people.carla("carla-too")  # She seconds each refusal of Hanna, see `put`.
    return {who: people.client_of(person) for who, person in cast.items()}


def put(match: Match, frozen: bool, host_status: str) -> Match:
    """Freeze the match and give its host a standing, past every act, so that only the question itself is tried."""
    others = {"refusal_by": people.carla().user, "refusal_seconded_by": people.carla("carla-too").user}
    host = Host.objects.filter(pk=match.space.host_id)
    host.update(status="vetted")
    Match.objects.filter(pk=match.pk).update(frozen_at=timezone.now() if frozen else None)
    host.update(status=host_status, **others)
    return Match.objects.get(pk=match.pk)


def facts(match: Match) -> Seen:
    row = Match.objects.get(pk=match.pk)
    return (
        row.status,
        row.approved_by_id,
        row.also_approved_by_id,
        row.host_accepted_at is not None,
        row.arrival_accepted_at is not None,
        row.frozen_at is not None,
    )


def knock(door: str, person: Person, client: Client, match: Match, act: str) -> str:
    """Try one act through one door; return what was shown. The caller reads the result from the database."""
    reason = {"reason": "other"} if act in NEEDS_REASON else {}
    if door == "act":
        with contextlib.suppress(Refused):
            if act == "contact":
                return str(disclosure.open_contact(match.pk, by=person.user, at=timezone.now()))
            if act != "stay":
                getattr(transitions, act)(match.pk, by=person.user, at=timezone.now(), **reason)
        return ""
    if door == "api":
        if act == "stay":
            return ""
        path = f"/api/v1/matches/{match.pk}/{act.replace('_', '-')}/"
        return client.post(path, reason, content_type="application/json").content.decode()
    if person.user.is_staff:
        if act in (Act.APPROVE, Act.DECLINE) and match.status == Status.PROPOSED:
            decision = {"act": act, "seen": f"{match.pk}.{match.version}", "now": "yes"}
            client.post("/admin/matching/match/queue/decide/", decision | reason)
        elif act not in OPENINGS:
            client.post(f"/admin/matching/match/{match.pk}/act/{act}/", reason)
        return ""
    side = "host" if person.user == match.space.host.user else "case"
    if act == "stay":
        return client.get(f"/{side}/match/{match.pk}/stay.ics").content.decode()
    return client.post(f"/{side}/match/{match.pk}/{act}/", reason).content.decode()


def may(act: str, status: Status, role: Role | None, frozen: bool, host_status: str) -> bool:
    """Return whether the tables allow this act: written from docs/states.md and not from the code."""
    in_standing = not frozen and host_status == "vetted"
    if act in OPENINGS:
        return role in (Role.HOST, Role.ARRIVAL) and status in CONTACT_OPEN and in_standing
    if act == Act.UNFREEZE:
        return role is Role.COORDINATOR and frozen and host_status == "vetted"
    if act == Act.ACCEPT:
        return role in (Role.HOST, Role.ARRIVAL) and status is Status.APPROVED and in_standing
    move = find_move(Act(act), status)
    allowed = move is not None and role in move.roles
    return allowed and (act not in FORWARD or in_standing)


@pytest.mark.parametrize("status", sorted(HOLDS_BEDS))
@pytest.mark.parametrize("door", ["act", "api", "pages"])
def test_acts_and_openings_happen_exactly_where_the_tables_say(
    door: str, status: Status, cast: dict[str, Person], clients: dict[str, Client]
) -> None:
    match = people.match_since_yesterday(status, cast["amira"].arrival, cast["hanna"].host)
    wrong = []
    states = STATES if door == "act" else tuple(product((False, True), ("vetted", "suspended")))
    for (frozen, host_status), act, who in product(states, BY_PEOPLE, ROLE_OF):
        if act in OPENINGS and (who == "carla" or (act == "stay" and door != "pages")):
            continue
        with people.undone(clients[who]):
            before = facts(put(match, frozen, host_status))
            shown = knock(door, cast[who], clients[who], match, act)
            decisions.carry_out_due(at=timezone.now() + timedelta(minutes=2))  # What waits a minute counts now.
            happened = facts(match) != before if act not in OPENINGS else any(secret in shown for secret in SECRETS)
        if happened != may(act, status, ROLE_OF[who], frozen, host_status):
            wrong.append(f"{who} {act} in {status}, frozen {frozen}, host {host_status}: {happened}")
    assert wrong == []


def test_every_act_of_the_tables_is_forward_or_leaving_or_on_the_freeze() -> None:
    assert {move.act for move in MOVES} | {Act.ACCEPT, Act.FIRST_APPROVAL} == FORWARD | LEAVING
    assert not FORWARD & LEAVING


# -- the same question off: the harm happens ----------------------------------------------------------


@pytest.mark.parametrize(("frozen", "host_status"), [(True, "vetted"), (False, "suspended")])
def test_without_the_question_contact_and_nights_open(
    frozen: bool,
    host_status: str,
    cast: dict[str, Person],
    clients: dict[str, Client],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The negative control of the openings."""
    match = people.match_in(Status.CONFIRMED, people.request(cast["amira"].arrival), people.space(cast["hanna"].host))
    put(match, frozen, host_status)
    monkeypatch.setattr(hindrances, "hindrance", lambda match: None)

    shown = [knock(door, cast["amira"], clients["amira"], match, "contact") for door in ("act", "api", "pages")]

    assert ["Abay Avenue 10" in each for each in shown] == [True] * 3
    assert "BEGIN:VCALENDAR" in knock("pages", cast["amira"], clients["amira"], match, "stay")


@pytest.mark.parametrize(
    ("frozen", "host_status", "refusal"), [(True, "vetted", Frozen), (False, "suspended", HostNotVetted)]
)
def test_without_the_question_the_database_still_refuses_each_forward_move(
    frozen: bool,
    host_status: str,
    refusal: type[Refused],
    cast: dict[str, Person],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    match = people.match_in(Status.APPROVED, people.request(cast["amira"].arrival), people.space(cast["hanna"].host))
    put(match, frozen, host_status)
    monkeypatch.setattr(hindrances, "hindrance", lambda match: None)
    # Its query has parameters by name, with which `pgtrigger.ignore` cannot deal.
    monkeypatch.setattr(hindrances, "stopped", lambda matches: set())

    with pytest.raises(refusal):
        transitions.accept(match.pk, by=cast["hanna"].user, at=timezone.now())

    # The negative control: without the trigger too, the host of a match on hold says yes, and it is confirmed.
    with pgtrigger.ignore("matching.Match:match_goes_on"):
        transitions.accept(match.pk, by=cast["hanna"].user, at=timezone.now())
        transitions.accept(match.pk, by=cast["amira"].user, at=timezone.now())
    assert Match.objects.get(pk=match.pk).status == Status.CONFIRMED


WRITES: dict[str, tuple[Status, str]] = {
    "approved": (Status.PROPOSED, "status = 'approved', approved_by_id = %(carla)s"),
    "first approval": (Status.PROPOSED, "approved_by_id = %(carla)s"),
    "host's yes": (Status.APPROVED, "host_accepted_at = now()"),
    "arrival's yes": (Status.APPROVED, "arrival_accepted_at = now()"),
    "confirmed": (Status.APPROVED, "status = 'confirmed', host_accepted_at = now(), arrival_accepted_at = now()"),
    "checked in": (Status.CONFIRMED, "status = 'checked_in'"),
    "no-show": (Status.CONFIRMED, "status = 'no_show'"),
}


@pytest.mark.parametrize("what", WRITES)
def test_database_refuses_each_forward_write_past_the_acts(what: str, cast: dict[str, Person]) -> None:
    status, columns = WRITES[what]
    to = columns.split("'")[1] if columns.startswith("status") else status
    match = people.match_in(status, people.request(cast["amira"].arrival), people.space(cast["hanna"].host))

    def write() -> type[Refused] | None:
        try:
            with one_act(), connection.cursor() as cursor:
                MatchEvent.objects.create(match=match, act="forged", to_status=to, role="worker", at=timezone.now())
                cursor.execute(
                    f"UPDATE matching_match SET {columns} WHERE id = %(match)s",
                    {"match": match.pk, "carla": cast["carla"].user.pk},
                )
                transaction.set_rollback(True)
        except Refused as refused:
            return type(refused)
        return None

    answers = []
    for frozen, host_status in ((False, "vetted"), (True, "vetted"), (False, "suspended"), (False, "unvetted")):
        put(match, frozen, host_status)
        answers.append(write())

    assert answers == [None, Frozen, HostNotVetted, HostNotVetted]


def test_database_refuses_to_let_a_match_of_a_suspended_host_go_on(cast: dict[str, Person]) -> None:
    match = people.match_in(Status.CONFIRMED, people.request(cast["amira"].arrival), people.space(cast["hanna"].host))
    put(match, True, "suspended")

    with pytest.raises(HostNotVetted), one_act():
        Match.objects.filter(pk=match.pk).update(frozen_at=None)
    with pytest.raises(HostNotVetted):
        transitions.unfreeze(match.pk, by=cast["carla"].user, at=timezone.now())

    assert Match.objects.get(pk=match.pk).frozen_at is not None


# -- the doors of single acts ------------------------------------------------------------------------


@pytest.mark.parametrize(("frozen", "host_status"), [(True, "vetted"), (False, "suspended"), (True, "suspended")])
def test_link_of_a_message_takes_no_yes(frozen: bool, host_status: str, cast: dict[str, Person]) -> None:
    match = people.match_in(Status.APPROVED, people.request(cast["amira"].arrival), people.space(cast["hanna"].host))
    put(match, frozen, host_status)
    for event in ("host_asked", "arrival_asked"):
        token = taps.token_of(Notification.objects.get(event=event))
        Client().post(f"/t/{token}/accept/")

    assert facts(match)[3:5] == (False, False)


@pytest.mark.parametrize(
    ("frozen", "host_status", "refusal"), [(True, "vetted", Frozen), (False, "suspended", HostNotVetted)]
)
def test_first_approval_policy_and_queue_ask_too(
    frozen: bool, host_status: str, refusal: type[Refused], cast: dict[str, Person]
) -> None:
    asked = people.request(cast["amira"].arrival, people=1, all_women=True)
    match = put(people.proposed(asked, people.space(cast["hanna"].host)), frozen, host_status)
    assert match.high_risk
    now, carla = timezone.now(), cast["carla"].user

    for act in (
        lambda: transitions.approve(match.pk, by=carla, at=now),
        lambda: transitions.approve_by_policy(match.pk, by=carla, at=now, limits={}),
        lambda: decisions.decide({match.pk: match.version}, "approve", by=carla, at=now),
    ):
        with pytest.raises(refusal):
            act()

    assert facts(match) == ("proposed", None, None, False, False, frozen)


def test_decision_that_waits_is_not_carried_out_after_a_freeze(cast: dict[str, Person]) -> None:
    match = people.proposed(people.request(cast["amira"].arrival), people.space(cast["hanna"].host))
    now = timezone.now()
    bundle = decisions.decide({match.pk: match.version}, "approve", by=cast["carla"].user, at=now)
    put(match, True, "vetted")

    assert isinstance(decisions.carry_out(bundle, at=now), Frozen)
    assert facts(match)[0] == "proposed"


def test_nobody_is_proposed_to_a_host_who_is_not_vetted(cast: dict[str, Person]) -> None:
    asked, space = people.request(cast["amira"].arrival), people.space(cast["hanna"].host)
    Host.objects.filter(pk=space.host_id).update(status="suspended")

    with pytest.raises(SpaceNotOpen):
        people.proposed(asked, space)


@pytest.mark.parametrize(
    ("frozen", "host_status", "legs"), [(False, "vetted", 2), (True, "vetted", 1), (False, "suspended", 1)]
)
def test_stay_is_not_prolonged_out_of_standing(
    frozen: bool, host_status: str, legs: int, cast: dict[str, Person]
) -> None:
    asked = people.request(cast["amira"].arrival)
    match = people.match_in(Status.CHECKED_IN, asked, people.space(cast["hanna"].host))
    put(match, frozen, host_status)

    redating.change_dates(
        asked.pk, first_night=tonight(), nights=8, may_move=False, by=cast["amira"].user, at=timezone.now()
    )

    assert Match.objects.filter(space=match.space_id).count() == legs


# -- suspension ---------------------------------------------------------------------------------------


@pytest.fixture
def suspended(cast: dict[str, Person]) -> Iterator[Callable[[Status], Match]]:
    """Return a function that suspends Hanna while she has a match in a status, and returns the match after it."""

    def suspend(status: Status) -> Match:
        match = people.match_in(
            status, people.request(cast["amira"].arrival, urgency="1"), people.space(cast["hanna"].host)
        )
        MatchingDue.objects.all().delete()
        hosts.suspend(cast["hanna"].host.pk, by=cast["carla"].user, at=timezone.now(), reason="a complaint")
        return Match.objects.select_related("request").get(pk=match.pk)

    return suspend


@pytest.mark.parametrize(
    ("before", "after", "urgency", "due"),
    [
        (Status.PROPOSED, Status.EXPIRED, "1", True),
        (Status.APPROVED, Status.CANCELLED, "1.5", True),
        (Status.CONFIRMED, Status.CANCELLED, "1.5", True),
        (Status.CHECKED_IN, Status.CHECKED_IN, "1", False),
    ],
)
def test_suspension_ends_what_has_not_begun_and_plans_it_anew(
    before: Status, after: Status, urgency: str, due: bool, suspended: Callable[[Status], Match]
) -> None:
    match = suspended(before)

    assert (match.status, match.request.urgency) == (after, urgency)
    assert MatchingDue.objects.filter(request_id=match.request_id).exists() == due
    assert Incident.objects.filter(match=match, closed_at=None).exists() == (after == Status.CHECKED_IN)
    assert (match.frozen_at is not None) == (after == Status.CHECKED_IN)


def test_suspension_tells_the_coordinators_of_people_who_are_staying_there(cast: dict[str, Person]) -> None:
    far = people.place("Oral")
    local = people.carla("local", places=(far,))
    asked = people.request(cast["amira"].arrival, place=far)
    people.match_in(Status.CHECKED_IN, asked, people.space(cast["hanna"].host))

    hosts.suspend(cast["hanna"].host.pk, by=cast["carla"].user, at=timezone.now(), reason="a complaint")

    told = Notification.objects.filter(event="host_suspended").values_list("recipient", flat=True)
    assert set(told) == {cast["carla"].user.pk, local.user.pk}


def test_frozen_proposal_runs_out_like_any_other(cast: dict[str, Person]) -> None:
    match = people.proposed(people.request(cast["amira"].arrival), people.space(cast["hanna"].host))
    put(match, True, "vetted")
    later = (match.due_at or timezone.now()) + timedelta(minutes=1)

    assert list(queries.overdue(later)) == [match]
    transitions.expire(match.pk, at=later)

    assert Match.objects.get(pk=match.pk).status == Status.EXPIRED


def test_look_at_a_contact_waits_for_a_suspension_that_has_begun(cast: dict[str, Person]) -> None:
    """Whoever opens a contact locks the space, as the suspension does; so no look is logged after it."""
    match = people.match_in(Status.CONFIRMED, people.request(cast["amira"].arrival), people.space(cast["hanna"].host))
    put(match, False, "suspended")

    with pytest.raises(NotNow):
        disclosure.open_contact(match.pk, by=cast["amira"].user, at=timezone.now())

    assert Space.objects.get(pk=match.space_id).host.status == "suspended"
