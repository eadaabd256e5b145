"""`Idempotency-Key` on creating POSTs: a POST that is sent twice, even at the same moment, creates one thing.

The key's row is written first, in the transaction of the act. A second call with the same key waits at the unique
constraint until the first call commits, and then gets the first call's answer. A refused act leaves no row, so the caller
may try again. An answer is kept for a day.

A key belongs to the user who sent it. The key of a caller who is not signed in must be a UUID, because nobody else can
guess it. The caller's address cannot identify them: a phone that loses its network repeats the call from another address.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from django.utils import timezone
from django.utils.translation import gettext as _
from rest_framework.exceptions import ValidationError
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from matching.api.problems import KeyReused
from matching.limits import ANSWER_KEPT
from matching.models import IdempotencyKey
from matching.refusals import one_act
from privacy.fields import blind_index, blind_indexes

LONGEST_KEY = 200


def once(request: Request, create: Callable[[], Response]) -> Response:
    """Run `create` once for each Idempotency-Key and return its answer; without a key, run it every time.

    Raises KeyReused where the key came with another body before, ValidationError where the key is too long or, of a caller
    who is not signed in, no UUID.
    """
    key = _key(request)
    if not key:
        return create()
    at = timezone.now()
    with one_act():
        row, new = _row(request, key, at)
        if not new and row.created_at <= at - ANSWER_KEPT:
            IdempotencyKey.objects.filter(pk=row.pk).delete()
            row, new = _row(request, key, at)
        if new:
            response = create()
            row.status = response.status_code
            row.answer = JSONRenderer().render({"body": response.data, "etag": response.get("ETag", "")}).decode()
            row.save(update_fields=["status", "answer"])
            return response
    return _again(request, row)


def _row(request: Request, key: str, at: datetime) -> tuple[IdempotencyKey, bool]:
    """Return the row of this key, and whether it is new. One from before a change of the index key counts as well."""
    before = IdempotencyKey.objects.filter(caller=_caller(request), key__in=blind_indexes(key)[1:]).first()
    if before is not None:
        return before, False
    first = {"fingerprint": _fingerprints(request)[0], "created_at": at}
    return IdempotencyKey.objects.get_or_create(caller=_caller(request), key=blind_index(key), defaults=first)


def answered(request: Request) -> Response | None:
    """Return the answer that was given to this key before, or None.

    An act whose proof of identity works only once asks here first, because the proof would fail the second time. Raises
    KeyReused and ValidationError as `once` does.
    """
    if not (key := _key(request)):
        return None
    row = IdempotencyKey.objects.filter(
        caller=_caller(request), key__in=blind_indexes(key), created_at__gt=timezone.now() - ANSWER_KEPT
    ).first()
    return _again(request, row) if row else None


def _again(request: Request, row: IdempotencyKey) -> Response:
    if row.fingerprint not in _fingerprints(request):
        raise KeyReused
    kept = json.loads(row.answer)
    headers = {"Idempotent-Replay": "true"} | ({"ETag": kept["etag"]} if kept["etag"] else {})
    return Response(kept["body"], status=row.status, headers=headers)


def _key(request: Request) -> str:
    key = request.headers.get("Idempotency-Key", "").strip()
    if len(key) > LONGEST_KEY:
        raise ValidationError({"Idempotency-Key": [_("At most %(most)d characters.") % {"most": LONGEST_KEY}]})
    if key and not request.user.is_authenticated:
        try:
            return str(UUID(key))
        except ValueError:
            raise ValidationError(
                {"Idempotency-Key": [_("Send a random UUID, since you are not signed in.")]}
            ) from None
    return key


def _caller(request: Request) -> str:
    return f"user:{request.user.pk}" if request.user.is_authenticated else "anyone"


def _fingerprints(request: Request) -> list[str]:
    # Use a keyed hash: a body may hold a secret of twelve digits, easily guessed from a plain hash in a stolen dump.
    body = json.dumps(request.data, sort_keys=True, default=str)
    return blind_indexes(f"{request.method} {request.path}\n{body}")
