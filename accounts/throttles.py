"""Limits on tries. PostgreSQL counts them by one atomic statement, so that limits hold while Redis is down."""

from __future__ import annotations

import math
from datetime import datetime, timedelta

from django.db import connection

from accounts.refusals import TooManyTries
from privacy.fields import blind_index

TRIES_OF_ONE = 10
"""Tries to sign in to one account or case, and to give its second factor, in TRIES_SECONDS."""

TRIES_FROM_ONE_SOURCE = 30
"""Tries to sign in from one network address, whatever the accounts, in TRIES_SECONDS."""

TRIES_SECONDS = 900
"""The window in which tries to sign in are counted: 15 minutes."""

COUNT = """
    INSERT INTO accounts_throttle (key, window_at, count) VALUES (%(key)s, %(at)s, 1)
    ON CONFLICT (key) DO UPDATE SET
        count = CASE WHEN accounts_throttle.window_at > %(since)s THEN accounts_throttle.count + 1 ELSE 1 END,
        window_at = CASE WHEN accounts_throttle.window_at > %(since)s THEN accounts_throttle.window_at ELSE %(at)s END
    RETURNING count, window_at
"""


def count(what: str, whose: str, *, limit: int, seconds: int, at: datetime) -> None:
    """Count one try of `what` by `whose` (stored only as an index).

    Raises TooManyTries at every try after the first `limit` in a window of `seconds`.
    """
    key = f"{what}:{blind_index(whose)}"
    with connection.cursor() as cursor:
        cursor.execute(COUNT, {"key": key, "at": at, "since": at - timedelta(seconds=seconds)})
        tries, window_at = cursor.fetchone()
    if tries > limit:
        raise TooManyTries(retry_after=max(1, math.ceil(seconds - (at - window_at).total_seconds())))
