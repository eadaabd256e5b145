"""No line of a log holds what a person typed: not the address of a request, and not the words of an error."""

from __future__ import annotations

import logging
from types import SimpleNamespace
from typing import Any

import psycopg
import pytest
from django.conf import settings

from shelter.celery import app
from shelter.logs import WithoutPeople, kind_of, lines_of

TYPED = "Amira Testova +77015550301"


def line_of(record: logging.LogRecord, *, words: bool = False) -> str:
    return WithoutPeople("{levelname} {name} {message}", style="{", words=words).format(record)


def record(
    name: str, message: object, *args: Any, error: BaseException | None = None, **more: Any
) -> logging.LogRecord:
    found = logging.makeLogRecord({"name": name, "levelname": "ERROR", "msg": message, "args": args})
    if len(args) == 1 and isinstance(args[0], dict):
        found.args = args[0]
    if error:
        found.exc_info = (type(error), error, error.__traceback__)
    found.__dict__ |= more
    return found


def raised(error: BaseException, cause: BaseException | None = None) -> BaseException:
    """Return an error with a traceback, and with the one that led to it."""
    try:
        try:
            raise cause or KeyError(TYPED)
        except BaseException as first:
            raise error from first
    except BaseException as second:
        return second


request = SimpleNamespace(
    method="POST", path=f"/case/{TYPED}", resolver_match=SimpleNamespace(route="case/match/<uuid:match_id>/")
)
no_page = SimpleNamespace(method=TYPED, path=f"/{TYPED}", resolver_match=None)
RECORDS = {
    "Django, a page": (
        record(
            "django.request",
            "Internal Server Error: %s",
            request.path,
            error=raised(ValueError(TYPED)),
            request=request,
            status_code=500,
        ),
        "ERROR django.request 500 POST /case/match/<uuid:match_id>/",
    ),
    "Django, no page": (
        record("django.request", "Not Found: %s", no_page.path, request=no_page, status_code=404),
        "ERROR django.request 404 (no page)",
    ),
    "Django, a forged host": (
        record(
            "django.security.DisallowedHost", f"Invalid HTTP_HOST header: {TYPED}", request=no_page, status_code=400
        ),
        "ERROR django.security.DisallowedHost security.DisallowedHost 400 (no page)",
    ),
    "Django, a forged form": (
        record(
            "django.security.csrf",
            "Forbidden (%s): %s",
            f"Origin {TYPED} is not trusted",
            request.path,
            request=request,
            status_code=403,
        ),
        "ERROR django.security.csrf security.csrf 403 POST /case/match/<uuid:match_id>/",
    ),
    "gunicorn, not HTTP": (
        record("gunicorn.error", f"Invalid request from ip=203.0.113.177: Invalid HTTP request line: '{TYPED}'"),
        "ERROR gunicorn.error Invalid request",
    ),
    "gunicorn, a view that failed": (
        record("gunicorn.error", "Error handling request %s %s", "GET", f"/{TYPED}", error=raised(ValueError(TYPED))),
        "ERROR gunicorn.error Error handling request",
    ),
    "gunicorn, an error as the message": (
        record("gunicorn.error", ValueError(TYPED)),
        "ERROR gunicorn.error ValueError",
    ),
    "Celery, a task that failed": (
        record(
            "celery.app.trace",
            "Task %(name)s %(description)s: %(exc)s",
            {"name": "sweep", "description": "raised", "exc": TYPED, "args": TYPED},
            error=raised(ValueError(TYPED)),
        ),
        "ERROR celery.app.trace Task sweep raised: ValueError",
    ),
    "Celery, a task that is tried again": (
        record("celery.app.trace", "Task %(name)s retry: %(exc)s", {"name": "sweep", "exc": f"Retry({TYPED})"}),
        "ERROR celery.app.trace Task sweep retry: ",
    ),
    "an error among the values": (record("matching", "left: %s", ValueError(TYPED)), "ERROR matching left: ValueError"),
    "errors in a group": (
        record("matching", "failed", error=raised(ExceptionGroup(TYPED, [ValueError(TYPED), OSError(TYPED)]))),
        "ERROR matching failed",
    ),
}


@pytest.mark.parametrize("what", RECORDS)
def test_line_says_what_failed_and_not_with_which_value(what: str) -> None:
    given, first = RECORDS[what]

    said = line_of(given)

    assert said.splitlines()[0] == first
    assert [part for part in (*TYPED.split(), "203.0.113") if part in said] == []
    assert ("Traceback" in said) == bool(given.exc_info)


@pytest.mark.parametrize("what", RECORDS)
def test_developers_read_the_words(what: str) -> None:
    """The negative control: without the filter each of these lines gives the person away."""
    assert "Testova" in line_of(RECORDS[what][0], words=True)


def test_place_of_the_fault_and_what_led_to_it_stay() -> None:
    said = "\n".join(lines_of(raised(RuntimeError(TYPED), raised(KeyError(TYPED)))))

    assert said.count("test_logs.py") >= 3
    assert [line for line in said.splitlines() if not line.startswith(" ") and line] == [
        *("Traceback (most recent call last):", "KeyError", "It led to:"),
        *("Traceback (most recent call last):", "KeyError", "It led to:"),
        *("Traceback (most recent call last):", "RuntimeError"),
    ]


def test_error_of_the_database_is_named_by_its_code_and_constraint() -> None:
    class Diag:
        constraint_name = "accounts_user_username_key"
        message_detail = f"Key (username)=({TYPED}) already exists."

    class Unique(psycopg.errors.UniqueViolation):
        @property
        def diag(self) -> Any:
            return Diag()

    assert kind_of(Unique(TYPED)).endswith("Unique 23505 accounts_user_username_key")


def test_record_itself_stays_as_it_was() -> None:
    """Other handlers, such as those of tests, see the record after this one."""
    given = record(
        "django.request", "Not Found: %s", "/x", request=no_page, status_code=404, error=raised(ValueError(TYPED))
    )
    before = dict(given.__dict__)

    line_of(given)

    assert given.__dict__ == before


@pytest.mark.parametrize(("status", "told"), [(422, False), (400, True), (403, True), (404, True), (500, True)])
def test_a_form_that_was_filled_in_wrongly_is_no_line_of_the_log(status: int, told: bool) -> None:
    record = logging.makeLogRecord({"name": "django.request", "levelno": logging.WARNING, "status_code": status})

    assert bool(logging.getLogger("django.request").filter(record)) == told


def test_every_handler_of_the_service_writes_through_the_filter() -> None:
    formats = settings.LOGGING["formatters"]
    used = {handler["formatter"] for handler in settings.LOGGING["handlers"].values()}
    assert {formats[name]["()"] for name in used} == {"shelter.logs.WithoutPeople"}


@pytest.mark.parametrize("name", ["celery", "celery.task"])
def test_celery_writes_through_the_filter(name: str) -> None:
    logger = app.log.setup_handlers(logging.Logger(name), None, "%(message)s", False)

    assert [type(handler.formatter) for handler in logger.handlers] == [WithoutPeople]
