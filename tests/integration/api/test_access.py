"""Every endpoint of the API for every caller, on own and others' rows. An endpoint without a row fails the first test."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import timezone
from rest_framework.test import APIClient

from accounts import tokens
from accounts.models import AccessToken, SignIn
from matching import transitions
from matching.models import Match, ShelterRequest, Space
from matching.states import Status
from notifications.models import Notification
from privacy.models import AccessLog
from tests import people
from tests.integration.api.conftest import Calling, request_body, space_body
from tests.people import Person, tonight

pytestmark = [pytest.mark.django_db, pytest.mark.once]

CALLERS = ("nobody", "amira", "hanna", "carla", "elsewhere", "oskar")
"""Amira and Hanna have a match in Almaty, which Carla coordinates; `elsewhere` is coordinator of Oral only."""


@dataclass(frozen=True)
class Things:
    """The rows that the calls are about."""

    match: Match
    note: Notification
    token: AccessToken
    session: SignIn

    @property
    def ids(self) -> dict[str, Any]:
        return {
            "places": people.place().pk,
            "spaces": self.match.space_id,
            "requests": self.match.request_id,
            "matches": self.match.pk,
            "notifications": self.note.pk,
            "tokens": self.token.pk,
            "sessions": self.session.pk,
        }


@dataclass(frozen=True)
class Row:
    """One endpoint with a match in `status`, and the status code that each of CALLERS gets."""

    endpoint: str
    answers: tuple[int, ...]
    status: Status = Status.CONFIRMED
    body: Callable[[Things], dict[str, Any]] = field(default=lambda things: {})
    frozen: bool = False

    def __str__(self) -> str:
        return f"{self.endpoint} {self.status}{' frozen' if self.frozen else ''}"


def _reason(things: Things) -> dict[str, Any]:
    return {"reason": "other"}


ANYBODY = (200,) * 6
SIGNED_IN = (401, 200, 200, 200, 200, 200)
HOST_SIDE = (401, 404, 200, 200, 404, 404)
ARRIVAL_SIDE = (401, 200, 404, 200, 404, 404)
BOTH_SIDES = (401, 200, 200, 200, 404, 404)
DESK = (401, 404, 404, 200, 404, 404)
AMIRAS = (401, 200, 404, 404, 404, 404)


def _since_yesterday() -> dict[str, str]:
    return {"first_night": str(tonight(-1)), "last_day": str(tonight(30))}


ROWS = [
    Row("GET places/", ANYBODY),
    Row("GET places/{id}/", ANYBODY),
    Row("GET schema/", ANYBODY),
    Row("GET docs/", ANYBODY),
    Row("GET nowhere/", (404,) * 6),
    Row("GET spaces/", SIGNED_IN),
    Row("POST spaces/", (401, 403, 201, 403, 403, 201), body=lambda it: space_body()),
    Row("GET spaces/{id}/", HOST_SIDE),
    Row("PUT spaces/{id}/", HOST_SIDE, body=lambda it: space_body(windows=[_since_yesterday()])),
    Row("POST spaces/{id}/pause/", HOST_SIDE),
    Row("POST spaces/{id}/list/", HOST_SIDE),
    Row("POST spaces/{id}/still-available/", HOST_SIDE),
    Row("POST spaces/{id}/withdraw/", HOST_SIDE, Status.CANCELLED),
    Row("POST spaces/{id}/withdraw/", (401, 404, 409, 409, 404, 404)),
    Row("GET requests/", SIGNED_IN),
    Row("POST requests/", (201, 201, 403, 403, 403, 201), body=lambda it: request_body()),
    Row("GET requests/{id}/", ARRIVAL_SIDE),
    Row("PUT requests/{id}/", ARRIVAL_SIDE, Status.CANCELLED, body=lambda it: request_body()),
    Row("PUT requests/{id}/", (401, 409, 404, 409, 404, 404), body=lambda it: request_body()),
    Row("POST requests/{id}/withdraw/", ARRIVAL_SIDE),
    Row("POST requests/{id}/withdraw/", (401, 409, 404, 409, 404, 404), Status.CHECKED_IN),
    Row("GET requests/{id}/candidates/", (401, 403, 404, 200, 404, 404)),
    Row("GET matches/", SIGNED_IN),
    Row(
        "POST matches/",
        (401, 404, 404, 201, 404, 404),
        Status.CANCELLED,
        body=lambda it: {"request": str(it.match.request_id), "space": str(it.match.space_id)},
    ),
    Row("GET matches/{id}/", DESK, Status.PROPOSED),
    Row("GET matches/{id}/", BOTH_SIDES, Status.APPROVED),
    Row("POST matches/{id}/approve/", DESK, Status.PROPOSED),
    Row("POST matches/{id}/approve/", (401, 409, 409, 409, 404, 404)),
    Row("POST matches/{id}/decline/", DESK, Status.PROPOSED, body=_reason),
    Row("POST matches/{id}/decline/", BOTH_SIDES, Status.APPROVED, body=_reason),
    Row("POST matches/{id}/accept/", (401, 200, 200, 403, 404, 404), Status.APPROVED),
    Row("POST matches/{id}/cancel/", BOTH_SIDES, body=_reason),
    Row("POST matches/{id}/check-in/", BOTH_SIDES),
    Row("POST matches/{id}/check-in/", (401, 409, 409, 409, 404, 404), frozen=True),
    Row("POST matches/{id}/no-show/", (401, 403, 200, 200, 404, 404)),
    Row("POST matches/{id}/undo-check-in/", BOTH_SIDES, Status.CHECKED_IN),
    Row("POST matches/{id}/undo-check-in/", (401, 409, 409, 409, 404, 404)),
    Row("POST matches/{id}/undo-no-show/", (401, 403, 200, 200, 404, 404), Status.NO_SHOW),
    Row("POST matches/{id}/complete/", BOTH_SIDES, Status.CHECKED_IN),
    Row("POST matches/{id}/break-off/", BOTH_SIDES, Status.CHECKED_IN, body=_reason),
    Row("POST matches/{id}/not-safe/", BOTH_SIDES),
    Row("POST matches/{id}/unfreeze/", (401, 403, 403, 200, 404, 404), frozen=True),
    Row("GET matches/{id}/safety/", (401, 200, 404, 404, 404, 404), frozen=True),
    Row(
        "POST matches/{id}/safety/", (401, 200, 404, 404, 404, 404), frozen=True, body=lambda it: {"reach": "+7 700 1"}
    ),
    Row("GET matches/{id}/history/", DESK, Status.PROPOSED),
    Row("GET matches/{id}/history/", BOTH_SIDES),
    Row("POST matches/{id}/contact/", (401, 200, 200, 403, 404, 404)),
    Row("POST matches/{id}/contact/", (401, 409, 409, 403, 404, 404), frozen=True),
    Row("POST matches/{id}/contact/", (401, 403, 403, 403, 404, 404), Status.APPROVED),
    Row("GET notifications/", SIGNED_IN),
    Row("GET notifications/unread/", SIGNED_IN),
    Row("POST notifications/read/", SIGNED_IN),
    Row("POST notifications/{id}/read/", AMIRAS),
    Row("GET tokens/", SIGNED_IN),
    Row("POST tokens/", (400, 201, 201, 201, 201, 201), body=lambda it: {"name": "another"}),
    Row("POST tokens/code/", (202,) * 6, body=lambda it: {"contact": "unknown@example.org"}),
    Row("DELETE tokens/{id}/", (401, 204, 404, 404, 404, 404)),
    Row("GET sessions/", SIGNED_IN),
    Row("DELETE sessions/{id}/", (401, 204, 404, 404, 404, 404)),
]


def _endpoints(patterns: list[URLPattern | URLResolver]) -> Iterator[str]:
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            yield from _endpoints(pattern.url_patterns)
            continue
        route = re.sub(r"\(\?P<pk>[^)]*\)", "{id}", str(pattern.pattern)).strip("^$") or "nowhere/"
        for method in getattr(pattern.callback, "actions", {"get": "get"}):
            # Django REST Framework adds HEAD to a view at its first call, so its presence depends on earlier tests.
            if method != "head":
                yield f"{method.upper()} {route}"


def test_every_endpoint_has_a_row() -> None:
    api = get_resolver("matching.api.urls")

    assert {row.endpoint for row in ROWS} == set(_endpoints(api.url_patterns))


@pytest.fixture
def status() -> Status:
    """Return the status of the match; the matrix asks for others as well."""
    return Status.CONFIRMED


@pytest.fixture
def frozen() -> bool:
    return False


@pytest.fixture
def things(status: Status, frozen: bool, amira: Person, hanna: Person, carla: Person) -> Things:
    match = people.match_since_yesterday(status, amira.arrival, hanna.host)
    if frozen:
        transitions.report_not_safe(match.pk, by=amira.user, at=timezone.now())
        people.agreed_to_go_on(match)
    token, _secret = tokens.issue(amira.user, name="hers", scope="read", days=1, at=timezone.now())
    Client().force_login(amira.user)
    note = amira.user.notifications.filter(event="request_received").get()
    return Things(match, note, token, SignIn.objects.get(user=amira.user))


@pytest.fixture
def client_of(nobody: APIClient, calling: Calling, request: pytest.FixtureRequest) -> Callable[[str], APIClient]:
    def client(caller: str) -> APIClient:
        if caller == "nobody":
            return nobody
        if caller == "elsewhere":
            return calling(people.carla("elsewhere", places=(people.place("Oral"),)))
        return calling(request.getfixturevalue(caller))

    return client


def state() -> tuple[object, ...]:
    return (
        sorted(Match.objects.values_list("pk", "status", "version", "frozen_at")),
        sorted(Space.objects.values_list("pk", "status", "version")),
        sorted(ShelterRequest.objects.values_list("pk", "version", "withdrawn_at")),
        sorted(Notification.objects.exclude(read_at=None).values_list("pk", flat=True)),
        sorted(AccessToken.objects.exclude(revoked_at=None).values_list("pk", flat=True)),
        sorted(SignIn.objects.exclude(revoked_at=None).values_list("pk", flat=True)),
        AccessLog.objects.count(),
    )


def answered(
    row: Row, things: Things, clients: dict[str, APIClient]
) -> tuple[tuple[int, ...], dict[str, str], set[str]]:
    """Return the status that each caller gets, the content types of refusals, and who changed something although refused."""
    method, path = row.endpoint.split(" ")
    address = f"/api/v1/{path.replace('{id}', str(things.ids.get(path.split('/')[0])))}"
    answers, forms, changed = [], {}, set()
    for caller, client in clients.items():
        with people.undone(client):  # Every caller finds the same rows.
            before, body = state(), json.dumps(row.body(things))
            response = client.generic(method, address, body, content_type="application/json")
            answers.append(response.status_code)
            if response.status_code >= 400:
                forms[caller] = response.headers["Content-Type"]
                if state() != before:
                    changed.add(caller)
    return tuple(answers), forms, changed


@pytest.mark.parametrize(("status", "frozen"), sorted({(row.status, row.frozen) for row in ROWS}))
def test_call_is_answered_as_the_caller_may(
    status: Status, frozen: bool, things: Things, client_of: Callable[[str], APIClient]
) -> None:
    clients = {caller: client_of(caller) for caller in CALLERS}
    rows = [row for row in ROWS if (row.status, row.frozen) == (status, frozen)]

    found = [(str(row), *answered(row, things, clients)) for row in rows]

    assert [(told, answers) for told, answers, _, _ in found] == [(str(row), row.answers) for row in rows]
    assert {form for _, _, forms, _ in found for form in forms.values()} <= {"application/problem+json"}
    assert [(told, changed) for told, _, _, changed in found if changed] == []


@pytest.mark.parametrize("resource", ["spaces", "requests", "matches", "notifications", "tokens"])
@pytest.mark.parametrize("caller", CALLERS[1:])
def test_list_holds_only_what_the_caller_may_see(
    resource: str, caller: str, things: Things, client_of: Callable[[str], APIClient], oskar: Person
) -> None:
    """Oskar's own rows exist as well, so that a list that leaks would show them."""
    there, here = "Tbilisi", "Almaty"
    seen = {
        "spaces": {"amira": [], "hanna": [here], "carla": [there, here], "elsewhere": [], "oskar": [there]},
        "requests": {"amira": [here], "hanna": [], "carla": [there, here], "elsewhere": [], "oskar": [there]},
        "matches": {"amira": [here], "hanna": [here], "carla": [here], "elsewhere": [], "oskar": []},
    }
    client = client_of(caller)

    rows = client.get(f"/api/v1/{resource}/").json()["results"]

    if resource == "notifications":
        own = Notification.objects.filter(recipient__username=_username(caller, things, oskar))
        assert {row["id"] for row in rows} == set(own.values_list("pk", flat=True))
    elif resource == "tokens":
        own_tokens = AccessToken.objects.filter(user__username=_username(caller, things, oskar))
        assert {row["id"] for row in rows} == set(own_tokens.values_list("pk", flat=True))
    else:
        places = [row["offered"]["place"] if resource == "matches" else row["place"]["name"] for row in rows]
        assert sorted(places, reverse=True) == seen[resource][caller]


def _username(caller: str, things: Things, oskar: Person) -> str:
    match = things.match
    usernames = {
        "amira": match.request.arrival.user.username,
        "hanna": match.space.host.user.username,
        "oskar": oskar.user.username,
    }
    return usernames.get(caller, caller)
