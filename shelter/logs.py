"""Lines of a log without people: no one-tap link, no address that was asked for, no words of an error.

Whoever has a one-tap link answers in its owner's name. An address may hold what somebody typed, such as a phone number. An
error quotes the value that it could not read, and PostgreSQL's quote the rows that stand in each other's way. So a line
says which code failed, where, and with which kind of error (for the database also its code and the name of the rule),
and never with which value.
"""

from __future__ import annotations

import copy
import logging
import re
import traceback
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

LINK = re.compile(r"(/t/)[^/\s?#'\"]+")
HIDDEN = r"\1…"
# Both write a sentence about one request into their message: its address, its headers, what was wrong with them.
ABOUT_REQUESTS = ("django.request", "django.security")
# After these words gunicorn quotes a request: its address, who sent it, what was wrong in it.
GUNICORN_QUOTES = re.compile(r"(Invalid request|Error handling request|Error parsing request)\b")
CODE = re.compile(r"[0-9A-Z]{5}")
CONSTRAINT_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")


def without_links(text: str) -> str:
    """Return `text` with the token of every one-tap link left out."""
    return LINK.sub(HIDDEN, text)


class NoMistypings(logging.Filter):
    """Leaves out forms that were not filled in as they should be (422): the page says so to whoever can correct it."""

    def filter(self, record: logging.LogRecord) -> bool:
        return getattr(record, "status_code", None) != HTTPStatus.UNPROCESSABLE_ENTITY


class WithoutPeople(logging.Formatter):
    """Formats a record as the formatter `inner` does, or by the given form, and leaves out whatever may be personal.

    `words` keeps the words of errors and the addresses of requests, for developers.
    """

    def __init__(
        self, *args: object, inner: logging.Formatter | None = None, words: bool = False, **options: object
    ) -> None:
        super().__init__(*args, **options)  # type: ignore[arg-type]
        self.inner = inner
        self.words = words

    def format(self, record: logging.LogRecord) -> str:
        """Return the whole line, with a traceback if the record has one."""
        said = record if self.words else discreet(record)
        return without_links(self.inner.format(said) if self.inner else super().format(said))


def discreet(record: logging.LogRecord) -> logging.LogRecord:
    """Return a copy of the record whose message and traceback quote nothing."""
    said = copy.copy(record)
    if record.name.startswith(ABOUT_REQUESTS):
        said.msg, said.args = _about_request(record), ()
    elif record.name.startswith("gunicorn"):
        cut = GUNICORN_QUOTES.match(str(record.msg))
        said.msg, said.args = (cut[1], ()) if cut else (record.msg, _without_errors(record.args))
    elif (
        isinstance(record.args, dict) and "exc" in record.args
    ):  # Celery's lines on a task that failed or is tried again
        error = record.exc_info[1] if record.exc_info else None
        said.args = {**record.args, "exc": kind_of(error) if error else "", "traceback": "", "args": "", "kwargs": ""}
    else:
        said.args = _without_errors(record.args)
    if isinstance(record.msg, BaseException):
        said.msg = kind_of(record.msg)
    if record.exc_info:
        error = record.exc_info[1]
        said.exc_text = "\n".join(lines_of(error)) if error else ""
    # Formatters add `exc_text` to the line; `exc_info` they would only format themselves.
    said.exc_info = None
    return said


def kind_of(error: BaseException) -> str:
    """Return the class of an error; of one from PostgreSQL also its code and the name of the constraint."""
    told = [f"{error.__class__.__module__}.{error.__class__.__qualname__}".removeprefix("builtins.")]
    code = getattr(error, "sqlstate", None)
    if isinstance(code, str) and CODE.fullmatch(code):
        told.append(code)
    constraint = getattr(getattr(error, "diag", None), "constraint_name", None)
    if isinstance(constraint, str) and CONSTRAINT_NAME.fullmatch(constraint):
        told.append(constraint)
    return " ".join(told)


def lines_of(error: BaseException) -> list[str]:
    """Return a traceback with every error that led to this one, as Python shows it, without the words of the errors."""
    return [line for part in _causes(error) for line in part]


def _causes(error: BaseException, seen: frozenset[int] = frozenset()) -> Iterator[list[str]]:
    before = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if before is not None and id(before) not in seen:
        yield from _causes(before, seen | {id(error)})
        yield ["", "It led to:", ""]
    yield ["Traceback (most recent call last):"]
    yield [line.rstrip("\n") for line in traceback.format_tb(error.__traceback__)]
    yield [kind_of(error)]
    if isinstance(error, BaseExceptionGroup):
        for each in error.exceptions:
            yield from _causes(each, seen | {id(error)})


def _about_request(record: logging.LogRecord) -> str:
    """Return which kind of request failed: its method, the route that it took, and the status or the rule that it broke."""
    request = getattr(record, "request", None)
    route = getattr(getattr(request, "resolver_match", None), "route", None)
    status = getattr(record, "status_code", None)
    told = [record.name.removeprefix("django.")] if record.name.startswith("django.security") else []
    told += [str(status)] if status else []
    told += [str(getattr(request, "method", "") or "")] if _is_word(getattr(request, "method", "")) else []
    told += [f"/{route}" if route is not None else "(no page)"]
    return " ".join(told)


def _is_word(text: object) -> bool:
    return isinstance(text, str) and text in {"GET", "POST", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS"}


def _without_errors(args: Any) -> Any:
    if isinstance(args, tuple):
        return tuple(kind_of(each) if isinstance(each, BaseException) else each for each in args)
    return args
