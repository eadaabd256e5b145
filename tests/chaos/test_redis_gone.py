"""Redis stopped or frozen: the service still answers at once, and nothing is lost; the matching only comes later."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from matching.models import Match, MatchingDue
from shelter.running.redis import EmbeddedRedis
from tests import people, processes
from tests.people import tonight
from tests.processes import wait_for

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def own_redis(tmp_path: Path) -> Iterator[EmbeddedRedis]:
    redis = EmbeddedRedis(tmp_path)
    redis.start()
    yield redis
    redis.stop()


def ask(site: str) -> httpx.Response:
    """Ask for shelter as an unknown visitor."""
    need = {"place": "Almaty", "people": 2, "first_night": tonight().isoformat(), "nights": 3, "min_nights": 1}
    # The time-out asserts that nobody waits long for Redis: a frozen Redis may cost two seconds, not a minute.
    return httpx.post(f"{site}/api/v1/requests/", json=need, timeout=10)


def test_requests_are_taken_in_while_redis_is_stopped_and_matched_after_its_return(
    own_redis: EmbeddedRedis, tmp_path: Path
) -> None:
    people.place()
    space = people.space(people.hanna().host)
    env = {"REDIS_URL": own_redis.url, "SHELTER_SWEEP_SECONDS": "2"}
    with processes.web(tmp_path / "web.log", threads=4, **env) as site:
        own_redis.stop()

        answer = ask(site)

        assert answer.status_code == 201
        assert (Match.objects.count(), MatchingDue.objects.exists()) == (0, True)

        own_redis.start()
        beat = ("celery", "--app", "shelter", "beat", "--schedule", str(tmp_path / "beat"))
        with (
            processes.worker(tmp_path / "worker.log", **env),
            processes.running(*beat, log=tmp_path / "beat.log", env=processes.environment(**env)),
        ):
            wait_for(lambda: Match.objects.filter(space=space).exists(), seconds=60, what="the sweep's proposal")


def test_worker_goes_on_by_itself_after_redis_was_restarted(own_redis: EmbeddedRedis, tmp_path: Path) -> None:
    people.place()
    space = people.space(people.hanna().host)
    env = {"REDIS_URL": own_redis.url}
    with (
        processes.web(tmp_path / "web.log", threads=4, **env) as site,
        processes.worker(tmp_path / "worker.log", **env),
    ):
        own_redis.stop()
        time.sleep(1)
        own_redis.start()

        def asked_and_matched() -> bool:
            # For a while after a failure the process sends no wake-ups, so the first requests after the return may wake
            # nobody.
            ask(site)
            time.sleep(2)
            return Match.objects.filter(space=space).exists()

        wait_for(asked_and_matched, seconds=60, what="a proposal after Redis came back")


def test_frozen_redis_holds_nobody_up(own_redis: EmbeddedRedis, tmp_path: Path) -> None:
    people.place()
    with processes.web(tmp_path / "web.log", workers=1, threads=4, REDIS_URL=own_redis.url) as site:
        assert own_redis.pid is not None
        os.kill(own_redis.pid, signal.SIGSTOP)
        try:
            answers = [ask(site).status_code for _ in range(3)]
        finally:
            os.kill(own_redis.pid, signal.SIGCONT)

    assert answers == [201, 201, 201]
