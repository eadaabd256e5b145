"""No door opens what was sealed elsewhere: whatever ciphertext is put into whichever part of a request.

Doors come from the addresses of the service, names of fields from its forms, serializers, filters and templates,
ciphertexts from the columns of the models. So a new door, field or column is tried without a new line here.

Two things are looked at. The plain text stands nowhere in an answer. And nothing that was sent reaches the functions that
open columns and sessions: a door that opened another column than the one that was tried would be found as well.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache, partial
from itertools import cycle
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

import pytest
import time_machine
from cryptography.fernet import Fernet
from django import forms
from django.conf import settings as service
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, path
from django.utils import timezone
from rest_framework import serializers
from rest_framework.test import APIClient

from accounts import devices, tokens
from matching.models import Match
from matching.states import Act, Status
from matching.web import sign_in_forms
from matching.web.need_forms import NEED_QUESTIONS
from matching.web.offer_forms import OFFER_QUESTIONS
from notifications.taps import link_to
from privacy import ciphertext, rotation, seals, sessions
from privacy.fields import purpose_of
from privacy.models import Remark
from shelter import urls
from tests import people
from tests.examples import ALL_EXAMPLES
from tests.people import Person
from tests.unit.documents import ROOT

pytestmark = pytest.mark.once

PLAIN = "planted@example.org"
"""It reads as a contact: the worst case, since a contact is what a page shows again."""

TEXTS = [each for each in rotation.encrypted_fields() if isinstance(each, rotation.EncryptedTextField)]


# -- what is planted ----------------------------------------------------------------------------------


@cache
def planted() -> dict[str, str]:
    """Return the ciphertext of every column, of what sessions keep, of every seal, and of the old format, by its name."""
    found = {}
    for each in rotation.encrypted_fields():
        if each in TEXTS:
            found[rotation.name_of(each)] = ciphertext.seal_text(PLAIN, purpose=purpose_of(each))
        else:
            kept = ciphertext.seal_bytes(PLAIN.encode(), purpose=purpose_of(each))
            found[rotation.name_of(each)] = f"s1.{kept[2:6].hex()}.{base64.urlsafe_b64encode(kept[6:]).decode()}"
    for key in sorted(keys_in_sessions()):
        found[f"{key} in a session"] = ciphertext.seal_text(PLAIN, purpose=sessions.purpose_of(key))
    found["the old format"] = Fernet(service.FIELD_KEYS[0]).encrypt(PLAIN.encode()).decode()
    found["a seal for another purpose"] = seals.seal(PLAIN, purpose="something else")
    for purpose in sorted(purposes_of_seals()):
        # A seal that is young, and was made for this door by the service, may be opened. An older one may not.
        with time_machine.travel(datetime.now(UTC) - timedelta(days=400), tick=False):
            found[f"an old seal: {purpose}"] = seals.seal(PLAIN, purpose=purpose)
    return found


def keys_in_sessions() -> set[str]:
    """Return the session's keys that the source seals: `sessions.keep(session, KEY, …)`."""
    calls = {call for text in sources() for call in re.findall(r"sessions\.keep\([^,]+, ([^,]+),", text)}
    assert calls == {'f"draft_{self.name}"', "CONTACT"}
    return {f"draft_{NEED_QUESTIONS.name}", f"draft_{OFFER_QUESTIONS.name}", "host_contact"}


def purposes_of_seals() -> set[str]:
    calls = {call for text in sources() for call in re.findall(r"\bseal\(.*?purpose=([\w.]+)", text)}
    assert calls == {"SEALED_CONTACT", "DEVICE_PURPOSE"}
    return {sign_in_forms.SEALED_CONTACT, devices.DEVICE_PURPOSE}


def sources() -> Iterator[str]:
    for app in ("accounts", "matching", "notifications", "deployment", "shelter"):
        yield from (file.read_text() for file in (ROOT / app).rglob("*.py"))


# -- into what it is planted ------------------------------------------------------------------------------


def subclasses(of: type) -> Iterator[type]:
    for each in of.__subclasses__():
        yield each
        yield from subclasses(each)


def names_of_fields() -> set[str]:
    """Return every name under which a door may read a value: of forms, serializers, templates and the source."""
    found = {name for form in subclasses(forms.BaseForm) for name in getattr(form, "base_fields", {})}
    for each in subclasses(serializers.Serializer):
        found |= set(getattr(each, "_declared_fields", {}))
    for template in (ROOT / "templates").rglob("*.html"):
        found |= set(re.findall(r'name="(\w+)"', template.read_text()))
    for text in sources():
        found |= set(re.findall(r"""\b(?:GET|POST|data|query_params)(?:\.get|\.getlist)?[(\[]["'](\w+)["']""", text))
    return found


NAMES = sorted(names_of_fields())
COOKIES = [service.SESSION_COOKIE_NAME, service.CSRF_COOKIE_NAME, service.LANGUAGE_COOKIE_NAME, "messages"]
COOKIES.append(devices.DEVICE_COOKIE)
HEADERS = [
    *("authorization", "idempotency-key", "if-match", "if-none-match", "accept-language", "referer", "user-agent"),
    *("x-forwarded-for", "x-csrftoken", "origin", "x-requested-with", "cookie2"),
]


@dataclass(frozen=True)
class Door:
    """One address of the service: its parts in order, each a text or the name of an argument in a list of one."""

    route: str

    def at(self, argument: Callable[[str], str | None]) -> str:
        """Return the address, its arguments filled in; one for which `argument` returns None gets a number."""
        return re.sub(
            r"<(?:\w+:)?(\w+)>|\(\?P<(\w+)>(?:[^()]|\([^()]*\))*\)",
            lambda found: argument(found[1] or found[2]) or "1",
            self.route,
        ).translate({ord("^"): "", ord("$"): ""})


def doors() -> list[Door]:
    return [Door(f"/{route}") for route in routes(get_resolver().url_patterns)]


def routes(patterns: list[Any], before: str = "") -> Iterator[str]:
    for each in patterns:
        route = before + str(each.pattern)
        if isinstance(each, URLResolver):
            yield from routes(each.url_patterns, route)
        elif isinstance(each, URLPattern) and route != "source.tar.gz":  # It reads nothing, and takes a second.
            yield route


# -- looking ------------------------------------------------------------------------------------------------


@dataclass
class Watching:
    """What was sent, and which of it reached a function that opens columns, sessions or the old format."""

    tokens: set[str] = field(default_factory=set)
    reached: list[str] = field(default_factory=list)


@pytest.fixture
def watching(monkeypatch: pytest.MonkeyPatch) -> Watching:
    watch = Watching()

    def watched(name: str) -> None:
        opens = getattr(ciphertext, name)

        def opened(token: Any, *args: Any, **terms: Any) -> Any:
            if (token if isinstance(token, str) else bytes(token).decode("latin-1")) in watch.tokens:
                watch.reached.append(name)
            return opens(token, *args, **terms)

        monkeypatch.setattr(ciphertext, name, opened)

    for name in ("open_text", "open_bytes", "open_old", "old_opened"):
        watched(name)
    return watch


def shown(response: Any) -> bool:
    content = b"".join(response.streaming_content) if response.streaming else response.content
    told = content.decode("utf-8", "replace") + str(response.headers) + str(response.cookies)
    return PLAIN in told or base64.b64encode(PLAIN.encode()).decode() in told


@cache
def encoded(token: str) -> str:
    """Return `token` under every name, as a browser writes it behind an address."""
    return urlencode(dict.fromkeys(NAMES, token))


@dataclass
class Caller:
    """A browser or a program, with what is to be left alone because it says who is calling."""

    client: Any
    own: tuple[str, ...] = ()
    json: bool = False
    encoded: bool = False
    """Post as an ordinary form does, not as one that uploads files: a fifth of the work for 300 fields."""

    def answers(self, address: str, token: str) -> Iterator[Any]:
        """Call the address twice, with `token` in every part that is read, and yield the answers. Nothing is kept."""
        headers = {name: token for name in HEADERS if name not in self.own}
        values = dict.fromkeys(NAMES, token)
        more: dict[str, Any] = {"content_type": "application/json"} if self.json else {}
        query = encoded(token)
        body: Any = values
        if self.encoded:
            more, body = {"content_type": "application/x-www-form-urlencoded"}, query
        for call in (partial(self.client.get, f"{address}?{query}"), partial(self.client.post, address, body, **more)):
            kept = {name: cookie.value for name, cookie in self.client.cookies.items()}
            for name in COOKIES:
                if name not in self.own:
                    self.client.cookies[name] = token
            with transaction.atomic():
                yield call(headers=headers)
                transaction.set_rollback(True)
            self.client.cookies.clear()
            for name, value in kept.items():
                self.client.cookies[name] = value


def opened_at(caller: Caller, address: str, name: str, token: str, watch: Watching) -> list[str]:
    """Return what this door gave away of this ciphertext."""
    watch.tokens, watch.reached = {token}, []
    caller.client.raise_request_exception = False
    found = [f"{address} shows {name}" for answer in caller.answers(address, token) if shown(answer)]
    return found + [f"{address} gives {name} to {opens}" for opens in watch.reached]


@pytest.fixture
def match(amira: Person, hanna: Person) -> Match:
    return people.match_in(Status.CONFIRMED, people.request(amira.arrival), people.space(hanna.host))


def filled(match: Match, token: str | None = None) -> Callable[[str], str | None]:
    """Return a function that fills in the arguments of an address, with `token` where any text may stand."""
    ids = {
        "match_id": match.pk,
        "request_id": match.request_id,
        "space_id": match.space_id,
        "host_id": match.space.host_id,
        "act": next(acts),
        "question": next(questions),
        "one": match.space_id,
        "other": match.space_id,
        "bundle": uuid4(),
        "kind": "spaces",
        "pair_kind": "spaces",
        "form": "csv",
        "app_label": "matching",
        "pk": match.pk,
        "object_id": match.pk,
        "token": token_of_link(match.pk),
    }
    if token:
        ids |= dict.fromkeys(("object_id", "content_type_id", "id", "pk", "token", "url"), token)
    return lambda name: str(ids[name]) if name in ids else None


@cache
def token_of_link(match_id: Any) -> str:
    """Return what stands in the address of the first link that the host of this match was sent."""
    host = Match.objects.get(pk=match_id).space.host.user
    return link_to(host.notifications.first()).rstrip("/").rpartition("/")[2]


questions = cycle(
    dict.fromkeys(question.name for flow in (NEED_QUESTIONS, OFFER_QUESTIONS) for question in flow.questions)
)
acts = cycle([act.value for act in Act])


def test_every_part_is_found() -> None:
    assert len(doors()) > 200
    assert {"to", "code", "contact", "case_number", "secret", "address", "notes", "note"} <= set(NAMES)
    assert len(planted()) > len(rotation.encrypted_fields()) + 5


OUTSIDE_THE_DESK = [door for door in doors() if not door.route.startswith("/admin/")]


@pytest.mark.django_db
@pytest.mark.parametrize("name", planted())
def test_nobody_gets_any_ciphertext_opened_at_any_door(name: str, match: Match, watching: Watching) -> None:
    """Every ciphertext, into every part of every door outside the desk, by somebody who is not signed in."""
    token = planted()[name]
    caller = Caller(Client(), encoded=True)

    found = [
        each
        for door in OUTSIDE_THE_DESK
        for given in {door.at(filled(match)), door.at(filled(match, token))}
        for each in opened_at(caller, given, name, token, watching)
    ]

    assert found == []


SIGNED_IN = ("amira", "hanna", "lena", "nobody", "amira by the API", "hanna by the API", "carla by the API")
SIGNED_IN += ("carla",) if ALL_EXAMPLES else ()
"""Lena leads, and every door of Carla's is open to her too: Carla tries them in `make proof`."""


@pytest.mark.django_db
@pytest.mark.parametrize("who", SIGNED_IN)
def test_no_door_opens_what_its_caller_sends(
    who: str, request: pytest.FixtureRequest, match: Match, signed_in: Any, watching: Watching
) -> None:
    """Every door, the desk's too, for every caller. What is sent changes from door to door, since any opening is found."""
    name, _by, api = who.partition(" by ")
    if api:
        user = request.getfixturevalue(name).user
        _row, bearer = tokens.issue(user, name="test", scope="write", days=1, at=timezone.now())
        client = APIClient(headers={"authorization": f"Bearer {bearer}"})
        caller = Caller(client, own=("authorization",), json=True)
    elif name == "nobody":
        caller = Caller(Client())
    else:
        caller = Caller(signed_in(request.getfixturevalue(name)), own=(service.SESSION_COOKIE_NAME,))
    ciphertexts = cycle(planted().items())

    found = []
    for door in doors():
        if door.route.startswith("/api/") or not api:
            what, token = next(ciphertexts)
            for given in dict.fromkeys((door.at(filled(match)), door.at(filled(match, token)))):
                found += opened_at(caller, given, what, token, watching)

    assert found == []


# -- the negative control ------------------------------------------------------------------------------------------


def opening(read: Callable[[HttpRequest, str], str]) -> Callable[..., HttpResponse]:
    """Return a view that opens what `read` takes from a request, under the key of the words beside histories."""
    notes = purpose_of(Remark._meta.get_field("text"))

    def view(request: HttpRequest, token: str = "") -> HttpResponse:
        try:
            return HttpResponse(ciphertext.open_text(read(request, token), purpose=notes))
        except ciphertext.DoesNotOpen:
            return HttpResponse("nothing")

    return view


CARELESS = {
    "a form": opening(lambda request, _token: request.POST.get("to", "")),
    "an encoded form": opening(lambda request, _token: request.POST.get("to", "")),
    "the query": opening(lambda request, _token: request.GET.get("to", "")),
    "a cookie": opening(lambda request, _token: request.COOKIES.get(service.LANGUAGE_COOKIE_NAME, "")),
    "a header": opening(lambda request, _token: request.headers.get("Idempotency-Key", "")),
    "the address": opening(lambda _request, token: token),
}


@pytest.mark.django_db
@pytest.mark.parametrize("part", CARELESS)
def test_door_that_opens_a_column_is_found(part: str, match: Match, watching: Watching, settings: Any) -> None:
    """A door that opens one column gives that column away, and is found whatever is sent to it."""
    settings.ROOT_URLCONF = (path("careless/<str:token>/", CARELESS[part]), *urls.urlpatterns)
    (door,) = [door for door in doors() if "careless" in door.route]
    caller = Caller(Client(), encoded="encoded" in part)

    found = {
        name: opened_at(caller, door.at(filled(match, token)), name, token, watching)
        for name, token in planted().items()
    }

    assert all(found.values())
    assert [name for name, told in found.items() if any("shows" in each for each in told)] == ["privacy_remark.text"]
