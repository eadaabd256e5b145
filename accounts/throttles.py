"""Limits on tries. PostgreSQL counts them by atomic statements, so that limits hold while Redis is down.

A try to sign in is paid before anything is compared, so that parallel guesses cannot share one, and given back when it
was right: only failures are left counted. A stranger who fails can therefore use up tries, and three things keep the
right person's way in. Tries from one source are counted apart. A device that signed in before pays from a budget of its
own (`accounts.devices`). And the limit of all sources together is far above that of one.

The limits follow from what can be guessed. A case's secret has 10**12 values: 1,000 failures in 15 minutes find it with a
chance of 1 in 10**4 in a year. A host's code has 10**6, and at most CODES valid at once: 20 failures in an hour find one
with a chance of 6 in 10**5 in that hour.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection

from accounts.refusals import TooManyTries
from privacy.fields import blind_index

TRIES_OF_ONE = 10
"""Failures at one account from one source, or on one device that signed in before, in TRIES_SECONDS."""

TRIES_SECONDS = 900
"""The window in which failures with a secret or a password are counted: 15 minutes."""

CODE_SECONDS = 600
"""Seconds for which a host's code is valid, and the window in which requests for codes are counted.

They are the same on purpose: whoever is refused another code was sent one in this window, and it is still valid.
"""

CODES = 3
"""Codes for one contact in CODE_SECONDS, and so the codes that are valid at once."""

PAY = """
    INSERT INTO accounts_throttle AS kept (key, window_at, count) SELECT %(key)s, %(at)s, 1 WHERE %(limit)s > 0
    ON CONFLICT (key) DO UPDATE SET
        count = CASE WHEN kept.window_at > %(since)s THEN kept.count + 1 ELSE 1 END,
        window_at = CASE WHEN kept.window_at > %(since)s THEN kept.window_at ELSE %(at)s END
    WHERE kept.window_at <= %(since)s OR kept.count < %(limit)s
    RETURNING window_at
"""
"""Counts one try, or returns no row where the window is full."""

GIVE_BACK = "UPDATE accounts_throttle SET count = count - 1 WHERE key = %s AND window_at = %s AND count > 0"


@dataclass(frozen=True, slots=True)
class Budget:
    """The tries of `what` by `whose` (stored only as an index): `limit` of them in a window of `seconds`."""

    what: str
    whose: str
    limit: int
    seconds: int

    @property
    def key(self) -> str:
        return f"{self.what}:{blind_index(self.whose)}"


Paid = list[tuple[str, datetime]]
"""What was paid: the key of each budget, and the beginning of the window that it was paid in."""


def pay(*budgets: Budget, at: datetime) -> Paid:
    """Pay one try from each of `budgets`. Raises TooManyTries, and pays nothing, where one of them is used up."""
    paid: Paid = []
    for budget in budgets:
        since = at - timedelta(seconds=budget.seconds)
        with connection.cursor() as cursor:
            cursor.execute(PAY, {"key": budget.key, "at": at, "since": since, "limit": budget.limit})
            row = cursor.fetchone()
            if row is None:
                give_back(paid)
                cursor.execute("SELECT window_at FROM accounts_throttle WHERE key = %s", [budget.key])
                began = (cursor.fetchone() or (at,))[0]
                left = budget.seconds - (at - began).total_seconds()
                raise TooManyTries(retry_after=max(1, math.ceil(left)))
        paid.append((budget.key, row[0]))
    return paid


def give_back(paid: Paid) -> None:
    """Give back a try that was right. In a later window nothing is left of it to give back."""
    with connection.cursor() as cursor:
        for key, window_at in reversed(paid):
            cursor.execute(GIVE_BACK, [key, window_at])


@contextmanager
def trying(*budgets: Budget, at: datetime) -> Iterator[None]:
    """Pay one try, and give it back unless the block raises. Raises TooManyTries where a budget is used up."""
    paid = pay(*budgets, at=at)
    yield
    give_back(paid)


def count(what: str, whose: str, *, limit: int, seconds: int, at: datetime) -> None:
    """Count one act of `what` by `whose`, right or wrong.

    Raises TooManyTries at every act after the first `limit` in a window of `seconds`.
    """
    pay(Budget(what, whose, limit, seconds), at=at)
