"""The two spreadsheets of one week, as the engine's plain values."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import TypeVar

from matching.engine import Held, Leg, Need, Offer, Placement
from matching.limits import MOST_PEOPLE
from matching.sheets import RequestRow, RowProblem, SpaceRow, fields, read_requests, read_spaces
from matching.sheets import cells as cells_of_sheets
from matching.sheets.decoding import decode
from matching.sheets.fields import from_a_row
from matching.sheets.writing import plain_text
from places.hearing import heard_in_files
from reading import keys
from reading.keys import unwritten

Read = TypeVar("Read")

_PEOPLE = cells_of_sheets.whole_number(1, MOST_PEOPLE)

PLAN_COLUMNS = ("request_id", "space_id", "first_night", "last_day", "people")


@dataclass(frozen=True, slots=True)
class Week:
    """The content of the files: good rows as needs and offers, and the problems of the other rows by file name.

    `skipped` says in English what good rows are not used, and why.
    """

    needs: list[Need]
    offers: list[Offer]
    problems: dict[str, list[RowProblem]]
    skipped: list[str] = field(default_factory=list)


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
    skipped = _unvetted(spaces, [row for row in offered.rows if not row.vetted])
    space_called, request_called = _Keys(row.space_id for row in offered.rows), _Keys(need.id for need in needs)
    if existing is not None:
        fixed: dict[str, list[Leg]] = {}
        for request_id, legs in read_matches(existing).items():
            meant = [replace(leg, offer_id=space_called.meant(leg.offer_id) or leg.offer_id) for leg in legs]
            fixed.setdefault(request_called.meant(request_id) or request_id, []).extend(meant)
        if unknown := sorted({leg.offer_id for legs in fixed.values() for leg in legs} - space_called.keys):
            raise UnreadableFile(
                f"{existing}: {spaces} has no good row for {', '.join(unknown[:5])}. Correct one of the two files."
            )
        held = [need.id for need in needs if need.id in fixed]
        offers, needs = _hold(fixed, offers), [need for need in needs if need.id not in fixed]
        if held:
            skipped.append(
                f"{requests}: {_rows_are(len(held))} matched in {existing} already, so not planned: {_some(held)}."
            )
        if other := sorted(fixed.keys() - request_called.keys):
            skipped.append(
                f"{existing}: {requests} has no good row for {_some(other)}. Their beds are held all the same."
            )
    if declined is not None:
        pairs, unused = _meant(read_declined(declined), request_called, space_called)
        needs = [replace(need, declined=frozenset(pairs.get(need.id, ()))) for need in needs]
        if unused:
            pairs_told = "; ".join(unused[:5])
            skipped.append(f"{declined}: {_rows_are(len(unused))} not used; no good rows are called {pairs_told}.")
    return Week(needs, offers, problems, skipped)


class _Keys:
    """The keys of good rows, found also as a program rewrites them, where only one row can be meant."""

    def __init__(self, keys: Iterable[str]) -> None:
        self.keys = set(keys)
        self._alike: dict[str, list[str]] = {}
        for each in self.keys:
            self._alike.setdefault(unwritten(each), []).append(each)

    def meant(self, key: str) -> str | None:
        alike = self._alike.get(unwritten(key), [])
        return key if key in self.keys else alike[0] if len(alike) == 1 else None


def _meant(
    declined: Mapping[str, frozenset[str]], requests: _Keys, spaces: _Keys
) -> tuple[dict[str, set[str]], list[str]]:
    """Return the declined spaces of each request by the keys of the good rows, and the pairs that mean no such rows."""
    pairs: dict[str, set[str]] = {}
    unused = []
    for request_id, space_ids in declined.items():
        for space_id in sorted(space_ids):
            asked, offered = requests.meant(request_id), spaces.meant(space_id)
            if asked is None or offered is None:
                unused.append(f"{request_id}, {space_id}")
            else:
                pairs.setdefault(asked, set()).add(offered)
    return pairs, unused


def _unvetted(file: Path, rows: list[SpaceRow]) -> list[str]:
    if not rows:
        return []
    keys = _some([row.space_id for row in rows])
    return [f"{file}: {_rows_are(len(rows))} not used, because the column vetted does not say yes: {keys}."]


def _rows_are(count: int) -> str:
    return "1 row is" if count == 1 else f"{count} rows are"


def _some(keys: Sequence[str]) -> str:
    return ", ".join(keys[:5]) + (" ..." if len(keys) > 5 else "")


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
    first, last = cells_of_sheets.day(cells["first_night"]), cells_of_sheets.day(cells["last_day"])
    return cells["request_id"], Leg(cells["space_id"], first, last, _PEOPLE(cells["people"]))


def _rows(source: Path, columns: tuple[str, ...], read: Callable[[Mapping[str, str]], Read]) -> Iterator[Read]:
    """Yield the result of `read` for each line.

    Raises UnreadableFile for a bad line: it may hold a bed, so it cannot be skipped.
    """
    lines = csv.DictReader(StringIO(decode(source.read_bytes())))
    missing = [name for name in columns if name not in (lines.fieldnames or ())]
    if missing:
        raise UnreadableFile(f"{source}: missing columns: {', '.join(missing)}. Needed are {', '.join(columns)}.")
    for cells in lines:
        try:
            yield read({name: keys.key(plain_text(cells[name] or "")) for name in columns})
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
