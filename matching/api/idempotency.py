"""`Idempotency-Key` on creating POSTs: sent twice, even at the same moment, it happens once.

The key's row is written first, in the transaction of the act itself: a second caller with the same key
waits for the first one's commit at the unique constraint and is then given the first one's answer. An
act that is refused leaves no row, so that it may be tried again. An answer is kept for a day.

A key belongs to the user who sent it. Somebody who is not signed in has nothing but the key: it must be
a UUID, which nobody else comes upon. (Where they call from says nothing: a telephone that loses its
network in the middle of a call repeats it from another address.)
"""

from __future__ import annotations

import json
from collections.abc import Callable
from uuid import UUID

from django.utils import timezone
from rest_framework.exceptions import ValidationError
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from matching.api.problems import KeyReused
from matching.models import IdempotencyKey
from matching.refusals import one_act
from matching.retention import ANSWER_KEPT
from privacy.fields import blind_index

LONGEST_KEY = 200


def once(request: Request, create: Callable[[], Response]) -> Response:
    """Run `create` once for the request's Idempotency-Key; without one, just run it.

    Raises KeyReused when the key came with another body before, ValidationError when it is no key.
    """
    key = _key(request)
    if not key:
        return create()
    at = timezone.now()
    with one_act():
        row, new = IdempotencyKey.objects.get_or_create(
            caller=_caller(request), key=key, defaults={"fingerprint": _fingerprint(request), "created_at": at}
        )
        if not new and row.created_at <= at - ANSWER_KEPT:
            IdempotencyKey.objects.filter(pk=row.pk).delete()
            row, new = IdempotencyKey.objects.get_or_create(
                caller=_caller(request), key=key, defaults={"fingerprint": _fingerprint(request), "created_at": at}
            )
        if new:
            response = create()
            row.status = response.status_code
            row.answer = JSONRenderer().render({"body": response.data, "etag": response.get("ETag", "")}).decode()
            row.save(update_fields=["status", "answer"])
            return response
    return _again(request, row)


def answered(request: Request) -> Response | None:
    """Return the answer given to this key before, or None: for an act whose proof of identity works only once.

    Raises KeyReused, ValidationError.
    """
    if not (key := _key(request)):
        return None
    row = IdempotencyKey.objects.filter(
        caller=_caller(request), key=key, created_at__gt=timezone.now() - ANSWER_KEPT
    ).first()
    return _again(request, row) if row else None


def _again(request: Request, row: IdempotencyKey) -> Response:
    if row.fingerprint != _fingerprint(request):
        raise KeyReused
    kept = json.loads(row.answer)
    headers = {"Idempotent-Replay": "true"} | ({"ETag": kept["etag"]} if kept["etag"] else {})
    return Response(kept["body"], status=row.status, headers=headers)


def _key(request: Request) -> str:
    key = request.headers.get("Idempotency-Key", "").strip()
    if len(key) > LONGEST_KEY:
        raise ValidationError({"Idempotency-Key": [f"At most {LONGEST_KEY} characters."]})
    if key and not request.user.is_authenticated:
        try:
            return str(UUID(key))
        except ValueError:
            raise ValidationError({"Idempotency-Key": ["Send a random UUID, since you are not signed in."]}) from None
    return key


def _caller(request: Request) -> str:
    return f"user:{request.user.pk}" if request.user.is_authenticated else "anyone"


def _fingerprint(request: Request) -> str:
    # Keyed, since a body may hold a secret of twelve digits, soon guessed from a bare hash in a stolen dump.
    body = json.dumps(request.data, sort_keys=True, default=str)
    return blind_index(f"{request.method} {request.path}\n{body}")
