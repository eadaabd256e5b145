"""Hanna signs in by a code, answers for her spaces, and decides about each household."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from matching import intake, transitions
from matching.models import Match, Space
from matching.states import Status
from matching.web.nights import NightRun
from notifications.models import Notification
from privacy.models import AccessLog
from tests import people
from tests.integration.web.walks import latest_code, problems_of, text_of, title_of
from tests.people import Person, tonight

pytestmark = pytest.mark.django_db


def in_status(status: Status, amira: Person, hanna: Person, **wanted: Any) -> Match:
    return people.match_in(status, people.request(amira.arrival, **wanted), people.space(hanna.host))


def act(client: Client, match: Match, name: str, **typed: str) -> Any:
    return client.post(f"/host/match/{match.pk}/{name}/", typed, follow=True)


def now(match: Match) -> str:
    return Match.objects.get(pk=match.pk).status


# -- signing in -----------------------------------------------------------------------------------


def test_sign_in_by_code_opens_the_host_page(client: Client, hanna: Person) -> None:
    assert client.get("/host/").headers["Location"] == "/host/sign-in/"
    client.post("/host/sign-in/", {"contact": "HANNA@example.org"})

    response = client.post("/host/code/", {"code": latest_code(hanna.user.pk)}, follow=True)

    assert (title_of(response), response.context["host"]) == ("Your spaces – Shanyrak", hanna.host)


def test_sign_in_of_somebody_unknown_looks_the_same_and_sends_nothing(client: Client, hanna: Person) -> None:
    known = Client(headers={"accept-language": "en"}).post("/host/sign-in/", {"contact": hanna.contact}, follow=True)
    sent = Notification.objects.filter(event="sign_in_code").count()

    unknown = client.post("/host/sign-in/", {"contact": "nobody@example.org"}, follow=True)

    assert sent == Notification.objects.filter(event="sign_in_code").count() == 1
    assert (unknown.redirect_chain, title_of(unknown)) == (known.redirect_chain, title_of(known))
    assert client.post("/host/code/", {"code": "123456"}).status_code == 422


def test_sign_in_with_something_unreadable_says_how_to_write_it(client: Client) -> None:
    response = client.post("/host/sign-in/", {"contact": "hanna"})

    assert (response.status_code, problems_of(response)) == (
        422,
        [("id_contact", "This is not a phone number or e-mail address. Write it like +7 700 123 45 67.")],
    )
    assert response.context["form"]["contact"].value() == "hanna"


def test_wrong_code_is_refused_and_the_sixth_try_spends_it(client: Client, hanna: Person) -> None:
    client.post("/host/sign-in/", {"contact": hanna.contact})
    code = latest_code(hanna.user.pk)
    wrong = "000000" if code != "000000" else "111111"

    for _try in range(5):
        assert client.post("/host/code/", {"code": wrong}).status_code == 422
    response = client.post("/host/code/", {"code": code})

    assert problems_of(response) == [("id_code", "This code is not valid. Check the digits, or ask for a new code.")]


def test_code_works_once(client: Client, hanna: Person) -> None:
    client.post("/host/sign-in/", {"contact": hanna.contact})
    code = latest_code(hanna.user.pk)
    thief = Client()
    thief.post("/host/sign-in/", {"contact": "nobody@example.org"})
    client.post("/host/code/", {"code": code})

    assert thief.post("/host/code/", {"code": code}).status_code == 422


def test_codes_asked_for_too_often_are_throttled(client: Client, hanna: Person) -> None:
    for _time in range(5):
        client.post("/host/sign-in/", {"contact": hanna.contact})

    response = client.post("/host/sign-in/", {"contact": hanna.contact})

    assert (response.status_code, problems_of(response)) == (
        429,
        [("", "Too many tries. Wait a few minutes and try again.")],
    )
    assert 0 < int(response.headers["Retry-After"]) <= 3600


def test_code_page_without_a_contact_leads_back(client: Client) -> None:
    assert client.get("/host/code/", follow=True).request["PATH_INFO"] == "/host/sign-in/"


# -- spaces ---------------------------------------------------------------------------------------


def test_page_shows_the_nights_in_runs(client: Client, amira: Person, hanna: Person) -> None:
    space = people.space(hanna.host, windows=((tonight(), tonight(9)),))
    people.match_in(Status.CONFIRMED, people.request(amira.arrival, first_night=tonight(2), nights=3), space)
    client.force_login(hanna.user)

    (card,) = client.get("/host/").context["spaces"]

    assert card.runs == [
        NightRun(tonight(), tonight(2), taken=0, free=3),
        NightRun(tonight(2), tonight(5), taken=2, free=0),
        NightRun(tonight(5), tonight(9), taken=0, free=3),
    ]


def test_page_shows_free_beds_of_a_shared_space(client: Client, amira: Person, hanna: Person) -> None:
    space = people.space(hanna.host, shared=True, windows=((tonight(), tonight(5)),))
    people.match_in(Status.CONFIRMED, people.request(amira.arrival), space)
    client.force_login(hanna.user)

    (card,) = client.get("/host/").context["spaces"]

    assert card.runs == [NightRun(tonight(), tonight(5), taken=2, free=1)]


def test_page_says_nothing_of_a_proposal(client: Client, amira: Person, hanna: Person) -> None:
    in_status(Status.PROPOSED, amira, hanna)
    client.force_login(hanna.user)

    page = client.get("/host/").context

    assert (page["live"], page["ended"]) == ([], [])
    assert page["spaces"][0].runs == [NightRun(tonight(), tonight(30), taken=0, free=3)]


@pytest.mark.parametrize("count", [1, 3])
def test_page_takes_equally_many_queries_whatever_it_lists(
    client: Client, hanna: Person, django_assert_num_queries: Any, count: int
) -> None:
    for number in range(count):
        amira = people.amira(name=f"Amira {number}")
        people.match_in(Status.CONFIRMED, people.request(amira.arrival), people.space(hanna.host))
    client.force_login(hanna.user)

    # Session, user, host, no coordinator; matches; spaces, their windows; messages; arrival (for the frame).
    with django_assert_num_queries(9):
        response = client.get("/host/")

    assert (len(response.context["spaces"]), len(response.context["live"])) == (count, count)


def test_page_tells_an_unvetted_host_what_comes_first(client: Client) -> None:
    hanna = people.hanna(vetted=False)
    client.force_login(hanna.user)

    assert "A coordinator will talk to you first." in text_of(client.get("/host/"))


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
    assert match.space.windows.get().first_night == tonight()


def test_coordinator_who_hosts_hears_of_no_proposal_here(client: Client, amira: Person, hanna: Person) -> None:
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


def test_page_shows_who_is_asked_for_without_a_name(client: Client, hanna: Person) -> None:
    amira = people.amira(contact="+7 700 123 45 67")
    in_status(Status.APPROVED, amira, hanna, people=3, children=1, children_ages=(7,), languages=("ka",))
    client.force_login(hanna.user)

    response = client.get("/host/")

    (card,) = response.context["live"]
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
        (Status.CONFIRMED, ["cancel", "check_in", "no_show"]),
        (Status.CHECKED_IN, ["complete", "break_off"]),
    ],
)
def test_page_offers_the_acts_of_the_status(
    client: Client, amira: Person, hanna: Person, status: Status, names: list[str]
) -> None:
    in_status(status, amira, hanna)
    client.force_login(hanna.user)

    assert [offered.name for offered in client.get("/host/").context["live"][0].acts] == names


def test_no_show_is_not_offered_before_the_first_night(client: Client, amira: Person, hanna: Person) -> None:
    in_status(Status.CONFIRMED, amira, hanna, first_night=tonight(1))
    client.force_login(hanna.user)

    assert [offered.name for offered in client.get("/host/").context["live"][0].acts] == ["cancel", "check_in"]


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

    response = act(client, match, name, **({"reason": reason} if reason else {}))

    assert (response.request["PATH_INFO"], now(match)) == ("/host/", after)
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

    assert (response.status_code, now(match)) == (409, status)


def test_not_safe_by_the_host_freezes_the_match(client: Client, amira: Person, hanna: Person) -> None:
    match = in_status(Status.CHECKED_IN, amira, hanna)
    client.force_login(hanna.user)

    act(client, match, "not_safe", note="shouting")

    event = match.events.last()
    assert (event.act, event.role, event.note) == ("freeze", "host", "shouting")


def test_contact_opens_once_it_is_agreed_and_every_look_is_logged(client: Client, hanna: Person) -> None:
    amira = people.amira(contact="+7 700 123 45 67")
    match = in_status(Status.CONFIRMED, amira, hanna)
    client.force_login(hanna.user)

    response = client.post(f"/host/match/{match.pk}/contact/")

    assert response.context["contact"].name == amira.user.name
    assert response.context["points"] == [("Phone", "+77001234567")]
    look = AccessLog.objects.get()
    assert (look.by, look.about, look.fields) == (hanna.user, amira.user, "name contact")


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


def test_asked_space_shows_the_question_on_the_page(client: Client, hanna: Person) -> None:
    people.space(hanna.host)
    Space.objects.update(fresh_until=timezone.now() + people.timedelta(days=1))
    intake.ask_if_still_available(at=timezone.now())
    client.force_login(hanna.user)

    response = client.get("/host/")

    assert "Does this space still stand? Please answer by" in text_of(response)
    assert [line.notification.event for line in response.context["inbox"]] == ["still_available", "host_vetted"]
