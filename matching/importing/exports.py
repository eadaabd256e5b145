"""Exports: the spaces, shelter requests and matches of somebody's places, in the columns of the sheets.

Anybody at the desk may take an export without personal fields. One with them needs a permission and a reason, and the
access log names each person in it before the first line leaves.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from enum import StrEnum
from functools import partial
from typing import IO, Any
from uuid import UUID

from django.conf import settings
from django.utils.translation import gettext_lazy as _
from xlsxwriter import Workbook

from accounts.coordinators import desk_of, may_export_personal
from accounts.models import Host, User
from accounts.refusals import Refused
from matching import disclosure, queries
from matching.importing.row_by_row import key_of
from matching.models import Match, ShelterRequest, Space
from matching.risks import ALL_WOMEN, MIXED_HOUSEHOLD
from matching.sheets import REQUEST_COLUMNS, SPACE_COLUMNS, fields, safe_cell
from matching.sheets.columns import CONTACTS, PERSONAL
from matching.sheets.fields import WINDOWS, YES_NO, Field

ROWS_A_PIECE = 500

MATCH_COLUMNS = (
    *("request_id", "leg", "space_id", "first_night", "last_day", "people", "score", "reasons"),
    *("status", "created_at"),
)


class ExportKind(StrEnum):
    """The kinds of export."""

    SPACES = "spaces"
    REQUESTS = "requests"
    MATCHES = "matches"


class MayNotExportPersonal(Refused):
    """Raised for an export of personal fields without permission or without a reason."""

    code = "may_not_export_personal"
    message = _(
        "Only a lead coordinator, or whom a lead has permitted it, may export names, contacts, addresses and notes, and says why."
    )


Line = Callable[[Any], dict[str, Any]]
InWords = Callable[[Iterable[Any]], list[str]]
"""A door's function that returns reasons, or the JSON stored for them, in the language of its reader."""


def columns_of(kind: ExportKind, *, personal: bool = False) -> list[str]:
    """Return the header of an export."""
    columns = {
        ExportKind.SPACES: SPACE_COLUMNS,
        ExportKind.REQUESTS: REQUEST_COLUMNS,
        ExportKind.MATCHES: MATCH_COLUMNS,
    }[kind]
    return [column for column in columns if personal or column not in PERSONAL]


def lines(kind: ExportKind, *, by: User, in_words: InWords) -> Iterator[list[Any]]:
    """Yield the rows that `by` may see, without personal fields; none if `by` does not work at the desk.

    `in_words` words the reasons of matches.
    """
    said_of: dict[ExportKind, Line] = {
        ExportKind.SPACES: _space,
        ExportKind.REQUESTS: _request,
        ExportKind.MATCHES: partial(_match, in_words=in_words),
    }
    return _lines(kind, _ids(kind, by), said_of[kind], personal=False)


def take(kind: ExportKind, *, by: User, at: datetime, in_words: InWords) -> Iterator[list[Any]]:
    """Log that `by` takes an export without persons, then return its rows as `lines` does."""
    disclosure.log_export(by, kind.value, at=at)
    return lines(kind, by=by, in_words=in_words)


def open_personal(kind: ExportKind, *, by: User, at: datetime, reason: str, note: str = "") -> Iterator[list[Any]]:
    """Log a look at everybody in the export, for a reason of `AccessLog.LookReason` and a note, then return its rows.

    The rows have their personal fields. Those of persons in whose case `by` has no part (`queries.kept_out`) are left out.

    Raises MayNotExportPersonal or LookNeedsSecond before it reads any row.
    """
    if not may_export_personal(by) or not reason or kind is ExportKind.MATCHES:
        raise MayNotExportPersonal
    ids = _ids(kind, by)
    who = "host__user" if kind is ExportKind.SPACES else "arrival__user"
    fields = f"export: name contact {'address' if kind is ExportKind.SPACES else 'notes'}"
    person_of: dict[UUID, int] = {}
    for start in range(0, len(ids), ROWS_A_PIECE):
        person_of |= dict(_of(kind).filter(pk__in=ids[start : start + ROWS_A_PIECE]).order_by().values_list("pk", who))
    closed = queries.kept_out(by, set(person_of.values()))
    ids = [pk for pk in ids if pk in person_of and person_of[pk] not in closed]
    people = {person_of[pk] for pk in ids}
    disclosure.look(by, people, fields, reason=reason, note=note, at=at)
    return _lines(kind, ids, _space if kind is ExportKind.SPACES else _request, personal=True)


def as_csv(header: Sequence[str], lines: Iterator[list[Any]]) -> Iterator[bytes]:
    """Yield a CSV file piece by piece, in UTF-8 with a byte-order mark for spreadsheet programs. No cell is a formula."""
    yield b"\xef\xbb\xbf"
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(header)
    for count, line in enumerate(lines, start=1):
        writer.writerow([safe_cell(value) for value in line])
        if count % ROWS_A_PIECE == 0:
            yield out.getvalue().encode()
            out.seek(0)
            out.truncate()
    yield out.getvalue().encode()


def write_xlsx(out: IO[bytes], header: Sequence[str], lines: Iterator[list[Any]]) -> None:
    """Write a workbook of one sheet row by row, so that memory does not grow with the sheet. No text becomes a formula."""
    options: dict[str, Any] = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    options |= {"tmpdir": settings.PASSING_FILES}
    with Workbook(out, options) as book:
        bold, sheet = book.add_format({"bold": True}), book.add_worksheet()
        sheet.freeze_panes(1, 1)
        for column, name in enumerate(header):
            sheet.write_string(0, column, name, bold)
        for row, line in enumerate(lines, start=1):
            for column, value in enumerate(line):
                if isinstance(value, int | float):
                    sheet.write_number(row, column, value)
                elif value not in ("", None):
                    sheet.write_string(row, column, safe_cell(value))


# -- what is in an export --------------------------------------------------------------------------------


def _of(kind: ExportKind) -> Any:
    return {ExportKind.SPACES: Space, ExportKind.REQUESTS: ShelterRequest, ExportKind.MATCHES: Match}[
        kind
    ]._default_manager


def _ids(kind: ExportKind, by: User) -> list[UUID]:
    """Return what `by` sees at the desk: listed and paused spaces, requests that are not withdrawn, every match."""
    if desk_of(by) is None:
        return []
    visible: Any
    if kind is ExportKind.SPACES:
        visible = queries.spaces_visible_to(by).exclude(status=Space.Status.WITHDRAWN).order_by("created_at", "pk")
    elif kind is ExportKind.REQUESTS:
        visible = queries.requests_visible_to(by).filter(withdrawn_at=None).order_by("registered_at", "pk")
    else:
        visible = queries.matches_at_desk_of(by).order_by("created_at", "pk")
    return list(visible.values_list("pk", flat=True))


def _lines(kind: ExportKind, ids: Sequence[UUID], said_of: Line, *, personal: bool) -> Iterator[list[Any]]:
    columns = columns_of(kind, personal=personal)
    related, prefetched, unread = _LOADED[kind]
    for start in range(0, len(ids), ROWS_A_PIECE):
        batch = ids[start : start + ROWS_A_PIECE]
        rows = _of(kind).select_related(*related).prefetch_related(*prefetched)
        # An export without personal fields reads no encrypted column.
        rows = rows.prefetch_related(f"{_WHO[kind]}__contact_points") if personal else rows.defer(*unread)
        found = {row.pk: row for row in rows.filter(pk__in=batch)}
        for pk in batch:
            if pk in found:
                said = said_of(found[pk])
                if personal:
                    said |= _personal(found[pk])
                yield [said[column] for column in columns]


def _personal_of(declared: Sequence[Field]) -> tuple[str, ...]:
    return tuple(field.name for field in declared if field.personal)


_WHO = {ExportKind.SPACES: "host__user", ExportKind.REQUESTS: "arrival__user"}
_LOADED: dict[ExportKind, tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]] = {
    ExportKind.SPACES: (("host__user", "place"), ("windows",), (*_personal_of(fields.SPACE), "host__user__name")),
    ExportKind.REQUESTS: (("arrival__user", "place"), (), (*_personal_of(fields.REQUEST), "arrival__user__name")),
    ExportKind.MATCHES: (
        ("request", "space"),
        (),
        (
            *(f"request__{name}" for name in _personal_of(fields.REQUEST)),
            *(f"space__{name}" for name in _personal_of(fields.SPACE)),
        ),
    ),
}
"""For each kind: relations to select, relations to prefetch, and encrypted columns to leave unread."""


def _written(row: Space | ShelterRequest, declared: Sequence[Field]) -> dict[str, Any]:
    """Return the cells of the declared columns, without the personal columns and the windows."""
    return {
        field.column: field.kind.write(getattr(row, field.name))
        for field in declared
        if field.column and not field.personal and field.name != "windows"
    }


def _space(space: Space) -> dict[str, Any]:
    return _written(space, fields.SPACE) | {
        "space_id": key_of(space),
        "windows": WINDOWS.write((window.first_night, window.last_day) for window in space.windows.all()),
        "vetted": _vetted(space.host),
    }


def _vetted(host: Host) -> str:
    """Return "" while nobody has said anything of a host who is not vetted yet: a no would stay with them when it came back."""
    silent = host.status == Host.Status.UNVETTED and host.said_no_at is None
    return "" if silent else YES_NO.write(host.status == Host.Status.VETTED)


def _request(request: ShelterRequest) -> dict[str, Any]:
    said = request.composition in (ALL_WOMEN, MIXED_HOUSEHOLD)
    return _written(request, fields.REQUEST) | {
        "all_women": YES_NO.write(request.all_women) if said else "",
        "request_id": key_of(request),
        "registered_at": request.registered_at.isoformat(timespec="seconds"),
    }


def _match(match: Match, *, in_words: InWords) -> dict[str, Any]:
    return {
        "request_id": key_of(match.request),
        "leg": match.leg,
        "space_id": key_of(match.space),
        "first_night": match.first_night.isoformat(),
        "last_day": match.last_day.isoformat(),
        "people": match.people,
        "score": round(match.score, 4),
        "reasons": "; ".join(in_words(match.reasons)),
        "status": match.status,
        "created_at": match.created_at.isoformat(timespec="seconds"),
    }


def _personal(row: Space | ShelterRequest) -> dict[str, Any]:
    user = row.host.user if isinstance(row, Space) else row.arrival.user
    points = sorted(user.contact_points.all(), key=lambda point: (not point.preferred, point.pk), reverse=True)
    of = {point.channel: point.address for point in points}
    told = {column: of.get(channel, "") for channel, column in CONTACTS.items()}
    declared = fields.SPACE if isinstance(row, Space) else fields.REQUEST
    said = {field.column: getattr(row, field.name) for field in declared if field.column and field.personal}
    return {**told, "host" if isinstance(row, Space) else "name": user.name, **said}
