"""ETag and If-Match: nobody changes what somebody else has changed in the meantime without having seen it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol

from rest_framework.request import Request
from rest_framework.response import Response

from matching.models import Match, ShelterRequest, Space
from matching.refusals import ChangedSince, one_act


class Versioned(Protocol):
    version: int


def etag(row: Versioned) -> str:
    """Return the row's ETag: its version, which every change raises."""
    return f'"{row.version}"'


def check_if_match(request: Request, row: Versioned) -> None:
    """Raise ChangedSince when the caller names a version and the row has another by now; without If-Match all goes."""
    wanted = request.headers.get("If-Match", "").strip()
    if wanted and wanted != "*" and etag(row) not in [word.strip() for word in wanted.split(",")]:
        raise ChangedSince


@contextmanager
def unchanged(request: Request, row: Space | ShelterRequest | Match) -> Iterator[None]:
    """Keep the row as the caller saw it until the act inside is done: of two with the same If-Match, one wins.

    Raises ChangedSince. Locks in the order of the house, space before match; without If-Match nothing is locked here.
    """
    if not request.headers.get("If-Match"):
        yield
        return
    with one_act():
        if isinstance(row, Match):
            Space.objects.select_for_update().get(pk=row.space_id)
        rows: Any = type(row)._default_manager
        check_if_match(request, rows.select_for_update().get(pk=row.pk))
        yield


def with_etag(response: Response, row: Versioned) -> Response:
    """Return the answer with the row's ETag on it."""
    response["ETag"] = etag(row)
    return response
