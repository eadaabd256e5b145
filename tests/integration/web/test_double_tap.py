"""A button tapped several times at once, on a real database with real transactions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Barrier
from typing import Any

import pytest
from django.db import connection
from django.http import HttpRequest
from django.test import Client

from accounts.models import Arrival, Host, OneTimeCode
from matching import intake
from matching.models import KeptDraft, ShelterRequest, Space
from matching.web import need
from matching.web.drafts import Draft, draft_of
from tests import people
from tests.integration.web.walks import answer_need, answer_offer, latest_code, send, token_of

pytestmark = pytest.mark.django_db(transaction=True)
TAPS = 4


def at_once(client: Client, address: str, typed: dict[str, str]) -> list[Any]:
    """Post the same form `TAPS` times at once from one browser."""
    cookies = {name: morsel.value for name, morsel in client.cookies.items()}
    browsers = [Client(headers={"accept-language": "en"}) for _tap in range(TAPS)]
    for browser in browsers:
        browser.cookies.load(cookies)
    return together([(browser, address, typed) for browser in browsers])


def together(posts: list[tuple[Client, str, dict[str, str]]]) -> list[Any]:
    """Post every form at once, each over its own database connection."""
    ready = Barrier(len(posts))

    def tap(browser: Client, address: str, typed: dict[str, str]) -> Any:
        ready.wait()
        try:
            return browser.post(address, typed)
        finally:
            connection.close()

    with ThreadPoolExecutor(len(posts)) as taps:
        return [done.result() for done in [taps.submit(tap, *post) for post in posts]]


def test_ask_tapped_several_times_at_once_makes_one_request(client: Client) -> None:
    token = token_of(answer_need(client))

    answers = at_once(client, "/need/check/", {"token": token})

    assert [answer.headers["Location"] for answer in answers] == ["/need/done/"] * TAPS
    assert ShelterRequest.objects.count() == Arrival.objects.count() == 1
    assert Arrival.objects.get().case_number == client.get("/need/done/").context["case_number"].replace(" ", "")


def test_ask_tapped_at_once_without_the_lock_makes_several(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """The negative control: without the lock, each tap makes a request."""
    token = token_of(answer_need(client))
    inside = Barrier(TAPS)

    @contextmanager
    def unlocked(request: HttpRequest, name: str) -> Iterator[Draft]:
        yield draft_of(request, name)

    monkeypatch.setattr(need, "sent_once", unlocked)
    monkeypatch.setattr(intake, "open_case", _after(inside, intake.open_case))
    at_once(client, "/need/check/", {"token": token})

    assert ShelterRequest.objects.count() == TAPS


def test_number_taken_several_times_at_once_is_one_case(client: Client) -> None:
    client.get("/need/people/")

    at_once(client, "/need/keep/", {})

    assert Arrival.objects.count() == KeptDraft.objects.count() == 1
    assert client.get("/need/keep/").context["case_number"].replace(" ", "") == Arrival.objects.get().case_number


def test_draft_sent_from_several_phones_at_once_makes_one_request(client: Client) -> None:
    kept = client.post("/need/keep/", follow=True).context
    token = token_of(answer_need(client))
    phones = [Client(headers={"accept-language": "en"}) for _phone in range(TAPS)]
    for phone in phones:
        phone.post("/case/", {"case_number": kept["case_number"], "secret": kept["secret"]})

    answers = together([(phone, "/need/check/", {"token": token}) for phone in phones])

    assert [answer.headers["Location"] for answer in answers] == ["/case/"] * TAPS
    assert ShelterRequest.objects.count() == 1


def _after(barrier: Barrier, act: Callable[..., Any]) -> Callable[..., Any]:
    def wait_and_act(**kwargs: Any) -> Any:
        barrier.wait()
        return act(**kwargs)

    return wait_and_act


def test_code_tapped_several_times_at_once_offers_one_space(client: Client) -> None:
    send(client, answer_offer(client))
    typed = {
        "code": latest_code(Host.objects.get().user_id),
        "to": client.get("/offer/code/").context["form"]["to"].value(),
    }

    answers = at_once(client, "/offer/code/", typed)

    assert Space.objects.count() == 1
    assert [answer.headers["Location"] for answer in answers] == ["/host/"] * TAPS
    # The browser keeps the cookie of any one answer, and each of them is signed in.
    assert [answer.client.get("/host/").status_code for answer in answers] == [200] * TAPS


def test_code_tapped_several_times_at_once_signs_in_once_or_again_but_never_fails(client: Client) -> None:
    hanna = people.hanna()
    page = client.post("/host/sign-in/", {"contact": hanna.contact}, follow=True)
    typed = {"code": latest_code(hanna.user.pk), "to": page.context["form"]["to"].value()}

    answers = at_once(client, "/host/code/", typed)

    assert [answer.headers["Location"] for answer in answers] == ["/host/"] * TAPS
    assert OneTimeCode.objects.get().used_at is not None


def test_accept_tapped_several_times_at_once_counts_once(client: Client) -> None:
    amira = people.amira()
    match = people.match_in(people.Status.APPROVED, people.request(amira.arrival), people.space(people.hanna().host))
    client.force_login(amira.user)

    answers = at_once(client, f"/case/match/{match.pk}/accept/", {})

    assert [answer.headers["Location"] for answer in answers] == ["/case/"] * TAPS
    assert match.events.filter(act="accept").count() == 1
