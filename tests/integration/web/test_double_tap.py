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

from accounts.models import Arrival, Host
from matching.models import ShelterRequest, Space
from matching.web import need
from matching.web.drafts import Draft
from tests import people
from tests.integration.web.walks import answer_need, answer_offer, latest_code, send, text_of, token_of

pytestmark = pytest.mark.django_db(transaction=True)
TAPS = 4


def at_once(client: Client, address: str, typed: dict[str, str]) -> list[Any]:
    """Post the same form `TAPS` times at once from one browser, each over a connection of its own."""
    together = Barrier(TAPS)
    cookies = {name: morsel.value for name, morsel in client.cookies.items()}

    def tap(_number: int) -> Any:
        browser = Client(headers={"accept-language": "en"})
        browser.cookies.load(cookies)
        together.wait()
        try:
            return browser.post(address, typed)
        finally:
            connection.close()

    with ThreadPoolExecutor(TAPS) as taps:
        return list(taps.map(tap, range(TAPS)))


def test_ask_tapped_several_times_at_once_makes_one_request(client: Client) -> None:
    token = token_of(answer_need(client))

    answers = at_once(client, "/need/check/", {"token": token})

    assert [answer.headers["Location"] for answer in answers] == ["/need/done/"] * TAPS
    assert ShelterRequest.objects.count() == Arrival.objects.count() == 1
    assert Arrival.objects.get().case_number == client.get("/need/done/").context["case_number"].replace(" ", "")


def test_ask_tapped_at_once_without_the_lock_makes_several(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """The negative control: it is the lock that makes them one."""
    token = token_of(answer_need(client))
    inside = Barrier(TAPS)

    @contextmanager
    def unlocked(request: HttpRequest, name: str) -> Iterator[Draft]:
        yield Draft(request.session, name)

    monkeypatch.setattr(need, "sent_once", unlocked)
    monkeypatch.setattr(need, "open_case", _after(inside, need.open_case))
    at_once(client, "/need/check/", {"token": token})

    assert ShelterRequest.objects.count() == TAPS


def _after(barrier: Barrier, act: Callable[..., Any]) -> Callable[..., Any]:
    def wait_and_act(**kwargs: Any) -> Any:
        barrier.wait()
        return act(**kwargs)

    return wait_and_act


def test_code_tapped_several_times_at_once_offers_one_space(client: Client) -> None:
    send(client, answer_offer(client))
    code = latest_code(Host.objects.get().user_id)

    answers = at_once(client, "/offer/code/", {"code": code})

    assert Space.objects.count() == 1
    assert [answer.status_code for answer in answers] == [302] * TAPS
    assert sum(answer.headers["Location"] == "/host/" for answer in answers) == TAPS


def test_accept_tapped_several_times_at_once_counts_once(client: Client) -> None:
    amira = people.amira()
    match = people.match_in(people.Status.APPROVED, people.request(amira.arrival), people.space(people.hanna().host))
    client.force_login(amira.user)

    answers = at_once(client, f"/case/match/{match.pk}/accept/", {})

    assert sorted(answer.status_code for answer in answers) == [302, 409, 409, 409]
    assert match.events.filter(act="accept").count() == 1
    assert "You have accepted already." in text_of(next(each for each in answers if each.status_code == 409))
