"""After "I do not feel safe": whoever reports may leave and is planned anew, the two never meet again, and nothing tells
the other side before its neutral words. The same whatever act or door the words come by.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from itertools import product

import pgtrigger
import pytest
from django.test import Client
from django.utils import timezone

from accounts.contacts import add_contact_point, read_contact
from matching import disclosure, intake, queries, transitions
from matching.desk import by_hand, merging
from matching.limits import NEUTRAL_WORDS_AFTER
from matching.models import Incident, IncidentReport, KeptApart, Match, MatchingDue, ShelterRequest
from matching.refusals import HasLiveMatches, NoRoomLeft, NotNow, PlacedAlready, RuleForbids, one_act
from matching.states import NEEDS_REASON, Act, Role, Status
from matching.transitions import reports
from matching.worker import matchmaking
from matching.worker.placing import Keeper
from notifications import taps
from notifications.models import Notification
from tests import people
from tests.people import Person, tonight

pytestmark = pytest.mark.django_db


@pytest.fixture
def cast(amira: Person, hanna: Person, carla: Person) -> dict[str, Person]:
    return {"amira": amira, "hanna": hanna, "carla": carla}


def stay(cast: dict[str, Person], status: Status = Status.CONFIRMED, **asked: object) -> Match:
    changes = {"urgency": "1", "all_women": False} | asked
    return people.match_in(status, people.request(cast["amira"].arrival, **changes), people.space(cast["hanna"].host))


def another_space(contact: str = "other@example.org", **changes: object) -> object:
    return people.space(people.hanna(name="Olga", contact=contact).host, **changes)


def plan() -> None:
    matchmaking.match_open_requests(now=timezone.now)


def live(request: ShelterRequest) -> list[tuple[str, bool]]:
    rows = Match.objects.filter(request=request, status__in=["proposed", "approved", "confirmed", "checked_in"])
    return [(row.status, row.frozen_at is not None) for row in rows.order_by("created_at")]


# -- leaving, and being planned anew ------------------------------------------------------------------


@pytest.mark.parametrize("status", [Status.CONFIRMED, Status.CHECKED_IN])
def test_arrival_who_reports_is_planned_anew_at_once_and_elsewhere(status: Status, cast: dict[str, Person]) -> None:
    match = stay(cast, status)
    same_host = people.space(cast["hanna"].host, address="Her other flat")
    elsewhere = another_space()

    transitions.report_not_safe(match.pk, by=cast["amira"].user, at=timezone.now())
    plan()

    request = ShelterRequest.objects.get(pk=match.request_id)
    (new,) = Match.objects.filter(request=request, status="proposed")
    assert (new.space_id, request.urgency) == (elsewhere.pk, "4")
    assert live(request) == [(status, True), ("proposed", False)]
    assert not Match.objects.filter(space=same_host).exists()


def test_beds_of_a_frozen_match_stay_held(cast: dict[str, Person]) -> None:
    match = stay(cast)
    transitions.report_not_safe(match.pk, by=cast["amira"].user, at=timezone.now())
    people.request(people.amira().arrival)

    plan()

    assert [row.pk for row in Match.objects.filter(space=match.space_id)] == [match.pk]


def test_household_whose_host_reports_is_placed_by_people_only(cast: dict[str, Person]) -> None:
    match = stay(cast)
    elsewhere = another_space()

    transitions.report_not_safe(match.pk, by=cast["hanna"].user, at=timezone.now())
    plan()

    assert live(match.request) == [("confirmed", True)]
    assert queries.uncovered(ShelterRequest.objects.get(), tonight()) == [(tonight(), tonight(5))]
    by_hand.propose(match.request_id, elsewhere.pk, by=cast["carla"].user, at=timezone.now())
    assert live(match.request) == [("confirmed", True), ("proposed", False)]


@pytest.mark.parametrize("who", ["amira", "hanna"])
@pytest.mark.parametrize(
    ("status", "act", "after"),
    [
        (Status.APPROVED, "decline", Status.DECLINED),
        (Status.APPROVED, "cancel", Status.CANCELLED),
        (Status.CONFIRMED, "cancel", Status.CANCELLED),
        (Status.CHECKED_IN, "break_off", Status.BROKEN_OFF),
        (Status.CHECKED_IN, "complete", Status.COMPLETED),
    ],
)
def test_whoever_reports_may_leave(status: Status, act: str, after: Status, who: str, cast: dict[str, Person]) -> None:
    match = stay(cast, status)
    transitions.report_not_safe(match.pk, by=cast[who].user, at=timezone.now())

    reason = {"reason": "not_safe"} if act in NEEDS_REASON else {}
    getattr(transitions, act)(match.pk, by=cast[who].user, at=timezone.now(), **reason)

    assert Match.objects.get(pk=match.pk).status == after
    assert Incident.objects.filter(match=match, closed_at=None).count() == 1


@pytest.mark.parametrize(("status", "after"), [(Status.CONFIRMED, "cancelled"), (Status.CHECKED_IN, "broken_off")])
def test_arrival_who_reports_may_withdraw_and_ask_anew(status: Status, after: str, cast: dict[str, Person]) -> None:
    match = stay(cast, status)
    transitions.report_not_safe(match.pk, by=cast["amira"].user, at=timezone.now())

    transitions.withdraw_request(match.request_id, by=cast["amira"].user, at=timezone.now())
    again = people.request(cast["amira"].arrival)

    assert Match.objects.get(pk=match.pk).status == after
    assert again.withdrawn_at is None


def test_without_a_report_a_stay_keeps_its_request(cast: dict[str, Person]) -> None:
    """The negative control of withdrawing."""
    match = stay(cast, Status.CHECKED_IN)

    with pytest.raises(HasLiveMatches):
        transitions.withdraw_request(match.request_id, by=cast["amira"].user, at=timezone.now())


def test_frozen_match_goes_on_only_alone(cast: dict[str, Person]) -> None:
    match = stay(cast)
    elsewhere = another_space()
    transitions.report_not_safe(match.pk, by=cast["amira"].user, at=timezone.now())
    people.agreed_to_go_on(match)
    plan()
    assert Match.objects.filter(space=elsewhere.pk).exists()

    with pytest.raises(PlacedAlready):
        transitions.unfreeze(match.pk, by=cast["carla"].user, at=timezone.now())
    with pytest.raises(PlacedAlready), one_act():
        Match.objects.filter(pk=match.pk).update(frozen_at=None, quiet_for="", quiet_until=None)

    # The negative control: without the trigger the household is in two places.
    with pgtrigger.ignore("matching.Match:match_goes_on_alone"):
        transitions.unfreeze(match.pk, by=cast["carla"].user, at=timezone.now())
    assert live(match.request) == [("confirmed", False), ("proposed", False)]


def test_frozen_match_goes_on_when_two_agree_and_the_household_has_no_other(cast: dict[str, Person]) -> None:
    match = stay(cast)
    transitions.report_not_safe(match.pk, by=cast["amira"].user, at=timezone.now())
    people.agreed_to_go_on(match)

    transitions.unfreeze(match.pk, by=cast["carla"].user, at=timezone.now())

    assert live(match.request) == [("confirmed", False)]


# -- the two never meet again -------------------------------------------------------------------------


def _new_request(cast: dict[str, Person], match: Match) -> tuple[ShelterRequest, object]:
    return people.request(cast["amira"].arrival), match.space


def _new_space(cast: dict[str, Person], match: Match) -> tuple[ShelterRequest, object]:
    return people.request(cast["amira"].arrival), people.space(cast["hanna"].host, address="Another flat")


def _new_case_with_the_same_phone(cast: dict[str, Person], match: Match) -> tuple[ShelterRequest, object]:
    add_contact_point(cast["amira"].user, *read_contact("+77010000001"), preferred=True)
    return people.request(people.amira(contact="+77010000001").arrival), match.space


def _hosts_merged(cast: dict[str, Person], match: Match) -> tuple[ShelterRequest, object]:
    other = people.hanna(contact="hanna-too@example.org")
    space = people.space(other.host)
    merging.merge("hosts", str(cast["hanna"].host.pk), str(other.host.pk), by=cast["carla"].user, at=timezone.now())
    return people.request(cast["amira"].arrival), space


def _arrivals_merged(cast: dict[str, Person], match: Match) -> tuple[ShelterRequest, object]:
    transitions.cancel(match.pk, by=cast["amira"].user, at=timezone.now(), reason="other")
    staying = people.request(people.amira().arrival)
    merging.merge("requests", str(match.request_id), str(staying.pk), by=cast["carla"].user, at=timezone.now())
    return staying, people.space(cast["hanna"].host)


LATER = {
    "a new request": _new_request,
    "a new space": _new_space,
    "a new case": _new_case_with_the_same_phone,
    "hosts merged": _hosts_merged,
    "arrivals merged": _arrivals_merged,
}


@pytest.mark.parametrize("who", ["amira", "hanna"])
@pytest.mark.parametrize("later", LATER)
def test_two_persons_kept_apart_are_not_matched_by_worker_hand_or_database(
    later: str, who: str, cast: dict[str, Person]
) -> None:
    match = stay(cast)
    transitions.report_not_safe(match.pk, by=cast[who].user, at=timezone.now())
    asked, space = LATER[later](cast, match)
    if Match.objects.get(pk=match.pk).holds_beds:  # The beds are free, so that they are not the reason.
        transitions.cancel(match.pk, by=cast["amira"].user, at=timezone.now(), reason="other")

    plan()
    with pytest.raises(RuleForbids):
        by_hand.propose(asked.pk, space.pk, by=cast["carla"].user, at=timezone.now())
    with pytest.raises(NoRoomLeft):
        people.proposed(asked, space)

    assert not Match.objects.filter(request=asked, space__host=space.host_id).exclude(pk=match.pk).exists()
    # The negative control: without the rows they would meet.
    KeptApart.objects.all().delete()
    assert people.proposed(asked, space).status == "proposed"


def test_market_in_memory_learns_of_a_new_space_of_a_host_kept_apart(cast: dict[str, Person]) -> None:
    match = stay(cast)
    transitions.report_not_safe(match.pk, by=cast["amira"].user, at=timezone.now())
    keeper = Keeper()
    matchmaking.match_open_requests(now=timezone.now, keeper=keeper)
    new = people.space(cast["hanna"].host, address="Another flat")

    matchmaking.match_open_requests(now=timezone.now, keeper=keeper)

    assert not Match.objects.filter(space=new).exists()
    need = keeper.board(at=timezone.now())._state.waiting[str(match.request_id)]
    assert str(new.pk) in need.apart


# -- the other side -----------------------------------------------------------------------------------

SIDES = {"amira": ("case", Role.HOST, "hanna"), "hanna": ("host", Role.ARRIVAL, "amira")}


def seen_by(person: Person, side: str, match: Match) -> tuple[str, ...]:
    """Return everything that a side can look at: its page, the API's match, requests and history, and the calendar."""
    client = Client()
    client.force_login(person.user)
    paths = (
        f"/{side}/",
        f"/{side}/match/{match.pk}/contact/",
        f"/{side}/match/{match.pk}/check_in/",
        f"/api/v1/matches/{match.pk}/",
        "/api/v1/requests/",
        f"/api/v1/matches/{match.pk}/history/",
    )
    pages = []
    for path in paths:
        answer = client.get(path)
        text = answer.content.decode()
        pages.append(f"{answer.status_code} {answer.headers.get('ETag')} {_without_tokens(text)}")
    return tuple(pages)


def _without_tokens(text: str) -> str:
    return re.sub(r'name="csrfmiddlewaretoken" value="[^"]*"', "", text)


@pytest.mark.parametrize("status", [Status.APPROVED, Status.CONFIRMED, Status.CHECKED_IN])
@pytest.mark.parametrize("other", SIDES)
def test_other_side_sees_nothing_of_a_report_at_its_moment(other: str, status: Status, cast: dict[str, Person]) -> None:
    side, _role, reporter = SIDES[other]
    match = stay(cast, status)
    before = seen_by(cast[other], side, match)

    transitions.report_not_safe(match.pk, by=cast[reporter].user, at=timezone.now())

    assert seen_by(cast[other], side, match) == before
    # The negative control: once the neutral words are out, the page says that all is paused.
    transitions.say_neutral_words(at=timezone.now() + timedelta(minutes=NEUTRAL_WORDS_AFTER[1] + 1))
    assert "This is paused for now." in seen_by(cast[other], side, match)[0]


@pytest.mark.parametrize("other", SIDES)
def test_contact_closes_on_both_sides_and_reads_like_one_opened_too_often(other: str, cast: dict[str, Person]) -> None:
    _side, _role, reporter = SIDES[other]
    match, often = stay(cast), stay({**cast, "amira": people.amira(), "hanna": people.hanna(contact="o@example.org")})
    transitions.report_not_safe(match.pk, by=cast[reporter].user, at=timezone.now())

    said = []
    for who in (other, reporter):
        with pytest.raises(NotNow) as refused:
            disclosure.open_contact(match.pk, by=cast[who].user, at=timezone.now())
        said.append((refused.value.code, str(refused.value)))
    host = often.space.host.user
    for _look in range(disclosure.LOOKS_AN_HOUR):
        disclosure.open_contact(often.pk, by=host, at=timezone.now())
    with pytest.raises(NotNow) as refused:
        disclosure.open_contact(often.pk, by=host, at=timezone.now())
    said.append((refused.value.code, str(refused.value)))

    assert len(set(said)) == 1


@pytest.mark.parametrize("other", SIDES)
def test_other_side_reads_neutral_words_later_and_once(other: str, cast: dict[str, Person]) -> None:
    _side, _role, reporter = SIDES[other]
    match, now = stay(cast), timezone.now()
    transitions.report_not_safe(match.pk, by=cast[reporter].user, at=now)
    least, most = NEUTRAL_WORDS_AFTER

    told = []
    for minutes in (0, least - 1, most + 1, most + 2):
        transitions.say_neutral_words(at=now + timedelta(minutes=minutes))
        told.append(Notification.objects.filter(event="match_frozen", recipient=cast[other].user).count())

    assert told == [0, 0, 1, 1]
    assert not Notification.objects.filter(event="match_frozen", recipient=cast[reporter].user).exists()


def test_moment_of_the_neutral_words_is_drawn_by_lot(cast: dict[str, Person]) -> None:
    moments = {reports._quiet_time() for _draw in range(50)}

    least, most = (timedelta(minutes=minutes) for minutes in NEUTRAL_WORDS_AFTER)
    assert len(moments) > 25
    assert all(least <= moment <= most for moment in moments)


def test_host_who_taps_a_forward_act_meanwhile_reads_a_passing_refusal(cast: dict[str, Person]) -> None:
    match = stay(cast)
    transitions.report_not_safe(match.pk, by=cast["amira"].user, at=timezone.now())

    with pytest.raises(NotNow):
        transitions.check_in(match.pk, by=cast["hanna"].user, at=timezone.now())


def test_minor_alone_who_reports_is_the_desk_s_and_reads_a_helpline(cast: dict[str, Person], settings: object) -> None:
    settings.MINORS_HELPLINE = "150"  # type: ignore[attr-defined]
    match = stay(cast, people=1, children=1, children_ages=(16,))
    another_space()
    transitions.report_not_safe(match.pk, by=cast["amira"].user, at=timezone.now())
    plan()

    client = Client()
    client.force_login(cast["amira"].user)
    page = client.get("/case/").content.decode()

    assert live(match.request) == [("confirmed", True)]
    assert Incident.objects.filter(match=match).count() == 1
    assert "A coordinator looks for another place for you personally." in page
    assert "Children and young people can also call 150." in page


# -- the same by every act and every door -------------------------------------------------------------

LEAVES = (
    (Status.APPROVED, "decline"),
    (Status.APPROVED, "cancel"),
    (Status.CONFIRMED, "cancel"),
    (Status.CHECKED_IN, "break_off"),
    (Status.CONFIRMED, "button"),
    (Status.CHECKED_IN, "button"),
)


def by_act(person: Person, match: Match, act: str, told_by: str) -> None:
    said = {"told_by": Role(told_by)} if told_by else {}
    if act == "button":
        transitions.report_not_safe(match.pk, by=person.user, at=timezone.now(), **said)
    else:
        getattr(transitions, act)(match.pk, by=person.user, at=timezone.now(), reason="not_safe", **said)


def by_page(person: Person, match: Match, act: str, told_by: str) -> None:
    if told_by:
        name, client = {"button": "freeze"}.get(act, act), people.desk_client(person)
        said = {"reason": "not_safe", "told_by": told_by}
        client.post(f"/admin/matching/match/{match.pk}/act/{name}/", said)
        return
    client = Client()
    client.force_login(person.user)
    side = "host" if match.space.host.user_id == person.user.pk else "case"
    client.post(f"/{side}/match/{match.pk}/{ {'button': 'not_safe'}.get(act, act) }/", {"reason": "not_safe"})


def by_api(person: Person, match: Match, act: str, told_by: str) -> None:
    client = people.desk_client(person) if person.user.is_staff else Client()
    if not person.user.is_staff:
        client.force_login(person.user)
    said = {"told_by": told_by} if told_by else {}
    reason = {} if act == "button" else {"reason": "not_safe"}
    path = {"button": "not-safe"}.get(act, act.replace("_", "-"))
    client.post(f"/api/v1/matches/{match.pk}/{path}/", said | reason, content_type="application/json")


def by_link(person: Person, match: Match, act: str, told_by: str) -> None:
    note = Notification.objects.get(recipient=person.user, event__in=["host_asked", "arrival_asked"])
    Client().post(f"/t/{taps.token_of(note)}/{act}/", {"reason": "not_safe"})


DOORS: dict[str, Callable[[Person, Match, str, str], None]] = {
    "act": by_act,
    "page": by_page,
    "api": by_api,
    "link": by_link,
}
WAYS = [
    (door, status, act, who, told_by)
    for door, (status, act), (who, told_by) in product(
        DOORS, LEAVES, [("amira", ""), ("hanna", ""), ("carla", "arrival"), ("carla", "host")]
    )
    if door != "link" or (act == "decline" and not told_by)
]


@pytest.mark.parametrize(("door", "status", "act", "who", "told_by"), WAYS)
def test_not_safe_does_the_same_by_every_act_and_door(
    door: str, status: Status, act: str, who: str, told_by: str, cast: dict[str, Person]
) -> None:
    match = stay(cast, status)
    MatchingDue.objects.all().delete()
    role = told_by or {"amira": "arrival", "hanna": "host"}[who]

    DOORS[door](cast[who], match, act, told_by)

    match = Match.objects.select_related("request").get(pk=match.pk)
    records = queries.records_of({match.space.host_id}, tonight())
    freeze = match.events.get(act=Act.FREEZE)
    assert {
        "frozen": match.frozen_at is not None,
        "history": (freeze.reason, freeze.role, freeze.told_by),
        "reports": list(IncidentReport.objects.filter(incident__match=match).values_list("role", flat=True)),
        "complaint": records[match.space.host_id].complaint,
        "apart": list(KeptApart.objects.values_list("arrival", "host")),
        "desk": match.request.desk_since is not None,
        "urgency": match.request.urgency,
        "planned": MatchingDue.objects.filter(request_id=match.request_id).exists(),
        "ended": not match.holds_beds,
    } == {
        "frozen": True,
        "history": ("not_safe", "coordinator" if told_by else role, told_by),
        "reports": [role],
        "complaint": role == "arrival",
        "apart": [(match.request.arrival_id, match.space.host_id)],
        "desk": role == "host",
        "urgency": "4" if role == "arrival" else ("1.5" if act == "break_off" else "1"),
        "planned": True,
        "ended": act != "button",
    }


@pytest.mark.parametrize(("status", "act"), [(status, act) for status, act in LEAVES if act != "button"])
def test_another_reason_opens_no_incident(status: Status, act: str, cast: dict[str, Person]) -> None:
    """The negative control of the reasons."""
    match = stay(cast, status)

    getattr(transitions, act)(match.pk, by=cast["amira"].user, at=timezone.now(), reason="not_suitable")

    assert (Match.objects.get(pk=match.pk).frozen_at, Incident.objects.count(), KeptApart.objects.count()) == (
        None,
        0,
        0,
    )


def test_a_side_cannot_report_in_the_other_s_name(cast: dict[str, Person]) -> None:
    match = stay(cast)

    by_api(cast["hanna"], match, "button", "arrival")

    assert list(IncidentReport.objects.values_list("role", flat=True)) == ["host"]
    assert not queries.records_of({match.space.host_id}, tonight())[match.space.host_id].complaint


def test_matches_of_the_two_that_were_to_come_are_frozen_too(cast: dict[str, Person]) -> None:
    match = stay(cast)
    later = people.request(cast["amira"].arrival, first_night=tonight(10), nights=2)
    to_come = people.match_in(Status.CONFIRMED, later, people.space(cast["hanna"].host))
    proposal = people.proposed(
        people.request(cast["amira"].arrival, first_night=tonight(15), nights=2), people.space(cast["hanna"].host)
    )

    transitions.report_not_safe(match.pk, by=cast["amira"].user, at=timezone.now())

    to_come.refresh_from_db()
    proposal.refresh_from_db()
    assert (to_come.frozen_at is not None, proposal.status) == (True, "expired")


def test_needs_can_be_changed_after_a_report(cast: dict[str, Person]) -> None:
    match = stay(cast)
    details = intake.details_of_request(match.request)
    with pytest.raises(HasLiveMatches):
        intake.change_request(match.request_id, details, by=cast["amira"].user, at=timezone.now())

    transitions.report_not_safe(match.pk, by=cast["amira"].user, at=timezone.now())

    changed = intake.change_request(match.request_id, details, by=cast["amira"].user, at=timezone.now())
    assert changed.pk == match.request_id


def test_desk_sees_the_other_people_with_a_host_after_a_report(cast: dict[str, Person]) -> None:
    match = stay(cast)
    other = stay({**cast, "amira": people.amira()}, Status.CHECKED_IN)
    proposed = people.proposed(people.request(people.amira().arrival), people.space(cast["hanna"].host))
    elsewhere = stay({**cast, "amira": people.amira(), "hanna": people.hanna(contact="o@example.org")})
    client, words = people.desk_client(cast["carla"]), "Other people with this host, now or soon"
    address = f"/admin/matching/match/{match.pk}/change/"
    before = client.get(address).content.decode()

    transitions.report_not_safe(match.pk, by=cast["amira"].user, at=timezone.now())

    after = client.get(address).content.decode()
    listed = after.split(words)[1].split("</ul>")[0]
    assert words not in before
    assert [str(row.pk) in listed for row in (other, proposed, elsewhere)] == [True, False, False]
