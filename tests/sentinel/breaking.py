"""Failures on purpose, with everything that a request holds in their words: in the first and the last middleware, in the
database, and in tasks."""

from __future__ import annotations

import json
from collections.abc import Callable
from uuid import uuid4

from celery import Task, shared_task
from django.conf import settings
from django.core.exceptions import SuspiciousOperation
from django.db import connection, transaction
from django.http import HttpRequest, HttpResponse

from accounts.models import User

HEADER = "X-Break"


def said_in(request: HttpRequest) -> str:
    """Return all that somebody sent: the address, the form or body, and the headers."""
    return f"{request.get_full_path()} {request.POST.dict()} {dict(request.headers)} {request.META.get('REMOTE_ADDR')}"


def value_error(words: str) -> None:
    """An error that quotes what it could not read, raised from another one that does so too."""
    try:
        raise KeyError(words)
    except KeyError:
        raise ValueError(f"cannot read {words!r}") from None if len(words) % 2 else KeyError(words)


def group(words: str) -> None:
    raise ExceptionGroup(words, [ValueError(words), ExceptionGroup(words, [OSError(words)])])


def suspicious(words: str) -> None:
    """Django answers it with 400 and logs its words as a matter of security."""
    raise SuspiciousOperation(words)


def unreadable_bytes(words: str) -> None:
    (words.encode() + b"\xff").decode()


def unique(words: str) -> None:
    """PostgreSQL's DETAIL names the value: Key (name)=(…) already exists. The table is temporary, so no file keeps its rows."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("CREATE TEMPORARY TABLE once (name text PRIMARY KEY) ON COMMIT DROP")
        for _twice in range(2):
            cursor.execute("INSERT INTO once VALUES (%s)", [words[:500]])


def check(words: str) -> None:
    """PostgreSQL's DETAIL names the whole row: Failing row contains (…)."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO accounts_host (user_id, status, refusal_reason, created_at) VALUES (1, 'x', %s, now())",
            [words[:200]],
        )


def cast(words: str) -> None:
    """PostgreSQL's own words quote the value: invalid input syntax for type integer."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT CAST(%s AS integer)", [words])


def no_such_table(words: str) -> None:
    """The statement with its values is wrong as a whole."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM no_such_table WHERE name = %s", [words])


def cancelled(words: str) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL statement_timeout = 20")
        cursor.execute("SELECT pg_sleep(5), %s", [words])


def killed(words: str) -> None:
    """The session ends in the middle of a statement."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(pg_backend_pid()), %s", [words])


FAILURES: dict[str, Callable[[str], None]] = {
    each.__name__: each
    for each in (
        value_error,
        group,
        suspicious,
        unreadable_bytes,
        unique,
        check,
        cast,
        no_such_table,
        cancelled,
        killed,
    )
}


class Outermost:
    """Fails before anything else of the service has run, where the header says `first: …`."""

    place = "first"

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        place, _colon, failure = request.headers.get(HEADER, "").partition(": ")
        if place == self.place:
            FAILURES[failure](said_in(request))
        return self.get_response(request)


class Innermost(Outermost):
    """Fails where the view would run, within the transaction of nobody."""

    place = "last"

    def process_view(self, request: HttpRequest, *_view: object) -> None:
        place, _colon, failure = request.headers.get(HEADER, "").partition(": ")
        if place == "view":
            FAILURES[failure](said_in(request))


@shared_task(name="sentinel.fail", bind=True, max_retries=1)
def fail(self: Task, failure: str, user_id: int) -> None:
    """Read a name out of the database, as the tasks of the service do, and fail with it; `retry` tries once more."""
    words = User.objects.get(pk=user_id).name
    if failure == "retry":
        raise self.retry(exc=ValueError(words), countdown=0)
    if failure == "print":
        print(json.dumps({"id": str(uuid4()), "debug": settings.DEBUG}))
        return
    FAILURES[failure](words)
