"""Wake-ups: sent after commit, once, and never at the expense of the person whose request causes them."""

from __future__ import annotations

import json
import subprocess
import sys
import uuid
from base64 import b64decode
from collections.abc import Iterator
from typing import Any

import pytest
import redis
from django.conf import settings as django_settings
from django.db import transaction

from notifications.wakeups import wake
from tests.standins.brokers import OwnRedis, SilentServer, refused_url
from tests.standins.workers import ROOT, environment, run_python

THREE_WAKEUPS = """
from notifications.wakeups import wake
for number in range(3):
    wake("notifications.deliver", number=number)
print("went on")
"""


@pytest.fixture
def mark() -> str:
    """An id by which a test recognises its own wake-ups."""
    return uuid.uuid4().hex


@pytest.fixture
def queue() -> Iterator[redis.Redis]:
    """The tests' Redis, which holds the wake-ups."""
    client = redis.Redis.from_url(django_settings.REDIS_URL)
    yield client
    client.close()


def woken(queue: redis.Redis, mark: str) -> list[tuple[str, dict[str, Any]]]:
    """Return the task and the ids of every message with this mark, and remove the messages."""
    found = []
    for raw in queue.lrange("celery", 0, -1):
        message = json.loads(raw)
        _args, ids, _embed = json.loads(b64decode(message["body"]))
        if ids.get("mark") == mark:
            queue.lrem("celery", 1, raw)
            found.append((message["headers"]["task"], ids))
    return found


# -- when -----------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_wake_sends_the_ids_after_commit(queue: redis.Redis, mark: str) -> None:
    with transaction.atomic():
        wake("notifications.deliver", mark=mark)
        before = woken(queue, mark)

    assert (before, woken(queue, mark)) == ([], [("notifications.deliver", {"mark": mark})])


@pytest.mark.django_db(transaction=True)
def test_wake_sends_at_once_outside_a_transaction(queue: redis.Redis, mark: str) -> None:
    wake("notifications.deliver", mark=mark)

    assert woken(queue, mark) == [("notifications.deliver", {"mark": mark})]


@pytest.mark.django_db(transaction=True)
def test_wake_sends_nothing_for_a_change_that_is_rolled_back(queue: redis.Redis, mark: str) -> None:
    with transaction.atomic():
        wake("notifications.deliver", mark=mark)
        transaction.set_rollback(True)

    assert woken(queue, mark) == []


@pytest.mark.django_db(transaction=True)
def test_wake_sends_equal_wakeups_of_one_transaction_once(queue: redis.Redis, mark: str) -> None:
    with transaction.atomic():
        for _ in range(5):
            wake("notifications.deliver", mark=mark)
            with transaction.atomic():
                wake("notifications.deliver", mark=mark, other=1)

    assert sorted(woken(queue, mark), key=str) == [
        ("notifications.deliver", {"mark": mark, "other": 1}),
        ("notifications.deliver", {"mark": mark}),
    ]


@pytest.mark.django_db(transaction=True)
def test_wake_again_after_an_inner_rollback_is_sent(queue: redis.Redis, mark: str) -> None:
    with transaction.atomic():
        with transaction.atomic():
            wake("notifications.deliver", mark=mark)
            transaction.set_rollback(True)
        wake("notifications.deliver", mark=mark)

    assert woken(queue, mark) == [("notifications.deliver", {"mark": mark})]


@pytest.mark.django_db(transaction=True)
def test_wake_reaches_the_database_that_the_url_names() -> None:
    with OwnRedis() as own:
        run_python(THREE_WAKEUPS, environment(REDIS_URL=f"{own.url}?db=3"))

        assert own.client().info("keyspace").keys() == {"db3"}


# -- Redis in trouble -----------------------------------------------------------------------------
# Each test runs a process of its own, because the broker must be set before Celery reads it. The time-outs are only
# for safety: without socket time-outs the first test hangs for about a minute.


@pytest.mark.django_db(transaction=True)
def test_wake_goes_on_when_redis_never_answers() -> None:
    with SilentServer() as silent:
        out = run_python(THREE_WAKEUPS, environment(REDIS_URL=silent.url), timeout=20)

        assert (out, silent.connections) == ("went on\n", 1)


@pytest.mark.django_db(transaction=True)
def test_wake_goes_on_when_redis_refuses() -> None:
    assert run_python(THREE_WAKEUPS, environment(REDIS_URL=refused_url()), timeout=20) == "went on\n"


@pytest.mark.django_db(transaction=True)
def test_wake_goes_on_when_redis_freezes_after_a_first_success() -> None:
    code = """
import django; django.setup()
from notifications.wakeups import wake
wake("notifications.deliver", number=1); print("woken", flush=True)
input()
wake("notifications.deliver", number=2); print("went on", flush=True)
"""
    with OwnRedis() as own:
        process = subprocess.Popen(
            [sys.executable, "-c", code],
            cwd=ROOT,
            env={"DJANGO_SETTINGS_MODULE": "shelter.settings", **environment(REDIS_URL=own.url)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert process.stdout is not None
        assert process.stdout.readline() == "woken\n"
        own.freeze()
        out, _ = process.communicate("\n", timeout=20)
        own.thaw()

        assert (out, process.returncode) == ("went on\n", 0)
        assert own.client().llen("celery") in (
            1,
            2,
        )  # The second wake-up may still lie in the socket of the frozen Redis.
