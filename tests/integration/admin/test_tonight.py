"""Tonight, the unplaced and matching by hand, over HTTP, and the figures behind them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Host, User
from matching import intake, rota, transitions
from matching.admin import drawing
from matching.admin.words import KIND_WORDS
from matching.desk import claims, decisions, tonight, unplaced
from matching.desk.rows_to_values import as_need
from matching.desk.tonight import NightCount
from matching.engine.advice import KINDS
from matching.engine.reasons import Obstacles, Reason, why_left_over
from matching.models import (
    Heartbeat,
    Match,
    MatchingDue,
    MatchingPrice,
    MatchingRound,
    OnCallShift,
    ShelterRequest,
    Space,
)
from matching.reason_words import words_of
from matching.states import Status
from notifications.models import Delivery
from places.gazetteer import all_places
from places.models import Place
from tests import people
from tests.people import Person, desk_client
from tests.people import tonight as night

pytestmark = pytest.mark.django_db

HOME = "/admin/"
UNPLACED = "/admin/matching/match/unplaced/"
BY_HAND = "/admin/matching/match/by-hand"

SignIn = Callable[[Person], Client]


def english(client: Client) -> Client:
    client.defaults["HTTP_ACCEPT_LANGUAGE"] = "en"
    return client


# -- people without a place to sleep ----------------------------------------------------------------


def test_sleeping_counts_people_by_how_far_their_match_is(carla: Person, hanna: Person) -> None:
    for status in (Status.PROPOSED, Status.APPROVED, Status.CONFIRMED, Status.CHECKED_IN, Status.DECLINED):
        people.match_in(status, people.request(people.amira().arrival, people=2), people.space(hanna.host))
    people.request(people.amira().arrival, people=1)
    people.request(people.amira().arrival, people=3, first_night=night(1))
    gone = people.amira()
    transitions.withdraw_request(people.request(gone.arrival).pk, by=gone.user, at=timezone.now())
    people.request(people.amira().arrival, people=4, place=people.place("Oral"))

    here, there = tonight.sleeping(carla.user, night())[::-1]
    tomorrow = tonight.sleeping(carla.user, night(1))[0]

    assert here == NightCount(people.place(), asked=11, proposed=2, approved=2, agreed=4)
    assert (here.nowhere, there.nowhere, tomorrow.nowhere) == (3, 4, 6)


def test_part_of_a_household_counts_as_part(carla: Person, hanna: Person) -> None:
    asked = people.request(people.amira().arrival, people=4)
    offered = people.space(hanna.host)
    proposal = transitions.Proposal(asked, offered, night(), night(5), people=3)
    transitions.propose(proposal, by=None, at=timezone.now())

    (row,) = tonight.sleeping(carla.user, night())

    assert (row.proposed, row.nowhere) == (3, 1)


def test_coordinator_of_another_place_sees_none_of_the_figures(amira: Person, hanna: Person) -> None:
    people.match_in(Status.CONFIRMED, people.request(amira.arrival), people.space(hanna.host))
    people.match_in(Status.NO_SHOW, people.request(people.amira().arrival), people.space(hanna.host))
    people.request(people.amira().arrival, people=1, children=1)
    people.place("Oral")
    elsewhere, now = people.carla("elsewhere", places=(people.place("Oral"),)), timezone.now()

    todo = tonight.todo(elsewhere.user, now)

    assert tonight.sleeping(elsewhere.user, night()) == []
    assert (todo.proposals, todo.answers_overdue, todo.no_shows, todo.stale_spaces, todo.alone) == (0,) * 5
    assert {(day.asked, day.placed, day.hours) for day in tonight.days_behind(elsewhere.user, now)} == {(0, 0, None)}
    assert {(each.beds, each.held) for each in tonight.nights_ahead(elsewhere.user, now)} == {(0, 0)}
    for words in ('class="dq-need"', ">Almaty</a>"):
        shown = [words in desk_client(person).get(HOME).content.decode() for person in (people.carla(), elsewhere)]
        assert shown == [True, False]


# -- open tasks -------------------------------------------------------------------------------------


def test_todo_counts_the_open_tasks(carla: Person, hanna: Person) -> None:
    now = timezone.now()

    def match(status: Status, **changes: Any) -> Match:
        return people.match_in(status, people.request(people.amira().arrival, **changes), people.space(hanna.host))

    match(Status.PROPOSED)
    overdue = match(Status.PROPOSED, first_night=night(3))
    Match.objects.filter(pk=overdue.pk).update(due_at=now + timedelta(minutes=20))
    silent = match(Status.APPROVED)
    Match.objects.filter(pk=silent.pk).update(due_at=now - timedelta(minutes=1))
    match(Status.NO_SHOW)
    unsafe = match(Status.CONFIRMED)
    transitions.report_not_safe(unsafe.pk, by=hanna.user, at=now)
    Space.objects.filter(pk=people.space(hanna.host).pk).update(fresh_until=now)
    people.hanna(contact="new@example.org", vetted=False)
    people.request(people.amira().arrival, people=1, children=1)
    Delivery.objects.filter(notification__recipient=hanna.user).update(status="failed", error_class="permanent")
    undelivered = Delivery.objects.filter(status="failed").count()
    claims.hand_over(silent.request_id, carla.user, by=people.carla("clara").user, at=now)
    claims.take(overdue.request_id, by=carla.user, at=now)

    assert tonight.todo(carla.user, now) == tonight.Todo(
        proposals=2,
        proposals_tonight=1,
        proposals_overdue=1,
        answers_overdue=1,
        frozen=1,
        no_shows=1,
        stale_spaces=1,
        unvetted_hosts=Host.objects.filter(status="unvetted").count(),
        undelivered=undelivered,
        alone=2,
        handed_over=1,
    )
    assert undelivered > 0


# -- the health of the service ----------------------------------------------------------------------


@pytest.fixture
def alive(db: None) -> datetime:
    now = timezone.now()
    MatchingRound.objects.create(started_at=now, finished_at=now, needs=0, offers=0, proposals=0, left_over=0)
    Heartbeat.objects.create(name="carry_out_decisions", at=now)
    people.on_call(people.carla())
    return now


def faults(at: datetime) -> list[str]:
    return [fault.what for fault in tonight.faults(at)]


def test_all_is_well_while_rounds_and_sweeps_come(alive: datetime) -> None:
    assert faults(alive + timedelta(minutes=4)) == []


def test_service_on_which_no_job_ever_ran_is_seen(db: None) -> None:
    people.on_call(people.carla())

    assert tonight.faults(timezone.now()) == [tonight.Fault("worker", None), tonight.Fault("sweep", None)]


def test_dead_worker_and_dead_sweep_are_seen(alive: datetime) -> None:
    assert faults(alive + timedelta(minutes=6)) == ["sweep"]
    assert tonight.faults(alive + timedelta(minutes=16)) == [
        tonight.Fault("worker", alive),
        tonight.Fault("sweep", alive),
    ]
    decisions.carry_out_due(at=alive + timedelta(minutes=16))
    assert faults(alive + timedelta(minutes=16)) == ["worker"]


def test_hour_without_anybody_on_call_is_seen(alive: datetime) -> None:
    rota.end_shift(OnCallShift.objects.get().pk, by=people.lena().user, at=alive)

    assert tonight.faults(alive) == [tonight.Fault("rota", alive)]


def test_round_that_is_due_and_does_not_come_is_seen(alive: datetime) -> None:
    MatchingDue.objects.create(at=alive)
    Heartbeat.objects.update(at=alive + timedelta(minutes=6))

    assert faults(alive + timedelta(minutes=4)) == []
    assert faults(alive + timedelta(minutes=6)) == ["worker"]


def test_messages_that_are_not_sent_are_seen(alive: datetime, hanna: Person) -> None:
    people.match_in(Status.APPROVED, people.request(people.amira().arrival), people.space(hanna.host))
    MatchingDue.objects.all().delete()
    Heartbeat.objects.update(at=alive + timedelta(minutes=6))

    assert faults(timezone.now() + timedelta(minutes=6)) == ["messages"]
    Delivery.objects.update(attempts=1, next_attempt_at=alive)
    assert faults(timezone.now() + timedelta(minutes=6)) == []


def test_red_bar_is_on_the_page_only_while_something_is_wrong(
    carla: Person, alive: datetime, signed_in: SignIn
) -> None:
    client = english(signed_in(carla))

    assert "No round of matching" not in client.get(HOME).content.decode()
    MatchingRound.objects.all().delete()
    text = client.get(HOME).content.decode()
    assert "No round of matching" in text
    assert 'role="alert"' in text


# -- charts, the map ------------------------------------------------------------------------------


def test_days_behind_count_asked_placed_and_hours(carla: Person, hanna: Person) -> None:
    now = timezone.now()
    asked = people.request(people.amira().arrival, people=2)
    people.request(people.amira().arrival, people=3)
    ShelterRequest.objects.filter(pk=asked.pk).update(registered_at=now - timedelta(hours=30))
    people.match_in(Status.CONFIRMED, ShelterRequest.objects.get(pk=asked.pk), people.space(hanna.host))

    days = tonight.days_behind(carla.user, now)

    assert (len(days), days[-1].day) == (tonight.DAYS_BACK, night())
    assert (days[-1].asked, days[-1].placed) == (3, 2)
    assert round(days[-1].hours or 0) == 30
    assert sum(day.asked for day in days) == 5


def test_nights_ahead_count_beds_and_who_holds_them(carla: Person, hanna: Person) -> None:
    offered = people.space(hanna.host, beds=4, windows=((night(), night(3)),))
    people.space(people.hanna(contact="new@example.org", vetted=False).host, beds=9)
    people.proposed(people.request(people.amira().arrival, nights=2), offered)

    ahead = tonight.nights_ahead(carla.user, timezone.now())

    assert [(each.beds, each.held) for each in ahead[:4]] == [(4, 2), (4, 2), (4, 0), (0, 0)]
    assert (ahead[0].share, ahead[3].share, len(ahead)) == (0.5, 0.0, tonight.NIGHTS_AHEAD)


def priced(*rows: tuple[Place, int, str, float]) -> None:
    """Keep prices (place, nights from tonight, kind of space, price), as a round of matching does."""
    now = timezone.now()
    done = MatchingRound.objects.create(started_at=now, finished_at=now, needs=0, offers=0, proposals=0, left_over=0)
    MatchingPrice.objects.bulk_create(
        [
            MatchingPrice(round=done, place=at, night=night(days), kind=kind, price=price)
            for at, days, kind, price in rows
        ]
    )


def test_beds_wanted_come_from_the_prices_of_the_last_round(carla: Person, signed_in: SignIn) -> None:
    almaty, oral = people.place(), people.place("Oral")
    assert tonight.beds_wanted(carla.user, timezone.now()) == []

    priced(
        (almaty, 0, "double", 2.0),
        (almaty, 1, "double", 1.0),
        (oral, 0, "women", 4.0),
        (oral, 0, "double", 0.0),
        (oral, -1, "family", 50.0),
        (oral, 7, "family", 50.0),
    )

    assert tonight.beds_wanted(carla.user, timezone.now()) == [
        tonight.Wanted(oral, 4.0, 1, "women"),
        tonight.Wanted(almaty, 3.0, 2, "double"),
    ]
    elsewhere = people.carla("elsewhere", places=(oral,))
    assert [each.place for each in tonight.beds_wanted(elsewhere.user, timezone.now())] == [oral]
    page = signed_in(carla).get(HOME)
    assert page.content.decode().count('class="dq-want"') == 2
    assert [words for words in ("for women only", "two beds") if words not in page.content.decode()] == []


def test_every_kind_of_space_a_price_may_have_has_words() -> None:
    assert set(KIND_WORDS) == {kind.name for kind in KINDS}


@pytest.mark.parametrize(("value", "top"), [(0, 4), (4, 4), (5, 8), (9, 20), (21, 40), (81, 200), (1234, 2000)])
def test_chart_ends_at_a_round_number(value: float, top: float) -> None:
    assert drawing.round_up(value) == top


def test_bars_are_as_high_as_their_values() -> None:
    chart = drawing.bars([("a", 0, "a 0"), ("b", 2, "b 2"), ("c", 4, "c 4")])

    room = chart.ground - drawing.ABOVE
    assert [bar.height for bar in chart.bars] == [0, room / 2, room]
    assert {round(bar.y + bar.height, 1) for bar in chart.bars} == {chart.ground}


def test_map_keeps_everything_inside_and_names_apart() -> None:
    towns = [place for place in all_places() if place.country == "KZ"]
    mark = drawing.Mark(43.25, 76.92, 5, "5", "Almaty: 5")

    drawn = drawing.country(towns, needs=[mark], wants=[mark])

    dots = [*drawn.towns, *drawn.names, *drawn.needs, *drawn.wants]
    assert [dot for dot in dots if not (0 <= dot.x <= drawn.width and 0 <= dot.y <= drawn.height)] == []
    assert {"Almaty", "Astana"} <= {dot.label for dot in drawn.names}
    aktau, almaty = (next(t for t in towns if t.name == name) for name in ("Aktau", "Almaty"))
    west, east = drawing.country([aktau, almaty], needs=[], wants=[]).towns
    assert west.x < east.x


# -- the page -------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [1, 3])
def test_tonight_needs_the_same_queries_for_one_and_three(
    carla: Person, hanna: Person, signed_in: SignIn, count: int
) -> None:
    for number in range(count):
        people.on_call(people.carla(f"carla-{number}", places=(people.place(),)))
        people.match_in(Status.CONFIRMED, people.request(people.amira().arrival), people.space(hanna.host))
        people.proposed(people.request(people.amira().arrival), people.space(hanna.host))
        unsafe = people.match_in(Status.CONFIRMED, people.request(people.amira().arrival), people.space(hanna.host))
        transitions.report_not_safe(unsafe.pk, by=people.lena().user, at=timezone.now())
    client = signed_in(carla)

    with CaptureQueriesContext(connection) as asked:
        assert client.get(HOME).status_code == 200

    # Six read who is on call, how they are reached and where they are needed; two read the incidents.
    assert len(asked) == 37


def test_auditor_sees_tonight_and_the_owner_the_stock_page(adil: Person, signed_in: SignIn) -> None:
    owner = Person(User.objects.create_superuser("owner", people.PASSWORD))

    pages = [signed_in(adil).get(HOME), desk_client(owner).get(HOME)]

    assert ["admin/matching/tonight.html" in [t.name for t in page.templates] for page in pages] == [True, False]
    assert [page.status_code for page in pages] == [200, 200]


# -- the unplaced ---------------------------------------------------------------------------------


def advised(asked: ShelterRequest, **found: Any) -> tuple[Reason, ...]:
    """Write the engine's reasons why this request is left over."""
    need = as_need(asked, (asked.first_night, asked.last_day), declined=(), apart=(), at=timezone.now())
    nothing = {"within": 1, "refused": (0,) * 10, "suitable": 1, "possible": 0, "wider": (0,) * 3, "shorter": (0, 0)}
    reasons = why_left_over(need, Obstacles(**nothing | found))
    intake.note_unplaced({str(asked.pk): reasons})
    return reasons


def key_of(change: Reason) -> str:
    """Return the value that the page's form sends for a change."""
    (found,) = unplaced.changes_in([change.as_json()])
    return found.key


def test_unplaced_says_why_and_what_would_help(carla: Person, amira: Person, signed_in: SignIn) -> None:
    asked = people.request(amira.arrival, radius_km=20)
    obstacle, change = advised(asked, wider=(0, 3, 3))

    page = signed_in(carla).get(UNPLACED)

    (row,) = page.context["rows"]
    assert (row.request, row.obstacles, [each.reason for each in row.changes]) == (asked, [obstacle], [change])
    shown = (words_of(obstacle), words_of(change), "by-hand/request")
    assert [words for words in shown if words not in page.content.decode()] == []
    assert "Amira" not in page.content.decode()


@pytest.mark.parametrize(
    ("language", "shown"),
    [
        ("ru", ("с питомцами нельзя: 2", "свободное жильё в пределах 40 км: 3")),
        ("kk", ("үй жануарымен болмайды: 2", "40 км ішіндегі бос баспана: 3")),
        ("uk", ("з тваринами не можна: 2", "вільне житло в межах 40 км: 3")),
        ("ka", ("ცხოველით არ შეიძლება: 2", "თავისუფალი ადგილი 40 კმ-ის ფარგლებში: 3")),
    ],
)
def test_unplaced_says_why_in_the_language_of_the_page(
    carla: Person, amira: Person, signed_in: SignIn, language: str, shown: tuple[str, ...]
) -> None:
    asked = people.request(amira.arrival, radius_km=20, pets=True)
    advised(asked, suitable=0, refused=(0, 0, 0, 0, 0, 2, 0, 0, 0, 0), wider=(0, 3, 3))
    client = signed_in(carla)
    client.defaults["HTTP_ACCEPT_LANGUAGE"] = language

    page = client.get(UNPLACED, {"kind": "farther"}).content.decode()

    assert [words for words in shown if words not in page] == []
    assert "free within" not in page


@pytest.mark.parametrize(
    ("found", "column", "value"),
    [
        ({"wider": (0, 3, 3)}, "radius_km", 40.0),
        ({"shorter": (2, 6)}, "min_nights", 2),
        ({"shifted": (0, 0, 4, 0, 0, 0)}, "first_night", night(2)),
        ({"move": True}, "may_move", True),
        ({"split": True}, "may_split", True),
    ],
)
def test_change_the_household_agrees_to_is_made_in_one_click(
    carla: Person, amira: Person, signed_in: SignIn, found: dict[str, Any], column: str, value: object
) -> None:
    asked = people.request(amira.arrival, radius_km=20, min_nights=5)
    before = {field.name: getattr(asked, field.name) for field in ShelterRequest._meta.fields}
    *_obstacles, change = advised(asked, **found)

    signed_in(carla).post(f"{UNPLACED}{asked.pk}/agreed/", {"change": key_of(change)})

    after = ShelterRequest.objects.get(pk=asked.pk)
    changed = {name for name in before if getattr(after, name) != before[name]} - {"left_over_reasons", "version"}
    assert (changed, getattr(after, column), after.notes) == ({column}, value, "We can climb stairs.")


@pytest.mark.parametrize("change", ["", "farther:9000.0", "none_free:20.0", "farther"])
def test_change_that_nobody_advises_is_refused(carla: Person, amira: Person, signed_in: SignIn, change: str) -> None:
    asked = people.request(amira.arrival, radius_km=20)
    advised(asked, wider=(0, 3, 3))

    page = english(signed_in(carla)).post(f"{UNPLACED}{asked.pk}/agreed/", {"change": change}, follow=True)

    assert "Somebody changed this in the meantime" in page.content.decode()
    assert ShelterRequest.objects.get(pk=asked.pk).radius_km == 20


@pytest.mark.parametrize("count", [1, 3])
def test_unplaced_needs_the_same_queries_for_one_and_three(carla: Person, signed_in: SignIn, count: int) -> None:
    for _number in range(count):
        people.request(people.amira().arrival)
    client = signed_in(carla)

    with CaptureQueriesContext(connection) as asked:
        assert len(client.get(UNPLACED, {"kind": "not_yet"}).context["rows"]) == count

    assert len(asked) == 10


def test_unplaced_of_another_place_is_not_shown_nor_changed(amira: Person, signed_in: SignIn) -> None:
    asked = people.request(amira.arrival)
    *_obstacles, change = advised(asked, move=True)
    elsewhere = signed_in(people.carla("elsewhere", places=(people.place("Oral"),)))

    assert elsewhere.get(UNPLACED).context["rows"] == []
    assert elsewhere.post(f"{UNPLACED}{asked.pk}/agreed/", {"change": key_of(change)}).status_code == 404


# -- by hand --------------------------------------------------------------------------------------


def test_by_hand_page_of_a_request_proposes_the_advised_space_in_one_click(
    carla: Person, amira: Person, hanna: Person, signed_in: SignIn
) -> None:
    asked = people.request(amira.arrival, pets=True)
    best, roomy = people.space(hanna.host, pets=True, beds=2), people.space(hanna.host, pets=True, beds=6)
    people.space(hanna.host)
    client = english(signed_in(carla))

    page = client.get(f"{BY_HAND}/request/{asked.pk}/")
    assert [option.space for option in page.context["possible"]] == [best, roomy]
    assert "no pets allowed" in page.content.decode()
    refused = client.post(f"{BY_HAND}/propose/", {"request": asked.pk, "space": roomy.pk}, follow=True)
    assert "Another choice is advised here" in refused.content.decode()
    client.post(f"{BY_HAND}/propose/", {"request": asked.pk, "space": best.pk})

    assert list(Match.objects.values_list("space", "status")) == [(best.pk, "proposed")]


def test_by_hand_page_of_a_space_lists_requests(carla: Person, hanna: Person, signed_in: SignIn) -> None:
    offered = people.space(hanna.host, beds=2)
    fits, many = people.request(people.amira().arrival), people.request(people.amira().arrival, people=5)
    client = english(signed_in(carla))

    page = client.get(f"{BY_HAND}/space/{offered.pk}/")
    assert [option.request for option in page.context["possible"]] == [fits]
    assert [each.request for each in page.context["choice"].impossible] == [many]
    client.post(f"{BY_HAND}/propose/", {"request": fits.pk, "space": offered.pk, "instead_of": "requests"})

    assert Match.objects.get().request == fits


def test_by_hand_is_not_for_other_places(amira: Person, hanna: Person, signed_in: SignIn) -> None:
    asked, offered = people.request(amira.arrival), people.space(hanna.host)
    elsewhere = signed_in(people.carla("elsewhere", places=(people.place("Oral"),)))
    body = {"request": asked.pk, "space": offered.pk}

    answers = [
        elsewhere.get(f"{BY_HAND}/request/{asked.pk}/").status_code,
        elsewhere.get(f"{BY_HAND}/space/{offered.pk}/").status_code,
        elsewhere.post(f"{BY_HAND}/propose/", body).status_code,
        elsewhere.post(f"{BY_HAND}/propose/", body | {"instead_of": "requests"}).status_code,
        elsewhere.post(f"{BY_HAND}/propose/", {"request": "x"}).status_code,
    ]

    assert (answers, Match.objects.count()) == ([404] * 5, 0)
