"""The demo: a made-up week that begins today, and three people with published passwords and codes."""

from __future__ import annotations

from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from accounts.models import Coordinator, Host, OneTimeCode, User
from accounts.signing_in import answer_code_requests, send_code, sign_in_to_case
from matching.management import demo
from matching.models import Match, ShelterRequest, Space
from matching.states import Status
from notifications.models import Delivery
from tests import people
from tests.people import tonight

pytestmark = pytest.mark.django_db

NOBODY = """\
Shanyrak          http://127.0.0.1:8000/
as coordinator    http://127.0.0.1:8000/admin/  nobody yet: manage.py make_lead NAME CONTACT makes the first two
as host           http://127.0.0.1:8000/host/sign-in/
as arrival        http://127.0.0.1:8000/case/
"""
EVERYBODY = """\
Shanyrak          http://127.0.0.1:8000/
as coordinator    http://127.0.0.1:8000/admin/  user name carla, password shanyrak-demo
                  (a second one, where two must approve: dana, same password)
                  then six digits, which appear here
as host           http://127.0.0.1:8000/host/sign-in/  hanna@example.org; its one-time code appears here
as arrival        http://127.0.0.1:8000/case/  case number 1000 2000, secret 1234 5678 9012
"""


@pytest.fixture(autouse=True)
def site(settings: Any) -> None:
    """Pin the site's address and the console channel, whatever the environment sets."""
    settings.SITE_URL = "http://127.0.0.1:8000"
    settings.NOTIFICATION_TRANSPORTS = ["console"]


def said(command: str) -> str:
    out = StringIO()
    call_command(command, stdout=out)
    return out.getvalue()


def test_load_demo_brings_the_week_and_its_people_once(capsys: pytest.CaptureFixture[str]) -> None:
    said("load_gazetteer")

    assert said("load_demo") == "181 spaces and 301 shelter requests.\n"
    assert said("load_demo") == "The demo is loaded already; nothing was changed.\n"

    assert (Space.objects.count(), ShelterRequest.objects.count(), Coordinator.objects.count()) == (181, 301, 2)
    assert Host.objects.filter(status=Host.Status.UNVETTED).count() == 13
    assert Delivery.objects.count() == 0
    nights = ShelterRequest.objects.order_by("first_night").values_list("first_night", flat=True)
    assert (nights[0], nights[300]) == (tonight(), tonight(13))
    the_known_keys_fit(capsys)
    assert said("how_to_sign_in") == EVERYBODY


def the_known_keys_fit(capsys: pytest.CaptureFixture[str]) -> None:
    amira = sign_in_to_case("1000 2000", "1234 5678 9012", source="test", at=timezone.now())
    assert (amira.name, amira.arrival.requests.get().external_id) == ("Amira", "demo-amira")
    assert [told.context for told in amira.notifications.filter(event="request_received")] == [
        {"case_number": "10002000"}
    ]
    send_code(demo.HANNA_CONTACT, source="test", at=timezone.now())
    answer_code_requests(at=timezone.now())
    hanna = OneTimeCode.objects.get().user
    assert (hanna.name, hanna.host.status, hanna.host.spaces.get().external_id) == ("Hanna", "vetted", "demo-hanna")
    for username in ("carla", "dana"):
        client = Client()
        client.post("/admin/login/", {"username": username, "password": demo.PASSWORD}, follow=True)
        printed = capsys.readouterr().out
        assert f"the six digits of {username} now" in printed
        client.post("/admin/login/code/", {"code": printed.splitlines()[-2]})
        assert client.get("/admin/").status_code == 200
    Delivery.objects.all().delete()


def test_the_two_of_the_demo_come_to_confirmed_tonight() -> None:
    """Amira and Hanna are asked about each other from the start; their pages say so, and two yeses confirm it."""
    said("load_gazetteer")
    said("load_demo")
    match = Match.objects.get(request__external_id="demo-amira")
    assert (match.space.external_id, match.status, match.first_night) == ("demo-hanna", Status.APPROVED, tonight())
    assert match.due_at is not None
    assert match.due_at > timezone.now()

    for user, home in ((match.request.arrival.user, "/case/"), (match.space.host.user, "/host/")):
        phone = Client(headers={"accept-language": "en"})
        phone.force_login(user)
        assert "Accept" in phone.get(home, follow=True).content.decode()
        phone.post(f"{home}match/{match.pk}/accept/", follow=True)

    match.refresh_from_db()
    assert match.status == Status.CONFIRMED


def test_load_demo_refuses_a_database_with_people_in_it() -> None:
    people.amira()

    with pytest.raises(CommandError, match="There are people in this service already"):
        said("load_demo")

    assert User.objects.count() == 1


def test_load_demo_without_the_gazetteer_leaves_nothing_behind() -> None:
    with pytest.raises(CommandError, match=r"Run: python manage\.py load_gazetteer"):
        said("load_demo")

    assert User.objects.count() == 0


def test_how_to_sign_in_names_no_key_that_does_not_work() -> None:
    assert said("how_to_sign_in") == NOBODY

    carla = people.carla()

    assert said("how_to_sign_in").splitlines()[1] == "as coordinator    http://127.0.0.1:8000/admin/"
    carla.user.set_password(demo.PASSWORD)
    carla.user.save()
    assert said("how_to_sign_in").splitlines()[1:4] == [
        *EVERYBODY.splitlines()[1:3],
        "                  the first sign-in sets up the second factor, an app on your phone",
    ]
