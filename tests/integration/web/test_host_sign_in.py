"""Hanna signs in by a code, also after the first answer was lost; nobody else can."""

from __future__ import annotations

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from accounts.signing_in import CODE_TRIES, answer_code_requests
from accounts.throttles import CODE_SECONDS, CODES
from notifications.models import Notification
from tests import people
from tests.integration.web.walks import latest_code, problems_of, title_of
from tests.people import Person

pytestmark = pytest.mark.django_db


def test_sign_in_by_code_opens_the_host_page(client: Client, hanna: Person) -> None:
    assert client.get("/host/").headers["Location"] == "/host/sign-in/"
    client.post("/host/sign-in/", {"contact": "HANNA@example.org"})

    response = client.post("/host/code/", {"code": latest_code(hanna.user.pk)}, follow=True)

    assert (title_of(response), response.context["host"]) == ("Your spaces – Shanyrak", hanna.host)


def test_sign_in_of_somebody_unknown_looks_the_same_and_sends_nothing(client: Client, hanna: Person) -> None:
    known = Client(headers={"accept-language": "en"}).post("/host/sign-in/", {"contact": hanna.contact}, follow=True)
    answer_code_requests(at=timezone.now())
    sent = Notification.objects.filter(event="sign_in_code").count()

    unknown = client.post("/host/sign-in/", {"contact": "nobody@example.org"}, follow=True)
    answer_code_requests(at=timezone.now())

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


def test_right_code_is_refused_for_a_while_after_ten_wrong_ones_from_there(client: Client, hanna: Person) -> None:
    client.post("/host/sign-in/", {"contact": hanna.contact})
    code = latest_code(hanna.user.pk)
    wrong = "000000" if code != "000000" else "111111"

    for _try in range(CODE_TRIES):
        assert client.post("/host/code/", {"code": wrong}).status_code == 422
    response = client.post("/host/code/", {"code": code})

    assert (response.status_code, problems_of(response)) == (
        429,
        [("id_code", "Too many tries. Wait a few minutes and try again.")],
    )


def test_code_works_once(client: Client, hanna: Person) -> None:
    client.post("/host/sign-in/", {"contact": hanna.contact})
    code = latest_code(hanna.user.pk)
    thief = Client()
    thief.post("/host/sign-in/", {"contact": "nobody@example.org"})
    client.post("/host/code/", {"code": code})

    assert thief.post("/host/code/", {"code": code}).status_code == 422


def test_code_repeated_after_a_lost_reply_signs_in_again_only_from_the_same_browser(
    client: Client, hanna: Person
) -> None:
    page = client.post("/host/sign-in/", {"contact": hanna.contact}, follow=True)
    typed = {"code": latest_code(hanna.user.pk), "to": page.context["form"]["to"].value()}
    cut_off, other = browser_with(client), other_browser()
    client.post("/host/code/", typed)  # The answer to this post is lost, so the `cut_off` browser keeps its old cookie.

    repeated = cut_off.post("/host/code/", typed)
    stolen = other.post("/host/code/", typed)

    assert repeated.headers["Location"] == "/host/"
    assert cut_off.get("/host/").context["host"] == hanna.host
    assert (stolen.status_code, other.get("/host/").headers["Location"]) == (422, "/host/sign-in/")


def test_code_repeated_after_ten_minutes_is_refused(client: Client, hanna: Person) -> None:
    page = client.post("/host/sign-in/", {"contact": hanna.contact}, follow=True)
    typed = {"code": latest_code(hanna.user.pk), "to": page.context["form"]["to"].value()}
    cut_off = browser_with(client)
    client.post("/host/code/", typed)

    with time_machine.travel(timezone.now() + people.timedelta(minutes=10)):
        assert cut_off.post("/host/code/", typed).status_code == 422


def test_wrong_code_repeated_is_refused(client: Client, hanna: Person) -> None:
    page = client.post("/host/sign-in/", {"contact": hanna.contact}, follow=True)
    code = latest_code(hanna.user.pk)
    cut_off = browser_with(client)
    client.post("/host/code/", {"code": code})

    typed = {"code": "000000" if code != "000000" else "111111", "to": page.context["form"]["to"].value()}
    assert cut_off.post("/host/code/", typed).status_code == 422


@pytest.mark.parametrize("seal", ["", "hanna@example.org", "gAAAAAB"])
def test_contact_without_our_signature_leads_back_to_the_sign_in(client: Client, hanna: Person, seal: str) -> None:
    assert (
        client.post("/host/code/", {"code": "123456", "to": seal}, follow=True).request["PATH_INFO"] == "/host/sign-in/"
    )


def browser_with(client: Client) -> Client:
    """Return a browser with the cookies that `client` holds now."""
    browser = other_browser()
    browser.cookies.load({name: morsel.value for name, morsel in client.cookies.items()})
    return browser


def other_browser() -> Client:
    return Client(headers={"accept-language": "en"})


def test_codes_asked_for_too_often_are_throttled(client: Client, hanna: Person) -> None:
    for _time in range(CODES):
        client.post("/host/sign-in/", {"contact": hanna.contact})

    response = client.post("/host/sign-in/", {"contact": hanna.contact})

    assert (response.status_code, problems_of(response)) == (
        429,
        [("", "Too many tries. Wait a few minutes and try again.")],
    )
    assert 0 < int(response.headers["Retry-After"]) <= CODE_SECONDS


def test_code_page_without_a_contact_leads_back(client: Client) -> None:
    assert client.get("/host/code/", follow=True).request["PATH_INFO"] == "/host/sign-in/"
