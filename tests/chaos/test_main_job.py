# ruff: noqa: E501 - the rows of the two sheets are long
"""The main job, from two spreadsheets to a completed stay, through real doors with a real worker.

gunicorn, a Celery worker and the service's commands run as processes of their own on one database;
Carla, Hanna, Amira and Oskar come by HTTP; every message goes to a real gateway.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from django.core.management import call_command
from django.utils import timezone

from accounts import second_factor
from matching.models import Match, PendingDecision, ShelterRequest
from matching.queries import called
from matching.states import Status
from notifications.models import Delivery
from privacy.models import AccessLog
from tests import people, processes
from tests.people import PASSWORD, tonight
from tests.processes import ROOT, wait_for
from tests.standins.gateway import Gateway

pytestmark = pytest.mark.django_db(transaction=True)

SPACES = """space_id,host,phone,email,telegram,place,address,lat,lon,beds,shared,windows,max_nights,who,children,pets,smoking,step_free,languages,vetted
s1,Hanna Musterfrau,+7 701 555 02 01,,,Алматы,"Abay Avenue 10, flat 5",,,3,no,{first}/{last},,anyone,yes,no,no,yes,ru en,yes
s2,Far Away,+7 701 555 02 02,,,Oral,Somewhere 1,,,9,yes,{first}/{last},,anyone,yes,yes,no,yes,ru,yes
"""
REQUESTS = """request_id,name,phone,email,telegram,place,lat,lon,radius_km,people,children,all_women,first_night,nights,min_nights,pets,step_free,women_only,smoking,languages,language_required,urgency,registered_at,may_move,may_split,notes
r1,Amira Testova,+7 701 555 03 01,,,Алма-Ата,,,20,2,0,no,{first},5,3,no,yes,no,,ru,yes,4,{registered},no,no,at the station
"""
PRIVATE = ("Hanna Musterfrau", "+77015550201", "Abay Avenue 10", "Amira Testova", "+77015550301")


class Visitor:
    """A browser at the real site, with its cookies and CSRF token."""

    def __init__(self, site: str) -> None:
        self.http = httpx.Client(base_url=site, follow_redirects=True, timeout=30)

    def get(self, path: str) -> httpx.Response:
        return self.http.get(path)

    def post(self, path: str, **fields: str) -> httpx.Response:
        if "csrftoken" not in self.http.cookies:
            self.http.get("/")
        token = self.http.cookies.get("csrftoken", "")
        headers = {"X-CSRFToken": token, "Referer": str(self.http.base_url)}
        return self.http.post(path, data=fields, headers=headers)


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    with Gateway() as server:
        yield server


@pytest.fixture
def site(tmp_path: Path, gateway: Gateway) -> Iterator[str]:
    call_command("load_gazetteer", stdout=(tmp_path / "gazetteer").open("w"))
    with (
        processes.worker(tmp_path / "worker.log", **gateway.environment),
        processes.web(tmp_path / "web.log", threads=4, **gateway.environment) as address,
    ):
        yield address


def command(*words: str, **env: str) -> None:
    """Run one of the service's commands, as a person in a shell would."""
    subprocess.run([sys.executable, "manage.py", *words], cwd=ROOT, env=processes.environment(**env), check=True)


def messages_to(gateway: Gateway, phone: str) -> list[str]:
    return [message["text"] for message in list(gateway.taken.values()) if message["to"] == phone]


def test_from_two_spreadsheets_to_a_completed_stay(site: str, gateway: Gateway, tmp_path: Path) -> None:
    carla_user, oskar_person = people.carla(), people.oskar()
    days = {"first": tonight(), "last": tonight(30), "registered": f"{tonight(-1)}T08:00:00Z"}
    (tmp_path / "SPACES.csv").write_text(SPACES.format(**days), encoding="utf-8")
    (tmp_path / "REQUESTS.csv").write_text(REQUESTS.format(**days), encoding="utf-8")

    # The sheets are imported, and the worker proposes by itself.
    by = ("--by", carla_user.user.username)
    command("import_spaces", str(tmp_path / "SPACES.csv"), "--trust-vetted", *by, **gateway.environment)
    command("import_requests", str(tmp_path / "REQUESTS.csv"), *by, **gateway.environment)
    asked = ShelterRequest.objects.get(called(["r1"]))
    wait_for(lambda: Match.objects.filter(request=asked).exists(), what="a proposal")
    match = Match.objects.get(request=asked)
    assert (match.status, match.space.external_id, match.people) == (Status.PROPOSED, "s1", 2)

    # Oskar is signed in to a case of his own. He finds nothing of Amira's match, now and at every later step.
    oskar = Visitor(site)
    oskar.post("/case/", case_number=oskar_person.user.username, secret=oskar_person.secret)

    def oskar_finds_nothing() -> None:
        acts = ("accept", "decline", "cancel", "check_in", "not_safe")
        paths = [f"/{side}/match/{match.pk}/{act}/" for side in ("case", "host") for act in acts]
        paths += [f"/case/match/{match.pk}/contact/", f"/host/match/{match.pk}/contact/"]
        assert {path: oskar.get(path).status_code for path in paths} == dict.fromkeys(paths, 404)
        assert oskar.get(f"/api/v1/matches/{match.pk}/").status_code == 404
        assert oskar.get(f"/api/v1/requests/{asked.pk}/").status_code == 404

    oskar_finds_nothing()

    # Carla approves in the admin. She gives Amira, whose request came from the sheet, her case number and a secret.
    carla = Visitor(site)
    carla.get("/admin/login/")
    phone = people.authenticator(carla_user)
    carla.post("/admin/login/", username="carla", password=PASSWORD, next="/admin/")
    digits = second_factor.digits_now(phone.secret, at=timezone.now())
    carla.post("/admin/login/code/", code=digits)
    queue = carla.get("/admin/matching/match/queue/").text
    assert str(match.pk) in queue
    assert [private for private in PRIVATE if private in queue] == []
    carla.post("/admin/matching/match/queue/decide/", act="approve", seen=f"{match.pk}.{match.version}")
    assert Match.objects.get(pk=match.pk).status == Status.PROPOSED  # Carla could still undo the approval.
    PendingDecision.objects.update(due_at=timezone.now())
    command("sweep", **gateway.environment)
    secret_page = carla.post(f"/admin/matching/shelterrequest/{asked.pk}/secret/").text
    secret = re.search(r'id="new-secret">([\d ]+)<', secret_page)
    assert secret is not None

    # Hanna signs in with the code that came to her phone, and accepts; she sees no name yet.
    hanna = Visitor(site)
    hanna.post("/host/sign-in/", contact="8 701 555 02 01")
    wait_for(lambda: any(re.search(r"\d{6}", text) for text in messages_to(gateway, "+77015550201")), what="a code")
    code = next(found[0] for text in messages_to(gateway, "+77015550201") if (found := re.search(r"\d{6}", text)))
    assert "Amira" not in hanna.post("/host/code/", code=code).text
    hanna.post(f"/host/match/{match.pk}/accept/")
    assert hanna.post(f"/host/match/{match.pk}/contact/").status_code in (403, 404, 409)
    oskar_finds_nothing()

    # Amira signs in with her secret and accepts. The match is confirmed, and each side sees the other's contact.
    amira = Visitor(site)
    amira.post("/case/", case_number=asked.arrival.case_number, secret=secret[1])
    amira.post(f"/case/match/{match.pk}/accept/")
    match.refresh_from_db()
    assert match.status == Status.CONFIRMED
    seen_by_amira = amira.post(f"/case/match/{match.pk}/contact/").text
    seen_by_hanna = hanna.post(f"/host/match/{match.pk}/contact/").text
    assert all(words in seen_by_amira for words in ("Hanna Musterfrau", "+77015550201", "Abay Avenue 10"))
    assert all(words in seen_by_hanna for words in ("Amira Testova", "+77015550301"))
    assert sorted(AccessLog.objects.values_list("by", "about")) == sorted(
        [
            (carla_user.user.pk, asked.arrival.user_id),
            (asked.arrival.user_id, match.space.host.user_id),
            (match.space.host.user_id, asked.arrival.user_id),
        ]
    )
    oskar_finds_nothing()

    # Amira arrives, and the stay ends well.
    amira.post(f"/case/match/{match.pk}/check_in/")
    assert Match.objects.get(pk=match.pk).status == Status.CONFIRMED  # Amira could still take it back.
    PendingDecision.objects.update(due_at=timezone.now())
    command("sweep", **gateway.environment)
    hanna.post(f"/host/match/{match.pk}/complete/")
    match.refresh_from_db()
    assert [event.act for event in match.events.all()] == [
        *("propose", "approve", "accept", "accept", "confirm", "check_in", "complete")
    ]
    assert match.status == Status.COMPLETED
    oskar_finds_nothing()

    # Every message came to the gateway exactly once, and none contains a name or an address.
    wait_for(lambda: not Delivery.objects.exclude(status="sent").exists(), what="delivery of everything")
    assert Counter(request.key for request in gateway.requests).most_common(1)[0][1] == 1
    # The messages that this process caused while it set the scene went to the console.
    sent = Delivery.objects.filter(transport="gateway")
    assert set(gateway.taken) == {str(key) for key in sent.values_list("idempotency_key", flat=True)}
    events = Counter(sent.values_list("notification__event", flat=True))
    about_the_match = {event: count for event, count in events.items() if event.startswith(("host_", "arrival_"))}
    assert about_the_match == {
        **dict.fromkeys(["host_asked", "host_confirmed", "host_checked_in", "arrival_asked", "arrival_confirmed"], 1),
        "arrival_completed": 1,
        "host_vetted": events["host_vetted"],
    }
    told = " ".join(message["text"] for message in gateway.taken.values())
    assert [private for private in PRIVATE if private in told] == []
