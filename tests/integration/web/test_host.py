"""Hanna answers for her spaces, and decides about each household."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from matching import intake, transitions
from matching.models import IncidentReport, Match, Space
from matching.states import Status
from privacy.models import AccessLog
from privacy.remarks import words_of
from tests import people
from tests.integration.web.walks import problems_of, text_of
from tests.people import Person, tonight

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def at_once(settings: Any) -> None:
    """What is said about the first evening counts at once here; `test_first_evening` tries the minute."""
    settings.DECISION_HOLD_SECONDS = 0


def in_status(status: Status, amira: Person, hanna: Person, **wanted: Any) -> Match:
    """Return a match whose first evening was yesterday's, unless `wanted` says otherwise."""
    asked = people.request(amira.arrival, **{"first_night": tonight(-1)} | wanted)
    return people.match_in(status, asked, people.space(hanna.host, windows=((tonight(-1), tonight(30)),)))


def act(client: Client, match: Match, name: str, **typed: str) -> Any:
    return client.post(f"/host/match/{match.pk}/{name}/", typed, follow=True)


def now(match: Match) -> str:
    return Match.objects.get(pk=match.pk).status


# -- spaces ---------------------------------------------------------------------------------------


def test_page_says_nothing_of_a_proposal(client: Client, amira: Person, hanna: Person) -> None:
    in_status(Status.PROPOSED, amira, hanna)
    client.force_login(hanna.user)

    page = client.get("/host/").context

    assert (page["waiting"], page["live"], page["stays"], page["ended"]) == ([], [], [], [])
    assert {night.kind for week in page["spaces"][0].month.weeks for night in week if night} <= {"free", "none"}


@pytest.mark.parametrize("count", [1, 3])
def test_page_takes_equally_many_queries_whatever_it_lists(
    client: Client, hanna: Person, django_assert_num_queries: Any, count: int
) -> None:
    for number in range(count):
        amira = people.amira(name=f"Amira {number}")
        people.match_in(Status.CONFIRMED, people.request(amira.arrival), people.space(hanna.host))
    client.force_login(hanna.user)

    # Session, user, host, no coordinator; matches, own reports about them, what is held for a minute; checks and their rule;
    # spaces and their windows; messages; arrival.
    with django_assert_num_queries(14):
        response = client.get("/host/")

    assert (len(response.context["spaces"]), len(response.context["live"])) == (count, count)


def test_page_tells_an_unvetted_host_which_checks_come_first(client: Client) -> None:
    hanna = people.hanna(vetted=False)
    client.force_login(hanna.user)

    response = client.get("/host/")

    assert "A coordinator will talk to you first." in text_of(response)
    assert response.context["missing"] == [
        "A coordinator sees a document of yours with a picture; no copy is kept.",
        "A coordinator calls you on your phone.",
        "You read the house rules of this service with a coordinator and agree.",
    ]


def test_page_names_only_the_checks_that_are_missing(client: Client, carla: Person) -> None:
    hanna = people.hanna(vetted=False)
    people.vetting.record_check(hanna.host, "identity_seen", by=carla.user, at=timezone.now())
    people.vetting.record_check(hanna.host, "rules_agreed", by=carla.user, at=timezone.now())
    client.force_login(hanna.user)

    assert client.get("/host/").context["missing"] == ["A coordinator calls you on your phone."]


def test_page_tells_a_vetted_host_which_check_has_run_out(client: Client, hanna: Person) -> None:
    client.force_login(hanna.user)
    assert client.get("/host/").context["missing"] == []
    hanna.host.checks.filter(kind="phone_verified").update(valid_until=tonight(-1))

    response = client.get("/host/")

    assert response.context["missing"] == ["A coordinator calls you on your phone."]
    assert "Time to look again" in text_of(response)


@pytest.mark.parametrize("status", [Status.APPROVED, Status.CONFIRMED, Status.COMPLETED, Status.DECLINED])
def test_page_puts_open_questions_first_and_past_stays_last(
    client: Client, amira: Person, hanna: Person, status: Status
) -> None:
    match = in_status(status, amira, hanna)
    client.force_login(hanna.user)

    page = client.get("/host/").context

    found = {name: [card.match.pk for card in page[name]] for name in ("waiting", "live", "stays", "ended")}
    where = {"approved": "waiting", "confirmed": "live", "completed": "stays", "declined": "ended"}[status]
    assert found == {name: [match.pk] if name == where else [] for name in found}


def test_question_that_waits_says_by_when(client: Client, amira: Person, hanna: Person) -> None:
    match = in_status(Status.APPROVED, amira, hanna)
    client.force_login(hanna.user)

    assert client.get("/host/").context["waiting"][0].story.by == match.due_at


def test_question_answered_waits_no_more(client: Client, amira: Person, hanna: Person) -> None:
    match = in_status(Status.APPROVED, amira, hanna)
    client.force_login(hanna.user)
    act(client, match, "accept")

    page = client.get("/host/").context

    assert (page["waiting"], [card.match.pk for card in page["live"]]) == ([], [match.pk])


@pytest.mark.parametrize(
    ("name", "after"),
    [("pause", "paused"), ("list", "listed"), ("still_available", "listed"), ("withdraw", "withdrawn")],
)
def test_space_act_shows_first_and_does_on_post(client: Client, hanna: Person, name: str, after: str) -> None:
    space = people.space(hanna.host)
    client.force_login(hanna.user)
    address = f"/host/space/{space.pk}/{name}/"

    assert client.get(address).status_code == 200
    assert Space.objects.get().status == "listed"
    assert client.post(address).headers["Location"] == "/host/"

    assert Space.objects.get().status == after


def test_still_available_renews_a_stale_space(client: Client, hanna: Person) -> None:
    space = people.space(hanna.host)
    Space.objects.update(fresh_until=timezone.now(), asked_at=timezone.now())
    client.force_login(hanna.user)
    assert client.get("/host/").context["spaces"][0].stale is True

    client.post(f"/host/space/{space.pk}/still_available/")

    assert client.get("/host/").context["spaces"][0].stale is False
    assert Space.objects.get().asked_at is None


def test_withdraw_of_a_space_with_people_in_it_is_refused_in_words(
    client: Client, amira: Person, hanna: Person
) -> None:
    match = in_status(Status.CHECKED_IN, amira, hanna)
    client.force_login(hanna.user)

    response = client.post(f"/host/space/{match.space_id}/withdraw/")

    assert (response.status_code, problems_of(response)) == (
        409,
        [("", "There are live matches that this would contradict. End or cancel them first.")],
    )
    assert Space.objects.get().status == "listed"


def test_nights_are_changed(client: Client, hanna: Person) -> None:
    space = people.space(hanna.host)
    client.force_login(hanna.user)
    address = f"/host/space/{space.pk}/nights/"
    form = client.get(address).context["form"]
    assert (form["first_1"].value(), form["last_1"].value()) == (tonight(), tonight(30))

    typed = {"first_1": tonight(), "last_1": tonight(10), "first_2": tonight(20), "last_2": tonight(25)}
    client.post(address, typed)

    assert sorted(space.windows.values_list("first_night", "last_day")) == [
        (tonight(), tonight(10)),
        (tonight(20), tonight(25)),
    ]
    after = Space.objects.get()
    assert (after.address, after.beds, after.languages) == ("Abay Avenue 10, flat 5", 3, ["ru", "en"])


def test_nights_that_are_promised_stay(client: Client, amira: Person, hanna: Person) -> None:
    match = in_status(Status.CONFIRMED, amira, hanna)
    client.force_login(hanna.user)

    response = client.post(
        f"/host/space/{match.space_id}/nights/", {"first_1": tonight(1).isoformat(), "last_1": tonight(9).isoformat()}
    )

    assert (response.status_code, problems_of(response)) == (
        409,
        [("", "There are live matches that this would contradict. End or cancel them first.")],
    )
    assert response.context["form"]["last_1"].value() == tonight(9).isoformat()
    assert match.space.windows.get().first_night == tonight(-1)


def test_host_page_of_a_coordinator_shows_no_proposal(client: Client, amira: Person, hanna: Person) -> None:
    in_status(Status.PROPOSED, amira, hanna)
    people.Coordinator.objects.create(user=hanna.user, all_places=True)
    client.force_login(hanna.user)

    page = client.get("/host/").context

    assert (page["live"], page["ended"], len(page["spaces"])) == ([], [], 1)


def test_space_act_nobody_knows_does_not_exist(client: Client, hanna: Person) -> None:
    space = people.space(hanna.host)
    client.force_login(hanna.user)

    assert client.post(f"/host/space/{space.pk}/sell/").status_code == 404


# -- matches --------------------------------------------------------------------------------------


def test_page_describes_the_household_without_a_name(client: Client, hanna: Person) -> None:
    amira = people.amira(contact="+7 700 123 45 67")
    in_status(Status.APPROVED, amira, hanna, people=3, children=1, children_ages=(7,), languages=("ka",))
    client.force_login(hanna.user)

    response = client.get("/host/")

    (card,) = response.context["waiting"]
    assert card.story.happened == "Somebody needs a place to sleep. A coordinator has approved it."
    assert (card.match.people, card.languages, [each.name for each in card.acts]) == (
        3,
        "ქართული",
        ["accept", "decline"],
    )
    told = text_of(response)
    hidden = (amira.user.name, "+77001234567", amira.arrival.case_number, "We can climb stairs.")
    assert [secret for secret in hidden if secret in told] == []


@pytest.mark.parametrize(
    ("status", "names"),
    [
        (Status.CONFIRMED, ["check_in", "cancel", "no_show"]),
        (Status.CHECKED_IN, ["undo_check_in", "complete", "break_off"]),
    ],
)
def test_page_offers_the_acts_of_the_status(
    client: Client, amira: Person, hanna: Person, status: Status, names: list[str]
) -> None:
    in_status(status, amira, hanna)
    client.force_login(hanna.user)

    assert [offered.name for offered in client.get("/host/").context["live"][0].acts] == names


def test_first_evening_is_not_offered_before_the_first_day(client: Client, amira: Person, hanna: Person) -> None:
    in_status(Status.CONFIRMED, amira, hanna, first_night=tonight(1))
    client.force_login(hanna.user)

    assert [offered.name for offered in client.get("/host/").context["live"][0].acts] == ["cancel"]


def test_accept_by_both_confirms(client: Client, amira: Person, hanna: Person) -> None:
    match = in_status(Status.APPROVED, amira, hanna)
    transitions.accept(match.pk, by=amira.user, at=timezone.now())
    client.force_login(hanna.user)

    act(client, match, "accept")

    assert now(match) == Status.CONFIRMED


@pytest.mark.parametrize(
    ("before", "name", "reason", "after"),
    [
        (Status.APPROVED, "decline", "too_many_people", Status.DECLINED),
        (Status.APPROVED, "cancel", "not_now", Status.CANCELLED),
        (Status.CONFIRMED, "cancel", "dates_changed", Status.CANCELLED),
        (Status.CONFIRMED, "check_in", "", Status.CHECKED_IN),
        (Status.CONFIRMED, "no_show", "", Status.NO_SHOW),
        (Status.CHECKED_IN, "complete", "", Status.COMPLETED),
        (Status.CHECKED_IN, "break_off", "not_suitable", Status.BROKEN_OFF),
    ],
)
def test_act_moves_the_match(
    client: Client, amira: Person, hanna: Person, before: Status, name: str, reason: str, after: Status
) -> None:
    match = in_status(before, amira, hanna)
    client.force_login(hanna.user)

    act(client, match, name, **({"reason": reason} if reason else {}))

    assert now(match) == after
    event = match.events.last()
    assert (event.act, event.role, event.by, event.reason) == (name, "host", hanna.user, reason)


@pytest.mark.parametrize("name", ["accept", "decline", "cancel", "check_in", "no_show", "complete", "break_off"])
@pytest.mark.parametrize("status", [Status.COMPLETED, Status.DECLINED, Status.EXPIRED, Status.NO_SHOW])
def test_act_after_the_end_is_refused_and_changes_nothing(
    client: Client, amira: Person, hanna: Person, status: Status, name: str
) -> None:
    match = in_status(status, amira, hanna)
    client.force_login(hanna.user)

    response = act(client, match, name, reason="other")

    repeated = (status, name) in {(Status.DECLINED, "decline"), (Status.NO_SHOW, "no_show")}
    assert (response.status_code, now(match)) == (200 if repeated else 409, status)
    assert match.events.filter(act=name, by=hanna.user).count() <= 1


def test_not_safe_by_the_host_freezes_the_match(client: Client, amira: Person, hanna: Person) -> None:
    match = in_status(Status.CHECKED_IN, amira, hanna)
    client.force_login(hanna.user)

    act(client, match, "not_safe", note="shouting")

    event = match.events.last()
    assert (event.act, event.role, words_of(event)) == ("freeze", "host", "")
    report = IncidentReport.objects.get(incident__match=match)
    assert (report.role, report.how, report.happened) == ("host", "button", "shouting")


def test_contact_opens_once_it_is_agreed_and_every_look_is_logged(client: Client, hanna: Person) -> None:
    amira = people.amira(contact="+7 700 123 45 67")
    match = in_status(Status.CONFIRMED, amira, hanna)
    client.force_login(hanna.user)

    response = client.post(f"/host/match/{match.pk}/contact/")

    assert response.context["contact"].name == amira.user.name
    assert response.context["points"] == [("Phone", "+77001234567")]
    look = AccessLog.objects.get()
    assert (look.by, look.about, look.fields, look.reason, look.match) == (
        *(hanna.user, amira.user, "name contact", "match", match.pk),
    )


def test_contact_of_an_arrival_without_any_says_whom_to_ask(client: Client, amira: Person, hanna: Person) -> None:
    match = in_status(Status.CONFIRMED, amira, hanna)
    client.force_login(hanna.user)

    response = client.post(f"/host/match/{match.pk}/contact/")

    assert "They left neither phone nor e-mail. If you need to reach them, ask a coordinator." in text_of(response)


@pytest.mark.parametrize("status", sorted(set(Status) - {Status.CONFIRMED, Status.CHECKED_IN, Status.PROPOSED}))
def test_contact_stays_closed_before_and_after(client: Client, amira: Person, hanna: Person, status: Status) -> None:
    match = in_status(status, amira, hanna)
    client.force_login(hanna.user)

    response = client.post(f"/host/match/{match.pk}/contact/")

    assert (response.status_code, AccessLog.objects.count()) == (403, 0)
    assert amira.user.name not in text_of(response)


@pytest.mark.parametrize("before", [Status.APPROVED, Status.CONFIRMED])
@pytest.mark.parametrize(
    ("reason", "leads_to", "words"),
    [
        ("dates_changed", "nights/", "Which nights are free now?"),
        ("too_many_people", "change/beds/", "How many people can sleep there?"),
        ("not_suitable", "change/who/", "Who may stay?"),
        ("not_now", "pause/", "Do you need a rest?"),
    ],
)
def test_decline_or_cancel_with_its_reason_leads_to_the_page_that_would_help(
    client: Client, amira: Person, hanna: Person, before: Status, reason: str, leads_to: str, words: str
) -> None:
    match = in_status(before, amira, hanna)
    client.force_login(hanna.user)

    response = act(client, match, "decline" if before == Status.APPROVED else "cancel", reason=reason)

    assert response.request["PATH_INFO"] == f"/host/space/{match.space_id}/{leads_to}"
    done, lesson = (str(message) for message in response.context["messages"])
    assert (done, lesson.startswith(words)) == (
        "You have declined." if before == Status.APPROVED else "It is cancelled.",
        True,
    )
    assert Space.objects.get().version == 1


def test_decline_for_another_reason_leads_home(client: Client, amira: Person, hanna: Person) -> None:
    match = in_status(Status.APPROVED, amira, hanna)
    client.force_login(hanna.user)

    assert act(client, match, "decline", reason="other").request["PATH_INFO"] == "/host/"


def test_decline_because_it_does_not_feel_safe_leads_to_what_is_true(
    client: Client, amira: Person, hanna: Person
) -> None:
    match = in_status(Status.APPROVED, amira, hanna)
    client.force_login(hanna.user)

    page = act(client, match, "decline", reason="not_safe")

    assert page.request["PATH_INFO"] == f"/host/match/{match.pk}/safety/"
    assert page.context["told"].reported_at is not None


def test_asked_space_shows_the_question_on_the_page(client: Client, hanna: Person) -> None:
    people.space(hanna.host)
    Space.objects.update(fresh_until=timezone.now() + people.timedelta(days=1))
    intake.ask_if_still_available(at=timezone.now())
    client.force_login(hanna.user)

    response = client.get("/host/")

    assert "Does this space still stand? Please answer by" in text_of(response)
    assert [line.notification.event for line in response.context["inbox"]] == ["still_available", "host_vetted"]


def test_a_question_that_was_answered_is_no_new_message(hanna: Person, amira: Person) -> None:
    match = people.match_in(Status.APPROVED, people.request(amira.arrival), people.space(hanna.host))
    client = Client(headers={"accept-language": "en"})
    client.force_login(hanna.user)
    before = [line.is_new for line in client.get("/host/").context["inbox"] if line.notification.event == "host_asked"]

    client.post(f"/host/match/{match.pk}/accept/")

    after = [line.is_new for line in client.get("/host/").context["inbox"] if line.notification.event == "host_asked"]
    assert (before, after) == ([True], [False])


def test_space_of_an_unvetted_host_is_not_called_listed() -> None:
    host = people.hanna(vetted=False)
    people.space(host.host)
    client = Client(headers={"accept-language": "en"})
    client.force_login(host.user)

    page = client.get("/host/").content.decode()

    assert "<strong>not offered to anybody yet</strong>" in page
    assert "<strong>listed</strong>" not in page
