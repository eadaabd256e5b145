"""ETag and If-Match (RFC 9110): a caller cannot overwrite a change that somebody else made after the caller looked."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol

from rest_framework.request import Request
from rest_framework.response import Response

from matching.models import Match, ShelterRequest, Space
from matching.refusals import ChangedSince, one_act
from privacy.fields import blind_index


class Versioned(Protocol):
    pk: Any
    version: int


def etag(row: Versioned) -> str:
    """Return the row's ETag, which changes with its version. Every change raises the version.

    It is a keyed hash: from the version itself a host could count how many people had approved a match, and so tell who
    is most at risk.
    """
    return f'"{blind_index(f"etag:{type(row).__name__}:{row.pk}:{row.version}")[:24]}"'


def check_if_match(request: Request, row: Versioned) -> None:
    """Check the version that the caller names in If-Match; without that header, every version passes.

    Raises ChangedSince where the row has another version.
    """
    wanted = request.headers.get("If-Match", "").strip()
    if wanted and wanted != "*" and etag(row) not in [word.strip() for word in wanted.split(",")]:
        raise ChangedSince


@contextmanager
def unchanged(request: Request, row: Space | ShelterRequest | Match) -> Iterator[None]:
    """Lock the row, check If-Match, and hold the lock until the act inside is done.

    So of two calls with the same If-Match only one succeeds. Without If-Match, nothing is locked here. Locks the space
    before its match, as every act does, so that two callers cannot deadlock. Raises ChangedSince.
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
    """Set the row's ETag on the response and return it."""
    response["ETag"] = etag(row)
    return response
