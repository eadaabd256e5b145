"""Several workers at once, and one that is killed: no message is lost, and none is counted twice."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from typing import Any

import pytest
from django.db import connections
from django.utils import timezone

from accounts.models import User
from notifications import delivering
from notifications.delivering import SIDE_BY_SIDE, claim, deliver_due
from notifications.models import Delivery
from notifications.outbox import Telling, tell, tell_many
from tests.standins.brokers import OwnRedis
from tests.standins.gateway import Gateway, stalled
from tests.standins.workers import Worker, environment, run_python

pytestmark = pytest.mark.django_db(transaction=True)

MANY = 60
DELIVER = "from notifications.tasks import deliver; deliver()"
TELL_HANNA = """
from accounts.models import User
from django.utils import timezone
from notifications.outbox import tell
tell(User.objects.get(username="hanna"), "host_vetted", at=timezone.now(), key="vetted:1")
"""


def tell_all(person: User) -> None:
    tellings = [Telling(person, "host_confirmed", f"confirmed:{number}") for number in range(MANY)]
    tell_many(tellings, at=timezone.now())


def deliver_in_threads(count: int) -> None:
    together = threading.Barrier(count)

    def work() -> None:
        try:
            together.wait(30)
            deliver_due(now=timezone.now, jitter=lambda: 0.0)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=work) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def requests_for_each_key(gateway: Gateway) -> Counter[int]:
    """Return, for each number of requests, how many keys were sent that many times."""
    return Counter(Counter(request.key for request in gateway.requests).values())


def test_deliver_side_by_side_in_threads_sends_each_once(settings: Any, gateway: Gateway, hanna: User) -> None:
    settings.GATEWAY_TIMEOUT_SECONDS = 30.0
    tell_all(hanna)

    deliver_in_threads(4)

    assert requests_for_each_key(gateway) == {1: MANY}
    assert Counter(Delivery.objects.values_list("status", "attempts")) == {("sent", 1): MANY}


def test_deliver_side_by_side_without_the_claim_sends_twice(
    settings: Any, gateway: Gateway, hanna: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control: without the claim's lock every worker sends the same rows, and the counts above show it."""
    settings.GATEWAY_TIMEOUT_SECONDS = 30.0
    tell_all(hanna)
    everybody_has_read = threading.Barrier(4)
    thread_of_its_own = threading.local()

    def read_without_claiming(
        *, at: datetime, limit: int = SIDE_BY_SIDE, without: Iterable[str] = ()
    ) -> list[Delivery]:
        if getattr(thread_of_its_own, "has_read", False):
            return []
        thread_of_its_own.has_read = True
        rows = list(Delivery.objects.filter(status="waiting")[:limit])
        everybody_has_read.wait(30)
        return rows

    monkeypatch.setattr(delivering, "claim", read_without_claiming)

    deliver_in_threads(4)

    assert requests_for_each_key(gateway) == {4: SIDE_BY_SIDE}


def test_deliver_side_by_side_in_processes_sends_each_once(gateway: Gateway, hanna: User) -> None:
    both = 2 * SIDE_BY_SIDE
    gateway.will_answer(*[stalled(takes=True)] * both)
    tell_all(hanna)
    env = environment(**gateway.environment, SHELTER_GATEWAY_TIMEOUT_SECONDS="30")

    processes = [threading.Thread(target=run_python, args=(DELIVER, env)) for _ in range(2)]
    for process in processes:
        process.start()
    gateway.wait_for_requests(
        both
    )  # More requests wait than one process sends at a time, so both processes are sending.
    gateway.release()
    for process in processes:
        process.join()

    assert requests_for_each_key(gateway) == {1: MANY}
    assert Counter(Delivery.objects.values_list("status", "attempts")) == {("sent", 1): MANY}


def test_deliver_renews_the_lease_of_a_slow_delivery(settings: Any, gateway: Gateway, hanna: User) -> None:
    settings.GATEWAY_TIMEOUT_SECONDS, settings.LEASE_SECONDS = 30.0, 1
    gateway.always_answers(stalled(takes=True))
    tell(hanna, "host_vetted", at=timezone.now(), key="vetted:1")
    worker = threading.Thread(target=deliver_in_threads, args=(1,))

    worker.start()
    gateway.wait_for_requests(1)
    first_lease = Delivery.objects.get().leased_until
    claimed_meanwhile = 0
    while Delivery.objects.get().leased_until <= first_lease or timezone.now() <= first_lease:
        claimed_meanwhile += len(claim(at=timezone.now()))
        time.sleep(0.05)
    gateway.release()
    worker.join()

    delivery = Delivery.objects.get()
    assert (claimed_meanwhile, delivery.status, delivery.attempts, len(gateway.requests)) == (0, "sent", 1, 1)


def test_deliver_after_a_worker_was_killed_sends_again_and_is_counted_once(gateway: Gateway, hanna: User) -> None:
    gateway.will_answer(stalled(takes=True))
    with OwnRedis() as own:  # so that no other worker receives the wake-up
        env = environment(
            **gateway.environment,
            REDIS_URL=own.url,
            SHELTER_LEASE_SECONDS="2",
            SHELTER_GATEWAY_TIMEOUT_SECONDS="30",
        )
        with Worker(env) as killed:
            run_python(TELL_HANNA, env)
            gateway.wait_for_requests(1)
            killed.kill()
    left = Delivery.objects.get()
    while timezone.now() < left.leased_until:
        assert claim(at=timezone.now()) == []
        time.sleep(0.05)
    run_python(DELIVER, env)

    delivery = Delivery.objects.get()
    assert (left.status, left.attempts) == ("sending", 1)
    assert (delivery.status, delivery.attempts) == ("sent", 2)
    assert ([request.key for request in gateway.requests], len(gateway.taken), gateway.conflicts) == (
        [str(delivery.idempotency_key)] * 2,
        1,
        [],
    )
