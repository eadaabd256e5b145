"""Whoever asks for a code, or tries one, learns nothing from the work: it is the same for a host's contact and anybody's."""

from __future__ import annotations

import random
import re
from collections import Counter, defaultdict
from collections.abc import Callable
from typing import Any

import pytest
from django.apps import apps
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts import signing_in
from accounts.models import Throttle
from accounts.refusals import WrongCode
from accounts.signing_in import answer_code_requests, send_code, sign_in_by_code
from notifications.models import Notification
from tests import people

pytestmark = pytest.mark.django_db

Act = Callable[[str, str], None]


def ask(contact: str, source: str) -> None:
    send_code(contact, source=source, at=timezone.now())


def guess(contact: str, source: str) -> None:
    with pytest.raises(WrongCode):
        sign_in_by_code(contact, "x", source=source, at=timezone.now(), browser="a browser")


def rows() -> Counter[str]:
    """Return the number of rows of each table. A throttle's row is new at the first try and counts up at the next ones."""
    models = [model for model in apps.get_models() if model is not Throttle]
    return Counter({model._meta.db_table: model._default_manager.count() for model in models})


def kind_of(sql: str) -> str:
    """Return a query without its values and the names of its savepoints."""
    return re.sub(r"'[^']*'|s\d+_x\d+|\b\d+\b", "?", sql)


def work_of(act: Act, contact: str, source: str, capture: Any) -> dict[str, Any]:
    """Do the act once, and return what differs for an onlooker: the queries, the rows written, and what is woken."""
    before = rows()
    connection.run_on_commit.clear()  # An equal wake-up of this transaction would be sent once only.
    with capture() as waking, CaptureQueriesContext(connection) as queries:
        act(contact, source)
    return {
        "queries": Counter(kind_of(query["sql"]) for query in queries),
        "rows": rows() - before,
        "woken": [getattr(each, "wakes", None) for each in waking],
    }


def all_work(act: Act, contacts: dict[str, list[str]], capture: Any) -> dict[str, list[dict[str, Any]]]:
    """Do the act for each contact three times, mixed, each from a source of its own."""
    tries = [(kind, contact) for kind, each in contacts.items() for contact in each] * 3
    random.Random(7).shuffle(tries)
    done = defaultdict(list)
    for turn, (kind, contact) in enumerate(tries):
        done[kind].append(work_of(act, contact, f"192.0.2.{turn}", capture))
    return done


@pytest.fixture
def contacts() -> dict[str, list[str]]:
    """Contacts of hosts with no code, with one and with two valid ones, of an arrival, and of nobody."""
    found: dict[str, list[str]] = {"nobody": [f"nobody{number}@example.org" for number in range(4)]}
    for codes in range(3):
        found[f"host with {codes} codes"] = []
        for number in range(3):
            contact = f"host{codes}{number}@example.org"
            people.hanna(contact=contact)
            found[f"host with {codes} codes"].append(contact)
            for _code in range(codes):
                send_code(contact, source="theirs", at=timezone.now())
    answer_code_requests(at=timezone.now())
    people.amira(contact="amira@example.org")
    found["arrival"] = ["amira@example.org"]
    return found


@pytest.mark.parametrize("act", [ask, guess], ids=["asking for a code", "trying a code"])
def test_work_is_the_same_for_every_contact(
    act: Act, contacts: dict[str, list[str]], django_capture_on_commit_callbacks: Any
) -> None:
    if act is ask:
        del contacts["host with 2 codes"]  # They would be refused a fourth code, as anybody is.
        del contacts["host with 1 codes"]
    done = all_work(act, contacts, django_capture_on_commit_callbacks)

    first = done["nobody"][0]
    assert {kind: [work for work in each if work != first] for kind, each in done.items()} == {
        kind: [] for kind in contacts
    }
    assert first["queries"].total() > 2


def test_door_that_looks_for_the_host_itself_is_found(
    contacts: dict[str, list[str]], django_capture_on_commit_callbacks: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control: a door that answers the request at once writes and wakes more for a host."""

    def careless(contact: str, source: str) -> None:
        ask(contact, source)
        answer_code_requests(at=timezone.now())

    work = [
        work_of(careless, contact, "192.0.2.1", django_capture_on_commit_callbacks)
        for contact in (contacts["nobody"][0], contacts["host with 0 codes"][0])
    ]

    assert all(work[0][part] != work[1][part] for part in ("queries", "rows", "woken"))


def test_worker_answers_hosts_only_and_leaves_no_request() -> None:
    hanna = people.hanna()
    for contact in (hanna.contact, "nobody@example.org"):
        send_code(contact, source="test", at=timezone.now())

    assert answer_code_requests(at=timezone.now()) == 1

    assert [note.recipient for note in Notification.objects.filter(event="sign_in_code")] == [hanna.user]
    assert not signing_in.CodeRequest.objects.exists()


def test_request_that_came_too_late_gets_no_code() -> None:
    hanna = people.hanna()
    asked_at = timezone.now()
    send_code(hanna.contact, source="test", at=asked_at)

    assert answer_code_requests(at=asked_at + signing_in.timedelta(seconds=signing_in.CODE_SECONDS)) == 0
    assert not signing_in.CodeRequest.objects.exists()
