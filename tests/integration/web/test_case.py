"""Amira opens her case, sees its state, and does everything that an arrival may do."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import formats, timezone

from accounts.arrivals import grouped
from matching import transitions
from matching.deadlines import local_date
from matching.models import Match
from matching.states import Status
from privacy.models import AccessLog
from privacy.remarks import words_of
from tests import people
from tests.integration.web.walks import problems_of, text_of, title_of
from tests.people import Person, tonight

pytestmark = pytest.mark.django_db
ADDRESS = "Abay Avenue 10, flat 5"


@pytest.fixture(autouse=True)
def at_once(settings: Any) -> None:
    """What is said about the first evening counts at once here; `test_first_evening` tries the minute."""
    settings.DECISION_HOLD_SECONDS = 0


def in_status(status: Status, amira: Person, hanna: Person, **wanted: Any) -> Match:
    space = people.space(hanna.host, directions="Blue gate.")
    return people.match_in(status, people.request(amira.arrival, **wanted), space)


def act(client: Client, match: Match, name: str, **typed: str) -> Any:
    return client.post(f"/case/match/{match.pk}/{name}/", typed, follow=True)


def now(match: Match) -> str:
    return Match.objects.get(pk=match.pk).status


def story(client: Client) -> tuple[str, str]:
    """Return the past and next steps, of the one live match or else of the request."""
    (card,) = client.get("/case/").context["cards"]
    told = card.live[0].story if card.live else card.story
    return told.happened, told.next


# -- signing in -----------------------------------------------------------------------------------


def test_sign_in_opens_the_case(client: Client, amira: Person) -> None:
    number = grouped(amira.arrival.case_number)

    response = client.post("/case/", {"case_number": number, "secret": grouped(amira.secret)}, follow=True)

    assert (title_of(response), response.context["case_number"]) == ("Your case – Shanyrak", number)


def test_sign_in_with_a_wrong_secret_says_so_and_keeps_what_was_typed(client: Client, amira: Person) -> None:
    typed = {"case_number": amira.arrival.case_number, "secret": "0000 0000 0000"}

    response = client.post("/case/", typed)

    assert response.status_code == 422
    assert problems_of(response) == [("", "This case number and secret do not fit together. Check the digits of both.")]
    assert {name: response.context["form"][name].value() for name in typed} == typed


def test_sign_in_to_an_unknown_case_says_the_same(client: Client, amira: Person) -> None:
    unknown = "1" * 8 if amira.arrival.case_number != "1" * 8 else "2" * 8

    response = client.post("/case/", {"case_number": unknown, "secret": amira.secret})

    assert (response.status_code, problems_of(response)) == (
        422,
        [("", "This case number and secret do not fit together. Check the digits of both.")],
    )


def test_sign_in_with_too_few_digits_names_the_field(client: Client) -> None:
    response = client.post("/case/", {"case_number": "my case", "secret": ""})

    assert problems_of(response) == [
        ("id_case_number", "A case number has 8 digits. Check it and write all of them."),
        ("id_secret", "Secret: fill this in."),
    ]


def test_sign_in_tried_too_often_is_refused_for_a_while_even_with_the_right_secret(
    client: Client, amira: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("accounts.signing_in.SECRET_TRIES", 10)
    number = amira.arrival.case_number
    for _try in range(10):
        client.post("/case/", {"case_number": number, "secret": "000000000000"})

    response = client.post("/case/", {"case_number": number, "secret": amira.secret})

    assert response.status_code == 429
    assert 0 < int(response.headers["Retry-After"]) <= 900
    assert problems_of(response) == [("", "Too many tries. Wait a few minutes and try again.")]


def test_sign_in_by_a_host_is_no_case(client: Client, hanna: Person) -> None:
    client.force_login(hanna.user)

    assert title_of(client.get("/case/")) == "Open your case – Shanyrak"


# -- the state of the case --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "happened"),
    [
        (Status.PROPOSED, "We have your request."),
        (Status.APPROVED, "We have found a place for you."),
        (Status.CONFIRMED, "It is agreed: the host expects you."),
        (Status.CHECKED_IN, "You have arrived."),
        (Status.COMPLETED, "Your stay has ended."),
        (Status.NO_SHOW, "The host said that you did not come."),
        (Status.DECLINED, "We have your request."),
        (Status.EXPIRED, "We have your request."),
        (Status.CANCELLED, "We have your request."),
        (Status.BROKEN_OFF, "We have your request."),
    ],
)
def test_page_says_what_happened(client: Client, amira: Person, hanna: Person, status: Status, happened: str) -> None:
    in_status(status, amira, hanna)
    client.force_login(amira.user)

    assert story(client)[0] == happened


def test_page_says_nothing_of_a_proposal(client: Client, amira: Person, hanna: Person) -> None:
    in_status(Status.PROPOSED, amira, hanna)
    client.force_login(amira.user)

    (card,) = client.get("/case/").context["cards"]

    assert (card.live, card.ended) == ([], [])


def test_proposal_has_no_address(client: Client, amira: Person, hanna: Person) -> None:
    match = in_status(Status.PROPOSED, amira, hanna)
    client.force_login(amira.user)

    assert act(client, match, "accept").status_code == 404


@pytest.mark.parametrize("count", [1, 3])
def test_page_takes_equally_many_queries_whatever_it_lists(
    client: Client, hanna: Person, django_assert_num_queries: Any, count: int
) -> None:
    amira = people.amira()
    space = people.space(hanna.host)
    for number in range(count):
        wanted = {"first_night": people.tonight(number * 3), "nights": 2}
        people.match_in(Status.CONFIRMED, people.request(amira.arrival, **wanted), space)
    client.force_login(amira.user)

    # Session, user, arrival, no coordinator; requests, their matches, the visible ones, own reports about them, what is held
    # for a minute; messages; a draft; and the host, for the frame.
    with django_assert_num_queries(14):
        response = client.get("/case/")

    assert len(response.context["cards"]) == count


def test_page_says_by_when_to_answer(client: Client, amira: Person, hanna: Person) -> None:
    match = in_status(Status.APPROVED, amira, hanna)
    client.force_login(amira.user)

    assert client.get("/case/").context["cards"][0].live[0].story.by == match.due_at


@pytest.mark.parametrize(
    ("status", "names"),
    [
        (Status.APPROVED, ["accept", "decline"]),
        (Status.CONFIRMED, ["check_in", "cancel"]),
        (Status.CHECKED_IN, ["undo_check_in", "complete", "break_off"]),
    ],
)
def test_page_offers_the_acts_of_the_status(
    client: Client, amira: Person, hanna: Person, status: Status, names: list[str]
) -> None:
    in_status(status, amira, hanna)
    client.force_login(amira.user)

    card = client.get("/case/").context["cards"][0].live[0]

    assert [offered.name for offered in card.acts] == names


def test_page_never_names_the_host_before_it_is_agreed(client: Client, amira: Person, hanna: Person) -> None:
    in_status(Status.APPROVED, amira, hanna)
    client.force_login(amira.user)

    words = text_of(client.get("/case/"))

    assert [secret for secret in (ADDRESS, "Blue gate.", hanna.user.name, hanna.contact) if secret in words] == []


def test_page_shows_the_messages_and_notes_that_they_were_read(client: Client, amira: Person, hanna: Person) -> None:
    in_status(Status.APPROVED, amira, hanna)
    client.force_login(amira.user)
    inbox = client.get("/case/").context["inbox"]
    assert [(line.notification.event, line.notification.read_at) for line in inbox] == [
        ("arrival_asked", None),
        ("request_received", None),
    ]

    client.post(f"/case/message/{inbox[0].notification.pk}/read/")

    after = client.get("/case/").context["inbox"]
    assert [line.notification.read_at is None for line in after] == [False, True]


@pytest.mark.parametrize("contact", ["", "+7 727 000 00 00"])
@pytest.mark.parametrize("status", [Status.PROPOSED, Status.APPROVED, Status.CONFIRMED, Status.CHECKED_IN])
def test_page_always_says_whom_to_contact(
    client: Client, amira: Person, hanna: Person, settings: Any, status: Status, contact: str
) -> None:
    settings.HELP_CONTACT = contact
    in_status(status, amira, hanna)
    client.force_login(amira.user)

    (card,) = client.get("/case/").context["cards"]

    whom = card.live[0].whom if card.live else card.whom
    unbroken = contact.replace(" ", "\N{NO-BREAK SPACE}")
    desk = f"The coordinators: {unbroken}." if contact else "Ask at the place where you heard about us."
    assert whom.endswith(f"A question, or something is wrong? {desk}")
    assert ("your host" in whom) == (status in (Status.CONFIRMED, Status.CHECKED_IN))


def test_live_requests_stand_before_ended_ones(client: Client, amira: Person, hanna: Person) -> None:
    staying = in_status(Status.CHECKED_IN, amira, hanna)
    over = people.request(amira.arrival, first_night=tonight(9))
    transitions.withdraw_request(over.pk, by=amira.user, at=timezone.now())
    client.force_login(amira.user)

    cards = client.get("/case/").context["cards"]

    assert [card.request.pk for card in cards] == [staying.request_id, over.pk]


def test_page_says_until_when_to_wait_and_afterwards_to_ask(client: Client, amira: Person) -> None:
    asked = people.request(amira.arrival)
    client.force_login(amira.user)
    by = formats.date_format(timezone.localtime(asked.registered_at + timedelta(hours=3)), "j E, H:i")
    assert story(client)[1].endswith(f"If you have heard nothing by {by}, ask the coordinators.")

    # The first night moves with the registration: three hours ago may have been yesterday, when more time was left.
    asked.registered_at -= timedelta(hours=3)
    asked.first_night = local_date(asked.registered_at)
    asked.save()

    assert story(client)[1].startswith("We have not found a place yet, and go on looking. Ask the coordinators;")


def test_case_without_a_request_can_ask(client: Client, amira: Person) -> None:
    client.force_login(amira.user)

    assert client.get("/case/").context["may_ask"] is True


# -- acts -----------------------------------------------------------------------------------------


def test_accept_waits_for_the_host_and_then_it_is_agreed(client: Client, amira: Person, hanna: Person) -> None:
    match = in_status(Status.APPROVED, amira, hanna)
    client.force_login(amira.user)

    act(client, match, "accept")
    assert (now(match), story(client)[0]) == (Status.APPROVED, "You have accepted. We have asked the host.")

    transitions.accept(match.pk, by=hanna.user, at=people.timezone.now())
    assert (now(match), story(client)[0]) == (Status.CONFIRMED, "It is agreed: the host expects you.")


@pytest.mark.parametrize(
    ("before", "name", "done"),
    [
        (Status.APPROVED, "accept", "You have accepted."),
        (Status.APPROVED, "decline", "You have declined."),
        (Status.CONFIRMED, "cancel", "It is cancelled."),
        (Status.CONFIRMED, "check_in", "The arrival is noted."),
        (Status.CHECKED_IN, "complete", "The end of the stay is noted."),
        (Status.CHECKED_IN, "break_off", "It is noted. We are sorry that it did not work out."),
    ],
)
def test_act_repeated_after_a_lost_reply_is_done_once_and_no_error(
    client: Client, amira: Person, hanna: Person, before: Status, name: str, done: str
) -> None:
    match = in_status(before, amira, hanna)
    client.force_login(amira.user)
    act(client, match, name, reason="other")

    response = act(client, match, name, reason="other")

    assert (response.status_code, problems_of(response)) == (200, [])
    assert [str(message) for message in response.context["messages"]] == [done]
    assert match.events.filter(act=name, by=amira.user).count() == 1


def test_accept_repeated_after_the_match_has_ended_says_that_it_has_moved_on(
    client: Client, amira: Person, hanna: Person
) -> None:
    match = in_status(Status.APPROVED, amira, hanna)
    client.force_login(amira.user)
    act(client, match, "accept")
    transitions.decline(match.pk, by=hanna.user, at=people.timezone.now(), reason="not_now")

    response = act(client, match, "accept")

    assert (response.status_code, problems_of(response)) == (
        409,
        [("", "This is no longer possible: the match has moved on. Look at its present state.")],
    )


@pytest.mark.parametrize(
    ("before", "name", "after"),
    [
        (Status.APPROVED, "decline", Status.DECLINED),
        (Status.APPROVED, "cancel", Status.CANCELLED),
        (Status.CONFIRMED, "cancel", Status.CANCELLED),
        (Status.CHECKED_IN, "break_off", Status.BROKEN_OFF),
    ],
)
def test_act_with_a_reason_asks_for_it_first(
    client: Client, amira: Person, hanna: Person, before: Status, name: str, after: Status
) -> None:
    match = in_status(before, amira, hanna)
    client.force_login(amira.user)

    without = act(client, match, name, note="the stairs")
    assert (without.status_code, problems_of(without)) == (422, [("id_reason_0", "Choose a reason from the list.")])
    assert without.context["form"]["note"].value() == "the stairs"
    assert now(match) == before

    act(client, match, name, reason="not_suitable", note="the stairs")
    assert now(match) == after
    event = match.events.last()
    assert (event.act, event.role, event.reason, words_of(event)) == (name, "arrival", "not_suitable", "the stairs")


@pytest.mark.parametrize(
    ("before", "name", "after"),
    [(Status.CONFIRMED, "check_in", Status.CHECKED_IN), (Status.CHECKED_IN, "complete", Status.COMPLETED)],
)
def test_act_without_a_reason_is_one_tap(
    client: Client, amira: Person, hanna: Person, before: Status, name: str, after: Status
) -> None:
    match = in_status(before, amira, hanna)
    client.force_login(amira.user)

    response = act(client, match, name)

    assert (response.request["PATH_INFO"], now(match)) == ("/case/", after)


@pytest.mark.parametrize("name", ["accept", "decline", "cancel", "check_in", "complete", "break_off", "not_safe"])
def test_looking_at_an_act_does_nothing(client: Client, amira: Person, hanna: Person, name: str) -> None:
    match = in_status(Status.APPROVED, amira, hanna)
    client.force_login(amira.user)

    response = client.get(f"/case/match/{match.pk}/{name}/")

    assert (response.status_code, now(match), match.events.last().act) == (200, Status.APPROVED, "approve")


def test_act_that_is_no_longer_possible_shows_the_present_state(client: Client, amira: Person, hanna: Person) -> None:
    match = in_status(Status.CANCELLED, amira, hanna)
    client.force_login(amira.user)

    response = act(client, match, "check_in")

    assert (response.status_code, problems_of(response)) == (
        409,
        [("", "This is no longer possible: the match has moved on. Look at its present state.")],
    )


def test_act_of_the_host_is_refused_to_the_arrival(client: Client, amira: Person, hanna: Person) -> None:
    match = in_status(Status.CONFIRMED, amira, hanna)
    client.force_login(amira.user)

    response = act(client, match, "no_show")

    assert (response.status_code, problems_of(response)) == (403, [("", "You may not do this.")])
    assert now(match) == Status.CONFIRMED


@pytest.mark.parametrize("name", ["approve", "expire", "confirm", "propose", "dance"])
def test_act_that_no_arrival_has_does_not_exist(client: Client, amira: Person, hanna: Person, name: str) -> None:
    match = in_status(Status.APPROVED, amira, hanna)
    client.force_login(amira.user)

    assert act(client, match, name).status_code == 404


def test_not_safe_is_one_tap_freezes_the_match_and_pages_a_coordinator(
    client: Client, amira: Person, hanna: Person
) -> None:
    lena = people.lena()
    match = in_status(Status.CHECKED_IN, amira, hanna)
    client.force_login(amira.user)

    response = act(client, match, "not_safe")

    assert [str(message) for message in response.context["messages"]] == ["What was agreed is on hold."]
    assert story(client)[0] == "You told us that you do not feel safe."
    assert Match.objects.get(pk=match.pk).frozen_at is not None
    assert lena.user.notifications.filter(event="not_safe").count() == 1
    left = act(client, match, "break_off", reason="not_suitable")
    assert (left.status_code, now(match)) == (200, Status.BROKEN_OFF)


def test_withdraw_asks_first_and_then_ends_the_agreed_match(client: Client, amira: Person, hanna: Person) -> None:
    match = in_status(Status.CONFIRMED, amira, hanna)
    client.force_login(amira.user)
    address = f"/case/request/{match.request_id}/withdraw/"

    assert title_of(client.get(address)) == "Withdraw your request? – Shanyrak"
    assert now(match) == Status.CONFIRMED
    client.post(address)

    assert now(match) == Status.CANCELLED
    assert story(client) == ("You have withdrawn this request.", "If you need a place again, ask again.")


def test_withdraw_during_a_stay_is_refused_in_words(client: Client, amira: Person, hanna: Person) -> None:
    match = in_status(Status.CHECKED_IN, amira, hanna)
    client.force_login(amira.user)

    response = client.post(f"/case/request/{match.request_id}/withdraw/")

    assert (response.status_code, problems_of(response)) == (
        409,
        [("", "A stay is going on. End the stay first, then withdraw the request.")],
    )


# -- the contact ----------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [Status.CONFIRMED, Status.CHECKED_IN])
def test_contact_opens_once_it_is_agreed_and_every_look_is_logged(
    client: Client, amira: Person, hanna: Person, status: Status
) -> None:
    match = in_status(status, amira, hanna)
    client.force_login(amira.user)
    address = f"/case/match/{match.pk}/contact/"

    before = client.get(address)
    assert (ADDRESS in text_of(before), AccessLog.objects.count()) == (False, 0)
    after = client.post(address)

    assert after.context["contact"].address == ADDRESS
    assert after.context["contact"].directions == "Blue gate."
    assert after.context["points"] == [("E-mail", hanna.contact)]
    assert [secret in text_of(after) for secret in (ADDRESS, "Blue gate.", hanna.user.name, hanna.contact)] == [
        True
    ] * 4
    look = AccessLog.objects.get()
    assert (look.by, look.about, look.fields, look.reason, look.match) == (
        *(amira.user, hanna.user, "name contact address", "match", match.pk),
    )


@pytest.mark.parametrize("status", sorted(set(Status) - {Status.CONFIRMED, Status.CHECKED_IN, Status.PROPOSED}))
def test_contact_stays_closed_before_and_after(client: Client, amira: Person, hanna: Person, status: Status) -> None:
    match = in_status(status, amira, hanna)
    client.force_login(amira.user)

    response = client.post(f"/case/match/{match.pk}/contact/")

    assert (response.status_code, AccessLog.objects.count()) == (403, 0)
    assert [
        secret for secret in (ADDRESS, "Blue gate.", hanna.user.name, hanna.contact) if secret in text_of(response)
    ] == []
