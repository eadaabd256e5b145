"""The two spreadsheets of one week, as the engine's plain values."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import TypeVar

from matching.engine import Held, Leg, Need, Offer, Placement
from matching.sheets import RequestRow, RowProblem, SpaceRow, fields, read_requests, read_spaces
from matching.sheets.decoding import decode
from matching.sheets.fields import from_a_row
from matching.sheets.writing import plain_text
from places.hearing import heard_in_files

Read = TypeVar("Read")

PLAN_COLUMNS = ("request_id", "space_id", "first_night", "last_day", "people")


@dataclass(frozen=True, slots=True)
class Week:
    """The content of the files: good rows as needs and offers, and the problems of the other rows by file name."""

    needs: list[Need]
    offers: list[Offer]
    problems: dict[str, list[RowProblem]]


class UnreadableFile(ValueError):
    """A file of matches or declined pairs cannot be used. The message says what to do."""


def read_week(
    spaces: Path, requests: Path, *, now: datetime, existing: Path | None = None, declined: Path | None = None
) -> Week:
    """Read a week. Only spaces of a vetted host become offers; waiting counts up to `now`.

    The matches in `existing` (in the form of MATCHES.csv) hold their beds, and their requests are left out.
    `declined` (`request_id, space_id`) lists pairs that may not be proposed again. Raises HeaderProblem
    or UnreadableFile if a file as a whole cannot be used, OSError if it cannot be opened.
    """
    offered = read_spaces(spaces, find_place=heard_in_files)
    asked = read_requests(requests, find_place=heard_in_files)
    offers = [as_offer(row) for row in offered.rows if row.vetted]
    needs = [as_need(row, now=now) for row in asked.rows]
    problems = {str(spaces): offered.problems, str(requests): asked.problems}
    if existing is not None:
        fixed = read_matches(existing)
        known = {row.space_id for row in offered.rows}
        if unknown := sorted({leg.offer_id for legs in fixed.values() for leg in legs} - known):
            raise UnreadableFile(
                f"{existing}: {spaces} has no good row for {', '.join(unknown[:5])}. Correct one of the two files."
            )
        offers, needs = _hold(fixed, offers), [need for need in needs if need.id not in fixed]
    if declined is not None:
        pairs = read_declined(declined)
        needs = [replace(need, declined=pairs.get(need.id, frozenset())) for need in needs]
    return Week(needs, offers, problems)


_offered, _wanted = from_a_row(fields.SPACE), from_a_row(fields.REQUEST)


def as_offer(row: SpaceRow) -> Offer:
    """Return the offer that a row of SPACES.csv makes."""
    return Offer(id=row.space_id, vetted=bool(row.vetted), **_offered(row))


def as_need(row: RequestRow, *, now: datetime) -> Need:
    """Return the need that a row of REQUESTS.csv makes. Without `registered_at` it waits since `now`."""
    waited = now - row.registered_at if row.registered_at else timedelta()
    return Need(id=row.request_id, days_waiting=max(0.0, waited / timedelta(days=1)), **_wanted(row))


def read_matches(source: Path) -> dict[str, list[Leg]]:
    """Return the legs of each request in a file written by `match_files`. Raises UnreadableFile."""
    found: dict[str, list[Leg]] = {}
    for request_id, one in _rows(source, PLAN_COLUMNS, _leg):
        found.setdefault(request_id, []).append(one)
    return found


def read_placements(source: Path) -> list[Placement]:
    """Return the placements in a file written by `match_files`. Raises UnreadableFile."""

    def line(cells: Mapping[str, str]) -> tuple[str, Leg, float]:
        request_id, leg = _leg(cells)
        return request_id, leg, float(cells["score"])

    legs: dict[str, list[Leg]] = {}
    score: dict[str, float] = {}
    for request_id, leg, worth in _rows(source, (*PLAN_COLUMNS, "score"), line):
        legs.setdefault(request_id, []).append(leg)
        score[request_id] = worth
    return [Placement(request_id, tuple(those), score[request_id], ()) for request_id, those in legs.items()]


def read_declined(source: Path) -> dict[str, frozenset[str]]:
    """Return for each request the spaces that may not be proposed to it again. Raises UnreadableFile."""
    found: dict[str, set[str]] = {}
    columns = ("request_id", "space_id")
    for request_id, space_id in _rows(source, columns, lambda cells: (cells["request_id"], cells["space_id"])):
        found.setdefault(request_id, set()).add(space_id)
    return {request_id: frozenset(spaces) for request_id, spaces in found.items()}


def _leg(cells: Mapping[str, str]) -> tuple[str, Leg]:
    first, last = date.fromisoformat(cells["first_night"]), date.fromisoformat(cells["last_day"])
    return cells["request_id"], Leg(cells["space_id"], first, last, int(cells["people"]))


def _rows(source: Path, columns: tuple[str, ...], read: Callable[[Mapping[str, str]], Read]) -> Iterator[Read]:
    """Yield the result of `read` for each line.

    Raises UnreadableFile for a bad line: it may hold a bed, so it cannot be skipped.
    """
    lines = csv.DictReader(StringIO(decode(source)))
    missing = [name for name in columns if name not in (lines.fieldnames or ())]
    if missing:
        raise UnreadableFile(f"{source}: missing columns: {', '.join(missing)}. Needed are {', '.join(columns)}.")
    for cells in lines:
        try:
            yield read({name: plain_text(cells[name] or "") for name in columns})
        except ValueError as why:
            raise UnreadableFile(f"{source}, line {lines.line_num}: {why}. Correct the line and start again.") from why


def _hold(fixed: Mapping[str, list[Leg]], offers: list[Offer]) -> list[Offer]:
    held: dict[str, list[Held]] = {}
    for legs in fixed.values():
        for leg in legs:
            held.setdefault(leg.offer_id, []).append(Held(leg.first_night, leg.last_day, leg.people))
    return [replace(offer, held=tuple(held.get(offer.id, ()))) for offer in offers]


def now_or(moment: str | None) -> datetime:
    """Return `moment` (ISO 8601; UTC if it has no offset), or the time of the clock if it is None. Raises ValueError."""
    if moment is None:
        return datetime.now(UTC)
    read = datetime.fromisoformat(moment)
    return read if read.tzinfo else read.replace(tzinfo=UTC)
