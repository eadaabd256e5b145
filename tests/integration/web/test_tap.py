"""One-tap links show a question before they act, work once, end in time, and tell a stranger nothing."""

from __future__ import annotations

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from threading import Barrier
from typing import Any

import pytest
import time_machine
from django.conf import settings
from django.db import connection
from django.test import Client
from django.utils import timezone

from matching import intake, transitions
from matching.models import Match, MatchEvent, Space
from matching.states import Status
from matching.web import tap as tapping
from notifications import taps
from notifications.delivering import deliver_due
from notifications.models import Notification
from notifications.texts import render
from privacy.remarks import words_of
from tests import people
from tests.integration.web.walks import problems_of, text_of, title_of
from tests.people import Person

pytestmark = pytest.mark.django_db


def asked(amira: Person, hanna: Person) -> Match:
    return people.match_in(Status.APPROVED, people.request(amira.arrival), people.space(hanna.host))


def note_of(person: Person, event: str) -> Notification:
    return person.user.notifications.get(event=event)


def link_of(person: Person, event: str) -> str:
    return taps.link_to(note_of(person, event)).removeprefix(settings.SITE_URL)


def asked_whether_it_stands(hanna: Person) -> tuple[Space, str]:
    space = people.space(hanna.host)
    Space.objects.update(fresh_until=timezone.now() + timedelta(days=1))
    intake.ask_if_still_available(at=timezone.now())
    return space, link_of(hanna, "still_available")


def state() -> tuple[object, ...]:
    return (
        sorted(Match.objects.values_list("pk", "status", "version")),
        sorted(Space.objects.values_list("pk", "status", "version", "fresh_until")),
        sorted(Notification.objects.values_list("pk", "tapped_at", "read_at")),
        MatchEvent.objects.count(),
    )


# -- the link in the message ------------------------------------------------------------------------


def delivered(capsys: pytest.CaptureFixture[str]) -> list[str]:
    deliver_due(now=timezone.now, jitter=lambda: 0.5)
    return [text for text in capsys.readouterr().out.split("\n---") if "/t/" in text]


def test_question_by_email_carries_its_link(capsys: pytest.CaptureFixture[str], hanna: Person) -> None:
    asked(people.amira(contact="amira@example.org"), hanna)

    texts = delivered(capsys)

    assert [text.split("email to ")[1].split("\n")[0] for text in texts] == ["hanna@example.org", "amira@example.org"]
    for person, event, text in zip((hanna,), ("host_asked",), texts[:1], strict=True):
        assert f"Answer with one tap (do not forward this link): {taps.link_to(note_of(person, event))}" in text


def test_sms_has_no_room_for_a_link_that_cannot_be_guessed(amira: Person, hanna: Person) -> None:
    asked(amira, hanna)
    note = note_of(hanna, "host_asked")

    text = render(note.event, "ru", note.context, one_tap=taps.link_to(note))

    assert (taps.link_to(note) in text.body, "/t/" in text.sms) == (True, False)


def test_message_without_a_question_has_no_link(hanna: Person, amira: Person) -> None:
    people.match_in(Status.CONFIRMED, people.request(amira.arrival), people.space(hanna.host))

    assert taps.find(taps.token_of(note_of(hanna, "host_confirmed"))) is None


def test_link_names_nobody(amira: Person, hanna: Person) -> None:
    match = asked(amira, hanna)

    link = link_of(hanna, "host_asked")

    assert re.fullmatch(r"/t/\d+\.[A-Za-z0-9_-]{43}/", link)
    personal = (str(match.pk), str(match.request_id), str(match.space_id), amira.arrival.case_number)
    assert [word for word in personal if word in link] == []


# -- the question before the act --------------------------------------------------------------------


@pytest.mark.parametrize("method", ["get", "head"])
@pytest.mark.parametrize("path", ["", "accept/", "decline/"])
def test_looking_changes_nothing_however_often(
    client: Client, amira: Person, hanna: Person, method: str, path: str
) -> None:
    asked(amira, hanna)
    before = state()

    for link in (link_of(hanna, "host_asked"), link_of(amira, "arrival_asked")):
        for _time in range(3):
            assert getattr(client, method)(link + path, follow=True).status_code == 200

    assert state() == before


def test_page_shows_the_question_and_nobodys_name(client: Client, hanna: Person) -> None:
    amira = people.amira(contact="+7 700 123 45 67")
    asked(amira, hanna)

    to_hanna = client.get(link_of(hanna, "host_asked"))
    to_amira = client.get(link_of(amira, "arrival_asked"))

    assert {title_of(to_hanna), title_of(to_amira)} == {"Your answer – Shanyrak"}
    assert to_hanna.context["card"].story.happened == "Somebody needs a place to sleep. A coordinator has approved it."
    assert to_amira.context["card"].story.happened == "We have found a place for you."
    personal = (amira.user.name, hanna.user.name, "Abay Avenue", "+7700", "hanna@", amira.arrival.case_number)
    assert [word for word in personal if word in text_of(to_hanna) + text_of(to_amira)] == []
    assert to_hanna.headers["Cache-Control"] == "no-store"


def test_page_is_in_the_language_of_the_message(hanna: Person) -> None:
    amira = people.amira(language="ka")
    asked(amira, hanna)

    page = text_of(Client(headers={"accept-language": "ru"}).get(link_of(amira, "arrival_asked")))

    assert re.search(r'<html lang="(..)"', page)[1] == "ka"  # type: ignore[index]


# -- the act -----------------------------------------------------------------------------------------


def test_one_tap_accepts_without_signing_in(client: Client, amira: Person, hanna: Person) -> None:
    match = asked(amira, hanna)

    response = client.post(link_of(hanna, "host_asked") + "accept/", follow=True)

    event = match.events.last()
    assert (event.act, event.role, event.by) == ("accept", "host", hanna.user)
    assert (response.status_code, "Your answer is noted" in text_of(response)) == (200, True)
    assert client.get("/host/").headers["Location"] == "/host/sign-in/"


def test_both_links_confirm(client: Client, amira: Person, hanna: Person) -> None:
    asked(amira, hanna)

    client.post(link_of(hanna, "host_asked") + "accept/")
    client.post(link_of(amira, "arrival_asked") + "accept/")

    assert Match.objects.get().status == Status.CONFIRMED


def test_tap_needs_no_cookie(amira: Person, hanna: Person) -> None:
    asked(amira, hanna)

    Client(enforce_csrf_checks=True).post(link_of(hanna, "host_asked") + "accept/")

    assert Match.objects.get().host_accepted_at is not None


def test_decline_asks_why_first(client: Client, amira: Person, hanna: Person) -> None:
    match = asked(amira, hanna)
    link = link_of(hanna, "host_asked") + "decline/"

    without = client.post(link, {"note": "the stairs"})
    assert (without.status_code, problems_of(without)) == (422, [("id_reason_0", "Choose a reason from the list.")])
    assert without.context["form"]["note"].value() == "the stairs"
    assert note_of(hanna, "host_asked").tapped_at is None

    client.post(link, {"reason": "not_now", "note": "the stairs"})
    event = match.events.last()
    assert (event.act, event.reason, words_of(event)) == ("decline", "not_now", "the stairs")


@pytest.mark.parametrize(("name", "status"), [("still_available", "listed"), ("pause", "paused")])
def test_one_tap_answers_whether_the_space_is_still_available(
    client: Client, hanna: Person, name: str, status: str
) -> None:
    space, link = asked_whether_it_stands(hanna)
    assert client.get(link).context["space"] == space

    client.post(f"{link}{name}/")

    after = Space.objects.get()
    assert (after.status, after.version, after.asked_at is None) == (status, 2, name == "still_available")


# -- only once ---------------------------------------------------------------------------------------


def test_link_works_once_and_says_when_it_was_used(client: Client, hanna: Person) -> None:
    _space, link = asked_whether_it_stands(hanna)
    client.post(link + "still_available/")
    after = state()

    again = client.post(link + "pause/", follow=True)

    assert state() == after
    assert (again.status_code, again.context["answered_at"]) == (200, note_of(hanna, "still_available").tapped_at)


def test_link_works_more_than_once_without_its_mark(
    client: Client, hanna: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control: without the mark in the row, a used link acts again."""
    _space, link = asked_whether_it_stands(hanna)
    monkeypatch.setattr("notifications.taps.use", lambda notification, at: True)

    client.post(link + "still_available/")
    client.post(link + "pause/")

    assert (Space.objects.get().status, Space.objects.get().version) == ("paused", 3)


def test_refused_act_leaves_the_link_unused(client: Client, amira: Person, hanna: Person) -> None:
    match = asked(amira, hanna)
    link = link_of(hanna, "host_asked") + "accept/"
    answer = _just_before(match, lambda: transitions.report_not_safe(match.pk, by=amira.user, at=timezone.now()))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("matching.web.tap._answer", answer)
        response = client.post(link)

    assert (response.status_code, problems_of(response)) == (
        409,
        [("", "This is not possible just now. Try again later, or ask the coordinators if it cannot wait.")],
    )
    assert note_of(hanna, "host_asked").tapped_at is None


def _just_before(match: Match, happens: Callable[[], object]) -> Callable[..., None]:
    """Return an answering function that first lets another act happen, as on a page open on another phone."""
    answer = tapping._answer

    def then(*args: Any) -> None:
        happens()
        answer(*args)

    return then


# -- only in time ------------------------------------------------------------------------------------


def test_link_ends_with_the_time_to_answer(client: Client, amira: Person, hanna: Person) -> None:
    match = asked(amira, hanna)
    link, due = link_of(hanna, "host_asked"), match.due_at
    assert isinstance(due, datetime)
    before = state()

    with time_machine.travel(due, tick=False):
        looked = client.get(link)
        tapped = client.post(link + "accept/", follow=True)

    assert [looked.status_code, tapped.status_code] == [410, 410]
    assert "There is nothing to answer here any more" in text_of(looked)
    assert state() == before


def test_link_ends_once_the_question_was_answered_on_the_page(client: Client, amira: Person, hanna: Person) -> None:
    match = asked(amira, hanna)
    transitions.accept(match.pk, by=hanna.user, at=timezone.now())
    before = state()

    assert client.get(link_of(hanna, "host_asked")).status_code == 410
    assert client.post(link_of(hanna, "host_asked") + "decline/", {"reason": "other"}).status_code == 302
    assert state() == before


def test_link_ends_when_the_match_has_moved_on(client: Client, amira: Person, hanna: Person) -> None:
    match = asked(amira, hanna)
    transitions.decline(match.pk, by=amira.user, at=timezone.now(), reason="too_far")

    assert client.get(link_of(hanna, "host_asked")).status_code == 410


# -- only for its recipient --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "forge", [lambda token: token[:-1], lambda token: "1" + token, lambda token: token.split(".")[0]]
)
def test_forged_link_does_not_exist(client: Client, amira: Person, hanna: Person, forge: Callable[[str], str]) -> None:
    asked(amira, hanna)
    token = forge(taps.token_of(note_of(hanna, "host_asked")))
    before = state()

    assert [client.get(f"/t/{token}/").status_code, client.post(f"/t/{token}/accept/").status_code] == [404, 404]
    assert state() == before


@pytest.mark.parametrize("name", ["cancel", "check_in", "not_safe", "still_available", "pause", "approve", "dance"])
def test_link_gives_no_other_answer(client: Client, amira: Person, hanna: Person, name: str) -> None:
    asked(amira, hanna)
    before = state()

    response = client.post(f"{link_of(hanna, 'host_asked')}{name}/", {"reason": "other"})

    assert (response.status_code, state()) == (404, before)


def test_link_of_the_outsider_reaches_his_own_match_only(
    client: Client, amira: Person, hanna: Person, oskar: Person
) -> None:
    match = asked(amira, hanna)
    his = people.match_in(
        Status.APPROVED,
        people.request(people.amira(name="Other").arrival, place=people.place("Tbilisi")),
        oskar.host.spaces.get(),
    )

    client.post(link_of(oskar, "host_asked") + "accept/")

    assert Match.objects.get(pk=his.pk).host_accepted_at is not None
    assert Match.objects.get(pk=match.pk).host_accepted_at is None


def test_link_of_a_person_who_has_left_does_not_exist(client: Client, amira: Person, hanna: Person) -> None:
    asked(amira, hanna)
    link = link_of(hanna, "host_asked")
    hanna.user.is_active = False
    hanna.user.save()

    assert client.get(link).status_code == 404


@pytest.mark.django_db(transaction=True)
def test_two_answers_at_once_act_once() -> None:
    hanna = people.hanna()
    _space, link = asked_whether_it_stands(hanna)
    answers = ["still_available", "pause"] * 3
    ready = Barrier(len(answers))

    def tap(name: str) -> int:
        ready.wait()
        try:
            return Client().post(f"{link}{name}/").status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(len(answers)) as hands:
        statuses = list(hands.map(tap, answers))

    assert statuses == [302] * len(answers)
    assert Space.objects.get().version == 2
