"""Turn every error of the API into problem+json (RFC 9457), which says what happened and what to do."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from django.core.exceptions import ObjectDoesNotExist
from django.http import Http404
from rest_framework import serializers
from rest_framework.exceptions import APIException, ErrorDetail, ValidationError
from rest_framework.response import Response
from rest_framework.views import exception_handler as default_handler
from rest_framework.views import set_rollback

from accounts.contacts import UnreadableContact
from accounts.refusals import Refused, SecondFactorNeeded, TooManyTries, WrongCode
from accounts.signing_in import WrongSecret
from matching.refusal_words import words_of
from matching.refusals import ChangedSince, Incomplete, NotYours, OverrideNeedsReason, ReasonNeeded

PROBLEM_JSON = "application/problem+json"

STATUS_OF: tuple[tuple[type[Refused], int], ...] = (
    (NotYours, 403),
    (TooManyTries, 429),
    (Incomplete, 400),
    (ReasonNeeded, 400),
    (OverrideNeedsReason, 400),
    (UnreadableContact, 400),
    (WrongSecret, 403),
    (WrongCode, 403),
    (SecondFactorNeeded, 403),
    (ChangedSince, 412),
    (Refused, 409),
)


class KeyReused(APIException):
    """The same Idempotency-Key came with another body."""

    status_code = 422
    default_code = "idempotency_key_reused"
    default_detail = "This Idempotency-Key was used for another request. Send a new key with a new body."


class ProblemSerializer(serializers.Serializer[Any]):
    """The body of every error (RFC 9457)."""

    type = serializers.CharField(help_text="Always `about:blank`: the status and `code` say it all.")
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField(help_text="What happened and what to do, for people.")
    code = serializers.CharField(help_text="What happened, for machines.")
    errors = serializers.DictField(  # type: ignore[assignment]
        required=False, help_text="Messages by field, where fields need another value."
    )


def exception_handler(error: Exception, context: dict[str, Any]) -> Response | None:
    """Return a problem for an error that a view raised; None for an unexpected error, which becomes a server error."""
    if isinstance(error, Refused):
        set_rollback()
        return _refused(error)
    if isinstance(error, (Http404, ObjectDoesNotExist)):
        set_rollback()
        return problem(404, "not_found", "There is nothing here, or it is not yours to see.")
    response = default_handler(error, context)
    if response is None or not isinstance(error, APIException):
        return response
    headers = {name: value for name, value in response.items() if name in ("WWW-Authenticate", "Retry-After", "Allow")}
    if isinstance(error, ValidationError):
        return problem(400, "invalid", "Some fields need another value.", errors=error.detail, headers=headers)
    detail = error.detail
    code = detail.code if isinstance(detail, ErrorDetail) else error.default_code
    return problem(response.status_code, str(code), str(detail), headers=headers)


def _refused(refusal: Refused) -> Response:
    status = next(status for kind, status in STATUS_OF if isinstance(refusal, kind))
    headers = {"Retry-After": str(refusal.retry_after)} if isinstance(refusal, TooManyTries) else {}
    field = refusal.field if isinstance(refusal, Incomplete) else ""
    errors = {field: [words_of(refusal)]} if field else None
    return problem(status, refusal.code, words_of(refusal), errors=errors, headers=headers)


def problem(
    status: int, code: str, detail: str, *, errors: Any = None, headers: Mapping[str, str] | None = None
) -> Response:
    """Return a problem+json response; `errors` maps the names of fields to messages."""
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "code": code,
    }
    if errors is not None:
        body["errors"] = errors
    return Response(body, status=status, headers=dict(headers or {}), content_type=PROBLEM_JSON)
