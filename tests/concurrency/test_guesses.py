"""Fifty guesses at once: never more are compared than the limit allows, and right ones cost nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime
from threading import Barrier

import pytest
from django.db import connection
from django.utils import timezone

from accounts import second_factor, signing_in, throttles
from accounts.models import Throttle
from accounts.refusals import Refused, TooManyTries
from accounts.throttles import Budget
from tests import people

pytestmark = pytest.mark.django_db(transaction=True)

AT_ONCE = 50

Guess = Callable[[int, datetime], object]


def raced(guess: Guess) -> Counter[str]:
    """Return the outcomes of AT_ONCE calls of `guess`, each in a thread of its own with a number of its own."""
    begin, at = Barrier(AT_ONCE), timezone.now()

    def one(number: int) -> str:
        begin.wait(60)
        try:
            guess(number, at)
        except Refused as refusal:
            return refusal.code
        finally:
            connection.close()
        return "right"

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return Counter(pool.map(one, range(AT_ONCE)))


def codes(*, other_sources: bool) -> Guess:
    """Return wrong guesses at a host to whom several codes were sent."""
    hanna = people.hanna()
    for _code in range(throttles.CODES):
        signing_in.send_code(hanna.contact, source="hers", at=timezone.now())
    signing_in.answer_code_requests(at=timezone.now())
    sent = {note.secret for note in hanna.user.notifications.filter(event="sign_in_code")}
    wrong = next(f"{number:06}" for number in range(10) if f"{number:06}" not in sent)

    def guess(number: int, at: datetime) -> object:
        source = f"203.0.113.{number}" if other_sources else "203.0.113.1"
        return signing_in.sign_in_by_code(hanna.contact, wrong, source=source, at=at)

    return guess


def digits() -> Guess:
    carla = people.carla()
    secret = people.authenticator(carla).secret
    right = second_factor.digits_now(secret, at=timezone.now())
    wrong = f"{(int(right) + 1) % 10**6:06}"
    return lambda _number, at: second_factor.prove(carla.user, wrong, at=at)


@pytest.mark.parametrize(
    ("guesses", "limit", "refusal"),
    [
        (lambda: codes(other_sources=False), signing_in.CODE_TRIES, "wrong_code"),
        (lambda: codes(other_sources=True), signing_in.CODE_TRIES_OF_ALL, "wrong_code"),
        (digits, throttles.TRIES_OF_ONE, "wrong_second_factor"),
    ],
    ids=["codes from one source", "codes from fifty sources", "second factor"],
)
def test_no_more_guesses_are_compared_than_the_limit_allows(
    guesses: Callable[[], Guess], limit: int, refusal: str
) -> None:
    outcomes = raced(guesses())

    assert outcomes == {refusal: limit, "too_many_tries": AT_ONCE - limit}


def test_guesses_share_a_try_when_it_is_paid_after_comparing(monkeypatch: pytest.MonkeyPatch) -> None:
    """The negative control: with a look before and a payment after, more guesses are compared than the limit allows."""
    guess, looked = codes(other_sources=False), Barrier(AT_ONCE)

    @contextmanager
    def paid_afterwards(*budgets: Budget, at: datetime) -> Iterator[None]:
        counts = dict(Throttle.objects.values_list("key", "count"))
        looked.wait(60)
        if any(counts.get(budget.key, 0) >= budget.limit for budget in budgets):
            raise TooManyTries(retry_after=1)
        try:
            yield
        except Refused:
            for budget in budgets:
                throttles.pay(Budget(budget.what, budget.whose, AT_ONCE, budget.seconds), at=at)
            raise

    monkeypatch.setattr(throttles, "trying", paid_afterwards)

    assert raced(guess) == {"wrong_code": AT_ONCE}


def test_right_secrets_at_once_leave_every_try_there() -> None:
    amira = people.amira()

    outcomes = raced(
        lambda _number, at: signing_in.sign_in_to_case(amira.user.username, amira.secret, source="hall", at=at)
    )

    assert outcomes == {"right": AT_ONCE}
    assert set(Throttle.objects.values_list("count", flat=True)) == {0}
